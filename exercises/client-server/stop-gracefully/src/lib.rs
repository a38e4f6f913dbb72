//! A server that can be told to stop, and then finishes what it has begun.
//!
//! ```text
//! serving ── stop() ──► draining ─────────────────────────────► run returns
//!                       no new connections       all are done, or
//!                       idle ones are closed     patience is over: the rest is cut
//!                       begun requests are answered
//! ```

use std::io;
use std::net::TcpListener;
use std::time::Duration;

/// A request is a line of at most so many bytes, its LF included.
pub const LONGEST: u64 = 8_192;

/// A server of requests that are lines: each is answered before the next one is read.
pub struct Server {
    // Here is room for the listener, and for what the stopper reaches it by.
}

/// Tells its server to stop, from any thread. Clones tell the same server.
#[derive(Clone)]
pub struct Stopper {
    // And here.
}

impl Stopper {
    /// Begins the stop, and returns at once. A second call changes nothing.
    pub fn stop(&self) {
        todo!("tell the server")
    }
}

impl Server {
    /// A server for `listener`, which is bound.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn new(listener: TcpListener) -> io::Result<Self> {
        todo!("make a server of {listener:?}")
    }

    /// What stops this server; it may be used before `run` is called.
    pub fn stopper(&self) -> Stopper {
        todo!("a stopper for this server")
    }

    /// Serves until it is told to stop, and then for as long as it takes to finish what has begun,
    /// but no longer than `patience`. `handle` is given a request without its LF, and returns the
    /// bytes of the reply; it may take its time, and other clients are served meanwhile.
    ///
    /// Returns the number of connections that were cut because patience was over.
    ///
    /// # Errors
    ///
    /// The listener's. What goes wrong with one client concerns that client.
    pub fn run(
        self,
        patience: Duration,
        handle: impl Fn(&[u8]) -> Vec<u8> + Send + Sync + 'static,
    ) -> io::Result<usize> {
        let _ = (patience, handle); // Yours to use; then this line can go.
        todo!("serve, until the stopper says stop; then finish")
    }
}
