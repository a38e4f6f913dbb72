//! Graded test of `stop-gracefully`.

mod mistakes;
mod site;

use std::time::Duration;

use harness::{Ending, Mistake, Outcome, Peer, check_within};
use stop_gracefully::LONGEST;

use mistakes::{CUTS, FOR_EVER, HALF, IDLE, INTERRUPTED, ONE_MORE, QUEUE};
use site::{EARLY, PATIENCE, Site, bind, reply};

/// Longer than any check waits: what has ended by then has not ended by the deadline.
const AMPLE: Duration = Duration::from_secs(10);
/// A patience that a check waits out.
const SHORT: Duration = Duration::from_millis(30);
/// More than the sockets' buffers hold: a reply of so many bytes takes a client that reads it.
const MUCH: usize = 6_000_000;
/// For a check that waits for several things.
const LIMIT: Duration = Duration::from_secs(6);

#[test]
fn requests_are_answered() -> Outcome {
    check_within(LIMIT, |c| {
        let site = Site::start(c, AMPLE)?;
        let mut slow = site.waiting_client("slow client")?;
        let mut client = site.client("client")?;
        client.send(b"hello\nhello again\n")?;
        c.want("each request is answered, in order, while another client's takes its time");
        client.expect(&[reply("hello"), reply("hello again")].concat(), None)?;
        site.let_go();
        slow.expect(&reply("wait"), None)?;
        c.want("the connection stays open for the next request");
        slow.send(b"thank you\n")?;
        slow.expect(&reply("thank you"), None)
    })
}

#[test]
fn a_line_has_a_limit() -> Outcome {
    check_within(LIMIT, |c| {
        let longest = usize::try_from(LONGEST).unwrap_or(usize::MAX);
        let site = Site::start(c, AMPLE)?;
        let line = "x".repeat(longest - 1);
        let mut client = site.client("client")?;
        c.want(format!("a line of {longest} bytes, its LF included, is answered"));
        client.send(format!("{line}\n").as_bytes())?;
        client.expect(&reply(&line), None)?;
        c.want("a longer one is not, and its connection is closed");
        client.send(format!("{line}x\n").as_bytes())?;
        let (got, ending) = client.receive(1);
        // A reset, where the byte too many was not read.
        let closed = matches!(ending, Ending::End | Ending::Reset);
        if closed { Ok(()) } else { Err(client.differs(b"", &got, ending, None)) }
    })
}

#[test]
fn a_signal_ends_nothing() -> Outcome {
    check_within(LIMIT, |c| {
        let site = Site::start(c, AMPLE)?;
        let mut client = site.client("client")?;
        client.send(b"hello\n")?;
        client.expect(&reply("hello"), None)?;
        site.interrupt();
        c.want("the connection that waits for a request goes on, and so does `run`");
        // A connection that was closed may refuse these bytes already, or only their reply.
        let sent = client.send(b"hello again\n");
        client.expect(&reply("hello again"), &INTERRUPTED)?;
        sent?;
        let mut next = site.client("next client").map_err(|report| report.because(&INTERRUPTED))?;
        next.send(b"hello\n")?;
        next.expect(&reply("hello"), &INTERRUPTED)
    })
}

#[test]
fn a_stop_is_noticed_though_nobody_connects() -> Outcome {
    check_within(LIMIT, |c| {
        let site = Site::start(c, AMPLE)?;
        let mut client = site.client("client")?;
        client.send(b"hello\n")?;
        client.expect(&reply("hello"), None)?;
        client.close();
        site.stop();
        site.stop();
        let Err(report) = site.ends(0, None) else { return Ok(()) };
        // Is it a connection that the answer waits for?
        let connected = site.client("client that comes by now");
        let noticed = connected.is_ok() && site.ends_within(Duration::from_millis(500));
        let got = "your `run` returned when that client connected, and not before";
        Err(if noticed { c.fail(&ONE_MORE, got) } else { report })
    })
}

#[test]
fn a_request_that_has_begun_is_answered() -> Outcome {
    check_within(LIMIT, |c| {
        let site = Site::start(c, AMPLE)?;
        let mut client = site.waiting_client("client")?;
        site.stop();
        site.refuses()?;
        site.goes_on()?;
        site.let_go();
        c.want("the request that had begun before the stop is answered");
        client.expect_else(&reply("wait"), |_, ending| unless_silent(ending, &CUTS))?;
        site.lets_go(&mut client)?;
        site.ends(0, &IDLE)
    })
}

