//! A service on loopback, and a connection to it that is timed and counted.

use std::io::{self, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use harness::{Check, Clients, Host, Mistake, Outcome, Tap};
use tame_nagle::{ANSWER, NOTE, prepare};

/// How often a conversation is timed. The first few find the peer in a hurry (quickack mode).
const ROUNDS: usize = 15;
/// A delayed acknowledgment takes 40 ms on Linux, and more elsewhere; an answer over loopback
/// takes less than a twentieth of a millisecond.
const SLOW: Duration = Duration::from_millis(20);
/// RFC 9293 §3.8.6.3: no acknowledgment is delayed by more. What takes longer has another cause.
const LONGEST_DELAY: Duration = Duration::from_millis(500);
/// Without an answer for so long, none will come.
const LOST: Duration = Duration::from_secs(2);

/// A connection to the service, prepared by the answer.
pub(crate) fn connected(c: &Check) -> Outcome<Tap<TcpStream>> {
    let host = Host::start(c, "the service", serve_all)?;
    let stream = TcpStream::connect(host.address()).and_then(|stream| {
        stream.set_read_timeout(Some(LOST))?;
        stream.set_write_timeout(Some(LOST))?;
        Ok(stream)
    });
    let stream = stream.map_err(|error| c.fail(None, format!("connecting: {error}")))?;
    c.did("connected to the service over loopback, and called your `prepare`");
    c.ok("`prepare`", prepare(&stream), None)?;
    Ok(Tap::connected(stream, "your code", "the service", c.recorder()))
}

/// Fails if the rounds of a conversation take as long as a delayed acknowledgment.
pub(crate) fn is_fast(
    c: &Check,
    stream: &mut Tap<TcpStream>,
    mistake: &'static Mistake,
    mut round: impl FnMut(&mut Tap<TcpStream>) -> Outcome,
) -> Outcome {
    c.want(format!("most of {ROUNDS} rounds take less than {} ms", SLOW.as_millis()));
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        round(stream)?;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    let median = times[ROUNDS / 2];
    let delayed = median < LONGEST_DELAY;
    c.ensure(median < SLOW, delayed.then_some(mistake), || {
        format!("a round takes {:.3} s (the median of {ROUNDS})", median.as_secs_f32())
    })
}

fn serve_all(clients: Clients) {
    for client in clients {
        // The service is right, so that only the answer's side is to blame.
        if client.get_ref().set_nodelay(true).is_ok() {
            let _ = serve(client); // It ends when the client does.
        }
    }
}

/// Answers each question with its own body, and says nothing to a note.
fn serve(client: Tap<TcpStream>) -> io::Result<()> {
    let mut client = BufReader::new(client);
    loop {
        let mut message = vec![0; 5];
        client.read_exact(&mut message)?;
        let [kind, a, b, c, d] = message[..] else { unreachable!("five bytes were read") };
        let length = u64::from(u32::from_be_bytes([a, b, c, d]));
        client.by_ref().take(length).read_to_end(&mut message)?;
        if kind != NOTE {
            message[0] = ANSWER;
            client.get_mut().write_all(&message)?;
        }
    }
}
