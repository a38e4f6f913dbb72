//! `cargo course report`: the verdicts, for another program.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use quick_xml::Writer;
use quick_xml::events::{BytesText, Event};
use serde_json::{Value, json};

use crate::attempt::{Attempt, Check, LIMIT, Outcome, Summary};
use crate::commands::check::{attempt, choose, code};
use crate::progress::{Entry, Progress};
use crate::screen::{Screen, visible};
use crate::workspace::{Exercise, Workspace};
use crate::{Code, interrupt};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Exercises or chapters; none: all
    #[arg(value_name = "TASK|CHAPTER")]
    names: Vec<String>,
    /// The report's form
    #[arg(long)]
    format: Format,
    /// Write it to a file; none: to standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// A document of our own: exercises, checks, reports, hints taken
    Json,
    /// What continuous integration reads
    Junit,
}

/// An exercise with what came of it.
struct Graded<'a> {
    exercise: &'a Exercise,
    attempt: Attempt,
    entry: Entry,
}

pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<Code> {
    interrupt::handle(None).context("preparing for Ctrl-C")?;
    let Some(chosen) = choose(workspace, &options.names, options.names.is_empty())? else {
        return Ok(Code::Usage);
    };
    let screen = Screen::of_stdout();
    let plain = Screen { live: false, colour: false, ..screen };
    let bar = screen.progress(chosen.len());
    let mut graded = Vec::new();
    for exercise in chosen {
        bar.set_message(exercise.task.clone());
        let attempt = attempt(workspace, exercise, &plain, LIMIT)?;
        let entry = Progress::load(workspace)?.entry(exercise);
        graded.push(Graded { exercise, attempt, entry });
        bar.inc(1);
    }
    bar.finish_and_clear();
    let text = match options.format {
        Format::Json => serde_json::to_string_pretty(&as_json(&graded))? + "\n",
        Format::Junit => as_junit(&graded)?,
    };
    match &options.output {
        Some(path) => {
            fs::write(path, text).with_context(|| format!("writing {}", path.display()))?;
        }
        None => std::io::stdout().write_all(text.as_bytes())?,
    }
    let codes = graded.iter().map(|graded| code(graded.attempt.summary()));
    Ok(codes.max().unwrap_or(Code::Passed))
}

fn word(summary: Summary) -> &'static str {
    match summary {
        Summary::Passed => "passed",
        Summary::Skipped => "skipped",
        Summary::NotStarted => "not-started",
        Summary::Failed => "failed",
        Summary::DoesNotCompile => "does-not-compile",
        Summary::Broken => "broken",
        Summary::Fault => "grader-fault",
    }
}

fn as_json(graded: &[Graded<'_>]) -> Value {
    let passed = graded.iter().filter(|g| g.attempt.summary() == Summary::Passed).count();
    let exercises: Vec<Value> = graded.iter().map(exercise_json).collect();
    json!({
        "report": "on-the-wire",
        "version": 1,
        "passed": passed,
        "of": graded.len(),
        "exercises": exercises,
    })
}

fn exercise_json(Graded { exercise, attempt, entry }: &Graded<'_>) -> Value {
    let mut value = json!({
        "chapter": exercise.chapter,
        "task": exercise.task,
        "result": word(attempt.summary()),
        "hints": entry.hints,
        "gave_up": entry.gave_up,
    });
    match attempt {
        Attempt::Ran(judged) => {
            value["seconds"] = json!(judged.took.as_secs_f64());
            value["checks"] = judged.checks.iter().map(check_json).collect();
            if let Some(broken) = &judged.broken {
                value["message"] = json!(broken);
            }
        }
        Attempt::Refused { diagnostics, .. } => value["message"] = json!(diagnostics.concat()),
        Attempt::Fault(words) => value["message"] = json!(words),
    }
    value
}

fn check_json(check: &Check) -> Value {
    let mut value = json!({ "name": check.name, "millis": check.millis });
    let result = match &check.outcome {
        Outcome::Passed => "passed",
        Outcome::NotStarted => "not-started",
        Outcome::Failed { report, mistake } => {
            value["report"] = json!(report);
            value["mistake"] = json!(mistake);
            "failed"
        }
        Outcome::Skipped(reason) => {
            value["reason"] = json!(reason);
            "skipped"
        }
        Outcome::Cut(reason) => {
            value["reason"] = json!(reason);
            "cut"
        }
    };
    value["result"] = json!(result);
    value
}

/// JUnit's XML has no standard; this is what Jenkins, GitLab and the others read: `testsuites`,
/// `testsuite`, `testcase`, and in it `failure`, `error` or `skipped`.
fn as_junit(graded: &[Graded<'_>]) -> Result<String> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    writer.write_event(Event::Decl(quick_xml::events::BytesDecl::new(
        "1.0",
        Some("UTF-8"),
        None,
    )))?;
    let suites = writer.create_element("testsuites").with_attribute(("name", "on-the-wire"));
    suites
        .write_inner_content(|writer| graded.iter().try_for_each(|graded| suite(writer, graded)))?;
    Ok(String::from_utf8(writer.into_inner())? + "\n")
}

