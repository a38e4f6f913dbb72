//! A server under each of the shells, to be tested by its clients.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use client_server::{
    Address, Blocking, EventLoop, Handle, Limits, Listener, Model, Service, Statistics,
};
use protocols::http::echo::Echo;
use protocols::http::files::Files;
use protocols::http::server::{Http, Settings};

/// How long a test waits for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// What serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shell {
    Loop,
    Threads,
    Pool,
}

pub(crate) const SHELLS: [Shell; 3] = [Shell::Loop, Shell::Threads, Shell::Pool];

/// A server that runs on a thread of its own until it is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    handle: Handle,
    thread: Option<JoinHandle<Statistics>>,
}

impl Server {
    pub(crate) fn start<F>(shell: Shell, service: F) -> Self
    where
        F: Service + Clone + Send + Sync + 'static,
        F::Session: Send,
    {
        let any = Address::Tcp("127.0.0.1:0".parse().expect("an address"));
        let listener = Listener::bind(&any).expect("a free port");
        let Ok(Address::Tcp(address)) = listener.address() else { panic!("no TCP address") };
        let (listeners, limits) = (vec![listener], Limits::default());
        let model = match shell {
            Shell::Loop => {
                let server = EventLoop::new(listeners, service, limits).expect("a loop");
                let handle = server.handle();
                let thread = thread::spawn(move || server.run().expect("no error"));
                return Self { address, handle, thread: Some(thread) };
            }
            Shell::Threads => Model::Threads,
            Shell::Pool => Model::Pool { workers: 8, queue: 64 },
        };
        let server = Blocking::new(listeners, service, limits, model).expect("a server");
        let handle = server.handle();
        let thread = thread::spawn(move || server.run().expect("no error"));
        Self { address, handle, thread: Some(thread) }
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("the server listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_nodelay(true).expect("an option");
        stream
    }

    /// Sends `input`, whole or an octet at a time, and reads the answers: after the first is there, the
    /// client's half is ended, and what comes is read to the end of the connection.
    pub(crate) fn ask(&self, input: &[u8], slowly: bool) -> Vec<Answer> {
        let mut stream = self.connect();
        send(&mut stream, input, slowly);
        read_answers(&mut stream)
    }

    /// Tells it to stop, and waits until it has.
    pub(crate) fn stop(mut self) -> Statistics {
        self.handle.stop();
        self.thread.take().expect("it runs").join().expect("no panic")
    }

    pub(crate) fn tell_to_stop(&self) {
        self.handle.stop();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.handle.stop();
    }
}

/// Sends as far as the server listens: it may have answered and closed before.
pub(crate) fn send(stream: &mut TcpStream, input: &[u8], slowly: bool) {
    let step = if slowly { 1 } else { input.len().max(1) };
    for piece in input.chunks(step) {
        if stream.write_all(piece).is_err() {
            break;
        }
    }
}

/// A server that echoes.
pub(crate) fn echo(settings: Settings) -> impl Service<Session = Http<Echo>> + Clone + Send + Sync {
    let settings = Arc::new(settings);
    move |peer: Option<IpAddr>| Http::new(Echo::default(), settings.clone(), peer)
}

/// A folder of our own, two levels below `/tmp`.
pub(crate) struct Folder {
    pub(crate) path: PathBuf,
}

impl Folder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("http-{}-{number}", std::process::id()));
        fs::create_dir_all(path.join("root")).expect("a temporary folder");
        let new = Self { path };
        for (name, content) in [("1", "one"), ("2", "two"), ("index.html", "<p>index")] {
            fs::write(new.root().join(name), content).expect("a file");
        }
        new
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.path.join("root")
    }

    pub(crate) fn files(&self, settings: Settings) -> Files {
        Files::new(&self.root(), settings).expect("a folder").with(true, true)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// An answer, as far as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) content: Vec<u8>,
    /// It has come to its end.
    pub(crate) whole: bool,
}

impl Answer {
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (field, value) = line.split_once(": ")?;
            field.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

/// Reads answers to the end of the connection. Ends our half when one is there.
pub(crate) fn read_answers(stream: &mut TcpStream) -> Vec<Answer> {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 65_536]);
    let mut ended = false;
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => break,
            Err(error) => panic!("{error}, after {}", bytes.escape_ascii()),
        }
        if !ended && parse(&bytes).iter().any(|answer| answer.whole && answer.status >= 200) {
            let _ = stream.shutdown(Shutdown::Write);
            ended = true;
        }
    }
    parse(&bytes)
}

/// Takes answers apart, without the server's parsers. Lengths count, also to HEAD: see `whole`.
pub(crate) fn parse(mut bytes: &[u8]) -> Vec<Answer> {
    let mut all = Vec::new();
    while let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
        let head = String::from_utf8(bytes[..end + 2].to_vec()).expect("ASCII");
        bytes = &bytes[end + 4..];
        let status = head[9..12].parse().expect("a status");
        let mut answer = Answer { status, head, content: Vec::new(), whole: true };
        if answer.field("Transfer-Encoding") == Some("chunked") {
            answer.whole = chunks(&mut bytes, &mut answer.content);
        } else if let Some(length) = answer.field("Content-Length") {
            let length: usize = length.parse().expect("a length");
            answer.whole = length <= bytes.len();
            answer.content = bytes[..length.min(bytes.len())].to_vec();
            bytes = &bytes[answer.content.len()..];
        }
        all.push(answer);
    }
    all
}

fn chunks(bytes: &mut &[u8], content: &mut Vec<u8>) -> bool {
    while let Some(line) = bytes.iter().position(|octet| *octet == b'\n') {
        let size = str::from_utf8(&bytes[..line - 1]).expect("ASCII");
        let size = usize::from_str_radix(size, 16).expect("a size");
        if bytes.len() < line + 1 + size + 2 {
            return false;
        }
        content.extend_from_slice(&bytes[line + 1..line + 1 + size]);
        *bytes = &bytes[line + 1 + size + 2..];
        if size == 0 {
            return true;
        }
    }
    false
}
