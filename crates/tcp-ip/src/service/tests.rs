//! The services with each other, over a simulated cable: a client of ours at one end.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::*;
use crate::Instant;
use crate::link::Conditions;
use crate::random::Random;
use crate::simulation::{End, Network};
use crate::tcp::{Config, Failure, Handle};

const PORT: u16 = 80;

/// How bad a cable is: bad enough that everything happens.
fn bad() -> Conditions {
    let delay = Duration::from_millis(5);
    Conditions { loss: 0.05, reorder: 0.05, duplicate: 0.05, delay, ..Conditions::default() }
}

/// What a client saw of a conversation.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    octets: Vec<u8>,
    failure: Option<Failure>,
}

/// A client that is not a [`Service`]: it says something, maybe ends its direction, and listens.
struct Client<'a> {
    says: &'a [u8],
    ends: bool,
    heard: Vec<u8>,
}

impl Service for Client<'_> {
    fn serve(&mut self, connection: &mut Connection) -> Next {
        let sent = connection.send(self.says);
        self.says = &self.says[sent..];
        if self.says.is_empty() && self.ends {
            connection.shutdown();
            self.ends = false;
        }
        let mut buffer = [0; 4096];
        loop {
            let received = connection.receive(&mut buffer);
            self.heard.extend(&buffer[..received]);
            if received == 0 {
                break;
            }
        }
        if connection.is_finished() { Next::Done } else { Next::Continue }
    }

    fn wants(&self, _: &Connection) -> bool {
        true
    }
}

/// Runs both ends until the client is done; gives why its connection failed, if it did.
fn converse(
    server: &mut dyn Service,
    client: &mut dyn Service,
    conditions: &Conditions,
) -> Option<Failure> {
    let seed = Random::announced().next_u64();
    let both = [conditions.clone(), conditions.clone()];
    let mut network = Network::new([Config::default(), Config::default()], 1500, both, seed);
    network.host(End::Server).listen(PORT, 1).unwrap();
    let to = SocketAddr::new(End::Server.address(), PORT);
    let now = network.now;
    let ours = network.host(End::Client).connect(now, to).unwrap();
    let mut theirs = None;
    for _ in 0..1_000_000 {
        network.transmit(|_| {});
        let host = network.host(End::Server);
        theirs = theirs.or_else(|| host.accept(PORT));
        if let Some(handle) = theirs
            && go_on(server, host, handle) != Next::Continue
        {
            host.release(handle);
        }
        let host = network.host(End::Client);
        if go_on(client, host, ours) != Next::Continue {
            return host.connection(ours).and_then(Connection::failure);
        }
        network.transmit(|_| {});
        let next = network.next_event().expect("somebody still has something to do");
        assert!(next < Instant::ZERO + Duration::from_secs(600), "ten minutes, and not done");
        network.advance(next);
    }
    panic!("a million events, and not done");
}

fn go_on(service: &mut dyn Service, host: &mut crate::tcp::Stack, handle: Handle) -> Next {
    match host.connection_mut(handle) {
        Some(connection) if service.wants(connection) => match service.serve(connection) {
            Next::Abort => {
                connection.abort();
                Next::Abort
            }
            next => next,
        },
        _ => Next::Continue,
    }
}

/// What a server answers to some octets.
fn ask(server: &mut dyn Service, says: &[u8], ends: bool) -> Seen {
    let mut client = Client { says, ends, heard: Vec::new() };
    let failure = converse(server, &mut client, &Conditions::default());
    Seen { octets: client.heard, failure }
}

