//! HTTP: messages and their ends, a server that refuses, a client that checks.

use std::io::Write;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use flate2::Compression;
use flate2::write::GzEncoder;
use protocols::http::client::coding::{CodingError, Decoder, Limit};
use protocols::http::client::{Client, Error, Flow, Options, Request, Take};
use protocols::http::files::Files;
use protocols::http::response::ResponseHead;
use protocols::http::server::Settings;
use protocols::http::url::Url;

use super::super::ends::{Server, ask, connect, line, read_until, scripted};
use super::Tour;

/// Serves the tour's folder.
fn serve(tour: &Tour, settings: Settings) -> Result<Server> {
    tour.folder.write("hello.txt", b"hello\n")?;
    Server::start(Files::new(tour.folder.path(), settings)?)
}

pub(super) fn framing(tour: &mut Tour) -> Result<()> {
    let server = serve(tour, Settings::default())?;
    let mut stream = connect(server.address, tour.recorder())?;
    stream.write_all(b"GET /hello.txt HTTP/1.1\r\nHost: tour\r\n\r\n")?;
    let first = read_until(&mut stream, "hello\n")?;
    tour.show(format_args!("GET /hello.txt HTTP/1.1  →  {}", line(&first)))?;
    tour.claim(
        first.contains("Content-Length: 6\r\n") && first.ends_with("\r\n\r\nhello\n"),
        "the head says 6 octets, an empty line ends it, and 6 octets follow",
    )?;
    // The same connection, and each octet by itself.
    for octet in b"GET /hello.txt HTTP/1.1\r\nHost: tour\r\nConnection: close\r\n\r\n" {
        stream.write_all(&[*octet])?;
    }
    let second = read_until(&mut stream, "hello\n")?;
    tour.claim(second.starts_with("HTTP/1.1 200"), "asked again octet by octet: the same answer")?;
    stream.close();
    let statistics = server.stop()?;
    tour.claim(statistics.accepted == 1, "both on one connection")
}

