//! Taps: reads and writes pass through, and are recorded.

mod stream;
mod udp;

pub use stream::{Stream, Tap};
pub use udp::{DEFAULT_LIMIT_PEERS, UdpTap};

use std::io::{self, ErrorKind};

use crate::record::{Direction, What};

/// What an operation's error says happened, and which way; `None`: nothing did.
fn what_failed(
    direction: Direction,
    error: &io::Error,
    nonblocking: bool,
) -> Option<(Direction, What)> {
    match error.kind() {
        // Nothing happened on the wire: the caller is to try again.
        ErrorKind::Interrupted => None,
        ErrorKind::WouldBlock if nonblocking => None,
        // A timeout of a blocking socket is `WouldBlock` on Unix and `TimedOut` on Windows: see
        // `TcpStream::set_read_timeout`.
        ErrorKind::WouldBlock | ErrorKind::TimedOut => Some((direction, What::Timeout)),
        ErrorKind::ConnectionReset => Some((Direction::Received, What::Reset)),
        _ => Some((direction, What::Error(error.to_string()))),
    }
}

#[cfg(test)]
mod tests;
