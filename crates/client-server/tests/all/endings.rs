//! What `session.rs` promises about a session's last moments, and beyond its mistakes, under every shell.

use std::io::{Read, Write};
use std::net::{IpAddr, Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Sender};
use std::time::{Duration, Instant};

use client_server::{Closed, Context, Limits, Next, Service, Session, Time};

use crate::shell::{PATIENCE, Shell, echo, under, under_each_shell};

const LINE: &[u8] = b"a line\n";
const SHELLS: [Shell; 3] = [Shell::Loop, Shell::Threads, Shell::Pool];
/// Goes on when the server stops, until its line is whole.
struct Line {
    told: Sender<&'static str>,
    stops: bool,
}

impl Session for Line {
    fn received(&mut self, bytes: &[u8], cx: &mut Context<'_>) -> Next {
        let _ = self.told.send("received");
        cx.output.extend(bytes);
        if self.stops && bytes.ends_with(b"\n") { Next::Close } else { Next::Continue }
    }

    fn draining(&mut self, _: &mut Context<'_>) -> Next {
        self.stops = true;
        let _ = self.told.send("draining");
        Next::Continue
    }

    fn closed(&mut self, how: Closed) {
        let _ = self.told.send(if how == Closed::InOrder { "in order" } else { "otherwise" });
    }

    fn deadline(&self) -> Option<Time> {
        None
    }
}

#[test]
fn a_session_in_the_middle_of_something_is_told_once_and_finishes() {
    let (told, tells) = mpsc::channel();
    let service = move |_: Option<IpAddr>| Line { told: told.clone(), stops: false };
    under_each_shell(&Limits::default(), service, |server| {
        let mut client = server.connect();
        client.write_all(b"a li").expect("room");
        assert_eq!(tells.recv_timeout(PATIENCE), Ok("received"));
        server.handle.stop();
        assert_eq!(tells.recv_timeout(PATIENCE), Ok("draining"));
        client.write_all(b"ne\n").expect("room");
        let mut back = Vec::new();
        client.read_to_end(&mut back).expect("the answer, and the end");
        assert_eq!(back, LINE);
        // Late, and thrown away: no reset comes of it.
        client.write_all(LINE).expect("the server lingers");
        assert_eq!(client.read(&mut [0]).expect("still the end, and no reset"), 0);
        drop(client);
        assert_eq!(tells.recv_timeout(PATIENCE), Ok("received"));
        assert_eq!(tells.recv_timeout(PATIENCE), Ok("in order"));
        server.stop();
    });
}

/// After the peer's end: answers `Some` time later, or waits for nothing.
struct Later {
    after: Option<Duration>,
    deadline: Option<Time>,
    told: Sender<Closed>,
}

impl Session for Later {
    fn received(&mut self, _: &[u8], _: &mut Context<'_>) -> Next {
        Next::Continue
    }

    fn ended(&mut self, cx: &mut Context<'_>) -> Next {
        self.deadline = self.after.map(|after| cx.now + after);
        Next::Continue
    }

    fn expired(&mut self, cx: &mut Context<'_>) -> Next {
        cx.output.extend(LINE);
        Next::Close
    }

    fn closed(&mut self, how: Closed) {
        let _ = self.told.send(how);
    }

    fn deadline(&self) -> Option<Time> {
        self.deadline
    }
}

#[test]
fn who_has_half_closed_gets_a_late_answer_and_the_end() {
    for (after, answer) in [(Some(Duration::from_millis(50)), LINE), (None, b"")] {
        let (told, _tells) = mpsc::channel();
        let service = move |_: Option<IpAddr>| Later { after, deadline: None, told: told.clone() };
        under_each_shell(&Limits::default(), service, |server| {
            let mut client = server.connect();
            client.write_all(b"a question").expect("room");
            client.shutdown(Shutdown::Write).expect("a FIN");
            let mut back = Vec::new();
            client.read_to_end(&mut back).expect("an end");
            assert_eq!(back, answer);
            server.stop();
        });
    }
}

