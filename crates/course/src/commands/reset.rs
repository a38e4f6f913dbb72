//! `cargo course reset`: the starter again, and nothing lost.

use std::fs;

use anyhow::{Context, Result};
use clap::Args;

use crate::Code;
use crate::commands::exercise;
use crate::derive;
use crate::progress::{folder, free_name, write_whole};
use crate::workspace::{Exercise, Workspace};

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
    let starter = derive::starter_of(exercise)?;
    let answer = exercise.answer();
    let shown = workspace.relative(&answer);
    let saved = match fs::read_to_string(&answer) {
        Ok(text) if text == starter => {
            println!("{shown} is the starter already.");
            return Ok(Code::Passed);
        }
        _ => save(workspace, exercise)?,
    };
    write_whole(&answer, &starter)?;
    if let Some(saved) = saved {
        println!("Your answer is saved as {saved}.");
    }
    println!("{shown} is the starter again.");
    Ok(Code::Passed)
}

/// Puts a copy of the learner's file aside, and says where; `None` if there is no file.
pub(crate) fn save(workspace: &Workspace, exercise: &Exercise) -> Result<Option<String>> {
    let answer = exercise.answer();
    if !answer.exists() {
        return Ok(None);
    }
    let kept = folder(workspace).join("saved").join(&exercise.task).join("lib.rs");
    let parent = kept.parent().context("a file stands in a folder")?;
    fs::create_dir_all(parent)?;
    let copy = free_name(&kept, "saved");
    fs::copy(&answer, &copy).with_context(|| format!("saving {}", answer.display()))?;
    Ok(Some(workspace.relative(&copy).to_string()))
}
