//! Graded test of `repair-the-server`.
//!
//! Each check does to the server what some client does one day. The server as it is given fails all.

mod mistakes;
mod site;

use std::thread;
use std::time::Duration;

use harness::{Ending, Outcome, Pace, Peer, Report, check_alone, check_within};

use mistakes::{
    DRAIN, HEAD as UNBOUNDED_HEAD, INTERRUPTED, LOOP_DIES, LOOP_SPINS, NO_TIMEOUT, NOT_TEXT,
    PER_READ, RESET, WORKER_DIES,
};
use site::{AMPLE, GET, HEAD, LONGER, PAUSE, SHORT, SOON, gets, reply, start, start_on};

/// For a check that waits several times.
const LIMIT: Duration = Duration::from_secs(6);
/// For a check that is made again where its slow peer was not steady.
const REPEATED: Duration = Duration::from_secs(10);
/// 200 kB that the server has no use for.
const BODY: usize = 200_000;

#[test]
fn clients_that_connect_and_leave_harm_nobody() -> Outcome {
    check_within(LIMIT, |c| {
        let site = start(c, 4, AMPLE)?;
        site.serves(c, "first client")?;
        let leave = |what: &[u8]| {
            (0..4).try_for_each(|number| {
                let mut client = site.client(c, &format!("client {number}"))?;
                if !what.is_empty() {
                    client.send(what)?;
                }
                client.close();
                Ok(())
            })
        };
        let died = |report: Report| {
            if c.panicked() { report.because(&WORKER_DIES) } else { report }
        };
        c.in_one_step("four clients connected, and left without a word", || leave(b""))?;
        site.serves(c, "next client").map_err(died)?;
        c.in_one_step("four clients left in the middle of a request", || leave(&GET[..20]))?;
        site.serves(c, "next client").map_err(died)?;
        c.in_one_step("four clients reset the connection when their reply came", || {
            (4..8).try_for_each(|number| {
                let mut client = site.client(c, &format!("client {number}"))?;
                client.send(GET)?;
                client.reset()
            })
        })?;
        site.serves(c, "last client").map_err(died)
    })
}

#[test]
fn clients_that_say_nothing_stop_nobody_for_long() -> Outcome {
    check_within(LIMIT, |c| {
        let bound = c.listener()?;
        let connect = |number| c.connect(&format!("client {number}"), bound.1);
        let step = "connected client 0 to client 3, a client for each worker; they say nothing";
        let mut idle: Vec<Peer> = c.in_one_step(step, || (0..4).map(connect).collect())?;
        let mut next = c.connect("next client", bound.1)?;
        next.send(GET)?;
        let _site = start_on(c, bound, 4, SHORT);
        c.want("the next client gets 200 OK, once the patience with the others is over");
        let mut silence = false;
        let got = gets(c, "next client", &mut next, "200 OK", |_, ending| {
            silence = ending == Ending::Silence;
            None
        });
        if let Err(report) = got {
            // The workers still wait: for a request, or for a client that has been refused to leave?
            let (refusal, _) = idle[0].receive_within(SHORT, 1);
            return Err(match (silence, refusal.is_empty()) {
                (true, true) => report.because(&NO_TIMEOUT),
                (true, false) => c.fail(
                    &DRAIN,
                    "it got nothing: client 0 has been refused, and is still waited for",
                ),
                _ => report,
            });
        }
        c.want("each of the others gets 408 Request Timeout, then end of stream");
        idle.iter_mut().try_for_each(|client| {
            gets(c, "silent one", client, "408 Request Timeout", |_, _| None)
        })
    })
}

