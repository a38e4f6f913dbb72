//! `smtp`: mail comes in, and is stored.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Args;
use client_server::serve::Serve;
use protocols::smtp::address::Mailbox;
use protocols::smtp::maildir::Maildir;
use protocols::smtp::server::{Config, Server};
use protocols::smtp::store::Memory;
use sockets::serving;
use sockets::wire::Wire;

/// Accepts mail, and stores it in a Maildir.
#[derive(Debug, Args)]
pub(crate) struct Smtp {
    #[command(flatten)]
    serve: Serve,
    /// The Maildir that all mail goes to; made if it is not there.
    #[arg(long, value_name = "DIR", required_unless_present = "memory")]
    maildir: Option<PathBuf>,
    /// Keep the last thousand messages in memory, up to 64 MiB, and no others: to try things out.
    #[arg(long, conflicts_with = "maildir")]
    memory: bool,
    /// The server's name, in its greeting and in header fields.
    #[arg(long, value_name = "HOST", default_value = "localhost")]
    name: String,
    /// Take mail for this domain only; may be given several times. Without it, for any.
    #[arg(long, value_name = "DOMAIN")]
    domain: Vec<String>,
    /// Octets of the largest message.
    #[arg(long, value_name = "OCTETS", default_value = "10485760", value_parser = clap::value_parser!(u64).range(65_536..))]
    size: u64,
    /// Recipients of one message.
    #[arg(long, value_name = "N", default_value = "1000", value_parser = clap::value_parser!(u32).range(100..=10_000))]
    recipients: u32,
    /// Close a session in which no command came for so long.
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = serving::duration)]
    idle: Duration,
    /// Close a session whose message takes longer.
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = serving::duration)]
    message_time: Duration,
}

pub(crate) fn run(arguments: &Smtp, wire: &Wire) -> Result<()> {
    let name = &arguments.name;
    // It stands in replies, in header fields and in the names of files.
    let plain = !name.contains(['/', ':']) && Mailbox::parse(&format!("postmaster@{name}")).is_ok();
    ensure!(plain, "`{name}` is no name of a host");
    let config = Config {
        name: name.clone(),
        domains: arguments.domain.clone(),
        size: arguments.size,
        recipients: usize::try_from(arguments.recipients)?,
        idle: arguments.idle,
        message_time: arguments.message_time,
        ..Config::default()
    };
    match &arguments.maildir {
        Some(path) => {
            let maildir = Maildir::open(path, name).context("opening the Maildir")?;
            arguments.serve.offer("smtp", wire, Server::new(config, maildir))
        }
        None => arguments.serve.offer("smtp", wire, Server::new(config, Memory::default())),
    }
}
