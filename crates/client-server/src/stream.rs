//! A nonblocking stream, TCP's or a Unix-domain socket's, and how output gets into it.

#[cfg(not(target_os = "linux"))]
use std::io::Read;
use std::io::{self, ErrorKind, Write};
use std::net::{IpAddr, Shutdown, SocketAddr};
#[cfg(unix)]
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use mio::event::Source;
use mio::{Interest, Registry, Token};
use socket2::{Domain, Protocol, SockRef, Socket, Type};

use crate::listener::Address;
use crate::output::{Chunk, Output};

/// What a connection is always asked about. Where there is urgent data, a read ends before its last octet
/// (tcp(7), `SIOCATMARK`), so that a short read does not mean that nothing is left: the event must say so.
#[cfg(any(target_os = "linux", target_os = "android"))]
const READ: Interest = Interest::READABLE.add(Interest::PRIORITY);
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const READ: Interest = Interest::READABLE;

/// A connected stream on an event loop.
#[derive(Debug)]
pub(crate) enum Stream {
    Tcp(mio::net::TcpStream),
    #[cfg(unix)]
    Unix(mio::net::UnixStream),
}

impl Stream {
    /// Begins to connect, and does not wait for it.
    pub(crate) fn connect(address: &Address) -> io::Result<Self> {
        match address {
            Address::Tcp(address) => {
                let stream = mio::net::TcpStream::connect(*address)?;
                stream.set_nodelay(true)?;
                Ok(Self::Tcp(stream))
            }
            #[cfg(unix)]
            Address::Unix(path) => mio::net::UnixStream::connect(path).map(Self::Unix),
            #[cfg(not(unix))]
            Address::Unix(_) => Err(ErrorKind::Unsupported.into()),
        }
    }

