//! Graded test of `connect-without-blocking`.

mod attempt;
mod mistakes;
mod places;

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use harness::{Check, Listener, Outcome, check, check_within};
use mio::{Interest, Token};

use attempt::{Attempt, failed, told};
use mistakes::{ERROR_LEFT, FIRST_ONLY, IN_PROGRESS, NO_TIMEOUT, SPINS, WRITABLE};

/// The timeout in most checks. It passes when the check says so.
const TIME: Duration = Duration::from_secs(10);
/// For a check that may wait more than once.
const LIMIT: Duration = Duration::from_secs(6);

#[test]
fn a_server_that_listens() -> Outcome {
    check_within(LIMIT, |c| {
        let server = Listener::bind(c, "server")?;
        let now = Instant::now();
        c.want("an event when the connection is there, and then Connected");
        let mut attempt = Attempt::begin(c, "its address", &[server.address()], TIME, now, None)?;
        let mut stream = attempt.connects(&server, now)?;
        let mut peer = server.accept()?;
        c.want("the stream that it returned is the connection, in both directions");
        c.ok("`write` on it", stream.write(b"hello"), None)?;
        peer.expect(b"hello", None)?;
        c.want("it is registered still: the loop can reregister it, and is told when bytes come");
        let registry = attempt.poll.registry();
        let again = registry.reregister(&mut stream, Token(7), Interest::READABLE);
        c.ok("`reregister`", again, None)?;
        peer.send(b"welcome")?;
        c.ensure(attempt.event(), None, || "no event came".into())?;
        let mut got = [0; 7];
        let count = c.ok("`read` on it", stream.read(&mut got), None)?;
        c.same_bytes(b"welcome", &got[..count], None)
    })
}

#[test]
fn a_port_that_refuses() -> Outcome {
    check(|c| {
        let refusing = places::refusing(c)?;
        c.did("bound a port on which nobody listens");
        c.want("an error of kind ConnectionRefused");
        let now = Instant::now();
        let (mut attempt, begun) =
            Attempt::try_begin(c, "its address", &[refusing.address], TIME, now)?;
        let ended = match begun {
            Err(error) => Err(error), // Some systems know at once.
            Ok(()) => attempt.run(now).map_err(|report| match attempt.advanced {
                0 => report,
                _ => report.because(&ERROR_LEFT),
            })?,
        };
        let ended = Some(ended);
        let mistake = match &ended {
            Some(Ok(_)) => Some(&WRITABLE),
            _ if failed(&ended, ErrorKind::NotConnected) => Some(&ERROR_LEFT),
            _ => None,
        };
        c.ensure(failed(&ended, ErrorKind::ConnectionRefused), mistake, || told(&ended))
    })
}

#[test]
fn a_call_before_the_connection_is_there() -> Outcome {
    check_within(LIMIT, |c| {
        let silent = places::silent(c)?;
        c.did("made a listener whose queue is full: a connect to it is not answered");
        c.want("`begin` returns at once");
        let now = Instant::now();
        let mut attempt =
            Attempt::begin(c, "its address", &[silent.address], TIME, now, &IN_PROGRESS)?;
        c.want("Pending: an event may be spurious, and nothing has happened yet");
        for when in ["though no event came", "once more"] {
            attempt.stays_pending(when, now)?;
        }
        Ok(())
    })
}

#[test]
fn a_server_that_never_answers() -> Outcome {
    check(|c| {
        /// Short, since it is waited out by a wrong answer's check.
        const SHORT: Duration = Duration::from_millis(40);
        let silent = places::silent(c)?;
        c.did("made a listener whose queue is full: a connect to it is not answered");
        let now = Instant::now();
        let mut attempt = Attempt::begin(c, "its address", &[silent.address], SHORT, now, None)?;
        attempt.has_deadline(now, SHORT)?;
        c.want("Pending, one nanosecond before the deadline");
        attempt.stays_pending("1 ns before its deadline", now + SHORT - Duration::from_nanos(1))?;
        c.want("an error of kind TimedOut, at the deadline");
        let ended = attempt.advance("at its deadline", now + SHORT)?;
        if ended.is_some() {
            return c.ensure(failed(&ended, ErrorKind::TimedOut), None, || told(&ended));
        }
        let after = now + SHORT + Duration::from_nanos(1);
        let ended = attempt.advance("1 ns after its deadline", after)?;
        if failed(&ended, ErrorKind::TimedOut) {
            return Err(c.fail(&SPINS, "Pending at the deadline, TimedOut a nanosecond later"));
        }
        std::thread::sleep(SHORT);
        let ended = attempt.advance("again, so much later", Instant::now() + SHORT)?;
        let clock = failed(&ended, ErrorKind::TimedOut);
        let other = "Pending until the system's clock said so: the time is the `now` of the call";
        let got = if clock { other.to_owned() } else { told(&ended) };
        Err(c.fail((!clock).then_some(&NO_TIMEOUT), got))
    })
}

