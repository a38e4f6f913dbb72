//! `cargo course watch`: save an answer, read its verdict.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use notify::{EventKind, RecursiveMode, Watcher};

use crate::attempt::{Attempt, LIMIT, Outcome};
use crate::commands::check;
use crate::progress::Progress;
use crate::screen::Screen;
use crate::show;
use crate::workspace::{Exercise, Workspace};
use crate::{Code, interrupt};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// For editors: no colour, nothing cleared, and a line `FILE:LINE: …` for each failure
    #[arg(long)]
    problems: bool,
}

/// An editor saves in several steps: this long after the last of them the file is whole.
const QUIET: Duration = Duration::from_millis(60);

pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<Code> {
    let mut screen = Screen::of_stdout();
    if options.problems {
        screen = Screen { live: false, colour: false, ..screen };
    }
    interrupt::handle(Some(0)).context("preparing for Ctrl-C")?;
    let (sender, saved) = mpsc::channel();
    let mut watcher = notify::recommended_watcher(move |event| {
        let _ = sender.send(event); // We are ending: nobody needs it.
    })
    .context("watching for saves")?;
    let exercises = workspace.root.join("exercises");
    watcher.watch(&exercises, RecursiveMode::Recursive).context("watching exercises/")?;

    let mut current = Progress::load(workspace)?.next(workspace);
    loop {
        if let Some(exercise) = current {
            round(workspace, exercise, options, &screen)?;
        }
        println!("\nWaiting for you to save an answer. Ctrl-C ends.");
        current = next_saved(workspace, &saved)?;
    }
}

/// One check, and what it says.
fn round(
    workspace: &Workspace,
    exercise: &Exercise,
    options: &Options,
    screen: &Screen,
) -> Result<()> {
    screen.clear();
    println!("Checking {}.", exercise.task);
    match check::attempt(workspace, exercise, screen, LIMIT) {
        Ok(attempt) => {
            screen.clear();
            print!("{}", show::whole(workspace, exercise, &attempt, screen));
            if options.problems {
                problems(workspace, exercise, &attempt);
            }
        }
        // The file may be away for a moment, or for longer: the next save decides.
        Err(error) => println!("{error:#}"),
    }
    Ok(())
}

/// Lines that an editor's problem matcher reads.
fn problems(workspace: &Workspace, exercise: &Exercise, attempt: &Attempt) {
    let Attempt::Ran(judged) = attempt else { return };
    let answer = exercise.answer();
    let file = workspace.relative(&answer);
    for check in &judged.checks {
        let claim = check.name.replace('_', " ");
        let mistake = match &check.outcome {
            Outcome::Failed { mistake: Some(mistake), .. } => format!(" ({mistake})"),
            Outcome::Failed { .. } | Outcome::Cut(_) => String::new(),
            _ => continue,
        };
        println!("{file}:1: error: not so: {claim}{mistake}");
    }
}

/// Waits until an answer is saved, and the saving is over.
fn next_saved<'a>(
    workspace: &'a Workspace,
    events: &Receiver<notify::Result<notify::Event>>,
) -> Result<Option<&'a Exercise>> {
    let mut saved = None;
    loop {
        let event = match saved {
            None => events.recv().map_err(RecvTimeoutError::from),
            Some(_) => events.recv_timeout(QUIET),
        };
        match event {
            Ok(event) => {
                let paths = written(&event.context("watching for saves")?);
                let exercise = paths.iter().find_map(|path| answer_around(workspace, path));
                saved = exercise.or(saved);
            }
            Err(RecvTimeoutError::Timeout) => return Ok(saved),
            Err(RecvTimeoutError::Disconnected) => anyhow::bail!("the watcher ended"),
        }
    }
}

/// The paths that an event says were written; none if they were only read.
fn written(event: &notify::Event) -> Vec<PathBuf> {
    match event.kind {
        EventKind::Create(_) | EventKind::Modify(_) => event.paths.clone(),
        _ => Vec::new(),
    }
}

/// The exercise that a saved file belongs to: sources and the manifest count, editors' scratch
/// files do not.
fn answer_around<'a>(workspace: &'a Workspace, path: &Path) -> Option<&'a Exercise> {
    let source = path.extension().is_some_and(|extension| extension == "rs");
    let manifest = path.file_name().is_some_and(|name| name == "Cargo.toml");
    if source || manifest { workspace.exercise_around(path) } else { None }
}
