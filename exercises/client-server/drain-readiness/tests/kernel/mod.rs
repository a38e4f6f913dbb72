//! A kernel in memory: sockets, and the edges that epoll(7) would report of them.
//!
//! Whatever arrives at a socket is one edge, and so is a registration of one that is ready. Nothing
//! else is: not that there is still something to read.

use std::cell::{RefCell, RefMut};
use std::collections::{BTreeSet, VecDeque};
use std::io::{self, ErrorKind, Read};
use std::rc::Rc;

use drain_readiness::Listener;
use harness::Check;
use mio::event::Source;
use mio::{Interest, Registry, Token};

use crate::mistakes::{AGAIN, ZERO_AGAIN};

/// Calls that bring nothing, in a row, after which an answer is taken to ask for ever.
const PATIENCE: usize = 1_000;
/// Reads of a client that never stops sending, after which it does, for a turn.
pub(crate) const FLOOD: usize = 500;

/// "Too many open files", on Linux and the BSDs.
const EMFILE: i32 = 24;

/// What a socket said to the last call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reply {
    /// Bytes, or a connection. `full`: as many bytes as there was room for.
    Some {
        full: bool,
    },
    /// `Ok(0)`.
    End,
    Failed(ErrorKind),
}

/// What has arrived at a socket.
#[derive(Debug)]
pub(crate) enum Arrival {
    Bytes(Vec<u8>),
    End,
    Error(ErrorKind),
    /// What `accept` says when the process may open no more files.
    Shortage,
    /// In the listener's queue: a connection of this client.
    Client(usize),
}

/// A socket as the kernel has it.
#[derive(Debug, Default)]
pub(crate) struct Socket {
    pub(crate) name: String,
    pub(crate) token: Option<Token>,
    registered: bool,
    /// What has arrived and was not taken.
    pub(crate) queue: VecDeque<Arrival>,
    pub(crate) last: Option<Reply>,
    /// Calls of `read` or `accept` in this turn.
    pub(crate) calls: usize,
    pub(crate) closed: bool,
    /// Sends as fast as it is read from.
    pub(crate) floods: bool,
    /// Calls in this turn that brought nothing, in a row.
    useless: usize,
}

impl Socket {
    /// Bytes that were not read.
    pub(crate) fn unread(&self) -> usize {
        let lengths = self.queue.iter().map(|arrival| match arrival {
            Arrival::Bytes(bytes) => bytes.len(),
            _ => 0,
        });
        lengths.sum()
    }

