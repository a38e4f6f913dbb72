//! An attempt, in words.
//!
//! One failure at a time: the first check that fails, in the order of the graded test, is shown
//! whole; the others are a line each. They often share its cause.

use std::fmt::Write as _;
use std::fs;

use crate::attempt::{Attempt, Check, Judged, Outcome, Summary};
use crate::readme::Readme;
use crate::screen::{Screen, count, visible};
use crate::workspace::{Exercise, Workspace};
use crate::{lines, page};

/// Lines of an answer's own output that are shown.
const PRINTED_LINES: usize = 20;

/// The whole of it: what a learner reads after `check`.
pub(crate) fn whole(
    workspace: &Workspace,
    exercise: &Exercise,
    attempt: &Attempt,
    screen: &Screen,
) -> String {
    match attempt {
        Attempt::Ran(judged) => ran(workspace, exercise, judged, screen),
        Attempt::Refused { diagnostics, only_the_test } => {
            refused(workspace, exercise, diagnostics, *only_the_test, screen)
        }
        Attempt::Fault(words) => {
            let fault =
                screen.bad("The grader could not do its work; your answer is not to blame.");
            format!("{fault}\n\n{}\n", visible(words.trim_end()))
        }
    }
}

/// One line: what a learner reads after `check --all`.
pub(crate) fn line(exercise: &Exercise, attempt: &Attempt, screen: &Screen) -> String {
    let (sign, word) = match (attempt.summary(), attempt) {
        (Summary::Passed, _) => (screen.good("✓"), "passed".to_owned()),
        (Summary::Skipped, _) => {
            ("–".to_owned(), "skipped: not possible on this machine".to_owned())
        }
        (Summary::NotStarted, _) => ("·".to_owned(), "not started".to_owned()),
        (Summary::DoesNotCompile, _) => (screen.bad("✗"), "does not compile".to_owned()),
        (Summary::Fault, _) => (screen.bad("!"), "the grader failed".to_owned()),
        (Summary::Failed | Summary::Broken, Attempt::Ran(judged)) => {
            let mistake = judged.first_failing().and_then(mistake);
            let word = match (mistake, &judged.broken) {
                (Some(mistake), _) => mistake.to_owned(),
                (None, Some(broken)) => broken.clone(),
                (None, None) => String::new(),
            };
            let tally = format!("{} of {}", judged.passed(), count(judged.checks.len(), "check"));
            (screen.bad("✗"), format!("{tally}  {word}"))
        }
        (Summary::Failed | Summary::Broken, _) => unreachable!("only what ran fails or breaks"),
    };
    format!("{sign} {:<18} {word}", exercise.task).trim_end().to_owned()
}

fn ran(workspace: &Workspace, exercise: &Exercise, judged: &Judged, screen: &Screen) -> String {
    let task = &exercise.task;
    let mut out = String::new();
    match judged.summary() {
        Summary::NotStarted => return not_started(workspace, exercise, judged),
        Summary::Passed => passed(&mut out, exercise, judged, screen),
        Summary::Skipped => out.push_str("Nothing could be checked on this machine:\n"),
        _ => failed(&mut out, exercise, judged, screen),
    }
    let told = judged.first_failing().map(|check| check.name.as_str());
    let passed = judged.summary() == Summary::Passed;
    for check in &judged.checks {
        let quiet = passed && check.outcome == Outcome::Passed;
        if Some(check.name.as_str()) != told && !quiet {
            let _ = writeln!(out, "  {}", check_line(check, screen));
        }
    }
    if judged.cut > 0 {
        let _ = writeln!(out, "\nYour answer printed {} bytes more than are kept.", judged.cut);
    }
    if !judged.warnings.is_empty() {
        let warnings = count(judged.warnings.len(), "warning");
        let _ = writeln!(out, "\nrustc has {warnings} for you: cargo check -p {task}");
    }
    out
}

fn not_started(workspace: &Workspace, exercise: &Exercise, judged: &Judged) -> String {
    let checks = count(judged.checks.len(), "check");
    let folder = exercise.dir();
    format!(
        "{} is not started: {checks} wait behind its `todo!()`.\n\
         Open {}: read README.md, write src/lib.rs.\n",
        exercise.task,
        workspace.relative(&folder)
    )
}

