//! How a connection ends, and what is lost when it ends badly.
//!
//! ```sh
//! cargo run -p sockets --example endings
//! ```
//!
//! Each line is printed after what it says has been checked.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use socket2::{Domain, Socket, Type};
use sockets::closing::{self, Closed, DEFAULT_LIMIT};
use sockets::deadlines::{Deadline, Timed};

fn main() -> io::Result<()> {
    half_closed()?;
    writing_to_nobody()?;
    for reply in [5, 500_000] {
        dropped_with_unread_bytes(reply)?;
    }
    closed_in_order(500_000)?;
    still_remembered()
}

fn pair() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let client = TcpStream::connect(listener.local_addr()?)?;
    let (server, _) = listener.accept()?;
    Ok((client, server))
}

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(5))
}

// ANCHOR: half_closed
fn half_closed() -> io::Result<()> {
    let (mut client, mut server) = pair()?;
    client.write_all(b"that was all")?;
    client.shutdown(Shutdown::Write)?;

    let mut request = String::new();
    server.read_to_string(&mut request)?; // To the end: it came with the FIN.
    server.write_all(b"understood")?;
    drop(server);

    let mut reply = String::new();
    client.read_to_string(&mut reply)?;
    // ANCHOR_END: half_closed
    assert_eq!((request.as_str(), reply.as_str()), ("that was all", "understood"));
    let error = client.write(b"one thing more").expect_err("we have said that we are done");
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    println!("the client ends its direction, and still hears the other:");
    println!("  server reads  \"{request}\", then the end");
    println!("  client reads  \"{reply}\", then the end");
    println!("  client write  {error}\n");
    Ok(())
}

/// The first write after the peer has closed succeeds: its bytes leave, a RST comes back, and the
/// write after that is told.
fn writing_to_nobody() -> io::Result<()> {
    let (mut client, server) = pair()?;
    drop(server);
    println!("the server is gone:");
    println!("  client write  Ok({})", client.write(b"hello?")?);
    let error = until_it_fails(|| client.write(b"hello?"))?;
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    println!("  client write  {error}\n");
    Ok(())
}

/// The error of a call that fails soon. (Only an experiment may go round like this.)
fn until_it_fails<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<io::Error> {
    for _ in 0..10_000 {
        match call() {
            Ok(_) => std::thread::yield_now(),
            Err(error) => return Ok(error),
        }
    }
    Err(ErrorKind::TimedOut.into())
}

/// A client that has sent what its server does not read, and the server's reply of `size` bytes.
fn with_unread_bytes(size: usize) -> io::Result<(TcpStream, TcpStream)> {
    let (mut client, mut server) = pair()?;
    client.write_all(b"a request, and more")?;
    server.read_exact(&mut [0; 9])?;
    Timed::new(&server, soon()).write_all(&vec![b'r'; size])?;
    Ok((client, server))
}

/// Reads until the end or an error: how many bytes came, and what was last.
fn what_comes(stream: &TcpStream) -> (usize, String) {
    let mut reply = Vec::new();
    let last = Timed::new(stream, soon()).read_to_end(&mut reply);
    (reply.len(), last.map_or_else(|error| error.to_string(), |_| "the end".to_owned()))
}

// ANCHOR: dropped
fn dropped_with_unread_bytes(size: usize) -> io::Result<()> {
    let (client, server) = with_unread_bytes(size)?;
    drop(server);
    let (count, last) = what_comes(&client);
    // ANCHOR_END: dropped
    assert!(last.starts_with("Connection reset"));
    println!("a reply of {size} bytes, then the server drops its socket, with 10 bytes unread:");
    println!("  client reads  ≈ {count} bytes, then {last}\n");
    Ok(())
}

// ANCHOR: closed
fn closed_in_order(size: usize) -> io::Result<()> {
    let (client, server) = with_unread_bytes(size)?;
    let (count, last, closed) = std::thread::scope(|scope| {
        let closing = scope.spawn(|| closing::close(&server, soon(), DEFAULT_LIMIT));
        client.shutdown(Shutdown::Write)?;
        let (count, last) = what_comes(&client);
        let closed = closing.join().expect("closing does not panic")?;
        io::Result::Ok((count, last, closed))
    })?;
    // ANCHOR_END: closed
    assert_eq!((count, last.as_str(), closed), (size, "the end", Closed::ByBoth));
    println!("the same, but the server ends its direction and reads to the end of the other:");
    println!("  client reads  {count} bytes, then {last}\n");
    Ok(())
}

/// The end that closes first keeps the connection's addresses for a while: TIME-WAIT.
fn still_remembered() -> io::Result<()> {
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())?;
    listener.listen(1)?;
    let address = listener.local_addr()?;
    let mut client = TcpStream::connect(address.as_socket().expect("an IPv4 address"))?;
    drop(listener.accept()?);
    assert_eq!(client.read(&mut [0])?, 0);
    drop((client, listener));

    println!("a server that closed its connection first, started again on its port:");
    let again = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    let error = again.bind(&address).expect_err("the old connection is in TIME-WAIT");
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    println!("  bind                      {error}");
    println!(
        "\nThe standard library sets SO_REUSEADDR on a listener, and then there is no such wait:"
    );
    restarted()?;
    println!("  bind with SO_REUSEADDR    Ok");
    Ok(())
}

fn restarted() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let mut client = TcpStream::connect(address)?;
    drop(listener.accept()?);
    assert_eq!(client.read(&mut [0])?, 0);
    drop((client, listener));
    TcpListener::bind(address).map(drop)
}
