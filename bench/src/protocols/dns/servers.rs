//! Name servers under measurement: processes of their own, on a processor of their own, with one worker for UDP.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal};

use crate::server::{SERVER_CPU, pinned};

/// A running server. It is stopped when this is dropped.
#[derive(Debug)]
pub(super) struct Running {
    child: Child,
    pub(super) port: u16,
}

impl Running {
    pub(super) fn ours(program: &Path, folder: &Path) -> Result<Self> {
        let mut command = pinned(program, SERVER_CPU);
        command.arg("dns").arg("--zone").arg(folder.join("zone"));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("a pipe")?).read_line(&mut line)?;
        let port = line.trim().rsplit(':').next().and_then(|port| port.parse().ok());
        Ok(Self { child, port: port.with_context(|| format!("it said {line:?}"))? })
    }

    pub(super) fn nsd(folder: &Path) -> Result<Self> {
        let port = free_port()?;
        let at = folder.display();
        let configuration = format!(
            "server:\n ip-address: 127.0.0.1@{port}\n username: \"\"\n zonesdir: \"{at}\"\n \
             pidfile: \"{at}/nsd.pid\"\n xfrdfile: \"{at}/xfrd\"\n zonelistfile: \"{at}/list\"\n \
             database: \"\"\n server-count: 1\n rrl-ratelimit: 0\n\
             remote-control:\n control-enable: no\n\
             zone:\n name: example.com\n zonefile: zone\n"
        );
        fs::write(folder.join("nsd.conf"), configuration)?;
        let mut command = pinned(Path::new("/usr/sbin/nsd"), SERVER_CPU);
        command.arg("-d").arg("-c").arg(folder.join("nsd.conf"));
        Self::started(&mut command, port)
    }

    pub(super) fn knot(folder: &Path) -> Result<Self> {
        let port = free_port()?;
        let at = folder.display();
        let configuration = format!(
            "server:\n    listen: 127.0.0.1@{port}\n    rundir: \"{at}\"\n    udp-workers: 1\n    \
             tcp-workers: 1\n    background-workers: 1\n\
             database:\n    storage: \"{at}\"\n\
             zone:\n  - domain: example.com\n    file: \"{at}/zone\"\n    zonefile-sync: -1\n"
        );
        fs::write(folder.join("knot.conf"), configuration)?;
        let mut command = pinned(Path::new("/usr/sbin/knotd"), SERVER_CPU);
        command.arg("-c").arg(folder.join("knot.conf"));
        Self::started(&mut command, port)
    }

    /// Starts it, and waits until it answers.
    fn started(command: &mut Command, port: u16) -> Result<Self> {
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let running = Self { child, port };
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.set_read_timeout(Some(Duration::from_millis(200)))?;
        socket.connect((Ipv4Addr::LOCALHOST, port))?;
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_secs(10) {
            let soa = b"\0\x01\0\0\0\x01\0\0\0\0\0\0\x07example\x03com\0\0\x06\0\x01";
            if socket.send(soa).is_ok() && socket.recv(&mut [0; 512]).is_ok() {
                return Ok(running);
            }
            thread::sleep(Duration::from_millis(20));
        }
        bail!("nobody answers on port {port}")
    }

    /// User and system time of the server, and of the processes that it has started (fields 4, 14 and 15 of
    /// `/proc/<pid>/stat`, proc_pid_stat(5)).
    pub(super) fn cpu(&self) -> Result<Duration> {
        let mut ours = vec![u64::from(self.child.id())];
        let mut processes = Vec::new();
        for entry in fs::read_dir("/proc")?.flatten() {
            let id = entry.file_name().to_str().and_then(|name| name.parse::<u64>().ok());
            let stat = fs::read_to_string(entry.path().join("stat"));
            let (Some(id), Ok(stat)) = (id, stat) else { continue };
            let Some((_, fields)) = stat.rsplit_once(") ") else { continue };
            let field = |number: usize| -> u64 {
                fields.split(' ').nth(number - 3).and_then(|text| text.parse().ok()).unwrap_or(0)
            };
            processes.push((id, field(4), field(14) + field(15)));
        }
        // Children come after their parents, but for numbers that have wrapped: three generations are all there are.
        for _ in 0..3 {
            let children = processes
                .iter()
                .filter(|(id, parent, _)| ours.contains(parent) && !ours.contains(id));
            let children: Vec<u64> = children.map(|(id, ..)| *id).collect();
            ours.extend(children);
        }
        let ticks: u64 = processes.iter().filter(|(id, ..)| ours.contains(id)).map(|p| p.2).sum();
        let a_second = u32::try_from(rustix::param::clock_ticks_per_second())?;
        Ok(Duration::from_secs(ticks) / a_second)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // In order: NSD's parent ends its children.
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        let _ = id.map(|id| rustix::process::kill_process(id, Signal::TERM));
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_secs(5) {
            if let Ok(Some(_)) = self.child.try_wait() {
                return;
            }
            thread::sleep(Duration::from_millis(5));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that is free for both protocols now.
fn free_port() -> Result<u16> {
    for _ in 0..16 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        if UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no port is free for both protocols")
}
