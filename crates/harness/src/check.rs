//! Runs one check: on a thread of its own, under a watchdog, to a verdict on disk.

use std::any::type_name;
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};
use std::{fs, io};

use capture::{FlowId, Record, Recorder, bytes};

use crate::panics::{self, Panic, Panics};
use crate::random::Random;
use crate::report::{Details, Mistake, Report};
use crate::seen::last_seen;
use crate::verdict::{self, Status, Verdict};

/// What a graded test returns.
pub type Outcome<T = ()> = Result<T, Report>;

/// How long a check may take, unless it says otherwise. Ample on loopback; short enough to wait for.
const LIMIT: Duration = Duration::from_secs(3);

/// Runs a check within three seconds. Call it from a `#[test]` that returns [`Outcome`], as its only
/// expression: the check takes its name from the function around the closure.
///
/// ```no_run
/// # use harness::{check, Outcome};
/// # fn answer() -> u8 { 42 }
/// #[test]
/// fn the_answer_is_right() -> Outcome {
///     check(|c| {
///         c.did("called `answer`");
///         c.want("42");
///         let got = answer();
///         c.ensure(got == 42, None, || format!("{got}"))
///     })
/// }
/// ```
pub fn check<F>(body: F) -> Outcome
where
    F: FnOnce(&Check) -> Outcome + Send + 'static,
{
    check_within(LIMIT, body)
}

/// Runs a check within `limit`, which includes whatever the answer waits for.
pub fn check_within<F>(limit: Duration, body: F) -> Outcome
where
    F: FnOnce(&Check) -> Outcome + Send + 'static,
{
    let _company = ALONE.read().unwrap_or_else(PoisonError::into_inner);
    run(limit, body)
}

/// Runs a check while no other runs: for what concerns the whole process.
pub fn check_alone<F>(body: F) -> Outcome
where
    F: FnOnce(&Check) -> Outcome + Send + 'static,
{
    let _alone = ALONE.write().unwrap_or_else(PoisonError::into_inner);
    run(LIMIT, body)
}

/// Held for reading by each check, for writing by one that must be alone.
static ALONE: RwLock<()> = RwLock::new(());

fn run<F>(limit: Duration, body: F) -> Outcome
where
    F: FnOnce(&Check) -> Outcome + Send + 'static,
{
    let check = Check::new(limit);
    let name = name_of::<F>();
    let folder = verdict::folder();
    let start = Instant::now();
    let save = |status, report: Option<&Report>| {
        let verdict = Verdict {
            status,
            mistake: report.and_then(Report::mistake).map(str::to_owned),
            seed: check.seed,
            millis: u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
            report: report.map(ToString::to_string).unwrap_or_default(),
        };
        if let Some(folder) = &folder
            && let Err(error) = leave(&verdict, &check.wire(), folder, name)
        {
            eprintln!("the verdict of {name} could not be kept in {}: {error}", folder.display());
        }
    };

    save(Status::Started, None);
    let outcome = watch(&check, limit, body);
    match &outcome {
        Ok(()) => save(Status::Passed, None),
        Err(report) => save(report.0.status, Some(report)),
    }
    match outcome {
        Err(report) if report.0.status == Status::Skipped => {
            print!("{report}");
            Ok(())
        }
        outcome => outcome,
    }
}

/// Writes what a check leaves: its wire, then its verdict.
fn leave(
    verdict: &Verdict,
    record: &Record,
    folder: &std::path::Path,
    name: &str,
) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    if verdict.status != Status::Started {
        fs::write(folder.join(format!("{name}.wire")), record.to_text())?;
    }
    verdict.save(folder, name)
}

/// Runs `body` on its own thread and waits for it no longer than `limit`.
fn watch<F>(check: &Check, limit: Duration, body: F) -> Outcome
where
    F: FnOnce(&Check) -> Outcome + Send + 'static,
{
    let (done, finished) = mpsc::channel();
    let within = check.clone();
    thread::spawn(move || {
        panics::attribute(&within.panics);
        let outcome = catch_unwind(AssertUnwindSafe(|| body(&within)));
        let _ = done.send(outcome); // Nobody listens any more if the watchdog was first.
    });
    // A hanging thread cannot be stopped from outside; it ends with the test program.
    let mut outcome = match finished.recv_timeout(limit) {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(payload)) => Err(check.interrupted(payload.downcast_ref::<Spin>())),
        Err(RecvTimeoutError::Timeout) => Err(check.hung(limit)),
        Err(RecvTimeoutError::Disconnected) => Err(check.interrupted(None)),
    };
    if let Err(report) = &mut outcome
        && report.0.status == Status::Failed
    {
        check.complete(&mut report.0);
    }
    outcome
}

/// `crate::the_test::{{closure}}` → `the_test`.
///
/// The form of a type's name is not guaranteed, only *seen today*; the course's own tests would
/// notice a change at once, since no expected check would report.
fn name_of<F>() -> &'static str {
    let name = type_name::<F>();
    let name = name.strip_suffix("::{{closure}}").unwrap_or(name);
    name.rsplit("::").next().unwrap_or(name)
}

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
    fn new(limit: Duration) -> Self {
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

    /// Takes back what was seen: the script says it in words of its own.
    pub(crate) fn forget(&self, what: &str) {
        let mut state = self.lock();
        if let Some(at) = state.seen.iter().rposition(|seen| seen == what) {
            state.seen.remove(at);
        }
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
    fn wire(&self) -> Record {
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
    fn interrupted(&self, spin: Option<&Spin>) -> Report {
        match spin {
            Some(Spin(said)) => {
                let suspect = self.lock().suspect;
                self.fail(suspect, said)
            }
            None => self.fail(None, ""),
        }
    }

    /// The body did not end.
    fn hung(&self, limit: Duration) -> Report {
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
    fn complete(&self, report: &mut Details) {
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
