//! One attempt at an exercise: compile it, run its checks, and judge what they left behind.
//!
//! The judgement rests on verdicts, never on the exit code: an answer that calls `exit(0)` ends
//! its test program with a success that nobody measured. Each `#[test]` of the graded test must
//! leave a verdict; one that left none, or only that it started, has failed.

use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io, process};

use anyhow::{Context, Result};
use harness::verdict::{Status, Verdict};

use crate::compile::{self, Compiled};
use crate::program::{self, End, Output, Ran};
use crate::screen::{Screen, visible};
use crate::workspace::{Exercise, Workspace};

/// How long a test program may run. The harness's own watchdogs speak long before.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

/// An attempt, judged.
#[derive(Debug)]
pub(crate) enum Attempt {
    /// The test program ran.
    Ran(Judged),
    /// The answer does not compile: rustc's words.
    Refused { diagnostics: Vec<String>, only_the_test: bool },
    /// The grader failed, not the answer.
    Fault(String),
}

/// A test program that ran, check by check.
#[derive(Debug)]
pub(crate) struct Judged {
    /// In the order of the graded test's source.
    pub(crate) checks: Vec<Check>,
    pub(crate) took: Duration,
    /// How the program ended, where that is a failure of its own.
    pub(crate) broken: Option<String>,
    /// What it last said to standard error, if it ended so.
    pub(crate) last_words: String,
    /// rustc's warnings about the answer.
    pub(crate) warnings: Vec<String>,
    /// Bytes that the program printed and that were not kept.
    pub(crate) cut: usize,
}

/// One check of an exercise.
#[derive(Debug, Clone)]
pub(crate) struct Check {
    pub(crate) name: String,
    pub(crate) outcome: Outcome,
    /// What the answer printed meanwhile, as far as the test program can tell.
    pub(crate) printed: String,
    pub(crate) millis: u64,
}

/// How a check ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    Passed,
    /// With the report, and the mistake that it names.
    Failed {
        report: String,
        mistake: Option<String>,
    },
    /// The answer is still a `todo!()` here.
    NotStarted,
    /// The machine lacks what this says.
    Skipped(String),
    /// The check never reported; this says why.
    Cut(String),
}

/// The whole attempt in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Summary {
    Passed,
    /// Nothing could be checked on this machine.
    Skipped,
    NotStarted,
    Failed,
    DoesNotCompile,
    /// Its time was up, it crashed, or it ended the program before the checks did.
    Broken,
    /// The grader's own fault.
    Fault,
}

impl Attempt {
    /// Compiles and runs the checks of `exercise`.
    pub(crate) fn make(exercise: &Exercise, screen: &Screen, limit: Duration) -> Result<Self> {
        match compile::compile(exercise, screen)? {
            Compiled::Refused { diagnostics, only_the_test } => {
                Ok(Self::Refused { diagnostics, only_the_test })
            }
            Compiled::Fault(words) => Ok(Self::Fault(words)),
            Compiled::Program { path, warnings } => {
                let spinner = screen.spinner(format!("checking {}", exercise.task));
                let judged = run(&path, exercise, limit);
                spinner.finish_and_clear();
                Ok(Self::Ran(Judged { warnings, ..judged? }))
            }
        }
    }

    pub(crate) fn summary(&self) -> Summary {
        match self {
            Self::Ran(judged) => judged.summary(),
            Self::Refused { .. } => Summary::DoesNotCompile,
            Self::Fault(_) => Summary::Fault,
        }
    }
}

impl Judged {
    pub(crate) fn summary(&self) -> Summary {
        let any = |wanted: fn(&Outcome) -> bool| self.checks.iter().any(|c| wanted(&c.outcome));
        let passed = any(|outcome| *outcome == Outcome::Passed);
        let failed = any(|outcome| matches!(outcome, Outcome::Failed { .. } | Outcome::Cut(_)));
        let not_started = any(|outcome| *outcome == Outcome::NotStarted);
        match () {
            () if self.broken.is_some() => Summary::Broken,
            () if self.checks.is_empty() => Summary::Fault,
            () if not_started && !passed && !failed => Summary::NotStarted,
            () if failed || not_started => Summary::Failed,
            () if passed => Summary::Passed,
            () => Summary::Skipped,
        }
    }

    /// How many checks passed.
    pub(crate) fn passed(&self) -> usize {
        self.checks.iter().filter(|check| check.outcome == Outcome::Passed).count()
    }