pub(super) fn ambiguity(tour: &mut Tour) -> Result<()> {
    let server = serve(tour, Settings::default())?;
    let hidden = "POST / HTTP/1.1\r\nHost: tour\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n\
                  0\r\n\r\nGET /hello.txt HTTP/1.1\r\nHost: tour\r\n\r\n";
    for (what, request) in [
        ("a length and chunks: a second request could hide there", hidden),
        (
            "two lengths",
            "POST / HTTP/1.1\r\nHost: tour\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        ),
        ("a space before the colon", "GET / HTTP/1.1\r\nHost : tour\r\n\r\n"),
        ("two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
    ] {
        let reply = ask(server.address, request, tour.recorder())?;
        let once = reply.matches("HTTP/1.1 ").count() == 1;
        tour.claim(
            once && reply.starts_with("HTTP/1.1 400"),
            format_args!("{what}: 400, and closed"),
        )?;
    }
    server.stop().map(|_| ())
}

pub(super) fn jail(tour: &mut Tour) -> Result<()> {
    let server = serve(tour, Settings::default())?;
    std::os::unix::fs::symlink("/etc/passwd", tour.folder.path().join("link"))
        .context("making a link")?;
    for path in ["/../../../../etc/passwd", "/%2e%2e/%2e%2e/%2e%2e/etc/passwd", "/link"] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: tour\r\nConnection: close\r\n\r\n");
        let reply = ask(server.address, &request, tour.recorder())?;
        let refused = reply.starts_with("HTTP/1.1 4") && !reply.contains("root:");
        tour.claim(refused, format_args!("GET {path}: {}", line(&reply)))?;
    }
    server.stop().map(|_| ())
}

pub(super) fn slow_head(tour: &mut Tour) -> Result<()> {
    let settings = Settings { head: Duration::from_millis(300), ..Settings::default() };
    let server = serve(tour, settings)?;
    let mut slow = connect(server.address, tour.recorder())?;
    slow.write_all(b"GET /hello.txt HTTP/1.1\r\nHost: to")?;
    let began = Instant::now();
    let other = "GET /hello.txt HTTP/1.1\r\nHost: tour\r\nConnection: close\r\n\r\n";
    let served = ask(server.address, other, tour.recorder())?;
    tour.claim(served.ends_with("hello\n"), "while one client is slow, another is served")?;
    let reply = read_until(&mut slow, "\r\n\r\n")?;
    let after = began.elapsed().as_millis();
    tour.claim(reply.starts_with("HTTP/1.1 408"), format_args!("≈ {after} ms: {}", line(&reply)))?;
    server.stop().map(|_| ())
}

/// Keeps what comes.
#[derive(Default)]
struct Kept {
    status: u16,
    content: Vec<u8>,
}

impl Take for Kept {
    fn head(&mut self, _request: &Request, head: &ResponseHead) -> Result<Flow, Error> {
        (self.status, self.content) = (head.status, Vec::new());
        Ok(Flow::Continue)
    }

    fn content(&mut self, octets: &[u8], _left: Option<u64>) -> Result<Flow, Error> {
        self.content.extend_from_slice(octets);
        Ok(Flow::Continue)
    }
}

fn get(address: SocketAddr, path: &str) -> Result<Request> {
    Ok(Request::new("GET", Url::parse(&format!("http://{address}{path}"))?)?)
}

pub(super) fn reuse(tour: &mut Tour) -> Result<()> {
    let server = serve(tour, Settings::default())?;
    let mut client = Client::new(Options::default(), tour.recorder().clone());
    let mut kept = Kept::default();
    let mut right = 0;
    for _ in 0..3 {
        client.fetch(get(server.address, "/hello.txt")?, &mut kept)?;
        right += u32::from(kept.status == 200 && kept.content == b"hello\n");
    }
    drop(client);
    let statistics = server.stop()?;
    tour.claim(right == 3, "three URLs, three right answers")?;
    tour.claim(statistics.accepted == 1, "and one connection: the first answer said where it ended")
}

pub(super) fn truncation(tour: &mut Tour) -> Result<()> {
    for (what, answer) in [
        ("10 octets announced, 5 sent", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"),
        ("no last chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"),
    ] {
        let (address, server) = scripted(answer.into())?;
        let mut client = Client::new(Options::default(), tour.recorder().clone());
        let fetched = client.fetch(get(address, "/")?, &mut Kept::default());
        drop(client);
        let _ = server.join();
        let error = fetched.err().map_or("no error".to_owned(), |error| error.to_string());
        tour.claim(error.contains("too early"), format_args!("{what}: {error}"))?;
    }
    Ok(())
}

pub(super) fn secrets(tour: &mut Tour) -> Result<()> {
    let (there, there_server) = scripted(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_vec())?;
    let away =
        format!("HTTP/1.1 302 Found\r\nLocation: http://{there}/\r\nContent-Length: 0\r\n\r\n");
    let (here, here_server) = scripted(away.into())?;
    let mut request = get(here, "/")?;
    request.field("Authorization", "Bearer secret")?;
    let mut client = Client::new(Options::default(), tour.recorder().clone());
    client.fetch(request, &mut Kept::default())?;
    drop(client);
    let asked = |server: std::thread::JoinHandle<std::io::Result<String>>| -> Result<String> {
        Ok(server.join().map_err(|_| anyhow::anyhow!("a server panicked"))??)
    };
    let (first, second) = (asked(here_server)?, asked(there_server)?);
    tour.claim(first.contains("Bearer secret"), "who was asked got the Authorization field")?;
    tour.claim(
        second.starts_with("GET / ") && !second.contains("secret"),
        "another port is another origin: it was asked too, and got none",
    )
}

pub(super) fn bomb(tour: &mut Tour) -> Result<()> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let zeros = vec![0; 1 << 20];
    for _ in 0..20 {
        encoder.write_all(&zeros)?;
    }
    let packed = encoder.finish()?;
    let mut decoder = Decoder::new("gzip", Limit::Octets(1 << 20), std::io::sink())?;
    let failed = decoder.write(&packed);
    let refused = matches!(failed, Err(CodingError::TooLarge(_)));
    let count = packed.len();
    tour.claim(count < 30_000, format_args!("20 MiB of zeros are {count} octets of gzip"))?;
    tour.claim(refused, "whoever allows 1 MiB unpacks 1 MiB, and then it is an error")
}
