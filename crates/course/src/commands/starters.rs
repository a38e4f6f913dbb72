//! `cargo course starters`: an author's command. Derives what is derived from the solutions.
//!
//! A learner's answer must never be lost to it. A file under `exercises/` is replaced only if it
//! is a starter: what this command wrote last (remembered in `.course/starters`), or what the
//! solution at git's `HEAD` derives. Anything else is refused; `--force` saves it first.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use clap::Args;

use crate::Code;
use crate::commands::reset;
use crate::derive::{self, Derived};
use crate::progress::{folder, hash, write_whole};
use crate::screen::{Screen, count};
use crate::workspace::{Exercise, Workspace};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Write nothing: show what differs, and exit 1 if anything does
    #[arg(long)]
    check: bool,
    /// Replace an exercise's file even if it is not a starter; it is saved first
    #[arg(long, conflicts_with = "check")]
    force: bool,
}

pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<Code> {
    let screen = Screen::of_stdout();
    let stale = stale(workspace)?;
    if options.check {
        for (derived, _) in &stale {
            println!("{}", difference(workspace, derived, &screen));
        }
        if stale.is_empty() {
            println!("Starters and manifests are what the solutions derive.");
            return Ok(Code::Passed);
        }
        println!("{} not as derived: cargo course starters", count(stale.len(), "file"));
        return Ok(Code::Failed);
    }
    let mut ledger = Ledger::load(workspace);
    let mut code = Code::Passed;
    for (derived, exercise) in &stale {
        let shown = workspace.relative(&derived.path);
        if let Some(exercise) = exercise.filter(|exercise| derived.path == exercise.answer()) {
            if !ledger.is_a_starter(workspace, exercise) {
                if !options.force {
                    println!(
                        "{shown}: not a starter, left as it is (--force saves and replaces it)"
                    );
                    code = Code::Failed;
                    continue;
                }
                if let Some(saved) = reset::save(workspace, exercise)? {
                    println!("{shown}: saved as {saved}");
                }
            }
            ledger.written.insert(exercise.task.clone(), hash(&derived.text));
        }
        write_whole(&derived.path, &derived.text)?;
        println!("{shown}: derived");
    }
    ledger.save(workspace)?;
    if stale.is_empty() {
        println!("Nothing to do: all is as derived.");
    }
    Ok(code)
}

/// Every derived file that is not what it should be, with the exercise that it belongs to.
fn stale(workspace: &Workspace) -> Result<Vec<(Derived, Option<&Exercise>)>> {
    let mut all: Vec<(Derived, Option<&Exercise>)> = Vec::new();
    for exercise in derive::solved(workspace) {
        all.extend(derive::exercise_files(exercise)?.map(|derived| (derived, Some(exercise))));
    }
    let graded = derive::graded_manifest(workspace)?;
    all.push((Derived { path: workspace.root.join("tests/Cargo.toml"), text: graded }, None));
    all.retain(|(derived, _)| {
        // Line ends are git's affair, not a difference.
        fs::read_to_string(&derived.path).map_or(true, |text| hash(&text) != hash(&derived.text))
    });
    Ok(all)
}

/// What differs, as a unified diff.
fn difference(workspace: &Workspace, derived: &Derived, screen: &Screen) -> String {
    let shown = workspace.relative(&derived.path);
    let Ok(now) = fs::read_to_string(&derived.path) else {
        return format!("{shown}: missing");
    };
    let patch = diffy::create_patch(&now, &derived.text);
    format!("{}\n{patch}", screen.strong(&shown.to_string()))
}

/// What this command wrote last, by task.
struct Ledger {
    written: BTreeMap<String, u64>,
}

impl Ledger {
    fn load(workspace: &Workspace) -> Self {
        let text = fs::read_to_string(folder(workspace).join("starters")).unwrap_or_default();
        let written = text.lines().filter_map(|line| {
            let (task, hash) = line.split_once(' ')?;
            Some((task.to_owned(), u64::from_str_radix(hash, 16).ok()?))
        });
        Self { written: written.collect() }
    }

    fn save(&self, workspace: &Workspace) -> Result<()> {
        let mut text = String::new();
        for (task, hash) in &self.written {
            let _ = writeln!(text, "{task} {hash:016x}");
        }
        write_whole(&folder(workspace).join("starters"), &text)
    }

    /// Nothing of a learner's is in the file: it may be replaced.
    fn is_a_starter(&self, workspace: &Workspace, exercise: &Exercise) -> bool {
        let Ok(now) = fs::read_to_string(exercise.answer()) else {
            return !exercise.answer().exists();
        };
        let written = self.written.get(&exercise.task) == Some(&hash(&now));
        written
            || committed_starter(workspace, exercise).is_some_and(|old| hash(&old) == hash(&now))
    }
}

/// The starter that the solution at `HEAD` derives.
fn committed_starter(workspace: &Workspace, exercise: &Exercise) -> Option<String> {
    let path = exercise.solution().join("src/lib.rs");
    let path = path.strip_prefix(&workspace.root).ok()?;
    derive::starter(&git_show(&workspace.root, path)?).ok()
}

fn git_show(root: &Path, path: &Path) -> Option<String> {
    let spec = format!("HEAD:./{}", path.to_str()?.replace('\\', "/"));
    let output = Command::new("git")
        .args(["show", &spec])
        .current_dir(root)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .context("running git")
        .ok()?;
    output.status.success().then(|| String::from_utf8(output.stdout).ok())?
}
