//! Graded test of `bound-the-wait`.

use std::io::{self, ErrorKind, Read};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use bound_the_wait::ask;
use harness::{Bytes, Check, Mistake, Outcome, Peer, Running, check, check_within};
use socket2::SockRef;

const READS_ONCE: Mistake = Mistake {
    name: "reads-once",
    why: "one `read` gives what has arrived by then; the reply is whole when its last byte is there",
    spec: "read(2), RETURN VALUE; RFC 9293 §3.7",
};
const NO_TIMEOUT: Mistake = Mistake {
    name: "no-timeout",
    why: "a `read` without a timeout waits for as long as the peer likes, and TCP does not notice that a peer is gone",
    spec: "socket(7), SO_RCVTIMEO: the default is no timeout",
};
const WOULD_BLOCK: Mistake = Mistake {
    name: "would-block-or-timed-out",
    why: "a timeout that ran out is `WouldBlock` on Unix and `TimedOut` on Windows; your caller is to see `TimedOut`",
    spec: "std::net::TcpStream::set_read_timeout; socket(7), SO_RCVTIMEO",
};
const TIMEOUT_PER_READ: Mistake = Mistake {
    name: "timeout-per-read",
    why: "each `read` got the whole time again, so a byte now and then keeps you for ever",
    spec: "socket(7), SO_RCVTIMEO: of one call",
};
const UNBOUNDED_WRITE: Mistake = Mistake {
    name: "unbounded-write",
    why: "the deadline does not hold while you send: a peer that reads nothing, or a little at a time, keeps you for ever",
    spec: "socket(7), SO_SNDTIMEO: of one call; write(2)",
};
const ZERO_TIMEOUT: Mistake = Mistake {
    name: "zero-timeout",
    why: "when nothing is left of the time, it is over; a timeout of zero is refused by the library, and means for ever to the system",
    spec: "std::net::TcpStream::set_read_timeout; socket(7), SO_RCVTIMEO",
};
const ZERO_AGAIN: Mistake = Mistake {
    name: "zero-means-again",
    why: "`Ok(0)` from `read` is the end of the stream, not a pause: nothing will ever come after it",
    spec: "read(2), RETURN VALUE; RFC 9293 §3.6",
};

/// A time that no check reaches.
const LONG: Duration = Duration::from_secs(10);
/// A time that a check waits out.
const SHORT: Duration = Duration::from_millis(60);
/// For a check that is made again where its slow peer was not steady.
const REPEATED: Duration = Duration::from_secs(10);
/// Many more bytes than the buffers of both sockets hold.
const MANY: usize = 64 << 20;
/// How long a slow server pauses: many times, within `SHORT`.
const PAUSE: Duration = Duration::from_millis(3);

type Asking = Running<Bytes, io::Error>;

#[test]
fn a_reply_in_time() -> Outcome {
    check(|c| {
        let (mut stream, mut server) = c.pair("server")?;
        let asking = c.call("ask", "with 6 bytes, for 4, within 10s", move || {
            let mut reply = [0; 4];
            ask(&mut stream, b"hello?", &mut reply, Instant::now() + LONG)?;
            let mut behind = Vec::new();
            stream.read_to_end(&mut behind)?;
            Ok::<_, io::Error>((Bytes(reply.to_vec()), Bytes(behind)))
        });
        c.want("the 4 bytes of the reply; those behind them stay in the stream");
        server.expect(b"hello?", None)?;
        server.send(b"yes.more")?;
        server.half_close()?;
        let (reply, behind) = c.ok("your `ask`", asking.result()?, None)?;
        c.same_bytes(b"yes.", &reply.0, None)?;
        c.ensure(behind.0 == b"more", None, || format!("behind the reply are {behind:?} left"))
    })
}

#[test]
fn a_reply_in_pieces() -> Outcome {
    check(|c| {
        let mut random = c.random();
        let (request, reply) = (random.bytes(1_000), random.bytes(3_000));
        let (stream, mut server) = c.pair("server")?;
        let (asking, _) = asks(c, stream, &*request, reply.len(), LONG);
        c.want("Ok(()), and the whole reply, though it comes in pieces and with a pause");
        server.expect(&request, None)?;
        server.send(&reply[..1_000])?;
        let early = asking.returned(Duration::from_millis(20));
        if early.is_none() {
            server.send_pieces(&random.pieces(&reply[1_000..], 300))?;
        }
        let Bytes(got) = c.ok("your `ask`", early.map_or_else(|| asking.result(), Ok)?, None)?;
        let begun = got[..1_000] == reply[..1_000];
        c.same_bytes(&reply, &got, begun.then_some(&READS_ONCE))
    })
}

#[test]
fn a_silent_server() -> Outcome {
    check(|c| {
        let (stream, mut server) = c.pair("server")?;
        let (asking, deadline) = asks(c, stream, *b"hello?", 4, SHORT / 2);
        c.did("the server says nothing");
        // So that the record shows the question; on a busy machine the deadline may come before it.
        let _ = server.receive_within(SHORT / 2, 6);
        times_out(c, &asking, deadline, &NO_TIMEOUT)
    })
}

