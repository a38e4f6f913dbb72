//! Every case of `hostile/ftp.json`, over sockets: the server's under each shell, whole and one octet at
//! a time; the client's against a server that says what the case says.

use std::fs;
use std::io::Read;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::symlink;
use std::time::{Duration, Instant};

use client_server::Limits;
use protocols::ftp::client::{Client, Error};
use serde_json::Value;

use crate::client::Scripted;
use crate::server::{Folder, Line, PATIENCE, Server, settings, under_each_shell};

fn cases() -> Vec<Value> {
    serde_json::from_str(include_str!("../hostile/ftp.json")).expect("JSON")
}

/// The octets of a case: its escapes undone, its markers expanded.
fn input(case: &Value) -> Vec<u8> {
    let unescape = |text: &str| text.replace("\\r", "\r").replace("\\n", "\n");
    let mut text = unescape(case["input"].as_str().expect("an input"));
    for expand in case["expand"].as_array().into_iter().flatten() {
        let unit = unescape(expand["unit"].as_str().expect("a unit"));
        let count = usize::try_from(expand["count"].as_u64().expect("a count")).expect("small");
        text = text.replace(expand["marker"].as_str().expect("a marker"), &unit.repeat(count));
    }
    text.into_bytes()
}

/// The folder of the cases: a link that leaves it, and a name with a line's end in it.
fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("a.txt", b"contents");
    folder.write("b.txt", b"must stay");
    folder.write("x\r\nDELE x", b"");
    symlink("/etc/passwd", folder.root().join("link")).expect("a link");
    fs::write(folder.root().join("../secret"), "secret").expect("a file beside the root");
    folder
}

/// What the server answers; one code after another where there are more.
fn answers(line: &mut Line, octets: &[u8], one_at_a_time: bool) -> Vec<u16> {
    if one_at_a_time {
        for octet in octets {
            line.say_octets(&[*octet]);
        }
    } else {
        line.say_octets(octets);
    }
    let commands = octets.iter().filter(|&&octet| octet == b'\n').count();
    let mut codes = Vec::new();
    for _ in 0..commands {
        let code = line.hear().0;
        codes.push(code);
        if code == 0 {
            break;
        }
    }
    codes
}

#[test]
fn the_server_answers_each_as_the_case_says() {
    under_each_shell(|shell| {
        for one_at_a_time in [false, true] {
            let folder = folder();
            // Slow passwords are another test's.
            let server = Server::start(shell, settings(&folder.root()));
            let mut seen = 0;
            for case in cases() {
                let id = case["id"].as_str().expect("an id");
                let (Some(allowed), true) = (case["answers"].as_array(), id != "ftp-pasv-stolen")
                else {
                    continue;
                };
                seen += 1;
                println!("{id}, one octet at a time: {one_at_a_time}");
                let logged_in =
                    case["context"].as_str().is_some_and(|context| context.contains("logged in"));
                let mut line = if logged_in { server.log_in() } else { server.connect() };
                let begin = Instant::now();
                let codes = answers(&mut line, &input(&case), one_at_a_time);
                assert!(begin.elapsed() < PATIENCE);
                for (at, code) in codes.iter().enumerate() {
                    let name = if *code == 0 { "close".to_owned() } else { code.to_string() };
                    let right = allowed.iter().any(|answer| answer == &Value::String(name.clone()));
                    // The case names the answers of a login; the name itself is asked for a password.
                    let asked = id == "ftp-login-guess" && at % 2 == 0 && *code == 331;
                    assert!(right || asked, "{id}: {codes:?}");
                }
                if codes.last() != Some(&0) {
                    let place = line.text("PWD");
                    assert!(!logged_in || place.starts_with("257 \"/\""), "{id}: {place}");
                    assert!(logged_in || place.starts_with("530"), "{id}: {place}");
                }
            }
            assert_eq!(seen, 10, "a case was left out");
            assert_eq!(folder.read("b.txt"), b"must stay");
            server.stop();
        }
    });
}

