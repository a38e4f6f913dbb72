//! The same sessions under every shell, against clients that do what clients do.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Shutdown, TcpStream};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use client_server::{Closed, Context, Limits, LineEcho, Next, Session, Time};

use crate::shell::{PATIENCE, echo, under_each_shell};

fn random(count: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    };
    std::iter::repeat_with(next).take(count).collect()
}

#[test]
fn bytes_come_back_and_the_end_is_answered_with_the_end() {
    under_each_shell(&Limits::default(), echo(PATIENCE), |server| {
        let bytes = random(3 << 20);
        let stream = server.connect();
        let (mut out, sent) = (stream.try_clone().expect("a handle"), bytes.clone());
        let writer = thread::spawn(move || {
            for piece in sent.chunks(70_001) {
                out.write_all(piece).expect("the server reads");
            }
            out.shutdown(Shutdown::Write).expect("a FIN");
        });
        let mut back = Vec::new();
        (&stream).read_to_end(&mut back).expect("the echo");
        writer.join().expect("the writer");
        assert!(back == bytes, "{} of {} bytes came back", back.len(), bytes.len());
        let statistics = server.stop();
        assert_eq!((statistics.bytes_in, statistics.bytes_out), (3 << 20, 3 << 20));
    });
}

#[test]
fn a_silent_client_is_closed_at_its_deadline_and_stops_nobody() {
    let idle = Duration::from_millis(300);
    under_each_shell(&Limits::default(), echo(idle), |server| {
        let begin = Instant::now();
        let mut silent = server.connect();
        let mut other = server.connect();
        other.write_all(b"hello").expect("room");
        other.read_exact(&mut [0; 5]).expect("the echo");
        assert!(begin.elapsed() < idle, "the machine is too slow for this test");
        assert_eq!(silent.read(&mut [0]).expect("end of stream"), 0);
        assert!(begin.elapsed() >= idle, "closed early, after {:?}", begin.elapsed());
        assert_eq!(other.read(&mut [0]).expect("end of stream"), 0);
        assert_eq!(server.stop().expired, 2);
    });
}

#[test]
fn a_line_must_be_whole_in_time_however_often_a_byte_comes() {
    let (idle, request) = (PATIENCE, Duration::from_millis(300));
    let service = move |_: Option<IpAddr>| LineEcho::new(idle, request);
    under_each_shell(&Limits::default(), service, |server| {
        let (mut slow, mut good) = (server.connect(), server.connect());
        // Shorter than any wait for a deadline, so that no read of the server's times out.
        slow.set_read_timeout(Some(Duration::from_millis(1))).expect("a timeout");
        let begin = Instant::now();
        slow.write_all(b"a line and ").expect("the server reads");
        let ended = loop {
            // The server may have closed already.
            let _ = slow.write_all(b"x");
            match slow.read(&mut [0]) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                over => break over,
            }
            assert!(begin.elapsed() < PATIENCE, "still served");
        };
        assert!(matches!(ended, Ok(0)) || ended.is_err(), "{ended:?}");
        assert!(begin.elapsed() >= request, "after {:?}", begin.elapsed());
        good.write_all(b"hello\r\nyou").expect("the server reads");
        let mut echoed = [0; 6];
        good.read_exact(&mut echoed).expect("an echo");
        assert_eq!(&echoed, b"hello\n");
        drop((slow, good));
        assert_eq!(server.stop().expired, 1);
    });
}

#[test]
fn a_client_that_does_not_read_is_dropped() {
    let limits = Limits { write: Duration::from_millis(300), ..Limits::default() };
    under_each_shell(&limits, echo(PATIENCE), |server| {
        let mut greedy = server.connect();
        let piece = random(64 * 1024);
        // Until the server stops reading, and then drops the connection: a reset, or a broken pipe.
        let begin = Instant::now();
        let error = loop {
            if let Err(error) = greedy.write_all(&piece) {
                break error;
            }
            assert!(begin.elapsed() < PATIENCE, "the server takes everything");
        };
        assert!(
            matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe),
            "{error}"
        );
        assert_eq!(server.stop().stalled, 1);
    });
}

#[test]
fn what_was_received_is_answered_before_the_server_stops() {
    under_each_shell(&Limits::default(), echo(PATIENCE), |server| {
        let mut clients: Vec<TcpStream> = (0..8).map(|_| server.connect()).collect();
        for client in &mut clients {
            client.write_all(b"once").expect("room");
            client.read_exact(&mut [0; 4]).expect("the echo: the connection is served");
        }
        for client in &mut clients {
            client.write_all(b"and again").expect("room");
        }
        server.handle.stop();
        for client in &mut clients {
            let mut back = Vec::new();
            client.read_to_end(&mut back).expect("the answer, and end of stream: no reset");
            assert_eq!(back, b"and again");
        }
        drop(clients);
        let begin = Instant::now();
        let statistics = server.thread.join().expect("no panic").expect("no error");
        assert_eq!(statistics.accepted, 8);
        assert!(begin.elapsed() < Duration::from_secs(2), "nobody was left to wait for");
    });
}

