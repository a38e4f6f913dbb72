//! Every case of `hostile/dns.json`, over sockets: the server's against our server under each shell, the
//! client's against our resolver, over UDP, and over TCP whole and one octet at a time.

mod dns;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::thread;
use std::time::Duration;

use dns::{Running, Scripted, WAIT, client, question};
use protocols::dns::resolver::{Failure, Found};
use protocols::dns::{Data, Header, Message, Rcode};
use serde_json::Value;

struct Case {
    id: String,
    input: Vec<u8>,
    server: bool,
    outcome: String,
}

fn cases() -> Vec<Case> {
    let all: Vec<Value> = serde_json::from_str(include_str!("hostile/dns.json")).expect("JSON");
    let text = |case: &Value, key: &str| case[key].as_str().expect(key).to_owned();
    let read = |case: &Value| Case {
        id: text(case, "id"),
        input: octets(&text(case, "input")),
        server: text(case, "context").starts_with("server"),
        outcome: text(case, "outcome"),
    };
    all.iter().map(read).collect()
}

/// Printable ASCII stands for itself; escapes are `\r \n \t \\ \xHH`.
fn octets(text: &str) -> Vec<u8> {
    let mut octets = Vec::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        octets.push(match c {
            '\\' => match rest.next().expect("an escape") {
                'r' => b'\r',
                'n' => b'\n',
                't' => b'\t',
                '\\' => b'\\',
                'x' => {
                    let hex: String = rest.by_ref().take(2).collect();
                    u8::from_str_radix(&hex, 16).expect("hex")
                }
                other => panic!("\\{other}"),
            },
            c => u8::try_from(c).expect("ASCII"),
        });
    }
    octets
}

/// The case as a response to this query: with its id, or with another where the case has another; and with
/// the question in its letters.
fn addressed(case: &[u8], query: &[u8]) -> Vec<u8> {
    let mut octets = case.to_vec();
    let wrong = octets[1] ^ 0x34;
    octets[..2].copy_from_slice(&[query[0], query[1] ^ wrong]);
    if let Some(name) = octets.get_mut(12..25) {
        name.copy_from_slice(&query[12..25]);
    }
    octets
}

/// The right answer, with an address that no case has.
fn right(query: &[u8]) -> Vec<u8> {
    let ok = cases().into_iter().find(|case| case.id == "dns-ok-compressed").expect("the control");
    let mut octets = addressed(&ok.input, query);
    let last = octets.len() - 1;
    octets[last] = 99;
    octets
}

