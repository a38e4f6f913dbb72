//! FTP: sessions a second, and how fast a large file comes, beside vsftpd, ProFTPD and pyftpdlib.
//!
//! A session is what a mirror does for one small file: connect, log in, `TYPE I`, `EPSV`, `RETR`, `QUIT`.
//! Of the large file the load looks at no octet: the system throws it away (`MSG_TRUNC`, tcp(7)), so that what
//! is measured is the server.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::net::RecvFlags;

use super::Options;
use crate::server::{LOAD_CPU, SERVER_CPU, pinned};
use crate::table::{Figure, Report, Table};

const OURS: &str = "ours, one loop";
const VSFTPD: &str = "vsftpd";
const PROFTPD: &str = "ProFTPD";
const PYFTPDLIB: &str = "pyftpdlib";

const LARGE: u64 = 64 << 20;
const SMALL: usize = 1024;
/// Sessions at once.
const CLIENTS: usize = 8;
/// Downloads of the large file in one round.
const DOWNLOADS: usize = 8;
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) fn ftp(report: &mut Report, options: &Options, rounds: usize) -> Result<()> {
    let folder = Folder::new()?;
    let peers = peers(&folder.0)?;
    crate::client_server::stay_on(LOAD_CPU);
    let mut sessions = vec![Figure::default(); peers.len()];
    let mut cpu = vec![Figure::default(); peers.len()];
    let mut downloads = vec![Figure::default(); peers.len()];
    for round in 0..rounds {
        for (at, peer) in peers.iter().enumerate() {
            eprintln!("ftp, round {}: {}", round + 1, peer.name);
            let server = Running::start(peer)?;
            let (count, took) =
                many_sessions(server.address, Duration::from_secs(options.seconds))?;
            sessions[at].add(count as f64 / took.as_secs_f64());
            // vsftpd and ProFTPD have a process for each session, and theirs are gone.
            if let Some(time) = server.cpu().filter(|_| [OURS, PYFTPDLIB].contains(&peer.name)) {
                cpu[at].add(time.as_secs_f64() * 1e6 / count as f64);
            }
            downloads[at].add(download(server.address)?);
        }
    }
    publish(report, &peers, &sessions, &cpu, &downloads);
    Ok(())
}

fn publish(
    report: &mut Report,
    peers: &[Peer],
    sessions: &[Figure],
    cpu: &[Figure],
    downloads: &[Figure],
) {
    let mut table = Table {
        title: "FTP: sessions with a file of 1 KiB, 8 at once; and one of 64 MiB".to_owned(),
        header: vec!["server", "sessions/s", "CPU µs/session", "GB/s"],
        rows: Vec::new(),
        bars: None,
    };
    for (at, peer) in peers.iter().enumerate() {
        let cpu = if [OURS, PYFTPDLIB].contains(&peer.name) {
            cpu[at].with_spread(0)
        } else {
            "a process each".to_owned()
        };
        table.rows.push(vec![
            peer.name.to_owned(),
            sessions[at].with_spread(0),
            cpu,
            downloads[at].with_spread(2),
        ]);
    }
    report.tables.push(table);
    let of = |name: &str| peers.iter().position(|peer| peer.name == name);
    if let Some(other) = of(PYFTPDLIB) {
        let ratio = sessions[0].median() / sessions[other].median();
        report.claim(ratio >= 2.0, format!("sessions a second: {ratio:.2} of pyftpdlib's"));
    }
    let fastest = downloads[1..].iter().map(Figure::median).fold(0.0, f64::max);
    if fastest > 0.0 {
        let ratio = downloads[0].median() / fastest;
        report.claim(ratio >= 0.95, format!("64 MiB: {ratio:.2} of the fastest of the others"));
    }
}

/// What is served, removed in the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self> {
        use std::os::unix::fs::PermissionsExt;

        let path = std::env::temp_dir().join(format!("bench-ftp-{}", std::process::id()));
        let root = path.join("root");
        fs::create_dir_all(&root)?;
        fs::create_dir_all(path.join("empty"))?;
        for folder in [&path, &root] {
            fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
        }
        fs::write(root.join("small"), [b'x'; SMALL])?;
        fs::write(root.join("large"), vec![b'x'; usize::try_from(LARGE)?])?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A server, and how to start it on a port.
struct Peer {
    name: &'static str,
    program: PathBuf,
    arguments: Vec<String>,
    /// Where it will listen; `None`: it says so itself.
    address: Option<SocketAddr>,
}

