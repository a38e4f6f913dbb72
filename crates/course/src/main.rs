//! `cargo course`: the way through the course.
//!
//! A layer over plain cargo, never in place of it: `cargo run -p <chapter>` runs a chapter and
//! `cargo test -p <task>` checks an answer. This says where you are, what to type next, and what
//! the checks of an answer have to say, whatever the answer does.
//!
//! | module | what it knows |
//! |---|---|
//! | `workspace` | where chapters, exercises and their files are |
//! | `progress` | what the learner has done: `.course/progress` |
//! | `compile`, `program`, `attempt` | from an answer to its verdict |
//! | `interrupt` | Ctrl-C, which must reach the answers that run |
//! | `derive` | starters and manifests, from the solutions |
//! | `screen`, `lines`, `page`, `readme`, `show` | words and how they are laid out |
//! | `commands` | one module for each thing that one can type |

mod attempt;
mod commands;
mod compile;
mod derive;
mod interrupt;
mod lines;
mod page;
mod program;
mod progress;
mod readme;
mod screen;
mod show;
mod workspace;

use std::process::ExitCode;
use std::{panic, process};

use clap::{Parser, Subcommand};

use crate::commands::{
    book, check, doctor, explain, hint, map, next, report, reset, solution, starters, verify,
    watch, wire,
};
use crate::workspace::Workspace;

/// The way through the course. Without a command: where you are, and what to do next.
#[derive(Parser)]
#[command(name = "cargo course", bin_name = "cargo course", version, after_help = EXIT_CODES)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

const EXIT_CODES: &str = "Exit codes: 0 all that was asked passed, 1 some failed, 2 usage, \
    3 an answer does not compile,\n            4 an answer timed out or crashed, 5 the grader's own \
    fault. Of several, the highest.";

#[derive(Subcommand)]
enum Command {
    /// Check an answer, a chapter's answers, or all
    Check(check::Options),
    /// Check an answer whenever you save it
    Watch(watch::Options),
    /// Show a hint: the first, then one more each time, three in all
    Hint(hint::Options),
    /// Explain a mistake that a report names
    Explain(explain::Options),
    /// Show what crossed the wire in the last check
    Wire(wire::Options),
    /// Show the next exercise, and what to type
    Next,
    /// Put an exercise's starter back; your file is saved first
    Reset(reset::Options),
    /// Show the solution, once your answer has passed
    Solution(solution::Options),
    /// Read the book in your browser
    Book(book::Options),
    /// Say what this machine lacks, and how to get it
    Doctor,
    /// Check, and report to another program
    Report(report::Options),
    /// For authors: derive the starters and manifests from the solutions
    Starters(starters::Options),
    /// For authors: prove the grader, and check the book
    Verify(verify::Options),
}

/// How a command ended. The numbers are the exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Code {
    /// All that was asked passed.
    Passed = 0,
    /// Some of it failed.
    Failed = 1,
    /// The command was not understood.
    Usage = 2,
    /// An answer does not compile.
    DoesNotCompile = 3,
    /// An answer timed out, crashed or ended its program.
    Broken = 4,
    /// The grader failed, not the answer.
    Fault = 5,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    end_with_the_reader();
    let said = |code| {
        move |error| {
            eprintln!("cargo course: {error:#}");
            code
        }
    };
    let code = match Workspace::find() {
        Ok(workspace) => run(arguments.command, &workspace).unwrap_or_else(said(Code::Fault)),
        Err(error) => said(Code::Usage)(error),
    };
    ExitCode::from(code as u8)
}

/// `cargo course | head`: when nobody reads any more, the rest need not be written, and that is no
/// failure to tell about. `println!` panics then.
fn end_with_the_reader() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let words = info.payload().downcast_ref::<String>().map_or("", String::as_str);
        if words.starts_with("failed printing to stdout") {
            process::exit(0);
        }
        before(info);
    }));
}

fn run(command: Option<Command>, workspace: &Workspace) -> anyhow::Result<Code> {
    match command {
        None => map::run(workspace),
        Some(Command::Check(options)) => check::run(workspace, &options),
        Some(Command::Watch(options)) => watch::run(workspace, &options),
        Some(Command::Hint(options)) => hint::run(workspace, &options),
        Some(Command::Explain(options)) => explain::run(workspace, &options),
        Some(Command::Wire(options)) => wire::run(workspace, &options),
        Some(Command::Next) => next::run(workspace),
        Some(Command::Reset(options)) => reset::run(workspace, &options),
        Some(Command::Solution(options)) => solution::run(workspace, &options),
        Some(Command::Book(options)) => book::run(workspace, &options),
        Some(Command::Doctor) => doctor::run(workspace),
        Some(Command::Report(options)) => report::run(workspace, &options),
        Some(Command::Starters(options)) => starters::run(workspace, &options),
        Some(Command::Verify(options)) => verify::run(workspace, &options),
    }
}
