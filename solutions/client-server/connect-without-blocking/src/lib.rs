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
// answer:
use std::collections::VecDeque;
use std::io::ErrorKind;
// end answer

use mio::net::TcpStream;
use mio::{Registry, Token};
// answer:
use mio::Interest;
// end answer

/// A connection on its way, to the first of several addresses that takes it.
#[derive(Debug)]
pub struct Connecting {
    // answer: // Here is room for the stream, its deadline, and the addresses that are left.
    stream: TcpStream,
    deadline: Instant,
    /// The addresses that were not tried yet.
    rest: VecDeque<SocketAddr>,
    token: Token,
    timeout: Duration,
    // end answer
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
        // answer: let _ = (registry, token, timeout, now); // Yours to use; then this line can go.
        // answer: todo!("begin to connect to the first of {addresses:?}")
        let none = io::Error::new(ErrorKind::InvalidInput, "no address to connect to");
        let rest = addresses.iter().copied().collect();
        Self::next(registry, token, rest, timeout, now, none)
        // end answer
    }

    /// When to call [`Connecting::advance`] even if no event comes.
    pub fn deadline(&self) -> Instant {
        // answer: todo!("say when the present address has had its time")
        self.deadline
        // end answer
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
        // answer: let _ = (registry, now); // Yours to use; then this line can go.
        // answer: todo!("look whether the stream is connected, has failed, or is late")
        let error = match self.is_connected() {
            Ok(true) => return Ok(Progress::Connected(self.stream)),
            Ok(false) if now < self.deadline => return Ok(Progress::Pending(self)),
            Ok(false) => ErrorKind::TimedOut.into(),
            Err(error) => error,
        };
        let Self { mut stream, rest, token, timeout, .. } = self;
        registry.deregister(&mut stream)?;
        drop(stream); // Closed before the next is opened: it may have been the last descriptor.
        Self::next(registry, token, rest, timeout, now, error).map(Progress::Pending)
        // end answer
    }
    // answer:

    /// Whether the stream is connected. A socket that failed to connect is writable as well, so the
    /// event says only that it is time to ask.
    fn is_connected(&self) -> io::Result<bool> {
        // connect(2), EINPROGRESS: SO_ERROR has the outcome. It is also 0 while there is none yet…
        if let Some(error) = self.stream.take_error()? {
            return Err(error);
        }
        // …so ask for the peer, too. getpeername(2): ENOTCONN until there is one.
        match self.stream.peer_addr() {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotConnected => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Begins with the next address that can be tried; `error` is of the one before it.
    fn next(
        registry: &Registry,
        token: Token,
        mut rest: VecDeque<SocketAddr>,
        timeout: Duration,
        now: Instant,
        mut error: io::Error,
    ) -> io::Result<Self> {
        // `connect` may fail at once, where there is no way to the address. Then on to the next.
        while let Some(address) = rest.pop_front() {
            match connect(registry, token, address) {
                Ok(stream) => {
                    return Ok(Self { stream, deadline: now + timeout, rest, token, timeout });
                }
                Err(failed) => error = failed,
            }
        }
        Err(error)
    }
    // end answer
}
// answer:

/// Begins to connect. EINPROGRESS is no error here: mio expects it.
fn connect(registry: &Registry, token: Token, address: SocketAddr) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(address)?;
    registry.register(&mut stream, token, Interest::WRITABLE)?;
    Ok(stream)
}
// end answer
