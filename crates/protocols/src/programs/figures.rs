//! `figures`: draws the figures of the book's chapter 4 from conversations with its own servers.
//!
//! Both ends run here and now. What a figure is to show is checked before it is drawn: one that no
//! longer happens is an error and no drawing. What is new in every run (a date, a tag, a port) is
//! put in order first, so that two runs draw the same.

mod dns;
mod ftp;
mod http;
mod smtp;

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use capture::dissect::{Dissector, tiles};
use capture::{Direction, FlowId, Record, Recorder, What, figure, ladder};
use clap::Args;

/// Draws the figures of the book's chapter 4 from conversations that happen here.
#[derive(Debug, Args)]
pub(crate) struct Figures {
    /// The folder of the figures.
    #[arg(long, value_name = "DIR", default_value = "book/src/figures/protocols")]
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
    let drawings = [&http::ALL[..], &ftp::ALL, &smtp::ALL, &dns::ALL].concat();
    let draw = |(name, draw): Drawing| Ok((name, draw().with_context(|| name.to_string())?));
    drawings.into_iter().map(draw).collect()
}

/// A message octet by octet, with the fields that its dissector names.
fn octets(id: &str, dissector: &dyn Dissector, message: &[u8], caption: &str) -> Result<String> {
    let fields = dissector.dissect(message).context("the message of a figure")?;
    tiles(&fields, message.len()).context("the fields of a figure")?;
    let options = figure::Options {
        id: format!("bytes-{id}"),
        caption: caption.to_owned(),
        ..figure::Options::default()
    };
    Ok(figure::html(message, &fields, &options))
}

/// A conversation as a ladder, without times and ports. `words` say what crosses, message by
/// message; an empty one leaves the octets.
fn conversation(id: &str, record: &Record, words: &[&str], caption: &str) -> String {
    let record = record.without_ports();
    let events = record.events.iter().enumerate();
    let messages = events.filter(|(_, event)| matches!(event.what, What::Data(_)));
    let labels = messages.zip(words).filter(|(_, word)| !word.is_empty());
    let options = ladder::Options {
        labels: labels.map(|((index, _), word)| (index, (*word).to_owned())).collect(),
        id: format!("ladder-{id}"),
        caption: caption.to_owned(),
        times: false,
        ..ladder::Options::default()
    };
    ladder::figure(&record, &options)
}

/// What the first flow's client sent, or what it received.
fn first_flow(recorder: &Recorder, direction: Direction) -> Vec<u8> {
    recorder.snapshot().bytes(FlowId(0), direction)
}
