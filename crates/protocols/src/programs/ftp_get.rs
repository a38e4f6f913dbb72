//! `ftp-get`.

use anyhow::{Result, bail};
use clap::Args;
use sockets::wire::Wire;

/// Fetches a file or a listing over FTP.
#[derive(Debug, Args)]
pub(crate) struct FtpGet {}

pub(crate) fn run(_arguments: &FtpGet, _wire: &Wire) -> Result<()> {
    bail!("not here yet")
}