#[test]
fn a_deadline_that_has_passed() -> Outcome {
    check(|c| {
        let (stream, _server) = c.pair("server")?;
        let (asking, deadline) = asks(c, stream, *b"hello?", 4, Duration::ZERO);
        times_out(c, &asking, deadline, &ZERO_TIMEOUT)
    })
}

#[test]
fn a_byte_now_and_then() -> Outcome {
    check_within(REPEATED, |c| {
        c.steadily(SHORT, || {
            let (stream, server) = c.pair("server")?;
            let (asking, deadline) = asks(c, stream, *b"hello?", 1_000, SHORT);
            let slow = server.trickle(vec![b'x'; 1_000], PAUSE)?;
            times_out(c, &asking, deadline, &TIMEOUT_PER_READ)?;
            Ok(slow)
        })
    })
}

#[test]
fn a_server_that_reads_nothing() -> Outcome {
    check(|c| {
        let (stream, server) = c.pair("server")?;
        small_buffers(c, &stream, &server)?;
        let (asking, deadline) = asks(c, stream, vec![0; MANY], 4, SHORT / 2);
        c.did("the server reads nothing");
        times_out(c, &asking, deadline, &UNBOUNDED_WRITE)
    })
}

#[test]
fn a_server_that_reads_a_little_at_a_time() -> Outcome {
    check_within(REPEATED, |c| {
        c.steadily(SHORT, || {
            let (stream, server) = c.pair("server")?;
            small_buffers(c, &stream, &server)?;
            let (asking, deadline) = asks(c, stream, vec![0; MANY], 4, SHORT);
            let slow = server.sip(64 << 10, PAUSE)?;
            times_out(c, &asking, deadline, &UNBOUNDED_WRITE)?;
            Ok(slow)
        })
    })
}

#[test]
fn an_end_within_the_reply() -> Outcome {
    check(|c| {
        let (stream, mut server) = c.pair("server")?;
        let (asking, _) = asks(c, stream, *b"hello?", 4, LONG);
        server.expect(b"hello?", None)?;
        server.send(b"ye")?;
        server.half_close()?;
        c.want("an error of kind UnexpectedEof: two bytes of four are no reply");
        let result = asking.result().map_err(|report| {
            if asking.still_runs() { report.because(&ZERO_AGAIN) } else { report }
        })?;
        let right = matches!(&result, Err(error) if error.kind() == ErrorKind::UnexpectedEof);
        c.ensure(right, None, || format!("your `ask` returned {result:?}"))
    })
}

#[test]
fn a_reset_is_no_timeout() -> Outcome {
    check(|c| {
        let (stream, server) = c.pair("server")?;
        let (asking, _) = asks(c, stream, *b"hello?", 4, LONG);
        server.reset()?;
        c.want("the system's own error, ConnectionReset");
        let result = asking.result()?;
        let right = matches!(&result, Err(error) if error.kind() == ErrorKind::ConnectionReset);
        c.ensure(right, None, || format!("your `ask` returned {result:?}"))
    })
}

/// Calls the answer, for a reply of `count` bytes. Returns its deadline, too.
fn asks(
    c: &Check,
    mut stream: TcpStream,
    request: impl Into<Vec<u8>>,
    count: usize,
    within: Duration,
) -> (Asking, Instant) {
    let request = request.into();
    let time = match within {
        Duration::ZERO => "by a deadline that has passed".to_owned(),
        within => format!("within {within:?}"),
    };
    let how = format!("with {} bytes, for {count}, {time}", request.len());
    let deadline = Instant::now() + within;
    let asking = c.call("ask", &how, move || {
        let mut reply = vec![0; count];
        ask(&mut stream, &request, &mut reply, deadline).map(|()| Bytes(reply))
    });
    (asking, deadline)
}

/// Fails unless the call ends with `TimedOut`, not before its deadline and not long after it.
fn times_out(c: &Check, asking: &Asking, deadline: Instant, endless: &'static Mistake) -> Outcome {
    c.want("an error of kind TimedOut, at the deadline");
    let result = asking
        .result()
        .map_err(|report| if asking.still_runs() { report.because(endless) } else { report })?;
    let kind = result.as_ref().err().map(io::Error::kind);
    let mistake = match kind {
        Some(ErrorKind::TimedOut) if Instant::now() >= deadline => return Ok(()),
        Some(ErrorKind::TimedOut) => {
            return Err(c.fail(None, "your `ask` returned TimedOut before the deadline"));
        }
        Some(ErrorKind::WouldBlock) => Some(&WOULD_BLOCK),
        Some(ErrorKind::InvalidInput) => Some(&ZERO_TIMEOUT),
        _ => None,
    };
    Err(c.fail(mistake, format!("your `ask` returned {result:?}")))
}

/// So that little is under way, however large the system lets buffers grow (`tcp(7)`).
fn small_buffers(c: &Check, stream: &TcpStream, server: &Peer) -> Outcome {
    for socket in [SockRef::from(stream), SockRef::from(server.stream())] {
        let set = socket.set_recv_buffer_size(64 << 10);
        let set = set.and_then(|()| socket.set_send_buffer_size(64 << 10));
        set.map_err(|error| c.fail(None, format!("setting a buffer's size: {error}")))?;
    }
    c.did("gave both sockets buffers of 64 KiB");
    Ok(())
}