fn suite(writer: &mut Writer<Vec<u8>>, graded: &Graded<'_>) -> std::io::Result<()> {
    let cases = cases(graded);
    let number = |wanted: &str| cases.iter().filter(|c| c.element == wanted).count().to_string();
    let name = format!("{}.{}", graded.exercise.chapter, graded.exercise.task);
    let seconds = match &graded.attempt {
        Attempt::Ran(judged) => judged.took.as_secs_f64(),
        _ => 0.0,
    };
    writer
        .create_element("testsuite")
        .with_attribute(("name", name.as_str()))
        .with_attribute(("tests", cases.len().to_string().as_str()))
        .with_attribute(("failures", number("failure").as_str()))
        .with_attribute(("errors", number("error").as_str()))
        .with_attribute(("skipped", number("skipped").as_str()))
        .with_attribute(("time", format!("{seconds:.3}").as_str()))
        .write_inner_content(|writer| cases.iter().try_for_each(|c| case(writer, c, &name)))?;
    Ok(())
}

/// One `testcase`.
struct Case {
    name: String,
    seconds: f64,
    /// The element that says how it ended; empty: it passed.
    element: &'static str,
    kind: String,
    text: String,
}

fn cases(graded: &Graded<'_>) -> Vec<Case> {
    let case = |name: &str, kind: &str, text: &str| Case {
        name: name.to_owned(),
        seconds: 0.0,
        element: "error",
        kind: kind.to_owned(),
        text: text.to_owned(),
    };
    match &graded.attempt {
        Attempt::Refused { diagnostics, .. } => {
            vec![case("it_compiles", "does-not-compile", &diagnostics.concat())]
        }
        Attempt::Fault(words) => vec![case("it_can_be_graded", "grader-fault", words)],
        Attempt::Ran(judged) => {
            let mut cases: Vec<Case> = judged.checks.iter().map(check_case).collect();
            let broken = judged.broken.iter();
            cases.extend(broken.map(|why| case("it_ends_in_order", "broken", why)));
            cases
        }
    }
}

fn check_case(check: &Check) -> Case {
    let (element, kind, text) = match &check.outcome {
        Outcome::Passed => ("", "", ""),
        Outcome::Failed { report, mistake } => {
            ("failure", mistake.as_deref().unwrap_or("failed"), report.as_str())
        }
        Outcome::NotStarted => ("failure", "not-started", "not started"),
        Outcome::Skipped(reason) => ("skipped", "", reason.as_str()),
        Outcome::Cut(reason) => ("error", "cut", reason.as_str()),
    };
    Case {
        name: check.name.clone(),
        seconds: std::time::Duration::from_millis(check.millis).as_secs_f64(),
        element,
        kind: kind.to_owned(),
        text: text.to_owned(),
    }
}

