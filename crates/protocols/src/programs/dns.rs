//! `dns`.

use anyhow::{Result, bail};
use clap::Args;
use sockets::wire::Wire;

/// Answers for a zone, over UDP and TCP.
#[derive(Debug, Args)]
pub(crate) struct Dns {}

pub(crate) fn run(_arguments: &Dns, _wire: &Wire) -> Result<()> {
    bail!("not here yet")
}
