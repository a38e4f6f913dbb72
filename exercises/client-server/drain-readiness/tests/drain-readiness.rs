//! Graded test of `drain-readiness`.

mod evidence;
mod kernel;
mod mistakes;
mod real;
mod site;

use std::io::ErrorKind;
use std::time::Duration;

use drain_readiness::{BUFFER, LISTENER, PAUSE, SHARE};
use harness::{Outcome, check};
use mio::Token;

use evidence::shown;
use kernel::Arrival;
use mistakes::{LOST_EDGE, SHORTAGE, SPINS, STARVES};
use site::Site;

#[test]
fn a_client_is_heard() -> Outcome {
    check(|c| {
        let mut s = Site::new(c)?;
        let client = s.connect();
        s.run()?;
        for count in [5, 1, 300] {
            s.send(client, count);
            s.run()?;
        }
        Ok(())
    })
}

#[test]
fn more_than_one_read_brings() -> Outcome {
    check(|c| {
        let mut s = Site::new(c)?;
        let client = s.connect();
        s.run()?;
        s.send(client, 3 * BUFFER + 100);
        s.run()
    })
}

#[test]
fn five_connect_at_once() -> Outcome {
    check(|c| {
        let mut s = Site::new(c)?;
        let clients = s.connect_many(5)?;
        s.run()?;
        clients.iter().for_each(|client| s.send(*client, 10));
        s.run()
    })
}

#[test]
fn the_end_comes_by_itself() -> Outcome {
    check(|c| {
        let mut s = Site::new(c)?;
        let (ends, fails, stays) = (s.connect(), s.connect(), s.connect());
        s.send(ends, 10);
        s.run()?;
        s.end(ends);
        s.fail(fails, ErrorKind::ConnectionReset);
        s.run()?;
        s.send(stays, 10);
        s.run()
    })
}

#[test]
fn the_end_comes_with_the_last_bytes() -> Outcome {
    check(|c| {
        for count in [10, BUFFER] {
            c.attempt(format!("a client for {count} bytes and the end"));
            let mut s = Site::new(c)?;
            let client = s.connect();
            s.run()?;
            s.send(client, count);
            s.end(client);
            s.run()?;
        }
        Ok(())
    })
}

#[test]
fn a_signal_comes() -> Outcome {
    check(|c| {
        let mut s = Site::new(c)?;
        let client = s.connect();
        s.run()?;
        s.interrupt(client);
        s.send(client, 10);
        s.refuse(Arrival::Error(ErrorKind::Interrupted), "a signal will interrupt an `accept`");
        s.connect();
        s.turn_without_pause()?;
        s.run()
    })
}

#[test]
fn one_has_gone_before_it_is_accepted() -> Outcome {
    check(|c| {
        let mut s = Site::new(c)?;
        let gone = Arrival::Error(ErrorKind::ConnectionAborted);
        s.refuse(gone, "somebody connected, and was gone: `accept` will say ConnectionAborted");
        let client = s.connect();
        s.send(client, 10);
        s.turn_without_pause()?;
        s.run()
    })
}

#[test]
fn more_than_a_share() -> Outcome {
    check(|c| {
        let mut s = Site::new(c)?;
        let client = s.connect_many(2 * SHARE + 3)?[0];
        s.run()?;
        s.send(client, 2 * SHARE * BUFFER + 100);
        s.run()?;
        s.end(client);
        s.run()
    })
}

#[test]
fn one_that_never_stops() -> Outcome {
    check(|c| {
        let mut s = Site::new(c)?;
        let (flood, quiet) = (s.connect(), s.connect());
        s.run()?;
        for _ in 0..3 {
            // New bytes are a new edge: it is reported, though it was not finished with.
            s.flood(flood);
            s.send(quiet, 10);
            c.want(format!("at most {SHARE} reads of client {flood}, so client {quiet} is heard"));
            let timeout = s.turn();
            let reads = s.calls(flood);
            c.ensure(reads <= SHARE, &STARVES, || format!("{reads} reads of client {flood}"))?;
            c.ensure(reads > 0, None, || format!("client {flood} was not read from"))?;
            let left = s.unread(quiet);
            c.ensure(left == 0, None, || format!("{left} bytes of client {quiet} are unread"))?;
            c.want("a timeout of zero, since more is there that no event will tell of");
            let mistake = timeout.is_none().then_some(&LOST_EDGE);
            c.ensure(timeout == Some(Duration::ZERO), mistake, || shown(timeout))?;
        }
        Ok(())
    })
}

