//! The programs of chapter 1, and its tour: run it without arguments.

mod programs;

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use programs::tcp_echo;

/// Chapter 1 of On the Wire: sockets. Without a program: the tour.
#[derive(Debug, Parser)]
#[command(name = "sockets", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    program: Option<Program>,
}

#[derive(Debug, Subcommand)]
enum Program {
    TcpEcho(tcp_echo::Arguments),
}

fn main() -> ExitCode {
    // Bad arguments end here: a sentence on standard error, and exit code 2.
    let arguments = Arguments::parse();
    let done = match arguments.program {
        None => Ok(()),
        Some(Program::TcpEcho(arguments)) => tcp_echo::run(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let bold = io::stderr().is_terminal();
            let (on, off) = if bold { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
            eprintln!("{on}sockets:{off} {error:#}");
            ExitCode::FAILURE
        }
    }
}
