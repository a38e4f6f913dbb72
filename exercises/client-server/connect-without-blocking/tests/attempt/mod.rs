//! The loop around an answer's connection.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use connect_without_blocking::{Connecting, Progress};
use harness::{Check, Listener, Mistake, Outcome, Report};
use mio::net::TcpStream;
use mio::{Events, Poll, Token};

use crate::mistakes::{BLOCKS, FIRST_ONLY, IN_PROGRESS, NO_ERROR, NOT_FOR_WRITING, WRITABLE};

const TOKEN: Token = Token(7);
/// How long the loop waits for an event that should come.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// A connection on its way, and the loop that it is registered with.
pub(crate) struct Attempt<'a> {
    c: &'a Check,
    pub(crate) poll: Poll,
    events: Events,
    connecting: Option<Connecting>,
    /// How often `advance` was called.
    pub(crate) advanced: usize,
}

/// How an attempt ended.
pub(crate) type Ended = io::Result<TcpStream>;

impl<'a> Attempt<'a> {
    /// Calls `begin`, which may fail. `names` are what the steps call the addresses.
    pub(crate) fn try_begin(
        c: &'a Check,
        names: &str,
        addresses: &[SocketAddr],
        timeout: Duration,
        now: Instant,
    ) -> Outcome<(Self, io::Result<()>)> {
        let ours = |error: io::Error| c.fail(None, format!("making a poll: {error}"));
        let poll = Poll::new().map_err(ours)?;
        let registry = poll.registry().try_clone().map_err(ours)?;
        let addresses = addresses.to_vec();
        let how = format!("with {names}, timeout {timeout:?}");
        let begin = c.call("begin", &how, move || {
            Connecting::begin(&registry, TOKEN, &addresses, timeout, now)
        });
        let result = begin.result();
        let result = result.map_err(|report| blocked(report, begin.still_runs()))?;
        let (connecting, begun) = match result {
            Ok(connecting) => (Some(connecting), Ok(())),
            Err(error) => (None, Err(error)),
        };
        let events = Events::with_capacity(16);
        Ok((Self { c, poll, events, connecting, advanced: 0 }, begun))
    }

    /// Calls `begin`, which must not fail; `mistake` is what it means if it does.
    pub(crate) fn begin(
        c: &'a Check,
        names: &str,
        addresses: &[SocketAddr],
        timeout: Duration,
        now: Instant,
        mistake: impl Into<Option<&'static Mistake>>,
    ) -> Outcome<Self> {
        let (attempt, begun) = Self::try_begin(c, names, addresses, timeout, now)?;
        c.ok("your `begin`", begun, mistake)?;
        Ok(attempt)
    }

    /// Fails unless `deadline` says so long after `since`, the `now` of the call that began.
    pub(crate) fn has_deadline(&self, since: Instant, after: Duration) -> Outcome {
        let Some(connecting) = &self.connecting else { return Ok(()) };
        let (got, want) = (connecting.deadline(), since + after);
        self.c.want(format!("the address's deadline: {after:?} from the `now` of its first call"));
        let mut shown =
            format!("your `deadline` is {:?} later", got.saturating_duration_since(want));
        if got < want {
            shown = format!("your `deadline` is {:?} earlier", want.duration_since(got));
        }
        self.c.ensure(got == want, None, || shown)
    }

