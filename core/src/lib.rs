//! The lifecycle of a customs message, from submission to its final receipt.
