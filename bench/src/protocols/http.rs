//! HTTP: what a request costs beside nginx, and what slow and silent clients cost.

mod load;
mod siege;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use self::load::Plan;
use super::Options;
use crate::server::{LOAD_CPU, Peer, Server};
use crate::table::{Figure, Report, Table};

const OURS: &str = "ours, one loop";
const NGINX: &str = "nginx, one worker";
const CONNECTIONS: usize = 64;

/// What is measured: a name, what each server is and is asked for, and what is claimed of ours
/// over nginx's: CPU a request at most, rate at least.
struct Case {
    name: &'static str,
    ours: &'static str,
    path: &'static str,
    cpu: Option<f64>,
    rate: f64,
}

const CASES: [Case; 3] = [
    Case { name: "a small reply", ours: "http-echo", path: "/small", cpu: Some(0.80), rate: 1.2 },
    Case { name: "a file of 1 KiB", ours: "http", path: "/kib.bin", cpu: None, rate: 1.3 },
    Case { name: "a file of 1 MiB", ours: "http", path: "/mib.bin", cpu: None, rate: 1.0 },
];

pub(super) fn http(report: &mut Report, options: &Options, rounds: usize) -> Result<()> {
    let folder = Folder::new()?;
    let program = build()?;
    crate::client_server::stay_on(LOAD_CPU);
    for case in &CASES {
        measure(report, &folder, &program, case, options, rounds)?;
    }
    siege::silent(report, &folder, &program)?;
    siege::slow(report, &folder, &program)
}

/// Builds our server, and says where it is.
fn build() -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = ["build", "--release", "--quiet", "-p", "protocols", "--bins"];
    let built = Command::new(cargo).args(arguments).status().context("running cargo")?;
    ensure!(built.success(), "the server does not compile");
    Ok(std::env::current_exe()?.parent().context("a folder")?.join("protocols"))
}

fn measure(
    report: &mut Report,
    folder: &Folder,
    program: &Path,
    case: &Case,
    options: &Options,
    rounds: usize,
) -> Result<()> {
    let request = format!("GET {} HTTP/1.1\r\nHost: localhost\r\n\r\n", case.path);
    let mut figures = [<[Figure; 3]>::default(), <[Figure; 3]>::default()];
    for round in 0..rounds {
        for (name, figures) in [OURS, NGINX].into_iter().zip(&mut figures) {
            eprintln!("{}, round {}: {name}", case.name, round + 1);
            let server = if name == OURS {
                folder.ours(program, case.ours, &[])?
            } else {
                folder.nginx()?
            };
            let before = server.cpu()?;
            let mut outcome = load::run(&Plan {
                address: &server.address,
                request: request.as_bytes(),
                connections: CONNECTIONS,
                duration: Duration::from_secs(options.seconds),
            })?;
            let cpu = server.cpu()? - before;
            ensure!(outcome.wrong == 0, "{name}: {} wrong answers", outcome.wrong);
            figures[0].add(cpu.as_secs_f64() * 1e6 / outcome.answered as f64);
            figures[1].add(outcome.rate());
            figures[2].add(outcome.p99());
        }
    }
    let [ours, nginx] = &figures;
    let ratio = |at: usize| ours[at].median() / nginx[at].median();
    let (cpu, rate, p99) = (ratio(0), ratio(1), ratio(2));
    let name = case.name;
    if let Some(most) = case.cpu {
        report.claim(cpu <= most, format!("{name}: CPU a request {cpu:.2} of nginx's"));
        report.claim(p99 <= 1.0, format!("{name}: p99 {p99:.2} of nginx's"));
    }
    report.claim(rate >= case.rate, format!("{name}: rate {rate:.2} of nginx's"));
    let rows = [OURS, NGINX].into_iter().zip(&figures).map(|(name, [cpu, rate, p99])| {
        vec![name.to_owned(), cpu.with_spread(2), rate.with_spread(0), p99.with_spread(0)]
    });
    report.tables.push(Table {
        title: format!("HTTP: {name}, {CONNECTIONS} connections"),
        header: vec!["server", "CPU µs a request", "requests a second", "p99 µs"],
        rows: rows.collect(),
        bars: None,
    });
    Ok(())
}

/// What is served, and nginx's own files.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self> {
        use std::os::unix::fs::PermissionsExt;
        let path = std::env::temp_dir().join(format!("bench-http-{}", std::process::id()));
        let root = path.join("root");
        fs::create_dir_all(&root)?;
        for (name, size) in [("kib.bin", 1 << 10), ("mib.bin", 1 << 20)] {
            let octets: Vec<u8> = (0..size).map(|at: u32| at.to_le_bytes()[0]).collect();
            fs::write(root.join(name), octets)?;
        }
        // A server that root has started is another user, who must be able to read this.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        Ok(Self(path))
    }

    fn ours(&self, program: &Path, name: &str, more: &[&str]) -> Result<Server> {
        let root = self.0.join("root").display().to_string();
        let of_files: &[&str] = if name == "http" { &["--root", &root] } else { &[] };
        let arguments = [&[name, "--log", "off"], of_files, more].concat();
        Server::start(&Peer { name: OURS, program: program.to_owned(), arguments: &arguments })
    }

    /// One process and one loop, with nothing written down.
    fn nginx(&self) -> Result<Server> {
        let free = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let work = self.0.display();
        let configuration = format!(
            "daemon off; master_process off; pid {work}/pid; error_log {work}/error.log;\n\
             events {{ worker_connections 20000; }}\n\
             http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000;\n\
             client_body_temp_path {work}/1; proxy_temp_path {work}/2; fastcgi_temp_path {work}/3;\n\
             uwsgi_temp_path {work}/4; scgi_temp_path {work}/5;\n\
             server {{ listen {free} backlog=4096; root {work}/root;\n\
             location = /small {{ return 200 \"\"; }} }} }}\n"
        );
        let (file, log) = (self.0.join("conf"), self.0.join("error.log").display().to_string());
        fs::write(&file, configuration)?;
        let file = file.display().to_string();
        let program =
            ["/usr/sbin/nginx", "/usr/bin/nginx"].into_iter().find(|p| Path::new(p).exists());
        let program = program.context("nginx is missing (Debian: nginx-light)")?.into();
        let prefix = work.to_string();
        let arguments = ["-p", &prefix, "-e", &log, "-c", &file];
        Server::start_at(&Peer { name: NGINX, program, arguments: &arguments }, &free.to_string())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
