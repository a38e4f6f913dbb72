//! What a program waits for, and how each wait is bounded.
//!
//! ```sh
//! cargo run -p sockets --example waits
//! ```
//!
//! Each line is printed after what it says has been checked.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};
use sockets::deadlines::{Deadline, Timed};

fn main() -> io::Result<()> {
    connecting()?;
    reading()?;
    a_timeout_per_read()?;
    one_deadline()
}

fn millis(since: Instant) -> u128 {
    since.elapsed().as_millis()
}

/// A queue that is full: Linux then ignores the SYN, as a host that is gone would. A port that nobody
/// listens on says so at once.
fn connecting() -> io::Result<()> {
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())?;
    let address = listener.local_addr()?.as_socket().expect("an IPv4 address");
    let began = Instant::now();
    let error = TcpStream::connect(address).expect_err("bound, and does not listen");
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    assert!(began.elapsed() < Duration::from_secs(1));
    println!("connect, nobody listens:   {error}, at once");

    listener.listen(0)?;
    let mut waiting = Vec::new();
    let began = loop {
        let began = Instant::now();
        match TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
            Ok(client) if waiting.len() < 100 => waiting.push(client),
            Ok(_) => return Err(io::Error::other("the queue never filled")),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::TimedOut);
                println!("connect, nobody answers:   {error}");
                break began;
            }
        }
    };
    println!("                           with a timeout of 200 ms, after ≈ {} ms\n", millis(began));
    Ok(())
}

fn pair() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let client = TcpStream::connect(listener.local_addr()?)?;
    let (server, _) = listener.accept()?;
    Ok((client, server))
}

fn reading() -> io::Result<()> {
    let (mut client, _server) = pair()?;
    client.set_read_timeout(Some(Duration::from_millis(100)))?;
    let began = Instant::now();
    let error = client.read(&mut [0; 8]).expect_err("nothing was sent");
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    println!("read, nothing comes:       {error}");
    println!("                           with a timeout of 100 ms, after ≈ {} ms\n", millis(began));
    Ok(())
}

/// Sends ten bytes, one every 100 ms, or as many as the peer stays for.
fn drip(mut server: TcpStream) {
    for _ in 0..10 {
        thread::sleep(Duration::from_millis(100));
        if server.write_all(b".").is_err() {
            return;
        }
    }
}

// ANCHOR: per_read
fn a_timeout_per_read() -> io::Result<()> {
    let (mut client, server) = pair()?;
    let dripping = thread::spawn(move || drip(server));
    client.set_read_timeout(Some(Duration::from_millis(300)))?;

    let began = Instant::now();
    let mut reply = Vec::new();
    client.read_to_end(&mut reply)?;
    // ANCHOR_END: per_read
    assert_eq!(reply.len(), 10);
    assert!(began.elapsed() >= Duration::from_millis(1000));
    dripping.join().expect("the server does not panic");
    println!("a byte every 100 ms, ten in all");
    println!("  timeout of 300 ms per read:    10 bytes, after ≈ {} ms", millis(began));
    Ok(())
}

// ANCHOR: deadline
fn one_deadline() -> io::Result<()> {
    let (client, server) = pair()?;
    let dripping = thread::spawn(move || drip(server));
    let mut client = Timed::new(client, Deadline::after(Duration::from_millis(300)));

    let began = Instant::now();
    let error = client.read_to_end(&mut Vec::new()).expect_err("there is not time for all");
    // ANCHOR_END: deadline
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    println!("  deadline of 300 ms for all:    {error}, after ≈ {} ms", millis(began));
    drop(client);
    dripping.join().expect("the server does not panic");
    Ok(())
}
