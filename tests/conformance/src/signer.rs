//! What every signer must do.
