//! The echo servers, judged from outside: thirteen steps over TCP, eight over UDP, and the Unix-domain
//! socket. Each step is a test; `cargo test -p sockets --test echo` runs them.

// A panic is how a test fails.
#![allow(clippy::unwrap_used)]

mod support;

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream, UdpSocket};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

use socket2::{SockRef, Socket};
use support::{PATIENCE, Random, Server, has_ipv6};

fn tcp() -> Server {
    Server::start(&["tcp-echo"])
}

fn udp() -> Server {
    Server::start(&["udp-echo"])
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect_timeout(&address, PATIENCE).expect("the server accepts");
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// Sends, reads as much back, and compares.
fn exchange(stream: &mut TcpStream, octets: &[u8]) {
    stream.write_all(octets).unwrap();
    let mut echo = vec![0; octets.len()];
    stream.read_exact(&mut echo).unwrap();
    assert!(echo == octets, "{} octets came back changed", octets.len());
}

/// Ends our direction, and reads the other to its end.
fn rest(stream: &mut TcpStream) -> Vec<u8> {
    stream.shutdown(Shutdown::Write).unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    rest
}

/// The server serves a newcomer at once.
fn serves(address: SocketAddr) {
    let mut stream = connect(address);
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    exchange(&mut stream, b"is anybody there?");
    assert_eq!(rest(&mut stream), b"");
}

/// Waits until the server has heard that it is to stop.
fn refuses_newcomers(address: SocketAddr) {
    let until = Instant::now() + PATIENCE;
    while TcpStream::connect_timeout(&address, PATIENCE).is_ok() {
        assert!(Instant::now() < until, "it still accepts");
    }
}

/// Sends without reading until the server's and our own buffers are full.
fn fill(stream: &TcpStream) -> usize {
    let mut sent = 0;
    let mut stream = stream;
    stream.set_nonblocking(true).unwrap();
    let full = Instant::now() + PATIENCE;
    let mut quiet = Instant::now();
    while quiet.elapsed() < Duration::from_secs(1) && Instant::now() < full {
        match stream.write(&[b'x'; 64 * 1024]) {
            Ok(count) => {
                sent += count;
                quiet = Instant::now();
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                thread::sleep(Duration::from_millis(5));
            }
            Err(error) => panic!("{error} after {sent} octets"),
        }
    }
    stream.set_nonblocking(false).unwrap();
    sent
}

fn reset(stream: TcpStream) {
    SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
    drop(stream);
}

#[test]
fn tcp_01_a_line_returns() {
    let server = tcp();
    let mut stream = connect(server.socket_address());
    exchange(&mut stream, b"hello\r\n");
    assert_eq!(rest(&mut stream), b"");
    server.stop();
}

#[test]
fn tcp_02_every_octet_value_returns() {
    let server = tcp();
    let octets: Vec<u8> = (0..=255).chain((0..=255).rev()).collect();
    exchange(&mut connect(server.socket_address()), &octets);
}

/// `sockets-byte-by-byte` of the hostile cases.
#[test]
fn tcp_03_octet_by_octet() {
    let server = tcp();
    let mut stream = connect(server.socket_address());
    for octet in b"PING\r\n\0\xff" {
        exchange(&mut stream, &[*octet]);
    }
    assert_eq!(rest(&mut stream), b"");
}

/// `sockets-two-in-one` of the hostile cases.
#[test]
fn tcp_04_two_messages_in_one_write() {
    let server = tcp();
    exchange(&mut connect(server.socket_address()), b"PING\r\nPING\r\n");
}

#[test]
fn tcp_05_a_mebibyte_in_pieces_of_every_size() {
    let server = tcp();
    let mut random = Random::new();
    let octets = random.octets(1 << 20);
    let stream = connect(server.socket_address());
    let mut writer = stream.try_clone().unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut left = &octets[..];
            while !left.is_empty() {
                let most = [1, 3, 100, 5000, 70_000][random.below(5)];
                let size = 1 + random.below(most);
                let (piece, after) = left.split_at(size.min(left.len()));
                writer.write_all(piece).unwrap();
                left = after;
            }
            writer.shutdown(Shutdown::Write).unwrap();
        });
        let mut echo = Vec::new();
        (&stream).read_to_end(&mut echo).unwrap();
        assert!(echo == octets);
    });
}

