//! What the tour's conversations, and the figures', have at their ends: servers, raw clients, files.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, anyhow, ensure};
use capture::{Recorder, Tap};
use client_server::{Address, EventLoop, Handle, Limits, Listener, Service, Statistics};

/// Longer than anything here takes: no wait is without an end.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// Octets of a reply that a raw client reads at most.
const LONGEST: usize = 1 << 20;

/// A folder that goes when its program ends.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new() -> io::Result<Self> {
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos();
        let name = format!("protocols-{}-{now}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path)?;
        Ok(Self(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn write(&self, name: &str, octets: &[u8]) -> Result<()> {
        fs::write(self.0.join(name), octets).with_context(|| format!("writing {name}"))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is left where temporary files are.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// One of the chapter's servers, on an event loop of its own.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    handle: Handle,
    thread: JoinHandle<io::Result<Statistics>>,
}

impl Server {
    pub(super) fn start<F>(service: F) -> Result<Self>
    where
        F: Service + Send + 'static,
        F::Session: Send,
    {
        let listener = Listener::bind(&Address::Tcp("127.0.0.1:0".parse()?))?;
        let Address::Tcp(address) = listener.address()? else {
            return Err(anyhow!("asked for TCP"));
        };
        let server = EventLoop::new(vec![listener], service, Limits::default())?;
        Ok(Self { address, handle: server.handle(), thread: thread::spawn(|| server.run()) })
    }

    pub(super) fn stop(self) -> Result<Statistics> {
        self.handle.stop();
        let result = self.thread.join().map_err(|_| anyhow!("the server panicked"))?;
        result.context("serving")
    }
}

/// A server that gives the first client this answer, whatever it asks; its thread gives the request.
pub(super) fn scripted(answer: Vec<u8>) -> Result<(SocketAddr, JoinHandle<io::Result<String>>)> {
    let listener = TcpListener::bind("127.0.0.1:0").context("listening")?;
    let address = listener.local_addr()?;
    let thread = thread::spawn(move || {
        let (mut stream, _) = listener.accept()?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") && request.len() < LONGEST {
            let mut octet = [0];
            stream.read_exact(&mut octet)?;
            request.push(octet[0]);
        }
        // The client may have seen enough before it has seen all.
        let _ = stream.write_all(&answer).and_then(|()| stream.shutdown(Shutdown::Write));
        let _ = io::copy(&mut stream.take(LONGEST as u64), &mut io::sink());
        Ok(String::from_utf8_lossy(&request).into_owned())
    });
    Ok((address, thread))
}

/// Connects, and records what crosses.
pub(super) fn connect(address: SocketAddr, recorder: &Recorder) -> Result<Tap<TcpStream>> {
    let stream = TcpStream::connect_timeout(&address, PATIENCE).context("connecting")?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(Tap::connected(stream, "client", "server", recorder))
}

/// Reads up to and with `end`.
pub(super) fn read_until(stream: &mut impl Read, end: &str) -> Result<String> {
    let mut octets = Vec::new();
    let mut buffer = [0; 4096];
    while !octets.windows(end.len()).any(|window| window == end.as_bytes()) {
        let count = stream.read(&mut buffer).context("reading a reply")?;
        ensure!(count > 0, "the server ended after {:?}", String::from_utf8_lossy(&octets));
        octets.extend_from_slice(&buffer[..count]);
        ensure!(octets.len() < LONGEST, "a reply that does not end");
    }
    Ok(String::from_utf8_lossy(&octets).into_owned())
}

/// Sends all of `request`, and reads to the server's end.
pub(super) fn ask(address: SocketAddr, request: &str, recorder: &Recorder) -> Result<String> {
    let mut stream = connect(address, recorder)?;
    stream.write_all(request.as_bytes()).context("asking")?;
    let mut reply = Vec::new();
    (&mut stream).take(LONGEST as u64).read_to_end(&mut reply).context("reading the answer")?;
    stream.close();
    Ok(String::from_utf8_lossy(&reply).into_owned())
}

/// The first line.
pub(super) fn line(text: &str) -> &str {
    text.lines().next().unwrap_or("nothing")
}
