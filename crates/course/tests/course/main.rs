//! `cargo course`, run as people run it, on small courses of their own.

mod answers;
mod fake;
mod proofs;
mod way;
