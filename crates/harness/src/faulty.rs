//! Streams in memory that do what sockets may do: give little, take little, interrupt.

use std::cell::Cell;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::panic::resume_unwind;

use capture::{Direction, End, FlowId, Recorder, Transport, What, bytes};

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
    /// What should reach it, if it knows.
    expected: Option<Vec<u8>>,
    received: Vec<u8>,
    calls: usize,
    /// How many bytes the last call offered, and what it was told.
    last: Option<(usize, Reply)>,
    repeated: Option<String>,
    wire: Wire,
}

/// What a [`Writer`] said to a call.
#[derive(Debug, Clone, Copy)]
enum Reply {
    Took(usize),
    Failed(ErrorKind),
}

/// Bytes at the front of an offer that are enough to know where it begins.
const KNOWN: usize = 4;

impl Writer {
    /// Does what `script` says, a call each, and `then` at every call after that.
    pub fn new(check: &Check, script: impl IntoIterator<Item = Take>, then: Take) -> Self {
        Self {
            script: script.into_iter().collect(),
            then,
            expected: None,
            received: Vec::new(),
            calls: 0,
            last: None,
            repeated: None,
            wire: Wire::new(check, "your code", "writer"),
        }
    }

    /// Tells it which bytes should reach it. From then on it notices a call that
    /// [repeats](Writer::repeated) some, and once it has taken twice as many it takes no more, so
    /// that an answer which never ends does not fill the memory.
    #[must_use]
    pub fn expecting(mut self, bytes: &[u8]) -> Self {
        self.expected = Some(bytes.to_vec());
        self
    }

    /// The bytes that it took, in order.
    pub fn received(&self) -> &[u8] {
        &self.received
    }

    /// How often `write` was called.
    pub fn calls(&self) -> usize {
        self.calls
    }

    /// How many bytes the last call left untaken, if it took some. Once the answer has returned,
    /// these were never offered again.
    pub fn left_over(&self) -> usize {
        match self.last {
            Some((offered, Reply::Took(count))) if count > 0 => offered - count,
            _ => 0,
        }
    }

    /// The first call that offered bytes which an earlier one had taken: "call 2 of `write` began
    /// again at byte 0, though 3 bytes had been taken". Needs [`Writer::expecting`].
    pub fn repeated(&self) -> Option<&str> {
        self.repeated.as_deref()
    }

    /// How it ended: "the last of 3 calls of `write` took 2 of the 5 bytes that it offered".
    pub fn last(&self) -> String {
        let call = match self.calls {
            1 => "the only call of `write`".to_owned(),
            calls => format!("the last of {calls} calls of `write`"),
        };
        match self.last {
            None => "`write` was never called".to_owned(),
            Some((offered, Reply::Took(0))) if offered > 0 => format!("{call} was told Ok(0)"),
            Some((offered, Reply::Took(count))) => {
                format!("{call} was told Ok({count}), for {}", bytes::count(offered))
            }
            Some((_, Reply::Failed(kind))) => format!("{call} was told Err({kind:?})"),
        }
    }

    /// Looks where in the expected bytes an offer begins.
    fn look(&mut self, offer: &[u8]) {
        let Some(expected) = &self.expected else { return };
        let taken = self.received.len();
        let next = expected.get(taken..).unwrap_or_default();
        if self.repeated.is_some() || offer.len() < KNOWN || next.starts_with(offer) {
            return;
        }
        let again = (0..taken.min(expected.len())).find(|at| expected[*at..].starts_with(offer));
        self.repeated = again.map(|at| {
            let (call, taken) = (self.calls, bytes::count(taken));
            format!(
                "call {call} of `write` began again at byte {at}, though {taken} had been taken"
            )
        });
    }

    /// Whether it has taken so much that the answer will not end by itself.
    fn is_flooded(&self) -> bool {
        self.expected.as_ref().is_some_and(|expected| self.received.len() > 2 * expected.len())
    }
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.calls += 1;
        self.look(bytes);
        let reply = self.reply(bytes);
        let told = reply.as_ref().map_or_else(|e| Reply::Failed(e.kind()), |n| Reply::Took(*n));
        self.last = Some((bytes.len(), told));
        reply
    }

    /// As a socket does: one call, and what it takes may end in any of the slices.
    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.write(&slices.iter().flat_map(|slice| slice.iter().copied()).collect::<Vec<_>>())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Writer {
    fn reply(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let flooded = Take::Fails(ErrorKind::StorageFull);
        let take = if self.is_flooded() { Some(flooded) } else { self.script.pop_front() };
        match take.unwrap_or(self.then) {
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
