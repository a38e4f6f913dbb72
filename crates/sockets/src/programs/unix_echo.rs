//! `unix-echo`: the echo of `tcp-echo`, at a path.

use std::io;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use sockets::log::Log;
use sockets::{unix, wire};

use super::tcp_echo::LimitArguments;

/// Echoes every octet that clients of a Unix-domain socket send.
///
/// A socket file that a dead server left behind is replaced; one on which somebody listens is not.
/// The file is removed at the end.
#[derive(Debug, Args)]
pub(crate) struct UnixEcho {
    /// Where the socket's file is made: 107 octets at most.
    #[arg(long, value_name = "PATH")]
    listen: PathBuf,
    /// Permissions of the file, in octal; connecting needs the right to write.
    #[arg(long, value_name = "MODE", default_value = "600", value_parser = mode)]
    mode: u32,
    #[command(flatten)]
    limits: LimitArguments,
}

pub(crate) fn run(arguments: &UnixEcho, wire: &wire::Wire) -> Result<()> {
    let path = &arguments.listen;
    let listener = unix::listen(path, arguments.mode)
        .with_context(|| format!("listening on {}", path.display()))?;
    let log = Log::to(io::stderr(), "unix-echo");
    let socket = listener.socket.try_clone().context("sharing the socket")?;
    // The listener removes its file when it is dropped: after the last connection.
    arguments.limits.serve(socket, &log, path.display(), wire)
}

fn mode(text: &str) -> Result<u32, String> {
    u32::from_str_radix(text, 8)
        .ok()
        .filter(|mode| *mode <= 0o777)
        .ok_or_else(|| format!("`{text}` is no mode in octal such as 600 or 660"))
}
