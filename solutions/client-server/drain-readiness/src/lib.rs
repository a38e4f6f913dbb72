//! One turn of an event loop that accepts and reads: what is ready is drained, or remembered.
//!
//! ```text
//!   poll(timeout) ──► ready: the listener, clients 3 and 7
//!     ▲                    │
//!     │                    ▼
//!     └── timeout ──── turn(ready)   accept, read, tell the handler
//! ```
//!
//! mio reports that a socket has *become* ready, once. It does not report again that it still is:
//! until an operation has returned [`io::ErrorKind::WouldBlock`], there may be no other event.

// answer: use std::collections::BTreeMap;
use std::collections::{BTreeMap, BTreeSet};
// end answer
use std::io::{self, Read};
use std::time::Duration;
// answer:
use std::io::ErrorKind;
use std::mem;
// end answer

use mio::event::Source;
use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Registry, Token};

/// The listener's token. Clients have the tokens after it.
pub const LISTENER: Token = Token(0);
/// Calls of `read` that a client gets in one turn, and calls of `accept` in one turn.
pub const SHARE: usize = 16;
/// Bytes that one `read` may bring.
pub const BUFFER: usize = 4_096;
/// How long `accept` rests when the system could not give a connection.
pub const PAUSE: Duration = Duration::from_millis(20);

/// A listener that does not block: mio's, or one of the test.
pub trait Listener: Source {
    /// A connection that does not block.
    type Client: Read + Source;

    /// Takes a connection from the queue, as `accept(2)` does.
    fn accept(&mut self) -> io::Result<Self::Client>;
}

impl Listener for TcpListener {
    type Client = TcpStream;

    fn accept(&mut self) -> io::Result<TcpStream> {
        Self::accept(self).map(|(client, _)| client)
    }
}

/// Is told what clients do.
pub trait Handler {
    /// `client` sent these bytes.
    fn received(&mut self, client: Token, bytes: &[u8]);
    /// Nothing more will come from `client`: it has said so (`Ok`), or its connection failed.
    fn ended(&mut self, client: Token, how: io::Result<()>);
}

/// A server that listens to what its clients say.
#[derive(Debug)]
pub struct Server<L: Listener, H> {
    listener: L,
    handler: H,
    clients: BTreeMap<Token, L::Client>,
    /// How many clients there have been: the last one's token.
    count: usize,
    // answer: // Here is room for what the next turn must not forget.
    /// What has used up its share, and may be ready still. No event will say so.
    unfinished: BTreeSet<Token>,
    /// The last `accept` failed, and the queue may not be empty. No event will say so.
    short: bool,
    // end answer
}

impl<L: Listener, H: Handler> Server<L, H> {
    /// Registers `listener`, to be told when somebody connects.
    pub fn new(mut listener: L, handler: H, registry: &Registry) -> io::Result<Self> {
        registry.register(&mut listener, LISTENER, Interest::READABLE)?;
        let clients = BTreeMap::new();
        // answer: Ok(Self { listener, handler, clients, count: 0 })
        let unfinished = BTreeSet::new();
        Ok(Self { listener, handler, clients, count: 0, unfinished, short: false })
        // end answer
    }

    /// Handles what one `poll` reported: accepts, reads, and tells the handler. `ready` has the
    /// tokens of the events. One may be there twice, and be of a client that has gone.
    ///
    /// No client is read from more than [`SHARE`] times, and `accept` is called no more often. Who
    /// may have more waits until the next turn, which comes whether or not there is an event.
    ///
    /// Returns the timeout of the next `poll`: zero if there may be more at once, [`PAUSE`] if only
    /// `accept` is to be tried again, and `None` if everything is drained, so that an event will come.
    pub fn turn(
        &mut self,
        registry: &Registry,
        ready: impl IntoIterator<Item = Token>,
    ) -> Option<Duration> {
        // answer: let _ = (ready.into_iter(), &mut self.listener, &mut self.handler); // Yours to use;
        // answer: let _ = (registry, Self::admit, Self::dismiss); // then these lines can go.
        // answer: todo!("drain what is ready, and remember what is not drained")
        // A set: who is ready again before it was finished with gets one share and not two.
        let mut work = mem::take(&mut self.unfinished);
        work.extend(ready);
        if mem::take(&mut self.short) {
            work.insert(LISTENER);
        }
        for token in work {
            let more = match token {
                LISTENER => self.accept(registry),
                client => self.read(client, registry),
            };
            if more {
                self.unfinished.insert(token);
            }
        }
        if self.unfinished.is_empty() { self.short.then_some(PAUSE) } else { Some(Duration::ZERO) }
        // end answer
    }
    // answer:

    /// Accepts what waits. `true`: the share is used up, and there may be more.
    fn accept(&mut self, registry: &Registry) -> bool {
        for _ in 0..SHARE {
            match self.listener.accept() {
                Ok(client) => self.admit(client, registry),
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => return false,
                    // accept(2), ERRORS: it has gone already. The others wait behind it.
                    ErrorKind::Interrupted | ErrorKind::ConnectionAborted => {}
                    // No descriptor, or no memory. The connection stays in the queue.
                    _ => {
                        self.short = true;
                        return false;
                    }
                },
            }
        }
        true
    }

    /// Reads what is there. `true`: the share is used up, and there may be more.
    fn read(&mut self, token: Token, registry: &Registry) -> bool {
        let Some(client) = self.clients.get_mut(&token) else { return false };
        let mut buffer = [0; BUFFER];
        for _ in 0..SHARE {
            let how = match client.read(&mut buffer) {
                Ok(0) => Ok(()),
                Ok(count) => {
                    self.handler.received(token, &buffer[..count]);
                    continue;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => Err(error),
            };
            self.handler.ended(token, how);
            self.dismiss(token, registry);
            return false;
        }
        true
    }
    // end answer

    /// Gives a new client its token, and registers it. If it is ready already, `poll` will say so.
    fn admit(&mut self, mut client: L::Client, registry: &Registry) {
        let token = Token(self.count + 1);
        // It fails when the system is short of memory; then dropping the client closes it.
        if registry.register(&mut client, token, Interest::READABLE).is_ok() {
            self.count += 1;
            self.clients.insert(token, client);
        }
    }

    /// Deregisters a client, and closes its connection.
    fn dismiss(&mut self, token: Token, registry: &Registry) {
        if let Some(mut client) = self.clients.remove(&token) {
            let _ = registry.deregister(&mut client); // Closing it does so as well.
        }
    }
}
