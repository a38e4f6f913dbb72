//! A check while it runs: what was done, what is wanted, and the report if it fails.

use std::fmt::{self, Debug};
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use capture::{FlowId, Record, Recorder, bytes};

use crate::panics::{self, Panic, Panics};
use crate::random::Random;
use crate::report::{Details, Mistake, Report};
use crate::seen::last_seen;
use crate::verdict::{self, Status};

/// What a graded test returns.
pub type Outcome<T = ()> = Result<T, Report>;

/// The payload with which a [`crate::Writer`] or [`crate::Reader`] stops an answer that asks for ever.
pub(crate) struct Spin(pub(crate) String);

/// A check while it runs: what was done, what is wanted, what would explain a failure.
///
/// Clones are handles on the same check.
#[derive(Clone)]
pub struct Check {
    recorder: Recorder,
    state: Arc<Mutex<State>>,
    panics: Panics,
    seed: u64,
    deadline: Instant,
}

#[derive(Default)]
struct State {
    did: Vec<String>,
    /// While several steps are told as one: how many steps stand before their details.
    one_step: Option<usize>,
    want: String,
    suspect: Option<&'static Mistake>,
    seen: Vec<String>,
    random_used: bool,
    /// Calls into the answer on threads of their own: how many run, and whether there was one.
    calls: Option<usize>,
    attempt: Option<Attempt>,
}

/// Where the present attempt begins, of several.
#[derive(Clone, Copy)]
struct Attempt {
    /// Steps and flows before the first attempt: they concern each.
    steps: usize,
    flows: usize,
    /// The first flow of the present one.
    first: usize,
}

impl Check {
    pub(crate) fn new(limit: Duration) -> Self {
        Self {
            recorder: Recorder::new(),
            state: Arc::default(),
            panics: panics::collect(),
            seed: Random::seed(),
            deadline: Instant::now() + limit,
        }
    }

    /// Notes a step. Steps are numbered, in the past tense, and told from the harness's side:
    /// "sent 5 bytes, one at a time".
    pub fn did(&self, step: impl Into<String>) {
        let mut state = self.lock();
        if let Some(steps) = state.one_step {
            state.did.truncate(steps);
        }
        state.did.push(step.into());
    }

    /// Tells all that `body` does as one step: "connected 40 clients". If it fails on the way, the
    /// report also has the last of its own steps.
    pub fn in_one_step<T>(
        &self,
        step: impl Into<String>,
        body: impl FnOnce() -> Outcome<T>,
    ) -> Outcome<T> {
        self.did(step);
        let (steps, around) = {
            let mut state = self.lock();
            let steps = state.did.len();
            (steps, state.one_step.replace(steps))
        };
        let outcome = body();
        let mut state = self.lock();
        // One step may be among those that are told as one.
        state.one_step = around;
        state.did.truncate(steps);
        outcome
    }

    /// Notes a step that begins one of several attempts, as in a loop over every cut of a message.
    /// Of the attempts before it, steps and wire are forgotten: a report tells the one that failed.
    pub fn attempt(&self, step: impl Into<String>) {
        let first = self.recorder.snapshot().flows.len();
        let mut state = self.lock();
        let steps = state.did.len();
        let attempt = state.attempt.get_or_insert(Attempt { steps, flows: first, first });
        attempt.first = first;
        let steps = attempt.steps;
        state.did.truncate(steps);
        state.did.push(step.into());
    }

    /// States the rule that is checked from here on, as something that can be observed.
    pub fn want(&self, rule: impl Into<String>) {
        self.lock().want = rule.into();
    }

    /// Names the mistake that it means if the answer hangs from here on, or asks for ever. (A panic
    /// says itself what it is; and where nothing crossed the wire, nothing is proved.)
    pub fn suspect(&self, mistake: impl Into<Option<&'static Mistake>>) {
        self.lock().suspect = mistake.into();
    }

    /// Notes something that the answer was seen to do, to be told if the check fails:
    /// "your `serve` returned Ok(())".
    pub fn saw(&self, what: impl Into<String>) {
        self.lock().seen.push(what.into());
    }

    /// Whether the answer has panicked, as far as this check knows. Then it is the panic that ended
    /// whatever ended.
    pub fn panicked(&self) -> bool {
        !self.panics.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Fails unless `held`. `got` says what was there instead of what is wanted.
    pub fn ensure(
        &self,
        held: bool,
        mistake: impl Into<Option<&'static Mistake>>,
        got: impl FnOnce() -> String,
    ) -> Outcome {
        if held { Ok(()) } else { Err(self.fail(mistake, got())) }
    }

    /// Fails unless `got` is `want`, and shows where they part.
    pub fn same_bytes(
        &self,
        want: &[u8],
        got: &[u8],
        mistake: impl Into<Option<&'static Mistake>>,
    ) -> Outcome {
        match difference(want, got) {
            None => Ok(()),
            Some(drawing) => Err(self.fail(mistake, drawing)),
        }
    }

    /// Takes the value out of an answer's result; `call` is what was called, such as "`decode`".
    pub fn ok<T, E: Debug>(
        &self,
        call: &str,
        result: Result<T, E>,
        mistake: impl Into<Option<&'static Mistake>>,
    ) -> Outcome<T> {
        result.map_err(|error| self.fail(mistake, format!("{call} returned Err({error:?})")))
    }

    /// A failure, to be returned: `return Err(c.fail(&MISTAKE, "…"))`.
    pub fn fail(
        &self,
        mistake: impl Into<Option<&'static Mistake>>,
        got: impl Into<String>,
    ) -> Report {
        self.report(Status::Failed, mistake.into(), got.into())
    }

    /// Ends the check without a verdict on the answer: this machine lacks what it needs.
    pub fn skip(&self, reason: impl Into<String>) -> Report {
        self.report(Status::Skipped, None, reason.into())
    }

    /// Stops an answer that asks for ever, from within a stream that a test wrote itself: unwinds back
    /// to the check, which reports `said` and the suspected mistake.
    pub fn stop(&self, said: impl Into<String>) -> ! {
        resume_unwind(Box::new(Spin(said.into())))
    }

    /// A generator of this check's random bytes. The report will print its seed.
    pub fn random(&self) -> Random {
        self.lock().random_used = true;
        Random::new(self.seed)
    }

    /// What the check's taps record on, and its wire is drawn from.
    pub fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// How long the check may still run.
    pub fn time_left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Runs part of the check, or the answer, on a thread of its own. If the answer panics there,
    /// the report says so.
    pub fn spawn<T: Send + 'static>(
        &self,
        body: impl FnOnce() -> T + Send + 'static,
    ) -> thread::JoinHandle<T> {
        let panics = self.panics.clone();
        thread::spawn(move || {
            panics::attribute(&panics);
            body()
        })
    }

