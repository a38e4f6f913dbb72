//! `cargo course wire`: what crossed the wire in the last check.

use std::fs;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use capture::dissect::{Dissector, Lines};
use capture::{Direction, Record, What, bytes, figure, ladder, pcapng, transcript};
use clap::Args;
use harness::verdict::{Status, Verdict};

use crate::commands::{exercise, unknown};
use crate::screen::{Screen, count};
use crate::workspace::{Workspace, nearest};
use crate::{Code, attempt};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The exercise
    task: String,
    /// The check; none: the first that failed, or the last that has something to show
    check: Option<String>,
    /// Write it as pcapng, for Wireshark
    #[arg(long, value_name = "FILE")]
    pcap: Option<PathBuf>,
    /// Write it as a page with a ladder, and the bytes one by one
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<Code> {
    let exercise = match exercise(workspace, &options.task) {
        Ok(exercise) => exercise,
        Err(code) => return Ok(code),
    };
    let records = attempt::records(workspace, exercise);
    let checks = exercise.checks()?;
    let named = match &options.check {
        None => None,
        Some(name) => {
            let wanted = name.replace([' ', '-'], "_");
            let Some(check) = checks.iter().find(|check| **check == wanted) else {
                let near = nearest(&wanted, checks.iter().map(String::as_str));
                unknown("check", name, near, &format!("There are {}.", checks.join(", ")));
                return Ok(Code::Usage);
            };
            Some(check.as_str())
        }
    };
    let Some(check) = named.or_else(|| choose(&records, &checks)) else {
        println!("Nothing is recorded of {0} yet: cargo course check {0}", exercise.task);
        return Ok(Code::Failed);
    };
    let Some(record) = load(&records, check)? else {
        println!("Nothing is recorded of this check yet: cargo course check {}", exercise.task);
        return Ok(Code::Failed);
    };
    if let Some(path) = &options.pcap {
        let file = fs::File::create(path).context("making the file for the packets")?;
        pcapng::write(&record, BufWriter::new(file)).context("writing the packets")?;
        println!("{}: open it with Wireshark, or tshark -r.", path.display());
    }
    if let Some(path) = &options.html {
        let title = format!("{}: {}", exercise.task, check.replace('_', " "));
        fs::write(path, page(&record, &title)).context("writing the page")?;
        println!("{}: open it in a browser.", path.display());
    }
    if options.pcap.is_none() && options.html.is_none() {
        show(&record, check, &checks, &records);
    }
    Ok(Code::Passed)
}

/// Messages whose bytes a page shows.
const MESSAGES: usize = 20;

/// The record as a page of its own.
fn page(record: &Record, title: &str) -> String {
    let mut figures = ladder::figure(record, &ladder::Options::default());
    let messages =
        record.events.iter().enumerate().filter_map(|(index, event)| match &event.what {
            What::Data(data) if !data.is_empty() => Some((index, event, data)),
            _ => None,
        });
    for (index, event, data) in messages.take(MESSAGES) {
        let flow = &record.flows[event.flow.0];
        let ends = [&flow.local.name, &flow.peer.name];
        let [from, to] = if event.direction == Direction::Sent { ends } else { [ends[1], ends[0]] };
        let options = figure::Options {
            id: format!("event-{index}"),
            caption: format!("{from} to {to}, {}.", count(data.len(), "byte")),
            ..figure::Options::default()
        };
        // Text is shown line by line. What other bytes mean, only the exercise knows.
        let lines = if bytes::is_text(data) { Lines::default().dissect(data).ok() } else { None };
        figures += &figure::html(data, &lines.unwrap_or_default(), &options);
    }
    let title = title.replace('&', "&amp;").replace('<', "&lt;");
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<style>:root {{ color-scheme: light \
         dark; }} body {{ font: 17px system-ui; margin: 1em auto; padding: 0 1em; max-width: 840px; \
         }}\n{}</style></head>\n<body><main><h1>{title}</h1>\n{figures}</main></body></html>\n",
        figure::CSS
    )
}

fn show(record: &Record, check: &str, checks: &[String], records: &Path) {
    let screen = Screen::of_stdout();
    println!("{}\n", screen.strong(&check.replace('_', " ")));
    let options = transcript::Options {
        width: screen.width,
        color: screen.colour,
        ..transcript::Options::default()
    };
    if record.events.is_empty() {
        println!(
            "Nothing crossed the wire in this check: the steps of its report are all there is."
        );
    }
    print!("{}", transcript::draw(record, &options));
    let others: Vec<&String> =
        checks.iter().filter(|name| *name != check && has_events(records, name)).collect();
    if !others.is_empty() {
        println!("\nRecorded too; name one after the exercise:");
        others.iter().for_each(|name| println!("  {name}"));
    }
}

/// The first check that failed; else the last that has something to show; else any.
fn choose<'a>(records: &Path, checks: &'a [String]) -> Option<&'a str> {
    let recorded: Vec<&String> =
        checks.iter().filter(|check| file(records, check).is_file()).collect();
    let failed = |check: &&&String| {
        let verdict = Verdict::load(records, check).ok().flatten();
        verdict.is_some_and(|verdict| verdict.status == Status::Failed)
    };
    let full = |check: &&&String| has_events(records, check);
    let chosen = recorded.iter().find(failed).or_else(|| recorded.iter().rfind(full));
    chosen.or(recorded.first()).map(|check| check.as_str())
}

/// Whether anything crossed the wire in a check; a record that cannot be read has nothing to show.
fn has_events(records: &Path, check: &str) -> bool {
    load(records, check).ok().flatten().is_some_and(|record| !record.events.is_empty())
}

fn file(records: &Path, check: &str) -> PathBuf {
    records.join(format!("{check}.wire"))
}

fn load(records: &Path, check: &str) -> Result<Option<Record>> {
    let path = file(records, check);
    if !path.is_file() {
        return Ok(None);
    }
    let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let record = Record::from_text(&text)
        .map_err(|error| anyhow::anyhow!("line {}: {:?}", error.line, error.problem))
        .with_context(|| format!("{} is damaged", path.display()))?;
    Ok(Some(record))
}
