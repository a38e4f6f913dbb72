//! What `beside.rs` and `context.rs` promise to a session that asks for more than its own connection,
//! under every shell.

use std::io::{ErrorKind, Read, Write};
use std::iter;
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use capture::{Direction, Recorder, What};
use client_server::{Address, Limits, Recorded, Wake};

use crate::obedient::{Control, Obedient, all, obedient};
use crate::shell::{PATIENCE, under_each_shell};

#[test]
fn what_is_sent_beside_arrives_and_ends_in_order() {
    under_each_shell(&Limits::default(), obedient(), |server| {
        let mut control = Control::new(&server);
        // One after the other, as FTP's: each has its turn, and the next need not wait for the last.
        for size in [1, 99_999, 5_000_000] {
            let data = control.passive();
            control.say(&format!("send {size}"));
            assert_eq!(all(&data), size);
            assert_eq!(control.hear(), "closed InOrder");
        }
        let data = control.passive();
        control.say("file");
        assert_eq!(all(&data), include_bytes!("obedient.rs").len());
        assert_eq!(control.hear(), "closed InOrder");
        drop(control);
        server.stop();
    });
}

#[test]
fn what_comes_beside_is_given_in_order_and_then_its_end() {
    under_each_shell(&Limits::default(), obedient(), |server| {
        let mut control = Control::new(&server);
        for size in [0, 1, 5_000_000] {
            let mut data = control.passive();
            data.write_all(&vec![b'x'; size]).expect("the session reads");
            data.shutdown(Shutdown::Write).expect("a FIN");
            assert_eq!(control.hear(), format!("ended after {size}"));
            // Half-closed: the other half is still there.
            control.say("send 12345");
            assert_eq!(all(&data), 12_345);
            assert_eq!(control.hear(), "closed InOrder");
        }
        drop(control);
        server.stop();
    });
}

#[test]
fn a_session_may_connect_to_its_peer() {
    under_each_shell(&Limits::default(), obedient(), |server| {
        let mut control = Control::new(&server);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        control.say(&format!("connect {}", address.port()));
        let (data, from) = listener.accept().expect("the session connects");
        assert_eq!(from.ip(), address.ip());
        assert_eq!(control.hear(), format!("opened {address}"));
        control.say("send 1000000");
        assert_eq!(all(&data), 1_000_000);
        assert_eq!(control.hear(), "closed InOrder");
        // Nobody listens there any more.
        drop((listener, data));
        control.say(&format!("connect {}", address.port()));
        assert_eq!(control.hear(), "closed NotConnected(ConnectionRefused)");
        drop(control);
        server.stop();
    });
}

#[test]
#[cfg(target_os = "linux")] // All of 127.0.0.0/8 is this machine's there.
fn somebody_else_is_turned_away_and_the_right_one_still_comes() {
    under_each_shell(&Limits::default(), obedient(), |server| {
        let mut control = Control::new(&server);
        control.say("listen");
        let port: u16 = control.hear().parse().expect("a port");
        for _ in 0..3 {
            let mut foreign = from_elsewhere(SocketAddr::from(([127, 0, 0, 1], port)));
            assert_eq!(control.hear(), "refused");
            let end = foreign.read(&mut [0]);
            assert!(matches!(&end, Ok(0) | Err(_)), "served: {end:?}");
        }
        let data = TcpStream::connect(("127.0.0.1", port)).expect("it listens still");
        assert!(control.hear().starts_with("opened"));
        TcpStream::connect(("127.0.0.1", port)).expect_err("it listens for one");
        control.say("send 10");
        assert_eq!(all(&data), 10);
        drop(control);
        server.stop();
    });
}

/// A connection to `to` from 127.0.0.2.
#[cfg(target_os = "linux")]
fn from_elsewhere(to: SocketAddr) -> TcpStream {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None);
    let socket = socket.expect("a socket");
    socket.bind(&SocketAddr::from(([127, 0, 0, 2], 0)).into()).expect("an address of ours");
    socket.connect(&to.into()).expect("a listener");
    socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    socket.into()
}

#[test]
fn a_peer_that_never_comes_is_waited_for_as_long_as_the_session_says() {
    under_each_shell(&Limits::default(), obedient(), |server| {
        let mut control = Control::new(&server);
        control.say("listen");
        let port: u16 = control.hear().parse().expect("a port");
        let begin = Instant::now();
        control.say("limit 200");
        assert_eq!(control.hear(), "expired");
        assert!(begin.elapsed() >= Duration::from_millis(200));
        TcpStream::connect(("127.0.0.1", port)).expect_err("nobody listens any more");
        control.is_quiet();
        drop(control);
        server.stop();
    });
}

