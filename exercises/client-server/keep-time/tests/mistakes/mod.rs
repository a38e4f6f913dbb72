//! The mistakes that the graded test knows by name.

use harness::Mistake;

pub(crate) const EARLY: Mistake = Mistake {
    name: "fires-early",
    why: "`poll` returned for another reason, and the soonest timer was taken for one that has come; only the clock says so",
    spec: "poll(2), DESCRIPTION: it returns when a descriptor is ready, a signal comes, or the time is over",
};
pub(crate) const SPINS: Mistake = Mistake {
    name: "spins-at-the-deadline",
    why: "at its moment a deadline has come; if not, `poll` is called with no time to wait, again and again, until the clock moves",
    spec: "poll(2), DESCRIPTION: a timeout of zero returns at once",
};
pub(crate) const MOVED: Mistake = Mistake {
    name: "moved-timer-fires",
    why: "the deadline had moved, and its old moment came all the same",
    spec: "the task: `set` takes the place of the token's last deadline",
};
pub(crate) const STALE: Mistake = Mistake {
    name: "stale-timer",
    why: "the timer outlived its connection, and fires for whoever has its token next",
    spec: "the task: `cancel` takes the deadline away; open(2): the lowest free descriptor is used again",
};
pub(crate) const ONE_A_MESSAGE: Mistake = Mistake {
    name: "one-timer-a-message",
    why: "each message left a timer behind that nobody needs, until its moment comes: memory grows with the traffic",
    spec: "the task: `set` must not leave anything behind",
};
pub(crate) const LINEAR: Mistake = Mistake {
    name: "linear-scan",
    why: "every deadline was looked at to find one: each message costs as much as there are connections",
    spec: "std::collections: BTreeSet, BinaryHeap and their costs",
};
