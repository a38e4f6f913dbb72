//! What every server of the course does around serving: announce itself, and stop on a signal.

use std::fmt::Display;
use std::io::{self, Write};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

pub(crate) fn announce(address: impl Display) -> Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "listening on {address}")
        .and_then(|()| out.flush())
        .context("printing the address on standard output")
}

pub(crate) fn on_signal(stop: impl Fn() + Send + 'static) -> Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM]).context("registering for signals")?;
    thread::spawn(move || {
        for _ in signals.forever() {
            stop();
        }
    });
    Ok(())
}

pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no duration such as 500ms, 90s or 10m");
    let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(digits);
    let number: u32 = number.parse().map_err(|_| wrong())?;
    let milliseconds = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        _ => return Err(wrong()),
    };
    Ok(Duration::from_millis(u64::from(number) * milliseconds))
}
