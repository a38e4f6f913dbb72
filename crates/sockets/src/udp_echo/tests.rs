use super::*;

/// A server on `address`, its address, and what stops it and gives its report.
fn serving(address: &str) -> (SocketAddr, impl FnOnce() -> Report) {
    let socket = bind(address.parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    let server = Server::new(socket).unwrap();
    let stopper = server.stopper();
    let thread = thread::spawn(move || server.run());
    (address, move || {
        stopper.stop();
        thread.join().unwrap().unwrap()
    })
}

fn client(of: SocketAddr) -> UdpSocket {
    let client = UdpSocket::bind((of.ip(), 0)).unwrap();
    client.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    client.connect(of).unwrap();
    client
}

fn echoed(client: &UdpSocket, octets: &[u8]) -> Vec<u8> {
    client.send(octets).unwrap();
    let mut buffer = vec![0; LARGEST];
    let count = client.recv(&mut buffer).unwrap();
    buffer.truncate(count);
    buffer
}

#[test]
fn sockets_udp_zero() {
    let (address, stop) = serving("127.0.0.1:0");
    let client = client(address);
    assert_eq!(echoed(&client, b""), b"");
    assert_eq!(echoed(&client, b"after"), b"after");
    drop(client);
    assert_eq!(stop(), Report { echoed: 2, refused: 0 });
}

#[test]
fn the_largest_datagram_returns_whole() {
    let (address, stop) = serving("127.0.0.1:0");
    let octets: Vec<u8> = (0..=255).cycle().take(65_507).collect();
    assert!(echoed(&client(address), &octets) == octets);
    stop();
}

#[test]
fn the_answer_comes_from_the_address_that_was_asked() {
    let (address, stop) = serving("0.0.0.0:0");
    // A connected socket receives from that address alone; Linux has all of 127/8.
    for asked in [[127, 0, 0, 1], [127, 0, 0, 2]] {
        let client = client((asked, address.port()).into());
        assert_eq!(echoed(&client, b"hello"), b"hello");
    }
    stop();
}

#[test]
fn a_dual_stack_server_answers_ipv4_from_the_address_that_was_asked() {
    let Ok(_) = UdpSocket::bind("[::1]:0") else {
        eprintln!("skipped: no IPv6 here");
        return;
    };
    let (address, stop) = serving("[::]:0");
    for asked in ["127.0.0.2", "::1", "127.0.0.1"] {
        let client = client(SocketAddr::new(asked.parse().unwrap(), address.port()));
        assert_eq!(echoed(&client, asked.as_bytes()), asked.as_bytes());
    }
    stop();
}

#[test]
fn a_client_that_has_gone_harms_nobody() {
    let (address, stop) = serving("127.0.0.1:0");
    for _ in 0..50 {
        // Its port is closed when the answer comes: ICMP port unreachable.
        client(address).send(b"anybody?").unwrap();
    }
    assert_eq!(echoed(&client(address), b"here"), b"here");
    stop();
}

#[test]
fn what_has_arrived_before_the_stop_is_answered() {
    let socket = bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let client = client(socket.local_addr().unwrap());
    for number in 0..20 {
        client.send(&[number]).unwrap();
    }
    let server = Server::new(socket).unwrap();
    server.stopper().stop();
    let report = server.run().unwrap();
    assert_eq!(report.echoed, 20);
    let mut octet = [0; 2];
    for number in 0..20 {
        assert_eq!(client.recv(&mut octet).unwrap(), 1);
        assert_eq!(octet[0], number);
    }
}

#[test]
fn services_that_would_answer_for_ever_get_no_answer() {
    let peer = |port| SocketAddr::from(([192, 0, 2, 1], port));
    for port in [0, 7, 13, 17, 19, 37, 5000] {
        assert!(refusal(peer(port), 5000).is_some(), "{port}");
    }
    assert!(refusal(peer(53), 5000).is_none());
}
