//! The scripted server: what it must hear, line by line, and what it replies.

use std::io::ErrorKind;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use harness::{Check, Ending, Mistake, Outcome, Peer, Report, Running, shown};
use send_mail::{BadAddress, Fate, Letter, send_mail};

use crate::mistakes::{FOUR_FIVE, INJECTION, UNOFFERED};

/// How long a line is waited for: some thousand times what it takes.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long a client that has nothing to say is listened to.
const SILENCE: Duration = Duration::from_millis(30);
/// Octets of a line that are read before it is taken for one.
const LONGEST_LINE: usize = 16_384;

/// A letter.
#[derive(Clone)]
pub(crate) struct Mail {
    pub(crate) sender: &'static str,
    pub(crate) recipients: &'static [&'static str],
    pub(crate) text: &'static [u8],
}

/// From Ada to Bob.
pub(crate) const MAIL: Mail = Mail {
    sender: "ada@x.example",
    recipients: &["bob@y.example"],
    text: b"Subject: hello\r\n\r\nHi Bob\r\n",
};

/// What each of [`STEPS`] replies to.
pub(crate) const NAMES: [&str; 6] = ["the connection", "EHLO", "MAIL", "RCPT", "DATA", "the text"];

/// What is said of [`MAIL`] to a server that offers nothing: a line of the client's, and the reply.
pub(crate) const STEPS: [(&str, &str); 6] = [
    ("", "220 mail.example\r\n"),
    ("EHLO [127.0.0.1]", "250 mail.example\r\n"),
    ("MAIL FROM:<ada@x.example>", "250 2.1.0 Ok\r\n"),
    ("RCPT TO:<bob@y.example>", "250 2.1.5 Ok\r\n"),
    ("DATA", "354 Go ahead\r\n"),
    ("Subject: hello\r\n\r\nHi Bob\r\n.", "250 2.0.0 Stored\r\n"),
];

pub(crate) struct Server<'a> {
    c: &'a Check,
    peer: Peer,
    call: Running<Vec<Fate>, BadAddress>,
}

impl<'a> Server<'a> {
    /// The answer's `send_mail`, called with this letter and a stream to the server.
    pub(crate) fn start(c: &'a Check, mail: &Mail) -> Outcome<Self> {
        let (stream, peer) = c.pair("server")?;
        Ok(Self::start_on(c, mail, stream, peer))
    }

    /// The same with a pair that there is already.
    fn start_on(c: &'a Check, mail: &Mail, stream: TcpStream, peer: Peer) -> Self {
        let Mail { sender, recipients, text } = mail.clone();
        let how = match recipients {
            [one] => format!("with a letter to {}", one.escape_default()),
            _ => format!("with a letter to {} recipients", recipients.len()),
        };
        let call = c.call("send_mail", &how, move || {
            send_mail(stream, &Letter { sender, recipients, text })
        });
        Self { c, peer, call }
    }

    /// Starts, and plays the first `count` of [`STEPS`].
    pub(crate) fn after(c: &'a Check, mail: &Mail, count: usize) -> Outcome<Self> {
        let mut server = Self::start(c, mail)?;
        server.steps(0, count)?;
        Ok(server)
    }

    /// Starts, and plays the first five. Before the last of them is replied to, the stream gets this
    /// timeout: it then concerns the reply to the text alone.
    pub(crate) fn after_with_timeout(c: &'a Check, mail: &Mail, time: Duration) -> Outcome<Self> {
        let (stream, peer) = c.pair("server")?;
        let handle = stream.try_clone();
        let handle = handle.map_err(|error| c.fail(None, format!("duplicating: {error}")))?;
        let mut server = Self::start_on(c, mail, stream, peer);
        server.steps(0, 4)?;
        server.hears(STEPS[4].0, None)?;
        let set = handle.set_read_timeout(Some(time));
        set.map_err(|error| c.fail(None, format!("setting a timeout: {error}")))?;
        drop(handle); // Or the server would not see the client close.
        c.did(format!("gave the stream a read timeout of {} ms", time.as_millis()));
        server.says(STEPS[4].1)?;
        Ok(server)
    }

