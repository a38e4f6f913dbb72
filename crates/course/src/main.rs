//! `cargo course`: the way through the course.
fn main() {}
