//! The sending half of a connection on an event loop.
//!
//! ```text
//!            nothing waits                         something waits
//!            asks for READABLE                     asks for READABLE and WRITABLE
//!
//!   send ──► write at once ──── WouldBlock ──────► keep the rest, ask to write
//!   send ──►                                       keep it behind the rest
//!            stop asking ◄── all is sent ───────── writable: write the rest
//! ```
//!
//! A socket can nearly always be written to, so to be told so is of use only while something waits.

use std::io::{self, Write};

use mio::event::Source;
use mio::{Interest, Registry, Token};

/// A connection, as far as sending goes. Its stream does not block: mio's, or one of the test.
#[derive(Debug)]
pub struct Connection<S> {
    stream: S,
    token: Token,
    // Here is room for what waits, and for what was asked.
}

impl<S: Write + Source> Connection<S> {
    /// Registers `stream`, to be told when it can be read from.
    pub fn new(mut stream: S, token: Token, registry: &Registry) -> io::Result<Self> {
        registry.register(&mut stream, token, Interest::READABLE)?;
        Ok(Self { stream, token })
    }

    /// Sends `bytes` after all that was sent before. What the stream takes is written at once; the rest
    /// waits, and goes out when the stream is [`writable`](Self::writable).
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::WriteZero`] if the stream takes nothing (`Ok(0)`). Any other error of the
    /// stream or of the registry, as it is, but for a stream that is full or was interrupted.
    pub fn send(&mut self, bytes: &[u8], registry: &Registry) -> io::Result<()> {
        let _ = (bytes, registry, &mut self.stream); // Yours to use; then this line can go.
        todo!("write at once what the stream takes, and keep the rest")
    }

    /// An event says that the stream can be written to. It may be false, and nothing may wait.
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send).
    pub fn writable(&mut self, registry: &Registry) -> io::Result<()> {
        let _ = (registry, self.token); // Yours to use; then this line can go.
        todo!("write what waits, until nothing does or the stream is full")
    }

    /// How many bytes wait.
    pub fn pending(&self) -> usize {
        todo!("count the bytes that wait")
    }
}
