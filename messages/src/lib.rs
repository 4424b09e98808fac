//! China's cross-border e-commerce customs messages (CEB, DXP) as data: validation, reading, writing.
mod problem;
pub use problem::Problem;
