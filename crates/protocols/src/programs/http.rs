//! `http`.

use anyhow::{Result, bail};
use clap::Args;
use sockets::wire::Wire;

/// Serves a folder over HTTP/1.1.
#[derive(Debug, Args)]
pub(crate) struct Http {}

pub(crate) fn run(_arguments: &Http, _wire: &Wire) -> Result<()> {
    bail!("not here yet")
}
