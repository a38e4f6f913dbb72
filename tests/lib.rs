//! Every graded test again, against the solutions. See `Cargo.toml`.
