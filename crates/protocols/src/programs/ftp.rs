//! `ftp`: a folder, over FTP.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use client_server::serve::Serve;
use protocols::ftp::server::{FtpServer, Settings, Users};
use protocols::jail::Jail;
use sockets::serving;
use sockets::wire::Wire;

/// Serves a folder over FTP.
#[derive(Debug, Args)]
pub(crate) struct Ftp {
    #[command(flatten)]
    serve: Serve,
    /// The folder that is served; no name leads out of it.
    #[arg(long, value_name = "DIR")]
    root: PathBuf,
    /// Who may log in; the password is the first line of --password-file.
    #[arg(long, value_name = "NAME", requires = "password_file")]
    user: Option<String>,
    /// The file that the password is in.
    #[arg(long, value_name = "FILE", requires = "user")]
    password_file: Option<PathBuf>,
    /// Let everybody in, as `anonymous`; so it is where no --user is given.
    #[arg(long)]
    anonymous: bool,
    /// Let clients change what is in the folder.
    #[arg(long)]
    writable: bool,
    /// Acknowledge an upload when it is on the disk, and not when the system has it.
    #[arg(long)]
    sync: bool,
    /// Close a session in which nothing was said for so long.
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = serving::duration)]
    idle: Duration,
}

pub(crate) fn run(arguments: &Ftp, wire: &Wire) -> Result<()> {
    let root = &arguments.root;
    let jail = Jail::new(root).with_context(|| format!("opening {}", root.display()))?;
    let user = match (&arguments.user, &arguments.password_file) {
        (Some(user), Some(path)) => {
            let text = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
            let line = text.split(|&byte| byte == b'\n').next().unwrap_or_default();
            let password = line.strip_suffix(b"\r").unwrap_or(line);
            anyhow::ensure!(!password.is_empty(), "there is no password in {}", path.display());
            Some((user.clone(), password.to_vec()))
        }
        _ => None,
    };
    let settings = Settings {
        users: Users { anonymous: arguments.anonymous || user.is_none(), user },
        writable: arguments.writable,
        sync: arguments.sync,
        idle: arguments.idle,
        ..Settings::new(jail)
    };
    arguments.serve.offer("ftp", wire, FtpServer::new(settings))
}
