//! Enveloped XML signatures in the customs profiles: sign while writing, verify what others wrote.
