//! A server in that kernel: its clients, its loop, and what its handler should have been told.

use std::cell::{RefCell, RefMut};
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::rc::Rc;
use std::time::Duration;

use drain_readiness::{Handler, PAUSE, Server};
use harness::{Check, Mistake, Outcome, Random};
use mio::{Poll, Token};

use crate::evidence::{left, shown, waits};
use crate::kernel::{Arrival, Entry, Kernel, Reply};
use crate::mistakes::{AGAIN, INTERRUPTED, LOST_END, WOULD_BLOCK, ZERO_AGAIN};

/// Turns without an event after which a loop that has nothing to do is taken not to sleep.
const RESTLESS: usize = 100;
/// The listener's place in the kernel.
const QUEUE: usize = 0;

/// What the handler was told of one client.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) bytes: Vec<u8>,
    pub(crate) ended: Vec<Result<(), ErrorKind>>,
}

/// The handler. Clones are handles on the same notes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log(Rc<RefCell<BTreeMap<Token, Told>>>);

impl Log {
    pub(crate) fn of(&self, client: Token) -> RefMut<'_, Told> {
        RefMut::map(self.0.borrow_mut(), |log| log.entry(client).or_default())
    }
}

impl Handler for Log {
    fn received(&mut self, client: Token, bytes: &[u8]) {
        self.of(client).bytes.extend_from_slice(bytes);
    }

    fn ended(&mut self, client: Token, how: io::Result<()>) {
        self.of(client).ended.push(how.map_err(|error| error.kind()));
    }
}

/// How a client ended, if it has.
type Ending = Option<Result<(), ErrorKind>>;

/// A number of the kernel's sockets: a client.
pub(crate) type Client = usize;

pub(crate) struct Site<'a> {
    c: &'a Check,
    pub(crate) kernel: Kernel,
    server: Server<Entry, Log>,
    log: Log,
    /// For its registry, which the kernel in memory does not use.
    poll: Poll,
    random: Random,
    timeout: Option<Duration>,
    /// What each client sent, and how it ended.
    sent: Vec<(Vec<u8>, Ending)>,
    /// How many of each client's bytes were told, and are right.
    right: Vec<usize>,
}

impl<'a> Site<'a> {
    pub(crate) fn new(c: &'a Check) -> Outcome<Self> {
        let (kernel, listener) = Kernel::new(c);
        let (log, random) = (Log::default(), c.random());
        let poll = Poll::new().map_err(|error| c.fail(None, format!("a poll: {error}")))?;
        let server = Server::new(listener, log.clone(), poll.registry());
        let server = c.ok("`new`", server, None)?;
        let sent = vec![(Vec::new(), None)];
        Ok(Self { c, kernel, server, log, poll, random, timeout: None, sent, right: vec![0] })
    }

    /// A client connects.
    pub(crate) fn connect(&mut self) -> Client {
        let name = format!("client {}", self.sent.len());
        self.c.did(format!("{name} connected"));
        let client = self.kernel.socket(&name);
        self.sent.push((Vec::new(), None));
        self.right.push(0);
        self.kernel.arrive(QUEUE, Arrival::Client(client));
        client
    }

    /// `count` clients connect before the server has looked.
    pub(crate) fn connect_many(&mut self, count: usize) -> Outcome<Vec<Client>> {
        let (c, first) = (self.c, self.sent.len());
        let step =
            format!("clients {first} to {} connected, one after the other", first + count - 1);
        c.in_one_step(step, || Ok((0..count).map(|_| self.connect()).collect()))
    }

    /// The client sends `count` random bytes.
    pub(crate) fn send(&mut self, client: Client, count: usize) {
        self.c.did(format!("client {client} sent {count} bytes"));
        let bytes = self.random.bytes(count);
        self.sent[client].0.extend_from_slice(&bytes);
        self.kernel.arrive(client, Arrival::Bytes(bytes));
    }

