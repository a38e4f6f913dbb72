//! `lookup`.

use anyhow::{Result, bail};
use clap::Args;
use sockets::wire::Wire;

/// Asks a name server.
#[derive(Debug, Args)]
pub(crate) struct Lookup {}

pub(crate) fn run(_arguments: &Lookup, _wire: &Wire) -> Result<()> {
    bail!("not here yet")
}
