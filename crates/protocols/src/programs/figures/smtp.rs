//! SMTP: a delivery, the octets of a message's end, and an end that is none.

use std::io::Write;
use std::net::TcpStream;

use anyhow::{Result, ensure};
use capture::{Recorder, Tap};
use protocols::smtp::dissect::Commands;
use protocols::smtp::server::{Config, Server as Smtp};
use protocols::smtp::store::Memory;

use super::super::ends::{Server, connect, read_until};
use super::{Drawing, conversation, octets};

pub(super) const ALL: [Drawing; 3] =
    [("smtp-delivery", delivery), ("smtp-end", end), ("smtp-smuggling", smuggling)];

/// A message whose text begins a line with a dot, as it crosses.
const MESSAGE: &str = "Subject: dots\r\n\r\n..profile is a file\r\n.\r\n";

/// A client that has been greeted, and its server.
struct Talk {
    recorder: Recorder,
    store: Smtp<Memory>,
    server: Server,
    client: Tap<TcpStream>,
}

impl Talk {
    fn begin() -> Result<Self> {
        let recorder = Recorder::new();
        let config = Config { name: "mx.example.test".to_owned(), ..Config::default() };
        let store = Smtp::new(config, Memory::default());
        let server = Server::start(store.clone())?;
        let mut client = connect(server.address, &recorder)?;
        let greeting = read_until(&mut client, "\r\n")?;
        ensure!(greeting.starts_with("220 "), "it greets with {greeting:?}");
        Ok(Self { recorder, store, server, client })
    }

    /// Sends `octets`, and reads a reply, which must have this code.
    fn say(&mut self, octets: &str, code: &str) -> Result<()> {
        self.client.write_all(octets.as_bytes())?;
        // The last line of a reply has a space after its code.
        let mut reply = String::new();
        while !reply.lines().any(|line| line.as_bytes().get(3) == Some(&b' ')) {
            reply += &read_until(&mut self.client, "\r\n")?;
        }
        ensure!(reply.starts_with(code), "to {octets:?} it says {reply:?}");
        Ok(())
    }

    fn envelope(&mut self) -> Result<()> {
        self.say("EHLO client.example.test\r\n", "250")?;
        self.say("MAIL FROM:<ada@example.test>\r\n", "250")?;
        self.say("RCPT TO:<eve@example.test>\r\n", "250")?;
        self.say("DATA\r\n", "354")
    }

    /// Ends, and says how many messages were stored.
    fn end(mut self) -> Result<(Recorder, u64)> {
        self.say("QUIT\r\n", "221")?;
        self.client.close();
        self.server.stop()?;
        Ok((self.recorder, self.store.store().count()))
    }
}

fn delivery() -> Result<String> {
    let mut talk = Talk::begin()?;
    talk.envelope()?;
    talk.say(MESSAGE, "250")?;
    let (recorder, count) = talk.end()?;
    ensure!(count == 1, "{count} messages were stored");
    let caption = "A message from Ada to Eve. The envelope comes first, and need not say the same as the letter.";
    Ok(conversation("smtp-delivery", &recorder.snapshot().joined(), &[], caption))
}

fn end() -> Result<String> {
    let mut talk = Talk::begin()?;
    talk.envelope()?;
    talk.say(MESSAGE, "250")?;
    let (_, count) = talk.end()?;
    ensure!(count == 1, "{count} messages were stored");
    let sent = format!("DATA\r\n{MESSAGE}");
    let caption = "A message as it crosses. A line that begins with a dot has got a second one.";
    octets("smtp-end", &Commands, sent.as_bytes(), caption)
}

fn smuggling() -> Result<String> {
    let mut talk = Talk::begin()?;
    talk.envelope()?;
    talk.say(
        "first\n.\r\nMAIL FROM:<boss@example.test>\r\nRCPT TO:<eve@example.test>\r\nDATA\r\nsecond\r\n.\r\n",
        "250",
    )?;
    let (recorder, count) = talk.end()?;
    ensure!(count == 1, "{count} messages were stored");
    let caption =
        "LF . CRLF ends nothing. What looks like commands behind it is text: one message, stored.";
    Ok(conversation("smtp-smuggling", &recorder.snapshot().joined(), &[], caption))
}