    /// The same over TCP, from the address `from` if there is one.
    pub(crate) fn connect_from(from: Option<IpAddr>, to: SocketAddr) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(to), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        if let Some(from) = from {
            socket.bind(&SocketAddr::new(from, 0).into())?;
        }
        match socket.connect(&to.into()) {
            Err(error) if !is_under_way(&error) => return Err(error),
            _ => {}
        }
        Ok(Self::Tcp(mio::net::TcpStream::from_std(socket.into())))
    }

    /// This end's address, and the peer's; `None` over a Unix-domain socket.
    pub(crate) fn addresses(&self) -> (Option<SocketAddr>, Option<SocketAddr>) {
        match self {
            Self::Tcp(stream) => (stream.local_addr().ok(), stream.peer_addr().ok()),
            #[cfg(unix)]
            Self::Unix(_) => (None, None),
        }
    }

    /// Another handle of a stream that waits, which no longer does. Neither does the first.
    pub(crate) fn another(&self) -> io::Result<Self> {
        let socket = self.socket().try_clone()?;
        socket.set_nonblocking(true)?;
        Ok(match self {
            Self::Tcp(_) => Self::Tcp(mio::net::TcpStream::from_std(socket.into())),
            #[cfg(unix)]
            Self::Unix(_) => Self::Unix(mio::net::UnixStream::from_std(socket.into())),
        })
    }

    /// Whether the connection is there. A socket that failed to connect is writable as well, so the
    /// event alone says nothing (connect(2), EINPROGRESS: the answer is in `SO_ERROR`; and some
    /// systems report the event early, so that mio has us ask for the peer's address too).
    pub(crate) fn connected(&self) -> io::Result<bool> {
        if let Some(error) = self.socket().take_error()? {
            return Err(error);
        }
        match self.socket().peer_addr() {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotConnected => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// What has arrived, without waiting.
    ///
    /// On Linux the system is asked directly, without the C library between. Its `recv` and `send` are
    /// functions to return from (the connection's sending says what that costs), and cancellation
    /// points (pthreads(7)): in a program of several threads, and a server has one for signals, glibc
    /// does some work for that at each call, though nobody cancels Rust's threads.
    #[cfg(target_os = "linux")]
    #[inline(always)]
    pub(crate) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(rustix::net::recv(self, buffer, rustix::net::RecvFlags::empty())?.0)
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => (&mut &*stream).read(buffer),
            #[cfg(unix)]
            Self::Unix(stream) => (&mut &*stream).read(buffer),
        }
    }

    /// Ends the sending half.
    pub(crate) fn finish(&self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.shutdown(Shutdown::Write),
            #[cfg(unix)]
            Self::Unix(stream) => stream.shutdown(Shutdown::Write),
        }
    }

    pub(crate) fn source(&mut self) -> &mut dyn Source {
        match self {
            Self::Tcp(stream) => stream,
            #[cfg(unix)]
            Self::Unix(stream) => stream,
        }
    }

    /// Makes it wait, for a thread of its own; to write no longer than `write` at a time.
    pub(crate) fn blocking(&self, write: Duration) -> io::Result<()> {
        let socket = self.socket();
        socket.set_nonblocking(false)?;
        socket.set_write_timeout(Some(write))
    }

    /// For a stream that waits: how long a read may.
    pub(crate) fn set_read_timeout(&self, timeout: Duration) -> io::Result<()> {
        self.socket().set_read_timeout(Some(timeout))
    }

    /// Ends both halves: whoever waits for this stream, on another thread, waits no longer.
    pub(crate) fn break_off(&self) {
        // It fails for one that is broken already.
        let _ = self.socket().shutdown(Shutdown::Both);
    }

    /// What went wrong with the connection, if something did and was not reported before.
    pub(crate) fn take_error(&self) -> Option<io::Error> {
        self.socket().take_error().unwrap_or_else(Some)
    }

    /// Tells a peer that it will not be served, waits for nothing, and ends the sending half.
    pub(crate) fn refuse(&self, words: &[u8]) {
        /// What a peer may have asked by now, in pieces of 4 KiB.
        const ASKED: usize = 16;
        // Best effort: a new socket's buffer has room for a few words, and nobody waits for more.
        let _ = self.socket().set_nonblocking(true);
        if !words.is_empty() {
            let _ = self.write(words);
        }
        let _ = self.finish();
        // Left unread, a question that has come makes of the close a reset, which can overtake the
        // words (chapter 1). One that comes later does so too: that would need a wait.
        let mut asked = [0; 4096];
        for _ in 0..ASKED {
            if !matches!(self.read(&mut asked), Ok(1..)) {
                break;
            }
        }
    }

    fn socket(&self) -> SockRef<'_> {
        match self {
            Self::Tcp(stream) => SockRef::from(stream),
            #[cfg(unix)]
            Self::Unix(stream) => SockRef::from(stream),
        }
    }

    /// Asks for readiness to read, and to write only where something waits to be written.
    pub(crate) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        registry.register(self.source(), token, READ)
    }

    pub(crate) fn interest(
        &mut self,
        registry: &Registry,
        token: Token,
        write: bool,
    ) -> io::Result<()> {
        let interest = if write { READ | Interest::WRITABLE } else { READ };
        registry.reregister(self.source(), token, interest)
    }

    /// Sends as much of `output` as the socket takes, and says how many bytes that was.
    /// What is left, if anything, did not fit: the socket would block.
    #[inline(always)]
    pub(crate) fn send(&self, output: &mut Output, calls: &mut u64) -> io::Result<u64> {
        let mut sent = 0;
        while !output.is_empty() {
            match self.send_some(output, calls)? {
                Some(count) => sent += count,
                None => break,
            }
        }
        Ok(sent)
    }

    /// Makes one call to send what is in front. `None`: the socket would block, or, of a stream that
    /// waits, has waited for as long as it may.
    #[inline(always)]
    pub(crate) fn send_some(
        &self,
        output: &mut Output,
        calls: &mut u64,
    ) -> io::Result<Option<u64>> {
        let Some(chunk) = output.front() else { return Ok(Some(0)) };
        *calls += 1;
        match self.send_chunk(&chunk) {
            Ok(0) => Err(ErrorKind::WriteZero.into()),
            Ok(count) => {
                output.advance(count as u64);
                Ok(Some(count as u64))
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(Some(0)),
            Err(error) => Err(error),
        }
    }

    #[cfg(target_os = "linux")]
    #[inline(always)]
    fn send_chunk(&self, chunk: &Chunk<'_>) -> io::Result<usize> {
        use rustix::net::SendFlags;

        /// No more than so much of a file at once, so that one fast peer does not keep the loop.
        const MOST: u64 = 512 * 1024;
        let length = |length: u64| usize::try_from(length.min(MOST)).expect("at most 512 KiB");
        match chunk {
            // NOSIGNAL: a peer that has gone is an error, not a SIGPIPE. MSG_MORE, send(2): a header
            // waits for the file behind it, and both leave in full segments. A Unix-domain socket
            // has no segments, and does not look at it.
            Chunk::Bytes { bytes, more } => {
                let more = if *more { SendFlags::MORE } else { SendFlags::empty() };
                Ok(rustix::net::send(self, bytes, SendFlags::NOSIGNAL | more)?)
            }
            Chunk::File { file, offset, length: left } => {
                let mut from = *offset;
                Ok(rustix::fs::sendfile(self, file, Some(&mut from), length(*left))?)
            }
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn send_chunk(&self, chunk: &Chunk<'_>) -> io::Result<usize> {
        match chunk {
            Chunk::Bytes { bytes, .. } => self.write(bytes),
            Chunk::File { file, offset, length } => {
                use std::io::{Seek, SeekFrom};
                let mut buffer = [0; 16 * 1024];
                let room = buffer.len().min(usize::try_from(*length).unwrap_or(usize::MAX));
                let mut file: &std::fs::File = file;
                file.seek(SeekFrom::Start(*offset))?;
                let count = file.read(&mut buffer[..room])?;
                self.write(&buffer[..count])
            }
        }
    }

    pub(crate) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => (&mut &*stream).write(bytes),
            #[cfg(unix)]
            Self::Unix(stream) => (&mut &*stream).write(bytes),
        }
    }
}

#[cfg(unix)]
impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(stream) => stream.as_fd(),
            Self::Unix(stream) => stream.as_fd(),
        }
    }
}

/// Whether a connection that does not wait has been begun: connect(2), EINPROGRESS; Windows says
/// `WouldBlock`.
fn is_under_way(error: &io::Error) -> bool {
    #[cfg(unix)]
    if error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error()) {
        return true;
    }
    error.kind() == ErrorKind::WouldBlock
}
