//! A tap on a stream.

use std::io::{self, IoSlice, Read, Write};
use std::net::{Shutdown, TcpStream};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use super::what_failed;
use crate::record::{Direction, End, FlowId, Transport, What};
use crate::recorder::Recorder;

/// Wraps anything that reads and writes, and records what passes.
///
/// ```
/// use capture::{End, Recorder, Tap, Transport, Direction};
/// use std::io::{Cursor, Read};
///
/// let recorder = Recorder::new();
/// let flow = recorder.flow(Transport::Tcp, End::new("client", ""), End::new("server", ""));
/// let mut tap = Tap::new(Cursor::new(b"hello".to_vec()), recorder.clone(), flow);
/// tap.read_to_end(&mut Vec::new())?;
/// assert_eq!(recorder.snapshot().bytes(flow, Direction::Received), b"hello");
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// A tap on a socket also shuts down, closes, and clones, so that one thread can read while
/// another writes. What a dropped socket sends is not recorded: [`close`](Tap::close) is.
#[derive(Debug)]
pub struct Tap<S> {
    stream: S,
    shared: Arc<Shared>,
    nonblocking: bool,
}

/// What the clones of a tap have in common.
#[derive(Debug)]
struct Shared {
    recorder: Recorder,
    flow: FlowId,
    /// Which directions have ended. A reader may meet the end of file any number of times; it
    /// came once.
    ended: AtomicU8,
}

const SENT_ENDED: u8 = 1;
const RECEIVED_ENDED: u8 = 2;

impl Shared {
    fn push(&self, direction: Direction, what: What) {
        let ending = match (&what, direction) {
            (What::Shutdown, Direction::Sent) => SENT_ENDED,
            (What::Shutdown, Direction::Received) => RECEIVED_ENDED,
            (What::Reset, _) => SENT_ENDED | RECEIVED_ENDED,
            _ => 0,
        };
        let before = self.ended.fetch_or(ending, Ordering::SeqCst);
        if ending == 0 || before & ending != ending {
            self.recorder.push(self.flow, direction, what);
        }
    }
}

impl<S> Tap<S> {
    /// Taps `stream`, recording on `flow`. Nothing is recorded yet.
    pub fn new(stream: S, recorder: Recorder, flow: FlowId) -> Self {
        let shared = Shared { recorder, flow, ended: AtomicU8::new(0) };
        Self { stream, shared: Arc::new(shared), nonblocking: false }
    }

    /// The same tap on a stream that never waits, where `WouldBlock` is no event. On one that
    /// waits it is how a timeout ends (on Unix), and recorded as such.
    #[must_use]
    pub fn nonblocking(mut self) -> Self {
        self.nonblocking = true;
        self
    }

    /// The stream beneath.
    pub fn get_ref(&self) -> &S {
        &self.stream
    }

    /// The stream beneath; what is read or written there goes unrecorded.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.stream
    }

    /// Takes the tap off.
    pub fn into_inner(self) -> S {
        self.stream
    }

    /// The flow that this tap records on.
    pub fn flow(&self) -> FlowId {
        self.shared.flow
    }

    /// The recorder behind it.
    pub fn recorder(&self) -> &Recorder {
        &self.shared.recorder
    }

    /// Records what the tap cannot see, such as the reset that `SO_LINGER` with 0 s makes of a
    /// close. The second end of a direction is not recorded.
    pub fn note(&self, direction: Direction, what: What) {
        self.shared.push(direction, what);
    }

    fn finished<T>(&self, direction: Direction, result: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &result
            && let Some((direction, what)) = what_failed(direction, error, self.nonblocking)
        {
            self.shared.push(direction, what);
        }
        result
    }

    fn was_read(&self, wanted: usize, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.recorder().data(self.flow(), Direction::Received, bytes);
        } else if wanted > 0 {
            self.shared.push(Direction::Received, What::Shutdown);
        }
    }

    fn was_written(&self, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.recorder().data(self.flow(), Direction::Sent, bytes);
        }
    }
}

impl<S: Read> Read for Tap<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let result = self.stream.read(buffer);
        let count = self.finished(Direction::Received, result)?;
        // A reader that claims more than it was given is its own caller's trouble, not ours.
        self.was_read(buffer.len(), buffer.get(..count).unwrap_or_default());
        Ok(count)
    }
}

