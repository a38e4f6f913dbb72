//! The programs of chapter 4, and its tour: run it without arguments.

mod programs;

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use sockets::wire::Wire;

use programs::{dns, fetch, figures, ftp, ftp_get, http, http_echo, lookup, send_mail, smtp, tour};

/// Chapter 4 of On the Wire: HTTP, FTP, SMTP and DNS. Without a program: the tour.
#[derive(Debug, Parser)]
#[command(name = "protocols", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    program: Option<Program>,
    #[command(flatten)]
    wire: Wire,
}

#[derive(Debug, Subcommand)]
enum Program {
    Http(http::Http),
    HttpEcho(http_echo::HttpEcho),
    Fetch(Box<fetch::Fetch>),
    Ftp(ftp::Ftp),
    FtpGet(ftp_get::FtpGet),
    Smtp(smtp::Smtp),
    SendMail(send_mail::SendMail),
    Dns(dns::Dns),
    Lookup(lookup::Lookup),
    Figures(figures::Figures),
}

fn main() -> ExitCode {
    // Bad arguments end here: a sentence on standard error, and exit code 2.
    let Arguments { program, wire } = Arguments::parse();
    // `lookup` and `send-mail` say more than yes and no.
    let mut code = ExitCode::SUCCESS;
    let done = match program {
        None => tour::run(&wire),
        Some(Program::Http(arguments)) => http::run(&arguments, &wire),
        Some(Program::HttpEcho(arguments)) => http_echo::run(&arguments, &wire),
        Some(Program::Fetch(arguments)) => fetch::run(&arguments, &wire),
        Some(Program::Ftp(arguments)) => ftp::run(&arguments, &wire),
        Some(Program::FtpGet(arguments)) => ftp_get::run(&arguments, &wire),
        Some(Program::Smtp(arguments)) => smtp::run(&arguments, &wire),
        Some(Program::SendMail(arguments)) => {
            send_mail::run(&arguments, &wire).map(|said| code = said)
        }
        Some(Program::Dns(arguments)) => dns::run(&arguments, &wire),
        Some(Program::Lookup(arguments)) => lookup::run(&arguments, &wire).map(|said| code = said),
        Some(Program::Figures(arguments)) => figures::run(&arguments),
    };
    match done {
        Ok(()) => code,
        Err(error) => {
            let bold = io::stderr().is_terminal();
            let (on, off) = if bold { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
            eprintln!("{on}protocols:{off} {error:#}");
            ExitCode::FAILURE
        }
    }
}
