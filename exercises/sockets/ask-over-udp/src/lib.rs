//! A question and its reply over UDP, where either may be lost, late, doubled or forged.
//!
//! A request and its reply are one datagram each, of the same form:
//!
//! ```text
//! 0        8
//! ┌────────┬─────────────┐
//! │ id     │ body        │   id     8 random bytes, chosen anew for each question;
//! └────────┴─────────────┘          the reply has the id of its request
//!                            body   the rest: what is asked, or replied; may be empty
//! ```

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

/// How long to wait for a reply after each of `attempts` requests: first for `first`, then each
/// time for twice as long as before, but never for longer than `longest`.
pub fn backoff(first: Duration, longest: Duration, attempts: usize) -> Vec<Duration> {
    let _ = (first, longest); // Yours to use; then this line can go.
    todo!("{attempts} waits, each twice the one before")
}

/// Asks `server`, and returns the body of its reply.
///
/// The request is sent, and its reply awaited for the first of the `waits`. If none comes, the same
/// datagram is sent again and its reply awaited for the next, and so on: as many requests as there
/// are `waits`. A reply to any of them is the reply.
///
/// A datagram is a reply only if it comes from `server` and begins with the request's id. All
/// others are passed over, and none of them makes a wait longer.
///
/// `socket` is bound and blocking, and may be connected to `server`. Then the system reports
/// [`ConnectionRefused`](io::ErrorKind::ConnectionRefused) where a datagram met a closed port. That
/// may have been an earlier one, and the server may be starting: such a datagram counts as lost.
/// The socket's read timeout is changed.
///
/// # Errors
///
/// [`io::ErrorKind::TimedOut`] if the last wait is over and no reply came. Other errors of the
/// socket are returned as they are, at once: for a request that is too long, say.
pub fn ask(
    socket: &UdpSocket,
    server: SocketAddr,
    request: &[u8],
    waits: &[Duration],
) -> io::Result<Vec<u8>> {
    let _ = (socket, request, waits); // Yours to use; then this line can go.
    todo!("ask {server}, wait for the reply, and ask again")
}
