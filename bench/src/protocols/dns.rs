//! DNS: CPU a query and rate, beside NSD and Knot, all with one zone of ten thousand names and one worker for UDP.

mod load;
mod servers;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::Options;
use crate::server::LOAD_CPU;
use crate::table::{Figure, Report, Table};
use load::Load;
use servers::Running;

/// Names in the zone.
const NAMES: usize = 10_000;
/// Queries that are on their way at once.
const OUTSTANDING: usize = 64;

const OURS: &str = "ours";
const NSD: &str = "NSD";
const KNOT: &str = "Knot";

pub(super) fn dns(report: &mut Report, options: &Options, rounds: usize) -> Result<()> {
    let program = build()?;
    crate::client_server::stay_on(LOAD_CPU);
    let folder = Folder::new()?;
    std::fs::write(folder.0.join("zone"), zone())?;
    let peers: Vec<&str> = [OURS, NSD, KNOT].into_iter().filter(|name| is_there(name)).collect();
    let mut figures = vec![<[Figure; 3]>::default(); peers.len()];
    let load = Load::new(NAMES, OUTSTANDING);
    for round in 0..rounds {
        for (name, figures) in peers.iter().zip(&mut figures) {
            eprintln!("dns, round {}: {name}", round + 1);
            let server = start(name, &program, &folder.0)?;
            // Caches are filled, and what a server does once is done.
            load.run(server.port, Duration::from_millis(300))?;
            let before = server.cpu()?;
            let done = load.run(server.port, Duration::from_secs(options.seconds))?;
            let cpu = server.cpu()? - before;
            ensure!(done.answered > 0, "{name} answered nothing");
            figures[0].add(cpu.as_secs_f64() * 1e6 / done.answered as f64);
            figures[1].add(done.answered as f64 / done.took.as_secs_f64());
            figures[2].add(done.lost as f64);
        }
    }
    let median = |name, figure: usize| {
        let index = peers.iter().position(|peer| *peer == name);
        index.map_or(f64::NAN, |at| figures[at][figure].median())
    };
    let rows = peers.iter().zip(&figures).map(|(name, [cpu, rate, lost])| {
        let of_nsd = format!("{:.2}", cpu.median() / median(NSD, 0));
        vec![
            (*name).to_owned(),
            cpu.with_spread(2),
            of_nsd,
            rate.with_spread(0),
            lost.with_spread(0),
        ]
    });
    report.tables.push(Table {
        title: format!("DNS over UDP, {NAMES} names, {OUTSTANDING} queries at once"),
        header: vec!["server", "CPU µs a query", "of NSD's", "queries a second", "lost"],
        rows: rows.collect(),
        bars: Some((
            "µs of CPU a query",
            peers.iter().zip(&figures).map(|(p, f)| ((*p).into(), f[0].median())).collect(),
        )),
    });
    let (cpu, rate) = (median(OURS, 0) / median(NSD, 0), median(OURS, 1) / median(KNOT, 1));
    // A peer that is missing is named, and nothing is claimed of it.
    if cpu.is_finite() {
        report.claim(cpu <= 0.95, format!("CPU a query {cpu:.2} of NSD's (at most 0.95)"));
    }
    if rate.is_finite() {
        report.claim(rate >= 1.0, format!("rate {rate:.2} of Knot's (at least 1)"));
    }
    Ok(())
}

fn build() -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--release", "--quiet", "-p", "protocols", "--bins"])
        .status()
        .context("running cargo")?;
    ensure!(built.success(), "the server does not compile");
    Ok(std::env::current_exe()?.parent().context("a folder")?.join("protocols"))
}

/// Debian has both in `/usr/sbin`.
fn is_there(name: &str) -> bool {
    let there = match name {
        NSD => Path::new("/usr/sbin/nsd").exists(),
        KNOT => Path::new("/usr/sbin/knotd").exists(),
        _ => true,
    };
    if !there {
        eprintln!("dns: {name} is not installed, and left out");
    }
    there
}

fn start(name: &str, program: &Path, folder: &Path) -> Result<Running> {
    match name {
        NSD => Running::nsd(folder),
        KNOT => Running::knot(folder),
        _ => Running::ours(program, folder),
    }
}

fn zone() -> String {
    let mut text = "$ORIGIN example.com.\n$TTL 3600\n@ SOA ns1 admin 1 7200 900 1209600 300\n\
                    @ NS ns1\n@ NS ns2\nns1 A 192.0.2.53\nns2 A 192.0.2.54\n"
        .to_owned();
    for index in 0..NAMES {
        text += &format!("h{index} A 10.0.{}.{}\n", index / 256, index % 256);
    }
    text
}

/// A folder of our own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("bench-dns-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
