//! A load generator that does not hide what it made wait.
//!
//! A generator that sends the next message when the last one was answered slows down with the
//! server: a stall of a second is one slow answer, and the thousand messages that should have been
//! sent meanwhile are never counted. That is *coordinated omission*. With a rate, messages here are due at
//! fixed moments, come what may, and a latency is the time from that moment to the answer.
//! Without a rate ([`Pace::Closed`]) it measures how fast the server can go, and its latencies say
//! only what one waiting client sees.
//!
//! It runs on the chapter's own event loop: a client's session is a [`Session`] too.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::event_loop::EventLoop;
use crate::limits::Limits;
use crate::listener::Address;
use crate::session::{Closed, Context, Next, Session, Time};

/// When messages are sent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// On each connection the next one when the last was answered.
    Closed,
    /// So many a second, over all connections, at fixed moments.
    Open {
        /// Messages a second.
        rate: f64,
    },
}

/// What to send, where, and for how long.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The echo server.
    pub address: Address,
    /// Connections, opened before the first message is sent.
    pub connections: usize,
    /// Bytes of a message; at least 1.
    pub size: usize,
    /// How long messages are sent.
    pub duration: Duration,
    /// When.
    pub pace: Pace,
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Messages sent.
    pub sent: u64,
    /// Messages whose echo came back whole.
    pub answered: u64,
    /// Echoes that were not what was sent.
    pub wrong: u64,
    /// Connections that could not be made, or ended before they should.
    pub lost: u64,
    /// From the first message that was due to the last answer.
    pub elapsed: Duration,
    /// Latencies in nanoseconds.
    pub latencies: Histogram<u64>,
}

impl Outcome {
    /// Messages answered a second.
    pub fn rate(&self) -> f64 {
        self.answered as f64 / self.elapsed.as_secs_f64().max(f64::EPSILON)
    }

    /// The latency that `percent` of the answered messages did not exceed.
    pub fn latency(&self, percent: f64) -> Duration {
        Duration::from_nanos(self.latencies.value_at_percentile(percent))
    }
}

/// Answered messages, to be watched from another thread while the load runs.
pub type Progress = Arc<AtomicU64>;

/// How long a connection may take to be made, and answers to come after the last message.
const PATIENCE: Duration = Duration::from_secs(5);
/// Messages on their way on one connection; past it they wait here. Their time runs on.
const IN_FLIGHT: usize = 1_024;

/// Runs `plan` on this thread.
///
/// # Errors
///
/// If the loop cannot be made, or no connection can even be begun. What happens to connections
/// after that is part of the outcome.
pub fn run(plan: &Plan, progress: &Progress) -> io::Result<Outcome> {
    let tally = Rc::new(RefCell::new(Tally::new(plan, progress)?));
    // Nobody connects to a load generator, so this service is never asked for a session.
    let service = |_| -> Client { unreachable!("there is no listener") };
    let limits = Limits { write: PATIENCE, ..Limits::default() };
    let mut clients = EventLoop::new(Vec::new(), service, limits)?.precise();
    for index in 0..plan.connections {
        let client = Client::new(plan, index, tally.clone());
        clients.connect(&plan.address, client, PATIENCE)?;
    }
    clients.run()?;
    let tally = Rc::into_inner(tally).expect("the loop and its sessions are gone").into_inner();
    let elapsed = tally.last.saturating_sub(tally.begin.unwrap_or_default());
    Ok(Outcome { elapsed, ..tally.outcome })
}

/// What all connections count together.
struct Tally {
    outcome: Outcome,
    progress: Progress,
    /// Connections that are open, or have failed: the load begins when there are all of them.
    settled: usize,
    /// When the first message was due.
    begin: Option<Time>,
    /// When the last answer came.
    last: Time,
}

impl Tally {
    fn new(plan: &Plan, progress: &Progress) -> io::Result<Self> {
        // A nanosecond to an hour, to three digits.
        let bounds = Histogram::new_with_bounds(1, 3_600_000_000_000, 3);
        let latencies = bounds.map_err(io::Error::other)?;
        let elapsed = Duration::ZERO;
        Ok(Self {
            outcome: Outcome { sent: 0, answered: 0, wrong: 0, lost: 0, elapsed, latencies },
            progress: progress.clone(),
            settled: 0,
            begin: None,
            last: plan.duration,
        })
    }
}

