//! Chapter 2: the packet's headers, and a whole TCP in user space.
//!
//! Nothing here opens a socket or reads a clock: bytes and an [`Instant`] come in, bytes and the
//! next deadline go out. So the same TCP runs on a TUN device with the kernel as its peer, and in
//! a test where a minute of network time takes milliseconds.

pub mod checksum;
pub mod dissectors;
pub mod icmp;
pub mod ip;
pub mod link;
pub mod malformed;
pub mod random;
pub mod savefile;
pub mod service;
pub mod simulation;
pub mod tcp;
pub mod time;
#[cfg(target_os = "linux")]
pub mod tun;
pub mod udp;

pub use malformed::Malformed;
pub use time::Instant;
