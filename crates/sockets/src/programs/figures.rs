//! `figures`: draws the figures of the book's chapter 1 from conversations that it holds.
//!
//! Two runs draw the same: no times, no ports, and a label in place of a random id.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream, UdpSocket};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use capture::dissect::{Dissector, Frames, Lines, tiles};
use capture::{Record, Recorder, Tap, UdpTap, figure, ladder};
use clap::Args;
use sockets::datagrams::{self, HEADER, Message, Patience, QUESTION, answer_one, ask};
use sockets::dissectors::Questions;

/// A figure: its name, what was recorded, and what stands below it.
type Drawing = (&'static str, fn() -> io::Result<Record>, &'static str);

const LADDERS: [Drawing; 5] = [
    ("first", || echo(&["hello\r\n"]), "A client, and a server that returns what it gets."),
    (
        "echo",
        || echo(&["hello\r\n", "and again\r\n"]),
        "Two lines, there and back. The client ends its direction, and then the server its own.",
    ),
    (
        "in-order",
        closed_in_order,
        "Closed in order. The server had no more to say; then the client had none.",
    ),
    (
        "half-close",
        half_closed,
        "Half-closed. The client's direction ends, and the answer still comes through the other.",
    ),
    ("reset", reset, "Aborted. The server closed while bytes lay unread: a RST, and no FIN."),
];

