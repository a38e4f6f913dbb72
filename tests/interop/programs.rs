//! The chapter's programs as a person types them: what they print, and how they exit.

// A panic is how a test fails.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use support::{PATIENCE, Server, peer, skip};

fn sockets(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sockets"));
    peer(command.args(arguments)).unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A path that no other test has, in a folder of this process.
fn scratch(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("programs-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    folder.join(name)
}

#[test]
fn the_tour_holds_and_is_short() {
    let began = Instant::now();
    let tour = sockets(&[]);
    assert!(tour.status.success(), "{}{}", out(&tour), err(&tour));
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    let text = out(&tour);
    assert!(text.matches('✓').count() > 40 && !text.contains('✗'), "{text}");
    assert_eq!(err(&tour), "", "without --trace it says nothing else");
}

#[test]
fn the_tour_draws_and_saves_the_wire() {
    let file = scratch("tour.pcapng");
    let tour = sockets(&["--trace", "--pcap", file.to_str().unwrap()]);
    assert!(tour.status.success(), "{}", err(&tour));
    assert!(err(&tour).contains("client → server  FIN"), "{}", err(&tour));
    // The type of a section header block (draft-ietf-opsawg-pcapng §4.1).
    assert_eq!(fs::read(&file).unwrap()[..4], [0x0a, 0x0d, 0x0d, 0x0a]);
}

#[test]
fn a_server_draws_and_saves_the_wire() {
    let file = scratch("echo.pcapng");
    let server = Server::start(&["tcp-echo", "--trace", "--pcap", file.to_str().unwrap()]);
    let mut stream = TcpStream::connect(server.socket_address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(b"seen on the wire").unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    stream.read_to_end(&mut Vec::new()).unwrap();
    let log = server.stop();
    assert_eq!(log.matches("16 bytes  seen on the wire").count(), 2, "{log}");

    let mut tshark = Command::new("tshark");
    let file = file.to_str().unwrap();
    let arguments = ["-r", file, "-T", "fields", "-e", "data.text", "-o", "data.show_as_text:TRUE"];
    let Some(read) = peer(tshark.args(arguments)) else { return };
    assert_eq!(out(&read).matches("seen on the wire").count(), 2, "{}{}", out(&read), err(&read));
}

#[test]
fn bad_arguments_get_a_sentence_and_exit_2() {
    for arguments in [
        &["no-such-program"][..],
        &["tcp-echo", "--listen", "somewhere"],
        &["tcp-echo", "--idle", "5"],
        &["tcp-echo", "--max-connections", "0"],
        &["udp-echo", "--listen", "127.0.0.1:99999"],
        &["unix-echo"],
        &["unix-echo", "--listen", "/tmp/x", "--mode", "999"],
        &["resolve"],
        &["resolve", "localhost:http"],
        &["options", "SO_NOTHING"],
        &["discover", "announce", "", "--service-port", "1"],
        &["discover", "announce", "name", "--service-port", "0"],
        &["--pcap"],
    ] {
        let output = sockets(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(err(&output).contains("error: "), "{arguments:?}: {}", err(&output));
        assert_eq!(out(&output), "", "{arguments:?}");
    }
}

#[test]
fn what_the_system_refuses_is_said_and_exits_1() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let long = format!("/tmp/{}", "x".repeat(200));
    let file = scratch("precious");
    fs::write(&file, "do not remove").unwrap();
    for (arguments, words) in [
        (&["tcp-echo", "--listen", &address][..], "Address already in use"),
        (&["tcp-echo", "--listen", "192.0.2.1:0"], "Cannot assign requested address"),
        (&["unix-echo", "--listen", &long], "has 205 octets"),
        (&["unix-echo", "--listen", file.to_str().unwrap()], "is no socket"),
        (&["resolve", "no-such-name.invalid"], "no address"),
    ] {
        let output = sockets(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(err(&output).contains(words), "{arguments:?}: {}", err(&output));
    }
}

#[test]
fn every_program_has_a_help() {
    let all = sockets(&["--help"]);
    assert!(all.status.success());
    for program in ["tcp-echo", "udp-echo", "unix-echo", "resolve", "options", "discover"] {
        assert!(out(&all).contains(program), "{}", out(&all));
        let help = sockets(&[program, "--help"]);
        assert!(help.status.success());
        for option in ["--trace", "--pcap"] {
            assert!(out(&help).contains(option), "{program}: {}", out(&help));
        }
    }
    let help = out(&sockets(&["tcp-echo", "--help"]));
    for limit in ["4096", "10m", "60s", "10s", "3s"] {
        assert!(help.contains(&format!("[default: {limit}]")), "{help}");
    }
}

#[test]
fn a_name_gets_its_addresses() {
    let output = sockets(&["resolve", "localhost:80"]);
    assert!(output.status.success(), "{}", err(&output));
    assert!(out(&output).contains("127.0.0.1:80") || out(&output).contains("[::1]:80"));
    let output = sockets(&["resolve", "[2001:db8::1]:80"]);
    assert!(out(&output).contains("nobody needs to be asked"), "{}", out(&output));
}

#[test]
fn a_service_is_found() {
    let announce = ["discover", "announce", "printer", "--service-port", "631", "--port", "0"];
    let only_v4 = ["--interface", "127.0.0.1"];
    let server = match std::net::UdpSocket::bind("127.0.0.1:0")
        .and_then(|s| s.join_multicast_v4(&[239, 255, 77, 77].into(), &[127, 0, 0, 1].into()))
    {
        Ok(()) => Server::start(&[&announce[..], &only_v4[..]].concat()),
        Err(error) => return skip(&format!("no multicast on loopback: {error}")).unwrap_or(()),
    };
    let port = server.address.rsplit_once(':').unwrap().1.to_owned();
    let ask = ["discover", "--wait", "300ms", "--port", &port];
    let found = sockets(&[&ask[..], &only_v4[..]].concat());
    assert_eq!(out(&found), "127.0.0.1:631  printer\n", "{}", err(&found));
    let other = sockets(&[&ask[..], &only_v4[..], &["--name", "scanner"]].concat());
    assert_eq!((out(&other).as_str(), other.status.code()), ("", Some(0)));
    server.stop();
}

#[test]
fn figures_are_the_same_every_time() {
    let folder = scratch("figures");
    let folder = folder.to_str().unwrap();
    assert!(sockets(&["figures", "--out", folder]).status.success());
    for _ in 0..3 {
        let check = sockets(&["figures", "--out", folder, "--check"]);
        assert!(check.status.success(), "{}", err(&check));
    }
    fs::write(scratch("figures/reset.html"), "drawn by hand").unwrap();
    let check = sockets(&["figures", "--out", folder, "--check"]);
    assert_eq!(check.status.code(), Some(1));
    assert!(err(&check).contains("reset.html"), "{}", err(&check));
}
