//! Runs one check: on a thread of its own, under a watchdog, to a verdict on disk.

use std::any::type_name;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};
use std::{fs, io};

use capture::Record;

use crate::check::{Check, Outcome, Spin};
use crate::report::Report;
use crate::verdict::{self, Status, Verdict};

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
            seed: check.seed(),
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
fn leave(verdict: &Verdict, record: &Record, folder: &Path, name: &str) -> io::Result<()> {
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
        within.attribute();
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
