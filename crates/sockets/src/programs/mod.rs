//! One module a program, and what they share.

pub(crate) mod discover;
pub(crate) mod figures;
pub(crate) mod options;
pub(crate) mod resolve;
pub(crate) mod tcp_echo;
pub(crate) mod tour;
pub(crate) mod udp_echo;
pub(crate) mod unix_echo;