/// One connection of the load.
struct Client {
    tally: Rc<RefCell<Tally>>,
    message: Vec<u8>,
    connections: usize,
    duration: Duration,
    /// This connection's first message is due so long after the beginning, and each further one so
    /// long after it. `None`: when the last was answered.
    schedule: Option<(Duration, Duration)>,
    /// When the next message is due, or when to look whether all are connected.
    due: Time,
    end: Time,
    /// When each message that is not answered was due.
    in_flight: VecDeque<Time>,
    /// Bytes of the front message's echo that have come.
    echoed: usize,
    finished: bool,
}

impl Client {
    fn new(plan: &Plan, index: usize, tally: Rc<RefCell<Tally>>) -> Self {
        let schedule = match plan.pace {
            Pace::Closed => None,
            Pace::Open { rate } => {
                let interval = Duration::from_secs_f64(1.0 / rate);
                let step = interval.mul_f64(plan.connections as f64);
                Some((interval.mul_f64(index as f64), step))
            }
        };
        // Differs by connection, so that an answer meant for another is noticed.
        let message = (0..plan.size).map(|at| (at * 31 + index * 7 + 1).to_le_bytes()[0]).collect();
        Self {
            tally,
            message,
            connections: plan.connections,
            duration: plan.duration,
            schedule,
            due: Time::ZERO,
            end: Time::MAX,
            in_flight: VecDeque::new(),
            echoed: 0,
            finished: false,
        }
    }

    /// Whether all connections are there and the load has begun; sets this one's first moment.
    fn begun(&mut self, now: Time) -> bool {
        if self.end < Time::MAX {
            return true;
        }
        let mut tally = self.tally.borrow_mut();
        if tally.settled < self.connections {
            self.due = now + Duration::from_millis(1);
            return false;
        }
        let begin = *tally.begin.get_or_insert(now);
        self.end = begin + self.duration;
        self.due = begin + self.schedule.map_or(Duration::ZERO, |(first, _)| first);
        true
    }

    /// Sends what is due.
    fn send(&mut self, cx: &mut Context<'_>) -> Next {
        if !self.begun(cx.now) {
            return Next::Continue;
        }
        while self.due <= cx.now && self.due < self.end && self.in_flight.len() < IN_FLIGHT {
            if self.schedule.is_none() && !self.in_flight.is_empty() {
                break; // Not before the answer.
            }
            cx.output.extend(&self.message);
            self.tally.borrow_mut().outcome.sent += 1;
            self.in_flight.push_back(self.due);
            if let Some((_, step)) = self.schedule {
                self.due += step;
            }
        }
        let through = self.due >= self.end || cx.now >= self.end;
        if through && (self.in_flight.is_empty() || cx.now >= self.end + PATIENCE) {
            self.finished = true;
            return Next::Close;
        }
        Next::Continue
    }

    /// Takes the echo apart into messages.
    fn echo(&mut self, bytes: &[u8], now: Time) {
        let mut tally = self.tally.borrow_mut();
        for byte in bytes {
            if self.in_flight.is_empty() || *byte != self.message[self.echoed] {
                tally.outcome.wrong += 1;
            }
            self.echoed += 1;
            if self.echoed == self.message.len() {
                self.echoed = 0;
                let Some(due) = self.in_flight.pop_front() else { continue };
                tally.outcome.answered += 1;
                let nanos = u64::try_from(now.saturating_sub(due).as_nanos()).unwrap_or(u64::MAX);
                tally.outcome.latencies.saturating_record(nanos);
                tally.last = tally.last.max(now);
                tally.progress.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

impl Session for Client {
    fn opened(&mut self, cx: &mut Context<'_>) -> Next {
        self.tally.borrow_mut().settled += 1;
        self.due = cx.now;
        self.send(cx)
    }

    fn received(&mut self, bytes: &[u8], cx: &mut Context<'_>) -> Next {
        self.echo(bytes, cx.now);
        if self.schedule.is_none() && self.in_flight.is_empty() {
            self.due = cx.now;
        }
        self.send(cx)
    }

    fn expired(&mut self, cx: &mut Context<'_>) -> Next {
        self.send(cx)
    }

    fn closed(&mut self, how: Closed) {
        let mut tally = self.tally.borrow_mut();
        if let Closed::NotConnected(_) = how {
            tally.settled += 1;
        }
        if !self.finished {
            tally.outcome.lost += 1;
        }
    }

    fn deadline(&self) -> Option<Time> {
        let waits = self.schedule.is_none() && !self.in_flight.is_empty();
        Some(if waits || self.due >= self.end || self.in_flight.len() >= IN_FLIGHT {
            self.end + if self.in_flight.is_empty() { Duration::ZERO } else { PATIENCE }
        } else {
            self.due
        })
    }
}
