//! Graded test of `shed-the-load`.

mod clients;
mod mistakes;

use std::io::Write;
use std::time::{Duration, Instant};

use harness::{Check, Ending, Mistake, Outcome, Peer, check, check_alone, check_within};
use shed_the_load::{Limits, MAX_REQUEST};

use clients::{LONG, MUCH, SHORT, Server, answered, finish, is_closed, threads};
use mistakes::{
    BLOCKS, IDLE_TIMER, INTERRUPTED, LEAKED, NO_TIMEOUT, NO_WORD, NOT_GIVEN_BACK, ONE_AT_A_TIME,
    ONE_PEER, RESET, THREAD_EACH, UNBOUNDED_LINE, UNBOUNDED_WRITE,
};

/// For a check that is made again where its slow peer was not steady.
const REPEATED: Duration = Duration::from_secs(10);

#[test]
fn a_request_is_answered() -> Outcome {
    check(|c| {
        let server = Server::start(c, 2, LONG)?;
        let mut client = server.connect("client")?;
        c.want("what `answer` makes of the line, then end of stream");
        client.send(b"good day\n")?;
        client.expect_to_end(&answered(b"good day"), None)
    })
}

#[test]
fn a_request_in_pieces() -> Outcome {
    check(|c| {
        let server = Server::start(c, 2, LONG)?;
        let mut random = c.random();
        let mut line = vec![b'x'; MAX_REQUEST];
        line[MAX_REQUEST - 1] = b'\n';
        c.want("the answer to the whole line, which is as long as it may be");
        let mut client = server.connect("client")?;
        client.send_pieces(&random.pieces(&line, 200))?;
        client.expect_to_end(&answered(&line[..MAX_REQUEST - 1]), None)
    })
}

#[test]
fn clients_at_the_same_time() -> Outcome {
    check(|c| {
        let server = Server::start(c, 2, LONG)?;
        let mut slow = server.hold("client 1")?;
        let mut quick = server.connect("client 2")?;
        quick.send(b"good day\n")?;
        c.want("client 2 is served, while client 1 takes its time");
        let want = answered(b"good day");
        let waits = |got: &[u8], ending| {
            (got.is_empty() && ending == Ending::Silence).then_some(&ONE_AT_A_TIME)
        };
        quick.expect_else(&want, waits)?;
        finish(&mut slow)
    })
}

#[test]
fn a_signal_costs_nobody_the_place() -> Outcome {
    check(|c| {
        let server = Server::start(c, 2, LONG)?;
        let mut client = server.hold("client 1")?;
        server.interrupt();
        c.want("the client that is in the middle of its request is served");
        finish(&mut client).map_err(|report| report.because(&INTERRUPTED))?;
        let mut client = server.connect("client 2")?;
        client.send(b"much\n")?;
        client.expect(&vec![0; 1_000], None)?;
        server.interrupt();
        c.want("the client that is in the middle of its answer gets all of it");
        client.expect_to_end(&vec![0; MUCH - 1_000], &INTERRUPTED)
    })
}

#[test]
fn one_client_more_than_there_are_places() -> Outcome {
    check(|c| {
        let server = Server::start(c, 2, LONG)?;
        let mut served = [server.hold("client 1")?, server.hold("client 2")?];
        server.refuses(&mut server.connect("client 3")?, None, &NO_WORD)?;
        c.want("the two that have a place are served");
        served.iter_mut().try_for_each(finish)
    })
}

#[test]
fn a_client_that_was_served() -> Outcome {
    check(|c| {
        let server = Server::start(c, 1, LONG)?;
        finish(&mut server.hold("client 1")?)?;
        server.has_a_place(&NOT_GIVEN_BACK)
    })
}

#[test]
fn clients_that_leave_in_the_middle() -> Outcome {
    check(|c| {
        let server = Server::start(c, 2, LONG)?;
        let clients = [server.hold("client 1")?, server.hold("client 2")?];
        clients.into_iter().for_each(Peer::close);
        server.has_a_place(&NOT_GIVEN_BACK)
    })
}

