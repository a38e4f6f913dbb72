//! A loop in virtual time, and moments that count how often they are looked at.

use std::cell::Cell;
use std::cmp::Ordering;
use std::collections::BTreeMap;

use harness::{Check, Mistake, Outcome};
use keep_time::Timers;

use crate::mistakes::LINEAR;

/// Connections of the loop whose costs are counted, rounds that are counted, and looks allowed
/// in each: a scan of all takes ten times as many, a tree or a heap a sixth.
pub(crate) const MANY: usize = 4_096;
const ROUNDS: usize = 256;
const LOOKS: usize = 400;
/// Steps of a long conversation that the report tells.
const TOLD: usize = 12;

thread_local! {
    static LOOKED: Cell<usize> = const { Cell::new(0) };
    static ALIVE: Cell<usize> = const { Cell::new(0) };
}

/// Milliseconds since the loop began. A comparison and a copy count as a look.
#[derive(Debug)]
pub(crate) struct Moment(usize);

impl Moment {
    pub(crate) fn new(millis: usize) -> Self {
        ALIVE.set(ALIVE.get() + 1);
        Self(millis)
    }

    /// How many there are on this thread: who keeps a moment, keeps it alive.
    pub(crate) fn alive() -> usize {
        ALIVE.get()
    }
}

impl Drop for Moment {
    fn drop(&mut self) {
        ALIVE.set(ALIVE.get() - 1);
    }
}

impl Clone for Moment {
    fn clone(&self) -> Self {
        LOOKED.set(LOOKED.get() + 1);
        Self::new(self.0)
    }
}

impl Ord for Moment {
    fn cmp(&self, other: &Self) -> Ordering {
        LOOKED.set(LOOKED.get() + 1);
        self.0.cmp(&other.0)
    }
}

impl PartialOrd for Moment {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Moment {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Moment {}

/// The answer's timers, a model of them that is plain and slow, and what was done with both.
pub(crate) struct Loop<'a> {
    c: &'a Check,
    timers: Timers<Moment>,
    model: BTreeMap<usize, usize>,
    now: usize,
    /// The last steps, where there are too many to tell.
    steps: Option<Vec<String>>,
}

impl<'a> Loop<'a> {
    pub(crate) fn new(c: &'a Check) -> Self {
        Self { c, timers: Timers::new(), model: BTreeMap::new(), now: 0, steps: None }
    }

    /// One that tells its last steps, and these only when it fails.
    pub(crate) fn quietly(c: &'a Check) -> Self {
        Self { steps: Some(Vec::new()), ..Self::new(c) }
    }

    pub(crate) fn now(&self) -> usize {
        self.now
    }

    pub(crate) fn set(&mut self, token: usize, at: usize) {
        self.step(format!("called `set` for token {token}: {at} ms"));
        self.timers.set(token, Moment::new(at));
        self.model.insert(token, at);
    }

    pub(crate) fn cancel(&mut self, token: usize) {
        self.step(format!("called `cancel` for token {token}"));
        self.timers.cancel(token);
        self.model.remove(&token);
    }

    /// Fails unless the soonest deadline is at `want`.
    pub(crate) fn next(
        &mut self,
        want: Option<usize>,
        mistake: impl Into<Option<&'static Mistake>>,
    ) -> Outcome {
        self.step("called `next_deadline`".to_owned());
        let got = self.timers.next_deadline().map(|at| at.0);
        let told = |at| match at {
            Some(at) => format!("Some({at} ms)"),
            None => "None".to_owned(),
        };
        self.ensure(got == want, mistake, told(want), || told(got))
    }

    pub(crate) fn next_of_model(&mut self) -> Outcome {
        self.next(self.model.values().min().copied(), None)
    }

    /// Fails unless just the deadlines of `want` have come at `now`, in this order.
    pub(crate) fn expires(
        &mut self,
        now: usize,
        want: &[usize],
        mistake: impl Into<Option<&'static Mistake>>,
    ) -> Outcome {
        let got = self.expired(now);
        self.model.retain(|token, _| !want.contains(token));
        self.ensure(got == want, mistake, tokens(want), || tokens(&got))
    }

    /// What `expired` returns at `now`, asked once more and not told.
    pub(crate) fn comes(&mut self, now: usize) -> Option<usize> {
        self.timers.expired(&Moment::new(now))
    }

    pub(crate) fn expires_in_any_order(&mut self, now: usize, want: &[usize]) -> Outcome {
        let mut got = self.expired(now);
        got.sort_unstable();
        self.ensure(got == want, None, tokens(want) + ", in any order", || tokens(&got))
    }

    /// Lets `millis` pass, and fails unless just what the model says has come.
    pub(crate) fn pass(&mut self, millis: usize) -> Outcome {
        self.now += millis;
        let mut want: Vec<_> = self.model.iter().filter(|(_, at)| **at <= self.now).collect();
        want.sort_by_key(|(_, at)| **at);
        let moments: Vec<usize> = want.iter().map(|(_, at)| **at).collect();
        let want: Vec<usize> = want.iter().map(|(token, _)| **token).collect();
        let got = self.expired(self.now);
        // Equal deadlines may come in any order: the moments must agree, and who they are.
        let came: Vec<_> = got.iter().filter_map(|token| self.model.remove(token)).collect();
        let same = got.len() == want.len() && came == moments;
        self.ensure(same, None, tokens(&want), || tokens(&got))
    }

    /// Fails if `step` looks at many moments, on average.
    pub(crate) fn costs(
        &mut self,
        what: &str,
        mut step: impl FnMut(&mut Timers<Moment>, usize),
    ) -> Outcome {
        self.c.did(format!("{what}, {ROUNDS} times"));
        self.c.want(format!("each time at most {LOOKS} comparisons and copies of moments"));
        let before = LOOKED.get();
        (0..ROUNDS).for_each(|round| step(&mut self.timers, round));
        let each = (LOOKED.get() - before) / ROUNDS;
        self.c.ensure(each <= LOOKS, &LINEAR, || format!("{each} each time, on average"))
    }

    /// What `expired` returns until it returns None; one that repeats itself is stopped.
    fn expired(&mut self, now: usize) -> Vec<usize> {
        self.step(format!("called `expired` at {now} ms, until it returned None"));
        let now = Moment::new(now);
        let most = self.model.len() + 3;
        std::iter::from_fn(|| self.timers.expired(&now)).take(most).collect()
    }

    fn step(&mut self, step: String) {
        match &mut self.steps {
            None => self.c.did(step),
            Some(steps) => {
                if steps.len() == TOLD {
                    steps.remove(0);
                }
                steps.push(step);
            }
        }
    }

    fn ensure(
        &mut self,
        held: bool,
        mistake: impl Into<Option<&'static Mistake>>,
        want: String,
        got: impl FnOnce() -> String,
    ) -> Outcome {
        if !held && let Some(steps) = self.steps.take() {
            self.c.did("made many calls; the last of them:");
            steps.into_iter().for_each(|step| self.c.did(step));
        }
        self.c.want(want);
        self.c.ensure(held, mistake, got)
    }
}

fn tokens(tokens: &[usize]) -> String {
    match tokens {
        [] => "None at once: no deadline has come".to_owned(),
        [token] => format!("the token {token}"),
        tokens => format!("the tokens {tokens:?}"),
    }
}
