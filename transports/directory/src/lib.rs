//! Carries envelopes through folders, atomically.