    fn said(&mut self, c: &Check, call: &str, reply: Reply) {
        self.last = Some(reply);
        self.calls += 1;
        let (told, mistake) = match reply {
            Reply::Some { .. } => return self.useless = 0,
            Reply::End => ("Ok(0), which is end of stream".to_owned(), Some(&ZERO_AGAIN)),
            Reply::Failed(kind) => {
                let again = (kind == ErrorKind::WouldBlock).then_some(&AGAIN);
                (format!("Err({kind:?})"), again)
            }
        };
        self.useless += 1;
        if self.useless > PATIENCE {
            c.suspect(mistake);
            let name = &self.name;
            c.stop(format!("`{call}` of {name} was called {PATIENCE} times in a row for {told}"));
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct State {
    /// The listener is the first.
    pub(crate) sockets: Vec<Socket>,
    /// What `poll` will report, in this order.
    pub(crate) edges: Vec<Token>,
}

/// The kernel. Clones are handles on the same one.
#[derive(Clone)]
pub(crate) struct Kernel {
    c: Check,
    state: Rc<RefCell<State>>,
}

impl Kernel {
    pub(crate) fn new(c: &Check) -> (Self, Entry) {
        let kernel = Self { c: c.clone(), state: Rc::default() };
        let index = kernel.socket("the listener");
        (kernel.clone(), Entry { kernel, index })
    }

    pub(crate) fn state(&self) -> RefMut<'_, State> {
        self.state.borrow_mut()
    }

    pub(crate) fn socket(&self, name: &str) -> usize {
        let mut state = self.state();
        state.sockets.push(Socket { name: name.to_owned(), ..Socket::default() });
        state.sockets.len() - 1
    }

    /// Something arrives: an edge, if the socket is registered.
    pub(crate) fn arrive(&self, index: usize, arrival: Arrival) {
        let mut state = self.state();
        state.sockets[index].queue.push_back(arrival);
        edge(&mut state, index);
    }

    /// The edges since the last call: a socket is reported once, however much has arrived.
    pub(crate) fn poll(&self) -> Vec<Token> {
        let mut state = self.state();
        for socket in &mut state.sockets {
            (socket.calls, socket.useless) = (0, 0);
        }
        let mut seen = BTreeSet::new();
        let edges = std::mem::take(&mut state.edges);
        edges.into_iter().filter(|token| seen.insert(*token)).collect()
    }
}

fn edge(state: &mut State, index: usize) {
    let socket = &state.sockets[index];
    if let Some(token) = socket.token.filter(|_| socket.registered) {
        state.edges.push(token);
    }
}

/// A socket as the answer has it.
pub(crate) struct Entry {
    kernel: Kernel,
    index: usize,
}

impl Entry {
    /// As epoll(7) does with a socket that is deregistered or closed: there are no more events.
    fn forget(&self) {
        let mut state = self.kernel.state();
        let socket = &mut state.sockets[self.index];
        socket.registered = false;
        let token = socket.token;
        state.edges.retain(|edge| Some(*edge) != token);
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.forget();
        self.kernel.state().sockets[self.index].closed = true;
    }
}

impl Source for Entry {
    fn register(&mut self, _: &Registry, token: Token, _: Interest) -> io::Result<()> {
        let mut state = self.kernel.state();
        let socket = &mut state.sockets[self.index];
        socket.token = Some(token);
        socket.registered = true;
        if !socket.queue.is_empty() || socket.floods {
            edge(&mut state, self.index);
        }
        Ok(())
    }

    fn reregister(&mut self, registry: &Registry, token: Token, i: Interest) -> io::Result<()> {
        self.register(registry, token, i)
    }

    fn deregister(&mut self, _: &Registry) -> io::Result<()> {
        self.forget();
        Ok(())
    }
}

impl Read for Entry {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut state = self.kernel.state();
        let socket = &mut state.sockets[self.index];
        if socket.floods && socket.queue.is_empty() && socket.calls < FLOOD {
            socket.queue.push_back(Arrival::Bytes(vec![b'x'; buffer.len()]));
        }
        let (reply, result) = take(socket, buffer);
        socket.said(&self.kernel.c, "read", reply);
        result
    }
}

/// What a `read` of the socket says.
fn take(socket: &mut Socket, buffer: &mut [u8]) -> (Reply, io::Result<usize>) {
    let failed = |kind: ErrorKind| (Reply::Failed(kind), Err(kind.into()));
    match socket.queue.pop_front() {
        Some(Arrival::Bytes(mut bytes)) => {
            // As a stream does: what has arrived in several pieces is read as one.
            while let Some(Arrival::Bytes(_)) = socket.queue.front() {
                let Some(Arrival::Bytes(more)) = socket.queue.pop_front() else { break };
                bytes.extend(more);
            }
            let count = bytes.len().min(buffer.len());
            let rest = bytes.split_off(count);
            if !rest.is_empty() {
                socket.queue.push_front(Arrival::Bytes(rest));
            }
            buffer[..count].copy_from_slice(&bytes);
            (Reply::Some { full: count == buffer.len() }, Ok(count))
        }
        Some(Arrival::Error(kind)) => failed(kind),
        Some(_) => {
            socket.queue.push_front(Arrival::End); // It stays at its end.
            (Reply::End, Ok(0))
        }
        None => failed(ErrorKind::WouldBlock),
    }
}

impl Listener for Entry {
    type Client = Self;

    fn accept(&mut self) -> io::Result<Self> {
        let mut state = self.kernel.state();
        let socket = &mut state.sockets[self.index];
        let (reply, result) = match socket.queue.pop_front() {
            Some(Arrival::Client(index)) => {
                let kernel = self.kernel.clone();
                (Reply::Some { full: true }, Ok(Self { kernel, index }))
            }
            Some(Arrival::Error(kind)) => (Reply::Failed(kind), Err(kind.into())),
            Some(_) => {
                let error = io::Error::from_raw_os_error(EMFILE);
                (Reply::Failed(error.kind()), Err(error))
            }
            None => (Reply::Failed(ErrorKind::WouldBlock), Err(ErrorKind::WouldBlock.into())),
        };
        socket.said(&self.kernel.c, "accept", reply);
        result
    }
}
