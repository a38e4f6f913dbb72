//! Chapter 1: sockets.
//!
//! Addresses, blocking TCP and UDP, Unix-domain sockets, options, name resolution, timeouts. Each
//! module is a page to read from the top down; the binary runs them all on live pairs of sockets.

pub mod closing;
#[cfg(target_os = "linux")]
mod control;
pub mod datagrams;
pub mod deadlines;
#[cfg(target_os = "linux")]
mod destination;
pub mod discovery;
pub mod dissectors;
pub mod echo;
pub mod frames;
mod inbox;
pub mod lines;
pub mod log;
pub mod options;
mod random;
pub mod resolve;
pub mod udp;
pub mod udp_echo;
pub mod unix;
