//! What broken and malicious peers send, and what we do with it: the cases of `cases.txt`, which
//! says how it is to be read.

#![allow(clippy::unwrap_used)] // A panic here is a failed test.

mod cases;
mod headers;
mod segments;