#[test]
fn a_refused_client_takes_no_place() -> Outcome {
    check(|c| {
        let server = Server::start(c, 3, LONG)?;
        let served = [server.hold("client 1")?, server.hold("client 2")?, server.hold("client 3")?];
        for number in 4..8 {
            server.refuses(&mut server.connect(&format!("client {number}"))?, None, &NO_WORD)?;
        }
        served.into_iter().for_each(Peer::close);
        server.has_a_place(&NOT_GIVEN_BACK)
    })
}

#[test]
fn a_request_that_panics() -> Outcome {
    check(|c| {
        let server = Server::start(c, 1, LONG)?;
        let mut client = server.connect("client")?;
        c.did("`answer` panics");
        client.send(b"panic\n")?;
        c.want("end of stream, and no answer");
        client.expect_end(None)?;
        server.has_a_place(&LEAKED)
    })
}

#[test]
fn a_refused_client_that_stays() -> Outcome {
    check(|c| {
        let server = Server::start(c, 1, LONG)?;
        let mut served = server.hold("client 1")?;
        let mut stays = server.connect("client 2")?;
        server.refuses(&mut stays, None, &NO_WORD)?;
        c.did("client 2 keeps its half of the connection open");
        server.refuses(&mut server.connect("client 3")?, None, &BLOCKS)?;
        c.want("the client that has a place is served");
        finish(&mut served)
    })
}

#[test]
fn one_address_leaves_room_for_others() -> Outcome {
    check(|c| {
        let server = Server::with(c, Limits { connections: 5, per_peer: 2, time: LONG })?;
        let mut other = server.connect_from_elsewhere("client 1 at 127.0.0.2")?;
        let greedy = [server.hold("client 2")?, server.hold("client 3")?];
        c.want("each address has its places, and the last client gets its answer");
        finish_whole(&mut other)?;
        let (mut third, mut fourth) = (server.connect("client 4")?, server.connect("client 5")?);
        // If there is just one place too many, it is client 4 that has it.
        server.refuses(&mut fourth, Some(&ONE_PEER), &NO_WORD)?;
        server.refuses(&mut third, None, &NO_WORD)?;
        for number in 6..9 {
            let mut client = server.connect(&format!("client {number}"))?;
            server.refuses(&mut client, None, &NO_WORD)?;
        }
        c.want("there is a place for another address, whoever was refused");
        let mut other = server.connect_from_elsewhere("client 9 at 127.0.0.2")?;
        finish_whole(&mut other).map_err(|report| report.because(&NOT_GIVEN_BACK))?;
        greedy.into_iter().for_each(Peer::close);
        server.has_a_place(&NOT_GIVEN_BACK)
    })
}

#[test]
fn an_address_whose_clients_come_and_go() -> Outcome {
    check(|c| {
        let server = Server::with(c, Limits { connections: 10, per_peer: 2, time: LONG })?;
        let _stays = server.hold("client 1")?;
        finish(&mut server.hold("client 2")?)?;
        let _keeps = server.keeps_a_place(&NOT_GIVEN_BACK)?;
        c.did("it keeps its place: it reads no further; and client 1 is still there");
        server.refuses(&mut server.connect("client 3")?, Some(&ONE_PEER), &NO_WORD)
    })
}

#[test]
fn many_refused_clients_that_stay() -> Outcome {
    // Alone, since it counts the threads of the process.
    check_alone(|c| {
        const MANY: usize = 40;
        let server = Server::start(c, 1, LONG)?;
        let _served = server.hold("client 1")?;
        // Once client 2 has been refused, client 1 has its thread.
        let mut stay = vec![server.connect("client 2")?];
        server.refuses(&mut stay[0], None, &NO_WORD)?;
        let before = threads();
        c.in_one_step(format!("{MANY} more came, were refused, and stay connected"), || {
            (0..MANY).try_for_each(|number| {
                stay.push(server.connect(&format!("client {}", number + 3))?);
                stay.last_mut().map_or(Ok(()), |client| server.refuses(client, None, &NO_WORD))
            })
        })?;
        c.want("no thread for a refused client: not half as many as there are");
        let started = threads().difference(&before).count();
        // Just how many there are by now is chance.
        c.ensure(started < MANY / 2, &THREAD_EACH, || {
            format!("for these {MANY}, {} threads were started, or more", MANY / 2)
        })
    })
}

