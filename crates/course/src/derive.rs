//! What is derived from the solutions: starters, the exercises' manifests, `tests/Cargo.toml`.
//!
//! In a solution the part that the learner writes stands between two marks:
//!
//! ```text
//!     // answer: todo!("read {} bytes", buffer.len())
//!     …the answer…
//!     // end answer
//! ```
//!
//! The starter has, in place of all this, what stands after `answer: `: a line for each such mark,
//! at its indentation. Everything else is the same in both.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::workspace::{Exercise, Workspace};

const ANSWER: &str = "// answer:";
const END: &str = "// end answer";

/// A file that is derived, and where it belongs.
#[derive(Debug)]
pub(crate) struct Derived {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

/// The starter of `exercise`, from its solution.
pub(crate) fn starter_of(exercise: &Exercise) -> Result<String> {
    let path = exercise.solution().join("src/lib.rs");
    let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    starter(&text).with_context(|| format!("{}", path.display()))
}

/// The starter that `solution` contains.
pub(crate) fn starter(solution: &str) -> Result<String> {
    let mut out = String::new();
    let mut inside = false;
    let mut regions = 0;
    for (index, line) in solution.lines().enumerate() {
        let number = index + 1;
        let code = line.trim_start();
        let indent = &line[..line.len() - code.len()];
        if let Some(said) = code.strip_prefix(ANSWER) {
            // Several `answer:` lines in a row are several lines of the starter.
            regions += usize::from(!inside);
            inside = true;
            let said = said.strip_prefix(' ').unwrap_or(said);
            if !said.is_empty() {
                let _ = writeln!(out, "{indent}{said}");
            }
        } else if code == END {
            if !inside {
                bail!("line {number}: `{END}` without `{ANSWER}` before it");
            }
            inside = false;
        } else if !inside {
            let _ = writeln!(out, "{line}");
        }
    }
    if inside {
        bail!("the last `{ANSWER}` has no `{END}`");
    }
    if regions == 0 {
        bail!("it has no `{ANSWER}`: nothing would be left for the learner");
    }
    Ok(out)
}

/// The solution without its marks, as it is shown to a learner.
pub(crate) fn without_marks(solution: &str) -> String {
    let kept = solution.lines().filter(|line| {
        let code = line.trim_start();
        !code.starts_with(ANSWER) && code != END
    });
    kept.fold(String::new(), |text, line| text + line + "\n")
}

/// The manifest of an exercise, from that of its solution: the package is named as the task, and
/// its test has the harness.
pub(crate) fn manifest(solution: &str, task: &str) -> Result<String> {
    let own = format!("name = \"{task}-solution\"");
    if !solution.contains(&own) {
        bail!("the solution's package is not named {task}-solution");
    }
    let named = solution.replace(&own, &format!("name = \"{task}\""));
    if named.contains("[dev-dependencies]") {
        return Ok(named);
    }
    let harness = "[dev-dependencies]\nharness.workspace = true\n\n[lints]";
    if !named.contains("[lints]") {
        bail!("the solution's manifest has no [lints]");
    }
    Ok(named.replacen("[lints]", harness, 1))
}

const GRADED_HEAD: &str = r#"# Derived by `cargo course starters`: every graded test again, against the solutions.
[package]
name = "graded"
description = "Every graded test again, against the solutions"
version.workspace = true
edition.workspace = true
rust-version.workspace = true
license.workspace = true
publish.workspace = true
autotests = false

[lib]
path = "lib.rs"
test = false
doctest = false

[lints]
workspace = true
"#;

/// `tests/Cargo.toml`: a dev-dependency and a `[[test]]` for each exercise.
pub(crate) fn graded_manifest(workspace: &Workspace) -> Result<String> {
    let mut dependencies =
        BTreeMap::from([("harness".to_owned(), "harness.workspace = true".to_owned())]);
    let mut subjects = String::new();
    let mut tests = String::new();
    for Exercise { chapter, task, .. } in solved(workspace) {
        let path = workspace.root.join(format!("solutions/{chapter}/{task}/Cargo.toml"));
        let manifest =
            fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        for line in dependency_lines(&manifest) {
            let name = line.split(['.', ' ', '=']).next().unwrap_or_default();
            dependencies.insert(name.to_owned(), line.to_owned());
        }
        let path = format!("../solutions/{chapter}/{task}");
        let _ =
            writeln!(subjects, "{task} = {{ package = \"{task}-solution\", path = \"{path}\" }}");
        let path = format!("../exercises/{chapter}/{task}/tests/{task}.rs");
        let _ = write!(tests, "\n[[test]]\nname = \"{task}\"\npath = \"{path}\"\n");
    }
    let dependencies: String = dependencies.into_values().map(|line| line + "\n").collect();
    Ok(format!("{GRADED_HEAD}\n[dev-dependencies]\n{dependencies}{subjects}{tests}"))
}

/// The lines of a manifest's `[dependencies]` and `[dev-dependencies]`.
fn dependency_lines(manifest: &str) -> impl Iterator<Item = &str> {
    let mut inside = false;
    manifest.lines().map(str::trim).filter(move |line| {
        if line.starts_with('[') {
            inside = matches!(*line, "[dependencies]" | "[dev-dependencies]");
            return false;
        }
        inside && !line.is_empty() && !line.starts_with('#')
    })
}

/// The exercises that have a solution.
pub(crate) fn solved(workspace: &Workspace) -> impl Iterator<Item = &Exercise> {
    workspace.exercises().filter(|exercise| exercise.solution().join("src/lib.rs").is_file())
}

/// The starter and the manifest of `exercise`.
pub(crate) fn exercise_files(exercise: &Exercise) -> Result<[Derived; 2]> {
    let path = exercise.solution().join("Cargo.toml");
    let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let manifest =
        manifest(&text, &exercise.task).with_context(|| format!("{}", path.display()))?;
    Ok([
        Derived { path: exercise.answer(), text: starter_of(exercise)? },
        Derived {
            path: exercise.dir().join("Cargo.toml"),
            text: with_examples(&manifest, &examples(exercise)?),
        },
    ])
}

/// The names of the programs that use an answer to `exercise`.
fn examples(exercise: &Exercise) -> Result<Vec<String>> {
    let folder = exercise.dir().join("examples");
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))? {
        let name = entry?.file_name();
        names.extend(name.to_str().and_then(|name| name.strip_suffix(".rs")).map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

/// The manifest with these examples behind a feature: `cargo test` builds all that need none, and
/// each verdict would wait for it.
fn with_examples(manifest: &str, names: &[String]) -> String {
    if names.is_empty() {
        return manifest.to_owned();
    }
    let mut added = String::from(
        "[features]\n# `cargo test` would else build the example, and each verdict wait for it.\nexample = []\n\n",
    );
    for name in names {
        let _ =
            write!(added, "[[example]]\nname = \"{name}\"\nrequired-features = [\"example\"]\n\n");
    }
    manifest.replacen("[lints]", &(added + "[lints]"), 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_becomes_what_its_mark_says() {
        let solution = "fn f(x: u8) {\n    // answer: let _ = x;\n    // answer:\n    // answer: todo!()\n    \
                        g(x);\n    // end answer\n}\n";
        assert_eq!(starter(solution).unwrap(), "fn f(x: u8) {\n    let _ = x;\n    todo!()\n}\n");
        assert_eq!(without_marks(solution), "fn f(x: u8) {\n    g(x);\n}\n");
    }

    #[test]
    fn marks_that_do_not_pair_are_refused() {
        assert!(starter("// end answer\n").unwrap_err().to_string().contains("line 1"));
        assert!(starter("// answer: x\n").is_err());
        assert!(starter("fn f() {}\n").is_err());
    }

    #[test]
    fn an_example_is_built_only_where_it_is_asked_for() {
        let manifest = "[package]\nname = \"a\"\n\n[lints]\nworkspace = true\n";
        assert_eq!(with_examples(manifest, &[]), manifest);
        let with = with_examples(manifest, &["serve".to_owned()]);
        assert!(with.contains("name = \"serve\"\nrequired-features = [\"example\"]\n\n[lints]"));
    }

    #[test]
    fn an_exercise_is_named_as_its_task_and_has_the_harness() {
        let solution = "[package]\nname = \"a-solution\"\n\n[dependencies]\nsocket2.workspace = true\n\n[lints]\nworkspace = true\n";
        let derived = manifest(solution, "a").unwrap();
        assert!(derived.starts_with("[package]\nname = \"a\"\n"));
        assert!(derived.contains("[dev-dependencies]\nharness.workspace = true\n\n[lints]\n"));
        assert_eq!(
            dependency_lines(&derived).collect::<Vec<_>>(),
            ["socket2.workspace = true", "harness.workspace = true"]
        );
        assert!(manifest("[package]\nname = \"b\"\n", "a").is_err());
    }
}
