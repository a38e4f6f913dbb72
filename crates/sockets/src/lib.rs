//! Chapter 1: sockets.
//!
//! What the operating system offers two programs that want to talk, on blocking sockets alone. Each
//! module is a page that reads from the top down: what it is, what the bytes look like, what to read;
//! then the public thing; then what it is made of.
//!
//! | to read | about |
//! |---|---|
//! | [`lines`], [`frames`] | messages from a stream, however it was cut |
//! | [`deadlines`], [`closing`] | one deadline over an exchange; an end that loses nothing |
//! | [`echo`], [`log`] | a server of connections, over TCP and Unix-domain sockets, and how it stops |
//! | [`udp_echo`], [`udp`] | a server of datagrams |
//! | [`datagrams`], [`discovery`] | question and answer over UDP; who is there, by multicast |
//! | [`unix`], [`resolve`] | paths and names |
//! | [`options`] | what each socket option changes, measured |
//! | [`dissectors`] | what the octets of the chapter's own messages mean |
//! | [`serving`], [`wire`] | what every program of the course shares: signals, arguments, `--trace` |
//!
//! It is for Unix. What is only *seen on Linux*, and what POSIX or an RFC guarantees, is said apart.

pub mod answering;
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
pub mod serving;
pub mod udp;
pub mod udp_echo;
pub mod unix;
pub mod wire;