#[test]
fn the_next_address_after_a_refusal() -> Outcome {
    check_within(LIMIT, |c| {
        let refusing = places::refusing(c)?;
        c.did("bound a port on which nobody listens");
        goes_on(c, "this address and the server's", refusing.address)
    })
}

#[test]
fn the_next_address_if_one_cannot_even_be_tried() -> Outcome {
    check_within(LIMIT, |c| {
        let impossible = places::impossible(c)?;
        goes_on(c, "127.255.255.255, where `connect` fails at once, and the server's", impossible)
    })
}

#[test]
fn the_next_address_after_silence() -> Outcome {
    check_within(LIMIT, |c| {
        let (silent, server) = (places::silent(c)?, Listener::bind(c, "server")?);
        let now = Instant::now();
        let addresses = [silent.address, server.address()];
        let names = "an address that never answers, and the server's";
        let mut attempt = Attempt::begin(c, names, &addresses, TIME, now, None)?;
        c.want("Pending: the first address has had its time, and the second is begun");
        let ended = attempt.advance("at the deadline of the first", now + TIME)?;
        let first = failed(&ended, ErrorKind::TimedOut).then_some(&FIRST_ONLY);
        c.ensure(ended.is_none(), first, || told(&ended))?;
        attempt.has_deadline(now + TIME, TIME)?;
        c.want("an event when the connection is there, and then Connected");
        attempt.connects(&server, now + TIME).map(drop)
    })
}

#[test]
fn an_event_of_the_address_before() -> Outcome {
    check_within(LIMIT, |c| {
        let (refusing, silent) = (places::refusing(c)?, places::silent(c)?);
        let now = Instant::now();
        let addresses = [refusing.address, silent.address];
        let names = "an address that refuses, and one that never answers";
        let mut attempt = Attempt::begin(c, names, &addresses, TIME, now, &FIRST_ONLY)?;
        c.want("Pending: the second address is begun, and nothing more has happened");
        c.ensure(attempt.event(), None, || "no event came".into())?;
        let later = now + TIME / 2;
        attempt.stays_pending("since an event came", later)?;
        attempt.stays_pending("since another came, which was the first address's", later)?;
        attempt.has_deadline(later, TIME)?;
        c.want("no address is left: the error of the one that was tried last, TimedOut");
        let ended = attempt.advance("at the deadline of the second", later + TIME)?;
        c.ensure(failed(&ended, ErrorKind::TimedOut), None, || told(&ended))
    })
}

#[test]
fn a_connection_that_is_found_late() -> Outcome {
    check(|c| {
        let server = Listener::bind(c, "server")?;
        let now = Instant::now();
        let mut attempt = Attempt::begin(c, "its address", &[server.address()], TIME, now, None)?;
        c.want("Connected: the connection is there, and the loop only came late to look");
        c.ensure(attempt.event(), None, || "no event came".into())?;
        let ended = attempt.advance("a second after its deadline", now + TIME * 11 / 10)?;
        c.ensure(matches!(ended, Some(Ok(_))), None, || told(&ended))
    })
}

#[test]
fn no_address_is_left() -> Outcome {
    check(|c| {
        let (refusing, impossible) = (places::refusing(c)?, places::impossible(c)?);
        let now = Instant::now();
        let addresses = [refusing.address, impossible];
        let names = "an address that refuses, and 127.255.255.255";
        let mut attempt = Attempt::begin(c, names, &addresses, TIME, now, &FIRST_ONLY)?;
        c.want("the error of the address that was tried last: 127.255.255.255 cannot be reached");
        let ended = Some(attempt.run(now)?);
        let first = failed(&ended, ErrorKind::ConnectionRefused);
        let right = matches!(ended, Some(Err(_))) && !first;
        c.ensure(right, None, || told(&ended))
    })
}

#[test]
fn no_address_at_all() -> Outcome {
    check(|c| {
        c.want("an error of kind InvalidInput");
        let (_, begun) = Attempt::try_begin(c, "no address", &[], TIME, Instant::now())?;
        let kind = begun.as_ref().err().map(std::io::Error::kind);
        c.ensure(kind == Some(ErrorKind::InvalidInput), None, || {
            format!(
                "your `begin` returned {}",
                kind.map_or("Ok(_)".into(), |kind| kind.to_string())
            )
        })
    })
}

/// Fails unless a connection to the second address comes about after the first has failed.
fn goes_on(c: &Check, names: &str, first: SocketAddr) -> Outcome {
    let server = Listener::bind(c, "server")?;
    let now = Instant::now();
    c.want("Connected, to the second address: the first has failed");
    let addresses = [first, server.address()];
    let mut attempt = Attempt::begin(c, names, &addresses, TIME, now, &FIRST_ONLY)?;
    attempt.connects(&server, now).map(drop)
}
