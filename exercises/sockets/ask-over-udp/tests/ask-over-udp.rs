//! Graded test of `ask-over-udp`.

use std::collections::HashSet;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ask_over_udp::{ask, backoff};
use harness::{Bytes, Check, DatagramPeer, Mistake, Outcome, Running, check};

const TRUNCATED: Mistake = Mistake {
    name: "silent-truncation",
    why: "what does not fit into the buffer of a `recv_from` is thrown away, and nobody is told",
    spec: "udp(7), DESCRIPTION; recv(2), MSG_TRUNC",
};
const PREDICTABLE_ID: Mistake = Mistake {
    name: "predictable-id",
    why: "whoever can tell the next id can send a reply to it, without having seen the request",
    spec: "RFC 5452 §9.2; RFC 8489 §5",
};
const NO_ID: Mistake = Mistake {
    name: "no-request-id",
    why: "a reply is the reply to this question only if it begins with this question's id",
    spec: "RFC 5452 §9.1; RFC 8489 §6.3",
};
const ANY_SENDER: Mistake = Mistake {
    name: "any-sender",
    why: "a UDP socket receives from everybody: compare the sender, address and port, with the server",
    spec: "RFC 5452 §9.1; recv(2), src_addr",
};
const WAITS: Mistake = Mistake {
    name: "waits-for-ever",
    why: "the request was lost, nobody knows it but you, and nothing ends the wait",
    spec: "udp(7), DESCRIPTION: unreliable; socket(7), SO_RCVTIMEO",
};
const WOULD_BLOCK: Mistake = Mistake {
    name: "would-block-or-timed-out",
    why: "a read that timed out is `WouldBlock` on Unix and `TimedOut` on Windows; one was forgotten",
    spec: "std::net::UdpSocket::set_read_timeout; socket(7), SO_RCVTIMEO",
};
const NEW_ID: Mistake = Mistake {
    name: "new-id-each-retry",
    why: "a request that is sent again under another id disowns the reply to the first, which is only late",
    spec: "RFC 8489 §5, §6.2.1",
};
const PER_READ: Mistake = Mistake {
    name: "timeout-per-read",
    why: "each datagram that is not the reply started the wait anew, so it never ended",
    spec: "socket(7), SO_RCVTIMEO: it bounds one call",
};
const FIXED: Mistake = Mistake {
    name: "fixed-retry",
    why: "each wait is to be twice the one before: what was lost to overload must not be sent at the old pace",
    spec: "RFC 8489 §6.2.1; RFC 8085 §3.1.3",
};
const REFUSED: Mistake = Mistake {
    name: "refused-is-final",
    why: "`ConnectionRefused` tells of some earlier datagram that met a closed port; a later one may not",
    spec: "udp(7), ERRORS: ECONNREFUSED",
};

/// A wait that no check outlives, and one that passes at once.
const LONG: Duration = Duration::from_secs(10);
const MOMENT: Duration = Duration::from_millis(4);
/// How long the server waits for a request.
const PATIENCE: Duration = Duration::from_millis(1_500);
/// The longest payload that the system sends: 65,507 bytes over IPv4, of which BSDs allow fewer.
const LONGEST: usize = if cfg!(any(target_os = "linux", windows)) { 65_507 } else { 9_216 };

#[test]
fn each_wait_is_twice_the_one_before() -> Outcome {
    check(|c| waits_are(c, 500, 60_000, &[500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000]))
}

#[test]
fn no_wait_is_longer_than_the_longest() -> Outcome {
    check(|c| {
        waits_are(c, 1_000, 5_000, &[1_000, 2_000, 4_000, 5_000, 5_000])?;
        waits_are(c, 3, 2, &[2, 2])?;
        waits_are(c, 1, 1_000, &[])?;
        c.did("called `backoff(1s, Duration::MAX, 1000)`");
        c.want("1000 waits, of which the last is `Duration::MAX`: doubling must not overflow");
        let waits = backoff(Duration::from_secs(1), Duration::MAX, 1000);
        let right = waits.len() == 1000 && waits.last() == Some(&Duration::MAX);
        c.ensure(right, None, || format!("{} waits, the last {:?}", waits.len(), waits.last()))
    })
}

#[test]
fn a_reply_comes_back() -> Outcome {
    check(|c| {
        let mut asked = Asked::new(c, b"what time is it?", &[LONG])?;
        asked.reply(b"ten past nine")?;
        asked.replied(b"ten past nine", None)
    })
}

