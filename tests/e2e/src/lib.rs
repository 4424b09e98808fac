//! End-to-end tests against real brokers and independent judges.
