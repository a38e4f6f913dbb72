//! `ftp`.

use anyhow::{Result, bail};
use clap::Args;
use sockets::wire::Wire;

/// Serves a folder over FTP.
#[derive(Debug, Args)]
pub(crate) struct Ftp {}

pub(crate) fn run(_arguments: &Ftp, _wire: &Wire) -> Result<()> {
    bail!("not here yet")
}
