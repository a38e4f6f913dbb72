//! `cargo course hint`: three hints, one more each time.

use std::fs;

use anyhow::{Context, Result};
use clap::Args;

use crate::Code;
use crate::commands::exercise;
use crate::page;
use crate::progress::Progress;
use crate::readme::{HINTS, Readme};
use crate::screen::Screen;
use crate::workspace::Workspace;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The exercise
    task: String,
}

pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<Code> {
    let exercise = match exercise(workspace, &options.task) {
        Ok(exercise) => exercise,
        Err(code) => return Ok(code),
    };
    let screen = Screen::of_stdout();
    let text = fs::read_to_string(exercise.readme())
        .with_context(|| format!("reading {}", exercise.readme().display()))?;
    let readme = Readme::parse(&text, &exercise.task)?;
    let mut level = 0;
    Progress::update(workspace, exercise, |entry| {
        entry.hints = (entry.hints + 1).min(HINTS);
        level = entry.hints;
    })?;
    for (index, hint) in readme.hints.iter().take(level).enumerate() {
        println!("{}\n", screen.strong(&format!("Hint {} of {HINTS}", index + 1)));
        println!("{}", page::render(hint, &screen));
    }
    let task = &exercise.task;
    if level < HINTS {
        println!("Still stuck? The same command shows one hint more.");
    } else {
        println!(
            "That was the last hint. `cargo course solution {task} --give-up` shows the solution."
        );
    }
    Ok(Code::Passed)
}
