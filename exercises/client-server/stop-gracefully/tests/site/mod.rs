//! The answer's server at work, with requests that the test holds back.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use harness::{Check, Ending, Mistake, Outcome, Peer, Running};
use stop_gracefully::{Server, Stopper};

use crate::mistakes::{AT_ONCE, IDLE, LISTENS};

/// How long a step may take. Nearly always it takes no time at all.
pub(crate) const PATIENCE: Duration = Duration::from_millis(1_500);
/// A request that is held back is let go after this, so that a failed check leaves no thread behind.
const LONGEST: Duration = Duration::from_secs(8);
/// Within which an answer that does not wait for its requests has returned, or closed them.
pub(crate) const EARLY: Duration = Duration::from_millis(30);

/// A server at work. Of its requests, `wait` is answered when [`Site::let_go`] is called, and `much`
/// with the bytes that were given; all others at once.
pub(crate) struct Site<'a> {
    c: &'a Check,
    address: SocketAddr,
    stopper: Stopper,
    run: Running<usize, io::Error>,
    gate: Gate,
    begins: Receiver<()>,
}

/// The answer's server, not running yet.
pub(crate) fn bind(c: &Check) -> Outcome<(Server, SocketAddr)> {
    let (listener, address) = c.listener()?;
    c.did("made a server with your `Server::new`");
    Ok((c.ok("your `Server::new`", Server::new(listener), None)?, address))
}

pub(crate) fn reply(request: &str) -> Vec<u8> {
    format!("you said: {request}\n").into_bytes()
}

impl<'a> Site<'a> {
    pub(crate) fn start(c: &'a Check, patience: Duration) -> Outcome<Self> {
        let (server, address) = bind(c)?;
        Ok(Self::run(c, server, address, patience, Vec::new()))
    }

    /// Runs `server`; `much` is its reply to a request of that name.
    pub(crate) fn run(
        c: &'a Check,
        server: Server,
        address: SocketAddr,
        patience: Duration,
        much: Vec<u8>,
    ) -> Self {
        c.want("clients are served");
        let stopper = server.stopper();
        let gate = Gate::default();
        let (begun, begins) = mpsc::channel();
        let held = gate.clone();
        let handle = move |request: &[u8]| {
            match request {
                b"much" => return much.clone(),
                b"wait" => {
                    let _ = begun.send(()); // If the check has failed already, nobody listens.
                    held.pass();
                }
                _ => {}
            }
            reply(&String::from_utf8_lossy(request))
        };
        let how = format!("on a thread of its own, with a patience of {patience:?}");
        let run = c.call("run", &how, move || server.run(patience, handle));
        Self { c, address, stopper, run, gate, begins }
    }

    pub(crate) fn client(&self, name: &str) -> Outcome<Peer> {
        self.c.connect(name, self.address)
    }

    /// A client whose request is being answered, and will be until [`Site::let_go`].
    pub(crate) fn waiting_client(&self, name: &str) -> Outcome<Peer> {
        let mut client = self.client(name)?;
        client.send(b"wait\n")?;
        self.c.want("`handle` is called with the request");
        self.c.ensure(self.begins.recv_timeout(PATIENCE).is_ok(), None, || {
            format!("it was not, within {:.1} s", PATIENCE.as_secs_f32())
        })?;
        self.c.did("`handle` was called, and takes its time");
        Ok(client)
    }

    /// Lets the requests go that are held back.
    pub(crate) fn let_go(&self) {
        self.c.did("let `handle` return");
        self.gate.open();
    }

    pub(crate) fn stop(&self) {
        self.c.did("called your `Stopper::stop`");
        self.stopper.stop();
    }

    /// Lets signals arrive while `run` and its connections wait.
    pub(crate) fn interrupt(&self) {
        self.run.interrupt();
    }

    /// Fails unless new clients are refused soon.
    pub(crate) fn refuses(&self) -> Outcome {
        self.c.want("once it is stopped, a client that connects is refused");
        let until = Instant::now() + PATIENCE;
        loop {
            match TcpStream::connect_timeout(&self.address, PATIENCE) {
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                    self.c.did("a new client was refused");
                    return Ok(());
                }
                // Connected, or reset while it waited in the queue, or the queue is full.
                _ if Instant::now() >= until => {
                    let got = format!(
                        "{:.1} s later a client is still not refused",
                        PATIENCE.as_secs_f32()
                    );
                    return Err(self.c.fail(&LISTENS, got));
                }
                _ => thread::sleep(Duration::from_millis(5)),
            }
        }
    }

    /// Fails if `run` returns now, while a request is being answered.
    pub(crate) fn goes_on(&self) -> Outcome {
        self.c.want("`run` does not return while a request is being answered");
        match self.run.returned(EARLY) {
            None => Ok(()),
            Some(result) => {
                Err(self.c.fail(&AT_ONCE, format!("your `run` returned {result:?} meanwhile")))
            }
        }
    }

    /// Fails unless `client`, which asks nothing now, reads the end of the stream.
    pub(crate) fn lets_go(&self, client: &mut Peer) -> Outcome {
        self.c.want("a client that asks nothing is let go: end of stream");
        let (got, ending) = client.receive(1);
        let mistake = match ending {
            Ending::End => return Ok(()),
            // `run` is over, and the client's connection is not.
            Ending::Silence if !self.run.still_runs() => Some(&AT_ONCE),
            Ending::Silence => Some(&IDLE),
            _ => None,
        };
        Err(client.differs(b"", &got, ending, mistake))
    }

    /// Whether `run` ends within `limit`.
    pub(crate) fn ends_within(&self, limit: Duration) -> bool {
        self.run.ends_within(limit)
    }

    /// Fails unless `run` returns soon, and says that it cut `count` connections.
    pub(crate) fn ends(&self, count: usize, hangs: impl Into<Option<&'static Mistake>>) -> Outcome {
        self.c.want(format!("`run` returns Ok({count})"));
        let result = self.run.result().map_err(|report| match hangs.into() {
            Some(mistake) if self.run.still_runs() => report.because(mistake),
            _ => report,
        })?;
        self.c.ensure(matches!(result, Ok(cut) if cut == count), None, || {
            format!("your `run` returned {result:?}")
        })
    }
}

impl Drop for Site<'_> {
    fn drop(&mut self) {
        self.gate.open();
    }
}

/// What a request waits for.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    fn open(&self) {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.1.notify_all();
    }

    /// Waits until it is open, within reason.
    fn pass(&self) {
        let open = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = self.0.1.wait_timeout_while(open, LONGEST, |open| !*open);
    }
}
