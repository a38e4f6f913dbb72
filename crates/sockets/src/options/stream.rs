//! Options of a connection: how it sends, how it ends, how it learns that the other is gone.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use socket2::{SockRef, TcpKeepalive};

use super::{Findings, PATIENCE, SocketOption, fill, milliseconds, pair};

/// Sends small writes at once.
///
/// Nagle's algorithm (RFC 896) holds a small segment back while an earlier one is unacknowledged, and
/// the receiver delays its acknowledgement (RFC 9293 §3.8.6.3) in the hope of sending it along with an
/// answer. Two writes before a read, and each side waits for the other, until the receiver's timer:
///
/// ```text
/// client                                    server
///   │ ── "h" ────────────────────────────────▶ │  waits for the rest before it answers
///   │    "i" is held back: "h" is not            │  delays its ACK: an answer may come
///   │    acknowledged yet                       │
///   │ ◀───────────────────────── ACK ────────── │  after 40 ms on Linux
///   │ ── "i" ────────────────────────────────▶ │
///   │ ◀──────────────────────── "ok" ────────── │
/// ```
///
/// Better than the option is one write for one message.
pub const TCP_NODELAY: SocketOption = SocketOption {
    name: "TCP_NODELAY",
    source: "tcp(7); RFC 896, RFC 9293 §3.7.4",
    what: "a small write does not wait for the acknowledgement of the one before",
    show: nodelay,
};

fn nodelay(findings: &mut Findings) -> io::Result<()> {
    let off = write_write_read(|_| Ok(()), |_| Ok(()))?;
    let on = write_write_read(|client| client.set_nodelay(true), |_| Ok(()))?;
    compare(findings, off, on);
    Ok(())
}

/// Claims what the delayed acknowledgement costs, and that an option saves it.
fn compare(findings: &mut Findings, off: Duration, on: Duration) {
    let two = "two small writes, then a read:";
    findings.seen(
        off > Duration::from_millis(10),
        format!("off: {two} a round takes over 10 ms"),
        format!("{}, median of {ROUNDS}", milliseconds(off)),
    );
    findings.seen(
        on < off / 4,
        format!("on: {two} less than a quarter of that"),
        format!("{}, median of {ROUNDS}", milliseconds(on)),
    );
}

const ROUNDS: usize = 15;

/// The median time of a round of two one-octet writes and an answer of two octets. The client is set up
/// once, the server before each read.
fn write_write_read(
    client_set_up: fn(&TcpStream) -> io::Result<()>,
    before_read: fn(&TcpStream) -> io::Result<()>,
) -> io::Result<Duration> {
    let (mut client, mut server) = pair()?;
    client_set_up(&client)?;
    let answering = thread::spawn(move || -> io::Result<()> {
        for _ in 0..ROUNDS {
            let mut octet = [0];
            for _ in 0..2 {
                before_read(&server)?;
                server.read_exact(&mut octet)?;
            }
            server.write_all(b"ok")?;
        }
        Ok(())
    });
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let began = Instant::now();
        client.write_all(b"h")?;
        client.write_all(b"i")?;
        client.read_exact(&mut [0; 2])?;
        rounds.push(began.elapsed());
    }
    answering.join().expect("it does not panic")?;
    rounds.sort_unstable();
    Ok(rounds[ROUNDS / 2])
}

/// Acknowledges at once.
///
/// The other half of the same wait, at the other end: the receiver's acknowledgement is what the sender
/// waits for. It does not stay on: the system turns it off again as it sees fit, so it has to be set before
/// each read. That makes it a tool for measuring, and seldom more.
pub const TCP_QUICKACK: SocketOption = SocketOption {
    name: "TCP_QUICKACK",
    source: "tcp(7); RFC 9293 §3.8.6.3",
    what: "what arrives is acknowledged at once; set at the receiver, before each read",
    show: quickack,
};

