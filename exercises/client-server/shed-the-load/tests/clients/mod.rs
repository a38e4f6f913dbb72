//! The answer's server, and clients that come to it.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::panic::resume_unwind;
use std::thread;
use std::time::{Duration, Instant};

use harness::{Check, Ending, Mistake, Outcome, Peer, Running};
use shed_the_load::{BUSY, Limits, serve};
use socket2::{Domain, Socket, Type};

use crate::mistakes::{NO_WORD, RESET};

/// A time that no check reaches.
pub(crate) const LONG: Duration = Duration::from_secs(10);
/// A time that a check waits out.
pub(crate) const SHORT: Duration = Duration::from_millis(60);
/// How long a place may take to come free.
const PATIENCE: Duration = Duration::from_millis(1_200);
/// Between two clients who ask for a place. Each of them leaves a socket behind in the system.
const PAUSE: Duration = Duration::from_millis(4);
/// More bytes than the buffers of both sockets hold: a client that reads has them in milliseconds.
pub(crate) const MUCH: usize = 6_000_000;
/// Many more bytes than the buffers of both sockets hold, and than a client that sips takes in a check.
/// (Zeros that nobody wrote take no memory.)
const MANY: usize = 256 << 20;

/// What the check's own `answer` makes of a request: the request, and a word.
pub(crate) fn answered(request: &[u8]) -> Vec<u8> {
    [b"you said ", request].concat()
}

fn answer(request: &[u8]) -> Vec<u8> {
    match request {
        // As a panic does, without the words that a panic prints.
        b"panic" => resume_unwind(Box::new("the panic of `answer`")),
        b"much" => vec![0; MUCH],
        b"everything" => vec![0; MANY],
        _ => answered(request),
    }
}

/// The threads of this process. *Linux*: `proc_pid_task(5)`; empty elsewhere.
pub(crate) fn threads() -> HashSet<OsString> {
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    tasks.map(|task| task.file_name()).collect()
}

/// The answer at work.
pub(crate) struct Server<'a> {
    c: &'a Check,
    address: SocketAddr,
    running: Running<(), io::Error>,
}

impl<'a> Server<'a> {
    pub(crate) fn start(c: &'a Check, connections: usize, time: Duration) -> Outcome<Self> {
        let per_peer = connections + 10; // A limit that is not reached.
        Self::with(c, Limits { connections, per_peer, time })
    }

    pub(crate) fn with(c: &'a Check, limits: Limits) -> Outcome<Self> {
        let (listener, address) = c.listener()?;
        let Limits { connections, per_peer, time } = limits;
        let s = if connections == 1 { "" } else { "s" };
        let how = format!("with {connections} place{s}, {per_peer} for one address, and {time:?}");
        let running = c.call("serve", &how, move || serve(listener, limits, answer));
        Ok(Self { c, address, running })
    }

    /// Lets signals arrive while the server and its clients' threads wait.
    pub(crate) fn interrupt(&self) {
        self.running.interrupt();
    }

    pub(crate) fn connect(&self, name: &str) -> Outcome<Peer> {
        self.c.connect(name, self.address)
    }

    /// A client that has a place, and has sent half a request.
    pub(crate) fn hold(&self, name: &str) -> Outcome<Peer> {
        let mut client = self.connect(name)?;
        client.send(b"good ")?;
        Ok(client)
    }

    /// A client from 127.0.0.2, which is ours as well as 127.0.0.1 (*Linux*; elsewhere it is not there).
    pub(crate) fn connect_from_elsewhere(&self, name: &str) -> Outcome<Peer> {
        let from = SocketAddr::from((Ipv4Addr::new(127, 0, 0, 2), 0));
        let connected = Socket::new(Domain::IPV4, Type::STREAM, None).and_then(|socket| {
            socket.bind(&from.into())?;
            Ok(socket)
        });
        let socket = connected.map_err(|error| self.c.skip(format!("no 127.0.0.2: {error}")))?;
        let done = socket.connect_timeout(&self.address.into(), PATIENCE);
        done.map_err(|error| self.c.fail(None, format!("connecting failed: {error}")))?;
        self.c.connected(name, socket.into())
    }

    /// Fails unless a client that connects now is told so, and then told that this is all.
    /// `served` is what it means if it has a place, `silence` if nothing happens to it at all.
    pub(crate) fn refuses(
        &self,
        client: &mut Peer,
        served: Option<&'static Mistake>,
        silence: &'static Mistake,
    ) -> Outcome {
        self.c.want("it is refused: \"busy\\n\", then end of stream");
        let (got, ending) = client.receive(BUSY.len() + 1);
        let mistake = match (got.as_slice(), ending) {
            (BUSY, Ending::End) => {
                self.c.did("it was refused: received \"busy\\n\", then end of stream");
                return Ok(());
            }
            (BUSY, Ending::Reset) => Some(&RESET),
            ([], Ending::End | Ending::Reset) => Some(&NO_WORD),
            ([], Ending::Silence) => {
                client.send(b"am I in?\n")?;
                let (got, _) = client.receive_within(Duration::from_millis(400), 100);
                if got == answered(b"am I in?") {
                    return Err(self.c.fail(served, "it was served: there is one place too many"));
                }
                Some(silence)
            }
            _ => None,
        };
        Err(client.differs(BUSY, &got, ending, mistake))
    }

    /// Fails unless there is a place before long. Connects as often as it is refused.
    pub(crate) fn has_a_place(&self, mistake: &'static Mistake) -> Outcome {
        self.lets_in(b"hello\n", &answered(b"hello"), mistake).map(drop)
    }

    /// A client that has a place for certain, before long, and keeps it: it reads the beginning of a
    /// long answer, and no more.
    pub(crate) fn keeps_a_place(&self, mistake: &'static Mistake) -> Outcome<Peer> {
        self.lets_in(b"much\n", &[0; 1_000], mistake)
    }

    /// Fails unless a client that sends `request` gets `want` before long.
    fn lets_in(&self, request: &[u8], want: &[u8], mistake: &'static Mistake) -> Outcome<Peer> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.c.attempt("another client comes, again and again as long as it is refused");
            self.c.want("there is a place for it: the others have gone");
            let mut client = self.connect("next client")?;
            let asked = client.send(request);
            let (got, ending) = client.receive(want.len());
            if got == want {
                return Ok(client);
            }
            // What a refused client sends may meet a reset; then it may not have its word any more.
            let refused = got == BUSY || (got.is_empty() && ending != Ending::Silence);
            if refused && Instant::now() < deadline {
                thread::sleep(PAUSE);
                continue;
            }
            asked?;
            return Err(client.differs(want, &got, ending, mistake));
        }
    }
}

/// The rest of what [`Server::hold`] began.
pub(crate) fn finish(client: &mut Peer) -> Outcome {
    client.send(b"day\n")?;
    client.expect_to_end(&answered(b"good day"), None)
}

/// Whether the connection is closed, in order or not, within the check's patience.
pub(crate) fn is_closed(client: &mut Peer) -> (bool, Vec<u8>) {
    let (got, ending) = client.receive(1);
    (matches!(ending, Ending::End | Ending::Reset), got)
}