#[test]
fn an_idle_client_is_let_go() -> Outcome {
    check_within(LIMIT, |c| {
        let site = Site::start(c, AMPLE)?;
        let mut client = site.client("client")?;
        client.send(b"hello\n")?;
        client.expect(&reply("hello"), None)?;
        c.did("the client stays connected");
        site.stop();
        site.lets_go(&mut client)?;
        site.ends(0, &IDLE)
    })
}

#[test]
fn a_long_reply_is_written_whole() -> Outcome {
    check_within(LIMIT, |c| {
        // `handle` has returned, and the reply is under way.
        let much = c.random().bytes(65_521).repeat(MUCH / 65_521);
        let (server, address) = bind(c)?;
        let site = Site::run(c, server, address, AMPLE, much.clone());
        let mut client = site.client("client")?;
        client.send(b"much\n")?;
        let (head, rest) = much.split_at(1_000);
        client.expect(head, None)?;
        site.stop();
        site.goes_on()?;
        c.want(format!("all {} bytes of the reply arrive", much.len()));
        client.expect_else(rest, |_, ending| unless_silent(ending, &CUTS))?;
        site.lets_go(&mut client)?;
        site.ends(0, &IDLE)
    })
}

#[test]
fn a_request_that_has_come_in_part_may_be_finished() -> Outcome {
    check_within(LIMIT, |c| {
        let site = Site::start(c, AMPLE)?;
        let mut client = site.client("client")?;
        client.send(b"one\ntw")?;
        client.expect(&reply("one"), None)?;
        site.stop();
        site.refuses()?;
        c.want("its connection stays: two bytes of the next request had come");
        let (got, ending) = client.receive_within(EARLY, 1);
        if ending != Ending::Silence {
            return Err(client.differs(b"", &got, ending, unless_silent(ending, &HALF)));
        }
        c.want("the second request is answered when it is whole");
        // A connection that was closed may refuse these bytes already, or only their reply.
        let sent = client.send(b"o\n");
        client.expect_else(&reply("two"), |_, ending| unless_silent(ending, &HALF))?;
        sent?;
        site.lets_go(&mut client)?;
        site.ends(0, &IDLE)
    })
}

#[test]
fn who_connected_before_the_stop_is_served() -> Outcome {
    check_within(LIMIT, |c| {
        let (server, address) = bind(c)?;
        let connect = |number| {
            let mut client = c.connect(&format!("client {number}"), address)?;
            client.send(format!("number {number}\n").as_bytes())?;
            Ok(client)
        };
        let step = "connected client 0 to client 9, and each sent a request; nobody accepts yet";
        let clients: Vec<Peer> = c.in_one_step(step, || (0..10).map(connect).collect())?;
        c.did("called your `Stopper::stop`");
        server.stopper().stop();
        let site = Site::run(c, server, address, AMPLE, Vec::new());
        c.want("all ten are answered, though the stop came before they were accepted");
        for (number, mut client) in clients.into_iter().enumerate() {
            let request = format!("number {number}");
            client.expect_else(&reply(&request), |_, ending| unless_silent(ending, &QUEUE))?;
        }
        site.ends(0, None)
    })
}

#[test]
fn what_does_not_end_is_cut_at_the_deadline() -> Outcome {
    check_within(LIMIT, |c| {
        let much = vec![b'x'; MUCH];
        let (server, address) = bind(c)?;
        let site = Site::run(c, server, address, SHORT, much.clone());
        let mut greedy = site.client("client that never reads its reply")?;
        greedy.send(b"much\n")?;
        greedy.expect(&much[..1_000], None)?;
        let mut client = site.waiting_client("client whose reply never comes")?;
        site.stop();
        site.ends(2, &FOR_EVER)?;
        c.want("the client is told: its connection ends, though its request was not answered");
        let (got, ending) = client.receive_within(PATIENCE, 1);
        let ended = matches!(ending, Ending::End | Ending::Reset);
        if ended { Ok(()) } else { Err(client.differs(b"", &got, ending, None)) }
    })
}

/// The mistake that it proves if a connection was closed; a silent one proves nothing.
fn unless_silent(ending: Ending, mistake: &'static Mistake) -> Option<&'static Mistake> {
    matches!(ending, Ending::End | Ending::Reset).then_some(mistake)
}