/// `sockets-half-close` of the hostile cases.
#[test]
fn tcp_06_after_a_half_close_the_echo_still_comes() {
    let server = tcp();
    let mut stream = connect(server.socket_address());
    stream.write_all(b"PING\r\n").unwrap();
    assert_eq!(rest(&mut stream), b"PING\r\n");
}

#[test]
fn tcp_07_what_is_in_flight_at_a_half_close_comes_whole() {
    let server = tcp();
    let octets = Random::new().octets(256 * 1024);
    let mut stream = connect(server.socket_address());
    // No reader yet: all of it is in the server or in a buffer when the FIN goes out.
    stream.write_all(&octets).unwrap();
    assert!(rest(&mut stream) == octets);
}

#[test]
fn tcp_08_one_who_says_nothing_and_ends_is_told_the_end() {
    let server = tcp();
    let mut stream = connect(server.socket_address());
    assert_eq!(rest(&mut stream), b"");
    drop(connect(server.socket_address())); // And one who just goes away.
    serves(server.socket_address());
}

/// `sockets-reset` of the hostile cases.
#[test]
fn tcp_09_one_who_resets_harms_nobody() {
    let server = tcp();
    let mut other = connect(server.socket_address());
    for size in [0, 6, 100_000] {
        let mut stream = connect(server.socket_address());
        stream.write_all(&vec![b'x'; size]).unwrap();
        if size == 6 {
            let mut echo = [0; 6];
            stream.read_exact(&mut echo).unwrap();
        }
        reset(stream);
        exchange(&mut other, b"still here");
    }
    serves(server.socket_address());
    drop(other);
    let log = server.stop();
    assert!(log.contains("reset by peer"), "{log}");
}

/// `sockets-reader-stalls` of the hostile cases.
#[test]
fn tcp_10_one_who_floods_and_never_reads_harms_nobody() {
    let server = tcp();
    let flooding = connect(server.socket_address());
    let sent = fill(&flooding);
    assert!(sent < 64 << 20, "{sent} octets were taken from one who reads none");
    serves(server.socket_address());
    // It may change its mind: nothing was lost.
    let mut echo = vec![0; sent];
    (&flooding).read_exact(&mut echo).unwrap();
    assert!(echo.iter().all(|octet| *octet == b'x'));
}

#[test]
fn tcp_11_many_at_once_each_get_their_own() {
    let server = tcp();
    let mut streams: Vec<_> = (0..200).map(|_| connect(server.socket_address())).collect();
    for round in 0..3 {
        for (number, stream) in streams.iter_mut().enumerate() {
            stream.write_all(format!("{round} for {number}\n").as_bytes()).unwrap();
        }
        for (number, stream) in streams.iter_mut().enumerate().rev() {
            let want = format!("{round} for {number}\n");
            let mut echo = vec![0; want.len()];
            stream.read_exact(&mut echo).unwrap();
            assert_eq!(echo, want.as_bytes());
        }
    }
    for mut stream in streams {
        assert_eq!(rest(&mut stream), b"");
    }
}

#[test]
fn tcp_12_ipv6_and_both_families_on_one_socket() {
    if !has_ipv6() {
        return;
    }
    let server = Server::start(&["tcp-echo", "--listen", "[::1]:0"]);
    serves(server.socket_address());
    let server = Server::start(&["tcp-echo", "--listen", "[::]:0"]);
    serves(server.at("::1"));
    serves(server.at("127.0.0.1"));
}

#[test]
fn tcp_13_a_signal_lets_what_is_in_flight_end() {
    for signal in ["TERM", "INT"] {
        // On a busy machine a client may be silent for longer than it means to.
        let server = Server::start(&["tcp-echo", "--quiet", "1m", "--drain", "2m"]);
        let address = server.socket_address();
        let mut stream = connect(address);
        exchange(&mut stream, b"before");
        server.signal(signal);
        refuses_newcomers(address);
        exchange(&mut stream, &Random::new().octets(300_000));
        stream.write_all(b"last words").unwrap();
        assert_eq!(rest(&mut stream), b"last words");
        let (code, log) = server.wait();
        assert_eq!(code, Some(0), "{log}");
    }
}