    /// The first check that did not pass, in the order of the source.
    pub(crate) fn first_failing(&self) -> Option<&Check> {
        self.checks
            .iter()
            .find(|c| matches!(c.outcome, Outcome::Failed { .. } | Outcome::Cut(_)))
            .or_else(|| self.checks.iter().find(|c| c.outcome == Outcome::NotStarted))
    }
}

/// Where the verdicts and the recorded exchanges of `exercise` lie, here and under plain
/// `cargo test`: see `harness::verdict::folder`.
pub(crate) fn records(workspace: &Workspace, exercise: &Exercise) -> PathBuf {
    workspace.target().join("course/records").join(&exercise.task)
}

/// Runs a test program of `exercise`, and judges.
fn run(program: &Path, exercise: &Exercise, limit: Duration) -> Result<Judged> {
    // target/debug/deps/read_lines-0123456789abcdef
    let target = program.ancestors().nth(3).context("a test program lies in target/debug/deps")?;
    // A folder of its own while it runs: a `watch` may be checking the same exercise.
    let own = target.join("course/running").join(process::id().to_string());
    let records = own.join(&exercise.task);
    let judged = run_at(program, &exercise.dir(), &records, &exercise.checks()?, limit, None)?;
    let last = target.join("course/records").join(&exercise.task);
    // Two that end at the same moment: either is the last.
    let _ = empty(&last).and_then(|()| fs::rename(&records, &last));
    let _ = fs::remove_dir_all(&own);
    Ok(judged)
}

/// Runs a test program in `folder` with its verdicts in `records`, and judges its `checks`. With a
/// `seed` its random bytes are the same each time.
pub(crate) fn run_at(
    program: &Path,
    folder: &Path,
    records: &Path,
    checks: &[String],
    limit: Duration,
    seed: Option<u64>,
) -> Result<Judged> {
    empty(records).with_context(|| format!("cleaning {}", records.display()))?;
    let ran = program::run(program, folder, records, limit, seed)
        .with_context(|| format!("running {}", program.display()))?;
    Ok(judge(&ran, records, checks))
}

fn empty(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::create_dir_all(folder)
}

fn judge(ran: &Ran, records: &Path, checks: &[String]) -> Judged {
    // libtest prints this line when every check has ended, and not before.
    let result = "\ntest result: ";
    let reached_the_end = ran.stdout.head.contains(result) || ran.stdout.tail.contains(result);
    let checks: Vec<Check> = checks
        .iter()
        .map(|name| {
            let printed = printed_by(name, &ran.stdout.head);
            let (outcome, millis) = match Verdict::load(records, name) {
                Ok(Some(Verdict { status: Status::Started, .. })) => {
                    (Outcome::Cut(cut_off(ran.end, reached_the_end, true)), 0)
                }
                Ok(Some(verdict)) => (outcome_of(&verdict), verdict.millis),
                Ok(None) => (Outcome::Cut(cut_off(ran.end, reached_the_end, false)), 0),
                Err(error) => (Outcome::Cut(format!("its verdict cannot be read: {error}")), 0),
            };
            Check { name: name.clone(), outcome, printed, millis }
        })
        .collect();
    let broken = broken(ran.end, &checks, reached_the_end);
    let last_words = if broken.is_some() { last_words(&ran.stderr) } else { String::new() };
    let cut = ran.stdout.cut + ran.stderr.cut;
    Judged { checks, took: ran.took, broken, last_words, warnings: Vec::new(), cut }
}

/// The last few lines: "thread … has overflowed its stack", "memory allocation … failed".
fn last_words(stderr: &Output) -> String {
    const LINES: usize = 4;
    let text = format!("{}{}", stderr.head, stderr.tail);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    visible(&lines[lines.len().saturating_sub(LINES)..].join("\n"))
}

fn outcome_of(verdict: &Verdict) -> Outcome {
    let report = visible(verdict.report.trim_end());
    match verdict.status {
        Status::Passed => Outcome::Passed,
        Status::Failed => Outcome::Failed { report, mistake: verdict.mistake.clone() },
        Status::NotStarted => Outcome::NotStarted,
        Status::Skipped => Outcome::Skipped(report),
        Status::Started => unreachable!("a check that only started is judged by its program's end"),
    }
}