    /// The client sends no more.
    pub(crate) fn end(&mut self, client: Client) {
        self.c.did(format!("client {client} closed: end of stream"));
        self.sent[client].1 = Some(Ok(()));
        self.kernel.arrive(client, Arrival::End);
    }

    /// The client's connection fails.
    pub(crate) fn fail(&mut self, client: Client, kind: ErrorKind) {
        self.c.did(format!("client {client}'s connection failed: `read` will say {kind:?}"));
        self.sent[client].1 = Some(Err(kind));
        self.kernel.arrive(client, Arrival::Error(kind));
    }

    /// A signal will interrupt the next `read` of the client.
    pub(crate) fn interrupt(&mut self, client: Client) {
        self.c.did(format!("a signal will interrupt a `read` of client {client}"));
        self.kernel.arrive(client, Arrival::Error(ErrorKind::Interrupted));
    }

    /// Next in the listener's queue is something that cannot be accepted.
    pub(crate) fn refuse(&mut self, arrival: Arrival, what: &str) {
        self.c.did(what);
        self.kernel.arrive(QUEUE, arrival);
    }

    /// From here on the client sends as fast as it is read from.
    pub(crate) fn flood(&mut self, client: Client) {
        self.c.did(format!("client {client} sends, and goes on as fast as it is read from"));
        self.kernel.state().sockets[client].floods = true;
        self.kernel.arrive(client, Arrival::Bytes(vec![b'x'; 10]));
    }

    /// Calls of `read` for the client in the last turn; of `accept`, for client 0.
    pub(crate) fn calls(&self, client: Client) -> usize {
        self.kernel.state().sockets[client].calls
    }

    /// Bytes of the client that were not read yet.
    pub(crate) fn unread(&self, client: Client) -> usize {
        self.kernel.state().sockets[client].unread()
    }

    /// One turn of the loop: what `poll` reports, and `turn`. With nothing to report, its timeout
    /// has passed. Returns the next timeout.
    pub(crate) fn turn(&mut self) -> Option<Duration> {
        let ready = self.kernel.poll();
        self.turn_with(&ready)
    }

    /// One turn, in which `accept` fails and there is no shortage.
    pub(crate) fn turn_without_pause(&mut self) -> Outcome {
        let timeout = self.turn();
        self.c.want(
            "no PAUSE: that error is no shortage, and the next in the queue is accepted at once",
        );
        self.c.ensure(timeout != Some(PAUSE), None, || shown(timeout))
    }

    pub(crate) fn turn_with(&mut self, ready: &[Token]) -> Option<Duration> {
        let names: Vec<String> = ready.iter().map(|token| self.name(*token)).collect();
        let reported = match (&names[..], self.timeout) {
            ([], Some(timeout)) if !timeout.is_zero() => {
                format!("`poll` waited {timeout:?} in vain")
            }
            ([], _) => "`poll` reported nothing".to_owned(),
            _ => format!("`poll` reported {}", names.join(", ")),
        };
        self.c.did(format!("{reported}; called `turn`"));
        self.timeout = self.server.turn(self.poll.registry(), ready.iter().copied());
        if let Some(timeout) = self.timeout {
            self.c.did(format!("`turn` asked for a timeout of {timeout:?}"));
        }
        self.timeout
    }

    fn name(&self, token: Token) -> String {
        let state = self.kernel.state();
        let socket = state.sockets.iter().find(|socket| socket.token == Some(token));
        socket.map_or(format!("{token:?}"), |socket| socket.name.clone())
    }

    /// Turns until `poll` would sleep, and fails unless everything is done by then.
    pub(crate) fn run(&mut self) -> Outcome {
        self.c.want("the loop sleeps once everything is read and told, and not before");
        while !self.is_asleep() {
            self.turn();
            self.is_right_so_far()?;
            if !self.is_asleep() && !self.has_work() {
                self.dozes_off()?;
            }
        }
        self.is_done()
    }

    /// Whether `poll` would sleep until something arrives.
    fn is_asleep(&self) -> bool {
        self.kernel.state().edges.is_empty() && self.timeout.is_none()
    }