#[test]
fn tcp_a_signal_does_not_wait_for_who_says_nothing() {
    let server = Server::start(&["tcp-echo", "--quiet", "50ms", "--drain", "1h"]);
    let mut silent = connect(server.socket_address());
    exchange(&mut silent, b"then nothing");
    server.stop();
    // It was told in order, with a FIN: what it has is no half of an echo.
    assert_eq!(silent.read(&mut [0]).unwrap(), 0);
}

#[test]
fn tcp_idle_and_stalled_connections_end_at_their_deadlines() {
    let server = Server::start(&["tcp-echo", "--idle", "200ms", "--write", "3s"]);
    let stalled = connect(server.socket_address());
    fill(&stalled);
    let mut idle = connect(server.socket_address());
    let began = Instant::now();
    exchange(&mut idle, b"then nothing");
    assert_eq!(idle.read(&mut [0]).unwrap(), 0, "the idle one gets a FIN");
    assert!(began.elapsed() >= Duration::from_millis(200), "{:?}", began.elapsed());
    // To read from the stalled one would save it: its error says that it has been reset.
    let until = Instant::now() + PATIENCE;
    let error = loop {
        match stalled.take_error().unwrap() {
            Some(error) => break error,
            None => thread::sleep(Duration::from_millis(10)),
        }
        assert!(Instant::now() < until, "the stalled one was never cut");
    };
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    let log = server.stop();
    assert!(log.contains("silent for too long") && log.contains("did not read"), "{log}");
}

#[test]
fn tcp_at_the_limit_newcomers_wait_for_a_place() {
    let server = Server::start(&["tcp-echo", "--max-connections", "2"]);
    let mut first = connect(server.socket_address());
    let mut second = connect(server.socket_address());
    exchange(&mut first, b"1");
    exchange(&mut second, b"2");
    let mut third = connect(server.socket_address());
    third.write_all(b"3").unwrap();
    third.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    assert!(third.read(&mut [0]).is_err(), "a third was served beside two");
    drop(first);
    third.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(rest(&mut third), b"3");
    exchange(&mut second, b"still here");
}

#[test]
fn tcp_one_who_never_ends_is_cut_at_the_drain_deadline() {
    let server = Server::start(&["tcp-echo", "--drain", "300ms", "--quiet", "1h"]);
    let mut stays = connect(server.socket_address());
    exchange(&mut stays, b"I stay");
    let log = server.stop();
    assert!(log.contains("1 cut"), "{log}");
}

#[test]
fn tcp_a_restarted_server_has_its_port_back() {
    let server = Server::start(&["tcp-echo", "--idle", "50ms"]);
    let address = server.socket_address();
    let mut idle = connect(address);
    exchange(&mut idle, b"then nothing");
    // The server ends first: its side of the connection goes into TIME-WAIT.
    assert_eq!(idle.read(&mut [0]).unwrap(), 0);
    drop(idle);
    server.stop();
    let server = Server::start(&["tcp-echo", "--listen", &address.to_string()]);
    serves(server.socket_address());
}

#[test]
fn tcp_a_second_signal_does_not_wait_for_the_drain() {
    let server = Server::start(&["tcp-echo", "--drain", "1h", "--quiet", "1h"]);
    let mut stays = connect(server.socket_address());
    exchange(&mut stays, b"I stay");
    server.signal("TERM");
    // A second signal that comes before the first was handled is the same signal (signal(7)).
    refuses_newcomers(server.socket_address());
    server.stop();
}

fn client(server: SocketAddr) -> UdpSocket {
    let any = if server.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = UdpSocket::bind(any).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.connect(server).unwrap();
    socket
}

fn echoes(client: &UdpSocket, octets: &[u8]) {
    assert_eq!(client.send(octets).unwrap(), octets.len());
    let mut echo = vec![0; 65_536];
    let count = client.recv(&mut echo).unwrap();
    assert!(echo[..count] == *octets, "{count} octets for {}", octets.len());
}

#[test]
fn udp_1_a_datagram_returns() {
    let server = udp();
    echoes(&client(server.socket_address()), b"hello");
    server.stop();
}

/// `sockets-udp-zero` of the hostile cases.
#[test]
fn udp_2_empty_datagrams_return_each_in_its_place() {
    let server = udp();
    let client = client(server.socket_address());
    for octets in [&b""[..], b"a", b"", b"", b"b"] {
        echoes(&client, octets);
    }
}

