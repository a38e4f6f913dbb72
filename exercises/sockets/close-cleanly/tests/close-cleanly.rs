//! Graded test of `close-cleanly`.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use close_cleanly::{Closed, close_cleanly};
use harness::{Check, Ending, Mistake, Outcome, Peer, Running, check, check_within};
use socket2::SockRef;

const RESET_ON_CLOSE: Mistake = Mistake {
    name: "reset-on-close",
    why: "you close while the client may still be sending; bytes that nobody reads are answered with RST, and that throws away what of your reply is still on its way",
    spec: "RFC 9293 §3.6.1: RST where data is pending (SHLD-3); RFC 9112 §9.6",
};
const DRAINS_FIRST: Mistake = Mistake {
    name: "drains-before-shutdown",
    why: "you wait for the client's end before you have sent your own; the client does the same, so both wait",
    spec: "RFC 9293 §3.6.1; shutdown(2), SHUT_WR",
};
const UNBOUNDED: Mistake = Mistake {
    name: "unbounded-drain",
    why: "you read for as long as the client likes, so one that never ends keeps you for ever",
    spec: "CWE-400; RFC 9112 §9.5",
};
const TIMEOUT_PER_READ: Mistake = Mistake {
    name: "timeout-per-read",
    why: "each byte begins a new wait, so a client that sends one now and then keeps you for ever",
    spec: "socket(7), SO_RCVTIMEO: of one call",
};
const WOULD_BLOCK: Mistake = Mistake {
    name: "would-block-or-timed-out",
    why: "a read whose timeout ran out is `WouldBlock` on Unix and `TimedOut` on Windows; you know only one of them",
    spec: "std::net::TcpStream::set_read_timeout; socket(7), SO_RCVTIMEO",
};
const INTERRUPTED: Mistake = Mistake {
    name: "interrupted-is-an-error",
    why: "a signal came while `read` was waiting, and the read failed with `Interrupted`; nothing is wrong with the client: read again, for the time that is left",
    spec: "signal(7): interruption of system calls; read(2), ERRORS, EINTR",
};
const RESET_IS_END: Mistake = Mistake {
    name: "reset-taken-for-the-end",
    why: "a reset is an error of `read`, and not the client's end: nobody knows what the client has read",
    spec: "RFC 9293 §3.6: closed normally or aborted (MUST-12)",
};

/// More than any check that should not reach it.
const LIMIT: usize = 1 << 20;
/// Longer than a peer of this test waits for anything.
const PATIENCE: Duration = Duration::from_secs(5);
/// For a check that is made again where its slow peer was not steady.
const REPEATED: Duration = Duration::from_secs(10);
/// The patience that a check waits out.
const SHORT: Duration = Duration::from_millis(60);

#[test]
fn a_client_that_has_said_all() -> Outcome {
    check(|c| {
        let (stream, mut client) = c.pair("client")?;
        client.send(b"request")?;
        reads(c, &stream, 7)?;
        let call = closes(c, stream, b"reply", LIMIT, PATIENCE)?;
        c.want("the reply, then end of stream; and ByBoth, once the client has ended its half");
        hears_to_the_end(c, &mut client, b"reply")?;
        client.close();
        ends(c, &call, Closed::ByBoth)
    })
}

#[test]
fn the_last_reply_arrives_whole() -> Outcome {
    check(|c| {
        let mut random = c.random();
        let (request, reply) = (random.bytes(50_000), random.bytes(500_000));
        let (stream, mut client) = c.pair("client")?;
        client.send(&request)?;
        reads(c, &stream, 1_000)?;
        let call = closes(c, stream, &reply, LIMIT, PATIENCE)?;
        c.want("all 500000 bytes of the reply, though the client's other bytes were never read");
        // A right answer is waiting for the client now. One that only closes has done so.
        let early = call.returned(Duration::from_millis(20));
        hears_to_the_end(c, &mut client, &reply)?;
        c.want("no close before the client's end: it is still sending");
        let sent = client.send(&request);
        if let Some(result) = early.or_else(|| call.returned(Duration::from_millis(30))) {
            let got = format!("your `close_cleanly` returned {result:?} before the client's end");
            return Err(c.fail(&RESET_ON_CLOSE, got));
        }
        sent?;
        client.half_close()?;
        ends(c, &call, Closed::ByBoth)
    })
}

#[test]
fn a_signal_while_the_client_takes_its_time() -> Outcome {
    check(|c| {
        let (stream, mut client) = c.pair("client")?;
        let call = closes(c, stream, b"reply", LIMIT, PATIENCE)?;
        hears_to_the_end(c, &mut client, b"reply")?;
        call.interrupt();
        c.want("ByBoth, once the client has ended its half: the signal changes nothing");
        client.half_close()?;
        let result = call.result()?;
        let died = matches!(&result, Err(error) if error.kind() == ErrorKind::Interrupted);
        c.ensure(matches!(result, Ok(Closed::ByBoth)), died.then_some(&INTERRUPTED), || {
            format!("your `close_cleanly` returned {result:?}")
        })
    })
}

#[test]
fn a_client_that_stays() -> Outcome {
    check(|c| {
        let (stream, mut client) = c.pair("client")?;
        let call = closes(c, stream, b"reply", LIMIT, SHORT / 2)?;
        hears_to_the_end(c, &mut client, b"reply")?;
        c.did("the client says nothing, and stays");
        c.want("PeerStayed after 30 ms");
        gives_up(c, &call, Closed::PeerStayed, &UNBOUNDED)
    })
}

