//! `inspect`: explains captured packets byte by byte.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, ErrorKind, Read, Write};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use capture::{bytes, dissect};
use clap::Args;
use tcp_ip::dissectors::Link;
use tcp_ip::savefile::{Captured, Packets};

/// Explains a capture file byte by byte.
///
/// It reads pcap and pcapng, of either byte order, as tcpdump, Wireshark and this course's `--pcap`
/// write them; captured on Ethernet (with VLAN tags), Linux's `any`, loopback, TUN, or raw IP.
/// Wrong checksums are told, and so is what contradicts itself.
#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// The file; `-` is standard input.
    file: PathBuf,
    /// Only these packets: `7`, or `3-9`.
    #[arg(long, value_name = "RANGE", value_parser = range, default_value = "1-")]
    packets: RangeInclusive<u64>,
    /// One line for each packet.
    #[arg(long)]
    summary: bool,
    /// Dump so many octets of each packet; the fields are those of all of it.
    #[arg(long, value_name = "N", default_value_t = 128)]
    dump: usize,
}

/// Reads a range of packets' numbers.
fn range(text: &str) -> Result<RangeInclusive<u64>, String> {
    let wrong = || format!("`{text}` is no range of packets such as 7, 3-9 or 3-");
    let number = |text: &str| text.parse::<u64>().map_err(|_| wrong());
    let (first, last) = match text.split_once('-') {
        None => (number(text)?, number(text)?),
        Some((first, "")) => (number(first)?, u64::MAX),
        Some((first, last)) => (number(first)?, number(last)?),
    };
    if first > last { Err(wrong()) } else { Ok(first..=last) }
}

pub(crate) fn run(arguments: &Inspect) -> Result<()> {
    let name = arguments.file.display();
    let input: Box<dyn Read> = if arguments.file == Path::new("-") {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(&arguments.file).with_context(|| format!("opening {name}"))?)
    };
    let mut out = BufWriter::new(io::stdout().lock());
    let done = explain(arguments, input, &mut out).and_then(|()| Ok(out.flush()?));
    match done {
        // Whoever reads, `head` say, has seen enough.
        Err(error) if is_broken_pipe(&error) => Ok(()),
        done => done.with_context(|| format!("reading {name}")),
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

fn explain(arguments: &Inspect, input: impl Read, mut out: impl Write) -> Result<()> {
    let (mut number, mut wrong, mut start) = (0, 0, None);
    for packet in Packets::read(BufReader::new(input))? {
        // What was read before an error is shown before it is told.
        let packet = packet.inspect_err(|_| drop(out.flush()))?;
        number += 1;
        start = start.or(packet.at);
        if number > *arguments.packets.end() {
            return Ok(());
        }
        if arguments.packets.contains(&number) {
            let since = packet.at.zip(start).map(|(at, start)| at.saturating_sub(start));
            wrong += u64::from(!show(number, since, &packet, arguments, &mut out)?);
        }
    }
    let packets = if number == 1 { "1 packet" } else { &format!("{number} packets") };
    match wrong {
        0 => writeln!(out, "{packets}")?,
        _ => writeln!(out, "{packets}; {wrong} that no parser may believe")?,
    }
    Ok(())
}

/// Shows a packet; whether nothing is wrong with it.
fn show(
    number: u64,
    since: Option<Duration>,
    packet: &Captured,
    arguments: &Inspect,
    out: &mut impl Write,
) -> Result<bool> {
    let explained = Link(packet.link).explain(&packet.octets);
    let right = explained.wrong.is_none();
    let time = since.map_or("no time".to_owned(), |since| format!("{:.6} s", since.as_secs_f64()));
    let mark = if right { "" } else { "  WRONG" };
    writeln!(out, "{number}  {time}  {}{mark}", bytes::plain(&explained.summary))?;
    if arguments.summary {
        return Ok(right);
    }
    for comment in &packet.comments {
        writeln!(out, "comment: {}", bytes::plain(comment))?;
    }
    let there = packet.octets.len();
    if there < packet.length {
        writeln!(out, "captured: {there} of {}", bytes::count(packet.length))?;
    }
    writeln!(out)?;
    let dumped = there.min(arguments.dump);
    for line in bytes::hex_lines(&packet.octets[..dumped], 0) {
        writeln!(out, "  {line}")?;
    }
    if dumped < there {
        writeln!(out, "  … and {} more (--dump {there})", bytes::count(there - dumped))?;
    }
    writeln!(out)?;
    for line in dissect::table(&explained.fields).lines() {
        writeln!(out, "  {line}")?;
    }
    if let Some(wrong) = explained.wrong {
        writeln!(out, "\nWRONG {}", bytes::plain(&wrong.to_string()))?;
    }
    writeln!(out)?;
    Ok(right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_packets() {
        assert_eq!(range("7"), Ok(7..=7));
        assert_eq!(range("3-9"), Ok(3..=9));
        assert_eq!(range("3-"), Ok(3..=u64::MAX));
        for text in ["", "-", "-3", "9-3", "a", "1-b"] {
            assert!(range(text).is_err(), "{text}");
        }
    }
}