/// A folder with some files, which is gone with the value.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = format!("tcp-ip-{name}-{}", std::process::id());
        let folder = Self(std::env::temp_dir().join(folder));
        fs::create_dir_all(folder.0.join("inner")).unwrap();
        fs::write(folder.0.join("inner/hello world"), "hello\n").unwrap();
        fs::write(folder.0.join("inner/index.html"), "<p>").unwrap();
        folder
    }

    fn files(&self) -> Files {
        Files::below(&self.0).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn everything_comes_back_over_a_bad_cable() {
    let octets = Random::announced().octets(300_000..300_001);
    let mut client = Client { says: &octets, ends: true, heard: Vec::new() };
    assert_eq!(converse(&mut Echo, &mut client, &bad()), None);
    assert!(
        client.heard == octets,
        "{} of {} octets, or not the same",
        client.heard.len(),
        octets.len()
    );
}

#[test]
fn a_file_is_fetched_as_it_is() {
    let folder = Folder::new("fetched");
    let octets = Random::announced().octets(400_000..400_001);
    fs::write(folder.0.join("file"), &octets).unwrap();
    let target: Target = "http://192.0.2.2/file?query".parse().unwrap();
    for conditions in [Conditions::default(), bad()] {
        let mut got = Vec::new();
        let mut fetch = Fetch::new(&target, &mut got);
        assert_eq!(converse(&mut folder.files(), &mut fetch, &conditions), None);
        assert_eq!(fetch.result(), Some(&Fetched::All(400_000)));
        drop(fetch);
        assert!(got == octets);
    }
    let mut fetch = Fetch::new(&"http://192.0.2.2/none".parse().unwrap(), Vec::new());
    converse(&mut folder.files(), &mut fetch, &Conditions::default());
    let said = Fetched::Failed("the server says: HTTP/1.0 404 Not Found".into());
    assert_eq!(fetch.result(), Some(&said));
}

#[test]
fn only_what_is_in_the_folder_is_served() {
    let folder = Folder::new("jail");
    fs::write(folder.0.join("inner/file"), "inside").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("/etc/hosts", folder.0.join("inner/link")).unwrap();
    let inner = Files::below(&folder.0.join("inner")).unwrap();
    fs::write(folder.0.join("outside"), "outside").unwrap();
    for (target, status) in [
        ("/file", "200"),
        ("/%66ile", "200"),
        ("/hello%20world", "200"),
        ("/", "200"), // Its index.html.
        ("/../outside", "404"),
        ("/%2e%2e/outside", "404"),
        ("/./file/../../outside", "404"),
        ("//etc/hosts", "404"),
        ("/link", "404"),
        ("/file%00", "404"),
        ("/%zz", "404"),
        ("file", "404"),
        ("/none", "404"),
    ] {
        let request = format!("GET {target} HTTP/1.0\r\n\r\n");
        let seen = ask(&mut inner.another(), request.as_bytes(), false);
        let text = String::from_utf8(seen.octets).unwrap();
        assert!(text.starts_with(&format!("HTTP/1.0 {status} ")), "{target}: {text}");
    }
}

#[test]
fn a_request_may_be_anything_and_is_answered_or_refused() {
    let folder = Folder::new("requests");
    let long = [b"GET /".as_slice(), &[b'a'; 10_000]].concat();
    for (request, status) in [
        (&b"GET /inner/ HTTP/1.0\r\n\r\n"[..], "200 OK"),
        (b"GET /inner/\n\n", "200 OK"),
        (b"HEAD /inner/ HTTP/1.0\r\n\r\n", "200 OK"),
        (b"POST /inner/ HTTP/1.0\r\n\r\n", "501 Not Implemented"),
        (b"\r\n\r\n", "400 Bad Request"),
        (b"\xff\xfe / \r\n\r\n", "400 Bad Request"),
        (b"GET", "400 Bad Request"),
        (&long, "404 Not Found"), // More than is read: it ends there.
    ] {
        let seen = ask(&mut folder.files(), request, true);
        let text = String::from_utf8(seen.octets).unwrap();
        assert!(text.starts_with(&format!("HTTP/1.0 {status}\r\n")), "{request:?}: {text}");
        assert_eq!(text.ends_with("<p>"), status == "200 OK" && request[0] == b'G', "{text}");
    }
}

#[test]
fn a_file_that_shrinks_resets_the_connection() {
    let folder = Folder::new("shrinks");
    let path = folder.0.join("file");
    fs::write(&path, vec![7; 10_000_000]).unwrap();
    let mut files = folder.files();
    let request = b"GET /file HTTP/1.0\r\n\r\n";
    let mut client = Client { says: request, ends: false, heard: Vec::new() };
    struct Shrinking<'a>(&'a mut Files, &'a PathBuf, usize);
    impl Service for Shrinking<'_> {
        fn serve(&mut self, connection: &mut Connection) -> Next {
            self.2 += 1;
            if self.2 == 2 {
                fs::write(self.1, "short").unwrap();
            }
            self.0.serve(connection)
        }
        fn wants(&self, connection: &Connection) -> bool {
            self.0.wants(connection)
        }
    }
    let mut server = Shrinking(&mut files, &path, 0);
    let failure = converse(&mut server, &mut client, &Conditions::default());
    assert_eq!(failure, Some(Failure::Reset), "{} octets", client.heard.len());
}

#[test]
fn an_answer_that_breaks_off_is_no_file() {
    let target: Target = "http://[2001:db8::1]:8000".parse().unwrap();
    assert_eq!((target.server.port(), target.path.as_str()), (8000, "/"));
    for (answer, said) in [
        (&b"HTTP/1.0 200 OK\r\nContent-Length: 6\r\n\r\nshort"[..], "5 of 6 octets"),
        (b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nlong", "4 octets, and more were sent"),
        (b"HTTP/1.0 200 OK\r\n", "the answer has no head"),
        (b"HTTP/1.1 500 \x1b[31m\r\n\r\n", "the server says: HTTP/1.1 500 \\u{1b}[31m"),
        (&[b'x'; 20_000], "a head that has no end"),
    ] {
        let mut fetch = Fetch::new(&target, Vec::new());
        let mut server = Client { says: answer, ends: true, heard: Vec::new() };
        converse(&mut server, &mut fetch, &Conditions::default());
        assert_eq!(fetch.result(), Some(&Fetched::Failed(said.to_owned())));
    }
    for wrong in ["https://10.0.0.1/", "http://localhost/", "http://10.0.0.1/a b", "10.0.0.1"] {
        assert!(wrong.parse::<Target>().is_err(), "{wrong}");
    }
}
