//! The programs of chapter 1 as others see them: a process, one line on its standard output, signals.
#![allow(dead_code)] // Each test program uses a part of it.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// No wait is longer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A running server. It is killed when dropped.
pub(crate) struct Server {
    child: Child,
    /// What stands behind `listening on `.
    pub(crate) address: String,
    log: mpsc::Receiver<String>,
}

impl Server {
    /// Starts one, and waits for the line that says where it listens.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_sockets"))
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let out = child.stdout.take().expect("piped");
        let (line, read) = mpsc::channel();
        thread::spawn(move || {
            let mut out = BufReader::new(out);
            let mut first = String::new();
            let _ = out.read_line(&mut first);
            let _ = line.send(first);
            let mut rest = String::new();
            let _ = out.read_to_string(&mut rest);
            assert_eq!(rest, "", "a server prints one line");
        });
        let mut err = child.stderr.take().expect("piped");
        let (said, log) = mpsc::channel();
        thread::spawn(move || {
            let mut text = String::new();
            let _ = err.read_to_string(&mut text);
            let _ = said.send(text);
        });
        let first = read.recv_timeout(PATIENCE).expect("a line within the time");
        let address = first.strip_prefix("listening on ").map(str::trim_end);
        let Some(address) = address else {
            panic!("not `listening on …` but {first:?}: {:?}", log.recv_timeout(PATIENCE))
        };
        let address = address.to_owned();
        Self { child, address, log }
    }

    /// Its address, where it has an IP one.
    pub(crate) fn socket_address(&self) -> SocketAddr {
        self.address.parse().expect("an address and a port")
    }

    /// Its port on `host`.
    pub(crate) fn at(&self, host: &str) -> SocketAddr {
        SocketAddr::new(host.parse().expect("an address"), self.socket_address().port())
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal: `TERM`, `INT`.
    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().expect("sh runs").success());
    }

    /// Waits for its end: exit code and log.
    pub(crate) fn wait(mut self) -> (Option<i32>, String) {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("a child can be waited for") {
                return (status.code(), self.log.recv_timeout(PATIENCE).expect("its log"));
            }
            assert!(Instant::now() < until, "the server did not end");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// SIGTERM, and then an orderly end.
    pub(crate) fn stop(self) -> String {
        self.signal("TERM");
        let (code, log) = self.wait();
        assert_eq!(code, Some(0), "{log}");
        log
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a command to its end; `None`, and a printed reason, where this machine lacks it. In CI
/// nothing may be missing.
pub(crate) fn peer(command: &mut Command) -> Option<Output> {
    let name = command.get_program().to_string_lossy().into_owned();
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let child = match child {
        Ok(child) => child,
        Err(error) => return skip(&format!("{name} cannot be run: {error}")),
    };
    let id = child.id();
    let (done, wait) = mpsc::channel();
    thread::spawn(move || done.send(child.wait_with_output()));
    match wait.recv_timeout(4 * PATIENCE) {
        Ok(output) => Some(output.expect("a child can be waited for")),
        Err(_) => {
            let _ = Command::new("sh").args(["-c", &format!("kill -KILL {id}")]).status();
            panic!("{name} did not end in time");
        }
    }
}

/// Says why a check does not run here. In CI that is a failure.
pub(crate) fn skip<T>(why: &str) -> Option<T> {
    assert!(std::env::var_os("CI").is_none(), "in CI nothing is skipped: {why}");
    eprintln!("skipped: {why}");
    None
}

/// Whether the machine has IPv6; if not, says so.
pub(crate) fn has_ipv6() -> bool {
    let has = std::net::UdpSocket::bind("[::1]:0");
    has.map_err(|error| eprintln!("skipped: no IPv6 here: {error}")).is_ok()
}

/// Octets that repeat nowhere near, from a seed that is printed.
pub(crate) struct Random(u64);

impl Random {
    /// Seeded by `COURSE_SEED`, or by the clock.
    pub(crate) fn new() -> Self {
        let clock = || {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            now.map_or(1, |now| now.as_secs() ^ u64::from(now.subsec_nanos()))
        };
        let seed = std::env::var("COURSE_SEED").ok().and_then(|text| {
            text.strip_prefix("0x")
                .map_or_else(|| text.parse().ok(), |hex| u64::from_str_radix(hex, 16).ok())
        });
        let seed = seed.unwrap_or_else(clock);
        eprintln!("COURSE_SEED={seed}");
        Self(seed)
    }

    /// SplitMix64.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).expect("below a usize")
    }

    pub(crate) fn octets(&mut self, count: usize) -> Vec<u8> {
        let mut octets: Vec<u8> =
            (0..count.div_ceil(8)).flat_map(|_| self.next().to_le_bytes()).collect();
        octets.truncate(count);
        octets
    }
}
