//! Closing so that the last reply always arrives.
//!
//! Dropping a TCP socket while octets that nobody read wait in its receive buffer does not send a FIN:
//! it sends a RST. With that, what we had written and our system had not sent yet is gone. The peer's
//! next read may fail before it has seen what did arrive: RFC 9293 §3.10.7.4 has it flush its queues,
//! and Linux alone is known to let it read on. So the last reply is lost, in part or whole, although
//! `write` returned `Ok` for all of it.
//!
//! ```text
//! server              client                     server                   client
//!   │ ◀── "request…" ── │                          │ ◀── "request…" ─────── │
//!   │ ─── "reply" ────▶ │ (not read yet)           │ ─── "reply", FIN ────▶ │  shutdown(Write)
//!   │ ─── RST ────────▶ │ ECONNRESET               │ ◀── the rest, FIN ──── │  read and thrown away
//!   close with unread data                         close
//! ```
//!
//! The cure is on the right: end our own direction, then read to the end of the other, and only
//! then close. Both the reading and the waiting are bounded, or a peer would hold us for ever.
//!
//! Read: RFC 9293 §3.6.1 (close with data pending, and a RST is due, SHLD-3), RFC 2525 §2.17 (what
//! happens where a system sends none), `shutdown(2)`.

use std::io::{self, ErrorKind, Read};
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;

use socket2::Socket;

use crate::deadlines::{Deadline, Timed, Timeouts};

/// A stream of two directions that end separately.
pub trait Halves {
    /// `shutdown(2)`.
    ///
    /// # Errors
    ///
    /// The system's: `NotConnected` where the peer has reset the connection.
    fn shutdown(&self, how: Shutdown) -> io::Result<()>;
}

impl Halves for TcpStream {
    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        TcpStream::shutdown(self, how)
    }
}

impl Halves for UnixStream {
    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        UnixStream::shutdown(self, how)
    }
}

impl Halves for Socket {
    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        Socket::shutdown(self, how)
    }
}

/// How a connection came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// The peer ended its direction too, and nothing is left unread: closing sends no RST.
    ByBoth,
    /// The peer went on sending past the limit. Closing now resets the connection.
    PeerKeptSending,
    /// The peer said nothing more, and did not close either, until the deadline.
    PeerStayed,
    /// The peer reset the connection.
    Reset,
}

/// Octets of a peer that closing reads and throws away, if you have no better number.
pub const DEFAULT_LIMIT: usize = 1 << 20;

/// Ends our direction, waits for the peer to end its own, and says how that went.
///
/// At most `limit` octets are read and thrown away, until `deadline` at the longest. Drop the
/// stream afterwards.
///
/// # Errors
///
/// What the system says of a stream that was not connected to begin with.
// ANCHOR: close
pub fn close<S>(stream: &S, deadline: Deadline, limit: usize) -> io::Result<Closed>
where
    S: Halves + Timeouts,
    for<'a> &'a S: Read,
{
    match stream.shutdown(Shutdown::Write) {
        Ok(()) => {}
        // The peer's RST came first. There is nobody left to wait for.
        Err(error) if error.kind() == ErrorKind::NotConnected => return Ok(Closed::Reset),
        Err(error) => return Err(error),
    }
    let mut rest = Timed::new(stream, deadline);
    let mut buffer = [0; 4096];
    let mut thrown_away = 0;
    while thrown_away <= limit {
        match rest.read(&mut buffer) {
            Ok(0) => return Ok(Closed::ByBoth),
            Ok(count) => thrown_away += count,
            Err(error) => match error.kind() {
                ErrorKind::Interrupted => {}
                ErrorKind::TimedOut => return Ok(Closed::PeerStayed),
                ErrorKind::ConnectionReset => return Ok(Closed::Reset),
                _ => return Err(error),
            },
        }
    }
    Ok(Closed::PeerKeptSending)
}
// ANCHOR_END: close

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::TcpListener;
    use std::thread;
    use std::time::Duration;

    use super::*;

    fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (near, listener.accept().unwrap().0)
    }

    fn soon() -> Deadline {
        Deadline::after(Duration::from_secs(10))
    }

    /// A client that has said more than the server has read, and a server that has replied with as
    /// many of `size` octets as its system took: both, and how many those are.
    fn replied(size: usize) -> (TcpStream, TcpStream, usize) {
        let (mut client, mut server) = pair();
        client.write_all(b"request, and more that the server does not read").unwrap();
        server.set_write_timeout(Some(Duration::from_millis(100))).unwrap();
        server.read_exact(&mut [0; 7]).unwrap();
        let reply = vec![b'r'; size];
        let mut written = 0;
        while written < size {
            match server.write(&reply[written..]) {
                Ok(count) => written += count,
                Err(_) => break, // The buffers are full: the client does not read yet.
            }
        }
        client.shutdown(Shutdown::Write).unwrap();
        (client, server, written)
    }

    /// What the client gets to see: how it ends, and how many octets came.
    fn seen_by(client: &TcpStream) -> (io::Result<usize>, usize) {
        let mut got = Vec::new();
        let end = Timed::new(client, soon()).read_to_end(&mut got);
        (end, got.len())
    }

    #[test]
    fn what_had_not_left_before_a_drop_with_unread_data_is_lost() {
        for size in [8, 64 << 20] {
            let (client, server, written) = replied(size);
            drop(server);
            let (end, got) = seen_by(&client);
            assert_eq!(end.unwrap_err().kind(), ErrorKind::ConnectionReset);
            assert!(got < written || size == 8, "all of the {written} octets arrived");
        }
    }

    #[test]
    fn a_reply_before_a_clean_close_arrives() {
        for size in [8, 64 << 20] {
            let (client, server, written) = replied(size);
            let closing = thread::spawn(move || close(&server, soon(), DEFAULT_LIMIT));
            let (end, got) = seen_by(&client);
            assert_eq!((end.unwrap(), got), (written, written));
            assert_eq!(closing.join().unwrap().unwrap(), Closed::ByBoth);
        }
    }

    #[test]
    fn a_peer_that_stays_is_left_at_the_deadline() {
        let (_client, server) = pair();
        let deadline = Deadline::after(Duration::from_millis(50));
        assert_eq!(close(&server, deadline, DEFAULT_LIMIT).unwrap(), Closed::PeerStayed);
    }

    #[test]
    fn a_peer_that_keeps_sending_is_left_at_the_limit() {
        let (mut client, server) = pair();
        let flooding = thread::spawn(move || while client.write_all(&[b'x'; 4096]).is_ok() {});
        assert_eq!(close(&server, soon(), 100_000).unwrap(), Closed::PeerKeptSending);
        drop(server);
        flooding.join().unwrap();
    }

    #[test]
    fn a_peer_that_reset_is_gone() {
        let (client, server) = pair();
        Socket::from(client).set_linger(Some(Duration::ZERO)).unwrap();
        assert_eq!(close(&server, soon(), DEFAULT_LIMIT).unwrap(), Closed::Reset);
    }
}
