//! What every server of the course does around serving: it says where it listens, stops on a signal,
//! and reads its waits and addresses from the command line.
//!
//! A server prints one line, `listening on <address>`, once clients may come; it stops accepting and
//! finishes what is in flight on SIGINT and SIGTERM, and then exits with 0. People and programs
//! both rely on that.

use std::error::Error;
use std::fmt::{self, Display};
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::low_level::pipe;

/// Prints `listening on <address>`, which tells a person and a program alike that clients may come.
///
/// # Errors
///
/// If standard output is closed.
pub fn announce(address: impl Display) -> io::Result<()> {
    let mut out = io::stdout().lock();
    // Flushed, since a pipe's buffer would keep the line until it is full.
    writeln!(out, "listening on {address}").and_then(|()| out.flush())
}

// ANCHOR: on_signal
/// Calls `first` at the first SIGINT or SIGTERM, and `again` at every later one, on a thread of
/// their own.
///
/// A signal's handler may do next to nothing (`signal-safety(7)`); writing an octet to a socket is
/// among what it may. The octet wakes a thread that waits at the other end, and that thread is an
/// ordinary one: the self-pipe trick.
///
/// # Errors
///
/// If there is no descriptor for the pair of sockets, or the system refuses the handlers.
pub fn on_signal(
    first: impl FnOnce() + Send + 'static,
    again: impl Fn() + Send + 'static,
) -> io::Result<()> {
    let (mut waiting, written) = UnixStream::pair()?;
    pipe::register(SIGTERM, written.try_clone()?)?;
    pipe::register(SIGINT, written)?;
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
// ANCHOR_END: on_signal

/// Why a text is no wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DurationError {
    /// Not a number and a unit, or a number of more than 32 bits.
    Form(String),
    /// Zero: sockets take it for "for ever", and nobody means that.
    Zero,
}

impl Display for DurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form(text) => write!(f, "`{text}` is no duration such as 500ms, 90s or 10m"),
            Self::Zero => write!(f, "a wait of zero is none; the shortest is 1ms"),
        }
    }
}

impl Error for DurationError {}

/// Reads a wait: a whole number of `ms`, `s`, `m` or `h`, such as `90s`.
///
/// ```
/// use sockets::serving::{DurationError, duration};
/// use std::time::Duration;
///
/// assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
/// assert_eq!(duration("0s"), Err(DurationError::Zero));
/// assert_eq!(duration("90").unwrap_err().to_string(), "`90` is no duration such as 500ms, 90s or 10m");
/// ```
///
/// # Errors
///
/// If it is anything else.
pub fn duration(text: &str) -> Result<Duration, DurationError> {
    let wrong = || DurationError::Form(text.to_owned());
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
        Duration::ZERO => Err(DurationError::Zero),
        duration => Ok(duration),
    }
}

/// A text that is no address and port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressError(String);

impl Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is no address and port such as 127.0.0.1:7000 or [::1]:0 \
             (port 0: the system chooses)",
            self.0
        )
    }
}

impl Error for AddressError {}

/// Reads an address to listen on: `127.0.0.1:0`, `[::1]:7000`.
///
/// # Errors
///
/// If it is a name, or has no port.
pub fn address(text: &str) -> Result<SocketAddr, AddressError> {
    text.parse().map_err(|_| AddressError(text.to_owned()))
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