#[test]
fn nothing_asked_and_nothing_replied() -> Outcome {
    check(|c| {
        let mut asked = Asked::new(c, b"", &[LONG])?;
        asked.reply(b"")?;
        asked.replied(b"", None)
    })
}

#[test]
fn a_long_reply_arrives_whole() -> Outcome {
    check(|c| {
        let body = c.random().bytes(LONGEST - 8);
        let mut asked = Asked::new(c, b"all of it", &[LONG])?;
        asked.reply(&body)?;
        c.want(format!("Ok, with all {} bytes of the reply's body", body.len()));
        let Bytes(got) = c.ok("`ask`", asked.asking.result()?, None)?;
        let cut = got.len() < body.len() && body.starts_with(&got);
        c.same_bytes(&body, &got, cut.then_some(&TRUNCATED))
    })
}

#[test]
fn every_question_has_an_id_that_nobody_can_guess() -> Outcome {
    check(|c| {
        let mut asked = Asked::new(c, b"again?", &[LONG])?;
        let mut ids = vec![asked.id];
        c.in_one_step("asked 7 times more, each time after the reply", || {
            for number in 1..8 {
                asked.reply(format!("answer {number}").as_bytes())?;
                asked.replied(format!("answer {number}").as_bytes(), None)?;
                asked.next(b"again?")?;
                ids.push(asked.id);
            }
            Ok(())
        })?;
        c.want("8 ids that say nothing of each other: random bytes, for each question anew");
        let different: HashSet<_> = ids.iter().collect();
        c.ensure(different.len() == 8, &PREDICTABLE_ID, || {
            "the same id in several requests".into()
        })?;
        // Of random ids, 8 begin with the same 2 bytes once in 2^112 times.
        let alike = ids.iter().all(|id| id[..2] == ids[0][..2]);
        let got = "ids that all begin with the same 2 bytes, as those of a counter or a clock do";
        c.ensure(!alike, &PREDICTABLE_ID, || got.into())
    })
}

#[test]
fn nobody_answers() -> Outcome {
    check(|c| {
        let mut asked = Asked::new(c, b"hello?", &[MOMENT])?;
        asked.timed_out()?;
        c.want("one request, for the one wait");
        let more = asked.server.receive_within(Duration::ZERO)?;
        c.ensure(more.is_none(), None, || "a second".into())
    })
}

#[test]
fn a_late_reply_is_not_the_reply() -> Outcome {
    check(|c| {
        let mut asked = Asked::new(c, b"first question", &[MOMENT])?;
        asked.timed_out()?;
        asked.reply(b"first reply")?;
        asked.next(b"second question")?;
        asked.reply(b"second reply")?;
        asked.replied(b"second reply", &NO_ID)?;
        c.did("the second reply came twice, as the network likes to do");
        asked.reply(b"second reply")?;
        asked.next(b"third question")?;
        asked.reply(b"third reply")?;
        asked.replied(b"third reply", &NO_ID)
    })
}

#[test]
fn a_stranger_is_not_the_server() -> Outcome {
    check(|c| {
        let mut stranger = DatagramPeer::bind(c, "stranger")?;
        let mut asked = Asked::new(c, b"who are you?", &[LONG])?;
        c.did("a stranger at another port knows the id, and is faster than the server");
        stranger.send_to(&[&asked.id, &b"the server"[..]].concat(), asked.client)?;
        asked.reply(b"I am the server")?;
        asked.replied(b"I am the server", &ANY_SENDER)
    })
}

#[test]
fn noise_is_not_the_reply() -> Outcome {
    check(|c| {
        let mut asked = Asked::new(c, b"hello?", &[LONG])?;
        let (id, client) = (asked.id, asked.client);
        c.did("next come: no byte, 7 of the id's 8, an id with another last bit, the reply");
        asked.server.send_to(b"", client)?;
        asked.server.send_to(&id[..7], client)?;
        let mut other = [&id, &b"not for you"[..]].concat();
        other[7] ^= 1;
        asked.server.send_to(&other, client)?;
        asked.reply(b"hello!")?;
        asked.replied(b"hello!", &NO_ID)
    })
}