fn passed(out: &mut String, exercise: &Exercise, judged: &Judged, screen: &Screen) {
    let task = &exercise.task;
    let checks = count(judged.passed(), "check");
    let seconds = judged.took.as_secs_f64();
    let sign = screen.good("✓");
    let _ = writeln!(out, "{sign} {} passed: {checks}, {seconds:.2} s.", screen.strong(task));
    let mut say = |what: &str, how: String| {
        let _ = writeln!(out, "  {what:<28}{}", screen.command(&how));
    };
    say("compare with the solution", format!("cargo course solution {task}"));
    say("see what crossed the wire", format!("cargo course wire {task}"));
    say("go on", "cargo course next".to_owned());
    let readme = fs::read_to_string(exercise.readme()).unwrap_or_default();
    // What is wrong with a README is the authors' affair: `verify` says so.
    let readme = Readme::parse(&readme, task).ok();
    if let Some(afterword) = readme.and_then(|readme| readme.afterword) {
        let _ = write!(out, "\n{}\n\n{}", screen.strong("Then"), page::render(&afterword, screen));
    }
}

fn failed(out: &mut String, exercise: &Exercise, judged: &Judged, screen: &Screen) {
    let tally = format!("{} of {}", judged.passed(), count(judged.checks.len(), "check"));
    let title = screen.strong(&exercise.task);
    let _ = writeln!(out, "{} {title}: {tally} passed.", screen.bad("✗"));
    if let Some(broken) = &judged.broken {
        let _ = writeln!(out, "  {broken}");
    }
    let Some(check) = judged.first_failing() else {
        return;
    };
    let _ = writeln!(out, "\n{}\n", screen.bad(&claim(&check.name)));
    match &check.outcome {
        Outcome::Failed { report, .. } => {
            out.push_str(&lines::report(report, screen));
        }
        Outcome::Cut(why) => {
            let _ = writeln!(out, "{why}");
        }
        Outcome::NotStarted => {
            let _ = writeln!(out, "Your answer comes to a `todo!()` here.");
        }
        Outcome::Passed | Outcome::Skipped(_) => {}
    }
    printed(out, "Your answer printed:", &check.printed, screen);
    printed(out, "Its last words:", &judged.last_words, screen);
    let _ = writeln!(out, "\n{}", screen.faint("The other checks:"));
}

/// What the answer printed while the check ran, and not more of it than one reads.
fn printed(out: &mut String, what: &str, text: &str, screen: &Screen) {
    if text.is_empty() {
        return;
    }
    let lines = text.lines().count();
    let _ = writeln!(out, "\n{}", screen.faint(what));
    for line in text.lines().take(PRINTED_LINES) {
        let shown: String = line.chars().take(200).collect();
        let _ = writeln!(out, "  {} {shown}", screen.faint("|"));
    }
    if lines > PRINTED_LINES {
        let _ = writeln!(
            out,
            "  {} and {} more",
            screen.faint("|"),
            count(lines - PRINTED_LINES, "line")
        );
    }
}

fn check_line(check: &Check, screen: &Screen) -> String {
    let claim = claim(&check.name);
    match &check.outcome {
        Outcome::Passed => format!("{} {claim}", screen.good("✓")),
        Outcome::Failed { mistake: Some(mistake), .. } => {
            format!("{} {claim} ({mistake})", screen.bad("✗"))
        }
        Outcome::Failed { .. } => format!("{} {claim}", screen.bad("✗")),
        Outcome::NotStarted => format!("· {claim} (not started)"),
        Outcome::Skipped(reason) => {
            format!("– {claim} (skipped: {})", reason.lines().next().unwrap_or_default())
        }
        Outcome::Cut(_) => format!("{} {claim} (never reported)", screen.bad("✗")),
    }
}

/// A check's name is a claim: `a_partial_line_is_not_a_line`.
fn claim(name: &str) -> String {
    name.replace('_', " ")
}

/// The mistake that a check's failure names.
fn mistake(check: &Check) -> Option<&str> {
    match &check.outcome {
        Outcome::Failed { mistake, .. } => mistake.as_deref(),
        _ => None,
    }
}

fn refused(
    workspace: &Workspace,
    exercise: &Exercise,
    diagnostics: &[String],
    only_the_test: bool,
    screen: &Screen,
) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics {
        let _ = writeln!(out, "{}", diagnostic.trim_end());
    }
    let task = &exercise.task;
    let _ = writeln!(out, "\n{} {} does not compile.", screen.bad("✗"), screen.strong(task));
    if only_the_test {
        let _ = writeln!(
            out,
            "  The graded test no longer fits your answer: a name or a type that it uses has changed.\n  \
             The starter has the ones that it wants: {}",
            workspace.relative(&exercise.solution().join("src/lib.rs"))
        );
    }
    out
}