#[test]
fn a_reset_after_the_end_is_noticed() {
    let (told, tells) = mpsc::channel();
    let after = Some(Duration::from_secs(3_600));
    let service = move |_: Option<IpAddr>| Later { after, deadline: None, told: told.clone() };
    under(
        Shell::Loop,
        &Limits::default(),
        service,
        |_, _| (),
        |server, ()| {
            let client = server.connect();
            client.shutdown(Shutdown::Write).expect("a FIN");
            let socket = socket2::Socket::from(client);
            socket.set_linger(Some(Duration::ZERO)).expect("an option");
            drop(socket);
            let how = tells.recv_timeout(PATIENCE).expect("it is told");
            assert!(matches!(how, Closed::Lost(_)), "{how:?}");
            server.stop();
        },
    );
}

/// Names a moment that has passed, and goes on.
struct Restless(bool);

impl Session for Restless {
    fn received(&mut self, bytes: &[u8], cx: &mut Context<'_>) -> Next {
        cx.output.extend(bytes);
        Next::Continue
    }

    fn expired(&mut self, _: &mut Context<'_>) -> Next {
        Next::Continue
    }

    fn deadline(&self) -> Option<Time> {
        self.0.then_some(Time::ZERO)
    }
}

#[test]
fn a_session_whose_deadline_does_not_move_stops_nobody_but_itself() {
    let first = Arc::new(AtomicBool::new(true));
    let service = {
        let first = first.clone();
        move |_: Option<IpAddr>| Restless(first.swap(false, Ordering::Relaxed))
    };
    under_each_shell(&Limits::default(), service, |server| {
        first.store(true, Ordering::Relaxed);
        for mut client in [server.connect(), server.connect()] {
            client.write_all(LINE).expect("room");
            client.read_exact(&mut [0; LINE.len()]).expect("the echo");
        }
        let begin = Instant::now();
        server.stop();
        assert!(begin.elapsed() < Duration::from_secs(4), "it was left to its deadline");
    });
}

#[test]
fn a_service_that_panics_harms_nobody_else() {
    let first = Arc::new(AtomicBool::new(true));
    let service = {
        let first = first.clone();
        move |peer: Option<IpAddr>| {
            assert!(!first.swap(false, Ordering::Relaxed), "a service that panics");
            echo(PATIENCE).session(peer)
        }
    };
    let limits = Limits { connections: 1, ..Limits::default() };
    under_each_shell(&limits, service, |server| {
        first.store(true, Ordering::Relaxed);
        let mut unlucky = server.connect();
        let ended = unlucky.read(&mut [0]);
        assert!(matches!(ended, Ok(0)) || ended.is_err(), "{ended:?}");
        let begin = Instant::now();
        loop {
            let mut other = server.connect();
            let sent = other.write_all(LINE);
            if sent.and_then(|()| other.read_exact(&mut [0; LINE.len()])).is_ok() {
                break;
            }
            assert!(begin.elapsed() < PATIENCE, "nobody is served any more");
        }
        assert_eq!(server.stop().panicked, 1);
    });
}

/// Refuses with a word.
#[derive(Clone)]
struct Busy;

impl Service for Busy {
    type Session = Restless;

    fn session(&self, _: Option<IpAddr>) -> Restless {
        Restless(false)
    }

    fn refusal(&self) -> &[u8] {
        b"busy\n"
    }
}

#[test]
fn a_refusal_reaches_whoever_has_asked_already() {
    let limits = Limits { connections: 0, ..Limits::default() };
    for shell in SHELLS {
        let before = |address, _: &_| {
            let mut client = TcpStream::connect(address).expect("a listener");
            client.set_read_timeout(Some(PATIENCE)).expect("a timeout");
            client.write_all(b"a question, of which nothing is read").expect("room");
            client
        };
        under(shell, &limits, Busy, before, |server, mut client| {
            let mut words = String::new();
            client.read_to_string(&mut words).expect("the words, and the end: no reset");
            assert_eq!(words, "busy\n");
            assert_eq!(server.stop().refused, 1);
        });
    }
}
