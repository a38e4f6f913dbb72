//! What a TCP stream keeps, and what it does not.
//!
//! ```sh
//! cargo run -p sockets --example stream
//! ```
//!
//! Each line is printed after what it says has been checked.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};

fn main() -> io::Result<()> {
    three_writes_one_read()?;
    one_write_three_reads()?;
    nobody_has_accepted_yet()?;
    nobody_reads()?;
    the_end()
}

// ANCHOR: pair
/// Both ends of one connection.
fn pair() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let client = TcpStream::connect(listener.local_addr()?)?;
    let (server, _) = listener.accept()?;
    Ok((client, server))
}
// ANCHOR_END: pair

// ANCHOR: three_writes
fn three_writes_one_read() -> io::Result<()> {
    let (mut client, mut server) = pair()?;
    for word in ["one", "two", "three"] {
        client.write_all(word.as_bytes())?;
    }
    wait_for(&server, 11)?;

    let mut buffer = [0; 1024];
    let count = server.read(&mut buffer)?;
    assert_eq!(&buffer[..count], b"onetwothree");
    println!("three writes:  \"one\"  \"two\"  \"three\"");
    println!("one read:      \"onetwothree\"\n");
    Ok(())
}
// ANCHOR_END: three_writes

fn one_write_three_reads() -> io::Result<()> {
    let (mut client, mut server) = pair()?;
    client.write_all(b"hello, world")?;
    wait_for(&server, 12)?;

    println!("one write:     \"hello, world\"");
    print!("three reads:  ");
    let mut buffer = [0; 5];
    for piece in ["hello", ", wor", "ld"] {
        let count = server.read(&mut buffer)?;
        assert_eq!(&buffer[..count], piece.as_bytes());
        print!(" \"{piece}\" ");
    }
    println!("\n");
    Ok(())
}

/// The system of the listener completes the connection, and keeps what arrives. The program learns
/// of it when it asks.
fn nobody_has_accepted_yet() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut client = TcpStream::connect(listener.local_addr()?)?;
    let count = client.write(b"anybody there?")?;
    assert_eq!(count, 14);
    println!("nobody called `accept`, and yet:");
    println!("  connect  Ok");
    println!("  write    Ok({count})");

    let (mut server, _) = listener.accept()?;
    let mut question = [0; 14];
    server.read_exact(&mut question)?;
    assert_eq!(&question, b"anybody there?");
    println!("then `accept`, and a read gives \"anybody there?\"\n");
    Ok(())
}

/// `WouldBlock` is what a nonblocking socket says where a blocking one would wait.
fn nobody_reads() -> io::Result<()> {
    let (mut client, server) = pair()?;
    client.set_nonblocking(true)?;
    let chunk = [b'x'; 64 * 1024];
    let mut taken = 0;
    let last = loop {
        let count = client.write(&chunk)?;
        taken += count;
        if count < chunk.len() {
            break count;
        }
    };
    let error = client.write(&chunk).expect_err("both buffers are full");
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    drop(server);
    println!("a peer that never reads, offered 65536 bytes a call:");
    println!("  the last call took   ≈ {last} bytes");
    println!("  taken in all         ≈ {taken} bytes");
    println!("  then a write waits, until the peer reads\n");
    Ok(())
}

fn the_end() -> io::Result<()> {
    let (client, mut server) = pair()?;
    drop(client);
    let mut buffer = [0; 8];
    for _ in 0..2 {
        assert_eq!(server.read(&mut buffer)?, 0);
    }
    println!("the client is gone, in order:");
    println!("  read  Ok(0)");
    println!("  read  Ok(0), and so for ever");
    Ok(())
}

/// Waits until `count` bytes have arrived, without taking them. (Only an experiment wants that.)
fn wait_for(stream: &TcpStream, count: usize) -> io::Result<()> {
    let mut buffer = [0; 64];
    for _ in 0..1_000_000 {
        if stream.peek(&mut buffer)? >= count {
            return Ok(());
        }
        std::thread::yield_now();
    }
    Err(ErrorKind::TimedOut.into())
}
