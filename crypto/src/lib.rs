//! One small seam around the cryptography that customs signatures need.
