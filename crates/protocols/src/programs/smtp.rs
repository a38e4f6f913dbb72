//! `smtp`.

use anyhow::{Result, bail};
use clap::Args;
use sockets::wire::Wire;

/// Accepts mail, and stores it in a Maildir.
#[derive(Debug, Args)]
pub(crate) struct Smtp {}

pub(crate) fn run(_arguments: &Smtp, _wire: &Wire) -> Result<()> {
    bail!("not here yet")
}
