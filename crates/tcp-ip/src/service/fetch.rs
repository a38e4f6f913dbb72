//! The other end of [`Files`](super::Files): gets one file over HTTP/1.0.

use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use super::{Next, Service};
use crate::tcp::Connection;

/// The longest head of an answer that is read, in octets.
const LONGEST_HEAD: usize = 16 * 1024;

/// What is to be fetched: `http://10.77.0.1:8000/file`. The host is a number: there is no resolver here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Where.
    pub server: SocketAddr,
    /// What: path and query, from the slash on.
    pub path: String,
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no address such as http://10.77.0.1:8000/file");
        let rest = text.strip_prefix("http://").ok_or_else(wrong)?;
        let (server, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let with_port = server.parse::<SocketAddr>().ok();
        let without = || server.trim_matches(['[', ']']).parse::<IpAddr>().ok();
        let server = with_port.or_else(|| Some(SocketAddr::new(without()?, 80)));
        let visible = path.bytes().all(|octet| octet.is_ascii_graphic());
        let server = server.filter(|_| visible).ok_or_else(wrong)?;
        let path = if path.is_empty() { "/" } else { path };
        Ok(Self { server, path: path.to_owned() })
    }
}

/// How a fetch ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// So many octets came, and that was all.
    All(u64),
    /// It did not work, and why.
    Failed(String),
}

/// Fetches one file and writes it to `to`.
#[derive(Debug)]
pub struct Fetch<W> {
    request: Vec<u8>,
    /// The answer's head, until it is whole.
    head: Option<Vec<u8>>,
    /// How long the body is, if the server says so.
    length: Option<u64>,
    received: u64,
    to: W,
    result: Option<Fetched>,
}

impl<W: Write> Fetch<W> {
    /// Will ask for the target.
    pub fn new(target: &Target, to: W) -> Self {
        let Target { server, path } = target;
        let request = format!("GET {path} HTTP/1.0\r\nHost: {server}\r\nConnection: close\r\n\r\n");
        let (request, head) = (request.into_bytes(), Some(Vec::new()));
        Self { request, head, length: None, received: 0, to, result: None }
    }

    /// How it ended; none as long as it has not.
    pub fn result(&self) -> Option<&Fetched> {
        self.result.as_ref()
    }

    fn go_on(&mut self, connection: &mut Connection) -> Result<Option<u64>, String> {
        let sent = connection.send(&self.request);
        self.request.drain(..sent);
        let mut buffer = [0; 16 * 1024];
        loop {
            let received = connection.receive(&mut buffer);
            if received == 0 {
                break;
            }
            let head = self.take_head(&buffer[..received])?;
            let body = &buffer[head..received];
            self.received += body.len() as u64;
            self.to.write_all(body).map_err(|error| format!("writing: {error}"))?;
            if self.length.is_some_and(|length| self.received > length) {
                return Err(format!("{} octets, and more were sent", self.received));
            }
        }
        if !connection.is_finished() {
            return Ok(None);
        }
        if let Some(failure) = connection.failure() {
            return Err(failure.to_string());
        }
        match self.length {
            _ if self.head.is_some() => Err("the answer has no head".to_owned()),
            Some(length) if length != self.received => {
                Err(format!("{} of {length} octets", self.received))
            }
            _ => self.to.flush().map(|()| Some(self.received)).map_err(|error| error.to_string()),
        }
    }

    /// Takes octets for the head until that is whole; says how many of these are its.
    fn take_head(&mut self, octets: &[u8]) -> Result<usize, String> {
        let Some(head) = &mut self.head else { return Ok(0) };
        let before = head.len();
        head.extend_from_slice(octets);
        let Some(end) = head.windows(4).position(|end| end == b"\r\n\r\n") else {
            let room = head.len() <= LONGEST_HEAD;
            return room.then_some(octets.len()).ok_or("a head that has no end".to_owned());
        };
        let text = String::from_utf8_lossy(&head[..end]).into_owned();
        self.head = None;
        let mut lines = text.lines();
        let status = lines.next().unwrap_or_default();
        if status.split(' ').nth(1) != Some("200") {
            return Err(format!("the server says: {}", status.escape_debug()));
        }
        let fields = lines.filter_map(|line| line.split_once(':'));
        let mut lengths = fields.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        self.length = lengths.next().and_then(|(_, value)| value.trim().parse().ok());
        Ok(end + 4 - before)
    }
}

impl<W: Write> Service for Fetch<W> {
    fn serve(&mut self, connection: &mut Connection) -> Next {
        match self.go_on(connection) {
            Ok(None) => Next::Continue,
            Ok(Some(octets)) => {
                self.result = Some(Fetched::All(octets));
                connection.shutdown();
                Next::Done
            }
            Err(reason) => {
                self.result = Some(Fetched::Failed(reason));
                Next::Abort
            }
        }
    }

    fn wants(&self, connection: &Connection) -> bool {
        let to_ask = !self.request.is_empty() && connection.room() > 0;
        to_ask || connection.readable() > 0 || connection.is_finished()
    }
}
