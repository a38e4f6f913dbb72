//! TCP: a reliable stream of octets over packets that are lost, doubled and overtaken (RFC 9293).
//!
//! Read it from the wire up: [`header`] and [`options`] are what a segment says, [`seq`] how its
//! numbers compare. [`receive`] puts the stream together; [`send`] cuts it up, with [`rtt`] to know
//! when to worry, [`flight`], [`sack`], [`rack`] and [`recovery`] to find out what was lost, and
//! [`congestion`] to know how much may be on the way. [`state`] is the diagram that everybody knows, and [`connection`]
//! makes one whole of it all. A [`stack`] has many of them.

pub mod config;
pub mod congestion;
pub mod connection;
pub mod defence;
pub mod flight;
pub mod header;
pub mod isn;
pub mod listener;
pub mod options;
pub mod rack;
pub mod receive;
pub mod recovery;
pub mod rtt;
pub mod sack;
pub mod segment;
pub mod send;
pub mod seq;
pub mod stack;
pub mod state;
pub mod timers;

pub use config::{Config, KeepAlive};
pub use connection::{Connection, Counters, Failure, Setup};
pub use header::{Flags, Header};
pub use options::{Options, Ranges, Timestamps};
pub use segment::Segment;
pub use seq::Seq;
pub use stack::{Handle, Sockets, Stack, StackError};
pub use state::State;

/// The segment size to a peer that tells none (RFC 9293 §3.7.1, MUST-15); over IPv6 it could be
/// 1,220.
pub const DEFAULT_MSS: u16 = 536;
/// No peer gets smaller segments than these, options included: each would be mostly headers.
pub const SMALLEST_MSS: u16 = 48;
