//! The course's programs beside what people would use instead.
//!
//!     cargo run --release -p bench -- client-server
//!     cargo run --release -p bench -- tcp-ip
//!     cargo run --release -p bench -- protocols
//!
//! Machines are noisy, so no figure stands alone: ours and the peers run by turns in one run, each
//! pinned to a processor of its own while the load has another, and what is compared are medians of
//! rounds and their ratios. CPU per operation, the whole server's user and system time over
//! what it did, is the figure that holds on a busy machine. Peers that are missing are named and
//! skipped.

mod client_server;
mod protocols;
mod server;
mod table;
mod tcp_ip;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Measures a chapter's programs beside their peers.
#[derive(Debug, Parser)]
#[command(name = "bench", version)]
struct Arguments {
    #[command(subcommand)]
    chapter: Chapter,
    /// Rounds of each measurement; the median is quoted.
    #[arg(long, default_value = "5", global = true)]
    rounds: usize,
    /// Where to write the tables (Markdown) and plots (SVG). Without it, only standard output.
    #[arg(long, value_name = "DIR", global = true)]
    out: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Chapter {
    /// Chapter 3: echo under each shell, beside tokio and bare mio.
    ClientServer(client_server::Options),
    /// Chapter 2: our TCP beside smoltcp's, in memory and over loss.
    TcpIp(tcp_ip::Options),
    /// Chapter 4: the servers beside those that people run.
    Protocols(protocols::Options),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let measured = match &arguments.chapter {
        Chapter::ClientServer(options) => client_server::run(options, arguments.rounds),
        Chapter::TcpIp(options) => tcp_ip::run(options, arguments.rounds),
        Chapter::Protocols(options) => protocols::run(options, arguments.rounds),
    };
    let done = measured.and_then(|report| report.publish(arguments.out.as_deref()));
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}
