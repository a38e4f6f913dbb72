//! Requests with much to send, and servers that answer before they have it all.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;

use crate::fetch;
use crate::server::{Server, Step};

/// More than any socket's buffers hold.
const LARGE: usize = 24 << 20;

/// A file with octets that do not repeat soon.
fn file(name: &str, length: usize) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let octets: Vec<u8> = (0..length.div_ceil(4))
        .flat_map(|number| u32::try_from(number).expect("a small number").to_le_bytes())
        .take(length)
        .collect();
    fs::write(&path, octets).expect("a file");
    path
}

fn upload(steps: Vec<Step>, path: &std::path::Path, more: &[&str]) -> std::process::Output {
    let server = Server::start(vec![steps], usize::MAX);
    let url = format!("http://{}/a", server.address);
    let path = path.display().to_string();
    let arguments = [url.as_str(), "--upload", &path].into_iter().chain(more.iter().copied());
    fetch(arguments.map(str::to_owned))
}

#[test]
fn an_answer_comes_while_the_request_is_on_its_way() {
    // A client that reads only when all is written waits here for a server that waits for it.
    let path = file("echoed", LARGE);
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {LARGE}\r\n\r\n");
    let output = upload(vec![Step::Head, Step::Send(head.into()), Step::Echo(LARGE)], &path, &[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stdout == fs::read(&path).expect("the file"), "{} octets", output.stdout.len());
}

#[test]
fn an_early_no_is_heard_and_the_rest_stays_here() {
    let path = file("refused", LARGE);
    for connection in ["close", "keep-alive"] {
        let no =
            format!("HTTP/1.1 413 x\r\nConnection: {connection}\r\nContent-Length: 2\r\n\r\nno");
        let output = upload(vec![Step::Head, Step::Send(no.into())], &path, &[]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && output.stdout == b"no", "{connection}: {said}");
    }
    let no = "HTTP/1.1 413 x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    let output = upload(vec![Step::Head, Step::Send(no.into())], &path, &["--fail"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("413"), "{output:?}");
}

#[test]
fn a_server_that_takes_nothing_is_given_up() {
    let path = file("stuck", LARGE);
    // The system accepts for it, and nobody ever reads.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/", silent.local_addr().expect("its address"));
    let arguments =
        [url.as_str(), "--upload", &path.display().to_string(), "--stall-timeout", "300ms"];
    let output = fetch(arguments.map(str::to_owned));
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("sending the request took longer than 300ms"), "{said}");
}

#[test]
fn what_cannot_be_read_is_not_sent() {
    for wrong in ["@/nonexistent", "@/"] {
        let output = fetch(["http://127.0.0.1:1/", "--data", wrong].map(str::to_owned));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && said.contains(&wrong[1..]), "{wrong}: {said}");
    }
}
