//! What all servers of the chapter share: the one line that they print, and the signals.

use std::fmt::Display;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::low_level::pipe;

/// Prints `listening on <address>`, which tells a person and a program alike that clients may come.
pub(crate) fn announce(address: impl Display) -> Result<()> {
    let mut out = io::stdout().lock();
    // Flushed, since a pipe's buffer would keep the line until it is full.
    writeln!(out, "listening on {address}")
        .and_then(|()| out.flush())
        .context("printing the address on standard output")
}

/// Calls `first` at the first SIGINT or SIGTERM, and `again` at every later one.
///
/// A signal's handler may do next to nothing (`signal-safety(7)`); writing an octet to a socket is
/// among what it may. The octet wakes a thread that waits at the other end, and that thread is an
/// ordinary one: the self-pipe trick.
pub(crate) fn on_signal(
    first: impl FnOnce() + Send + 'static,
    again: impl Fn() + Send + 'static,
) -> Result<()> {
    let (mut waiting, written) = UnixStream::pair().context("making the signals' socket pair")?;
    let second = written.try_clone().context("making the signals' socket pair")?;
    pipe::register(SIGTERM, written).context("registering for SIGTERM")?;
    pipe::register(SIGINT, second).context("registering for SIGINT")?;
    thread::spawn(move || {
        let mut octet = [0];
        if waiting.read_exact(&mut octet).is_ok() {
            first();
        }
        while waiting.read_exact(&mut octet).is_ok() {
            again();
        }
    });
    Ok(())
}

/// Reads a duration: `90s`, `10m`, `500ms`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no duration such as 500ms, 90s or 10m");
    let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(digits);
    let number: u32 = number.parse().map_err(|_| wrong())?;
    let milliseconds = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(wrong()),
    };
    match Duration::from_millis(u64::from(number) * milliseconds) {
        Duration::ZERO => Err("a wait of zero is none; the shortest is 1ms".to_owned()),
        duration => Ok(duration),
    }
}

/// Reads an address to listen on: `127.0.0.1:0`, `[::1]:7000`.
pub(crate) fn address(text: &str) -> Result<std::net::SocketAddr, String> {
    text.parse().map_err(|_| {
        format!(
            "`{text}` is no address and port such as 127.0.0.1:7000 or [::1]:0 \
             (port 0: the system chooses)"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(duration("10m"), Ok(Duration::from_secs(600)));
        for wrong in ["", "10", "s", "-1s", "1.5s", "0s", "99999999999s", "1d", "1 s"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn addresses_are_numbers_and_a_port() {
        assert!(address("[::]:0").is_ok());
        for wrong in ["", "127.0.0.1", "localhost:1", "::1:80", "127.0.0.1:65536"] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }
}
