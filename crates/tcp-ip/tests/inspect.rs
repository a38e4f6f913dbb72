//! `inspect`, as a person runs it, on a capture that this course wrote.

#![allow(clippy::unwrap_used)] // A panic here is a failed test.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use capture::{Direction, End, Recorder, Transport, pcapng};

/// A conversation of a few packets, as pcapng.
fn captured() -> Vec<u8> {
    let recorder = Recorder::new();
    let ends = || (End::new("client", "127.0.0.1:40000"), End::new("server", "127.0.0.1:7000"));
    let (client, server) = ends();
    let flow = recorder.flow(Transport::Udp, client, server);
    recorder.data(flow, Direction::Sent, b"hello");
    recorder.data(flow, Direction::Received, b"HELLO");
    let mut file = Vec::new();
    pcapng::write(&recorder.snapshot(), &mut file).unwrap();
    file
}

fn inspect(file: &[u8], arguments: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_tcp-ip"))
        .args(["inspect", "-"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may end before it has read everything; the files are smaller than a pipe's buffer.
    let _ = program.stdin.take().unwrap().write_all(file);
    program.wait_with_output().unwrap()
}

#[test]
fn every_octet_of_every_packet_is_named() {
    let output = inspect(&captured(), &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    // The columns' widths are not what this is about.
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    for line in [
        "1 0.000000 s 127.0.0.1 → 127.0.0.1 UDP 40000 → 7000, 5 octets",
        "20..28 UDP header",
        "28..33 payload hello 5 bytes",
        "comment: client → server: ",
        "2 packets",
    ] {
        assert!(words(&text).contains(line), "{line} in\n{text}");
    }
    assert!(!text.contains("wrong"), "{text}");
}

#[test]
fn a_line_for_each_and_only_some() {
    let output = inspect(&captured(), &["--summary", "--packets", "2"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(text.starts_with("2  ") && text.contains("UDP 7000 → 40000"), "{text}");
}

#[test]
fn what_is_no_capture_is_refused_in_words() {
    for (file, words) in [
        (&b"GIF89a, which is something else"[..], "neither pcap nor pcapng"),
        (b"", "ends in the middle"),
        (&captured()[..captured().len() - 3], "ends in the middle"),
    ] {
        let output = inspect(file, &[]);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(error.contains(words), "{error}");
    }
    assert_eq!(inspect(b"", &["--packets", "9-1"]).status.code(), Some(2));
}