/// Why a check has no verdict.
fn cut_off(end: End, reached_the_end: bool, started: bool) -> String {
    match (end, started) {
        (End::TimedOut(limit), true) => {
            format!("It was still running after {} s, and was stopped.", limit.as_secs())
        }
        (End::TimedOut(limit), false) => {
            format!("It never began: after {} s the program was stopped.", limit.as_secs())
        }
        (End::Signalled(signal), _) => {
            format!("The program was ended by {} before the check reported.", signal_name(signal))
        }
        (End::Exited(_), true) if reached_the_end => {
            "The check itself panicked before it could report.".to_owned()
        }
        (End::Exited(_), false) if reached_the_end => "It ran, and left no verdict.".to_owned(),
        (End::Exited(code), _) => {
            format!("Your answer ended the program (exit code {code}) before the check reported.")
        }
    }
}

/// What is wrong with how the program ended, whatever its checks say.
fn broken(end: End, checks: &[Check], reached_the_end: bool) -> Option<String> {
    let any_cut = checks.iter().any(|check| matches!(check.outcome, Outcome::Cut(_)));
    let any_failed =
        checks.iter().any(|c| !matches!(c.outcome, Outcome::Passed | Outcome::Skipped(_)));
    match end {
        End::TimedOut(limit) => Some(format!(
            "It ran for {} s and was stopped, with everything that it had started.",
            limit.as_secs()
        )),
        End::Signalled(signal) => Some(format!("It was ended by {}.", signal_name(signal))),
        End::Exited(code) if any_cut && !reached_the_end => {
            Some(format!("It ended by itself, with exit code {code}, before its checks had."))
        }
        End::Exited(code) if code != 0 && !any_failed => {
            Some(format!("Every check reported, and then it ended with exit code {code}."))
        }
        End::Exited(_) => None,
    }
}

fn signal_name(signal: i32) -> String {
    let name = match signal {
        4 => "SIGILL",
        6 => "SIGABRT: abort(), the stack ran over, or no memory was left",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV: memory was used that is not there",
        13 => "SIGPIPE",
        15 => "SIGTERM",
        _ => return format!("signal {signal}"),
    };
    format!("signal {signal} ({name})")
}

/// What libtest caught of the output of a failed check, without the report at its end.
fn printed_by(check: &str, stdout: &str) -> String {
    let Some((_, rest)) = stdout.split_once(&format!("\n---- {check} stdout ----\n")) else {
        return String::new();
    };
    let end = ["\nError: ", "\n---- ", "\nfailures:\n"];
    let own = format!("\n{rest}");
    let cut = end.iter().filter_map(|mark| own.find(mark)).min().unwrap_or(own.len());
    visible(own[..cut].trim_matches('\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(outcome: Outcome) -> Check {
        Check { name: "c".into(), outcome, printed: String::new(), millis: 0 }
    }

    fn summary(outcomes: &[Outcome]) -> Summary {
        let checks = outcomes.iter().cloned().map(check).collect();
        let took = Duration::ZERO;
        Judged { checks, took, broken: None, last_words: String::new(), warnings: vec![], cut: 0 }
            .summary()
    }

    #[test]
    fn an_exercise_passes_if_a_check_passed_and_none_failed() {
        let skipped = Outcome::Skipped("no IPv6".into());
        let cut = Outcome::Cut("gone".into());
        assert_eq!(summary(&[Outcome::Passed, skipped.clone()]), Summary::Passed);
        assert_eq!(summary(std::slice::from_ref(&skipped)), Summary::Skipped);
        assert_eq!(summary(&[Outcome::NotStarted, skipped]), Summary::NotStarted);
        assert_eq!(summary(&[Outcome::NotStarted, Outcome::Passed]), Summary::Failed);
        assert_eq!(summary(&[Outcome::Passed, cut]), Summary::Failed);
        assert_eq!(summary(&[]), Summary::Fault);
    }

    #[test]
    fn an_early_end_breaks_the_program_and_names_its_code() {
        let checks = [check(Outcome::Cut(cut_off(End::Exited(0), false, true)))];
        let Outcome::Cut(why) = &checks[0].outcome else { panic!("not cut") };
        assert_eq!(why, "Your answer ended the program (exit code 0) before the check reported.");
        assert!(broken(End::Exited(0), &checks, false).is_some());
        assert!(broken(End::Exited(101), &checks, true).is_none());
    }

    #[test]
    fn what_the_answer_printed_is_parted_from_the_report() {
        let stdout = "test a ... FAILED\n\nfailures:\n\n---- a stdout ----\nread 3\nread 4\n\
                      Error: did 1. sent\n\n---- b stdout ----\nError: x\n\nfailures:\n    a\n";
        assert_eq!(printed_by("a", stdout), "read 3\nread 4");
        assert_eq!(printed_by("b", stdout), "");
        assert_eq!(printed_by("c", stdout), "");
    }
}
