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
// answer:
use std::io::ErrorKind;
use std::iter;
use std::time::Instant;

/// Bytes in an id: so many that nobody guesses one (RFC 8489 §5 takes 12, for the same reason).
const ID: usize = 8;
/// No payload is longer, since UDP's length field has 16 bits (RFC 768): so no reply is cut.
const LONGEST: usize = 65_535;
// end answer

/// How long to wait for a reply after each of `attempts` requests: first for `first`, then each
/// time for twice as long as before, but never for longer than `longest`.
pub fn backoff(first: Duration, longest: Duration, attempts: usize) -> Vec<Duration> {
    // answer: let _ = (first, longest); // Yours to use; then this line can go.
    // answer: todo!("{attempts} waits, each twice the one before")
    let doubled = |wait: &Duration| Some(wait.saturating_mul(2).min(longest));
    iter::successors(Some(first.min(longest)), doubled).take(attempts).collect()
    // end answer
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
    // answer: let _ = (socket, request, waits); // Yours to use; then this line can go.
    // answer: todo!("ask {server}, wait for the reply, and ask again")
    let mut id = [0; ID];
    getrandom::fill(&mut id)?;
    let message = [&id, request].concat();
    let mut buffer = vec![0; LONGEST];
    for wait in waits {
        // An error here may tell of an earlier datagram (udp(7), ERRORS: ECONNREFUSED). Then this
        // one has not been sent: it is lost, as any may be.
        if let Err(error) = socket.send_to(&message, server)
            && !is_no_verdict(&error)
        {
            return Err(error);
        }
        let deadline = Instant::now() + *wait;
        while let Some(count) = receive_from(socket, server, &mut buffer, deadline)? {
            if let Some(reply) = buffer[..count].strip_prefix(&id) {
                return Ok(reply.to_vec());
            }
        }
    }
    Err(ErrorKind::TimedOut.into())
    // end answer
}
// answer:

/// Waits for a datagram from `server`, and says how long it is. `None`: the deadline has come.
fn receive_from(
    socket: &UdpSocket,
    server: SocketAddr,
    buffer: &mut [u8],
    deadline: Instant,
) -> io::Result<Option<usize>> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(None);
        }
        // For each read anew: what the strangers' datagrams took is no longer there to wait.
        socket.set_read_timeout(Some(left))?;
        match socket.recv_from(buffer) {
            Ok((count, sender)) if sender == server => return Ok(Some(count)),
            Ok(_) => {}
            Err(error) if is_no_verdict(&error) => {}
            Err(error) => return Err(error),
        }
    }
}

/// Whether the error leaves it open that a reply comes: a timeout (`WouldBlock` on Unix, `TimedOut`
/// on Windows), a signal, or an ICMP port unreachable (`ConnectionReset` on Windows).
fn is_no_verdict(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::WouldBlock
            | ErrorKind::TimedOut
            | ErrorKind::Interrupted
            | ErrorKind::ConnectionRefused
            | ErrorKind::ConnectionReset
    )
}
// end answer
