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
// answer:
use std::collections::VecDeque;
use std::io::ErrorKind;
// end answer

use mio::event::Source;
use mio::{Interest, Registry, Token};

/// A connection, as far as sending goes. Its stream does not block: mio's, or one of the test.
#[derive(Debug)]
pub struct Connection<S> {
    stream: S,
    token: Token,
    // answer: // Here is room for what waits, and for what was asked.
    /// What the stream has not taken, in order.
    backlog: VecDeque<u8>,
    /// Whether we have asked to be told when the stream can be written to.
    asked: bool,
    // end answer
}

impl<S: Write + Source> Connection<S> {
    /// Registers `stream`, to be told when it can be read from.
    pub fn new(mut stream: S, token: Token, registry: &Registry) -> io::Result<Self> {
        registry.register(&mut stream, token, Interest::READABLE)?;
        // answer: Ok(Self { stream, token })
        Ok(Self { stream, token, backlog: VecDeque::new(), asked: false })
        // end answer
    }

    /// Sends `bytes` after all that was sent before. What the stream takes is written at once; the rest
    /// waits, and goes out when the stream is [`writable`](Self::writable).
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::WriteZero`] if the stream takes nothing (`Ok(0)`). Any other error of the
    /// stream or of the registry, as it is, but for a stream that is full or was interrupted.
    pub fn send(&mut self, bytes: &[u8], registry: &Registry) -> io::Result<()> {
        // answer: let _ = (bytes, registry, &mut self.stream); // Yours to use; then this line can go.
        // answer: todo!("write at once what the stream takes, and keep the rest")
        // Past what waits there is no way: these bytes come after it.
        let taken = if self.backlog.is_empty() { write(&mut self.stream, bytes)? } else { 0 };
        self.backlog.extend(&bytes[taken..]);
        self.ask(registry)
        // end answer
    }

    /// An event says that the stream can be written to. It may be false, and nothing may wait.
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send).
    pub fn writable(&mut self, registry: &Registry) -> io::Result<()> {
        // answer: let _ = (registry, self.token); // Yours to use; then this line can go.
        // answer: todo!("write what waits, until nothing does or the stream is full")
        let taken = write(&mut self.stream, self.backlog.make_contiguous())?;
        self.backlog.drain(..taken);
        self.ask(registry)
        // end answer
    }

    /// How many bytes wait.
    pub fn pending(&self) -> usize {
        // answer: todo!("count the bytes that wait")
        self.backlog.len()
        // end answer
    }
    // answer:

    /// Asks to write if something waits and nobody has asked; takes it back if nothing does.
    fn ask(&mut self, registry: &Registry) -> io::Result<()> {
        let wanted = !self.backlog.is_empty();
        if wanted == self.asked {
            return Ok(()); // A call of the system for each change, and for nothing else.
        }
        let read = Interest::READABLE;
        let interest = if wanted { read | Interest::WRITABLE } else { read };
        registry.reregister(&mut self.stream, self.token, interest)?;
        self.asked = wanted;
        Ok(())
    }
    // end answer
}
// answer:

/// Writes until all of `bytes` is taken or the stream is full, and says how much it took.
fn write(stream: &mut impl Write, bytes: &[u8]) -> io::Result<usize> {
    let mut taken = 0;
    while taken < bytes.len() {
        match stream.write(&bytes[taken..]) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => taken += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) => return Err(error),
        }
    }
    Ok(taken)
}
// end answer
