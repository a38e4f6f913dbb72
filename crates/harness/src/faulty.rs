//! Streams in memory that do what sockets may do: give little, take little, interrupt.

use std::cell::Cell;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::panic::resume_unwind;

use capture::{Direction, End, FlowId, Recorder, Transport, What};

use crate::check::{Check, Spin};

/// An answer that gets the same useless reply this many times in a row is asking for ever.
const PATIENCE: u32 = 1_000;

/// What a [`Writer`] does at one call of `write`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Take {
    /// Takes up to so many bytes.
    Bytes(usize),
    /// Returns [`ErrorKind::Interrupted`]: nothing taken, to be called again.
    Interrupted,
    /// Takes nothing and says so: `Ok(0)`.
    Nothing,
    /// Returns an error of this kind.
    Fails(ErrorKind),
}

/// A writer that follows a script, then does one thing for ever.
#[derive(Debug)]
pub struct Writer {
    script: VecDeque<Take>,
    then: Take,
    received: Vec<u8>,
    calls: usize,
    wire: Wire,
}

impl Writer {
    /// Does what `script` says, a call each, and `then` at every call after that.
    pub fn new(check: &Check, script: impl IntoIterator<Item = Take>, then: Take) -> Self {
        Self {
            script: script.into_iter().collect(),
            then,
            received: Vec::new(),
            calls: 0,
            wire: Wire::new(check, "your code", "writer"),
        }
    }

    /// The bytes that it took, in order.
    pub fn received(&self) -> &[u8] {
        &self.received
    }

    /// How often `write` was called.
    pub fn calls(&self) -> usize {
        self.calls
    }
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.calls += 1;
        match self.script.pop_front().unwrap_or(self.then) {
            Take::Bytes(most) => {
                let count = most.min(bytes.len());
                self.received.extend_from_slice(&bytes[..count]);
                self.wire.data(Direction::Sent, &bytes[..count]);
                if count == 0 {
                    self.wire.useless("write", "Ok(0)");
                }
                Ok(count)
            }
            Take::Interrupted => {
                self.wire.useless("write", "Err(Interrupted)");
                Err(ErrorKind::Interrupted.into())
            }
            Take::Nothing => {
                self.wire.useless("write", "Ok(0)");
                Ok(0)
            }
            Take::Fails(kind) => {
                self.wire.failed(Direction::Sent, kind);
                self.wire.useless("write", &format!("Err({kind:?})"));
                Err(kind.into())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a [`Reader`] does at one call of `read`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Give {
    /// Gives these bytes, or as many of them as fit; the others come at the next call.
    Bytes(Vec<u8>),
    /// Returns [`ErrorKind::Interrupted`]: nothing read, to be called again.
    Interrupted,
    /// Returns [`ErrorKind::WouldBlock`]: nothing there now.
    WouldBlock,
    /// Returns an error of this kind.
    Fails(ErrorKind),
}

/// A reader that follows a script; then it is at its end, and says so (`Ok(0)`) at every call.
#[derive(Debug)]
pub struct Reader {
    script: VecDeque<Give>,
    ended: bool,
    calls: usize,
    given: usize,
    wire: Wire,
}

impl Reader {
    /// Does what `script` says, a call each.
    pub fn new(check: &Check, script: impl IntoIterator<Item = Give>) -> Self {
        let wire = Wire::new(check, "your code", "reader");
        Self { script: script.into_iter().collect(), ended: false, calls: 0, given: 0, wire }
    }

    /// Gives these pieces, one a call.
    pub fn pieces<'a>(check: &Check, pieces: impl IntoIterator<Item = &'a [u8]>) -> Self {
        Self::new(check, pieces.into_iter().map(|piece| Give::Bytes(piece.to_vec())))
    }

    /// Gives `bytes` one at a time.
    pub fn byte_by_byte(check: &Check, bytes: &[u8]) -> Self {
        Self::pieces(check, bytes.chunks(1))
    }

    /// How often `read` was called.
    pub fn calls(&self) -> usize {
        self.calls
    }

    /// How many bytes it gave.
    pub fn given(&self) -> usize {
        self.given
    }
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.calls += 1;
        if buffer.is_empty() {
            // Guaranteed by `Read::read`: 0 for an empty buffer, and nothing is learned from it.
            self.wire.useless("read", "Ok(0), since its buffer has no room");
            return Ok(0);
        }
        match self.script.pop_front() {
            Some(Give::Bytes(mut bytes)) => {
                let count = bytes.len().min(buffer.len());
                let rest = bytes.split_off(count);
                if !rest.is_empty() {
                    self.script.push_front(Give::Bytes(rest));
                }
                buffer[..count].copy_from_slice(&bytes);
                self.given += count;
                self.wire.data(Direction::Received, &bytes);
                Ok(count)
            }
            Some(Give::Interrupted) => Err(ErrorKind::Interrupted.into()),
            Some(Give::WouldBlock) => Err(ErrorKind::WouldBlock.into()),
            Some(Give::Fails(kind)) => {
                self.wire.failed(Direction::Received, kind);
                Err(kind.into())
            }
            None => {
                if !self.ended {
                    self.ended = true;
                    self.wire.push(Direction::Received, What::Shutdown);
                }
                self.wire.useless("read", "Ok(0), which is end of stream");
                Ok(0)
            }
        }
    }
}

/// Records what a faulty stream does, and stops an answer that spins on it.
#[derive(Debug)]
struct Wire {
    recorder: Recorder,
    flow: FlowId,
    useless: Cell<u32>,
}

impl Wire {
    fn new(check: &Check, local: &str, peer: &str) -> Self {
        let recorder = check.recorder().clone();
        let flow = recorder.flow(Transport::Unix, End::new(local, ""), End::new(peer, ""));
        Self { recorder, flow, useless: Cell::new(0) }
    }

    fn push(&self, direction: Direction, what: What) {
        self.recorder.push(self.flow, direction, what);
    }

    fn data(&self, direction: Direction, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.useless.set(0);
            self.push(direction, What::Data(bytes.to_vec()));
        }
    }

    fn failed(&self, direction: Direction, kind: ErrorKind) {
        self.push(direction, What::Error(kind.to_string()));
    }

    /// Counts a reply that brought the answer nothing. Past [`PATIENCE`] it unwinds the answer
    /// back to the check, which reports the suspected mistake: a spin would else burn a core until the watchdog.
    fn useless(&self, call: &str, reply: &str) {
        self.useless.set(self.useless.get() + 1);
        if self.useless.get() > PATIENCE {
            let said = format!("`{call}` was called {PATIENCE} times in a row for {reply}");
            resume_unwind(Box::new(Spin(said)));
        }
    }
}