    /// Plays the steps from `first` on, before `end`.
    pub(crate) fn steps(&mut self, first: usize, end: usize) -> Outcome {
        STEPS[first..end].iter().try_for_each(|(line, reply)| {
            self.hears(line, None)?;
            self.says(reply)
        })
    }

    pub(crate) fn says(&mut self, reply: &str) -> Outcome {
        self.peer.send(reply.as_bytes())
    }

    /// A reply that is more than anybody should read, and then its last line.
    pub(crate) fn floods(&mut self, line: &str, octets: usize) -> Outcome {
        let flood = line.repeat(octets / line.len()) + "\r\n250 x\r\n";
        self.peer.send_meanwhile(flood.replace("\n\r\n", "\n").into_bytes(), false).map(drop)
    }

    /// A reply that is sent in two parts; the client waits for the second. If it does not, it is for
    /// this mistake.
    pub(crate) fn says_slowly(
        &mut self,
        first: &str,
        second: &str,
        mistake: &'static Mistake,
    ) -> Outcome {
        self.says(first)?;
        self.c.want("your code waits for the rest of the reply");
        let (line, ending) = self.listen(SILENCE);
        if ending != Ending::Silence || !line.is_empty() {
            return Err(self.peer.differs(b"", &line, ending, mistake));
        }
        self.c.did("the server heard nothing meanwhile");
        self.says(second)
    }

    /// Fails unless exactly this line comes next, its CR LF not counted. An empty one stands for no
    /// line at all. `other`: what a different one proves.
    pub(crate) fn hears(&mut self, line: &str, other: Option<&'static Mistake>) -> Outcome {
        if line.is_empty() {
            return Ok(());
        }
        self.hears_all(format!("{line}\r\n").as_bytes(), other)
    }

    /// Fails unless exactly these lines come next.
    pub(crate) fn hears_all(&mut self, want: &[u8], other: Option<&'static Mistake>) -> Outcome {
        let lines = want.iter().filter(|&&octet| octet == b'\n').count();
        self.c.want(format!("the server hears {}", shown(&[want])));
        let (mut got, mut ending) = (Vec::new(), Ending::Enough);
        for _ in 0..lines {
            if ending == Ending::Enough && want.starts_with(&got) {
                let (line, end) = self.listen(PATIENCE);
                got.extend(line);
                ending = end;
            }
        }
        if got == want {
            self.c.did(format!("the server heard {}", shown(&[want])));
            return Ok(());
        }
        let command = want.strip_suffix(b"\r\n").unwrap_or(want);
        let more = want.starts_with(b"MAIL") && got.starts_with(&[command, b" "].concat());
        Err(self.peer.differs(want, &got, ending, if more { Some(&UNOFFERED) } else { other }))
    }

