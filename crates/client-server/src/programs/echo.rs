//! `echo`: the chapter's protocol under each of its shells.

use std::net::IpAddr;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use client_server::serve::Serve;
use client_server::{Echo, LineEcho};
use sockets::serving;
use sockets::wire::Wire;

/// Echoes every octet that clients send, until they end their direction.
#[derive(Debug, Args)]
pub(crate) struct EchoServer {
    #[command(flatten)]
    serve: Serve,
    /// Echo whole lines, and give each so long from its first byte to its last.
    #[arg(long, value_name = "TIME", value_parser = serving::duration)]
    lines: Option<Duration>,
    /// Close a connection that has been silent for so long.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = serving::duration)]
    idle: Duration,
}

pub(crate) fn run(arguments: &EchoServer, wire: &Wire) -> Result<()> {
    let idle = arguments.idle;
    match arguments.lines {
        None => arguments.serve.offer("echo", wire, move |_: Option<IpAddr>| Echo::new(idle)),
        Some(line) => {
            let service = move |_: Option<IpAddr>| LineEcho::new(idle, line);
            arguments.serve.offer("echo", wire, service)
        }
    }
}
