//! `http-echo`.

use anyhow::{Result, bail};
use clap::Args;
use sockets::wire::Wire;

/// Answers any request with the body that it got.
#[derive(Debug, Args)]
pub(crate) struct HttpEcho {}

pub(crate) fn run(_arguments: &HttpEcho, _wire: &Wire) -> Result<()> {
    bail!("not here yet")
}
