//! `fetch`.

use anyhow::{Result, bail};
use clap::Args;
use sockets::wire::Wire;

/// Fetches a URL over HTTP.
#[derive(Debug, Args)]
pub(crate) struct Fetch {}

pub(crate) fn run(_arguments: &Fetch, _wire: &Wire) -> Result<()> {
    bail!("not here yet")
}
