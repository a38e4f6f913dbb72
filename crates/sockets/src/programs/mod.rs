//! One module a program, and what they share.

pub(crate) mod serving;
pub(crate) mod tcp_echo;