fn peers(folder: &Path) -> Result<Vec<Peer>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built =
        Command::new(cargo).args(["build", "--release", "--quiet", "-p", "protocols"]).status();
    ensure!(built.context("running cargo")?.success(), "it does not compile");
    let own = std::env::current_exe()?.parent().context("a folder")?.join("protocols");
    let root = folder.join("root").display().to_string();
    let ours = ["ftp", "--root", &root, "--model", "event-loop"].map(str::to_owned).to_vec();
    let mut peers = vec![Peer { name: OURS, program: own, arguments: ours, address: None }];
    let found = [vsftpd(folder, &root)?, proftpd(folder, &root)?, pyftpdlib(&root)?];
    for (peer, name) in found.into_iter().zip([VSFTPD, PROFTPD, PYFTPDLIB]) {
        match peer {
            Some(peer) => peers.push(peer),
            None => eprintln!("{name} is not here, and is left out"),
        }
    }
    Ok(peers)
}

fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

fn vsftpd(folder: &Path, root: &str) -> Result<Option<Peer>> {
    let program = PathBuf::from("/usr/sbin/vsftpd");
    if !program.exists() {
        return Ok(None);
    }
    let (address, empty) = (free_address()?, folder.join("empty"));
    let configuration = folder.join("vsftpd.conf");
    let text = format!(
        "listen=YES\nlisten_address=127.0.0.1\nlisten_port={}\nbackground=NO\nanonymous_enable=YES\n\
         anon_root={root}\nsecure_chroot_dir={}\nxferlog_enable=NO\nconnect_from_port_20=NO\n\
         local_enable=NO\nuse_sendfile=YES\n",
        address.port(),
        empty.display()
    );
    fs::write(&configuration, text)?;
    let arguments = vec![configuration.display().to_string()];
    Ok(Some(Peer { name: VSFTPD, program, arguments, address: Some(address) }))
}

fn proftpd(folder: &Path, root: &str) -> Result<Option<Peer>> {
    // Debian has no two FTP servers installed at once: the other may be unpacked anywhere.
    let named = std::env::var_os("PROFTPD").map(PathBuf::from);
    let program = named.unwrap_or_else(|| "/usr/sbin/proftpd".into());
    if !program.exists() {
        return Ok(None);
    }
    let address = free_address()?;
    let configuration = folder.join("proftpd.conf");
    let text = format!(
        "ServerType standalone\nDefaultAddress 127.0.0.1\nPort {}\nUseIPv6 off\nUser ftp\nGroup nogroup\n\
         PidFile {folder}/proftpd.pid\nScoreboardFile {folder}/scoreboard\nSystemLog none\nTransferLog none\n\
         WtmpLog off\nUseReverseDNS off\nRequireValidShell off\nMaxInstances none\nDelayEngine off\n\
         <Anonymous {root}>\nUser ftp\nGroup nogroup\nUserAlias anonymous ftp\nRequireValidShell off\n\
         </Anonymous>\n",
        address.port(),
        folder = folder.display()
    );
    fs::write(&configuration, text)?;
    let arguments = vec![
        "-n".to_owned(),
        "-q".to_owned(),
        "-c".to_owned(),
        configuration.display().to_string(),
    ];
    Ok(Some(Peer { name: PROFTPD, program, arguments, address: Some(address) }))
}

fn pyftpdlib(root: &str) -> Result<Option<Peer>> {
    let program = PathBuf::from("/usr/bin/python3");
    let there =
        Command::new(&program).args(["-c", "import pyftpdlib"]).stderr(Stdio::null()).status();
    if !there.is_ok_and(|status| status.success()) {
        return Ok(None);
    }
    let address = free_address()?;
    let script = format!(
        "import logging; logging.basicConfig(level=logging.ERROR)\n\
         from pyftpdlib.authorizers import DummyAuthorizer as A\n\
         from pyftpdlib.handlers import FTPHandler as H\n\
         from pyftpdlib.servers import FTPServer as S\n\
         a = A(); a.add_anonymous({root:?}); H.authorizer = a; H.use_sendfile = True\n\
         s = S(('127.0.0.1', {}), H, backlog=1024); s.serve_forever()",
        address.port()
    );
    let arguments = vec!["-c".to_owned(), script];
    Ok(Some(Peer { name: PYFTPDLIB, program, arguments, address: Some(address) }))
}

/// A server that runs; killed in the end.
struct Running {
    child: Child,
    address: SocketAddr,
}