#[test]
fn clients_that_send_a_byte_now_and_then_are_not_waited_for() -> Outcome {
    check_within(REPEATED, |c| {
        c.steadily(LONGER, || {
            let bound = c.listener()?;
            let mut silent = c.connect("silent client", bound.1)?;
            let mut client = c.connect("slow client", bound.1)?;
            let slow = client.trickle(vec![b'x'; 600], PAUSE)?;
            let _site = start_on(c, bound, 2, LONGER);
            c.want(format!("the silent client gets 408 Request Timeout after {LONGER:?}"));
            gets(c, "silent client", &mut silent, "408 Request Timeout", |_, ending| {
                (ending == Ending::Silence).then_some(&NO_TIMEOUT)
            })?;
            c.want("so does the slow one: its head is not there, however many bytes came");
            let want = reply("408 Request Timeout");
            // It goes on sending, so its end may be a reset: the server will not read for ever.
            let (got, ending) = client.receive_within(SOON / 2, want.len());
            if got == want {
                return Ok(slow);
            }
            let mistake = (ending == Ending::Silence).then_some(&PER_READ);
            Err(client.differs(&want, &got, ending, mistake))
        })
    })
}

#[test]
fn a_signal_in_the_middle_of_a_request() -> Outcome {
    check_within(LIMIT, |c| {
        let site = start(c, 1, AMPLE)?;
        site.serves(c, "first client")?;
        let mut client = site.client(c, "client")?;
        let (half, rest) = GET.split_at(20);
        client.send(half)?;
        site.serve.interrupt();
        c.want("200 OK, once the other half has come");
        // A connection that was closed may refuse these bytes already, or only their reply.
        let sent = client.send(rest);
        gets(c, "client", &mut client, "200 OK", |_, _| Some(&INTERRUPTED))?;
        sent?;
        let site = start(c, 1, SHORT)?;
        let mut client = site.client(c, "silent client")?;
        site.serve.interrupt();
        c.want("408 Request Timeout: the patience with a client holds, whatever else comes");
        gets(c, "silent client", &mut client, "408 Request Timeout", |_, ending| {
            (ending == Ending::Silence).then_some(&NO_TIMEOUT)
        })
    })
}

#[test]
fn the_refusal_of_a_long_request_arrives() -> Outcome {
    check_within(LIMIT, |c| {
        let site = start(c, 4, AMPLE)?;
        let mut client = site.client(c, "client")?;
        let sender = client.send_meanwhile(post(), false)?;
        c.want("405 Method Not Allowed, then end of stream, and no reset while it sends the rest");
        let want = reply("405 Method Not Allowed");
        // Where in this a reset is noticed is chance, so it is one step.
        let step = "the client read, and sent what was left";
        let (got, ending, whole) = c.in_one_step(step, || {
            let (got, ending) = client.receive_within(SOON, want.len() + 1);
            let sent = sender.join().unwrap_or(0);
            // What comes after a close is answered with a reset, and the write after that fails.
            let more = [b"mo", b"re"].into_iter().all(|more| {
                thread::sleep(Duration::from_millis(10));
                client.send(more).is_ok()
            });
            Ok((got, ending, sent == post().len() && more))
        })?;
        c.ensure(ending != Ending::Reset && (whole || got != want), &RESET, || {
            let got = if got == want { "all of the reply" } else { "not all of the reply" };
            format!("{got}; and a reset before all of the request was sent")
        })?;
        if got == want && ending == Ending::End {
            return Ok(());
        }
        Err(client.differs(&want, &got, ending, None))
    })
}

#[test]
fn a_client_that_has_its_reply_and_stays_is_left() -> Outcome {
    check_within(REPEATED, |c| {
        c.steadily(LONGER, || {
            let bound = c.listener()?;
            let mut client = c.connect("client", bound.1)?;
            client.send(&post()[..50_000])?;
            let mut next = c.connect("next client", bound.1)?;
            next.send(GET)?;
            let _site = start_on(c, bound, 1, LONGER);
            c.want("the client gets 405 Method Not Allowed, then end of stream");
            gets(c, "client", &mut client, "405 Method Not Allowed", |_, ending| {
                (ending == Ending::Reset).then_some(&RESET)
            })?;
            let slow = client.trickle(vec![b'x'; 600], PAUSE)?;
            c.want(format!("the next client gets 200 OK: the first one has had its {LONGER:?}"));
            gets(c, "next client", &mut next, "200 OK", |_, ending| {
                (ending == Ending::Silence).then_some(&DRAIN)
            })?;
            Ok(slow)
        })
    })
}