#[test]
fn one_connection_too_many_is_refused_and_places_come_back() {
    let limits = Limits { connections: 2, ..Limits::default() };
    under_each_shell(&limits, echo(PATIENCE), |server| {
        let ask = |stream: &mut TcpStream| -> io::Result<()> {
            stream.write_all(b"x")?;
            stream.read_exact(&mut [0])
        };
        let (mut one, mut other) = (server.connect(), server.connect());
        ask(&mut one).expect("served");
        ask(&mut other).expect("served");
        ask(&mut server.connect()).expect_err("refused");
        drop(one);
        let begin = Instant::now();
        while ask(&mut server.connect()).is_err() {
            assert!(begin.elapsed() < PATIENCE, "the place is not given back");
        }
        ask(&mut other).expect("still served");
        assert!(server.stop().refused >= 1);
    });
}

/// A session that tells what happens to it, and closes with a last word at the first `!`.
struct Told(Sender<String>);

impl Session for Told {
    fn opened(&mut self, cx: &mut Context<'_>) -> Next {
        cx.output.extend(b"hello ");
        Next::Continue
    }

    fn received(&mut self, bytes: &[u8], cx: &mut Context<'_>) -> Next {
        let _ = self.0.send(format!("received {:?}", bytes.escape_ascii().to_string()));
        match bytes {
            [.., b'!'] => {
                cx.output.extend(b"bye");
                Next::Close
            }
            [.., b'?'] => Next::Abort,
            b"panic" => panic!("a session that panics"),
            _ => Next::Continue,
        }
    }

    fn closed(&mut self, how: Closed) {
        let _ = self.0.send(format!("closed {how:?}"));
    }

    fn deadline(&self) -> Option<Time> {
        None
    }
}

/// Drops the read half's noise: the next thing that the session told.
fn next(told: &Receiver<String>) -> String {
    told.recv_timeout(PATIENCE).expect("the session says something")
}

#[test]
fn a_session_is_told_how_its_connection_ended() {
    let (sender, told) = mpsc::channel();
    let service = move |_: Option<IpAddr>| Told(sender.clone());
    under_each_shell(&Limits::default(), service, |server| {
        let mut client = server.connect();
        client.write_all(b"a!").expect("room");
        let mut back = String::new();
        client.read_to_string(&mut back).expect("end of stream");
        assert_eq!(back, "hello bye");
        // A reset after the FIN harms nobody: all was sent.
        drop(client);
        assert_eq!((next(&told), next(&told)), ("received \"a!\"".into(), "closed InOrder".into()));

        let mut client = server.connect();
        client.write_all(b"a?").expect("room");
        let _ = client.read_to_end(&mut Vec::new());
        assert_eq!((next(&told), next(&told)), ("received \"a?\"".into(), "closed Aborted".into()));

        let client = server.connect();
        client.peek(&mut [0]).expect("the greeting has come");
        drop(client); // With the greeting unread: a reset.
        assert_eq!(next(&told), "closed Lost(ConnectionReset)");
        server.stop();
    });
}

#[test]
fn a_panic_of_one_session_takes_its_place_back() {
    let (sender, told) = mpsc::channel();
    let service = move |_: Option<IpAddr>| Told(sender.clone());
    let limits = Limits { connections: 1, ..Limits::default() };
    under_each_shell(&limits, service, |server| {
        let mut client = server.connect();
        client.write_all(b"panic").expect("room");
        let _ = client.read_to_end(&mut Vec::new());
        while next(&told) != "received \"panic\"" {} // Until then, what earlier sessions told.
        let begin = Instant::now();
        loop {
            let mut client = server.connect();
            if client.read_exact(&mut [0; 6]).is_ok() {
                break;
            }
            assert!(begin.elapsed() < PATIENCE, "the place of a panicked session stays taken");
        }
        assert_eq!(server.stop().panicked, 1);
    });
}

#[test]
fn urgent_data_is_in_the_stream() {
    const LINE: &[u8] = b"a line\n";
    under_each_shell(&Limits::default(), echo(PATIENCE), |server| {
        let mut client = server.connect();
        for _ in 0..10 {
            // The last octet is the urgent one: it comes like the others, and needs no other after it.
            let sent = socket2::SockRef::from(&client).send_out_of_band(LINE).expect("room");
            assert_eq!(sent, LINE.len());
            let mut back = [0; LINE.len()];
            client.read_exact(&mut back).expect("the echo");
            assert_eq!(back, LINE);
        }
        drop(client);
        server.stop();
    });
}