#[test]
fn the_resolver_over_udp() {
    for case in cases().into_iter().filter(|case| !case.server) {
        let input = case.input.clone();
        // The case comes first, and then the right answer.
        let server = Scripted::udp(move |query| vec![addressed(&input, query), right(query)]);
        let answer = client(&[server.address]).resolve(question("example.com"));
        let found = answer.unwrap_or_else(|failure| panic!("{}: {failure}", case.id)).found;
        match (case.outcome.as_str(), case.id.as_str()) {
            // Its record is of another name, and no answer; that it was read shows in that nothing more was waited for.
            ("accept", "dns-name-255") => assert_eq!(found, Found::NoData, "{}", case.id),
            ("accept", _) => assert_eq!(last_octet(&found), 1, "{}", case.id),
            ("reject" | "ignore", _) => assert_eq!(last_octet(&found), 99, "{}", case.id),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn the_resolver_over_tcp() {
    for case in cases().into_iter().filter(|case| !case.server) {
        for piece in [1, usize::MAX] {
            let input = case.input.clone();
            let server = Scripted::tcp(piece, move |query| addressed(&input, query));
            let answer = dns::tcp_client(server.address).resolve(question("example.com"));
            match case.outcome.as_str() {
                "accept" => drop(answer.unwrap_or_else(|failure| panic!("{}: {failure}", case.id))),
                _ => assert!(matches!(answer, Err(Failure::Broken(..))), "{}: {answer:?}", case.id),
            }
        }
    }
}

fn last_octet(found: &Found) -> u8 {
    let Found::Records(records) = found else { panic!("{found:?}") };
    let Data::A(address) = records[0].data else { panic!("{records:?}") };
    address.octets()[3]
}

#[test]
fn the_server_under_each_shell() {
    for running in Running::under_each_shell() {
        for case in cases().into_iter().filter(|case| case.server || case.id == "dns-header-cut") {
            match case.outcome.as_str() {
                "timeout" => closes_at_the_deadline(&running, &case),
                "ignore" => {
                    assert_eq!(ask_udp(running.address, &case.input), None, "{}", case.id);
                    for piece in [1, usize::MAX] {
                        assert_eq!(ask_tcp(&running, &case.input, piece), None, "{}", case.id);
                    }
                }
                "reject" if case.id == "dns-header-cut" => {
                    assert_eq!(ask_udp(running.address, &case.input), None, "{}", case.id);
                }
                "reject" => {
                    let mut responses = vec![ask_udp(running.address, &case.input)];
                    responses.extend([1, usize::MAX].map(|p| ask_tcp(&running, &case.input, p)));
                    for response in responses {
                        let (header, _) = Header::parse(&response.expect("one")).expect("a header");
                        assert_eq!(
                            (header.id, header.rcode()),
                            (0x1234, Rcode::FORMERR),
                            "{}",
                            case.id
                        );
                    }
                }
                other => panic!("{}: {other}", case.id),
            }
        }
        running.stop();
    }
}

/// A good query; what answers it shows that what came before has been read.
fn probe(id: u16) -> Vec<u8> {
    Message::query(id, question("www.example.com"), false).emit(512).expect("it fits")
}

/// What a datagram gets, if it gets anything before the probe behind it does.
fn ask_udp(server: SocketAddr, query: &[u8]) -> Option<Vec<u8>> {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    socket.set_read_timeout(Some(WAIT)).expect("a timeout");
    socket.connect(server).expect("an address");
    socket.send(query).expect("sent");
    socket.send(&probe(0xbeef)).expect("sent");
    let mut buffer = [0; 2_048];
    let count = socket.recv(&mut buffer).expect("an answer to the probe, at least");
    (buffer[..2] != [0xbe, 0xef]).then(|| buffer[..count].to_vec())
}

fn ask_tcp(running: &Running, query: &[u8], piece: usize) -> Option<Vec<u8>> {
    let mut stream = running.connect();
    for message in [query, &probe(0xbeef)] {
        let length = u16::try_from(message.len()).expect("short").to_be_bytes();
        for piece in [&length[..], message].concat().chunks(piece) {
            stream.write_all(piece).expect("sent");
        }
    }
    let response = read_message(&mut stream);
    (response[..2] != [0xbe, 0xef]).then_some(response)
}

fn read_message(stream: &mut TcpStream) -> Vec<u8> {
    let mut length = [0; 2];
    stream.read_exact(&mut length).expect("a length");
    let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut message).expect("a message");
    message
}

fn closes_at_the_deadline(running: &Running, case: &Case) {
    let mut slow = running.connect();
    slow.write_all(&case.input).expect("sent");
    assert!(ask_tcp(running, &[0x80; 12], usize::MAX).is_none(), "others are served meanwhile");
    let mut rest = Vec::new();
    slow.read_to_end(&mut rest).expect("closed in order, within the wait");
    assert_eq!(rest, b"", "{}", case.id);
    // A byte now and then does not help.
    let mut slow = running.connect();
    slow.write_all(&case.input[..2]).expect("sent");
    let mut drip = slow.try_clone().expect("a descriptor");
    let dripping = thread::spawn(move || {
        while drip.write_all(b"x").is_ok() {
            thread::sleep(Duration::from_millis(20));
        }
    });
    let mut byte = [0];
    assert!(matches!(slow.read(&mut byte), Ok(0) | Err(_)), "{}", case.id);
    let _ = slow.shutdown(std::net::Shutdown::Both);
    dripping.join().expect("it ends with the connection");
}

#[test]
fn a_listener_that_nobody_serves_is_no_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let mut client = dns::tcp_client(listener.local_addr().expect("an address"));
    assert!(matches!(client.resolve(question("example.com")), Err(Failure::NoAnswer { .. })));
}