    /// How many steps have been told.
    pub(crate) fn steps(&self) -> usize {
        self.lock().did.len()
    }

    /// Takes back the steps after the first `count`.
    pub(crate) fn forget_steps(&self, count: usize) {
        self.lock().did.truncate(count);
    }

    /// Takes back what was seen: the script says it in words of its own.
    pub(crate) fn forget(&self, what: &str) {
        let mut state = self.lock();
        if let Some(at) = state.seen.iter().rposition(|seen| seen == what) {
            state.seen.remove(at);
        }
    }

    /// The number that its random bytes are made from.
    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    /// From here on a panic of the calling thread is the answer's, and this check tells it.
    pub(crate) fn attribute(&self) {
        panics::attribute(&self.panics);
    }

    /// Counts a call into the answer that began (1) or ended (-1).
    pub(crate) fn calls(&self, change: isize) {
        let mut state = self.lock();
        state.calls = Some(state.calls.unwrap_or(0).saturating_add_signed(change));
    }

    /// Whether every call into the answer has ended, and there was one.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.lock().calls == Some(0)
    }

    /// What was recorded, without the attempts before the present one.
    pub(crate) fn wire(&self) -> Record {
        let record = self.recorder.snapshot();
        let Some(attempt) = self.lock().attempt else { return record };
        let present = attempt.first..record.flows.len();
        record.only(&(0..attempt.flows).chain(present).map(FlowId).collect::<Vec<_>>())
    }

    fn report(&self, status: Status, mistake: Option<&'static Mistake>, got: String) -> Report {
        if status == Status::Failed {
            // An answer that gives up drops its stream, which a peer sees, just before it returns.
            thread::sleep(Duration::from_millis(5));
        }
        let panics = self.panics.lock().unwrap_or_else(PoisonError::into_inner);
        let panics: Vec<String> = panics.iter().take(3).map(Panic::told).collect();
        let state = self.lock();
        Report(Box::new(Details {
            status,
            task: task(),
            did: state.did.clone(),
            want: state.want.clone(),
            got,
            seen: panics.into_iter().chain(state.seen.iter().cloned()).collect(),
            mistake,
            seed: state.random_used.then_some(self.seed),
        }))
    }

    /// The body ended in a panic: of the answer, or of ours to stop it.
    pub(crate) fn interrupted(&self, spin: Option<&Spin>) -> Report {
        match spin {
            Some(Spin(said)) => {
                let suspect = self.lock().suspect;
                self.fail(suspect, said)
            }
            None => self.fail(None, ""),
        }
    }

    /// The body did not end.
    pub(crate) fn hung(&self, limit: Duration) -> Report {
        let wire = self.wire();
        let suspect = self.lock().suspect.filter(|_| !wire.events.is_empty());
        let seen = self.last_seen();
        self.fail(suspect, format!("not done after {:.1} s; {seen}", limit.as_secs_f32()))
    }

    /// What the wire shows of an answer that does nothing more.
    pub(crate) fn last_seen(&self) -> String {
        last_seen(&self.wire(), self.recorder.now())
    }

    /// Tells an answer that is not written yet from one that is wrong.
    pub(crate) fn complete(&self, report: &mut Details) {
        let panics = self.panics.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(todo) = panics.iter().find(|panic| panic.is_todo()) {
            report.status = Status::NotStarted;
            report.mistake = None;
            report.got.clone_from(&todo.place);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check").finish_non_exhaustive()
    }
}

/// How `got` differs from `want`: how much there is of each, and where they part.
pub(crate) fn difference(want: &[u8], got: &[u8]) -> Option<String> {
    let drawing = bytes::compare(want, got)?.drawing;
    Some(format!("{} where {}:\n{drawing}", bytes::count(got.len()), wanted(want.len())))
}

/// "5 are wanted".
pub(crate) fn wanted(count: usize) -> String {
    match count {
        0 => "none is wanted".to_owned(),
        1 => "1 is wanted".to_owned(),
        _ => format!("{count} are wanted"),
    }
}

/// The exercise that this test program grades, from the name of its records' folder.
fn task() -> String {
    let folder = verdict::folder().unwrap_or_default();
    folder.file_name().map_or(String::new(), |name| name.to_string_lossy().into_owned())
}
