//! Socket options, each shown by what it changes.
//!
//! An option is a switch that `setsockopt(2)` sets, and reading its value back shows only that it was
//! set. So each page here sets up live sockets, measures what happens without the option and with it,
//! and claims something that the measurement can refute:
//!
//! | page | options |
//! |---|---|
//! | [`stream`] | `TCP_NODELAY`, `TCP_QUICKACK`, `SO_LINGER`, `SO_KEEPALIVE`, `TCP_USER_TIMEOUT` |
//! | [`buffers`] | `SO_RCVBUF`, `SO_SNDBUF`, the backlog of `listen` |
//! | [`binding`] | `SO_REUSEADDR`, `SO_REUSEPORT`, `IPV6_V6ONLY`, `IP_FREEBIND` |
//! | [`waiting`] | `SO_RCVTIMEO`, `SO_SNDTIMEO` |
//! | [`sending`] | `IP_TTL`, `SO_BROADCAST`, `IP_MULTICAST_TTL`, `IP_MULTICAST_LOOP`, `IP_MULTICAST_IF` |
//! | [`receiving`] | `IP_ADD_MEMBERSHIP`, `IP_MULTICAST_ALL`, `IP_RECVERR`, `SO_PEERCRED` |
//!
//! A claim is *guaranteed*, by POSIX or an RFC, or only *seen on Linux*: other systems may differ, and
//! other versions too.

pub mod binding;
pub mod buffers;
pub mod receiving;
pub mod sending;
pub mod stream;
pub mod waiting;

use std::fmt::Display;
use std::io::{self, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Duration;

/// One option, and the way to show it.
#[derive(Debug, Clone, Copy)]
pub struct SocketOption {
    /// Its name in C: `TCP_NODELAY`.
    pub name: &'static str,
    /// Where it is specified.
    pub source: &'static str,
    /// What it does, in a sentence.
    pub what: &'static str,
    show: fn(&mut Findings) -> io::Result<()>,
}

/// Something that was measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// What is said to happen.
    pub text: String,
    /// What was measured; empty where there is no number. What another run or another machine may
    /// measure otherwise stands behind `≈`, or is a time.
    pub measured: String,
    /// Whether it happened.
    pub holds: bool,
    /// Whether nothing but Linux is known to do so.
    pub seen_on_linux: bool,
}

/// What showing an option has found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// In the order in which they were measured.
    pub claims: Vec<Claim>,
    /// Why the option was not shown, or only in part: what the system lacks.
    pub skipped: Option<String>,
}

impl Findings {
    /// Notes what POSIX or an RFC guarantees.
    fn guaranteed(&mut self, holds: bool, text: impl Display, measured: impl Display) {
        self.claim(holds, text, measured, false);
    }

    /// Notes what Linux does.
    fn seen(&mut self, holds: bool, text: impl Display, measured: impl Display) {
        self.claim(holds, text, measured, true);
    }

    fn claim(&mut self, holds: bool, text: impl Display, measured: impl Display, seen: bool) {
        let (text, measured) = (text.to_string(), measured.to_string());
        self.claims.push(Claim { text, measured, holds, seen_on_linux: seen });
    }

    fn skip(&mut self, why: impl Display) {
        self.skipped = Some(why.to_string());
    }

    /// Whether all that must hold here does.
    pub fn hold(&self) -> bool {
        let here = cfg!(target_os = "linux");
        self.claims.iter().all(|claim| claim.holds || (claim.seen_on_linux && !here))
    }
}

impl SocketOption {
    /// Measures it. Takes less than two seconds.
    pub fn show(&self) -> Findings {
        let mut findings = Findings::default();
        if let Err(error) = (self.show)(&mut findings) {
            findings.guaranteed(false, "the sockets for it can be made", error);
        }
        findings
    }
}

/// All options of the chapter.
pub const ALL: &[SocketOption] = &[
    stream::TCP_NODELAY,
    stream::TCP_QUICKACK,
    stream::SO_LINGER,
    stream::SO_KEEPALIVE,
    stream::TCP_USER_TIMEOUT,
    buffers::SO_RCVBUF,
    buffers::SO_SNDBUF,
    buffers::BACKLOG,
    binding::SO_REUSEADDR,
    binding::SO_REUSEPORT,
    binding::IPV6_V6ONLY,
    binding::IP_FREEBIND,
    waiting::SO_RCVTIMEO,
    waiting::SO_SNDTIMEO,
    sending::IP_TTL,
    sending::SO_BROADCAST,
    sending::IP_MULTICAST_TTL,
    sending::IP_MULTICAST_LOOP,
    sending::IP_MULTICAST_IF,
    receiving::IP_ADD_MEMBERSHIP,
    receiving::IP_MULTICAST_ALL,
    receiving::IP_RECVERR,
    receiving::SO_PEERCRED,
];

/// A group of our own, in the range that RFC 2365 §6.1 leaves to everybody's own network.
const GROUP: Ipv4Addr = Ipv4Addr::new(239, 255, 77, 78);
/// Longer than anything here should take: no wait is without an end.
const PATIENCE: Duration = Duration::from_secs(10);

/// Two ends of a connection: the one that connected, and the one that was accepted.
fn pair() -> io::Result<(TcpStream, TcpStream)> {
    pair_of(&TcpListener::bind("127.0.0.1:0")?)
}

fn pair_of(listener: &TcpListener) -> io::Result<(TcpStream, TcpStream)> {
    let near = TcpStream::connect_timeout(&listener.local_addr()?, PATIENCE)?;
    let (far, _) = listener.accept()?;
    for stream in [&near, &far] {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
    }
    Ok((near, far))
}

/// Writes until the system takes no more, and for a while no less: what is on its way may still make
/// room. Gives the octets taken.
fn fill(mut stream: &TcpStream) -> io::Result<usize> {
    stream.set_write_timeout(Some(Duration::from_millis(50)))?;
    let mut taken = 0;
    while let Ok(count) = stream.write(&[0; 64 * 1024]) {
        taken += count;
    }
    Ok(taken)
}

/// A duration as one reads it.
fn milliseconds(duration: Duration) -> String {
    format!("{:.2} ms", duration.as_secs_f64() * 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_claim_holds() {
        for option in ALL {
            let findings = option.show();
            assert!(findings.hold(), "{}: {findings:#?}", option.name);
            assert!(!findings.claims.is_empty() || findings.skipped.is_some(), "{}", option.name);
            if let Some(why) = findings.skipped {
                eprintln!("{}: skipped: {why}", option.name);
            }
        }
    }

    #[test]
    fn a_claim_that_does_not_hold_is_seen() {
        let mut findings = Findings::default();
        findings.guaranteed(true, "one", "");
        assert!(findings.hold());
        findings.guaranteed(false, "another", "");
        assert!(!findings.hold());
    }
}