#[test]
fn more_connect_than_are_accepted_at_once() -> Outcome {
    check(|c| {
        let mut s = Site::new(c)?;
        s.connect_many(3 * SHARE)?;
        c.want(format!("at most {SHARE} calls of `accept` in a turn"));
        s.turn();
        let calls = s.calls(0);
        c.ensure(calls <= SHARE, &STARVES, || format!("{calls} calls of `accept`"))?;
        s.run()
    })
}

#[test]
fn out_of_descriptors() -> Outcome {
    check(|c| {
        let mut s = Site::new(c)?;
        let open = s.connect();
        s.run()?;
        let what = "somebody connects, and the process has no descriptor left: EMFILE";
        s.refuse(Arrival::Shortage, what);
        let waiting = s.connect();
        s.send(open, 10);
        c.want("a timeout of PAUSE: the connection still waits, and no event will tell of it");
        let timeout = s.turn();
        let mistake = match timeout {
            None => Some(&SHORTAGE),
            Some(Duration::ZERO) => Some(&SPINS),
            _ => None,
        };
        c.ensure(timeout == Some(PAUSE), mistake, || shown(timeout))?;
        c.want("client 1, who is there already, is heard meanwhile");
        let left = s.unread(open);
        c.ensure(left == 0, None, || format!("{left} of its bytes are unread"))?;
        s.run()?;
        s.send(waiting, 10);
        s.run()
    })
}

#[test]
fn out_of_descriptors_with_more_to_read() -> Outcome {
    check(|c| {
        let mut s = Site::new(c)?;
        let open = s.connect();
        s.run()?;
        let what = "somebody connects, and the process has no descriptor left: EMFILE";
        s.refuse(Arrival::Shortage, what);
        s.connect();
        s.send(open, (SHARE + 1) * BUFFER);
        c.want("a timeout of zero: client 1 has more to read");
        let timeout = s.turn();
        let mistake = timeout.is_none().then_some(&LOST_EDGE);
        c.ensure(timeout == Some(Duration::ZERO), mistake, || shown(timeout))?;
        // Then client 1 is done with; the shortage must not be forgotten over it.
        s.run()
    })
}

#[test]
fn an_event_for_nothing() -> Outcome {
    check(|c| {
        let mut s = Site::new(c)?;
        let client = s.connect();
        s.run()?;
        s.end(client);
        s.run()?;
        let other = s.connect();
        s.run()?;
        c.want("a turn with nothing to do, for events may be late, doubled and false");
        s.turn_with(&[LISTENER, Token(1), Token(2), Token(2), Token(999)]);
        s.send(other, 10);
        s.run()
    })
}

#[test]
fn anything_in_any_order() -> Outcome {
    check(|c| {
        let mut random = c.random();
        let mut s = Site::new(c)?;
        let mut open = vec![s.connect()];
        c.in_one_step("300 things happened, with turns between them", || {
            for _ in 0..300 {
                let at = random.below(open.len());
                match random.below(16) {
                    0 => open.push(s.connect()),
                    1 if open.len() > 1 => s.end(open.swap_remove(at)),
                    2 if open.len() > 1 => {
                        s.fail(open.swap_remove(at), ErrorKind::ConnectionReset);
                    }
                    3 => s.refuse(Arrival::Shortage, "EMFILE"),
                    4 => s.refuse(Arrival::Error(ErrorKind::ConnectionAborted), "aborted"),
                    5 => s.interrupt(open[at]),
                    6 => s.send(open[at], 1 + random.below(SHARE * BUFFER)),
                    7..10 => s.send(open[at], 1 + random.below(2 * BUFFER)),
                    10 => s.run()?,
                    _ => drop(s.turn()),
                }
            }
            s.run()
        })
    })
}

#[test]
fn real_sockets() -> Outcome {
    check(|c| {
        c.want("the bytes and the end of each client, as on the kernel in memory");
        real::twelve_clients(c)
    })
}
