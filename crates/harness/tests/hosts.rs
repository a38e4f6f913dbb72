//! What a host sees of its clients, and what an attempt leaves of those before it.

use std::io::{Read, Write};
use std::net::TcpStream;

use harness::{Check, Clients, Conduct, Host, Outcome, Reader, check};

/// Echoes to each client, one after another.
fn echo(clients: Clients) {
    for mut client in clients {
        let mut buffer = [0; 100];
        while let Ok(count @ 1..) = client.read(&mut buffer) {
            if client.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
    }
}

fn ask(client: &mut TcpStream, bytes: &[u8]) {
    client.write_all(bytes).expect("the host reads");
    client.read_exact(&mut vec![0; bytes.len()]).expect("the host answers");
}

#[test]
fn a_host_tells_what_was_done_to_it() -> Outcome {
    check(|c| {
        let host = Host::start(c, "host", |clients| {
            let hosts: Vec<_> = clients.take(2).collect();
            for mut client in hosts {
                std::thread::spawn(move || {
                    let mut buffer = [0; 100];
                    while let Ok(count @ 1..) = client.read(&mut buffer) {
                        client.write_all(&buffer[..count]).expect("the client reads");
                    }
                });
            }
        })?;
        assert_eq!(host.conduct(), Conduct::default());
        let connect = || TcpStream::connect(host.address()).expect("the host listens");
        let (mut one, mut two) = (connect(), connect());
        ask(&mut one, b"one");
        ask(&mut two, b"two\xff");
        ask(&mut one, b"one again");
        let want = Conduct { connections: 2, at_once: 2, most_bytes: 12, high_bytes: true };
        assert_eq!(host.conduct(), want);
        let told = "2 connections, 2 at once; at most 12 bytes on one, some above 7f";
        assert_eq!(want.to_string(), told);
        Ok(())
    })
}

#[test]
fn clients_in_turn_are_not_at_once() -> Outcome {
    check(|c| {
        let host = Host::start(c, "host", echo)?;
        for _ in 0..3 {
            let mut client = TcpStream::connect(host.address()).expect("the host listens");
            ask(&mut client, b"hello");
        }
        let want = Conduct { connections: 3, at_once: 1, most_bytes: 5, high_bytes: false };
        assert_eq!(host.conduct(), want);
        Ok(())
    })
}

#[test]
fn a_host_s_wire_is_the_check_s_when_it_is_shown() -> Outcome {
    check(|c| {
        let quiet = Host::start(c, "quiet host", echo)?;
        let shown = Host::start(c, "shown host", echo)?;
        for host in [&quiet, &shown] {
            ask(&mut TcpStream::connect(host.address()).expect("the host listens"), b"hello");
        }
        shown.show(c);
        let record = c.recorder().snapshot();
        let names: Vec<_> = record.flows.iter().map(|flow| flow.local.name.as_str()).collect();
        assert_eq!(names, ["shown host"]);
        assert!(record.events.len() >= 3, "{:?}", record.events);
        Ok(())
    })
}

#[test]
fn a_failure_tells_the_last_attempt_alone() {
    fn reads(c: &Check, bytes: &[u8]) {
        let mut read = Vec::new();
        Reader::byte_by_byte(c, bytes).read_to_end(&mut read).expect("it gives and ends");
    }
    let report = check(|c| {
        c.did("made ready");
        for text in ["first", "second", "third"] {
            c.attempt(format!("tried the {text}"));
            c.did(format!("read the {text}"));
            reads(c, text.as_bytes());
        }
        c.want_list("line", &[b"one", b""]);
        c.same_list("line", &[b"one", b""], &[b"one".to_vec()], None)
    })
    .expect_err("a line is missing")
    .to_string();
    assert!(report.starts_with("did   1. made ready\n      2. tried the third\n"), "{report}");
    assert!(report.contains("3. read the third\nwant  the lines \"one\", \"\", and no more\n"));
    assert!(report.contains("got   the first line, then the end; line 2 is 0 bytes\n"), "{report}");
}
