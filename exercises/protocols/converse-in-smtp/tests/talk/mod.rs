//! Sentences about conversations: what the client says, and which code it must hear.

use converse_in_smtp::{Envelope, Reply, Session};
use harness::{Check, Mistake, Outcome, Random, shown};

/// The domain whose mail the answer takes.
pub(crate) const DOMAIN: &str = "mail.example";

/// One client's conversation with the answer.
pub(crate) struct Talk<'a> {
    c: &'a Check,
    session: Session,
}

impl<'a> Talk<'a> {
    /// Begins anew; of the conversations before, nothing will be told.
    pub(crate) fn new(c: &'a Check) -> Self {
        c.attempt(format!("made a new session for {DOMAIN}"));
        Self { c, session: Session::new(DOMAIN) }
    }

    /// The same, and the client has said EHLO.
    pub(crate) fn greeted(c: &'a Check) -> Outcome<Self> {
        let mut talk = Self::new(c);
        talk.says("EHLO client.example", 250, None)?;
        Ok(talk)
    }

    /// Says each line of `lines`, with a bar between them, and hears 250.
    pub(crate) fn fine(&mut self, lines: &str) -> Outcome {
        lines.split('|').try_for_each(|line| self.says(line, 250, None))
    }

    /// Says the line, and hears this code. Any other code means this mistake.
    pub(crate) fn says(
        &mut self,
        line: impl AsRef<[u8]>,
        want: u16,
        mistake: impl Into<Option<&'static Mistake>>,
    ) -> Outcome {
        self.hears(line, &[want], mistake).map(drop)
    }

    /// Says the line, and hears one of these codes.
    pub(crate) fn hears(
        &mut self,
        line: impl AsRef<[u8]>,
        want: &[u16],
        mistake: impl Into<Option<&'static Mistake>>,
    ) -> Outcome<Reply> {
        let line = line.as_ref();
        let codes: Vec<String> = want.iter().map(u16::to_string).collect();
        self.c.want(format!("{} for {}", codes.join(" or "), shown(&[line])));
        let reply = self.session.line(line);
        if want.contains(&reply.code) {
            self.c.did(format!("said {}: {}", shown(&[line]), reply.code));
            return Ok(reply);
        }
        self.c.did(format!("said {}", shown(&[line])));
        Err(self.c.fail(mistake, told(&reply)))
    }

    /// Says DATA and sends a message of so many octets, which is taken, and for these.
    pub(crate) fn sends(
        &mut self,
        size: u64,
        want: &Envelope,
        mistake: impl Into<Option<&'static Mistake>>,
    ) -> Outcome {
        let mistake = mistake.into();
        self.says("DATA", 354, None)?;
        self.c.did(format!("sent a message of {size} octets"));
        self.c.want(format!("the envelope {want:?}"));
        match self.session.end_of_message(size) {
            Ok(got) if got == *want => Ok(()),
            Ok(got) => Err(self.c.fail(mistake, format!("the envelope {got:?}"))),
            Err(reply) => Err(self.c.fail(mistake, format!("Err: {}", told(&reply)))),
        }
    }

    /// Says DATA and sends a message of so many octets, which is refused with 552.
    pub(crate) fn sends_too_much(&mut self, size: u64, mistake: &'static Mistake) -> Outcome {
        self.says("DATA", 354, None)?;
        self.c.did(format!("sent a message of {size} octets"));
        self.c.want("552");
        match self.session.end_of_message(size) {
            Err(reply) if reply.code == 552 => Ok(()),
            Err(reply) => Err(self.c.fail(None, told(&reply))),
            Ok(got) => {
                Err(self.c.fail(mistake, format!("it was taken, with the envelope {got:?}")))
            }
        }
    }
}

/// An envelope; recipients with a bar between them.
pub(crate) fn envelope(sender: &str, recipients: &str) -> Envelope {
    let recipients = recipients.split('|').map(str::to_owned).collect();
    Envelope { sender: sender.to_owned(), recipients }
}

/// A reply as a report shows it.
fn told(reply: &Reply) -> String {
    format!("{} {:?}", reply.code, reply.lines.join(" / "))
}

/// One conversation of twenty random commands. What each must be told follows from three variables.
pub(crate) fn any(c: &Check, random: &mut Random, mail: &str, rcpt: &str) -> Outcome {
    let mut talk = Talk::new(c);
    let (mut greeted, mut open, mut named) = (false, false, 0);
    for _ in 0..20 {
        let (line, code) = match random.below(8) {
            0 => ("EHLO x", 250),
            1 | 2 => (mail, if greeted && !open { 250 } else { 503 }),
            3 | 4 => (rcpt, if open { 250 } else { 503 }),
            5 => ("RCPT TO:<x@other.example>", if open { 550 } else { 503 }),
            6 => ("RSET", 250),
            _ if named > 0 => {
                let to = vec!["bob@mail.example"; named].join("|");
                talk.sends(100, &envelope("ada@client.example", &to), None)?;
                (open, named) = (false, 0);
                continue;
            }
            _ => ("NOOP", 250),
        };
        talk.says(line, code, None)?;
        greeted |= line == "EHLO x";
        open = (open || line == mail && code == 250) && !["EHLO x", "RSET"].contains(&line);
        named = if open { named + usize::from(line == rcpt) } else { 0 };
    }
    Ok(())
}