#[test]
fn a_request_is_made_of_bytes() -> Outcome {
    check_within(LIMIT, |c| {
        let site = start(c, 4, AMPLE)?;
        site.serves(c, "first client")?;
        let requests: [(&[u8], &str); 3] = [
            (b"GET / HTTP/1.1\r\nHost: localhost\r\nCity: Orl\xe9ans\r\n\r\n", "200 OK"),
            (b"GET /caf\xe9 HTTP/1.1\r\nHost: localhost\r\n\r\n", "404 Not Found"),
            (b"\xff\xfe / HTTP/1.1\r\nHost: localhost\r\n\r\n", "405 Method Not Allowed"),
        ];
        for (request, status) in requests {
            c.want(format!("{status}, for \"{}\"", request.escape_ascii()));
            let mut client = site.client(c, "client")?;
            client.send(request)?;
            gets(c, "client", &mut client, status, |_, ending| {
                (ending != Ending::Silence).then_some(&NOT_TEXT)
            })?;
        }
        Ok(())
    })
}

#[test]
fn a_head_has_a_limit() -> Outcome {
    check_within(LIMIT, |c| {
        let site = start(c, 4, AMPLE)?;
        let mut random = c.random();
        for (length, status) in
            [(HEAD, "200 OK"), (HEAD + 1, "431 Request Header Fields Too Large")]
        {
            c.want(format!("{status}: a head of {length} bytes, where {HEAD} are allowed"));
            let mut head = b"GET / HTTP/1.1\r\nPad: ".to_vec();
            head.resize(length - 4, b'x');
            head.extend(b"\r\n\r\n");
            let mut client = site.client(c, "client")?;
            client.send_pieces(&random.pieces(&head, 300))?;
            gets(c, "client", &mut client, status, |got, _| {
                (length > HEAD && got.starts_with(b"HTTP/1.1 200")).then_some(&UNBOUNDED_HEAD)
            })?;
        }
        for (name, line) in [("short lines", &b"Pad: x\r\n"[..]), ("one line", b"xxxxxxxx")] {
            c.want(format!("431, while the client still sends {name} and no end of its head"));
            let mut client = site.client(c, "client")?;
            client.send(&[b"GET / HTTP/1.1\r\n", &line.repeat(500)[..]].concat())?;
            gets(c, "client", &mut client, "431 Request Header Fields Too Large", |_, ending| {
                (ending == Ending::Silence).then_some(&UNBOUNDED_HEAD)
            })?;
        }
        site.serves(c, "next client")
    })
}

#[test]
fn the_server_outlives_a_failed_accept() -> Outcome {
    check_alone(|c| {
        let site = start(c, 4, AMPLE)?;
        site.serves(c, "first client")?;
        c.want("`serve` goes on, and waits a little before it tries again");
        let (mut client, pace) = site.serve.pace_without_descriptors(site.address)?;
        match pace {
            Pace::Ended => return Err(c.fail(&LOOP_DIES, "")),
            Pace::Spins => {
                let again = "your `serve` asked again and again, without a pause";
                return Err(c.fail(&LOOP_SPINS, again));
            }
            Pace::Waits => {}
        }
        c.want("the client gets 200 OK, now that the shortage is over");
        client.send(GET)?;
        gets(c, "client", &mut client, "200 OK", |_, _| None)?;
        site.serves(c, "next client")
    })
}

/// A request that the server refuses, with a body of 200 kB.
fn post() -> Vec<u8> {
    let head = format!("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {BODY}\r\n\r\n");
    [head.into_bytes(), vec![b'x'; BODY]].concat()
}