#[test]
fn a_client_that_sends_a_byte_now_and_then() -> Outcome {
    check_within(REPEATED, |c| {
        c.steadily(SHORT, || {
            let (stream, mut client) = c.pair("client")?;
            let call = closes(c, stream, b"reply", LIMIT, SHORT)?;
            hears_to_the_end(c, &mut client, b"reply")?;
            let slow = client.trickle(vec![b'x'; 1_000], Duration::from_millis(3))?;
            c.want("PeerStayed after 60 ms, however many bytes came meanwhile");
            gives_up(c, &call, Closed::PeerStayed, &TIMEOUT_PER_READ)?;
            Ok(slow)
        })
    })
}

#[test]
fn a_client_that_never_stops() -> Outcome {
    check(|c| {
        let (stream, mut client) = c.pair("client")?;
        let call = closes(c, stream, b"reply", 100_000, PATIENCE)?;
        hears_to_the_end(c, &mut client, b"reply")?;
        client.send_meanwhile(vec![b'x'; 8 << 20], false)?;
        c.want("PeerKeptSending after 100000 bytes");
        gives_up(c, &call, Closed::PeerKeptSending, &UNBOUNDED)
    })
}

#[test]
fn as_much_as_the_limit_is_not_too_much() -> Outcome {
    check(|c| {
        for (count, closed) in [(10, Closed::ByBoth), (11, Closed::PeerKeptSending)] {
            c.attempt(format!("the limit is 10 bytes, and the client sends {count}"));
            let (stream, mut client) = c.pair("client")?;
            client.send(&b"01234567890"[..count])?;
            let call = closes(c, stream, b"reply", 10, PATIENCE)?;
            c.want(format!("{closed:?}"));
            hears_to_the_end(c, &mut client, b"reply")?;
            client.half_close()?;
            ends(c, &call, closed)?;
        }
        Ok(())
    })
}

#[test]
fn a_reset_is_an_error() -> Outcome {
    check(|c| {
        let (stream, mut client) = c.pair("client")?;
        let call = closes(c, stream, b"reply", LIMIT, PATIENCE)?;
        // A `shutdown` after the reset would be an error of its own; so the end comes first.
        hears_to_the_end(c, &mut client, b"reply")?;
        c.want("an error: the client reset the connection");
        let linger = SockRef::from(client.stream()).set_linger(Some(Duration::ZERO));
        linger.map_err(|error| c.fail(None, format!("setting SO_LINGER: {error}")))?;
        drop(client);
        c.did("the client closed with SO_LINGER 0: RST");
        let result = call.result()?;
        let taken = matches!(result, Ok(Closed::ByBoth)).then_some(&RESET_IS_END);
        c.ensure(result.is_err(), taken, || format!("your `close_cleanly` returned {result:?}"))
    })
}

/// The server's part before it closes: it has read so much of what the client sent.
fn reads(c: &Check, stream: &TcpStream, count: usize) -> Outcome {
    let mut stream = stream;
    let read = stream.read_exact(&mut vec![0; count]);
    read.map_err(|error| c.fail(None, format!("reading the request: {error}")))?;
    c.did(format!("the server read {count} bytes of it"));
    Ok(())
}

/// Writes the reply to the stream, then calls the answer.
fn closes(
    c: &Check,
    mut stream: TcpStream,
    reply: &[u8],
    limit: usize,
    patience: Duration,
) -> Outcome<Running<Closed, io::Error>> {
    let written = stream.set_write_timeout(Some(PATIENCE)).and_then(|()| stream.write_all(reply));
    written.map_err(|error| c.fail(None, format!("writing the reply: {error}")))?;
    c.did(format!("the server wrote a reply of {} bytes", reply.len()));
    let how = format!("with a limit of {limit} bytes and a patience of {patience:?}");
    Ok(c.call("close_cleanly", &how, move || close_cleanly(stream, limit, patience)))
}

/// The client reads the reply and the server's end of stream.
fn hears_to_the_end(c: &Check, client: &mut Peer, want: &[u8]) -> Outcome {
    c.did("the client reads to the end of the stream");
    let (got, ending) = client.receive(want.len() + 1);
    match ending {
        Ending::End if got == want => Ok(()),
        Ending::Reset => Err(client.differs(want, &got, ending, &RESET_ON_CLOSE)),
        Ending::Silence if got == want => {
            // Is it this that the answer waits for?
            client.half_close()?;
            let (_, then) = client.receive_within(Duration::from_millis(500), 1);
            if then == Ending::End {
                c.saw("when the client had ended its own half, yours ended too");
            }
            let mistake = (then == Ending::End).then_some(&DRAINS_FIRST);
            Err(client.differs(want, &got, ending, mistake))
        }
        _ => Err(client.differs(want, &got, ending, None)),
    }
}

/// Fails unless the call returns what is wanted, now that the client has ended its half.
fn ends(c: &Check, call: &Running<Closed, io::Error>, want: Closed) -> Outcome {
    let result = call.result()?;
    c.ensure(matches!(result, Ok(closed) if closed == want), None, || {
        format!("your `close_cleanly` returned {result:?}")
    })
}

/// Fails unless the call returns what is wanted, though the client has not ended its half.
fn gives_up(
    c: &Check,
    call: &Running<Closed, io::Error>,
    want: Closed,
    hangs: &'static Mistake,
) -> Outcome {
    let result = call
        .result()
        .map_err(|report| if call.still_runs() { report.because(hangs) } else { report })?;
    let mistake = match &result {
        Ok(Closed::ByBoth) => Some(&RESET_ON_CLOSE),
        Err(error) => {
            let timeout = matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
            timeout.then_some(&WOULD_BLOCK)
        }
        _ => None,
    };
    c.ensure(matches!(result, Ok(closed) if closed == want), mistake, || {
        format!("your `close_cleanly` returned {result:?}")
    })
}
