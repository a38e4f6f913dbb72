//! The loop between the device and the server.

use std::fs;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant as Clock};

use anyhow::{Context, Result, bail};
use clap::Parser;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use tcp_ip::random::Random;
use tcp_ip::tun::Tun;

use crate::server::Server;

const DEVICE: &str = "tun0";
const KERNEL: &str = "10.77.0.1/24";
const OURS: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 77, 0, 2), 80);

/// Packets that are taken from the device before ours are sent.
const TURN: usize = 64;
/// The longest wait, after which connections that have been silent for too long are looked for.
const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// Octets of an IP header: only what is behind it is damaged.
const IP_HEADER: usize = 20;

/// Your answer to `two-stacks-talk`, at 10.77.0.2 behind the TUN device tun0: it answers each HTTP
/// request with a file. Run it in a network of your own, which `unshare -rn bash` makes.
#[derive(Debug, Parser)]
pub(crate) struct Arguments {
    /// What every request is answered with
    file: PathBuf,
    /// Lose so many packets of a hundred, in each direction
    #[arg(long, value_name = "PERCENT", default_value = "0", value_parser = clap::value_parser!(u8).range(..=50))]
    loss: u8,
    /// Flip a bit in so many of a hundred that come from the kernel
    #[arg(long, value_name = "PERCENT", default_value = "0", value_parser = clap::value_parser!(u8).range(..=50))]
    damage: u8,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let file = &arguments.file;
    let body = fs::read(file).with_context(|| format!("reading {}", file.display()))?;
    let head =
        format!("HTTP/1.0 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    let mut server = Server::new(OURS, [head.into_bytes(), body].concat());
    let tun = Tun::open(DEVICE).with_context(|| {
        format!("opening the TUN device {DEVICE} (in a network of your own? `unshare -rn bash` makes one)")
    })?;
    ip(&["addr", "replace", KERNEL, "dev", DEVICE])?;
    ip(&["link", "set", DEVICE, "up"])?;
    println!("listening on {OURS}");
    let mut weather = Weather::new(arguments);
    let started = Clock::now();
    let mut packet = vec![0; usize::from(u16::MAX)];
    loop {
        wait(&tun, server.deadline().map(|at| at.saturating_sub(started.elapsed())))?;
        for _ in 0..TURN {
            let length = match tun.receive(&mut packet) {
                Ok(length) => length,
                Err(error) if is_transient(&error) => break,
                Err(error) => return Err(error).context("reading from the device"),
            };
            if weather.passes(&mut packet[..length]) {
                server.packet(started.elapsed(), &packet[..length]);
            }
        }
        server.serve(started.elapsed());
        for packet in server.out.drain(..) {
            if !weather.loses() {
                match tun.send(&packet) {
                    // A queue that is full loses packets, as a router's does.
                    Err(error) if !is_transient(&error) => {
                        return Err(error).context("writing to the device");
                    }
                    _ => {}
                }
            }
        }
    }
}

/// What becomes of packets on their way.
struct Weather {
    random: Random,
    loss: f64,
    damage: f64,
}

impl Weather {
    fn new(arguments: &Arguments) -> Self {
        let chance = |percent: u8| f64::from(percent) / 100.0;
        let random = Random::new(std::process::id().into());
        Self { random, loss: chance(arguments.loss), damage: chance(arguments.damage) }
    }

    fn loses(&mut self) -> bool {
        self.random.chance(self.loss)
    }

    /// Whether a packet of the kernel's comes through, damaged maybe.
    fn passes(&mut self, packet: &mut [u8]) -> bool {
        if packet.len() > IP_HEADER && self.random.chance(self.damage) {
            let bit = self.random.below((packet.len() - IP_HEADER) * 8);
            packet[IP_HEADER + bit / 8] ^= 1 << (bit % 8);
        }
        !self.loses()
    }
}

/// Waits for a packet, or until the next deadline.
fn wait(tun: &Tun, until: Option<Duration>) -> Result<()> {
    let wait = until.unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT);
    let timeout = Timespec::try_from(wait).context("a wait of a second")?;
    match poll(&mut [PollFd::new(tun, PollFlags::IN)], Some(&timeout)) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error).context("waiting for packets"),
    }
}

/// Errors that pass: there is nothing to read, or the device is down or full.
fn is_transient(error: &std::io::Error) -> bool {
    let passing = [Errno::WOULDBLOCK, Errno::IO, Errno::NOBUFS, Errno::NOMEM, Errno::INTR];
    Errno::from_io_error(error).is_some_and(|errno| passing.contains(&errno))
}

/// Runs ip(8).
fn ip(arguments: &[&str]) -> Result<()> {
    let words = format!("ip {}", arguments.join(" "));
    let output = Command::new("ip").args(arguments).output();
    let output = output.with_context(|| format!("running `{words}`"))?;
    if !output.status.success() {
        bail!("`{words}`: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}
