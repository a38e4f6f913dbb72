//! Draws the figures of chapter 1 from conversations that it holds, into a folder:
//!
//! ```sh
//! cargo run -p sockets --example figures -- book/src/figures/sockets
//! ```
//!
//! Two runs draw the same: no times, no ports, and a label in place of a random id.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::time::Duration;
use std::{env, fs, thread};

use anyhow::Context;
use capture::dissect::{Dissector, Field, Frames, Lines, tiles};
use capture::{Record, Recorder, Tap, UdpTap, figure, ladder};
use sockets::datagrams::{self, ANSWER, HEADER, Message, Patience, QUESTION, answer_one, ask};

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

fn main() -> anyhow::Result<()> {
    let folder = env::args_os().nth(1).context("say which folder to draw into")?;
    let folder = Path::new(&folder);
    fs::create_dir_all(folder)?;
    let save = |name: &str, figure: String| fs::write(folder.join(format!("{name}.html")), figure);

    for (name, record, caption) in LADDERS {
        save(name, drawn(name, &record()?, caption))?;
    }
    save("ask", asked()?)?;
    save("frames", frames()?)?;
    save("lines", lines()?)?;
    save("question", question()?)?;
    Ok(())
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
fn asked() -> anyhow::Result<String> {
    let server = UdpSocket::bind("127.0.0.1:0")?;
    server.set_read_timeout(Some(Duration::from_secs(5)))?;
    let recorder = Recorder::new();
    let socket = datagrams::connect(server.local_addr()?)?;
    let client = UdpTap::new(socket, "client", "server", &recorder);
    thread::scope(|scope| -> anyhow::Result<()> {
        let serving = scope.spawn(|| -> io::Result<bool> {
            server.recv_from(&mut [0; HEADER + 1])?;
            answer_one(&server, |_| b"12:00".to_vec())
        });
        let patience = Patience { first: Duration::from_millis(100), ..Patience::default() };
        let answer = ask(&client, b"time?", patience)?;
        anyhow::ensure!(answer.attempts == 2 && answer.payload == b"12:00");
        anyhow::ensure!(serving.join().expect("the server does not panic")?);
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

fn bytes(id: &str, message: &[u8], fields: &[Field], caption: &str) -> anyhow::Result<String> {
    tiles(fields, message.len()).context("the fields of a figure")?;
    let options = figure::Options {
        id: format!("bytes-{id}"),
        caption: caption.to_owned(),
        ..figure::Options::default()
    };
    Ok(figure::html(message, fields, &options))
}

fn frames() -> anyhow::Result<String> {
    let mut message = Vec::new();
    sockets::frames::write(&mut message, b"hello")?;
    sockets::frames::write(&mut message, b"you")?;
    let caption =
        "What one read returned. Point at some bytes, or at a row, to see what belongs together.";
    bytes("frames", &message, &Frames::default().dissect(&message)?, caption)
}

fn lines() -> anyhow::Result<String> {
    let message = b"EHLO me\r\nMAIL FROM:<a@b>\r\nRC";
    let caption = "Two lines and the beginning of a third, in one read.";
    bytes("lines", message, &Lines::default().dissect(message)?, caption)
}

fn question() -> anyhow::Result<String> {
    let message =
        Message { kind: QUESTION, id: 0x8f3a_51c0_22d9_6e07, payload: b"time?" }.to_bytes();
    let fields = [
        Field::new(0..1, "kind", "'Q'")
            .meaning(format!("a question; an answer has {:?}", char::from(ANSWER))),
        Field::new(1..2, "version", "1"),
        Field::new(2..HEADER, "id", "0x8f3a51c022d96e07")
            .meaning("chosen at random; the answer repeats it"),
        Field::new(HEADER..message.len(), "payload", "\"time?\"")
            .meaning("the rest of the datagram"),
    ];
    bytes("question", &message, &fields, "A question, as one datagram.")
}
