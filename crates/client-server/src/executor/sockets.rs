//! Sockets whose operations are futures.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use mio::Token;
use mio::event::Source;

use super::reactor::Way;
use super::{Executor, current};

/// A socket that the reactor watches.
struct Watched<S: Source> {
    socket: S,
    token: Token,
    executor: Rc<Executor>,
}

impl<S: Source> Watched<S> {
    fn new(mut socket: S) -> io::Result<Self> {
        let executor = current();
        let token = executor.reactor.watch(&mut socket)?;
        Ok(Self { socket, token, executor })
    }

    // ANCHOR: when_ready
    /// Tries `operation`, and again whenever the socket is ready for it.
    async fn when_ready<T>(
        &self,
        way: Way,
        mut operation: impl FnMut(&S) -> io::Result<T>,
    ) -> io::Result<T> {
        std::future::poll_fn(|cx| self.try_now(cx, way, &mut operation)).await
    }

    fn try_now<T>(
        &self,
        cx: &Context<'_>,
        way: Way,
        operation: &mut impl FnMut(&S) -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        ready!(self.executor.tasks.spend(cx));
        loop {
            match operation(&self.socket) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    // Tried first, and the waker left after: an event between the two is not
                    // lost, since events are only taken when no task is running.
                    self.executor.reactor.wake_when_ready(self.token, way, cx.waker());
                    return Poll::Pending;
                }
                done => return Poll::Ready(done),
            }
        }
    }
    // ANCHOR_END: when_ready
}

impl<S: Source> Drop for Watched<S> {
    fn drop(&mut self) {
        self.executor.reactor.forget(&mut self.socket, self.token);
    }
}

/// A TCP listener for tasks.
pub struct Listener(Watched<mio::net::TcpListener>);

impl Listener {
    /// Takes over a listener; see [`crate::Listener`] for one with a proper backlog.
    ///
    /// # Errors
    ///
    /// If the system cannot watch it.
    ///
    /// # Panics
    ///
    /// Outside [`run`](super::run).
    pub fn new(listener: std::net::TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        Watched::new(mio::net::TcpListener::from_std(listener)).map(Self)
    }

    /// Waits for a connection.
    ///
    /// # Errors
    ///
    /// Those of accept(2). Most are of one connection, or pass: a server goes on after them.
    pub async fn accept(&self) -> io::Result<(Stream, SocketAddr)> {
        let accepted = self.0.when_ready(Way::Read, mio::net::TcpListener::accept).await;
        let (stream, peer) = accepted?;
        stream.set_nodelay(true)?;
        Ok((Stream(Watched::new(stream)?), peer))
    }
}

/// A TCP stream for tasks.
pub struct Stream(Watched<mio::net::TcpStream>);

impl Stream {
    /// Waits for bytes; 0 is the end of the stream.
    ///
    /// # Errors
    ///
    /// If the connection is broken.
    pub async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.when_ready(Way::Read, |mut stream| stream.read(buffer)).await
    }

    /// Sends all of `bytes`. Dropped before its end, it has sent a part, and nobody knows how much.
    ///
    /// # Errors
    ///
    /// If the connection is broken.
    pub async fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.0.when_ready(Way::Write, |mut stream| stream.write(bytes)).await? {
                0 => return Err(ErrorKind::WriteZero.into()),
                count => bytes = &bytes[count..],
            }
        }
        Ok(())
    }
}
