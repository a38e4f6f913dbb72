//! A server under measurement: a process of its own, on a processor of its own.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal};

/// The processor that servers run on, and the one that the load runs on.
pub(crate) const SERVER_CPU: usize = 0;
pub(crate) const LOAD_CPU: usize = 1;

/// A program that serves, and how to start it.
#[derive(Debug, Clone)]
pub(crate) struct Peer<'a> {
    pub(crate) name: &'static str,
    pub(crate) program: PathBuf,
    pub(crate) arguments: &'a [&'a str],
}

/// A running server. It is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
}

impl Server {
    /// Starts `peer` and waits for its `listening on` line.
    pub(crate) fn start(peer: &Peer<'_>) -> Result<Self> {
        let mut command = pinned(&peer.program, SERVER_CPU);
        command.args(peer.arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("starting {}", peer.name))?;
        let mut line = String::new();
        let stdout = child.stdout.take().context("a pipe from the server")?;
        BufReader::new(stdout).read_line(&mut line)?;
        let Some(address) = line.trim().strip_prefix("listening on ") else {
            let _ = child.kill();
            bail!("{} said {line:?} where it should say where it listens", peer.name);
        };
        Ok(Self { child, address: address.to_owned() })
    }

    /// Starts a server that says nothing, and waits until somebody listens at `address`.
    pub(crate) fn start_at(peer: &Peer<'_>, address: &str) -> Result<Self> {
        let mut command = pinned(&peer.program, SERVER_CPU);
        command.args(peer.arguments).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().with_context(|| format!("starting {}", peer.name))?;
        let server = Self { child, address: address.to_owned() };
        let begin = Instant::now();
        while TcpStream::connect(address).is_err() {
            ensure!(begin.elapsed() < Duration::from_secs(10), "{} does not listen", peer.name);
            thread::sleep(Duration::from_millis(5));
        }
        Ok(server)
    }

    /// User and system time of the whole process, of threads that have ended too (fields 14 and
    /// 15 of `/proc/<pid>/stat`, proc_pid_stat(5); whole ticks, 10 ms on Linux).
    pub(crate) fn cpu(&self) -> Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The second field is the program's name, in parentheses, and may hold anything.
        let (_, fields) = stat.rsplit_once(") ").context("a stat line")?;
        let times: Vec<u64> =
            fields.split(' ').skip(11).take(2).map(str::parse).collect::<Result<_, _>>()?;
        let ticks = rustix::param::clock_ticks_per_second();
        Ok(Duration::from_secs(times.iter().sum()) / u32::try_from(ticks)?)
    }

    /// Asks it to stop (SIGTERM), and waits until it has.
    pub(crate) fn stop(mut self, within: Duration) -> Result<Stopped> {
        let begin = Instant::now();
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        rustix::process::kill_process(id.context("a process's id")?, Signal::TERM)?;
        let status = loop {
            if let Some(status) = self.child.try_wait()? {
                break status;
            }
            ensure!(begin.elapsed() < 2 * within, "still there after {:?}", begin.elapsed());
            thread::sleep(Duration::from_millis(1));
        };
        let took = begin.elapsed();
        let mut said = String::new();
        self.child.stderr.take().context("a pipe from the server")?.read_to_string(&mut said)?;
        Ok(Stopped { code: status.code(), took, said })
    }

    /// Resident memory in bytes (`VmRSS` of `/proc/<pid>/status`).
    pub(crate) fn resident(&self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
        Ok(kibibytes.context("no VmRSS")?.trim().parse::<u64>()? * 1024)
    }
}

/// How a server ended.
#[derive(Debug)]
pub(crate) struct Stopped {
    pub(crate) code: Option<i32>,
    pub(crate) took: Duration,
    said: String,
}

impl Stopped {
    /// A number of the statistics that our servers print at the end.
    pub(crate) fn count(&self, name: &str) -> Result<u64> {
        let found = self.said.split_once(&format!(" {name}: ")).map(|(_, rest)| rest);
        let digits = found.and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next());
        digits.with_context(|| format!("no {name} in {:?}", self.said))?.parse().context("a count")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A command that stays on one processor, where the system has `taskset`.
pub(crate) fn pinned(program: &Path, cpu: usize) -> Command {
    if Path::new("/usr/bin/taskset").exists() {
        let mut command = Command::new("/usr/bin/taskset");
        command.args(["-c", &cpu.to_string()]).arg(program);
        command
    } else {
        Command::new(program)
    }
}
