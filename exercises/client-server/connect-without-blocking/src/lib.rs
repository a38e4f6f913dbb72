//! A connection that is made while the loop does something else.
//!
//! ```text
//!  begin ──► connect ──EINPROGRESS──► Pending ──┬── writable, no error, a peer ──► Connected
//!               │                     ▲     │   │
//!               │ fails at once       └─────┘   ├── writable, and an error ──┐
//!               ▼                 called early  └── the deadline came ───────┤
//!         the next address ◄─────────────────────────────────────────────────┘
//!               └── there is none: Err, of the address that was tried last
//! ```

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Registry, Token};

/// A connection on its way, to the first of several addresses that takes it.
#[derive(Debug)]
pub struct Connecting {
    // Here is room for the stream, its deadline, and the addresses that are left.
}

/// How far a connection is.
#[derive(Debug)]
pub enum Progress {
    /// There is nothing to be done before the next event, or the deadline.
    Pending(Connecting),
    /// The connection is there. The stream is still registered, for writing.
    Connected(TcpStream),
}

impl Connecting {
    /// Begins to connect to the first of `addresses`, and waits for nothing. The stream is registered
    /// with `token`, for [`mio::Interest::WRITABLE`]: that is the event at the end of a connect.
    ///
    /// Each address has `timeout` to itself: the first from `now` on, a further one from the call in
    /// which it is begun.
    ///
    /// # Errors
    ///
    /// If no address can even be tried, the error of the last one;
    /// [`io::ErrorKind::InvalidInput`] if there is no address.
    pub fn begin(
        registry: &Registry,
        token: Token,
        addresses: &[SocketAddr],
        timeout: Duration,
        now: Instant,
    ) -> io::Result<Self> {
        let _ = (registry, token, timeout, now); // Yours to use; then this line can go.
        todo!("begin to connect to the first of {addresses:?}")
    }

    /// When to call [`Connecting::advance`] even if no event comes.
    pub fn deadline(&self) -> Instant {
        todo!("say when the present address has had its time")
    }

    /// Looks how far the connection is. The loop calls this when an event comes with the token, and
    /// at the deadline; and it may call at any other time. An event is a hint: it may be
    /// spurious, or concern the address before this one.
    ///
    /// An address that failed, or has had its time, is given up, and the next one is begun. A
    /// connection that is there counts, even if it is found after the deadline.
    ///
    /// # Errors
    ///
    /// Of the address that was tried last: [`io::ErrorKind::TimedOut`] if `now` is at its deadline or
    /// past it, and else what the system says of it, such as
    /// [`io::ErrorKind::ConnectionRefused`].
    pub fn advance(self, registry: &Registry, now: Instant) -> io::Result<Progress> {
        let _ = (registry, now); // Yours to use; then this line can go.
        todo!("look whether the stream is connected, has failed, or is late")
    }
}
