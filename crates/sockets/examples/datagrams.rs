//! What UDP keeps, and what it does not.
//!
//! ```sh
//! cargo run -p sockets --example datagrams
//! ```
//!
//! Each line is printed after what it says has been checked.

use std::io::{self, ErrorKind};
use std::net::UdpSocket;
use std::time::Duration;

/// The most that fits: 65,535 octets of an IPv4 packet, less its header of 20 and UDP's of 8.
const LARGEST: usize = 65_535 - 20 - 8;

fn main() -> io::Result<()> {
    borders_are_kept()?;
    an_empty_one_is_one()?;
    what_does_not_fit_is_lost()?;
    there_is_a_largest_one()?;
    nobody_is_there()?;
    nobody_reads()
}

/// A socket on a free port of loopback, that waits for no datagram longer than a second.
fn socket() -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.set_read_timeout(Some(Duration::from_secs(1)))?;
    Ok(socket)
}

// ANCHOR: borders
fn borders_are_kept() -> io::Result<()> {
    let (sender, receiver) = (socket()?, socket()?);
    let to = receiver.local_addr()?;
    for word in ["one", "two", "three"] {
        sender.send_to(word.as_bytes(), to)?;
    }
    let mut buffer = [0; 1024];
    for word in ["one", "two", "three"] {
        let (count, from) = receiver.recv_from(&mut buffer)?;
        assert_eq!(&buffer[..count], word.as_bytes());
        assert_eq!(from, sender.local_addr()?);
    }
    // ANCHOR_END: borders
    println!("three sends:     \"one\"  \"two\"  \"three\"");
    println!("three receives:  \"one\"  \"two\"  \"three\"\n");
    Ok(())
}

fn an_empty_one_is_one() -> io::Result<()> {
    let (sender, receiver) = (socket()?, socket()?);
    sender.send_to(b"", receiver.local_addr()?)?;
    let (count, from) = receiver.recv_from(&mut [0; 16])?;
    assert_eq!((count, from), (0, sender.local_addr()?));
    println!("an empty datagram:  received, 0 bytes, from the sender's address\n");
    Ok(())
}

fn what_does_not_fit_is_lost() -> io::Result<()> {
    let (sender, receiver) = (socket()?, socket()?);
    receiver.set_nonblocking(true)?;
    sender.send_to(b"0123456789", receiver.local_addr()?)?;
    let mut buffer = [0; 4];
    let (count, _) = receiver.recv_from(&mut buffer)?;
    assert_eq!(&buffer[..count], b"0123");
    let error = receiver.recv_from(&mut buffer).expect_err("there was one datagram");
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    println!("\"0123456789\" into a buffer of 4:  \"0123\", and no error");
    println!("the other 6:                      gone\n");
    Ok(())
}

fn there_is_a_largest_one() -> io::Result<()> {
    let (sender, receiver) = (socket()?, socket()?);
    let to = receiver.local_addr()?;
    assert_eq!(sender.send_to(&[b'x'; LARGEST], to)?, LARGEST);
    println!("send {LARGEST} bytes:  Ok");
    let error = sender.send_to(&[b'x'; LARGEST + 1], to).expect_err("one byte too many");
    println!("send {} bytes:  {error}\n", LARGEST + 1);
    Ok(())
}

/// The peer's system answers with an ICMP message, port unreachable. A socket that is connected is
/// told of it, and no other.
fn nobody_is_there() -> io::Result<()> {
    let gone = socket()?.local_addr()?;
    let sender = socket()?;
    sender.connect(gone)?;
    assert_eq!(sender.send(b"hello?")?, 6);
    println!("send to a port that nobody has:");
    println!("  send     Ok(6)");
    let error = sender.recv(&mut [0; 16]).expect_err("nobody can have answered");
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    println!("  receive  {error}");

    let sender = socket()?;
    sender.set_read_timeout(Some(Duration::from_millis(100)))?;
    sender.send_to(b"hello?", gone)?;
    let error = sender.recv_from(&mut [0; 16]).expect_err("nobody can have answered");
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    println!("the same without `connect`:");
    println!("  send     Ok(6)");
    println!("  receive  nothing, until its timeout\n");
    Ok(())
}

fn nobody_reads() -> io::Result<()> {
    const SENT: usize = 1000;
    let (sender, receiver) = (socket()?, socket()?);
    for _ in 0..SENT {
        assert_eq!(sender.send_to(&[b'x'; 1000], receiver.local_addr()?)?, 1000);
    }
    receiver.set_nonblocking(true)?;
    let mut buffer = [0; 2000];
    let kept = (0..SENT).take_while(|_| receiver.recv_from(&mut buffer).is_ok()).count();
    assert!(kept < SENT);
    println!("{SENT} datagrams of 1000 bytes to a program that does not read:");
    println!("  {SENT} sends  Ok(1000)");
    println!("  it finds    ≈ {kept} datagrams, when it does");
    Ok(())
}