#[test]
fn no_line_of_a_listing_is_made_by_a_name() {
    under_each_shell(|shell| {
        let folder = folder();
        let server = Server::start(shell, settings(&folder.root()));
        let mut line = server.log_in();
        for command in ["NLST", "LIST", "MLSD"] {
            let listing = String::from_utf8(line.fetch(command)).expect("text");
            assert!(!listing.contains("DELE"), "{listing}");
            assert_eq!(listing.lines().count(), 2, "{listing}");
        }
        assert!(!line.text("STAT /").contains("DELE"));
        server.stop();
    });
}

#[test]
#[cfg(target_os = "linux")] // All of 127.0.0.0/8 is this machine's there.
fn a_port_is_not_stolen() {
    under_each_shell(|shell| {
        let folder = folder();
        let server = Server::start(shell, settings(&folder.root()));
        let mut line = server.log_in();
        let mut ports = Vec::new();
        for _ in 0..5 {
            let address = line.passive_address();
            ports.push(address.port());
            let mut thieves: Vec<TcpStream> = (0..3).map(|_| from_elsewhere(address)).collect();
            assert_eq!(line.hear().0, 425);
            let mut data = TcpStream::connect(address).expect("the rightful one still can");
            assert_eq!(line.ask("RETR a.txt"), 150);
            let mut all = Vec::new();
            data.read_to_end(&mut all).expect("to the end");
            assert_eq!((&all[..], line.hear().0), (&b"contents"[..], 226));
            for thief in &mut thieves {
                assert!(matches!(thief.read(&mut [0]), Ok(0) | Err(_)), "served");
            }
        }
        ports.dedup_by(|next, last| *next == *last + 1);
        assert!(ports.len() > 1, "ports can be guessed: {ports:?}");
        server.stop();
    });
}

#[cfg(target_os = "linux")]
fn from_elsewhere(to: SocketAddr) -> TcpStream {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None);
    let socket = socket.expect("a socket");
    socket.bind(&SocketAddr::from(([127, 0, 0, 2], 0)).into()).expect("an address of ours");
    socket.connect(&to.into()).expect("a listener");
    socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    socket.into()
}

#[test]
fn the_client_connects_to_no_address_that_a_reply_names() {
    let case = cases().into_iter().find(|case| case["id"] == "ftp-client-pasv-redirect");
    let reply = String::from_utf8(input(&case.expect("the case"))).expect("text");
    let reply: &'static str = reply.leak();
    let script = vec!["220 hi", "230 in", "200 I", "213 8", "500 no EPSV", reply];
    let server = Scripted::start(script.leak());
    let mut client =
        Client::connect(server.address, Duration::from_millis(500), &capture::Recorder::new())
            .expect("a greeting");
    client.log_in(b"ada", b"x").expect("in");
    let begin = Instant::now();
    // Nobody listens at that port of the server itself; to the address in the reply it would take long.
    let error = client.retrieve(b"a.txt", 0, &mut Vec::new()).expect_err("nobody there");
    assert!(
        matches!(&error, Error::Connect(e) if e.kind() == std::io::ErrorKind::ConnectionRefused),
        "{error}"
    );
    assert!(begin.elapsed() < Duration::from_millis(400));
}

#[test]
fn the_client_says_no_line_end() {
    let case = cases().into_iter().find(|case| case["id"] == "ftp-client-crlf-arg");
    let name = input(&case.expect("the case"));
    let server = Scripted::start(&["220 hi", "230 in", "200 I", "221 bye"]);
    let mut client =
        Client::connect(server.address, PATIENCE, &capture::Recorder::new()).expect("a greeting");
    client.log_in(b"ada", b"x").expect("in");
    let error = client.retrieve(&name, 0, &mut Vec::new()).expect_err("no such name can be said");
    assert!(matches!(error, Error::Argument), "{error}");
    client.quit();
    assert_eq!(server.heard(), ["USER ada", "TYPE I", "QUIT"], "nothing of it was sent");
}

#[test]
fn one_who_sends_no_line_end_costs_little() {
    under_each_shell(|shell| {
        let folder = folder();
        let limits = Limits { per_peer: 10, ..Limits::default() };
        let server = Server::start_with(shell, settings(&folder.root()), limits);
        let mut line = server.log_in();
        for _ in 0..100 {
            line.say_octets(&[b'A'; 100_000]);
        }
        line.say_octets(b"\r\n");
        assert_eq!(line.hear().0, 500);
        assert_eq!(line.ask("NOOP"), 200);
        server.stop();
    });
}
