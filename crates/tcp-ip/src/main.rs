//! The programs of chapter 2, and its tour: run it without arguments.

mod programs;

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[cfg(target_os = "linux")]
use programs::serve_tun;
use programs::{figures, inspect, simulate, tour};

/// Chapter 2 of On the Wire: the packet, and TCP. Without a program: the tour.
#[derive(Debug, Parser)]
#[command(name = "tcp-ip", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    program: Option<Program>,
}

#[derive(Debug, Subcommand)]
enum Program {
    Inspect(inspect::Inspect),
    Simulate(simulate::Simulate),
    #[cfg(target_os = "linux")]
    ServeTun(serve_tun::ServeTun),
    Figures(figures::Figures),
}

fn main() -> ExitCode {
    // Bad arguments end here: a sentence on standard error, and exit code 2.
    let Arguments { program } = Arguments::parse();
    let done = match program {
        None => tour::run().map(|held| if held { ExitCode::SUCCESS } else { ExitCode::FAILURE }),
        Some(Program::Inspect(arguments)) => inspect::run(&arguments).map(|()| ExitCode::SUCCESS),
        Some(Program::Simulate(arguments)) => simulate::run(&arguments),
        #[cfg(target_os = "linux")]
        Some(Program::ServeTun(arguments)) => serve_tun::run(&arguments),
        Some(Program::Figures(arguments)) => figures::run(&arguments).map(|()| ExitCode::SUCCESS),
    };
    done.unwrap_or_else(|error| {
        let bold = io::stderr().is_terminal();
        let (on, off) = if bold { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
        eprintln!("{on}tcp-ip:{off} {error:#}");
        ExitCode::FAILURE
    })
}
