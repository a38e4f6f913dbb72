//! `figures`: draws the figures of the book's chapter 2 from packets and connections that it makes.
//!
//! Time is virtual and the cable does what it is told, so two runs draw the same. What a figure is
//! to show is checked before it is drawn: one that no longer happens is an error and no drawing.

mod chart;
mod handshakes;
mod headers;
mod losses;
mod plots;

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use capture::figure;
use clap::Args;

/// Draws the figures of the book's chapter 2 from packets and connections that are made here.
#[derive(Debug, Args)]
pub(crate) struct Figures {
    /// The folder of the figures.
    #[arg(long, value_name = "DIR", default_value = "book/src/figures/tcp-ip")]
    out: PathBuf,
    /// Write nothing; fail where a figure is not what would be written.
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(arguments: &Figures) -> Result<()> {
    let folder = &arguments.out;
    let differing = figure::publish(folder, &all()?, arguments.check)
        .with_context(|| format!("writing to {}", folder.display()))?;
    ensure!(!arguments.check || differing.is_empty(), "not what runs now: {differing:?}");
    Ok(())
}

/// A figure's name, and what draws it.
type Drawing = (&'static str, fn() -> Result<String>);

/// All figures, each with its name.
fn all() -> Result<Vec<(&'static str, String)>> {
    let drawings = [&headers::ALL[..], &handshakes::ALL, &losses::ALL, &plots::ALL].concat();
    let draw = |(name, draw): Drawing| Ok((name, draw().with_context(|| name.to_string())?));
    drawings.into_iter().map(draw).collect()
}
