//! Chapter 3: what an echo costs under each shell, and what it takes to upset one.

mod backlog;
mod echo;
mod idle;
mod slow;
mod soak;
mod stop;

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::server::{LOAD_CPU, Peer};
use crate::table::Report;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Seconds of each load.
    #[arg(long, default_value = "2")]
    seconds: u64,
    /// Only these measurements, of echo, idle, backlog, slow, stop and soak.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    only: Vec<String>,
    /// Seconds of the soak.
    #[arg(long, default_value = "60")]
    soak: u64,
}

impl Options {
    fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == name)
    }
}

pub(crate) fn run(options: &Options, rounds: usize) -> Result<Report> {
    let peers = build()?;
    stay_on(LOAD_CPU);
    let mut report = Report { name: "client-server", ..Report::default() };
    if options.wants("echo") {
        echo::echo(&mut report, &peers, options, rounds)?;
    }
    if options.wants("idle") {
        idle::idle(&mut report, &peers)?;
    }
    if options.wants("backlog") {
        backlog::backlog(&mut report, &peers, rounds)?;
    }
    if options.wants("slow") {
        slow::slow(&mut report, &peers)?;
    }
    if options.wants("stop") {
        stop::stop(&mut report, &peers)?;
    }
    if options.wants("soak") {
        soak::soak(&mut report, &peers, options)?;
    }
    Ok(report)
}

const OURS: &str = "ours, one loop";
const TOKIO: &str = "tokio, one thread";
const BARE: &str = "bare mio";
const DIRECT: &str = "bare mio, direct calls";
const THREADS: &str = "ours, a thread each";
const ASYNC: &str = "ours, async fn";
const TWO: &str = "ours, two loops";

/// Builds the servers, and says where they are.
fn build() -> Result<Vec<Peer<'static>>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments =
        ["build", "--release", "--quiet", "-p", "client-server", "-p", "bench", "--bins"];
    let built = Command::new(cargo).args(arguments).status().context("running cargo")?;
    ensure!(built.success(), "the servers do not compile");
    let folder = std::env::current_exe()?.parent().context("a folder")?.to_owned();
    let program = |name: &str| -> PathBuf { folder.join(name) };
    let ours = |name, arguments| Peer { name, program: program("client-server"), arguments };
    Ok(vec![
        ours(OURS, &["echo", "--model", "event-loop"]),
        Peer { name: TOKIO, program: program("tokio-echo"), arguments: &[] },
        Peer { name: ASYNC, program: program("async-echo"), arguments: &[] },
        Peer { name: BARE, program: program("mio-echo"), arguments: &[] },
        Peer { name: DIRECT, program: program("mio-echo"), arguments: &["--direct"] },
        ours(THREADS, &["echo", "--model", "threads"]),
        ours(TWO, &["echo", "--model", "event-loop", "--workers", "2"]),
    ])
}

/// Keeps this process, and all threads that it will start, off the servers' processor.
pub(crate) fn stay_on(cpu: usize) {
    let mut set = rustix::thread::CpuSet::new();
    set.set(cpu);
    // On a machine with one processor there is nothing to choose.
    let _ = rustix::thread::sched_setaffinity(None, &set);
}

/// As many descriptors as this process may have.
pub(crate) fn raise_descriptors() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}