    /// Reads a line.
    fn listen(&mut self, patience: Duration) -> (Vec<u8>, Ending) {
        let until = Instant::now() + patience;
        let mut line = Vec::new();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            // What is there is looked at first, so that no more than the line is taken.
            let mut there = [0; 1024];
            let count = match peek(self.peer.stream(), &mut there, left) {
                Ok(count) => count,
                Err(ending) => return (line, ending),
            };
            let end = there[..count].iter().position(|&octet| octet == b'\n');
            line.extend(self.peer.receive(end.map_or(count, |at| at + 1)).0);
            if end.is_some() || line.len() > LONGEST_LINE {
                return (line, Ending::Enough);
            }
        }
    }

    /// The client says QUIT, which the server answers, or it just hangs up. Then these are the fates.
    /// `other`: what it proves if they differ, or if the client goes on.
    pub(crate) fn ends(mut self, want: &[Fate], other: Option<&'static Mistake>) -> Outcome {
        self.c.want(format!("QUIT, or the end of the connection; and Ok({want:?})"));
        let (line, ending) = self.listen(PATIENCE);
        if line == b"QUIT\r\n" {
            self.c.did("the server heard QUIT");
            let _ = self.peer.send(b"221 2.0.0 Bye\r\n");
        } else if !line.is_empty() || ending == Ending::Silence {
            return Err(self.peer.differs(b"", &line, ending, other));
        }
        self.returns(want, other)
    }

    /// The server hangs up; then these are the fates.
    pub(crate) fn hangs_up(mut self, want: &[Fate], other: Option<&'static Mistake>) -> Outcome {
        self.peer.half_close()?;
        self.returns(want, other)
    }

    /// These are the fates.
    pub(crate) fn returns(self, want: &[Fate], other: Option<&'static Mistake>) -> Outcome {
        self.c.want(format!("Ok({want:?})"));
        let got = self.c.ok("your `send_mail`", self.call.result()?, None)?;
        let kind = want.len() == got.len() && want.iter().zip(&got).any(four_for_five);
        let failed = |fate: &Fate| matches!(fate, Fate::Deferred(_) | Fate::Refused(_));
        let mistake = if want.contains(&Fate::Uncertain) {
            other.filter(|_| got.iter().any(failed))
        } else {
            kind.then_some(&FOUR_FIVE).or(other)
        };
        self.c.ensure(got == want, mistake, || format!("Ok({got:?})"))
    }

    /// Nothing is sent, and this address is refused.
    pub(crate) fn refuses(mut self, address: &str) -> Outcome {
        let harmful = address.contains(['\r', '\n', ' ', '<', '>', '\0']);
        let accepted = harmful.then_some(&INJECTION);
        let want = BadAddress(address.to_owned());
        self.c.want(format!("Err({want:?}), and nothing is sent"));
        let result = match self.call.returned(SILENCE) {
            Some(result) => result,
            // It sends something. Lead it on, so that what it does can be seen.
            None => return Err(self.lead_on(accepted)),
        };
        match result {
            Err(got) => {
                self.c.ensure(got == want, None, || format!("Err({got:?})"))?;
                self.peer.expect_end(accepted)
            }
            Ok(fates) => Err(self.c.fail(accepted, format!("Ok({fates:?})"))),
        }
    }

    /// Plays a server that accepts everything, to the end of the envelope; and reports what it heard.
    fn lead_on(&mut self, mistake: Option<&'static Mistake>) -> Report {
        let mut reply = "220 mail.example\r\n";
        let mut lines = 0;
        loop {
            if let Err(report) = self.says(reply) {
                return report;
            }
            let (line, ending) = self.listen(PATIENCE / 5);
            if ending != Ending::Enough || line.starts_with(b"DATA") || lines > 20 {
                return self.c.fail(mistake, format!("{lines} commands reached the server"));
            }
            self.c.did(format!("the server heard {}", shown(&[&line])));
            lines += 1;
            reply = "250 Ok\r\n";
        }
    }
}

/// Fails unless a letter with this text is on the wire like that.
pub(crate) fn sends(
    c: &Check,
    text: &'static [u8],
    wire: &[u8],
    mistake: &'static Mistake,
) -> Outcome {
    c.attempt(format!("a letter with the text {}", shown(&[text])));
    let mut server = Server::after(c, &Mail { text, ..MAIL }, 5)?;
    server.hears_all(wire, Some(mistake))?;
    server.says(STEPS[5].1)?;
    server.ends(&[Fate::Delivered], Some(mistake))
}

/// Whether one is for later, and the other for never.
fn four_for_five((want, got): (&Fate, &Fate)) -> bool {
    use Fate::{Deferred, Refused};
    matches!((want, got), (Deferred(_), Refused(_)) | (Refused(_), Deferred(_)))
}

/// What is there, without taking it.
fn peek(stream: &TcpStream, there: &mut [u8], left: Duration) -> Result<usize, Ending> {
    if left.is_zero() || stream.set_read_timeout(Some(left)).is_err() {
        return Err(Ending::Silence);
    }
    match stream.peek(there) {
        Ok(0) => Err(Ending::End),
        Ok(count) => Ok(count),
        Err(error) if error.kind() == ErrorKind::Interrupted => Ok(0),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            Err(Ending::Silence)
        }
        Err(_) => Err(Ending::Reset),
    }
}
