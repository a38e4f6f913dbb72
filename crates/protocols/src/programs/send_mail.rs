//! `send-mail`.

use anyhow::{Result, bail};
use clap::Args;
use sockets::wire::Wire;

/// Sends a mail over SMTP.
#[derive(Debug, Args)]
pub(crate) struct SendMail {}

pub(crate) fn run(_arguments: &SendMail, _wire: &Wire) -> Result<()> {
    bail!("not here yet")
}
