//! The vocabulary of graded tests.

pub mod verdict;