#[test]
fn a_new_one_takes_the_place_of_the_old() {
    under_each_shell(&Limits::default(), obedient(), |server| {
        let mut control = Control::new(&server);
        control.say("listen");
        let first: u16 = control.hear().parse().expect("a port");
        let mut second = control.passive();
        TcpStream::connect(("127.0.0.1", first)).expect_err("nobody listens any more");
        let third = control.passive();
        let end = second.read(&mut [0]);
        assert!(matches!(&end, Ok(0)), "{end:?}");
        control.say("drop");
        assert_eq!(all(&third), 0);
        control.is_quiet();
        drop(control);
        server.stop();
    });
}

#[test]
fn a_slow_reader_beside_stops_nobody_and_loses_only_that() {
    let limits = Limits { write: Duration::from_millis(300), ..Limits::default() };
    under_each_shell(&limits, obedient(), |server| {
        let mut control = Control::new(&server);
        let data = control.passive();
        control.say("send 100000000");
        // Meanwhile its own connection is served.
        control.is_quiet();
        assert_eq!(control.hear(), "closed Stalled");
        let data = (data, control.passive());
        control.say("send 10");
        assert_eq!(all(&data.1), 10);
        assert_eq!(control.hear(), "closed InOrder");
        drop(control);
        assert_eq!(server.stop().stalled, 1);
    });
}

#[test]
fn a_session_that_takes_nothing_is_given_nothing_until_it_does() {
    under_each_shell(&Limits::default(), obedient(), |server| {
        let mut control = Control::new(&server);
        let mut data = control.passive();
        control.say("hold");
        control.is_quiet();
        data.set_write_timeout(Some(Duration::from_millis(300))).expect("a timeout");
        let mut sent = 0;
        let error = loop {
            match data.write(&[b'x'; 100_000]) {
                Ok(count) => sent += count,
                Err(error) => break error.kind(),
            }
        };
        assert_eq!(error, ErrorKind::WouldBlock, "after {sent} bytes");
        data.shutdown(Shutdown::Write).expect("a FIN");
        control.say("go");
        assert_eq!(control.hear(), format!("ended after {sent}"));
        drop(control);
        server.stop();
    });
}

#[test]
fn a_session_that_is_busy_is_not_read_for_until_it_takes_more() {
    for beside in [false, true] {
        under_each_shell(&Limits::default(), obedient(), |server| {
            let mut control = Control::new(&server);
            let data = beside.then(|| control.passive());
            let begin = Instant::now();
            control.say("busy 300");
            assert_eq!(control.hear(), "busy");
            control.say("ping");
            assert_eq!(control.hear(), "expired");
            assert!(begin.elapsed() >= Duration::from_millis(300), "{:?}", begin.elapsed());
            assert_eq!(control.hear(), "pong");
            control.say("busy 100");
            assert_eq!(control.hear(), "busy");
            control.0.get_ref().shutdown(Shutdown::Write).expect("a FIN");
            assert_eq!((control.hear(), control.hear()), ("expired".into(), String::new()));
            drop((control, data));
            server.stop();
        });
    }
}

#[test]
fn a_reset_beside_is_told_and_harms_nothing_else() {
    under_each_shell(&Limits::default(), obedient(), |server| {
        let mut control = Control::new(&server);
        let data = control.passive();
        socket2::SockRef::from(&data).set_linger(Some(Duration::ZERO)).expect("set");
        drop(data); // A reset.
        assert_eq!(control.hear(), "closed Lost(ConnectionReset)");
        // After the peer's end nothing reads, and nothing is to be written either.
        let data = control.passive();
        data.shutdown(Shutdown::Write).expect("a FIN");
        assert_eq!(control.hear(), "ended after 0");
        socket2::SockRef::from(&data).set_linger(Some(Duration::ZERO)).expect("set");
        drop(data);
        let told = control.hear(); // Linux: EPIPE, since the stream had an end.
        assert!(told.starts_with("closed Lost("), "{told}");
        control.is_quiet();
        drop(control);
        server.stop();
    });
}

#[test]
fn what_the_peer_sends_after_the_end_does_not_destroy_what_it_is_sent() {
    under_each_shell(&Limits::default(), obedient(), |server| {
        let mut control = Control::new(&server);
        let mut data = control.passive();
        control.say("send 50000");
        assert_eq!(control.hear(), "closed InOrder");
        data.write_all(&[b'x'; 1_000]).expect("the shell reads on");
        assert_eq!(all(&data), 50_000);
        drop(control);
        server.stop();
    });
}

