//! The programs of chapter 3, and its tour: run it without arguments.

mod programs;

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use sockets::wire::Wire;

use programs::{echo, figures, load, tour};

/// Chapter 3 of On the Wire: one protocol, every server. Without a program: the tour.
#[derive(Debug, Parser)]
#[command(name = "client-server", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    program: Option<Program>,
    #[command(flatten)]
    wire: Wire,
}

#[derive(Debug, Subcommand)]
enum Program {
    Echo(echo::EchoServer),
    Load(load::Load),
    Figures(figures::Figures),
}

fn main() -> ExitCode {
    // Bad arguments end here: a sentence on standard error, and exit code 2.
    let Arguments { program, wire } = Arguments::parse();
    let done = match program {
        None => {
            tour::run(&wire).map(|held| if held { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Some(Program::Echo(arguments)) => echo::run(&arguments, &wire).map(|()| ExitCode::SUCCESS),
        Some(Program::Load(arguments)) => load::run(&arguments, &wire),
        Some(Program::Figures(arguments)) => figures::run(&arguments).map(|()| ExitCode::SUCCESS),
    };
    done.unwrap_or_else(|error| {
        let bold = io::stderr().is_terminal();
        let (on, off) = if bold { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
        eprintln!("{on}client-server:{off} {error:#}");
        ExitCode::FAILURE
    })
}