    /// Waits until the loop has an event with the token, no longer than it should take.
    pub(crate) fn event(&mut self) -> bool {
        let deadline = Instant::now() + PATIENCE.min(self.c.time_left());
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let polled = self.poll.poll(&mut self.events, Some(left));
            match polled {
                Ok(()) if self.events.iter().any(|event| event.token() == TOKEN) => return true,
                Err(error) if error.kind() != ErrorKind::Interrupted => return false,
                _ if left.is_zero() => return false,
                _ => {}
            }
        }
    }

    /// Calls `advance`. `when` ends the step: "at its deadline". `None`: it is still pending.
    pub(crate) fn advance(&mut self, when: &str, now: Instant) -> Outcome<Option<Ended>> {
        let Some(connecting) = self.connecting.take() else { return Ok(None) };
        let registry = self.poll.registry().try_clone();
        let registry = registry.map_err(|error| self.c.fail(None, error.to_string()))?;
        self.advanced += 1;
        let call = self.c.call("advance", when, move || connecting.advance(&registry, now));
        let result = call.result();
        Ok(match result.map_err(|report| blocked(report, call.still_runs()))? {
            Ok(Progress::Connected(stream)) => Some(Ok(stream)),
            Err(error) => Some(Err(error)),
            Ok(Progress::Pending(connecting)) => {
                self.connecting = Some(connecting);
                None
            }
        })
    }

    /// Runs the loop: at each event it calls `advance`, until the attempt has ended.
    /// The failure says that no event came any more.
    pub(crate) fn run(&mut self, now: Instant) -> Outcome<Ended> {
        /// So many events one connect does not have.
        const MOST: usize = 100;
        for _ in 0..MOST {
            if !self.event() {
                let waited = PATIENCE.as_secs_f32();
                let got = match self.advanced {
                    0 => format!("no event came for {waited:.1} s"),
                    _ => format!("your `advance` said Pending; for {waited:.1} s no event came"),
                };
                return Err(self.c.fail(None, got));
            }
            if let Some(ended) = self.advance("since an event came", now)? {
                return Ok(ended);
            }
        }
        Err(self.c.fail(None, format!("{MOST} events, and your `advance` still said Pending")))
    }

    /// Calls `advance`, and fails unless the connection is pending after it.
    pub(crate) fn stays_pending(&mut self, when: &str, now: Instant) -> Outcome {
        let ended = self.advance(when, now)?;
        let mistake = match &ended {
            Some(Ok(stream)) if stream.peer_addr().is_err() => Some(&NO_ERROR),
            _ if failed(&ended, ErrorKind::NotConnected) => Some(&IN_PROGRESS),
            _ if failed(&ended, ErrorKind::ConnectionRefused) => Some(&FIRST_ONLY),
            _ => None,
        };
        self.c.ensure(ended.is_none(), mistake, || told(&ended))
    }

    /// Runs the loop, and fails unless a connection to `server` comes of it.
    pub(crate) fn connects(&mut self, server: &Listener, now: Instant) -> Outcome<TcpStream> {
        let ended = match self.run(now) {
            Ok(ended) => Some(ended),
            // The handshake is done: the connection waits to be accepted. And yet no event.
            Err(report) if server.accept().is_ok() => return Err(report.because(&NOT_FOR_WRITING)),
            Err(report) => return Err(report),
        };
        let told = told(&ended);
        let first = failed(&ended, ErrorKind::ConnectionRefused).then_some(&FIRST_ONLY);
        let Some(Ok(stream)) = ended else { return Err(self.c.fail(first, told)) };
        match stream.peer_addr() {
            Ok(peer) if peer == server.address() => Ok(stream),
            Ok(_) => Err(self.c.fail(None, format!("{told}, and the stream leads elsewhere"))),
            Err(_) => Err(self.c.fail(&WRITABLE, format!("{told}, and the stream has no peer"))),
        }
    }
}

fn blocked(report: Report, runs: bool) -> Report {
    if runs { report.because(&BLOCKS) } else { report }
}

/// What an answer said, without the number of a descriptor.
pub(crate) fn told(ended: &Option<Ended>) -> String {
    match ended {
        None => "your `advance` returned Ok(Pending(_))".to_owned(),
        Some(Ok(_)) => "your `advance` returned Ok(Connected(_))".to_owned(),
        Some(Err(error)) => format!("your `advance` returned Err({error:?})"),
    }
}

/// Whether it ended with an error of that kind.
pub(crate) fn failed(ended: &Option<Ended>, kind: ErrorKind) -> bool {
    matches!(ended, Some(Err(error)) if error.kind() == kind)
}
