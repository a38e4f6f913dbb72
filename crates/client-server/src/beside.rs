//! The connection beside a session's own: what the session is told of it.
//!
//! Some protocols need two connections at once. FTP keeps its commands on one and opens another
//! for each file; a proxy speaks to its client on one, and on another to the server. To the session
//! both are the same: bytes that arrived, a queue to send.
//!
//! ```text
//!   listen_beside ──► waits ───┐  Refused (somebody else came), any number of times
//!   connect_beside ─► begins ──┤
//!                              ▼
//!                           Opened ──► Received, Ended, Flushed ──► Closed
//!                                          │
//!                                          └─ finish_beside: FIN after what is queued
//! ```
//!
//! What a shell promises of it, beside what it promises of the session's own connection:
//!
//! - There is one at a time. A new one takes the place of the old one, of which nothing more is told.
//! - It has a queue of its own, with the same watermarks: a peer that does not take what is sent here
//!   stops the reading here, and not there.
//! - A peer that takes nothing for too long ([`Limits::write`](crate::Limits::write)) loses this connection, and
//!   not the session's own.
//! - How long to wait for it to open, and between bytes, is the session's to say, with its one
//!   [`deadline`](crate::Session::deadline).
//! - When the session's own connection ends, or begins to ([`Next::Close`](crate::Next::Close)), this one
//!   is dropped.

use std::net::SocketAddr;

use crate::session::Closed;

// ANCHOR: beside
/// What happened to the connection beside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beside<'a> {
    /// It is open, to this peer.
    Opened(SocketAddr),
    /// This one connected, is not who it is meant for, and was turned away. The right one can still come.
    Refused(SocketAddr),
    /// These bytes arrived; at least one.
    Received(&'a [u8]),
    /// The peer has sent all that it will (FIN). It stays open for what the session sends, until
    /// the session finishes or drops it.
    Ended,
    /// What waited has fallen to [`LOW_WATER`](crate::output::LOW_WATER) or below, from more.
    Flushed,
    /// It is over, and nothing more is told of it. [`Closed::InOrder`]: the session had finished it, all that
    /// was queued was taken by the system, and the FIN with it. (The shell goes on reading for a moment,
    /// so that no reset destroys the last of it, unless another takes its place.)
    Closed(Closed),
}
// ANCHOR_END: beside
