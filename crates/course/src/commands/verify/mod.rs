//! `cargo course verify`: the grader is graded. The authors' proofs, exercise by exercise.
//!
//! 1. The starter compiles without a warning, and each of its checks says that it is not started; of
//!    a starter that is a program to be repaired, each names a mistake.
//! 2. The solution passes, as often as is asked, under load if that is asked.
//! 3. Each wrong answer fails, and the first failing check names the mistake that it was made for.
//! 4. READMEs, mistakes' pages and the book have their shape, and nothing in them points nowhere.

mod book;
mod figure;
mod mirror;
mod proof;
mod shape;
mod shown;
mod subject;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use std::{fs, thread};

use anyhow::{Context, Result};
use clap::Args;

use crate::commands::check::choose;
use crate::derive;
use crate::screen::{Screen, count};
use crate::workspace::{Exercise, Workspace};
use crate::{Code, interrupt};
use mirror::{Built, Mirror};
use proof::Proof;
use subject::{Kind, Subject};

/// The seed of the run that the book's fragments are drawn from.
const SEED: u64 = 0x5eed;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Exercises or chapters; none: all, and the book
    #[arg(value_name = "TASK|CHAPTER")]
    names: Vec<String>,
    /// Run each solution this often
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    times: u32,
    /// Run each wrong answer this often; 0 leaves them out
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(..=10_000))]
    times_wrong: u32,
    /// Run many at once, two programs of eight checks for each processor
    #[arg(long)]
    load: bool,
    /// Write the reports of the wrong answers into the book, and what the README shows
    #[arg(long)]
    bless: bool,
    /// Build and run nothing: only check the READMEs, the mistakes' pages and the book
    #[arg(long, conflicts_with_all = ["times", "times_wrong", "load"])]
    texts: bool,
}

impl Options {
    /// How many programs run at the same time. Each runs eight checks at a time (.cargo/config.toml).
    fn at_a_time(&self) -> usize {
        let cores = thread::available_parallelism().map_or(2, usize::from);
        match self {
            Self { bless: true, .. } => cores,
            Self { load: true, .. } => cores * 2,
            // Most are wrong answers, and those wait for what never comes.
            _ => cores * 4,
        }
    }
}

/// The proofs of one subject, by the number of the run.
type Runs = BTreeMap<usize, Result<Proof>>;

/// One run of one subject.
#[derive(Clone, Copy)]
struct Job {
    subject: usize,
    run: usize,
}

pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<Code> {
    let screen = Screen::of_stdout();
    let started = Instant::now();
    let all = options.names.is_empty();
    let Some(chosen) = choose(workspace, &options.names, all)? else {
        return Ok(Code::Usage);
    };
    interrupt::handle(None).context("preparing for Ctrl-C")?;
    let mut problems: Vec<String> = Vec::new();
    let solved: Vec<&Exercise> = chosen
        .into_iter()
        .filter(|e| derive::solved(workspace).any(|s| s.task == e.task))
        .collect();
    for exercise in &solved {
        problems.extend(shape::exercise(workspace, exercise));
    }
    if all {
        problems.extend(shape::course(workspace));
    }
    if !options.texts {
        problems.extend(prove(workspace, &solved, options, &screen)?);
    }
    if all {
        // After the proofs, which may have written figures.
        problems.extend(book::check(workspace));
        problems.extend(shown::check(workspace, options.bless)?);
    }
    for problem in &problems {
        println!("{} {problem}\n", screen.bad("✗"));
    }
    let seconds = started.elapsed().as_secs_f32();
    if problems.is_empty() {
        let what = if options.texts { "the texts are in order" } else { "all proofs hold" };
        println!("{} {what} ({seconds:.0} s)", screen.good("✓"));
        return Ok(Code::Passed);
    }
    println!("{} ({seconds:.0} s)", count(problems.len(), "problem"));
    Ok(Code::Failed)
}

