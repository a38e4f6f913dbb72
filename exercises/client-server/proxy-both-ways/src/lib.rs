//! A proxy: what either of two peers sends, the other receives, up to each one's end.
//!
//! ```text
//!             ┌───────────────────────────────────┐
//!  client ════╪═ read ═► [ up to LIMIT ] ═ write ═╪════► server
//!         ◄═══╪═ write ═ [ up to LIMIT ] ◄═ read ═╪═════
//!             └───────────────────────────────────┘
//! ```
//!
//! The two directions share nothing but the streams. When one of them has come to its end, the
//! other goes on for as long as it has something to say.

use std::io::{self, Read, Write};
use std::net::Shutdown;

/// Bytes that a proxy holds at most in each direction: read, and not yet written.
pub const LIMIT: usize = 16_384;
/// When one call of [`Proxy::pump`] has moved so many bytes in a direction, it reads no further there.
pub const SHARE: usize = 262_144;

/// A stream that never waits ([`io::ErrorKind::WouldBlock`] instead), with two halves.
pub trait Duplex: Read + Write {
    /// Ends the sending half. The peer reads the end of the stream, and may go on sending.
    fn shutdown_write(&mut self) -> io::Result<()>;
}

impl Duplex for mio::net::TcpStream {
    fn shutdown_write(&mut self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

/// How a call of [`Proxy::pump`] ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Turn {
    /// Both peers have finished, and both have been told.
    Done,
    /// Nothing can be moved until an event comes.
    Waiting,
    /// A direction has had its share, and may have more: call again when the others had their turn.
    Again,
}

/// Copies between two streams, in both directions.
#[derive(Debug)]
pub struct Proxy<C, S> {
    client: C,
    server: S,
    // Here is room for what is under way, in each direction.
}

impl<C: Duplex, S: Duplex> Proxy<C, S> {
    /// A proxy between two connected streams. It does nothing yet.
    pub fn new(client: C, server: S) -> Self {
        Self { client, server }
    }

    /// Moves what can be moved now. The loop calls it at each event of either stream, which is
    /// reported once (edge-triggered), and at its next turn after [`Turn::Again`].
    ///
    /// In each direction it reads and writes until a stream would block, the direction is done, or
    /// [`SHARE`] is used up. It holds no more than [`LIMIT`] bytes that the other side does not take:
    /// it stops reading, so that TCP slows down whoever sends them. When one peer's stream has ended
    /// and all its bytes are written, the other stream's sending half is shut down, once. Calls that
    /// were interrupted are made again.
    ///
    /// # Errors
    ///
    /// Any other error of a stream, as it is, and [`io::ErrorKind::WriteZero`] if a stream takes
    /// nothing (`Ok(0)`). Both connections are over then: drop the proxy. No sending half is shut
    /// down for an error, since a peer would take it for the end of what the other had to say.
    pub fn pump(&mut self) -> io::Result<Turn> {
        let _ = (&mut self.client, &mut self.server); // Yours to use; then this line can go.
        todo!("move what can be moved, in both directions")
    }
}