impl Running {
    fn start(peer: &Peer) -> Result<Self> {
        let mut command = pinned(&peer.program, SERVER_CPU);
        let silent = peer.address.map_or_else(Stdio::piped, |_| Stdio::null());
        command.args(&peer.arguments).stdout(silent).stderr(Stdio::null()).stdin(Stdio::null());
        let mut child = command.spawn().with_context(|| format!("starting {}", peer.name))?;
        let address = match peer.address {
            Some(address) => address,
            None => {
                let mut line = String::new();
                let stdout = child.stdout.take().context("a pipe from the server")?;
                BufReader::new(stdout).read_line(&mut line)?;
                let address = line.trim().strip_prefix("listening on ");
                address.with_context(|| format!("{} said {line:?}", peer.name))?.parse()?
            }
        };
        let running = Self { child, address };
        let begin = Instant::now();
        while TcpStream::connect(address).is_err() {
            ensure!(begin.elapsed() < PATIENCE, "{} does not listen", peer.name);
            thread::sleep(Duration::from_millis(5));
        }
        Ok(running)
    }

    /// User and system time of the process.
    fn cpu(&self) -> Option<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).ok()?;
        let (_, fields) = stat.rsplit_once(") ")?;
        let times = fields.split(' ').skip(11).take(2).map(|time| time.parse::<u64>().ok());
        let ticks = times.sum::<Option<u64>>()? as f64;
        Some(Duration::from_secs_f64(ticks / rustix::param::clock_ticks_per_second() as f64))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The client's end of a control connection.
struct Control {
    reader: BufReader<TcpStream>,
    line: String,
}

impl Control {
    fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut control = Self { reader: BufReader::new(stream), line: String::new() };
        control.hear("220")?;
        Ok(control)
    }

    fn log_in(address: SocketAddr) -> Result<Self> {
        let mut control = Self::connect(address)?;
        control.ask("USER anonymous", "331")?;
        control.ask("PASS x@", "230")?;
        control.ask("TYPE I", "200")?;
        Ok(control)
    }

    fn ask(&mut self, command: &str, code: &str) -> Result<()> {
        self.reader.get_mut().write_all(format!("{command}\r\n").as_bytes())?;
        self.hear(code).with_context(|| command.to_owned())
    }

    fn hear(&mut self, code: &str) -> Result<()> {
        loop {
            self.line.clear();
            ensure!(self.reader.read_line(&mut self.line)? > 0, "the connection ended");
            if self.line.as_bytes().get(3) == Some(&b' ')
                && self.line.as_bytes()[0].is_ascii_digit()
            {
                break;
            }
        }
        // 125 and 150 mean the same for us.
        let right = self.line.starts_with(code) || (code == "150" && self.line.starts_with("125"));
        if right { Ok(()) } else { bail!("{code} was to come, and {:?} did", self.line) }
    }

    /// Retrieves a file, and throws it away. How many octets it had.
    fn retrieve(&mut self, name: &str) -> Result<u64> {
        self.ask("EPSV", "229")?;
        let port = self.line.split('|').nth(3).context("a port")?.parse::<u16>()?;
        let data = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        data.set_read_timeout(Some(PATIENCE))?;
        self.ask(&format!("RETR {name}"), "150")?;
        let mut total = 0;
        let mut room = vec![0; 1 << 20];
        loop {
            let (_, count) = rustix::net::recv(data.as_fd(), &mut room[..], RecvFlags::TRUNC)?;
            if count == 0 {
                break;
            }
            total += count as u64;
        }
        drop(data);
        self.hear("226")?;
        Ok(total)
    }
}

/// Sessions one after another, by some clients at once, for so long. How many there were.
fn many_sessions(address: SocketAddr, time: Duration) -> Result<(u64, Duration)> {
    let begin = Instant::now();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            thread::spawn(move || -> Result<u64> {
                let mut count = 0;
                while begin.elapsed() < time {
                    let mut control = Control::log_in(address)?;
                    ensure!(control.retrieve("small")? == SMALL as u64, "a short file");
                    control.ask("QUIT", "221")?;
                    count += 1;
                }
                Ok(count)
            })
        })
        .collect();
    let mut total = 0;
    for client in clients {
        total += client.join().expect("no panic")?;
    }
    Ok((total, begin.elapsed()))
}

/// How many gigabytes a second the large file comes with.
fn download(address: SocketAddr) -> Result<f64> {
    let mut control = Control::log_in(address)?;
    ensure!(control.retrieve("large")? == LARGE, "a short file"); // Into the system's cache.
    let begin = Instant::now();
    for _ in 0..DOWNLOADS {
        ensure!(control.retrieve("large")? == LARGE, "a short file");
    }
    let rate = (LARGE * DOWNLOADS as u64) as f64 / begin.elapsed().as_secs_f64() / 1e9;
    control.ask("QUIT", "221")?;
    Ok(rate)
}
