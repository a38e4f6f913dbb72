//! An echo server: every octet that arrives goes back (RFC 862).
//!
//! ```text
//! client                       server
//!   │ ── "he" ─────────────────▶ │   read  → 2 octets
//!   │ ◀───────────────── "he" ── │   write ← 2 octets
//!   │ ── "llo", FIN ───────────▶ │   read  → 3 octets, then 0: the client has no more to say
//!   │ ◀────────── "llo", FIN ─── │   write ← 3 octets, shutdown
//! ```
//!
//! It is the smallest server there is, and everything that makes a server hard is in it already:
//!
//! | what can go wrong | what is done | where |
//! |---|---|---|
//! | a read returns part of what was sent, or several sends at once | nothing depends on it | [`connection`] |
//! | a write takes part of what it is given | it is called again | [`connection`] |
//! | a client is slow, silent, floods or resets | each has a thread of its own | [`server`] |
//! | a client says nothing for ever | the idle deadline | [`Limits::idle`] |
//! | a client never reads | the write deadline | [`Limits::write`] |
//! | too many clients | the others wait in the system's queue | [`Limits::connections`] |
//! | no file descriptor is left (`EMFILE`) | accepting pauses until a connection ends | [`server`] |
//! | the server is told to stop | what is in flight is served to its end | [`stopping`] |
//!
//! It is a thread a connection, since this chapter knows only blocking sockets. A thread costs a
//! stack of which only the touched pages take memory, and one buffer of a fixed size. Chapter 3 puts the
//! same conversation on an event loop.
//!
//! TCP and Unix-domain sockets differ only in how they are made, so the server takes any listening
//! [`Socket`].

pub mod connection;
mod room;
pub mod server;
pub mod stopping;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

pub use connection::Ended;
pub use server::{Report, Server};
pub use stopping::Stopper;

/// What the server grants to its clients. All of it can be set; this is what [`Limits::default`]
/// says, and why.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at once: 4,096. Those above it wait in the system's queue, unanswered, until
    /// one ends. It bounds memory; it does not keep a crowd of silent clients from holding all places
    /// until the idle deadline (chapter 3 sheds such a load).
    pub connections: usize,
    /// How long a client may say nothing: 10 minutes, enough for a person who types.
    pub idle: Duration,
    /// How long a client may take to accept one buffer of its echo: 60 seconds.
    pub write: Duration,
    /// Octets of each connection's buffer: 128 KiB. Larger ones were no faster on loopback, and of an
    /// idle connection only the page that it has used takes memory.
    pub buffer: usize,
    /// Once told to stop, how long what is in flight may take: 10 seconds.
    pub drain: Duration,
    /// Once told to stop, how long a client may say nothing before it is taken to have nothing in
    /// flight: 3 seconds.
    pub quiet: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4096,
            idle: Duration::from_secs(600),
            write: Duration::from_secs(60),
            buffer: 128 * 1024,
            drain: Duration::from_secs(10),
            quiet: Duration::from_secs(3),
        }
    }
}

/// What happens at a server, as it happens.
#[derive(Debug)]
pub enum Event<'a> {
    /// A client came.
    Accepted {
        /// Its address.
        peer: &'a str,
    },
    /// Its connection is over.
    Ended {
        /// Its address.
        peer: &'a str,
        /// Octets that went back to it.
        echoed: u64,
        /// How.
        how: &'a Ended,
    },
    /// No connection can be accepted now; the server goes on. Said once a second at most.
    CannotAccept {
        /// The system's words.
        error: &'a io::Error,
    },
    /// The server no longer accepts, and serves those that are connected to their end.
    Draining {
        /// How many are connected.
        connections: usize,
    },
}

/// Connections that the system's queue may hold for us: Linux caps it at `net.core.somaxconn`,
/// 4,096 by default (`listen(2)`).
pub const BACKLOG: i32 = 4096;

/// A listening TCP socket.
///
/// `SO_REUSEADDR` is set, so that a restarted server need not wait for the old connections'
/// TIME-WAIT; it does not let two servers listen on one address on Unix (`socket(7)`). An IPv6
/// wildcard, `[::]`, takes IPv4 clients too (`IPV6_V6ONLY` off, RFC 3493 §5.3): they appear as
/// `::ffff:192.0.2.1`.
///
/// # Errors
///
/// What `socket(2)`, `bind(2)` and `listen(2)` say, among it: the address is in use, is none of this
/// machine's, or needs a privilege.
// ANCHOR: listen
pub fn listen(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        // The default is the system's to choose: Linux has /proc/sys/net/ipv6/bindv6only.
        socket.set_only_v6(!address.ip().is_unspecified())?;
    }
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket)
}
// ANCHOR_END: listen
