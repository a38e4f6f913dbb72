//! What the servers promise of limits and of order, under each shell, over sockets.

use std::fs;
use std::io::{Read, Write};
use std::thread;
use std::time::{Duration, Instant};

use protocols::http::server::Settings;

use crate::shell::{Folder, SHELLS, Server, Shell, echo, parse, read_answers, send};

const GET: &[u8] = b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n";

/// Short patience, so that tests are over soon.
fn hasty() -> Settings {
    let short = Duration::from_millis(600);
    Settings { idle: short, head: short, body: short, ..Settings::default() }
}

#[test]
fn slow_heads_and_bodies_are_cut_off_and_others_served() {
    let folder = Folder::new();
    for shell in [Shell::Loop, Shell::Threads] {
        let server = Server::start(shell, folder.files(hasty()));
        let begin = Instant::now();
        let starts: [&[u8]; 2] =
            [b"GET / HTTP/1.1\r\n", b"PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\n"];
        let slow: Vec<_> = (0..40)
            .map(|index| {
                let mut stream = server.connect();
                send(&mut stream, starts[index % 2], false);
                thread::spawn(move || {
                    // An octet now and then, as long as there is somebody who listens.
                    stream.set_read_timeout(Some(Duration::from_millis(100))).expect("a timeout");
                    let mut got = Vec::new();
                    while begin.elapsed() < Duration::from_secs(10) {
                        let _ = stream.write(b"x");
                        match stream.read_to_end(&mut got) {
                            Ok(_) => return (got, begin.elapsed()),
                            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                            Err(_) => return (got, begin.elapsed()),
                        }
                    }
                    panic!("never cut off");
                })
            })
            .collect();
        while begin.elapsed() < Duration::from_millis(500) {
            let asked = Instant::now();
            let answers = server.ask(GET, false);
            assert_eq!(answers[0].content, b"one");
            assert!(asked.elapsed() < Duration::from_secs(2), "{shell:?}: among the slow");
        }
        for client in slow {
            let (got, after) = client.join().expect("no panic");
            assert!(after >= Duration::from_millis(550), "{shell:?}: cut after {after:?}");
            // A reset may have overtaken the words.
            assert!(got.is_empty() || parse(&got)[0].status == 408, "{}", got.escape_ascii());
        }
        assert!(!folder.root().join("x").exists());
    }
}

#[test]
fn an_idle_connection_is_closed_without_a_word() {
    for shell in SHELLS {
        let server = Server::start(shell, echo(hasty()));
        let mut got = Vec::new();
        server.connect().read_to_end(&mut got).expect("the end");
        assert_eq!(got, b"");
    }
}

#[test]
fn a_large_file_and_a_small_one_are_what_they_were() {
    let folder = Folder::new();
    let large: Vec<u8> = (0..1_000_000_u32).flat_map(u32::to_le_bytes).collect();
    fs::write(folder.root().join("large"), &large).expect("a file");
    for shell in SHELLS {
        let server = Server::start(shell, folder.files(Settings::default()));
        let requests =
            b"GET /large HTTP/1.1\r\nHost: a\r\n\r\nGET /1 HTTP/1.1\r\nHost: a\r\n\r\n".repeat(5);
        let mut stream = server.connect();
        send(&mut stream, &requests, false);
        stream.shutdown(std::net::Shutdown::Write).expect("open");
        let mut got = Vec::new();
        stream.read_to_end(&mut got).expect("all of it");
        let answers = parse(&got);
        assert_eq!(answers.len(), 10);
        for pair in answers.chunks(2) {
            assert!(pair[0].content == large && pair[1].content == b"one");
        }
    }
}

#[test]
fn what_was_put_is_there_and_what_broke_off_is_not() {
    let folder = Folder::new();
    let body: Vec<u8> = (0..400_000_u32).flat_map(u32::to_le_bytes).collect();
    for (shell, name) in SHELLS.into_iter().zip(["a", "b", "c"]) {
        let server = Server::start(shell, folder.files(Settings::default()));
        let head =
            format!("PUT /{name} HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", body.len());
        let mut cut = server.connect();
        send(&mut cut, head.as_bytes(), false);
        send(&mut cut, &body[..1_000_000], false);
        drop(cut);
        let answers = server.ask(&[head.as_bytes(), &body].concat(), false);
        assert_eq!(answers[0].status, 201);
        assert_eq!(fs::read(folder.root().join(name)).expect("there"), body);
    }
    let count = fs::read_dir(folder.root()).expect("ours").count();
    assert_eq!(count, 6, "three files that were there, and three");
}

#[test]
fn an_echo_goes_back_while_it_comes() {
    let chunk: Vec<u8> = [b"10000\r\n", &[b'x'; 0x1_0000][..], b"\r\n"].concat();
    for shell in SHELLS {
        let server = Server::start(shell, echo(Settings::default()));
        let mut stream = server.connect();
        send(
            &mut stream,
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
            false,
        );
        let (mut got, mut buffer) = (0, vec![0; 100_000]);
        for round in 1..=50 {
            send(&mut stream, &chunk, false);
            while got < round * 0x1_0000 {
                got += stream.read(&mut buffer).expect("what was sent before");
            }
        }
        send(&mut stream, b"0\r\n\r\n", false);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).expect("the end");
        assert!(rest.ends_with(b"0\r\n\r\n"));
    }
}

#[test]
fn a_server_that_stops_finishes_what_has_begun() {
    for shell in SHELLS {
        let server = Server::start(shell, echo(Settings::default()));
        let mut within = server.connect();
        send(
            &mut within,
            b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n",
            false,
        );
        let mut go_on = [0; 25];
        within.read_exact(&mut go_on).expect("the head is there, then");
        server.tell_to_stop();
        send(&mut within, b"hi", false);
        assert_eq!(read_answers(&mut within)[0].content, b"hi", "{shell:?}");
        let stopped = server.stop();
        assert_eq!(stopped.panicked, 0);
    }
}
