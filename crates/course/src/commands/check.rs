//! `cargo course check`: an answer's verdict, in words.

use std::env;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;

use crate::attempt::{Attempt, LIMIT, Summary};
use crate::commands::{MAP, unknown};
use crate::progress::{Content, Progress, Tally};
use crate::screen::{Screen, count};
use crate::show;
use crate::workspace::{Exercise, Workspace, nearest};
use crate::{Code, interrupt};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Exercises or chapters; none: the exercise of the current folder, or the next one
    #[arg(value_name = "TASK|CHAPTER")]
    names: Vec<String>,
    /// Every exercise that is here
    #[arg(long, conflicts_with = "names")]
    all: bool,
    /// Stop a test program after this many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = LIMIT.as_secs(),
          value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
}

pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<Code> {
    let screen = Screen::of_stdout();
    let Some(chosen) = choose(workspace, &options.names, options.all)? else {
        return Ok(Code::Usage);
    };
    let limit = Duration::from_secs(options.timeout);
    interrupt::handle(None).context("preparing for Ctrl-C")?;
    if let [exercise] = chosen.as_slice() {
        let attempt = attempt(workspace, exercise, &screen, limit)?;
        print!("{}", show::whole(workspace, exercise, &attempt, &screen));
        return Ok(code(attempt.summary()));
    }
    let mut worst = Code::Passed;
    let mut passed = 0;
    for exercise in &chosen {
        let attempt = attempt(workspace, exercise, &screen, limit)?;
        println!("{}", show::line(exercise, &attempt, &screen));
        passed += usize::from(attempt.summary() == Summary::Passed);
        worst = worst.max(code(attempt.summary()));
    }
    println!("\n{passed} of {} passed.", count(chosen.len(), "exercise"));
    if worst != Code::Passed {
        println!("`cargo course check TASK` shows one in full.");
    }
    Ok(worst)
}

/// Makes an attempt, and remembers how it ended.
pub(crate) fn attempt(
    workspace: &Workspace,
    exercise: &Exercise,
    screen: &Screen,
    limit: Duration,
) -> Result<Attempt> {
    // Before it is compiled: what is remembered must not be younger than what was judged.
    let content = Content::of(exercise)?;
    let attempt = Attempt::make(exercise, screen, limit)?;
    // A `todo!()` is nothing to remember.
    if let Attempt::Ran(judged) = &attempt
        && judged.summary() != Summary::NotStarted
    {
        let tally = Tally { passed: judged.passed(), of: judged.checks.len() };
        let passed = judged.summary() == Summary::Passed;
        Progress::update(workspace, exercise, |entry| {
            entry.last = Some((content, tally));
            if passed {
                entry.passed = Some(content);
            }
        })?;
    }
    Ok(attempt)
}

/// The exit code that an attempt asks for.
pub(crate) fn code(summary: Summary) -> Code {
    match summary {
        Summary::Passed | Summary::Skipped => Code::Passed,
        Summary::NotStarted | Summary::Failed => Code::Failed,
        Summary::DoesNotCompile => Code::DoesNotCompile,
        Summary::Broken => Code::Broken,
        Summary::Fault => Code::Fault,
    }
}

/// The exercises that are meant; `None` if a name is unknown, which has been said.
pub(crate) fn choose<'a>(
    workspace: &'a Workspace,
    names: &[String],
    all: bool,
) -> Result<Option<Vec<&'a Exercise>>> {
    if all {
        return Ok(Some(workspace.exercises().collect()));
    }
    if names.is_empty() {
        let around = env::current_dir().ok().and_then(|here| workspace.exercise_around(&here));
        let chosen = match around {
            Some(exercise) => Some(exercise),
            None => Progress::load(workspace)?.next(workspace),
        };
        // All have passed: check all again.
        let everything = || workspace.exercises().collect();
        return Ok(Some(chosen.map_or_else(everything, |exercise| vec![exercise])));
    }
    let mut chosen: Vec<&Exercise> = Vec::new();
    for name in names {
        if let Some(exercise) = workspace.exercise(name) {
            chosen.push(exercise);
        } else if let Some(chapter) = workspace.chapter(name) {
            if chapter.exercises.is_empty() {
                eprintln!("Chapter `{name}` is not here yet.");
                return Ok(None);
            }
            chosen.extend(&chapter.exercises);
        } else {
            let tasks = workspace.exercises().map(|exercise| exercise.task.as_str());
            let chapters = workspace.chapters.iter().map(|chapter| chapter.name.as_str());
            unknown("exercise or chapter", name, nearest(name, tasks.chain(chapters)), MAP);
            return Ok(None);
        }
    }
    Ok(Some(chosen))
}