#[test]
fn a_lost_request_is_sent_again() -> Outcome {
    check(|c| {
        // Timed from before the call: what is seen late never seems to come early.
        let begin = Instant::now();
        let mut asked = Asked::new(c, b"hello?", &[5 * MOMENT, LONG, LONG])?;
        let first = asked.id;
        c.did("the server said nothing");
        asked.again(&WAITS)?;
        // Half of it, since read timeouts are rounded to the kernel's ticks.
        let waited = begin.elapsed() >= 5 * MOMENT / 2;
        c.ensure(waited, None, || format!("it, after {:?} of {:?}", begin.elapsed(), 5 * MOMENT))?;
        c.want("the same datagram again, with its id: the reply to the first may only be late");
        c.ensure(asked.id == first, &NEW_ID, || "the same body under another id".into())?;
        c.want("no third request: the second wait is a long one");
        let third = asked.server.receive_within(12 * MOMENT)?;
        c.ensure(third.is_none(), &FIXED, || "a third request".into())?;
        asked.reply(b"hello!")?;
        asked.replied(b"hello!", None)
    })
}

#[test]
fn a_chatty_server_does_not_make_the_wait_longer() -> Outcome {
    check(|c| {
        let mut asked = Asked::new(c, b"hello?", &[20 * MOMENT, LONG])?;
        c.did("the server sent a byte of noise every millisecond from here on");
        let (client, end) = (asked.client, Instant::now() + c.time_left());
        let stop = Arc::new(AtomicBool::new(false));
        for _ in 0..2 {
            let noisy = c.ok("`try_clone`", asked.server.socket().try_clone(), None)?;
            let stop = stop.clone();
            c.spawn(move || {
                while !stop.load(Ordering::Relaxed) && Instant::now() < end {
                    let _ = noisy.send_to(b"?", client);
                    thread::sleep(Duration::from_millis(1)); // The pace of the noise.
                }
            });
        }
        let again = asked.again(&PER_READ);
        stop.store(true, Ordering::Relaxed);
        again?;
        asked.reply(b"hello!")?;
        asked.replied(b"hello!", None)
    })
}

#[test]
fn a_refused_request_is_a_lost_one() -> Outcome {
    check(|c| {
        if !cfg!(target_os = "linux") {
            return Err(c.skip("other systems than Linux do not `send_to` on a connected socket"));
        }
        let (server, socket) = (DatagramPeer::bind(c, "server")?, c.udp_socket()?);
        let address = server.address()?;
        // Connected to itself, it hears nobody else: for them its port is closed, and still ours.
        c.ok("`connect`", server.socket().connect(address), None)?;
        c.ok("`connect`", socket.connect(address), None)?;
        c.ok("`send`", socket.send(b"an earlier question"), None)?;
        c.did("connected your socket to a server that is not there yet: a refusal waits in it");
        let mut asked = Asked::by(c, server, socket, b"hello?", &[4 * MOMENT; 500])?;
        c.want("`ask` goes on, until the server is there");
        if let Some(result) = asked.asking.returned(10 * MOMENT) {
            let refused = result.as_ref().is_err_and(|e| e.kind() == ErrorKind::ConnectionRefused);
            let got = format!("`ask` returned {result:?}");
            return Err(c.fail(refused.then_some(&REFUSED), got));
        }
        c.ok("`connect`", asked.server.socket().connect(asked.client), None)?;
        c.did("the server started");
        asked.again(None)?;
        asked.reply(b"hello!")?;
        asked.replied(b"hello!", None)
    })
}

#[test]
fn what_cannot_be_sent_is_an_error_at_once() -> Outcome {
    check(|c| {
        let (server, socket) = (DatagramPeer::bind(c, "server")?, c.udp_socket()?);
        let asked = Asked::by(c, server, socket, &[0; 65_508], &[LONG])?;
        c.want("the system's error, at once: this is too long for a datagram");
        let result = asked.asking.result()?;
        let told = result.as_ref().is_err_and(|error| error.kind() != ErrorKind::TimedOut);
        c.ensure(told, None, || format!("`ask` returned {result:?}"))
    })
}

/// Fails unless `backoff` makes these waits, in milliseconds.
fn waits_are(c: &Check, first: u64, longest: u64, want: &[u64]) -> Outcome {
    let (first, longest) = (Duration::from_millis(first), Duration::from_millis(longest));
    let want: Vec<_> = want.iter().map(|millis| Duration::from_millis(*millis)).collect();
    c.did(format!("called `backoff({first:?}, {longest:?}, {})`", want.len()));
    c.want(format!("{want:?}"));
    let got = backoff(first, longest, want.len());
    let too_soon = got.len() == want.len() && got.iter().zip(&want).any(|(got, want)| got < want);
    c.ensure(got == want, too_soon.then_some(&FIXED), || format!("{got:?}"))
}