impl<S: Write> Write for Tap<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let result = self.stream.write(bytes);
        let count = self.finished(Direction::Sent, result)?;
        self.was_written(bytes.get(..count).unwrap_or(bytes));
        Ok(count)
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let result = self.stream.write_vectored(slices);
        let count = self.finished(Direction::Sent, result)?;
        // One write is one event, also where it gathered several slices.
        let bytes = slices.iter().flat_map(|slice| slice.iter().copied()).take(count);
        self.was_written(&bytes.collect::<Vec<u8>>());
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// A connected stream socket, as std has them.
pub trait Stream: Read + Write + Sized {
    /// What carries it.
    const TRANSPORT: Transport;

    /// Another handle of the same socket.
    ///
    /// # Errors
    ///
    /// As `dup(2)`: no file descriptor is free.
    fn try_clone(&self) -> io::Result<Self>;

    /// `shutdown(2)`.
    ///
    /// # Errors
    ///
    /// As `shutdown(2)`: the socket is not connected.
    fn shutdown(&self, how: Shutdown) -> io::Result<()>;

    /// The addresses of this end and of the other; empty where there is none.
    fn addresses(&self) -> (String, String);

    /// Whether bytes have come that nobody has read. May leave the socket in nonblocking mode.
    fn has_unread(&self) -> bool;
}

impl Stream for TcpStream {
    const TRANSPORT: Transport = Transport::Tcp;

    fn try_clone(&self) -> io::Result<Self> {
        self.try_clone()
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.shutdown(how)
    }

    fn addresses(&self) -> (String, String) {
        let text = |address: io::Result<std::net::SocketAddr>| {
            address.map_or_else(|_| String::new(), |address| address.to_string())
        };
        (text(self.local_addr()), text(self.peer_addr()))
    }

    fn has_unread(&self) -> bool {
        let unread = |count| count > 0;
        self.set_nonblocking(true).is_ok() && self.peek(&mut [0]).is_ok_and(unread)
    }
}

#[cfg(unix)]
impl Stream for UnixStream {
    const TRANSPORT: Transport = Transport::Unix;

    fn try_clone(&self) -> io::Result<Self> {
        self.try_clone()
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.shutdown(how)
    }

    fn addresses(&self) -> (String, String) {
        let text = |address: io::Result<std::os::unix::net::SocketAddr>| {
            let path = address.ok().and_then(|address| address.as_pathname().map(Into::into));
            path.map_or_else(String::new, |path: std::path::PathBuf| path.display().to_string())
        };
        (text(self.local_addr()), text(self.peer_addr()))
    }

    /// std cannot peek here: always `false`.
    fn has_unread(&self) -> bool {
        false
    }
}

impl<S: Stream> Tap<S> {
    /// Taps a connected socket that this side opened, and records that it opened.
    pub fn connected(stream: S, local: &str, peer: &str, recorder: &Recorder) -> Self {
        Self::opened(stream, local, peer, recorder, Direction::Sent)
    }

    /// Taps a socket that this side accepted, and records that it opened.
    pub fn accepted(stream: S, local: &str, peer: &str, recorder: &Recorder) -> Self {
        Self::opened(stream, local, peer, recorder, Direction::Received)
    }

    fn opened(s: S, local: &str, peer: &str, recorder: &Recorder, opened: Direction) -> Self {
        let (local_address, peer_address) = s.addresses();
        let ends = (End::new(local, local_address), End::new(peer, peer_address));
        let flow = recorder.flow(S::TRANSPORT, ends.0, ends.1);
        recorder.push(flow, opened, What::Opened);
        Self::new(s, recorder.clone(), flow)
    }

    /// Another handle of the same socket on the same flow: one thread reads, another writes.
    ///
    /// # Errors
    ///
    /// As the socket's own `try_clone`: no file descriptor is free.
    pub fn try_clone(&self) -> io::Result<Self> {
        let stream = self.stream.try_clone()?;
        Ok(Self { stream, shared: Arc::clone(&self.shared), nonblocking: self.nonblocking })
    }

    /// `shutdown(2)`, recorded: closing the writing half sends a FIN after what was written.
    ///
    /// # Errors
    ///
    /// As `shutdown(2)`: the socket is not connected (any more).
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.stream.shutdown(how)?;
        if matches!(how, Shutdown::Write | Shutdown::Both) {
            self.shared.push(Direction::Sent, What::Shutdown);
        }
        Ok(())
    }

    /// Closes the socket and records what that sends: a FIN; or, where bytes lie unread in a TCP
    /// socket, a RST (RFC 9293 §3.6.1). While a clone of the tap lives, nothing is
    /// sent yet; clones of the socket beneath must be gone.
    pub fn close(self) {
        if Arc::strong_count(&self.shared) > 1 {
            return;
        }
        let what = if self.stream.has_unread() { What::Reset } else { What::Shutdown };
        self.shared.push(Direction::Sent, what);
    }
}