#[test]
fn udp_3_borders_are_kept() {
    let server = udp();
    let client = client(server.socket_address());
    for size in 1..=20_u8 {
        client.send(&vec![size; size.into()]).unwrap();
    }
    for size in 1..=20_u8 {
        let mut echo = [0; 100];
        assert_eq!(client.recv(&mut echo).unwrap(), usize::from(size));
        assert!(echo[..size.into()].iter().all(|octet| *octet == size));
    }
}

#[test]
fn udp_4_the_largest_datagram_returns_whole() {
    let server = udp();
    let mut random = Random::new();
    for size in [1472, 1473, 65_000, 65_507] {
        echoes(&client(server.socket_address()), &random.octets(size));
    }
}

#[test]
fn udp_5_many_senders_each_get_their_own() {
    let server = udp();
    let clients: Vec<_> = (0..64).map(|_| client(server.socket_address())).collect();
    for (number, client) in clients.iter().enumerate() {
        client.send(&number.to_be_bytes()).unwrap();
    }
    for (number, client) in clients.iter().enumerate().rev() {
        let mut echo = [0; 100];
        assert_eq!(client.recv(&mut echo).unwrap(), 8);
        assert_eq!(echo[..8], number.to_be_bytes());
    }
}

#[test]
fn udp_6_one_who_has_gone_harms_nobody() {
    let server = udp();
    for _ in 0..100 {
        client(server.socket_address()).send(b"gone before the answer").unwrap();
    }
    for _ in 0..100 {
        echoes(&client(server.socket_address()), b"still here");
    }
}

#[test]
fn udp_7_the_answer_comes_from_the_address_that_was_asked() {
    let server = Server::start(&["udp-echo", "--listen", "0.0.0.0:0"]);
    for host in ["127.0.0.1", "127.0.0.2", "127.1.2.3"] {
        echoes(&client(server.at(host)), b"hello");
    }
    if !has_ipv6() {
        return;
    }
    let server = Server::start(&["udp-echo", "--listen", "[::1]:0"]);
    echoes(&client(server.socket_address()), b"hello");
    let server = Server::start(&["udp-echo", "--listen", "[::]:0"]);
    for host in ["::1", "127.0.0.1", "127.0.0.2"] {
        echoes(&client(server.at(host)), host.as_bytes());
    }
}

#[test]
fn udp_8_a_signal_ends_it() {
    for (signal, address) in [("TERM", "127.0.0.1:0"), ("INT", "0.0.0.0:0")] {
        let server = Server::start(&["udp-echo", "--listen", address]);
        echoes(&client(server.at("127.0.0.1")), b"hello");
        server.signal(signal);
        let (code, log) = server.wait();
        assert_eq!(code, Some(0), "{log}");
        assert!(log.contains("1 datagrams echoed"), "{log}");
    }
}

#[test]
fn udp_nothing_goes_to_our_own_port_number() {
    let server = udp();
    let port = server.socket_address().port();
    // Another address of this machine, and the same port: what a forged loop looks like.
    let twin = UdpSocket::bind(("127.0.0.2", port)).unwrap();
    twin.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    twin.send_to(b"loop", server.socket_address()).unwrap();
    assert!(twin.recv(&mut [0; 10]).is_err());
    echoes(&client(server.socket_address()), b"still here");
    assert!(server.stop().contains("it would loop"));
}

#[test]
fn unix_echo_serves_and_cleans_up() {
    let folder = std::env::temp_dir().join(format!("unix-echo-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("echo.sock");
    let text = path.to_str().unwrap();
    drop(Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None).map(|stale| {
        stale.bind(&socket2::SockAddr::unix(&path).unwrap()).unwrap();
    }));
    let server = Server::start(&["unix-echo", "--listen", text]);
    assert_eq!(server.address, text);
    let mut stream = UnixStream::connect(&path).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(b"hello").unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut echo = Vec::new();
    stream.read_to_end(&mut echo).unwrap();
    assert_eq!(echo, b"hello");
    server.stop();
    assert!(!path.exists(), "the file outlived the server");
    std::fs::remove_dir(&folder).unwrap();
}