/// A question that the answer asks, and the server that it asks.
struct Asked<'c> {
    check: &'c Check,
    server: DatagramPeer,
    socket: UdpSocket,
    question: Vec<u8>,
    asking: Running<Bytes, io::Error>,
    /// Of the request that came last.
    id: [u8; 8],
    client: SocketAddr,
}

impl<'c> Asked<'c> {
    /// Calls `ask`, and receives its first request.
    fn new(c: &'c Check, question: &[u8], waits: &[Duration]) -> Outcome<Self> {
        let (server, socket) = (DatagramPeer::bind(c, "server")?, c.udp_socket()?);
        let mut asked = Self::by(c, server, socket, question, waits)?;
        asked.again(None)?;
        Ok(asked)
    }

    /// Calls `ask`.
    fn by(
        check: &'c Check,
        server: DatagramPeer,
        socket: UdpSocket,
        question: &[u8],
        waits: &[Duration],
    ) -> Outcome<Self> {
        let client = check.ok("`local_addr`", socket.local_addr(), None)?;
        let asking = call(check, &socket, server.address()?, question, waits)?;
        let question = question.to_vec();
        Ok(Self { check, server, socket, question, asking, id: [0; 8], client })
    }

    /// Calls `ask` once more, with the same socket, and receives its request.
    fn next(&mut self, question: &[u8]) -> Outcome {
        let server = self.server.address()?;
        self.asking = call(self.check, &self.socket, server, question, &[LONG])?;
        self.question = question.to_vec();
        self.again(None)
    }

    /// Receives the request. `mistake` is what it means if `ask` waits on and sends none.
    fn again(&mut self, mistake: impl Into<Option<&'static Mistake>>) -> Outcome {
        let c = self.check;
        c.want(format!("a request: 8 bytes of id, then the {} asked", self.question.len()));
        let Some((request, from)) = self.server.receive_within(PATIENCE)? else {
            let waits = self.asking.still_runs();
            let got = if waits { "no request, and `ask` still waits" } else { "no request" };
            return Err(c.fail(mistake.into().filter(|_| waits), got));
        };
        let Some((id, _)) = request.split_first_chunk::<8>() else {
            return Err(c.fail(None, format!("a request of {} bytes", request.len())));
        };
        let no_id = (request == self.question).then_some(&NO_ID);
        c.same_bytes(&[id, &self.question[..]].concat(), &request, no_id)?;
        (self.id, self.client) = (*id, from);
        Ok(())
    }

    /// Sends the server's reply to the request that came last.
    fn reply(&mut self, body: &[u8]) -> Outcome {
        let step = format!("the server sent the id and {:?}", Bytes(body.to_vec()));
        let reply = [&self.id, body].concat();
        self.check.in_one_step(step, || self.server.send_to(&reply, self.client))
    }

    /// Fails unless `ask` returns `body`.
    fn replied(&self, body: &[u8], mistake: impl Into<Option<&'static Mistake>>) -> Outcome {
        self.check.want("Ok, with the body of the server's reply to this question");
        let Bytes(got) = self.check.ok("`ask`", self.asking.result()?, None)?;
        self.check.same_bytes(body, &got, mistake)
    }

    /// Fails unless `ask` returns the error of a question that nobody answered.
    fn timed_out(&self) -> Outcome {
        self.check.want("an error of kind TimedOut, after the last wait");
        let Some(result) = self.asking.returned(PATIENCE) else {
            let mistake = self.asking.still_runs().then_some(&WAITS);
            return Err(self.check.fail(mistake, "`ask` has not returned"));
        };
        let kind = result.as_ref().err().map(io::Error::kind);
        let mistake = (kind == Some(ErrorKind::WouldBlock)).then_some(&WOULD_BLOCK);
        let timed_out = kind == Some(ErrorKind::TimedOut);
        self.check.ensure(timed_out, mistake, || format!("`ask` returned {result:?}"))?;
        self.check.did("`ask` returned an error of kind TimedOut, as it should");
        Ok(())
    }
}

fn call(
    c: &Check,
    socket: &UdpSocket,
    server: SocketAddr,
    question: &[u8],
    waits: &[Duration],
) -> Outcome<Running<Bytes, io::Error>> {
    let socket = c.ok("`try_clone`", socket.try_clone(), None)?;
    let shown =
        if waits.len() > 3 { "many short waits".into() } else { format!("waits {waits:?}") };
    let how = format!("with {:?}, and {shown}", Bytes(question.to_vec()));
    let (question, waits) = (question.to_vec(), waits.to_vec());
    Ok(c.call("ask", &how, move || ask(&socket, server, &question, &waits).map(Bytes)))
}