fn case(writer: &mut Writer<Vec<u8>>, case: &Case, suite: &str) -> std::io::Result<()> {
    let element = writer
        .create_element("testcase")
        .with_attribute(("classname", suite))
        .with_attribute(("name", case.name.as_str()))
        .with_attribute(("time", format!("{:.3}", case.seconds).as_str()));
    if case.element.is_empty() {
        element.write_empty()?;
        return Ok(());
    }
    let text = allowed(&case.text);
    let first = text.lines().next().unwrap_or_default();
    element.write_inner_content(|writer| {
        let mut inner = writer.create_element(case.element).with_attribute(("message", first));
        if !case.kind.is_empty() {
            inner = inner.with_attribute(("type", case.kind.as_str()));
        }
        inner.write_text_content(BytesText::new(&text)).map(|_| ())
    })?;
    Ok(())
}

/// `text` with only the characters that XML 1.0 §2.2 allows.
fn allowed(text: &str) -> String {
    visible(text).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use quick_xml::Reader;

    use super::*;
    use crate::attempt::Judged;

    const NASTY: &str = "want <a & \"b\">\ngot  ]]> \u{0}\u{1b}[31m\u{ffff} é";

    fn graded(exercise: &Exercise) -> Graded<'_> {
        let failed = Outcome::Failed { report: NASTY.into(), mistake: Some("lost-edge".into()) };
        let outcomes =
            [Outcome::Passed, failed, Outcome::NotStarted, Outcome::Skipped("no IPv6".into())];
        let checks = outcomes.into_iter().enumerate().map(|(index, outcome)| Check {
            name: format!("check_{index}"),
            outcome,
            printed: String::new(),
            millis: 1500,
        });
        let judged = Judged {
            checks: checks.collect(),
            took: Duration::from_millis(20),
            broken: Some("It was ended by signal 6.".into()),
            last_words: String::new(),
            warnings: vec![],
            cut: 0,
        };
        Graded { exercise, attempt: Attempt::Ran(judged), entry: Entry::default() }
    }

    fn exercise() -> Exercise {
        Exercise { root: "/".into(), chapter: "sockets".into(), task: "read-lines".into() }
    }

    #[test]
    fn junit_is_well_formed_whatever_the_report_holds() {
        let exercise = exercise();
        let xml = as_junit(&[graded(&exercise)]).unwrap();
        let mut reader = Reader::from_str(&xml);
        let mut depth = 0;
        loop {
            match reader.read_event().unwrap() {
                Event::Start(_) => depth += 1,
                Event::End(_) => depth -= 1,
                Event::Eof => break,
                _ => {}
            }
        }
        assert_eq!(depth, 0);
        assert!(
            xml.contains("tests=\"5\" failures=\"2\" errors=\"1\" skipped=\"1\" time=\"0.020\"")
        );
        assert!(
            xml.contains("message=\"want &lt;a &amp; &quot;b&quot;&gt;\" type=\"lost-edge\""),
            "{xml}"
        );
        assert!(!xml.contains(['\u{0}', '\u{1b}', '\u{ffff}']));
    }

    #[test]
    fn json_keeps_the_report_as_it_is() {
        let exercise = exercise();
        let value = as_json(&[graded(&exercise)]);
        let text = serde_json::to_string(&value).unwrap();
        let read: Value = serde_json::from_str(&text).unwrap();
        let checks = &read["exercises"][0]["checks"];
        assert_eq!(checks[1]["report"], NASTY);
        assert_eq!(checks[1]["mistake"], "lost-edge");
        assert_eq!(checks[3]["result"], "skipped");
        assert_eq!((&read["of"], &read["passed"]), (&json!(1), &json!(0)));
        assert_eq!(read["exercises"][0]["result"], "broken");
    }
}
