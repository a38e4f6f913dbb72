//! A tap on a stream: reads and writes pass through, and are recorded.

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::{Shutdown, TcpStream};

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
#[derive(Debug)]
pub struct Tap<S> {
    stream: S,
    recorder: Recorder,
    flow: FlowId,
}

impl<S> Tap<S> {
    /// Taps `stream`, recording on `flow`. Nothing is recorded yet.
    pub fn new(stream: S, recorder: Recorder, flow: FlowId) -> Self {
        Self { stream, recorder, flow }
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
        self.flow
    }

    /// The recorder behind it.
    pub fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    fn push(&self, direction: Direction, what: What) {
        self.recorder.push(self.flow, direction, what);
    }

    fn failed(&self, direction: Direction, error: &io::Error) {
        let what = match error.kind() {
            // Nothing happened on the wire: the caller is to try again.
            ErrorKind::Interrupted => return,
            // A read timeout of a blocking socket is `WouldBlock` on Unix and `TimedOut` on
            // Windows: see `TcpStream::set_read_timeout`.
            ErrorKind::WouldBlock | ErrorKind::TimedOut => What::Timeout,
            ErrorKind::ConnectionReset => {
                self.push(Direction::Received, What::Reset);
                return;
            }
            _ => What::Error(error.to_string()),
        };
        self.push(direction, what);
    }
}

impl Tap<TcpStream> {
    /// Taps a connected TCP stream that this side opened, and records that it opened.
    pub fn connected(stream: TcpStream, local: &str, peer: &str, recorder: &Recorder) -> Self {
        Self::tcp(stream, local, peer, recorder, Direction::Sent)
    }

    /// Taps a TCP stream that this side accepted, and records that it opened.
    pub fn accepted(stream: TcpStream, local: &str, peer: &str, recorder: &Recorder) -> Self {
        Self::tcp(stream, local, peer, recorder, Direction::Received)
    }

    fn tcp(s: TcpStream, local: &str, peer: &str, recorder: &Recorder, opened: Direction) -> Self {
        let address =
            |a: io::Result<std::net::SocketAddr>| a.map_or(String::new(), |a| a.to_string());
        let local = End::new(local, address(s.local_addr()));
        let peer = End::new(peer, address(s.peer_addr()));
        let flow = recorder.flow(Transport::Tcp, local, peer);
        recorder.push(flow, opened, What::Opened);
        Self::new(s, recorder.clone(), flow)
    }

    /// `shutdown(2)`, recorded: closing the writing half sends a FIN after what was written.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.stream.shutdown(how)?;
        if matches!(how, Shutdown::Write | Shutdown::Both) {
            self.push(Direction::Sent, What::Shutdown);
        }
        Ok(())
    }
}

impl<S: Read> Read for Tap<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.stream.read(buffer) {
            Ok(0) if !buffer.is_empty() => {
                self.push(Direction::Received, What::Shutdown);
                Ok(0)
            }
            Ok(count) => {
                self.push(Direction::Received, What::Data(buffer[..count].to_vec()));
                Ok(count)
            }
            Err(error) => {
                self.failed(Direction::Received, &error);
                Err(error)
            }
        }
    }
}

impl<S: Write> Write for Tap<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.stream.write(bytes) {
            Ok(count) => {
                self.push(Direction::Sent, What::Data(bytes[..count].to_vec()));
                Ok(count)
            }
            Err(error) => {
                self.failed(Direction::Sent, &error);
                Err(error)
            }
        }
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match self.stream.write_vectored(slices) {
            Ok(count) => {
                let bytes = slices.iter().flat_map(|slice| slice.iter().copied()).take(count);
                self.push(Direction::Sent, What::Data(bytes.collect()));
                Ok(count)
            }
            Err(error) => {
                self.failed(Direction::Sent, &error);
                Err(error)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
