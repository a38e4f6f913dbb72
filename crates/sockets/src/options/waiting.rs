//! How long a blocking call waits.

use std::io::{self, ErrorKind, Read, Write};
use std::net::UdpSocket;
use std::time::{Duration, Instant};

use socket2::SockRef;

use super::{Findings, SocketOption, milliseconds, pair};

/// Bounds one receiving call.
///
/// One call, and not an exchange: see [`deadlines`](crate::deadlines). The error is EAGAIN, which the
/// standard library calls `WouldBlock` on Unix. The wait is counted in the system's clock ticks: 1, 4 or
/// 10 ms, depending on how the kernel was built (`time(7)`).
pub const SO_RCVTIMEO: SocketOption = SocketOption {
    name: "SO_RCVTIMEO",
    source: "socket(7)",
    what: "one receiving call waits no longer",
    show: receive_timeout,
};

fn receive_timeout(findings: &mut Findings) -> io::Result<()> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    let mut given = Vec::new();
    for asked in [1, 10, 50].map(Duration::from_millis) {
        socket.set_read_timeout(Some(asked))?;
        let began = Instant::now();
        let result = socket.recv(&mut [0]);
        let waited = began.elapsed();
        let right = result.is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
        findings.seen(
            right && waited >= asked,
            format!("{} ms: recv waits at least that long, then says EAGAIN", asked.as_millis()),
            milliseconds(waited),
        );
        given.push(socket.read_timeout()?);
    }
    findings.seen(
        given[0] >= Some(Duration::from_millis(1)),
        "it is rounded up to clock ticks",
        format!("asked 1 ms, given {}", given[0].map_or_else(String::new, milliseconds)),
    );
    let zero = socket.set_read_timeout(Some(Duration::ZERO));
    findings.guaranteed(
        zero.is_err_and(|error| error.kind() == ErrorKind::InvalidInput),
        "0: the standard library refuses it, since to the system it means: for ever",
        "",
    );
    Ok(())
}

/// Bounds one sending call.
///
/// A write that has taken something by then returns how much, and only the next one fails.
pub const SO_SNDTIMEO: SocketOption = SocketOption {
    name: "SO_SNDTIMEO",
    source: "socket(7)",
    what: "one sending call waits no longer",
    show: send_timeout,
};

fn send_timeout(findings: &mut Findings) -> io::Result<()> {
    let (mut near, mut far) = pair()?;
    SockRef::from(&near).set_send_buffer_size(1)?;
    near.set_write_timeout(Some(Duration::from_millis(50)))?;
    let much = vec![0; 16 << 20];
    let first = near.write(&much)?;
    findings.seen(
        first > 0 && first < much.len(),
        "50 ms, the peer does not read: a write returns what it has taken",
        format!("≈ {first} octets"),
    );
    let mut taken = first;
    let error = loop {
        let began = Instant::now();
        match near.write(&much) {
            // What was on its way has made room once more.
            Ok(count) => taken += count,
            Err(error) => break (error.kind(), began.elapsed()),
        }
    };
    findings.seen(
        error.0 == ErrorKind::WouldBlock,
        "one that can take nothing fails with EAGAIN",
        milliseconds(error.1),
    );
    far.read_exact(&mut vec![0; taken])?;
    findings.guaranteed(near.write(b"x").is_ok(), "once the peer has read, writing goes on", "");
    Ok(())
}