    /// Nothing is left to do. Fails unless the loop finds out, a few turns later.
    fn dozes_off(&mut self) -> Outcome {
        let c = self.c;
        c.in_one_step(format!("{RESTLESS} turns more, with nothing to report"), || {
            for _ in 0..RESTLESS {
                if self.is_asleep() {
                    return Ok(());
                }
                self.turn();
            }
            self.is_right_so_far()
        })?;
        if self.is_asleep() {
            return Ok(());
        }
        let got = format!("nothing is left, and `turn` still asks for {}", shown(self.timeout));
        Err(c.fail(self.why_restless(), got))
    }

    /// What the sockets said last proves for what the loop does not sleep.
    fn why_restless(&self) -> Option<&'static Mistake> {
        let state = self.kernel.state();
        let asked = || state.sockets.iter().filter(|s| !s.closed && s.calls > 0);
        if asked().any(|socket| socket.last == Some(Reply::End)) {
            return Some(&ZERO_AGAIN);
        }
        let nothing = Some(Reply::Failed(ErrorKind::WouldBlock));
        asked().any(|socket| socket.last == nothing).then_some(&AGAIN)
    }

    fn has_work(&self) -> bool {
        self.kernel.state().sockets.iter().any(waits)
    }

    /// Fails if the handler was told something that is not so.
    fn is_right_so_far(&mut self) -> Outcome {
        for (client, (sent, end)) in self.sent.iter().enumerate().skip(1) {
            let Some(token) = self.kernel.state().sockets[client].token else { continue };
            let told = self.log.of(token);
            if let Some(wrong) = told.ended.iter().find(|how| Some(**how) != *end) {
                let mistake = match wrong {
                    Err(ErrorKind::WouldBlock) => Some(&WOULD_BLOCK),
                    Err(ErrorKind::Interrupted) => Some(&INTERRUPTED),
                    _ => None,
                };
                self.c.want("`ended` is told when a client has ended, and how");
                let got = format!("client {client} has not ended, and `ended` was told {wrong:?}");
                let got = if end.is_some() { format!("client {client}: {wrong:?}") } else { got };
                return Err(self.c.fail(mistake, got));
            }
            // What was right before is not compared again.
            let (from, to) = (self.right[client], told.bytes.len());
            if sent.get(from..to) != told.bytes.get(from..) {
                self.c.want(format!("what client {client} sent, in order"));
                self.c.same_bytes(&sent[..to.min(sent.len())], &told.bytes, None)?;
            }
            self.right[client] = to;
        }
        Ok(())
    }

    /// Fails unless all that the clients did was told, though no event will come any more.
    pub(crate) fn is_done(&mut self) -> Outcome {
        self.is_right_so_far()?;
        for (index, (sent, end)) in self.sent.iter().enumerate() {
            let state = self.kernel.state();
            let socket = &state.sockets[index];
            if waits(socket) {
                return Err(left(self.c, socket));
            }
            let Some(token) = socket.token.filter(|_| index != QUEUE) else { continue };
            let told = self.log.of(token);
            self.c.want(format!("all that client {index} sent is told"));
            if told.bytes.len() < sent.len() {
                self.c.same_bytes(sent, &told.bytes, None)?;
            }
            let count = usize::from(end.is_some());
            let lost = (told.ended.len() < count && end == &Some(Ok(()))).then_some(&LOST_END);
            self.c.want(match count {
                0 => format!("`ended` is not told of client {index}"),
                _ => format!("`ended` is told of client {index}, once"),
            });
            let times = told.ended.len();
            self.c.ensure(times == count, lost, || format!("it was told {times} times"))?;
            self.c.want("a client that has ended is dismissed, and no other");
            self.c.ensure(socket.closed == end.is_some(), None, || {
                let how = if socket.closed { "was closed" } else { "is still open" };
                format!("{} {how}", socket.name)
            })?;
        }
        Ok(())
    }
}
