//! `cargo course solution`: after your answer has passed, ours, and why.

use std::fs;

use anyhow::{Context, Result};
use clap::Args;

use crate::Code;
use crate::commands::exercise;
use crate::progress::{Progress, Standing};
use crate::screen::Screen;
use crate::workspace::Workspace;
use crate::{derive, page};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The exercise
    task: String,
    /// Show it although no answer has passed
    #[arg(long)]
    give_up: bool,
}

pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<Code> {
    let exercise = match exercise(workspace, &options.task) {
        Ok(exercise) => exercise,
        Err(code) => return Ok(code),
    };
    let task = &exercise.task;
    let progress = Progress::load(workspace)?;
    let passed = progress.entry(exercise).passed.is_some()
        || progress.standing(exercise) == Standing::Passed;
    if !passed && !options.give_up && !progress.entry(exercise).gave_up {
        println!("No answer of yours has passed yet: cargo course check {task}");
        println!("A hint: cargo course hint {task}");
        println!("The solution all the same: cargo course solution {task} --give-up");
        return Ok(Code::Failed);
    }
    if !passed {
        Progress::update(workspace, exercise, |entry| entry.gave_up = true)?;
    }
    let screen = Screen::of_stdout();
    let path = exercise.solution().join("src/lib.rs");
    let source =
        fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    println!("{}\n", screen.strong(&workspace.relative(&path).to_string()));
    for line in derive::without_marks(&source).lines() {
        println!("    {line}");
    }
    let readme = exercise.solution().join("README.md");
    if readme.is_file() {
        println!("\n{}", page::render(&page::read(&readme)?, &screen).trim_end());
    }
    Ok(Code::Passed)
}