/// Builds and runs every subject of `exercises`; what does not hold, in the order of the syllabus.
fn prove(
    workspace: &Workspace,
    exercises: &[&Exercise],
    options: &Options,
    screen: &Screen,
) -> Result<Vec<String>> {
    // The mirror holds every subject, so that a run of one exercise leaves the others' builds warm.
    let everything: Vec<Subject> = derive::solved(workspace).flat_map(Subject::all).collect();
    let (mirror, unwritten) = Mirror::write(workspace, &everything)?;
    let mut problems = Vec::new();
    let mut subjects: Vec<&Subject> = Vec::new();
    let asked_for = |subject: &&Subject| {
        let left_out = matches!(subject.kind, Kind::Wrong(_)) && options.times_wrong == 0;
        !left_out && exercises.iter().any(|exercise| exercise.task == subject.exercise.task)
    };
    for subject in everything.iter().filter(asked_for) {
        match unwritten.get(&subject.package()) {
            Some(problem) => problems.push(format!("{subject}: {problem}")),
            None => subjects.push(subject),
        }
    }
    if subjects.is_empty() {
        return Ok(problems);
    }
    let built = mirror.build(&subjects, screen)?;
    let mut runnable = Vec::new();
    for subject in subjects {
        let built = &built[&subject.package()];
        problems.extend(build_problem(subject, built));
        if built.program.is_some() {
            runnable.push(subject);
        }
    }
    let mut proofs: Vec<Runs> = runnable.iter().map(|_| Runs::new()).collect();
    let run_jobs = |jobs, at_a_time, proofs: &mut [Runs]| {
        run_all(&mirror, &runnable, &built, jobs, at_a_time, screen, proofs);
    };
    run_jobs(jobs(&runnable, options), options.at_a_time(), &mut proofs);
    let doubtful = doubtful(workspace, &runnable, &proofs, options)?;
    if !doubtful.is_empty() {
        let them = count(doubtful.len(), "wrong answer");
        println!("{them} said something else while many ran, and had a second run by themselves");
        run_jobs(doubtful, 1, &mut proofs);
    }
    for (subject, proofs) in runnable.iter().zip(&proofs) {
        problems.extend(judge(workspace, subject, proofs, options.bless)?);
    }
    table(exercises, &runnable, &proofs);
    let _ = fs::remove_dir_all(mirror.folder.join("records"));
    Ok(problems)
}

/// What rustc says of a subject, where it may say nothing.
fn build_problem(subject: &Subject, built: &Built) -> Option<String> {
    // A wrong answer may be as clumsy as it likes, as long as it compiles.
    let quiet = matches!(subject.kind, Kind::Wrong(_)) && built.program.is_some();
    if !quiet && let Some(said) = built.said.first() {
        return Some(format!("{subject}: {}", said.trim_end()));
    }
    built.program.is_none().then(|| format!("{subject}: it was not built"))
}

/// Runs `jobs`, `at_a_time`, and puts what they prove into `proofs`, which are by subject.
fn run_all(
    mirror: &Mirror,
    subjects: &[&Subject],
    built: &BTreeMap<String, Built>,
    jobs: Vec<Job>,
    at_a_time: usize,
    screen: &Screen,
    proofs: &mut [Runs],
) {
    let bar = screen.progress(jobs.len());
    let queue = Mutex::new(VecDeque::from(jobs));
    let proofs = Mutex::new(proofs);
    let work = || {
        // Not in the loop's head: there the lock would be held for as long as the program runs.
        let next = || lock(&queue).pop_front();
        while let Some(job) = next() {
            let subject = subjects[job.subject];
            bar.set_message(subject.to_string());
            let program = built[&subject.package()].program.as_ref().expect("only the built run");
            // The first run of each is the book's; the others draw their own bytes.
            let seed = (job.run == 0).then_some(SEED);
            let records = mirror.records(subject, job.run);
            let proof = proof::run(subject, program, &mirror.package(subject), &records, seed);
            let _ = fs::remove_dir_all(&records);
            lock(&proofs)[job.subject].insert(job.run, proof);
            bar.inc(1);
        }
    };
    thread::scope(|scope| {
        for _ in 0..at_a_time {
            scope.spawn(work);
        }
    });
    bar.finish_and_clear();
}

