//! The client against our server, and against servers that say what they must not.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use capture::Recorder;
use protocols::ftp::client::{Client, Error};

use crate::server::{Folder, PATIENCE, Server, settings, under_each_shell};

/// A server that says one line after each that it hears, whatever that was.
pub(crate) struct Scripted {
    pub(crate) address: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
    thread: JoinHandle<()>,
}

impl Scripted {
    pub(crate) fn start(script: &'static [&'static str]) -> Self {
        Self::run(script.to_vec(), None)
    }

    /// In a reply, `%PORT` is where a data connection is taken that is sent `data`.
    pub(crate) fn with_data(script: &'static [&'static str], data: &'static [u8]) -> Self {
        Self::run(script.to_vec(), Some(data))
    }

    fn run(script: Vec<&'static str>, data: Option<&'static [u8]>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let heard = Arc::new(Mutex::new(Vec::new()));
        let lines = heard.clone();
        let thread = thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a client");
            stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
            let mut reader = BufReader::new(stream.try_clone().expect("a handle"));
            let beside = TcpListener::bind("127.0.0.1:0").expect("a free port");
            let port = beside.local_addr().expect("bound").port().to_string();
            for (at, reply) in script.iter().enumerate() {
                let mut line = String::new();
                if at > 0 && reader.read_line(&mut line).unwrap_or(0) == 0 {
                    return;
                }
                if at > 0 {
                    lines.lock().expect("no panic").push(line.trim_end().to_owned());
                }
                let end = if reply.ends_with('\n') { "" } else { "\r\n" };
                let reply = reply.replace("%PORT", &port);
                if stream.write_all(format!("{reply}{end}").as_bytes()).is_err() {
                    return;
                }
                if reply.starts_with("150")
                    && let Some(data) = data
                {
                    let _ = beside.accept().expect("a client").0.write_all(data);
                    let _ = stream.write_all(b"226 done\r\n");
                }
            }
            let mut line = String::new();
            while reader.read_line(&mut line).unwrap_or(0) > 0 {
                lines
                    .lock()
                    .expect("no panic")
                    .push(std::mem::take(&mut line).trim_end().to_owned());
            }
        });
        Self { address, heard, thread }
    }

    /// What it has heard; its client is gone.
    pub(crate) fn heard(self) -> Vec<String> {
        self.thread.join().expect("no panic");
        std::mem::take(&mut self.heard.lock().expect("no panic"))
    }
}

fn connect(address: SocketAddr) -> Result<Client, Error> {
    Client::connect(address, Duration::from_secs(2), &Recorder::new())
}

#[test]
fn files_and_listings_are_had_from_our_server() {
    under_each_shell(|shell| {
        let folder = Folder::new();
        let bytes: Vec<u8> = (0..=252).cycle().take(3_000_000).collect();
        folder.write("a file", &bytes);
        folder.write("empty", b"");
        let server = Server::start(shell, settings(&folder.root()));
        let mut client = connect(server.address).expect("a greeting");
        client.log_in(b"ada", b"secret").expect("the password");
        for offset in [0, 1, 2_999_999, 3_000_000] {
            let mut all = Vec::new();
            let count = client.retrieve(b"a file", offset, &mut all).expect("the file");
            assert_eq!(
                (count, &all[..]),
                (all.len() as u64, &bytes[usize::try_from(offset).expect("small")..])
            );
        }
        assert_eq!(client.retrieve(b"empty", 0, &mut Vec::new()).expect("the file"), 0);
        let error = client.retrieve(b"nothing", 0, &mut Vec::new()).expect_err("no file");
        assert!(matches!(&error, Error::Refused { reply, .. } if reply.code == 550), "{error}");
        let mut listing = Vec::new();
        client.list(&mut listing).expect("the listing");
        assert_eq!(String::from_utf8(listing).expect("text").lines().count(), 2);
        client.quit();
        let mut client = connect(server.address).expect("a greeting");
        client.log_in(b"ada", b"wrong").expect_err("the wrong password");
        server.stop();
    });
}

#[test]
fn a_download_that_is_cut_short_is_an_error() {
    let replies =
        ["220 hi", "331 password", "230 in", "200 I", "213 100", "229 (|||%PORT|)", "150 here"];
    for (size, last, right) in [("213 100", "", false), ("213 4", "", true), ("550 ?", "", true)] {
        let mut script = replies.to_vec();
        script[4] = size;
        script.extend((!last.is_empty()).then_some(last));
        let server = Scripted::with_data(script.leak(), b"four");
        let mut client = connect(server.address).expect("a greeting");
        client.log_in(b"ada", b"x").expect("in");
        let mut all = Vec::new();
        let result = client.retrieve(b"file", 0, &mut all);
        assert_eq!(all, b"four");
        assert_eq!(result.is_ok(), right, "{size}: {result:?}");
    }
}

#[test]
fn what_a_server_says_is_bounded_and_must_be_ftp() {
    for script in [
        &["SSH-2.0-OpenSSH"][..],
        &["220"],
        &["99 x"],
        &["500 no"],
        &["421 later"],
        &["220-a\r\n220-b"],
        &["220 hi", "530 no"],
        &["220 hi", "331 x", "332 account"],
        &["220 hi", "garbage"],
        &["220 hi", "230 in", "200 I", "213 1", "229 ()"],
        &["220 hi", "230 in", "200 I", "213 1", "229 (|||0|)"],
        &["220 hi", "230 in", "200 I", "213 1", "500 x", "227 no numbers"],
        &["220 hi", "230 in", "200 I", "213 1", "421 bye"],
        &["220 hi", "230 in", "200 I", "213 1"],
        &["120 wait", "x"],
        &["220 hi", "230 in", "200 I", "213 1", "229 (|||%PORT|)", "550 no"],
    ] {
        let server = Scripted::start(script);
        let begin = Instant::now();
        let result = Client::connect(server.address, Duration::from_millis(300), &Recorder::new())
            .and_then(|mut client| {
                client.log_in(b"ada", b"x")?;
                client.retrieve(b"file", 0, &mut Vec::new())
            });
        assert!(result.is_err(), "{script:?}");
        assert!(begin.elapsed() < Duration::from_secs(2), "{script:?}: {:?}", begin.elapsed());
    }
    let endless: &'static str = format!("220-{}", "x\r\n".repeat(100_000)).leak();
    let server = Scripted::start(vec![endless].leak());
    assert!(matches!(connect(server.address), Err(Error::NotFtp(_))));
}
