//! `options`: what each socket option changes, measured on live sockets.

use std::io::{self, Write};

use anyhow::{Context, Result, bail};
use clap::Args;
use sockets::options::{ALL, Claim, Findings, SocketOption};
use sockets::wire::Wire;

/// Shows what each socket option changes, measured on sockets of its own.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only these, such as TCP_NODELAY; without names, all.
    #[arg(value_name = "OPTION", value_parser = option)]
    options: Vec<SocketOption>,
}

fn option(name: &str) -> Result<SocketOption, String> {
    ALL.iter().find(|option| option.name.eq_ignore_ascii_case(name)).copied().ok_or_else(|| {
        let names: Vec<_> = ALL.iter().map(|option| option.name).collect();
        format!("the options are {}", names.join(", "))
    })
}

pub(crate) fn run(arguments: &Options, wire: &Wire) -> Result<()> {
    wire.nothing("what an option changes is below the octets; it is measured instead")?;
    let chosen = if arguments.options.is_empty() { ALL } else { &arguments.options };
    let mut failed = Vec::new();
    for option in chosen {
        let findings = option.show();
        io::stdout()
            .lock()
            .write_all(draw(option, &findings, true).as_bytes())
            .context("printing")?;
        if !findings.hold() {
            failed.push(option.name);
        }
    }
    if failed.is_empty() { Ok(()) } else { bail!("not as claimed: {}", failed.join(", ")) }
}

/// An option and what was found; without what was measured it is the same in every run.
pub(crate) fn draw(option: &SocketOption, findings: &Findings, measured: bool) -> String {
    let mut text = format!("{}  ({})\n  {}\n", option.name, option.source, option.what);
    for claim in &findings.claims {
        text += &line(claim, measured);
    }
    if let Some(why) = &findings.skipped {
        text += &format!("  skipped  {why}\n");
    }
    text + "\n"
}

fn line(claim: &Claim, measured: bool) -> String {
    let verdict = if claim.holds { "✓" } else { "✗ NOT SO:" };
    let mut text = format!("  {verdict} {}", claim.text);
    if claim.seen_on_linux {
        text += " (seen on Linux)";
    }
    if measured && !claim.measured.is_empty() {
        text += &format!("  → {}", claim.measured);
    }
    text + "\n"
}
