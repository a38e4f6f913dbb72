//! Our resolver, and the program `lookup`, against servers that do as a script says.

mod dns;

use std::net::{TcpListener, UdpSocket};
use std::process::Command;
use std::time::Instant;

use dns::{Scripted, WAIT, client, question, with};
use protocols::dns::resolver::{Config, Failure, Found};
use protocols::dns::{Class, Data, Header, Message, Name, Rcode, Record, Type};

fn a(name: &Name, last: u8) -> Record {
    let data = Data::A([10, 0, 0, last].into());
    Record { name: name.clone(), rtype: Type::A, class: Class::IN, ttl: 60, data }
}

/// The answer to a query: 10.0.0.`last`.
fn answer(query: &[u8], last: u8) -> Message {
    let query = Message::parse(query).expect("a query");
    let answers = vec![a(&query.questions[0].name, last)];
    let header = Header { id: query.header.id, flags: Header::QR | Header::RA | Header::RD };
    Message { header, answers, ..query }
}

fn octets(message: &Message) -> Vec<u8> {
    message.emit(65_535).expect("it fits")
}

fn with_rcode(query: &[u8], rcode: Rcode) -> Vec<u8> {
    let mut message = answer(query, 0);
    message.answers.clear();
    message.header.flags |= rcode.0;
    octets(&message)
}

fn last(found: &Found) -> u8 {
    let Found::Records(records) = found else { panic!("{found:?}") };
    let Data::A(address) = records[0].data else { panic!("{records:?}") };
    address.octets()[3]
}

#[test]
fn another_port_or_address_is_not_the_server() {
    let stranger = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let address = socket.local_addr().expect("an address");
    socket.set_read_timeout(Some(WAIT)).expect("a timeout");
    let server = std::thread::spawn(move || {
        let mut buffer = [0; 512];
        let (count, client) = socket.recv_from(&mut buffer).expect("a query");
        // The forged answer is right in all but where it comes from.
        stranger.send_to(&octets(&answer(&buffer[..count], 66)), client).expect("sent");
        socket.send_to(&octets(&answer(&buffer[..count], 1)), client).expect("sent");
    });
    let answer = client(&[address]).resolve(question("example.com")).expect("an answer");
    assert_eq!(last(&answer.found), 1);
    server.join().expect("no panic");
}

#[test]
fn each_query_has_a_port_an_id_and_letters_of_its_own() {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let address = socket.local_addr().expect("an address");
    socket.set_read_timeout(Some(WAIT)).expect("a timeout");
    let server = std::thread::spawn(move || {
        let (mut ports, mut ids) = (Vec::new(), Vec::new());
        let mut buffer = [0; 512];
        for _ in 0..20 {
            let (count, client) = socket.recv_from(&mut buffer).expect("a query");
            ports.push(client.port());
            ids.push(u16::from_be_bytes([buffer[0], buffer[1]]));
            socket.send_to(&with_rcode(&buffer[..count], Rcode::NXDOMAIN), client).expect("sent");
        }
        (ports, ids)
    });
    let mut client = client(&[address]);
    for _ in 0..20 {
        client.resolve(question("example.com")).expect("an answer");
    }
    let (mut ports, mut ids) = server.join().expect("no panic");
    for numbers in [&mut ports, &mut ids] {
        let steps = numbers.windows(2).filter(|pair| pair[1].wrapping_sub(pair[0]) == 1).count();
        assert!(steps < 5, "they count up: {numbers:?}");
        numbers.sort_unstable();
        numbers.dedup();
        assert!(numbers.len() > 17, "{numbers:?}");
    }
}

#[test]
fn a_lost_query_is_sent_again_and_a_dead_server_is_passed_over() {
    let silent = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let good = Scripted::udp(|query| vec![octets(&answer(query, 1))]);
    let servers = [silent.local_addr().expect("an address"), good.address];
    let found = client(&servers).resolve(question("example.com")).expect("an answer").found;
    assert_eq!(last(&found), 1);

    let lost = std::sync::atomic::AtomicBool::new(true);
    let forgetful = Scripted::udp(move |query| {
        let lost = lost.swap(false, std::sync::atomic::Ordering::SeqCst);
        if lost { vec![] } else { vec![octets(&answer(query, 1))] }
    });
    client(&[forgetful.address]).resolve(question("example.com")).expect("an answer");
    assert_eq!(forgetful.asked(), 2);
}