/// Draws the figures of the book's chapter 1 from conversations that are held here and now.
#[derive(Debug, Args)]
pub(crate) struct Figures {
    /// The folder of the figures.
    #[arg(long, value_name = "DIR", default_value = "book/src/figures/sockets")]
    out: PathBuf,
    /// Write nothing; fail where a figure is not what would be written.
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(arguments: &Figures) -> Result<()> {
    let folder = &arguments.out;
    let differing = figure::publish(folder, &all()?, arguments.check)
        .with_context(|| format!("writing to {}", folder.display()))?;
    ensure!(!arguments.check || differing.is_empty(), "not what runs now: {differing:?}");
    Ok(())
}

/// All figures, each with its name.
fn all() -> Result<Vec<(&'static str, String)>> {
    let mut figures = Vec::new();
    for (name, record, caption) in LADDERS {
        figures.push((name, drawn(name, &record()?, caption)));
    }
    figures.push(("ask", asked()?));
    figures.push(("frames", frames()?));
    figures.push(("lines", lines()?));
    figures.push(("question", question()?));
    Ok(figures)
}

fn drawn(id: &str, record: &Record, caption: &str) -> String {
    let options = ladder::Options {
        id: format!("ladder-{id}"),
        caption: caption.to_owned(),
        times: false,
        ..ladder::Options::default()
    };
    ladder::figure(&record.without_ports(), &options)
}

/// A conversation over TCP: what the client does with its tap, what the server does, and what the
/// client's end recorded.
fn conversation(
    server: impl FnOnce(TcpStream) -> io::Result<()> + Send,
    client: impl FnOnce(Tap<TcpStream>) -> io::Result<()>,
) -> io::Result<Record> {
    let recorder = Recorder::new();
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let stream = TcpStream::connect(listener.local_addr()?)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let (accepted, _) = listener.accept()?;
    thread::scope(|scope| {
        let serving = scope.spawn(|| server(accepted));
        client(Tap::connected(stream, "client", "server", &recorder))?;
        serving.join().expect("the server does not panic")
    })?;
    Ok(recorder.snapshot())
}

/// Reads exactly `count` bytes in one read, as the figure is to show.
fn read_once(stream: &mut impl Read, count: usize) -> io::Result<()> {
    let mut buffer = [0; 1024];
    let read = stream.read(&mut buffer)?;
    if read == count {
        Ok(())
    } else {
        Err(io::Error::other(format!("read {read} bytes, not {count}")))
    }
}

fn echo(lines: &[&str]) -> io::Result<Record> {
    let server = |mut stream: TcpStream| {
        let mut writer = stream.try_clone()?;
        io::copy(&mut stream, &mut writer).map(drop)
    };
    conversation(server, |mut client| {
        for line in lines {
            client.write_all(line.as_bytes())?;
            read_once(&mut client, line.len())?;
        }
        client.shutdown(Shutdown::Write)?;
        read_once(&mut client, 0)
    })
}

fn closed_in_order() -> io::Result<Record> {
    conversation(
        |mut server| {
            server.write_all(b"goodbye")?;
            server.shutdown(Shutdown::Write)?;
            server.read_to_end(&mut Vec::new()).map(drop)
        },
        |mut client| {
            read_once(&mut client, 7)?;
            read_once(&mut client, 0)?;
            client.shutdown(Shutdown::Write)
        },
    )
}

fn half_closed() -> io::Result<Record> {
    conversation(
        |mut server| {
            server.read_to_end(&mut Vec::new())?;
            server.write_all(b"understood")
        },
        |mut client| {
            client.write_all(b"that was all")?;
            client.shutdown(Shutdown::Write)?;
            read_once(&mut client, 10)?;
            read_once(&mut client, 0)
        },
    )
}

fn reset() -> io::Result<Record> {
    conversation(
        |mut server| {
            server.read_exact(&mut [0; 9])?;
            server.write_all(b"reply")
        },
        |mut client| {
            client.write_all(b"a request, and more")?;
            read_once(&mut client, 5)?;
            let ended = client.read(&mut [0; 8]);
            if ended.is_err() { Ok(()) } else { Err(io::Error::other("no RST came")) }
        },
    )
}

/// A question to a server that says nothing the first time.
fn asked() -> Result<String> {
    let server = UdpSocket::bind("127.0.0.1:0")?;
    server.set_read_timeout(Some(Duration::from_secs(5)))?;
    let recorder = Recorder::new();
    let socket = datagrams::connect(server.local_addr()?)?;
    let client = UdpTap::new(socket, "client", "server", &recorder);
    thread::scope(|scope| -> Result<()> {
        let serving = scope.spawn(|| -> io::Result<bool> {
            server.recv_from(&mut [0; HEADER + 1])?;
            answer_one(&server, |_| b"12:00".to_vec())
        });
        let patience = Patience { first: Duration::from_millis(100), ..Patience::default() };
        let answer = ask(&client, b"time?", patience)?;
        ensure!(answer.attempts == 2 && answer.payload == b"12:00");
        ensure!(serving.join().expect("the server does not panic")?);
        Ok(())
    })?;

    let record = recorder.snapshot().without_ports();
    let labels = record.events.iter().enumerate().filter_map(|(index, event)| {
        let capture::What::Data(data) = &event.what else { return None };
        let message = Message::parse(data)?;
        let kind = char::from(message.kind);
        Some((index, format!("{kind} 8f3a… {}", String::from_utf8_lossy(message.payload))))
    });
    let options = ladder::Options {
        id: "ladder-ask".to_owned(),
        caption: "A question, silence, the same question again, an answer. The number is the question's, and both its copies have it.".to_owned(),
        times: false,
        labels: labels.collect(),
        ..ladder::Options::default()
    };
    Ok(ladder::figure(&record, &options))
}

/// A message's bytes, with the fields that its dissector names.
fn bytes(id: &str, message: &[u8], dissector: &impl Dissector, caption: &str) -> Result<String> {
    let fields = dissector.dissect(message).context("the message of a figure")?;
    tiles(&fields, message.len()).context("the fields of a figure")?;
    let options = figure::Options {
        id: format!("bytes-{id}"),
        caption: caption.to_owned(),
        ..figure::Options::default()
    };
    Ok(figure::html(message, &fields, &options))
}

fn frames() -> Result<String> {
    let mut message = Vec::new();
    sockets::frames::write(&mut message, b"hello")?;
    sockets::frames::write(&mut message, b"you")?;
    let caption =
        "What one read returned. Point at some bytes, or at a row, to see what belongs together.";
    bytes("frames", &message, &Frames::default(), caption)
}

fn lines() -> Result<String> {
    let message = b"EHLO me\r\nMAIL FROM:<a@b>\r\nRC";
    let caption = "Two lines and the beginning of a third, in one read.";
    bytes("lines", message, &Lines::default(), caption)
}

fn question() -> Result<String> {
    let message =
        Message { kind: QUESTION, id: 0x8f3a_51c0_22d9_6e07, payload: b"time?" }.to_bytes();
    bytes("question", &message, &Questions, "A question, as one datagram.")
}