/// The first run of everything, then the repetitions, subjects mixed.
fn jobs(subjects: &[&Subject], options: &Options) -> Vec<Job> {
    let mut jobs = Vec::new();
    for run in 0..options.times.max(options.times_wrong) {
        for (subject, Subject { kind, .. }) in subjects.iter().enumerate() {
            let times = match kind {
                Kind::Starter => 1,
                Kind::Solution => options.times,
                Kind::Wrong(_) => options.times_wrong,
            };
            if run < times {
                jobs.push(Job { subject, run: run as usize });
            }
        }
    }
    jobs
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // A worker that panicked left whole entries behind.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The wrong answers that were not named as they should be, while many programs ran: on a machine as
/// busy as that, an answer may show another of its faults first. A right answer passes even then.
fn doubtful(
    workspace: &Workspace,
    subjects: &[&Subject],
    proofs: &[Runs],
    options: &Options,
) -> Result<Vec<Job>> {
    let mut jobs = Vec::new();
    if options.load || options.bless {
        return Ok(jobs);
    }
    for (number, subject) in subjects.iter().enumerate() {
        if matches!(subject.kind, Kind::Wrong(_))
            && !judge(workspace, subject, &proofs[number], false)?.is_empty()
        {
            jobs.extend(proofs[number].keys().map(|run| Job { subject: number, run: *run }));
        }
    }
    Ok(jobs)
}

/// What is wrong with a subject's proofs, and with its fragment in the book.
fn judge(
    workspace: &Workspace,
    subject: &Subject,
    proofs: &Runs,
    bless: bool,
) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    let mut failures = proofs.values().filter_map(|proof| match proof {
        Ok(proof) => proof.problem.clone(),
        Err(error) => Some(format!("{error:#}")),
    });
    if let Some(first) = failures.next() {
        let often = match (failures.count() + 1, proofs.len()) {
            (_, 1) => String::new(),
            (failed, of) => format!(" ({failed} of {of} runs)"),
        };
        problems.push(format!("{subject}{often}: {}", first.trim_end()));
        return Ok(problems);
    }
    if let Some(Ok(Proof { report: Some(report), .. })) = proofs.get(&0) {
        if bless {
            figure::bless(workspace, subject, report)?;
        } else {
            problems.extend(figure::compare(workspace, subject, report));
        }
    }
    Ok(problems)
}

/// One line an exercise: how long its verdicts take, and how many wrong answers it knows.
fn table(exercises: &[&Exercise], subjects: &[&Subject], proofs: &[Runs]) {
    println!("{:<18} {:>9} {:>17} {:>16}", "slowest runs", "starter", "solution", "wrong answers");
    for exercise in exercises {
        let row = |wanted: fn(&Kind) -> bool| {
            let own = subjects.iter().zip(proofs);
            let own = own.filter(|(s, _)| s.exercise.task == exercise.task && wanted(&s.kind));
            Row::of(own.map(|(_, runs)| runs))
        };
        let starter = row(|kind| *kind == Kind::Starter);
        let solution = row(|kind| *kind == Kind::Solution);
        let wrong = row(|kind| matches!(kind, Kind::Wrong(_)));
        println!(
            "{:<18} {:>7.2} s {:>6} × {:>6.2} s {:>3} of {:>2} {:>5.1} s",
            exercise.task,
            starter.slowest.as_secs_f32(),
            solution.runs,
            solution.slowest.as_secs_f32(),
            wrong.right,
            wrong.subjects,
            wrong.slowest.as_secs_f32()
        );
    }
    println!();
}

/// What some subjects' runs come to.
#[derive(Default)]
struct Row {
    subjects: usize,
    /// Subjects all of whose runs proved what they should.
    right: usize,
    runs: usize,
    slowest: Duration,
}

impl Row {
    fn of<'a>(subjects: impl Iterator<Item = &'a Runs>) -> Self {
        subjects.fold(Self::default(), |row, runs| {
            let proved = |run: &Result<Proof>| run.as_ref().is_ok_and(|p| p.problem.is_none());
            let slowest = runs.values().flatten().map(|proof| proof.took).max();
            Self {
                subjects: row.subjects + 1,
                right: row.right + usize::from(runs.values().all(proved)),
                runs: row.runs + runs.len(),
                slowest: row.slowest.max(slowest.unwrap_or_default()),
            }
        })
    }
}
