//! HTTP: a request, its response, chunks, a pipeline, and a request with two meanings.

use std::fs::File;
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, ensure};
use capture::{Direction, Record, Recorder, What};
use protocols::http::dissect::{Requests, Responses};
use protocols::http::files::Files;
use protocols::http::server::Settings;

use super::super::ends::{Folder, Server, ask, connect, read_until};
use super::super::http_echo::Echoes;
use super::{Drawing, conversation, first_flow, octets};

pub(super) const ALL: [Drawing; 5] = [
    ("http-request", request),
    ("http-response", response),
    ("http-chunks", chunks),
    ("http-pipeline", pipeline),
    ("http-two-meanings", two_meanings),
];

const GET: &str = "GET /hello.txt HTTP/1.1\r\nHost: example.test\r\nAccept: text/plain\r\n\r\n";
/// The moment of RFC 9110's examples.
const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const TAG: &str = "0123456789abcdefi";

/// A server of a folder with one file, which was written long ago.
fn files(folder: &Folder) -> Result<Server> {
    folder.write("hello.txt", b"hello\n")?;
    let then = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
    let file = File::options().write(true).open(folder.path().join("hello.txt"))?;
    file.set_modified(then).context("setting the file's time")?;
    Server::start(Files::new(folder.path(), Settings::default())?)
}

/// The same octets with the date and the tag of an example, which are as long as any other.
fn steady(octets: &[u8]) -> Vec<u8> {
    let mut octets = octets.to_vec();
    for (name, value) in [("\r\nDate: ", DATE), ("\r\nETag: \"", TAG)] {
        let mut from = 0;
        while let Some(at) = find(&octets[from..], name.as_bytes()) {
            let start = from + at + name.len();
            let end = (start + value.len()).min(octets.len());
            octets[start..end].copy_from_slice(&value.as_bytes()[..end - start]);
            from = end;
        }
    }
    octets
}

fn find(octets: &[u8], part: &[u8]) -> Option<usize> {
    octets.windows(part.len()).position(|window| window == part)
}

fn steadied(recorder: &Recorder) -> Record {
    let mut record = recorder.snapshot().joined();
    for event in &mut record.events {
        if let What::Data(data) = &mut event.what {
            *data = steady(data);
        }
    }
    record
}

/// One question and its answer.
fn exchange() -> Result<Recorder> {
    let (folder, recorder) = (Folder::new()?, Recorder::new());
    let server = files(&folder)?;
    let mut client = connect(server.address, &recorder)?;
    client.write_all(GET.as_bytes())?;
    let answer = read_until(&mut client, "hello\n")?;
    ensure!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "it answered {answer:?}");
    client.close();
    server.stop()?;
    Ok(recorder)
}

fn request() -> Result<String> {
    let sent = first_flow(&exchange()?, Direction::Sent);
    octets("http-request", &Requests, &sent, "A request: a line, two fields, and the empty line.")
}

fn response() -> Result<String> {
    let received = steady(&first_flow(&exchange()?, Direction::Received));
    let caption =
        "Its response. The date is that of the specification's examples, the tag is made up.";
    octets("http-response", &Responses::default(), &received, caption)
}

fn chunks() -> Result<String> {
    let recorder = Recorder::new();
    let server = Server::start(Echoes::new(Arc::new(Settings::default())))?;
    let chunked = "POST /echo HTTP/1.1\r\nHost: example.test\r\nTransfer-Encoding: chunked\r\n\
                   Trailer: Sum\r\nConnection: close\r\n\r\n\
                   6\r\nhello \r\n5;part=2\r\nworld\r\n0\r\nSum: 11\r\n\r\n";
    let mut client = connect(server.address, &recorder)?;
    client.write_all(chunked.as_bytes())?;
    let answer = read_until(&mut client, "0\r\n\r\n")?;
    ensure!(answer.contains("hello ") && answer.contains("world"), "it answered {answer:?}");
    client.close();
    server.stop()?;
    let sent = first_flow(&recorder, Direction::Sent);
    let caption = "A body in chunks: each says how long it is, and one of length 0 ends them.";
    octets("http-chunks", &Requests, &sent, caption)
}

fn pipeline() -> Result<String> {
    let (folder, recorder) = (Folder::new()?, Recorder::new());
    let server = files(&folder)?;
    let mut client = connect(server.address, &recorder)?;
    let ask = |path: &str, close: &str| {
        format!("GET {path} HTTP/1.1\r\nHost: example.test\r\n{close}\r\n")
    };
    let both = ask("/hello.txt", "") + &ask("/nothing.txt", "Connection: close\r\n");
    client.write_all(both.as_bytes())?;
    let answers = read_until(&mut client, "Connection: close\r\n")?;
    let first = find(answers.as_bytes(), b"HTTP/1.1 200");
    let second = find(answers.as_bytes(), b"HTTP/1.1 404");
    ensure!(first == Some(0) && second > first, "they came as {answers:?}");
    let mut rest = Vec::new();
    std::io::Read::read_to_end(&mut client, &mut rest).context("reading to the end")?;
    client.close();
    server.stop()?;
    let words = ["GET /hello.txt, GET /nothing.txt", "200 OK, 404 Not Found"];
    let caption = "Two questions in one go. The answers come in the order of the questions.";
    Ok(conversation("http-pipeline", &steadied(&recorder), &words, caption))
}

// ANCHOR: two-meanings
/// One request to whoever believes its length; one, and the beginning of another, to whoever
/// believes its chunks.
const TWO_MEANINGS: &str = "POST / HTTP/1.1\r\n\
    Host: example.test\r\n\
    Content-Length: 30\r\n\
    Transfer-Encoding: chunked\r\n\
    \r\n\
    0\r\n\
    \r\n\
    GET /secret HTTP/1.1\r\n\
    X: ";
// ANCHOR_END: two-meanings

fn two_meanings() -> Result<String> {
    let (folder, recorder) = (Folder::new()?, Recorder::new());
    let server = files(&folder)?;
    let body = TWO_MEANINGS.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    ensure!(body.len() == 30, "a body of {} octets", body.len());
    let answer = ask(server.address, TWO_MEANINGS, &recorder)?;
    ensure!(answer.matches("HTTP/1.1 ").count() == 1, "it answered {answer:?}");
    ensure!(answer.starts_with("HTTP/1.1 400"), "it answered {answer:?}");
    server.stop()?;
    let words = ["POST, of two lengths", "400 Bad Request"];
    let caption = "Thirty octets, or chunks? It is refused, and nothing behind it is read.";
    Ok(conversation("http-two-meanings", &steadied(&recorder), &words, caption))
}