#[test]
fn what_is_beside_ends_with_the_sessions_own() {
    under_each_shell(&Limits::default(), obedient(), |server| {
        for end in ["bye", "panic"] {
            let mut control = Control::new(&server);
            let data = control.passive();
            control.say(end);
            assert_eq!(all(&data), 0);
            let mut rest = String::new();
            // A panic may end it with a reset.
            let _ = control.0.read_to_string(&mut rest);
            assert_eq!(rest, "");
        }
        assert_eq!(server.stop().panicked, 1);
    });
}

#[test]
fn a_session_is_woken_from_another_thread() {
    let (sender, wakes) = mpsc::channel();
    let service = move |_: Option<IpAddr>| Obedient::waking(sender.clone());
    under_each_shell(&Limits::default(), service, |server| {
        let mut control = Control::new(&server);
        control.say("wake");
        let wake = next(&wakes);
        control.is_quiet();
        for _ in 0..3 {
            let wake = wake.clone();
            let thread = thread::spawn(move || wake.wake());
            assert_eq!(control.hear(), "woken");
            thread.join().expect("no panic");
        }
        // Of many, at least one is heard; of each, at most one.
        for _ in 0..100 {
            wake.wake();
        }
        control.say("ping");
        let heard: Vec<String> =
            iter::repeat_with(|| control.hear()).take_while(|word| word != "pong").collect();
        assert!(heard.len() <= 100 && heard.iter().all(|word| word == "woken"), "{heard:?}");
        // Woken before the thread waits for it: nothing is lost.
        let mut other = Control::new(&server);
        other.say("wake");
        next(&wakes).wake();
        assert_eq!(other.hear(), "woken");
        drop((control, other));
        server.stop();
        wake.wake(); // Its session is gone, and so is the loop.
    });
}

fn next(wakes: &Receiver<Wake>) -> Wake {
    wakes.recv_timeout(PATIENCE).expect("the session has asked for it")
}

#[test]
fn a_transfer_is_finished_before_the_server_stops() {
    under_each_shell(&Limits::default(), obedient(), |server| {
        let (mut idle, mut busy) = (Control::new(&server), Control::new(&server));
        idle.is_quiet();
        let mut data = busy.passive();
        data.write_all(b"the first half").expect("room");
        server.handle.stop();
        assert_eq!((idle.hear(), idle.hear()), ("draining".into(), String::new()));
        assert_eq!(busy.hear(), "draining");
        data.write_all(b", and the other").expect("room");
        data.shutdown(Shutdown::Write).expect("a FIN");
        assert_eq!(busy.hear(), "ended after 29");
        busy.say("finish");
        assert_eq!(busy.hear(), "closed InOrder");
        assert_eq!(busy.hear(), "", "the end");
        drop((idle, busy));
        let statistics = server.thread.join().expect("no panic").expect("no error");
        assert_eq!(statistics.accepted, 2);
    });
}

#[test]
fn one_who_does_not_finish_is_broken_off() {
    let limits = Limits { drain: Duration::from_millis(300), ..Limits::default() };
    under_each_shell(&limits, obedient(), |server| {
        let mut control = Control::new(&server);
        let data = control.passive();
        server.handle.stop();
        assert_eq!(control.hear(), "draining");
        let begin = Instant::now();
        assert_eq!((control.hear(), all(&data)), (String::new(), 0));
        server.thread.join().expect("no panic").expect("no error");
        assert!(begin.elapsed() < Duration::from_secs(2));
    });
}

#[test]
fn both_connections_are_in_the_record() {
    let recorder = Recorder::new();
    let address: Address = "127.0.0.1:0".parse().expect("an address");
    let service = Recorded::new(obedient(), recorder.clone(), address);
    under_each_shell(&Limits::default(), service, |server| {
        let before = recorder.snapshot();
        let mut control = Control::new(&server);
        let mut data = control.passive();
        data.write_all(b"something").expect("room");
        data.shutdown(Shutdown::Write).expect("a FIN");
        assert_eq!(control.hear(), "ended after 9");
        control.say("send 300000");
        assert_eq!(all(&data), 300_000);
        assert_eq!(control.hear(), "closed InOrder");
        drop(control);
        server.stop();
        let record = recorder.snapshot();
        assert_eq!(record.flows.len(), before.flows.len() + 2);
        let beside = capture::FlowId(before.flows.len() + 1);
        assert_eq!(
            record.flows[beside.0].peer.address,
            data.local_addr().expect("ours").to_string()
        );
        assert_eq!(record.bytes(beside, Direction::Received), b"something");
        assert_eq!(record.bytes(beside, Direction::Sent).len(), 300_000);
        let events = record.events.iter().filter(|event| event.flow == beside);
        let ends = events.filter(|event| event.what == What::Shutdown);
        let ends: Vec<_> = ends.map(|event| event.direction).collect();
        assert_eq!(ends, [Direction::Received, Direction::Sent]);
    });
}
