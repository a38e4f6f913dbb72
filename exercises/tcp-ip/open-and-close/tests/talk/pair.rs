//! Two of the answer's connections, and a wire between them that is as slow as it likes.

use std::collections::VecDeque;

use harness::{Check, Outcome, Random};
use open_and_close::{Connection, Segment, State};

use super::{IRS, ISS, told};

/// Segments that two ends may need to open and close, at most; they need eight at least.
const MOST: usize = 20;
/// Turns until nothing can be left to do, however they fall.
const TURNS: usize = 400;

pub(crate) struct Pair<'a> {
    c: &'a Check,
    ends: [Connection; 2],
    /// What each end has sent and the other has not heard.
    wire: [VecDeque<Segment>; 2],
    sent: usize,
}

impl<'a> Pair<'a> {
    /// Both ask at once.
    pub(crate) fn both_connect(c: &'a Check) -> Self {
        let ((one, ours), (other, theirs)) = (Connection::connect(ISS), Connection::connect(IRS));
        Self { c, ends: [one, other], wire: [[ours].into(), [theirs].into()], sent: 2 }
    }

    /// One asks, the other listens.
    pub(crate) fn one_listens(c: &'a Check) -> Self {
        let (one, ours) = Connection::connect(ISS);
        let ends = [one, Connection::listen(IRS)];
        Self { c, ends, wire: [[ours].into(), VecDeque::new()], sent: 1 }
    }

    /// Opens and closes, in any order of events; fails unless both ends agree that it is over.
    pub(crate) fn live(&mut self, random: &mut Random) -> Outcome {
        self.c.want(format!("both in TIME-WAIT or CLOSED, after at most {MOST} segments"));
        for _ in 0..TURNS {
            self.turn(random.below(2));
            self.c.ensure(self.sent <= MOST, None, || "still more segments".to_owned())?;
        }
        let states = [0, 1].map(|end| self.ends[end].state());
        let over = |state: &State| matches!(state, State::TimeWait | State::Closed);
        let apart = states == [State::Closed; 2];
        self.c.ensure(states.iter().all(over) && !apart, None, || format!("{states:?}"))
    }

    /// One segment arrives, or one end closes.
    fn turn(&mut self, from: usize) {
        let heard = self.wire[from].pop_front();
        let (end, answer) = match heard {
            Some(segment) => {
                self.c.did(format!("{} {}", ["──►", "◄──"][from], told(&segment)));
                (1 - from, self.ends[1 - from].arrives(&segment))
            }
            None => match self.ends[from].state() {
                State::Established | State::CloseWait => (from, self.ends[from].close()),
                _ => return,
            },
        };
        self.sent += usize::from(answer.is_some());
        self.wire[end].extend(answer);
    }
}
