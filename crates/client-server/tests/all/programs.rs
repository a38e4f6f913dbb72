//! The programs, seen from outside.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

const PATIENCE: Duration = Duration::from_secs(10);

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_client-server"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A file of this test's own, that is not there yet.
fn fresh(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_file(&path);
    path
}

/// Starts a server, and waits for its address.
fn serving(arguments: &[&str]) -> (Child, String) {
    let mut server = program(arguments).spawn().expect("the program");
    let mut line = String::new();
    let mut out = BufReader::new(server.stdout.take().expect("a pipe"));
    out.read_line(&mut line).expect("a line");
    let address = line.trim().strip_prefix("listening on ").expect("its address").to_owned();
    (server, address)
}

/// SIGTERM, and all that it said.
fn stopped(server: Child) -> Output {
    let id = Pid::from_raw(i32::try_from(server.id()).expect("a process's number"));
    kill_process(id.expect("not zero"), Signal::TERM).expect("it runs");
    server.wait_with_output().expect("it ends")
}

fn echoed(address: &str, message: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).expect("a server");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream.write_all(message).expect("room");
    stream.shutdown(Shutdown::Write).expect("a connection");
    let mut back = Vec::new();
    stream.read_to_end(&mut back).expect("an end in order");
    back
}

#[test]
fn a_server_shows_and_saves_what_crosses_under_each_model() {
    for model in ["event-loop", "threads", "pool"] {
        let file = fresh(&format!("{model}.pcapng"));
        let path = file.to_str().expect("a path in UTF-8");
        let (server, address) = serving(&["echo", "--model", model, "--trace", "--pcap", path]);
        assert_eq!(echoed(&address, b"hello\r\n"), b"hello\r\n");
        let output = stopped(server);
        assert!(output.status.success(), "{model}: {:?}", output.status);
        let drawn = String::from_utf8_lossy(&output.stderr);
        for line in ["client → server  7 bytes  hello", "server → client  7 bytes  hello", "FIN"]
        {
            assert!(drawn.contains(line), "{model}: no {line:?} in\n{drawn}");
        }
        let saved = fs::read(&file).expect("a capture file");
        // A section header block, in the byte order of who wrote it (draft-ietf-opsawg-pcapng §4.1).
        assert_eq!(saved[..4], [0x0a, 0x0d, 0x0d, 0x0a], "{model}");
        assert_eq!(saved.windows(7).filter(|bytes| bytes == b"hello\r\n").count(), 2, "{model}");
    }
}

#[test]
fn a_load_prints_a_table_and_draws_it() {
    let (server, address) = serving(&["echo"]);
    let file = fresh("load.svg");
    let path = file.to_str().expect("a path in UTF-8");
    let arguments =
        ["load", "--connect", &address, "--connections", "2", "--seconds", "1", "--rate", "500"];
    let output = program(&arguments).args(["--svg", path]).output().expect("the program");
    assert!(stopped(server).status.success());
    let table = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{table}");
    assert!(table.contains("sent 500  answered 500  wrong 0"), "{table}");
    let (header, values) = table.trim_end().rsplit_once('\n').expect("a table");
    assert!(header.ends_with("p50       p99     p99.9       max"), "{table}");
    assert_eq!(values.split_whitespace().count(), 1 + 4 * 2, "four values with units: {table}");
    let drawn = fs::read_to_string(&file).expect("a plot");
    assert!(drawn.starts_with("<svg xmlns=") && drawn.ends_with("</svg>\n"));
    assert!(drawn.contains("2 connections, messages of 64 B, 500 a second"), "{drawn}");
}

#[test]
fn bad_arguments_are_a_sentence_and_2() {
    for wrong in [
        &["echo", "--listen", "localhost"][..],
        &["echo", "--idle", "0s"],
        &["load", "--connect", "127.0.0.1:7", "--rate", "0"],
        &["figures", "--timed", "--check"],
    ] {
        let output = program(wrong).output().expect("the program");
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
        assert!(!output.stderr.is_empty() && output.stdout.is_empty(), "{wrong:?}");
    }
}
