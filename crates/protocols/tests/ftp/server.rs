//! A server of a folder of its own, and a client that says lines.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use client_server::{Address, Blocking, EventLoop, Handle, Limits, Listener, Model, Statistics};
use protocols::ftp::server::{FtpServer, Settings, Users};
use protocols::jail::Jail;

/// How long a test waits for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// A folder with a root in it, removed in the end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("ftp-{}-{number}", std::process::id()));
        fs::create_dir_all(path.join("root")).expect("a temporary folder");
        Self(path)
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.0.join("root")
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.root().join(name), bytes).expect("a file");
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.root().join(name)).expect("a file")
    }

    /// Everything that is in the root, hidden files included.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.root()).expect("the root");
        let mut names: Vec<String> = entries
            .map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What serves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Shell {
    Loop,
    Threads,
}

/// A server, stopped in the end.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    handle: Handle,
    thread: Option<JoinHandle<io::Result<Statistics>>>,
}

/// Settings for tests: everybody may do everything, and nobody waits long.
pub(crate) fn settings(root: &Path) -> Settings {
    Settings {
        writable: true,
        users: Users { anonymous: true, user: Some(("ada".to_owned(), b"secret".to_vec())) },
        delay: Duration::from_millis(50),
        connect: Duration::from_millis(500),
        idle: PATIENCE,
        ..Settings::new(Jail::new(root).expect("the root"))
    }
}

impl Server {
    pub(crate) fn start(shell: Shell, settings: Settings) -> Self {
        Self::start_with(shell, settings, Limits::default())
    }

    pub(crate) fn start_with(shell: Shell, settings: Settings, limits: Limits) -> Self {
        println!("under {shell:?}");
        let any = Address::Tcp("127.0.0.1:0".parse().expect("an address"));
        let listener = Listener::bind(&any).expect("a free port");
        let Ok(Address::Tcp(address)) = listener.address() else { panic!("no TCP address") };
        let (listeners, service) = (vec![listener], FtpServer::new(settings));
        let (handle, thread) = match shell {
            Shell::Loop => {
                let server = EventLoop::new(listeners, service, limits).expect("a loop");
                (server.handle(), thread::spawn(move || server.run()))
            }
            Shell::Threads => {
                let server = Blocking::new(listeners, service, limits, Model::Threads);
                let server = server.expect("a server");
                (server.handle(), thread::spawn(move || server.run()))
            }
        };
        Self { address, handle, thread: Some(thread) }
    }

    pub(crate) fn stop(mut self) -> Statistics {
        self.handle.stop();
        let thread = self.thread.take().expect("it runs");
        let statistics = thread.join().expect("no panic").expect("no error");
        assert_eq!(statistics.panicked, 0);
        statistics
    }

    /// A client that has read the greeting.
    pub(crate) fn connect(&self) -> Line {
        let mut line = Line::new(self.address);
        assert_eq!(line.hear().0, 220);
        line
    }

    /// One that has logged in, for binary files.
    pub(crate) fn log_in(&self) -> Line {
        let mut line = self.connect();
        assert_eq!(line.ask("USER anonymous"), 331);
        assert_eq!(line.ask("PASS me@example.org"), 230);
        assert_eq!(line.ask("TYPE I"), 200);
        line
    }
}

/// The client's end of a control connection.
pub(crate) struct Line(pub(crate) BufReader<TcpStream>);

impl Line {
    fn new(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the server listens");
        stream.set_nodelay(true).expect("set");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
        Self(BufReader::new(stream))
    }

    pub(crate) fn stream(&self) -> &TcpStream {
        self.0.get_ref()
    }

    pub(crate) fn say(&mut self, line: &str) {
        self.say_octets(format!("{line}\r\n").as_bytes());
    }

    pub(crate) fn say_octets(&mut self, octets: &[u8]) {
        self.0.get_mut().write_all(octets).expect("the server reads");
    }

    /// The next reply: its code, and all of its text. 0: the end.
    pub(crate) fn hear(&mut self) -> (u16, String) {
        let mut all = String::new();
        loop {
            let mut line = Vec::new();
            if self.0.read_until(b'\n', &mut line).unwrap_or(0) == 0 {
                return (0, all);
            }
            assert!(line.ends_with(b"\r\n"), "{:?}", line.escape_ascii().to_string());
            let line = String::from_utf8_lossy(&line).into_owned();
            all.push_str(&line);
            let code = line.get(..3).and_then(|code| code.parse().ok());
            if let (Some(code), true) = (code, line.as_bytes()[3] == b' ') {
                return (code, all);
            }
        }
    }

    pub(crate) fn ask(&mut self, line: &str) -> u16 {
        self.say(line);
        let (code, text) = self.hear();
        println!(
            "{} -> {}",
            line.escape_debug().to_string().chars().take(80).collect::<String>(),
            text.trim_end()
        );
        code
    }

    /// The text of the reply to `line`.
    pub(crate) fn text(&mut self, line: &str) -> String {
        self.say(line);
        self.hear().1
    }

    /// A data connection, by `EPSV`.
    pub(crate) fn passive(&mut self) -> TcpStream {
        let data = TcpStream::connect(self.passive_address()).expect("the server listens");
        data.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        data.set_write_timeout(Some(PATIENCE)).expect("a timeout");
        data
    }

    pub(crate) fn passive_address(&mut self) -> SocketAddr {
        let text = self.text("EPSV");
        let port = text.split('|').nth(3).and_then(|port| port.parse().ok());
        SocketAddr::new(self.stream().peer_addr().expect("connected").ip(), port.expect("a port"))
    }

    /// What `command` sends over a data connection.
    pub(crate) fn fetch(&mut self, command: &str) -> Vec<u8> {
        let mut data = self.passive();
        assert_eq!(self.ask(command), 150);
        let mut all = Vec::new();
        data.read_to_end(&mut all).expect("to the end");
        assert_eq!(self.hear().0, 226);
        all
    }

    /// Sends `bytes` with `command`.
    pub(crate) fn store(&mut self, command: &str, bytes: &[u8]) {
        let mut data = self.passive();
        assert_eq!(self.ask(command), 150);
        data.write_all(bytes).expect("the server reads");
        data.shutdown(Shutdown::Write).expect("a FIN");
        assert_eq!(data.read(&mut [0]).expect("its end"), 0);
        assert_eq!(self.hear().0, 226);
    }
}

pub(crate) fn under_each_shell(test: impl Fn(Shell)) {
    test(Shell::Loop);
    test(Shell::Threads);
}
