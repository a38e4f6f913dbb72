//! The programs of chapter 1, and its tour: run it without arguments.

mod programs;

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use programs::{discover, figures, options, resolve, tcp_echo, tour, udp_echo, unix_echo};
use sockets::wire;

/// Chapter 1 of On the Wire: sockets. Without a program: the tour.
#[derive(Debug, Parser)]
#[command(name = "sockets", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    program: Option<Program>,
    #[command(flatten)]
    wire: wire::Wire,
}

#[derive(Debug, Subcommand)]
enum Program {
    TcpEcho(tcp_echo::TcpEcho),
    UdpEcho(udp_echo::UdpEcho),
    UnixEcho(unix_echo::UnixEcho),
    Resolve(resolve::Resolve),
    Options(options::Options),
    Discover(discover::Discover),
    Figures(figures::Figures),
}

fn main() -> ExitCode {
    // Bad arguments end here: a sentence on standard error, and exit code 2.
    let Arguments { program, wire } = Arguments::parse();
    let done = match program {
        None => tour::run(&wire),
        Some(Program::TcpEcho(arguments)) => tcp_echo::run(&arguments, &wire),
        Some(Program::UdpEcho(arguments)) => udp_echo::run(&arguments, &wire),
        Some(Program::UnixEcho(arguments)) => unix_echo::run(&arguments, &wire),
        Some(Program::Resolve(arguments)) => resolve::run(&arguments, &wire),
        Some(Program::Options(arguments)) => options::run(&arguments, &wire),
        Some(Program::Discover(arguments)) => discover::run(&arguments, &wire),
        Some(Program::Figures(arguments)) => figures::run(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut err = io::stderr();
            let (on, off) = if err.is_terminal() { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
            // Where standard error is closed, the exit code says it alone.
            let _ = writeln!(err, "{on}sockets:{off} {error:#}");
            ExitCode::FAILURE
        }
    }
}