#[cfg(target_os = "linux")]
fn quickack(findings: &mut Findings) -> io::Result<()> {
    let off = write_write_read(|_| Ok(()), |_| Ok(()))?;
    let quickly = |server: &TcpStream| SockRef::from(server).set_tcp_quickack(true);
    let on = write_write_read(|_| Ok(()), quickly)?;
    compare(findings, off, on);
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn quickack(findings: &mut Findings) -> io::Result<()> {
    findings.skip("this system has no TCP_QUICKACK");
    Ok(())
}

/// Says what `close` does. With a time of zero: a RST in place of a FIN, and no TIME-WAIT.
///
/// What was written and not yet sent is thrown away. It is for connections that have gone wrong; as a way
/// around TIME-WAIT it is a mistake, since the peer cannot tell a finished answer from a broken one.
pub const SO_LINGER: SocketOption = SocketOption {
    name: "SO_LINGER",
    source: "socket(7); POSIX close",
    what: "with a time of zero, closing resets the connection",
    show: linger,
};

fn linger(findings: &mut Findings) -> io::Result<()> {
    let end = |linger: Option<Duration>| -> io::Result<io::Result<usize>> {
        let (near, mut far) = pair()?;
        SockRef::from(&near).set_linger(linger)?;
        drop(near);
        Ok(far.read(&mut [0]))
    };
    let plain = end(None)?;
    findings.guaranteed(
        matches!(plain, Ok(0)),
        "off: the peer of a closed socket reads the end of the stream (FIN)",
        "",
    );
    let zero = end(Some(Duration::ZERO))?;
    findings.guaranteed(
        zero.is_err_and(|error| error.kind() == ErrorKind::ConnectionReset),
        "on, 0 s: it reads ECONNRESET (RST)",
        "",
    );
    Ok(())
}

/// Asks a silent peer whether it is still there.
///
/// A peer whose machine has lost power sends nothing, and neither does one who has nothing to say. After
/// two hours (RFC 9293 §3.8.4), or what is set, the system sends a segment that must be acknowledged.
/// The probe cannot be seen from a program; Linux's table of sockets shows the timer that sends it.
pub const SO_KEEPALIVE: SocketOption = SocketOption {
    name: "SO_KEEPALIVE",
    source: "socket(7), tcp(7); RFC 9293 §3.8.4",
    what: "a silent peer is asked whether it is there, after TCP_KEEPIDLE, every TCP_KEEPINTVL",
    show: keepalive,
};

fn keepalive(findings: &mut Findings) -> io::Result<()> {
    let (near, _far) = pair()?;
    let before = timer(&near);
    let socket = SockRef::from(&near);
    let (idle, interval) = (Duration::from_secs(30), Duration::from_secs(5));
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(idle).with_interval(interval))?;
    findings.guaranteed(socket.keepalive()?, "on: it reads back as on", "");
    let (Some(before), Some((kind, left))) = (before, timer(&near)) else {
        findings.skip("the timer is read from /proc/net/tcp, which is not here");
        return Ok(());
    };
    findings.seen(before.0 == 0, "off: the idle connection has no timer", "/proc/net/tcp");
    findings.seen(
        kind == KEEPALIVE_TIMER && left <= idle && left > idle / 2,
        "on, 30 s: a timer for the first probe is running",
        format!("{:.0} s left", left.as_secs_f64()),
    );
    Ok(())
}

/// A keepalive timer's number in `/proc/net/tcp`: proc_pid_net(5), `tr`.
const KEEPALIVE_TIMER: u8 = 2;

/// The kind of a connection's timer, and what is left of it, by Linux's table of sockets.
fn timer(stream: &TcpStream) -> Option<(u8, Duration)> {
    // sl local_address rem_address st tx_queue:rx_queue tr:tm->when …, all in hex; times in 1/100 s.
    let table = std::fs::read_to_string("/proc/net/tcp").ok()?;
    let port = |column: &str| u16::from_str_radix(column.rsplit_once(':')?.1, 16).ok();
    let (local, peer) = (stream.local_addr().ok()?.port(), stream.peer_addr().ok()?.port());
    table.lines().skip(1).find_map(|line| {
        let columns: Vec<&str> = line.split_ascii_whitespace().collect();
        if port(columns.get(1)?)? != local || port(columns.get(2)?)? != peer {
            return None;
        }
        let (kind, when) = columns.get(5)?.split_once(':')?;
        let left = Duration::from_millis(u64::from_str_radix(when, 16).ok()? * 10);
        Some((u8::from_str_radix(kind, 16).ok()?, left))
    })
}

/// Ends a connection whose octets stay unacknowledged or unread for too long.
///
/// Without it, a peer that has closed its window keeps a writer waiting for as long as it acknowledges
/// probes, and one that is gone for 15 minutes or so (`tcp_retries2` in `tcp(7)`).
pub const TCP_USER_TIMEOUT: SocketOption = SocketOption {
    name: "TCP_USER_TIMEOUT",
    source: "tcp(7); RFC 5482",
    what: "octets that the peer does not take in time end the connection",
    show: user_timeout,
};

#[cfg(target_os = "linux")]
fn user_timeout(findings: &mut Findings) -> io::Result<()> {
    let (near, _never_reads) = pair()?;
    let asked = Duration::from_millis(300);
    SockRef::from(&near).set_tcp_user_timeout(Some(asked))?;
    fill(&near)?;
    let began = Instant::now();
    let error = loop {
        if let Some(error) = near.take_error()? {
            break Some(error);
        }
        if began.elapsed() > PATIENCE {
            break None;
        }
        thread::sleep(Duration::from_millis(5));
    };
    findings.seen(
        error.is_some_and(|error| error.kind() == ErrorKind::TimedOut),
        "300 ms, the peer reads nothing: the connection ends with ETIMEDOUT",
        // Looked at when a probe of the closed window is due, so somewhat later than asked.
        format!("after {}", milliseconds(began.elapsed())),
    );
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn user_timeout(findings: &mut Findings) -> io::Result<()> {
    findings.skip("this system has no TCP_USER_TIMEOUT");
    Ok(())
}
