//! Graded test of `echo-client`.

use std::io;
use std::net::TcpStream;
use std::time::Duration;

use echo_client::echo;
use harness::{Bytes, Check, Ending, Mistake, Outcome, Peer, Running, check};
use socket2::SockRef;

const NO_HALF_CLOSE: Mistake = Mistake {
    name: "no-half-close",
    why: "the server cannot know that your last byte was the last: it waits for more of your bytes, and you wait for its reply",
    spec: "shutdown(2), SHUT_WR; RFC 9293 §3.6.1",
};
const BOTH_HALVES: Mistake = Mistake {
    name: "closes-both-halves",
    why: "your reading half was gone before the reply came; only the writing half is to end: `shutdown(Shutdown::Write)`",
    spec: "shutdown(2): SHUT_WR, SHUT_RDWR",
};
const ONE_FOR_ONE: Mistake = Mistake {
    name: "one-write-one-read",
    why: "after a part of your bytes you wait for its echo; a server may read all of them before it sends back the first",
    spec: "RFC 9293 §3.7: no correlation between writes and reads",
};
const READS_ONCE: Mistake = Mistake {
    name: "reads-once",
    why: "one `read` gives what has arrived by then; the reply is whole at end of stream, `Ok(0)`",
    spec: "read(2), RETURN VALUE; RFC 9293 §3.7",
};
const WRITES_FIRST: Mistake = Mistake {
    name: "writes-all-first",
    why: "you read nothing before all is written; the server cannot send back what you do not take, so it reads no further, and your `write` never returns",
    spec: "RFC 9293 §3.8.6: the window; socket(7), SO_SNDBUF",
};
const RESET_IS_END: Mistake = Mistake {
    name: "reset-taken-for-the-end",
    why: "a reset is an error of `read`, and says that bytes may be missing; only `Ok(0)` says that you have them all",
    spec: "RFC 9293 §3.6: closed normally or aborted (MUST-12)",
};
const UNBOUNDED: Mistake = Mistake {
    name: "unbounded-reply",
    why: "you keep whatever the server sends; an echo is never longer than what you sent, so any byte past that is the last to read",
    spec: "CWE-770; std::io::Read::take",
};

#[test]
fn a_message_and_its_echo() -> Outcome {
    check(|c| {
        let (call, mut server) = start(c, b"hello")?;
        c.want("5 bytes from your code, then its end of stream; and 5 bytes back");
        server.expect(b"hello", None)?;
        // The end comes at once; or, of an answer that waits for the reply, after it.
        let early = server.receive_within(Duration::from_millis(200), 1);
        server.send(b"hello")?;
        if early.1 != Ending::End {
            hears_to_the_end(c, &mut server, b"")?;
        }
        server.close();
        returns(c, &call, b"hello")
    })
}

#[test]
fn a_server_that_reads_all_before_it_replies() -> Outcome {
    check(|c| {
        let mut random = c.random();
        let bytes = random.bytes(200_000);
        let (call, mut server) = start(c, &bytes)?;
        c.want("all bytes and end of stream from your code, while the server says nothing");
        hears_to_the_end(c, &mut server, &bytes)?;
        c.want("the whole reply, up to the server's end of stream");
        let (first, rest) = bytes.split_at(1_000);
        server.send(first)?;
        // A right answer waits for more; one that reads once returns now.
        if let Some(result) = call.returned(Duration::from_millis(20)) {
            return is_reply(c, result, &bytes);
        }
        server.send_pieces(&random.pieces(rest, 20_000))?;
        server.close();
        returns(c, &call, &bytes)
    })
}

#[test]
fn more_than_the_buffers_hold() -> Outcome {
    check(|c| {
        let bytes = c.random().bytes(2 << 20);
        let (stream, mut server) = c.pair("server")?;
        small_buffers(c, &stream, &server)?;
        let call = call(c, stream, &bytes);
        c.want("2 MiB come back while they are being sent");
        let echoed = server.echo(&WRITES_FIRST)?;
        c.ensure(echoed == bytes.len(), None, || format!("{echoed} bytes reached the server"))?;
        server.close();
        returns(c, &call, &bytes)
    })
}

#[test]
fn a_shorter_reply_is_a_reply() -> Outcome {
    check(|c| {
        let (call, mut server) = start(c, b"hello")?;
        hears_to_the_end(c, &mut server, b"hello")?;
        c.want("what the server sent before its end of stream, though it is less than 5 bytes");
        server.send(b"hel")?;
        server.close();
        returns(c, &call, b"hel")
    })
}

#[test]
fn nothing_to_say() -> Outcome {
    check(|c| {
        let (call, mut server) = start(c, b"")?;
        c.want("end of stream from your code, and an empty reply returned");
        hears_to_the_end(c, &mut server, b"")?;
        server.close();
        returns(c, &call, b"")
    })
}

