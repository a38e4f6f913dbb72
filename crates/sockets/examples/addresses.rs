//! What an address is, and which connections it is part of.
//!
//! ```sh
//! cargo run -p sockets --example addresses
//! ```
//!
//! Each line is printed after what it says has been checked.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};

use sockets::echo::listen;

fn main() -> io::Result<()> {
    written();
    on_the_wire();
    any_port()?;
    one_port_many_connections()?;
    one_address_or_all()?;
    both_families()
}

// ANCHOR: written
fn written() {
    for text in [
        "127.0.0.1:7000",
        "[::1]:7000",
        "[0:0:0:0:0:0:0:1]:7000",
        "[::ffff:127.0.0.1]:7000",
        "::1:7000",
        "127.0.0.01:7000",
        "127.1:7000",
        "localhost:7000",
        "127.0.0.1:70000",
    ] {
        match text.parse::<SocketAddr>() {
            Ok(address) => println!("{text:<25}{address}"),
            Err(_) => println!("{text:<25}no address"),
        }
    }
    println!();
}
// ANCHOR_END: written

/// As they stand in a packet: the most significant octet first, which is called network byte order.
fn on_the_wire() {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 7000));
    let (ip, port) = (Ipv4Addr::LOCALHOST.octets(), address.port().to_be_bytes());
    assert_eq!((ip, port), ([0x7f, 0, 0, 1], [0x1b, 0x58]));
    println!("{address} on the wire:  {}  {}\n", hex(&ip), hex(&port));
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect::<Vec<_>>().join(" ")
}

// ANCHOR: any_port
fn any_port() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    assert_ne!(address.port(), 0);
    println!("asked for 127.0.0.1:0, got {address}\n");
    Ok(())
}
// ANCHOR_END: any_port

fn one_port_many_connections() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    println!("two connections to one port:");
    let mut clients = Vec::new();
    for _ in 0..2 {
        let client = TcpStream::connect(address)?;
        let (server, peer) = listener.accept()?;
        assert_eq!(client.local_addr()?, peer);
        assert_eq!(server.local_addr()?, address);
        println!("  {peer} → {address}");
        clients.push((client, server));
    }
    assert_ne!(clients[0].0.local_addr()?, clients[1].0.local_addr()?);
    println!();
    Ok(())
}

fn one_address_or_all() -> io::Result<()> {
    for (bound, reachable) in [("127.0.0.1:0", false), ("0.0.0.0:0", true)] {
        let listener = TcpListener::bind(bound)?;
        let port = listener.local_addr()?.port();
        println!("listening on {bound}");
        TcpStream::connect(("127.0.0.1", port))?;
        println!("  connect to 127.0.0.1  Ok");
        let other = TcpStream::connect(("127.0.0.2", port)).map_err(|error| error.kind());
        assert_eq!(other.is_ok(), reachable);
        let said = other.map_or_else(|error| error.to_string(), |_| "Ok".to_owned());
        println!("  connect to 127.0.0.2  {said}");
    }
    println!();
    Ok(())
}

fn both_families() -> io::Result<()> {
    let listener = match listen(SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0))) {
        Ok(listener) => TcpListener::from(listener),
        Err(error) => {
            println!("no IPv6 on this machine: {error}");
            return Ok(());
        }
    };
    let port = listener.local_addr()?.port();
    println!("listening on [::]:0");
    for from in ["::1", "127.0.0.1"] {
        let client = TcpStream::connect((from, port))?;
        let (_, peer) = listener.accept()?;
        assert_eq!(peer.ip().to_canonical(), client.local_addr()?.ip());
        println!("  a client on {from:<9}  is seen as {}", peer.ip());
    }
    Ok(())
}
