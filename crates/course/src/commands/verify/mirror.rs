//! A workspace of scratch in which every subject is a package.
//!
//! ```text
//! target/course/verify/Cargo.toml                 the course's own, with other members
//!                     /subjects/<package>/        a starter, a solution, a wrong answer
//!                     /target/                    built here, so that one build is warm
//!                     /records/<package>/<task>/  the verdicts
//! ```
//!
//! The learner's tree is only read. All subjects are packages of one workspace, so one cargo builds
//! them all, with both cores at work; the graded tests are the course's own files, not copies.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::subject::Subject;
use crate::compile::cargo;
use crate::derive;
use crate::screen::Screen;
use crate::workspace::Workspace;

/// The mirror, written out.
pub(super) struct Mirror {
    pub(super) folder: PathBuf,
}

/// What cargo made of a subject.
#[derive(Debug, Default)]
pub(super) struct Built {
    pub(super) program: Option<PathBuf>,
    /// rustc's errors and warnings about the subject.
    pub(super) said: Vec<String>,
}

impl Mirror {
    /// Writes the packages of `subjects`, and takes away those that are no longer there. Files that
    /// are right already are left alone, so that cargo sees them as fresh.
    pub(super) fn write(workspace: &Workspace, subjects: &[Subject]) -> Result<(Self, Problems)> {
        let folder = workspace.target().join("course/verify");
        let packages = folder.join("subjects");
        fs::create_dir_all(&packages).context("making the scratch workspace")?;
        keep(&folder.join("Cargo.toml"), &workspace_manifest(workspace)?)?;
        // The same versions as the course itself uses.
        fs::copy(workspace.root.join("Cargo.lock"), folder.join("Cargo.lock"))?;
        let mut problems = Problems::new();
        for subject in subjects {
            let package = packages.join(subject.package());
            if let Err(error) = write_package(&package, subject) {
                problems.insert(subject.package(), format!("{error:#}"));
                let _ = fs::remove_dir_all(&package);
            }
        }
        for entry in fs::read_dir(&packages)?.flatten() {
            let known = |subject: &Subject| entry.file_name() == *subject.package();
            if !subjects.iter().any(known) {
                fs::remove_dir_all(entry.path())?;
            }
        }
        Ok((Self { folder }, problems))
    }

    pub(super) fn package(&self, subject: &Subject) -> PathBuf {
        self.folder.join("subjects").join(subject.package())
    }

    /// Where the verdicts of `subject` go. The last part is the task: a report takes its name.
    pub(super) fn records(&self, subject: &Subject, run: usize) -> PathBuf {
        let records = self.folder.join("records").join(subject.package());
        records.join(run.to_string()).join(&subject.exercise.task)
    }

    /// Builds the test programs of `subjects`, by package.
    pub(super) fn build(
        &self,
        subjects: &[&Subject],
        screen: &Screen,
    ) -> Result<BTreeMap<String, Built>> {
        let log = self.folder.join("cargo.log");
        let mut command = cargo();
        command
            .args(["build", "--tests", "--keep-going", "--message-format=json"])
            .arg("--target-dir")
            .arg(self.folder.join("target"))
            .current_dir(&self.folder)
            // Most of these are built once and never changed.
            .env("CARGO_INCREMENTAL", "0")
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(fs::File::create(&log)?);
        for subject in subjects {
            command.args(["--package", &subject.package()]);
        }
        let mut child = command.spawn().context("starting cargo")?;
        let stdout = child.stdout.take().expect("stdout is a pipe");
        let built = follow(stdout, subjects, screen)?;
        let status = child.wait().context("waiting for cargo")?;
        if !status.success() && built.values().all(|built| built.said.is_empty()) {
            bail!("cargo failed:\n{}", fs::read_to_string(&log)?.trim_end());
        }
        Ok(built)
    }
}

/// What is wrong with a subject before it is built, by package.
pub(super) type Problems = BTreeMap<String, String>;

fn follow(
    stdout: ChildStdout,
    subjects: &[&Subject],
    screen: &Screen,
) -> Result<BTreeMap<String, Built>> {
    let mut built: BTreeMap<String, Built> =
        subjects.iter().map(|subject| (subject.package(), Built::default())).collect();
    let bar = screen.progress(subjects.len());
    bar.set_message("building");
    for line in BufReader::new(stdout).lines() {
        let Ok(message) = serde_json::from_str::<Value>(&line?) else { continue };
        let Some(built) = package_of(&message).and_then(|package| built.get_mut(package)) else {
            continue;
        };
        if let Some(text) = message["message"]["rendered"].as_str() {
            built.said.push(text.to_owned());
        }
        if let Some(program) = message["executable"].as_str() {
            built.program = Some(PathBuf::from(program));
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    Ok(built)
}

/// The folder of the package that a message is about: its name, in the mirror.
fn package_of(message: &Value) -> Option<&str> {
    let manifest = message["manifest_path"].as_str()?;
    Path::new(manifest).parent()?.file_name()?.to_str()
}

fn write_package(package: &Path, subject: &Subject) -> Result<()> {
    let source = subject.source()?;
    let exercise = &subject.exercise;
    let manifest = exercise.solution().join("Cargo.toml");
    let manifest =
        fs::read_to_string(&manifest).with_context(|| format!("reading {}", manifest.display()))?;
    let task = &exercise.task;
    let name = |name: &str| format!("name = \"{name}\"");
    let library = format!("[lib]\n{}", name(&exercise.library()));
    let test = exercise.test();
    let test = test.to_str().context("the path of the course is not UTF-8")?.replace('\\', "/");
    let manifest = derive::manifest(&manifest, task)?
        .replacen(&name(task), &name(&subject.package()), 1)
        .replacen("[lib]", &library, 1);
    let manifest = format!("{manifest}\n[[test]]\n{}\npath = \"{test}\"\n", name(task));
    keep(&package.join("Cargo.toml"), &manifest)?;
    keep(&package.join("src/lib.rs"), &source)
}

/// The course's own manifest, with the mirror's members and with paths that hold from there.
fn workspace_manifest(workspace: &Workspace) -> Result<String> {
    let root = workspace.root.to_str().context("the path of the course is not UTF-8")?;
    let text = fs::read_to_string(workspace.root.join("Cargo.toml"))?;
    let mut out = String::from("[workspace]\nresolver = \"3\"\nmembers = [\"subjects/*\"]\n\n");
    let mut inside_workspace = false;
    for line in text.lines() {
        if line.starts_with('[') {
            inside_workspace = line == "[workspace]";
        }
        if !inside_workspace {
            out.push_str(
                &line.replace("path = \"", &format!("path = \"{}/", root.replace('\\', "/"))),
            );
            out.push('\n');
        }
    }
    Ok(out)
}

/// Writes a file unless it holds this already.
fn keep(path: &Path, text: &str) -> Result<()> {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    fs::create_dir_all(path.parent().context("a file stands in a folder")?)?;
    fs::write(path, text).with_context(|| format!("writing {}", path.display()))
}