#[test]
fn nobody_answers_and_it_ends_in_time() {
    let silent = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let config = Config {
        total: std::time::Duration::from_millis(500),
        ..Config::new(vec![silent.local_addr().expect("an address")])
    };
    let begin = Instant::now();
    let failure = with(config).resolve(question("example.com")).expect_err("nobody answers");
    assert_eq!(failure, Failure::NoAnswer { ignored: 0, why: None });
    assert!(begin.elapsed() < WAIT / 2);
}

#[test]
fn truncated_over_udp_is_whole_over_tcp() {
    for piece in [1, 3, usize::MAX] {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        let Ok(socket) = UdpSocket::bind(listener.local_addr().expect("an address")) else {
            continue;
        };
        let udp = Scripted::on(socket, |query| {
            let mut truncated = answer(query, 66);
            truncated.header.flags |= Header::TC;
            let mut octets = octets(&truncated);
            let half = octets.len() - 7;
            octets.truncate(half);
            vec![octets]
        });
        let tcp = Scripted::on_listener(listener, piece, |query| octets(&answer(query, 1)));
        let found =
            client(&[udp.address]).resolve(question("example.com")).expect("an answer").found;
        assert_eq!((last(&found), udp.asked(), tcp.asked()), (1, 1, 1));
    }
}

#[test]
fn what_breaks_on_a_connection_is_a_failure() {
    type Script = fn(&[u8]) -> Vec<u8>;
    let scripts: [Script; 4] = [
        |_| Vec::new(),
        |_| b"x".to_vec(),
        |query| query.to_vec(),
        |query| {
            let mut wrong = answer(query, 66);
            wrong.header.id ^= 1;
            octets(&wrong)
        },
    ];
    for script in scripts {
        let server = Scripted::tcp(usize::MAX, script);
        let failure =
            dns::tcp_client(server.address).resolve(question("example.com")).expect_err("no");
        assert!(matches!(failure, Failure::Broken(..)), "{failure:?}");
    }
    // A length of 500, and nothing after it.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let address = listener.local_addr().expect("an address");
    let short = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let mut query = [0; 64];
        let _ = std::io::Read::read(&mut stream, &mut query);
        let _ = std::io::Write::write_all(&mut stream, b"\x01\xf4abc");
    });
    let failure = dns::tcp_client(address).resolve(question("example.com")).expect_err("no");
    assert!(matches!(failure, Failure::Broken(..)), "{failure:?}");
    short.join().expect("no panic");
}

#[test]
fn the_program_says_how_it_went() {
    let server = Scripted::udp(|query| {
        let name = Message::parse(query).expect("a query").questions[0].name.clone();
        let labels: Vec<Vec<u8>> = name.labels().map(<[u8]>::to_ascii_lowercase).collect();
        vec![match labels[0].as_slice() {
            b"none" => with_rcode(query, Rcode::NXDOMAIN),
            b"empty" => with_rcode(query, Rcode::NOERROR),
            b"servfail" => with_rcode(query, Rcode::SERVFAIL),
            b"refused" => with_rcode(query, Rcode::REFUSED),
            b"loop" => {
                let mut circle = answer(query, 0);
                circle.answers[0].rtype = Type::CNAME;
                circle.answers[0].data = Data::Cname(name);
                octets(&circle)
            }
            _ => octets(&answer(query, 1)),
        }]
    });
    let table: [(&[&str], i32, &str); 12] = [
        (&["www.Example.com"], 0, "www.Example.com. 60 IN A 10.0.0.1\n"),
        (&["www.example.com.", "A", "--short"], 0, "10.0.0.1\n"),
        (&["none.example.com"], 3, ""),
        (&["empty.example.com"], 4, ""),
        (&["www.example.com", "mx"], 4, ""),
        (&["servfail.example.com"], 5, ""),
        (&["refused.example.com"], 6, ""),
        (&["loop.example.com"], 1, ""),
        (&["a..b"], 2, ""),
        (&["bücher.example"], 2, ""),
        (&["www.example.com", "AXFR"], 2, ""),
        (&["-x", "192.0.2.256"], 2, ""),
    ];
    for (arguments, code, printed) in table {
        let output = Command::new(env!("CARGO_BIN_EXE_protocols"))
            .args(["lookup", "--server", &server.address.to_string()])
            .args(arguments)
            .output()
            .expect("it runs");
        let (out, err) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {err}");
        assert_eq!(out, printed, "{arguments:?}");
        assert_eq!(err.is_empty(), code == 0, "{arguments:?}: {err}");
    }
}
