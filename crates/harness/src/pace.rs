//! How the answer's thread spends its time over something that is not there.
//!
//! Sleeps and work are counted, so that the machine's load does not matter: between two sleeps a
//! thread that waits works for microseconds, and one that spins for all that it can get. Only Linux
//! counts them; elsewhere a spin looks like a wait.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::check::Outcome;
use crate::effort::{Effort, Spent};
use crate::peer::Peer;
use crate::running::Running;

/// What an answer does about something that is not there. See [`Running::pace`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// It returned, or panicked.
    Ended,
    /// It asks again and again.
    Spins,
    /// It goes to sleep in between.
    Waits,
}

/// Between two looks at how the answer spends its time.
const LOOK: Duration = Duration::from_millis(5);
/// For a thread that is awake and has had no processor: so long it may be waited for, to see what it does.
const OVERTIME: Duration = Duration::from_secs(1);
/// How long to watch an answer that finds no descriptor.
const SHORTAGE: Duration = Duration::from_millis(300);
/// A thread that sleeps so long without a break has found what it asked for.
const CONTENT: Duration = Duration::from_millis(20);
/// So many clients at most come to an answer that has found a descriptor.
const CLIENTS: usize = 4;

impl<T, E> Running<T, E> {
    /// Watches for at most `limit` what the answer's thread does about something that is not there:
    /// gives up, asks for it again and again, or waits in between.
    pub fn pace(&self, limit: Duration) -> Pace {
        self.pace_unless_content(limit, limit).unwrap_or(Pace::Waits)
    }

    /// Watches what the answer's thread does about an `accept` that finds no descriptor. Returns a
    /// client that is connected to `address` and that perhaps nobody could accept; by then there are
    /// descriptors again. As [`use_up_descriptors`](crate::Check::use_up_descriptors), it must be alone.
    pub fn pace_without_descriptors(&self, address: SocketAddr) -> Outcome<(Peer, Pace)> {
        let mut hoard = self.check.use_up_descriptors()?;
        hoard.give_back(1);
        let client = self.check.connect("client", address)?; // It takes the last descriptor.
        let (mut others, steps) = (Vec::new(), self.check.steps());
        // Linux reserves a descriptor for an `accept` that waits, so this client may be accepted, and
        // if one of another check came free meanwhile, the next `accept` waits as well. Then it is
        // for the next client that there is none.
        let pace = loop {
            match self.pace_unless_content(SHORTAGE, CONTENT) {
                None if others.len() + 1 < CLIENTS => {
                    hoard.take();
                    hoard.give_back(1);
                    others.push(self.check.connect("client", address)?);
                    self.check.forget_steps(steps);
                }
                pace => break pace.unwrap_or(Pace::Waits),
            }
        };
        drop(hoard);
        self.check.did("waited a little, then gave the descriptors back");
        Ok((client, pace))
    }

    /// Whether the answer's thread sleeps for all of `limit`: it neither works nor wakes to look
    /// around. Elsewhere than on Linux it always does.
    pub fn stays_asleep(&self, limit: Duration) -> bool {
        /// It may be on its way to sleep still.
        const SLEEPS: u64 = 2;
        const WORK: u64 = 2_000_000;
        let before = self.spent();
        self.ends_within(limit);
        let last = Instant::now() + OVERTIME;
        while let (Some(before), Some(now)) = (before, self.spent()) {
            if now.sleeps - before.sleeps > SLEEPS || now.cpu - before.cpu > WORK {
                return false;
            }
            if now.asleep || Instant::now() >= last {
                return now.asleep;
            }
            self.ends_within(LOOK);
        }
        true
    }

    /// `None`: for all of `content` it slept without a break, or nobody counts.
    fn pace_unless_content(&self, limit: Duration, content: Duration) -> Option<Pace> {
        /// So many sleeps, and it waits: a thread that has found what it asks for goes to sleep once.
        const SLEEPS: u64 = 3;
        /// Nanoseconds of work between two sleeps that are too much for a wait.
        const STRETCH: u64 = 5_000_000;
        let (deadline, last) = (Instant::now() + limit, Instant::now() + limit + OVERTIME);
        let before = self.spent();
        let (mut asleep_since, mut slept) = (Instant::now(), 0);
        while !self.ends_within(LOOK) {
            let mut awake = false;
            if let (Some(before), Some(now)) = (before, self.spent()) {
                let sleeps = now.sleeps - before.sleeps;
                if (now.cpu - before.cpu) / (sleeps + 1) > STRETCH {
                    return Some(Pace::Spins);
                }
                if sleeps >= SLEEPS {
                    return Some(Pace::Waits);
                }
                awake = !now.asleep;
                if awake || sleeps != slept {
                    (asleep_since, slept) = (Instant::now(), sleeps);
                }
            }
            let all = if awake { last } else { deadline };
            if Instant::now() >= all || (!awake && asleep_since.elapsed() >= content) {
                return None;
            }
        }
        Some(Pace::Ended)
    }

    /// What the answer's thread has spent until now; `None` where nobody counts.
    fn spent(&self) -> Option<Spent> {
        self.effort.as_ref().and_then(Effort::spent)
    }
}