#[test]
fn a_reset_is_an_error() -> Outcome {
    check(|c| {
        let (call, mut server) = start(c, b"hello")?;
        // A `shutdown` after the reset would be an error of its own; so the end comes first.
        hears_to_the_end(c, &mut server, b"hello")?;
        c.want("an error: the server reset the connection, so nobody knows what is missing");
        server.send(b"hell")?;
        let linger = SockRef::from(server.stream()).set_linger(Some(Duration::ZERO));
        linger.map_err(|error| c.fail(None, format!("setting SO_LINGER: {error}")))?;
        drop(server);
        c.did("the server closed with SO_LINGER 0: RST");
        let result = call.result()?;
        c.ensure(result.is_err(), &RESET_IS_END, || format!("your `echo` returned {result:?}"))
    })
}

#[test]
fn no_more_than_was_sent() -> Outcome {
    check(|c| {
        let (call, mut server) = start(c, b"hello")?;
        hears_to_the_end(c, &mut server, b"hello")?;
        c.want("an error of kind InvalidData: no echo of 5 bytes has more than 5");
        server.send_meanwhile([&b"hello"[..], &[b'!'; 100_000]].concat(), true)?;
        match call.result()? {
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(()),
            Err(error) => Err(c.fail(None, format!("an error of kind {:?}", error.kind()))),
            Ok(Bytes(reply)) if reply.len() > 5 => Err(c.fail(&UNBOUNDED, "no error")),
            Ok(_) => {
                Err(c.fail(None, "no error: what the server sent past 5 bytes went unnoticed"))
            }
        }
    })
}

#[test]
fn the_callers_timeout_holds() -> Outcome {
    check(|c| {
        let (stream, server) = c.pair("server")?;
        small_buffers(c, &stream, &server)?;
        let patience = Duration::from_millis(25);
        let set = stream.set_read_timeout(Some(patience));
        set.map_err(|error| c.fail(None, format!("setting a timeout: {error}")))?;
        c.did("gave the stream a read timeout of 25 ms");
        let call = call(c, stream, &vec![b'x'; 2 << 20]);
        c.did("the server reads nothing, and sends nothing");
        c.want("the timeout's error comes back, and no part of your code goes on waiting");
        let result = call.result()?;
        c.ensure(result.is_err(), None, || format!("your `echo` returned {result:?}"))
    })
}

/// A stream to a server, and the answer's `echo` called with it.
fn start(c: &Check, bytes: &[u8]) -> Outcome<(Running<Bytes, io::Error>, Peer)> {
    let (stream, server) = c.pair("server")?;
    Ok((call(c, stream, bytes), server))
}

fn call(c: &Check, stream: TcpStream, bytes: &[u8]) -> Running<Bytes, io::Error> {
    let bytes = bytes.to_vec();
    c.call("echo", &format!("with {} bytes", bytes.len()), move || echo(stream, &bytes).map(Bytes))
}

/// With small buffers 2 MiB are many times more than the four of them hold. Left to itself a
/// system grows them to several MiB each (tcp(7), `tcp_rmem` and `tcp_wmem`).
fn small_buffers(c: &Check, stream: &TcpStream, server: &Peer) -> Outcome {
    for socket in [SockRef::from(stream), SockRef::from(server.stream())] {
        let set = socket.set_recv_buffer_size(64 << 10);
        let set = set.and_then(|()| socket.set_send_buffer_size(64 << 10));
        set.map_err(|error| c.fail(None, format!("setting a buffer's size: {error}")))?;
    }
    c.did("gave both sockets buffers of 64 KiB");
    Ok(())
}

/// The server reads all that the answer sends, and its end of stream.
fn hears_to_the_end(c: &Check, server: &mut Peer, want: &[u8]) -> Outcome {
    c.did("the server reads to the end of your stream");
    let (got, ending) = server.receive(want.len() + 1);
    let mistake = match ending {
        Ending::End if got == want => return Ok(()),
        Ending::Silence if got == want => Some(&NO_HALF_CLOSE),
        // It has stopped within its bytes, while the server reads.
        Ending::Silence if !got.is_empty() && want.starts_with(&got) => Some(&ONE_FOR_ONE),
        _ => None,
    };
    Err(server.differs(want, &got, ending, mistake))
}

/// Fails unless the call returns `want`, which is all that the server sent before it closed.
fn returns(c: &Check, call: &Running<Bytes, io::Error>, want: &[u8]) -> Outcome {
    is_reply(c, call.result()?, want)
}

fn is_reply(c: &Check, result: io::Result<Bytes>, want: &[u8]) -> Outcome {
    // The server did all in order: what broke the stream was on this side.
    let broken = result.as_ref().is_err_and(|error| {
        matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::NotConnected)
    });
    let Bytes(reply) = c.ok("your `echo`", result, broken.then_some(&BOTH_HALVES))?;
    let mistake = match &*reply {
        [] => Some(&BOTH_HALVES),
        reply if want.starts_with(reply) => Some(&READS_ONCE),
        _ => None,
    };
    c.same_bytes(want, &reply, mistake)
}
