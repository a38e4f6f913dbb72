//! Asking cargo for a test program.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::{env, thread};

use anyhow::{Context, Result};
use indicatif::ProgressBar;
use serde_json::Value;

use crate::screen::Screen;
use crate::workspace::Exercise;

/// What came of it.
#[derive(Debug)]
pub(crate) enum Compiled {
    /// The test program, and rustc's warnings about the answer.
    Program { path: PathBuf, warnings: Vec<String> },
    /// The answer does not compile, or the graded test does not fit it: rustc's own words.
    Refused { diagnostics: Vec<String>, only_the_test: bool },
    /// Cargo failed for a reason that is not the answer's.
    Fault(String),
}

/// What a message of cargo's says to us.
enum Message {
    Test(PathBuf),
    Error { in_test: bool, ours: bool, text: String },
    Warning(String),
}

/// The cargo that runs us, or the one in the path.
pub(crate) fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Compiles the graded test of `exercise`, as `cargo test -p <task> --no-run` does.
pub(crate) fn compile(exercise: &Exercise, screen: &Screen) -> Result<Compiled> {
    let format = if screen.colour { "json-diagnostic-rendered-ansi" } else { "json" };
    let mut command = cargo();
    command
        .args(["test", "--no-run", "--package", &exercise.task])
        .arg(format!("--message-format={format}"))
        .current_dir(&exercise.root)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().context("starting cargo")?;
    let spinner = screen.spinner(format!("compiling {}", exercise.task));
    let stderr = child.stderr.take().expect("stderr is a pipe");
    let follow = spinner.clone();
    let words = thread::spawn(move || follow_cargo(stderr, &follow));

    let mut messages = Vec::new();
    for line in BufReader::new(child.stdout.take().expect("stdout is a pipe")).lines() {
        let line = line.context("reading cargo's messages")?;
        messages.extend(message(&line, &exercise.chapter, &exercise.task));
    }
    let status = child.wait().context("waiting for cargo")?;
    spinner.finish_and_clear();
    let words = words.join().unwrap_or_default();
    Ok(judge(status.success(), messages, words))
}

fn judge(success: bool, messages: Vec<Message>, words: String) -> Compiled {
    let mut program = None;
    let mut warnings = Vec::new();
    let mut errors = Vec::new();
    let (mut any_in_answer, mut any_foreign) = (false, false);
    for message in messages {
        match message {
            Message::Test(path) => program = Some(path),
            Message::Warning(text) => warnings.push(text),
            Message::Error { in_test, ours, text } => {
                any_in_answer |= ours && !in_test;
                any_foreign |= !ours;
                errors.push(text);
            }
        }
    }
    match program {
        Some(path) if success => Compiled::Program { path, warnings },
        _ if errors.is_empty() => Compiled::Fault(words),
        _ if any_foreign && !any_in_answer => Compiled::Fault(errors.concat()),
        _ => Compiled::Refused { diagnostics: errors, only_the_test: !any_in_answer },
    }
}

/// Reads one line of `--message-format=json`. Lines that are none of ours say nothing.
fn message(line: &str, chapter: &str, task: &str) -> Option<Message> {
    let value: Value = serde_json::from_str(line).ok()?;
    let target = &value["target"];
    let in_test = target["kind"][0] == "test";
    match value["reason"].as_str()? {
        "compiler-artifact" if in_test && target["name"] == task => {
            Some(Message::Test(PathBuf::from(value["executable"].as_str()?)))
        }
        "compiler-message" => {
            let source = target["src_path"].as_str().unwrap_or_default().replace('\\', "/");
            let ours = source.contains(&format!("/exercises/{chapter}/{task}/"));
            let text = value["message"]["rendered"].as_str()?.to_owned();
            match value["message"]["level"].as_str()? {
                "warning" if ours && !in_test => Some(Message::Warning(text)),
                level if level.starts_with("error") => Some(Message::Error { in_test, ours, text }),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Keeps what cargo says, and shows the last line of it while it works.
fn follow_cargo(stderr: impl Read, spinner: &ProgressBar) -> String {
    const KEPT: usize = 64 << 10;
    let mut words = String::new();
    for line in BufReader::new(stderr).lines().map_while(Result::ok) {
        if spinner.is_hidden() && line.trim_start().starts_with("Blocking") {
            eprintln!("{}", line.trim()); // Another cargo is at work: the one thing worth saying.
        }
        spinner.set_message(line.trim().to_owned());
        if words.len() + line.len() < KEPT {
            words.push_str(&line);
            words.push('\n');
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    const ERROR: &str = r#"{"reason":"compiler-message","target":{"kind":["lib"],"name":"read_lines",
        "src_path":"/c/exercises/sockets/read-lines/src/lib.rs"},
        "message":{"level":"error","rendered":"error[E0308]: mismatched types\n"}}"#;

    #[test]
    fn an_error_in_the_answer_refuses_it() {
        let message = message(ERROR, "sockets", "read-lines").unwrap();
        let Compiled::Refused { diagnostics, only_the_test } =
            judge(false, vec![message], "".into())
        else {
            panic!("not refused");
        };
        assert_eq!(diagnostics, ["error[E0308]: mismatched types\n"]);
        assert!(!only_the_test);
    }

    #[test]
    fn an_error_elsewhere_is_the_graders_fault() {
        let message = message(ERROR, "sockets", "echo-server").unwrap();
        assert!(matches!(judge(false, vec![message], "".into()), Compiled::Fault(_)));
        assert!(matches!(judge(false, vec![], "no such package".into()), Compiled::Fault(_)));
    }

    #[test]
    fn what_is_not_json_is_passed_over() {
        assert!(message("warning: unused", "sockets", "read-lines").is_none());
        assert!(
            message(r#"{"reason":"build-finished","success":true}"#, "sockets", "read-lines")
                .is_none()
        );
    }
}
