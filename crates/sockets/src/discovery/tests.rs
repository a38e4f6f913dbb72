use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::*;

const LOOPBACKS: [&str; 2] = ["127.0.0.1", "::1"];
const SOON: Duration = Duration::from_millis(600);

/// A network of its own for a test, with its first member; `None` where the machine has none.
fn network(interface: &str, name: &str) -> Option<(Network, Responder)> {
    let interface = interface.parse().unwrap();
    let mut network = Network { port: 0, ..Network::of(interface) };
    let joined = Responder::join(&network, name, 631).and_then(|responder| {
        network.port = responder.group()?.port();
        // Joining is one thing, a route for the group another: Linux gives `lo` none for IPv6.
        Asker::new(&network)?.socket.send_to(b"may I?", network.group()?)?;
        Ok(responder)
    });
    match joined {
        Ok(responder) => Some((network, responder)),
        Err(error) => {
            eprintln!("skipped: no multicast on the interface of {interface}: {error}");
            None
        }
    }
}

/// Runs `work` while the responders serve.
fn while_serving<T>(responders: &[Responder], work: impl FnOnce() -> T) -> T {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for responder in responders {
            scope.spawn(|| {
                while !done.load(Ordering::SeqCst) {
                    let _ = responder.serve_one(Duration::from_millis(20));
                }
            });
        }
        let result = work();
        done.store(true, Ordering::SeqCst);
        result
    })
}

#[test]
fn everybody_who_is_there_is_found_once() {
    for interface in LOOPBACKS {
        let Some((network, printer)) = network(interface, "printer") else { continue };
        let scanner = Responder::join(&network, "scänner", 80).unwrap();
        let mut found = while_serving(&[printer, scanner], || {
            Asker::new(&network).unwrap().search("", SOON).unwrap()
        });
        found.sort_by(|a, b| a.name.cmp(&b.name));
        let names: Vec<_> = found.iter().map(|f| (f.name.as_str(), f.address.port())).collect();
        assert_eq!(names, [("printer", 631), ("scänner", 80)]);
        assert!(found.iter().all(|found| found.address.ip() == network.interface));
    }
}

#[test]
fn one_who_is_asked_for_by_name_answers_alone() {
    let Some((network, printer)) = network("127.0.0.1", "printer") else { return };
    let scanner = Responder::join(&network, "scanner", 80).unwrap();
    let found = while_serving(&[printer, scanner], || {
        Asker::new(&network).unwrap().search("scanner", SOON).unwrap()
    });
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].name, "scanner");
}

#[test]
fn a_program_that_does_both_does_not_find_itself() {
    let Some((network, responder)) = network("127.0.0.1", "me") else { return };
    let asker = Asker::new(&network).unwrap();
    let other = Asker::new(&network).unwrap();
    let responder = responder.ignoring(asker.id());
    while_serving(&[responder], || {
        assert_eq!(asker.search("", SOON).unwrap(), []);
        assert_eq!(other.search("", SOON).unwrap().len(), 1);
    });
}

#[test]
fn only_questions_are_answered() {
    let Some((_, responder)) = network("127.0.0.1", "printer") else { return };
    let question = Message { kind: QUESTION, port: 0, id: 7, name: "" }.to_bytes().unwrap();
    let answer = responder.answer(&question).unwrap();
    assert_eq!(
        Message::parse(&answer),
        Some(Message { kind: ANSWER, port: 631, id: 7, name: "printer" })
    );
    assert_eq!(responder.answer(&answer), None, "an answer to an answer never ends");
    for wrong in [&b""[..], b"FIND", &[&question[..], b"x"].concat(), &question[1..]] {
        assert_eq!(responder.answer(wrong), None);
    }
}

#[test]
fn nobody_is_an_answer_too() {
    let Some((network, responder)) = network("127.0.0.1", "printer") else { return };
    drop(responder);
    let found = Asker::new(&network).unwrap().search("", Duration::from_millis(50)).unwrap();
    assert_eq!(found, []);
}

#[test]
fn a_crowd_is_bounded_and_strangers_are_ignored() {
    let Some((network, _responder)) = network("127.0.0.1", "printer") else { return };
    let asker = Asker::new(&network).unwrap();
    let to = asker.socket.local_addr().unwrap();
    let flood = UdpSocket::bind("127.0.0.1:0").unwrap();
    let send = |message: Message<'_>| {
        flood.send_to(&message.to_bytes().unwrap(), to).unwrap();
    };
    thread::scope(|scope| {
        let searching = scope.spawn(|| asker.search("", Duration::from_secs(10)).unwrap());
        send(Message { kind: ANSWER, port: 1, id: asker.id() ^ 1, name: "an answer to another" });
        send(Message { kind: QUESTION, port: 0, id: asker.id(), name: "a question" });
        while !searching.is_finished() {
            for port in 1..1000 {
                send(Message { kind: ANSWER, port, id: asker.id(), name: "crowd" });
            }
        }
        let found = searching.join().unwrap();
        assert_eq!(found.len(), LARGEST_CROWD);
        assert!(found.iter().all(|found| found.name == "crowd"));
    });
}

#[test]
fn messages_survive_the_wire() {
    for name in ["", "printer", &"x".repeat(LONGEST_NAME)] {
        let question = Message { kind: QUESTION, port: 0, id: 1 << 63, name };
        assert_eq!(Message::parse(&question.to_bytes().unwrap()), Some(question));
    }
    let name = "x".repeat(LONGEST_NAME + 1);
    assert_eq!(Message { kind: QUESTION, port: 0, id: 1, name: &name }.to_bytes(), None);
    let mut answer = Message { kind: ANSWER, port: 1, id: 1, name: "é" }.to_bytes().unwrap();
    assert!(Message::parse(&answer).is_some());
    *answer.last_mut().unwrap() = b'x';
    assert_eq!(Message::parse(&answer), None, "no UTF-8");
}
