//! The role of an e-commerce enterprise: its documents in, declarations out.
