//! A load of requests over chapter 3's loop: on each connection the next when the last is answered.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use client_server::{Address, Closed, Context, EventLoop, Limits, Next, Session, Time};

/// How long a connection may take to be made, and the last answers to come.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is asked, where, and for how long.
pub(crate) struct Plan<'a> {
    pub(crate) address: &'a str,
    pub(crate) request: &'a [u8],
    pub(crate) connections: usize,
    pub(crate) duration: Duration,
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) answered: u64,
    /// Connections that ended before they should, and answers that are not 200.
    pub(crate) wrong: u64,
    pub(crate) elapsed: Duration,
    /// Nanoseconds from a request to its answer's end, one in sixteen.
    latencies: Vec<u64>,
}

impl Outcome {
    pub(crate) fn rate(&self) -> f64 {
        self.answered as f64 / self.elapsed.as_secs_f64().max(f64::EPSILON)
    }

    /// Microseconds that 99 of 100 answers did not exceed.
    pub(crate) fn p99(&mut self) -> f64 {
        self.latencies.sort_unstable();
        let at = self.latencies.len() * 99 / 100;
        self.latencies.get(at).map_or(f64::NAN, |nanos| *nanos as f64 / 1e3)
    }
}

/// Runs a plan on this thread.
pub(crate) fn run(plan: &Plan<'_>) -> io::Result<Outcome> {
    let address: Address = plan.address.parse().map_err(io::Error::other)?;
    let shared = Rc::new(RefCell::new(Shared {
        outcome: Outcome::default(),
        request: plan.request.to_vec(),
        duration: plan.duration,
        begin: None,
        last: Time::ZERO,
    }));
    let service = |_| -> Client { unreachable!("there is no listener") };
    let mut clients = EventLoop::new(Vec::new(), service, Limits::default())?.precise();
    for _ in 0..plan.connections {
        clients.connect(&address, Client::new(shared.clone()), PATIENCE)?;
    }
    clients.run()?;
    let shared = Rc::into_inner(shared).expect("the loop is gone").into_inner();
    let elapsed = shared.last.saturating_sub(shared.begin.unwrap_or_default());
    Ok(Outcome { elapsed, ..shared.outcome })
}

struct Shared {
    outcome: Outcome,
    request: Vec<u8>,
    duration: Duration,
    begin: Option<Time>,
    last: Time,
}

/// One connection.
struct Client {
    shared: Rc<RefCell<Shared>>,
    /// Of the answer that comes, until its length is known.
    head: Vec<u8>,
    /// What is left of it, once it is.
    left: Option<u64>,
    /// When it was asked for.
    asked: Time,
    answered: u64,
    end: Time,
    finished: bool,
}

impl Client {
    fn new(shared: Rc<RefCell<Shared>>) -> Self {
        let (head, asked, end) = (Vec::new(), Time::ZERO, Time::MAX);
        Self { shared, head, left: None, asked, answered: 0, end, finished: false }
    }

    fn ask(&mut self, cx: &mut Context<'_>) -> Next {
        if cx.now >= self.end {
            self.finished = true;
            return Next::Close;
        }
        self.asked = cx.now;
        cx.output.extend(&self.shared.borrow().request);
        Next::Continue
    }

    /// Takes a part of an answer; `true`: it is whole.
    fn take(&mut self, bytes: &[u8]) -> bool {
        let count = bytes.len() as u64;
        if let Some(left) = self.left {
            self.left = Some(left.saturating_sub(count));
        } else {
            self.head.extend_from_slice(bytes);
            let Some(end) = self.head.windows(4).position(|four| four == b"\r\n\r\n") else {
                return false;
            };
            let head = String::from_utf8_lossy(&self.head[..end]).to_ascii_lowercase();
            let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
            let length: u64 = length.and_then(|digits| digits.parse().ok()).unwrap_or(0);
            if !head.starts_with("http/1.1 20") {
                self.shared.borrow_mut().outcome.wrong += 1;
            }
            self.left = Some((end as u64 + 4 + length).saturating_sub(self.head.len() as u64));
        }
        let whole = self.left == Some(0);
        if whole {
            (self.left, self.answered) = (None, self.answered + 1);
            self.head.clear();
        }
        whole
    }
}

impl Session for Client {
    fn opened(&mut self, cx: &mut Context<'_>) -> Next {
        let mut shared = self.shared.borrow_mut();
        let begin = *shared.begin.get_or_insert(cx.now);
        self.end = begin + shared.duration;
        drop(shared);
        self.ask(cx)
    }

    fn received(&mut self, bytes: &[u8], cx: &mut Context<'_>) -> Next {
        if !self.take(bytes) {
            return Next::Continue;
        }
        let mut shared = self.shared.borrow_mut();
        shared.outcome.answered += 1;
        shared.last = shared.last.max(cx.now);
        if self.answered.is_multiple_of(16) {
            let nanos = cx.now.saturating_sub(self.asked).as_nanos();
            shared.outcome.latencies.push(u64::try_from(nanos).unwrap_or(u64::MAX));
        }
        drop(shared);
        self.ask(cx)
    }

    fn closed(&mut self, _how: Closed) {
        if !self.finished {
            self.shared.borrow_mut().outcome.wrong += 1;
        }
    }

    fn deadline(&self) -> Option<Time> {
        (self.end < Time::MAX).then(|| self.end + PATIENCE)
    }
}
