//! `cargo course doctor`: what this machine lacks, what that affects, and how to get it.

use std::env;
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use crate::Code;
use crate::screen::Screen;
use crate::workspace::Workspace;

/// Something that the course uses, and that a machine may lack.
struct Need {
    what: &'static str,
    found: fn() -> io::Result<()>,
    /// The exercises or chapters that do without it, and how.
    affects: &'static str,
    /// How to get it, on Debian.
    get: &'static str,
}

/// What the system must do.
const SYSTEM: [Need; 5] = [
    Need {
        what: "TCP on 127.0.0.1",
        found: || reach(Ipv4Addr::LOCALHOST.into()),
        affects: "everything: no exercise works without it",
        get: "sudo ip link set lo up",
    },
    Need {
        what: "TCP on ::1 (IPv6)",
        found: || reach(Ipv6Addr::LOCALHOST.into()),
        affects: "sockets: what concerns IPv6 is skipped",
        get: "sudo sysctl net.ipv6.conf.lo.disable_ipv6=0",
    },
    Need {
        what: "multicast on loopback",
        found: multicast,
        affects: "discover-peers: its checks are skipped",
        get: "sudo ip link set lo multicast on",
    },
    Need {
        what: "Unix-domain sockets",
        found: unix_socket,
        affects: "sockets: what concerns them is skipped",
        get: "a temporary folder that can hold one: TMPDIR=/tmp",
    },
    Need {
        what: "4096 open files (ulimit -n)",
        found: open_files,
        affects: "sockets: a thousand connections at once",
        get: "ulimit -n 4096",
    },
];

/// A program that the course can use, and Debian's package of it.
struct Program {
    name: &'static str,
    package: &'static str,
    /// The chapter that it belongs to; empty: all.
    chapter: &'static str,
    use_: &'static str,
}

const PROGRAMS: [Program; 15] = [
    program("git", "git", "", "your own history; `starters` (authors)"),
    program("tshark", "tshark", "", "reading what `wire --pcap` writes; Wireshark does too"),
    program("chromium", "chromium", "", "the book's check for accessibility (authors)"),
    program("nc", "netcat-openbsd", "sockets", "speaking to your servers by hand"),
    program("socat", "socat", "sockets", "speaking to your servers over any socket"),
    program("python3", "python3", "sockets", "a peer in another language"),
    program("ss", "iproute2", "sockets", "seeing TIME_WAIT and the sockets' queues"),
    program("nginx", "nginx-light", "client-server", "a server to compare yours with"),
    program("curl", "curl", "protocols", "speaking HTTP, FTP and SMTP to your servers"),
    program("lftp", "lftp", "protocols", "speaking FTP to your server"),
    program("swaks", "swaks", "protocols", "speaking SMTP to your server"),
    program("dig", "bind9-dnsutils", "protocols", "asking your DNS server"),
    program("openssl", "openssl", "security", "looking at certificates and handshakes"),
    program("nats-server", "nats-server", "distributed", "the broker between your servers"),
    program("ip", "iproute2", "tcp-ip", "the TUN device and the network namespace"),
];

const fn program(
    name: &'static str,
    package: &'static str,
    chapter: &'static str,
    use_: &'static str,
) -> Program {
    Program { name, package, chapter, use_ }
}

pub(crate) fn run(workspace: &Workspace) -> Result<Code> {
    let screen = Screen::of_stdout();
    let mut lacking = 0;
    println!("{}", screen.strong("This machine"));
    for need in &SYSTEM {
        match (need.found)() {
            Ok(()) => println!("  {} {}", screen.good("✓"), need.what),
            Err(error) => {
                lacking += 1;
                println!("  {} {}: {error}", screen.warn("–"), need.what);
                println!("      affects  {}", need.affects);
                println!("      get it   {}", screen.command(need.get));
            }
        }
    }
    println!("\n{}", screen.strong("Programs, all of them optional"));
    let here = |program: &&Program| {
        let chapter = workspace.chapter(program.chapter);
        program.chapter.is_empty() || chapter.is_some_and(|c| !c.exercises.is_empty())
    };
    let mut packages = Vec::new();
    for program in PROGRAMS.iter().filter(here) {
        if installed(program.name) {
            println!("  {} {:<12} {}", screen.good("✓"), program.name, program.use_);
        } else {
            lacking += 1;
            packages.push(program.package);
            println!("  {} {:<12} {}", screen.warn("–"), program.name, program.use_);
        }
    }
    if !packages.is_empty() {
        let command = format!("sudo apt-get install {}", packages.join(" "));
        println!("\nGet what is missing: {}", screen.command(&command));
    }
    println!();
    let verdict = match lacking {
        0 => "Nothing is missing.".to_owned(),
        1 => "One thing is missing. The rest of the course works without it.".to_owned(),
        _ => format!("{lacking} things are missing. The rest of the course works without them."),
    };
    println!("{verdict}");
    Ok(Code::Passed)
}

/// A connection to ourselves: an address that can be bound may still lead nowhere.
fn reach(address: IpAddr) -> io::Result<()> {
    let listener = TcpListener::bind((address, 0))?;
    TcpStream::connect_timeout(&listener.local_addr()?, Duration::from_millis(500)).map(drop)
}

/// A datagram to a group, sent and received on the loopback interface.
fn multicast() -> io::Result<()> {
    // RFC 2365 §6.2: 239.192.0.0/14 is an organisation's own.
    const GROUP: Ipv4Addr = Ipv4Addr::new(239, 192, 7, 7);
    let receiver = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    receiver.join_multicast_v4(&GROUP, &Ipv4Addr::LOCALHOST)?;
    receiver.set_read_timeout(Some(Duration::from_millis(500)))?;
    let sender = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    sender.set_multicast_if_v4(&Ipv4Addr::LOCALHOST)?;
    sender.set_multicast_loop_v4(true)?;
    let token = std::process::id().to_be_bytes();
    let to = SocketAddr::from((GROUP, receiver.local_addr()?.port()));
    sender.send_to(&token, &SockAddr::from(to))?;
    let mut datagram = [0; 16];
    let (length, _) = receiver.recv_from(&mut datagram)?;
    if datagram[..length] == token {
        return Ok(());
    }
    Err(io::Error::other("another datagram came than the one that was sent"))
}

#[cfg(unix)]
fn unix_socket() -> io::Result<()> {
    let path = env::temp_dir().join(format!("course-doctor-{}.sock", std::process::id()));
    let bound = std::os::unix::net::UnixListener::bind(&path);
    let _ = fs::remove_file(&path); // It is there only if the bind succeeded.
    bound.map(drop)
}

#[cfg(not(unix))]
fn unix_socket() -> io::Result<()> {
    Err(io::Error::from(io::ErrorKind::Unsupported))
}

#[cfg(unix)]
fn open_files() -> io::Result<()> {
    use rustix::process::{Resource, getrlimit};
    match getrlimit(Resource::Nofile).current {
        Some(limit) if limit < 4096 => Err(io::Error::other(format!("the limit is {limit}"))),
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
fn open_files() -> io::Result<()> {
    Ok(())
}

/// Whether a program of this name lies in one of the `PATH`'s folders, or where root's are.
fn installed(name: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    let own = env::split_paths(&path);
    let system = ["/usr/sbin", "/sbin"].map(|folder| Path::new(folder).to_path_buf());
    own.chain(system).any(|folder| {
        let file = folder.join(name);
        file.is_file() || file.with_extension("exe").is_file()
    })
}