#[test]
fn a_refused_client_that_asks_all_the_same() -> Outcome {
    check(|c| {
        let server = Server::start(c, 1, LONG)?;
        let _served = server.hold("client 1")?;
        let mut client = server.connect("client 2")?;
        server.refuses(&mut client, None, &NO_WORD)?;
        c.want("no reset: on a real network its request was on its way, and the reset overtakes the word");
        c.did("it sent a request all the same, in three pieces");
        // The first is what is answered with a reset; the others would meet it.
        ["good ", "day", "\n"].into_iter().try_for_each(|piece| {
            let sent = client.stream().write_all(piece.as_bytes());
            sent.map_err(|error| c.fail(&RESET, format!("{piece:?} could not be sent: {error}")))
        })
    })
}

#[test]
fn a_client_that_says_nothing() -> Outcome {
    check(|c| {
        let server = Server::start(c, 2, SHORT)?;
        let begin = Instant::now();
        let mut client = server.connect("client")?;
        c.did("the client says nothing");
        loses_its_place(c, &mut client, begin, &NO_TIMEOUT)
    })
}

#[test]
fn a_request_a_byte_at_a_time() -> Outcome {
    check_within(REPEATED, |c| {
        c.steadily(SHORT, || {
            let server = Server::start(c, 2, SHORT)?;
            let begin = Instant::now();
            let mut client = server.connect("client")?;
            let slow = client.trickle(vec![b'x'; MAX_REQUEST - 1], Duration::from_millis(3))?;
            loses_its_place(c, &mut client, begin, &IDLE_TIMER)?;
            Ok(slow)
        })
    })
}

#[test]
fn an_answer_a_little_at_a_time() -> Outcome {
    check(|c| {
        let server = Server::start(c, 1, SHORT)?;
        let mut client = server.connect("client")?;
        client.send(b"everything\n")?;
        client.sip(128 << 10, Duration::from_millis(1))?;
        server.has_a_place(&UNBOUNDED_WRITE)
    })
}

#[test]
fn a_request_without_an_end() -> Outcome {
    check(|c| {
        let server = Server::start(c, 2, LONG)?;
        finish_whole(&mut server.connect("client 1")?)?;
        let mut client = server.connect("client 2")?;
        client.send(&vec![b'x'; 2 * MAX_REQUEST])?;
        c.want("the connection is closed: the line is longer than it may be");
        let (closed, got) = is_closed(&mut client);
        c.ensure(closed, got.is_empty().then_some(&UNBOUNDED_LINE), || match got.as_slice() {
            [] => "the connection stayed open".to_owned(),
            _ => "an answer".to_owned(),
        })
    })
}

/// A whole request, and its answer.
fn finish_whole(client: &mut Peer) -> Outcome {
    client.send(b"good day\n")?;
    client.expect_to_end(&answered(b"good day"), None)
}

/// Fails unless the client is cut off when its time is over, and not before.
fn loses_its_place(
    c: &Check,
    client: &mut Peer,
    begin: Instant,
    endless: &'static Mistake,
) -> Outcome {
    c.want(format!("the connection is closed, without an answer, {SHORT:?} after it was accepted"));
    let (closed, got) = is_closed(client);
    let elapsed = begin.elapsed();
    c.ensure(got.is_empty(), None, || "an answer".to_owned())?;
    c.ensure(closed, endless, || "the connection stayed open".to_owned())?;
    c.ensure(elapsed >= SHORT, None, || format!("it was closed after {elapsed:?}"))
}
