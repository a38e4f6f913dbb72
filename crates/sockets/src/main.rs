//! The programs of chapter 1.
fn main() {}
