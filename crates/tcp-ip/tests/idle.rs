//! What an idle connection costs: under 1 KiB, everything counted that the host keeps of it.
//!
//! Alone in its file, and so in its process: memory is what the system says that the process has.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // A panic here is a failed test.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use tcp_ip::Instant;
use tcp_ip::tcp::{Config, Stack};

const CONNECTIONS: usize = 20_000;

#[test]
fn an_idle_connection_takes_less_than_a_kibibyte() {
    let [here, there] = [[192, 0, 2, 1], [192, 0, 2, 2]].map(Ipv4Addr::from);
    let mut client = Stack::new(&[IpAddr::from(here)], 1_500, Config::default());
    let mut server = Stack::new(&[IpAddr::from(there)], 1_500, Config::default());
    // Ports for 16,384 connections to one port of a host; a second port for the rest.
    server.listen(80, 64).unwrap();
    server.listen(81, 64).unwrap();
    let mut now = Instant::ZERO;
    open(&mut now, &mut client, &mut server, 80, 100);
    let before = resident();
    open(&mut now, &mut client, &mut server, 80, CONNECTIONS / 2);
    open(&mut now, &mut client, &mut server, 81, CONNECTIONS / 2);
    let ends = 2 * CONNECTIONS;
    let each = (resident() - before) / ends;
    println!("{each} octets for each end of an idle connection that was used");
    assert!(each < 1_024, "{each} octets");
    assert_eq!((client.len(), server.len()), (CONNECTIONS + 100, CONNECTIONS + 100));
}

/// Opens connections, one every two seconds, and uses each once: an idle connection is one that was
/// not always idle.
fn open(now: &mut Instant, client: &mut Stack, server: &mut Stack, port: u16, count: usize) {
    let address = SocketAddr::new(server.addresses()[0], port);
    for _ in 0..count {
        let handle = client.connect(*now, address).unwrap();
        exchange(*now, client, server);
        let accepted = server.accept(port).unwrap();
        client.connection_mut(handle).unwrap().send(&[7; 1_000]);
        exchange(*now, client, server);
        let connection = server.connection_mut(accepted).unwrap();
        assert_eq!(connection.receive(&mut [0; 1_000]), 1_000);
        connection.send(&[7; 1_000]);
        exchange(*now, client, server);
        assert_eq!(client.connection_mut(handle).unwrap().receive(&mut [0; 1_000]), 1_000);
        exchange(*now, client, server);
        // Delayed acknowledgments go out, and empty buffers go, which are kept for a second.
        for milliseconds in [50, 1_950] {
            *now += Duration::from_millis(milliseconds);
            client.on_timeout(*now);
            server.on_timeout(*now);
            exchange(*now, client, server);
        }
    }
}

fn exchange(now: Instant, client: &mut Stack, server: &mut Stack) {
    let mut packet = Vec::new();
    for _ in 0..4 {
        while client.poll(now, &mut packet) {
            server.packet(now, &packet);
            packet.clear();
        }
        while server.poll(now, &mut packet) {
            client.packet(now, &packet);
            packet.clear();
        }
    }
}

/// Octets of memory that this process has: the second number of `/proc/self/statm`, in pages (see
/// proc_pid_statm(5)).
fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = text.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4_096
}
