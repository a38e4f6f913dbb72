//! Several requests on one connection, and connections that are stale.

use crate::server::Step;
use crate::{answer, fetch, play, script};

fn ok(body: &str) -> Step {
    Step::Send(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into())
}

fn raw(text: &str) -> Step {
    Step::Send(text.into())
}

#[test]
fn a_connection_is_used_again_where_it_can_be() {
    let two = "{}/a {}/b";
    let chunked = raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n0\r\n\r\n");
    let old = raw("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\none");
    let second = [Step::Request, ok("two")];
    let one_connection =
        |first: &Step| vec![[&[Step::Request, first.clone()][..], &second].concat()];
    let two_connections = |first: &str| vec![vec![Step::Request, raw(first)], second.to_vec()];
    play(&[
        script("a length", one_connection(&ok("one"))).with(two).gives("onetwo"),
        script("chunks", one_connection(&chunked)).with(two).gives("onetwo"),
        script("HTTP/1.0 that keeps", one_connection(&old)).with(two).gives("onetwo"),
        script("204", one_connection(&raw("HTTP/1.1 204 x\r\n\r\n"))).with(two).gives("two"),
        script("404", one_connection(&raw("HTTP/1.1 404 x\r\nContent-Length: 2\r\n\r\nno")))
            .with(two)
            .gives("notwo"),
        script(
            "close",
            two_connections("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\none"),
        )
        .with(two)
        .gives("onetwo"),
        script("HTTP/1.0", two_connections("HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\none"))
            .with(two)
            .gives("onetwo"),
        script("until the end", two_connections("HTTP/1.1 200 OK\r\n\r\none"))
            .with(two)
            .gives("onetwo"),
        script(
            "closed without a word",
            two_connections("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none"),
        )
        .with(two)
        .gives("onetwo"),
        script(
            "length and coding",
            two_connections(
                "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n\
             3\r\none\r\n0\r\n\r\n",
            ),
        )
        .with(two)
        .gives("onetwo"),
        // What comes behind an answer answers nothing: an attacker's answer to the next request.
        script(
            "an answer too many",
            two_connections(
                "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none\
             HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
            ),
        )
        .with(two)
        .gives("onetwo"),
        script(
            "one fails, the other does not",
            two_connections("HTTP/1.1 200 OK\r\nA : b\r\n\r\n"),
        )
        .with(two)
        .fails("field's name")
        .printing("two"),
    ]);
}

#[test]
fn a_stale_connection_is_replaced_once_and_never_for_a_post() {
    // The server reads the second request, and closes: it may have carried it out.
    let stale = vec![Step::Request, ok("one"), Step::Request];
    let half = [&stale[..], &[raw("HTTP/1.1 2")]].concat();
    let fresh = vec![Step::Request, ok("two")];
    let close_at_once = vec![Step::Request];
    play(&[
        script("GET", vec![stale.clone(), fresh.clone()])
            .with("{}/a {}/b")
            .gives("onetwo")
            .asked(&["GET /a ", "GET /b ", "GET /b "]),
        script("PUT", vec![stale.clone(), fresh.clone()])
            .with("{}/a {}/b --method PUT --data x")
            .gives("onetwo")
            .asked(&["PUT /a ", "PUT /b ", "PUT /b "]),
        script("POST", vec![stale.clone(), fresh.clone()])
            .with("{}/a {}/b --data x")
            .fails("said nothing")
            .asked(&["POST /a ", "POST /b "]),
        script("PATCH", vec![stale.clone(), fresh.clone()])
            .with("{}/a {}/b --method PATCH --data x")
            .fails("said nothing")
            .asked(&["PATCH /a ", "PATCH /b "]),
        script("once, and not again", vec![stale, close_at_once.clone(), fresh.clone()])
            .with("{}/a {}/b")
            .fails("said nothing")
            .asked(&["GET /a ", "GET /b ", "GET /b "]),
        script("half an answer", vec![half, fresh.clone()])
            .with("{}/a {}/b")
            .fails("in the middle")
            .asked(&["GET /a ", "GET /b "]),
        script("not on a connection that is new", vec![close_at_once, fresh])
            .fails("said nothing")
            .asked(&["GET /a "]),
    ]);
}

#[test]
fn what_is_sent() {
    play(&[
        answer("GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            .with("{}/a?b#c")
            .gives("")
            .asked(&["GET /a?b HTTP/1.1\r\nHost: 127.0.0.1:"]),
        answer("no path", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            .with("{}")
            .asked(&["GET / HTTP/1.1\r\n"]),
        answer("another Host", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            .with("{}/a --header Host:x")
            .asked(&["GET /a HTTP/1.1\r\nHost: x\r\n"]),
        answer("an empty POST", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            .with("{}/a --method POST")
            .gives(""),
    ]);
}

#[test]
fn bad_arguments_are_a_sentence_and_2() {
    for wrong in [
        &["http://h/", "--header", "X-A: one\r\nX-B: two"][..],
        &["http://h/", "--header", "no colon"],
        &["http://h/", "--method", "GET / HTTP/1.1\r\nX:"],
        &["http://h/", "--max-time", "soon"],
        &["http://h/", "--max-size", "much"],
        &["ftp://h/"],
        &["http://127.1/"],
        &["not a URL"],
        &["http://h/", "--resume"],
        &["http://h/", "--remote-name"],
        &["http://h/", "-o", "a", "-o", "b"],
        &[],
    ] {
        let output = fetch(wrong.iter().map(|argument| (*argument).to_owned()));
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
        assert!(!output.stderr.is_empty() && output.stdout.is_empty(), "{wrong:?}");
    }
}

#[test]
fn https_is_for_chapter_6() {
    let output = fetch(["https://127.0.0.1/".to_owned()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("chapter 6"));
}

#[test]
fn each_address_of_a_name_is_tried() {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread;

    // `localhost` is ::1 and 127.0.0.1 on most machines, and each server here has one of them.
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let Ok(listener) = TcpListener::bind(address) else { continue }; // No IPv6 here.
        let port = listener.local_addr().expect("its address").port();
        let literal = format!("http://{}/", listener.local_addr().expect("its address"));
        let named = format!("http://localhost:{port}/");
        let serving = thread::spawn(move || {
            for _ in 0..2 {
                let (mut stream, _) = listener.accept().expect("a client");
                let _ = stream.read(&mut [0; 1024]).expect("a request");
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nok").expect("room");
            }
        });
        let output = fetch([literal]);
        assert!(output.status.success() && output.stdout == b"ok", "{output:?}");
        let addresses = std::net::ToSocketAddrs::to_socket_addrs(&("localhost", port));
        let has =
            addresses.is_ok_and(|mut all| all.any(|one| address.starts_with('[') == one.is_ipv6()));
        if has {
            let output = fetch([named]);
            assert!(output.status.success() && output.stdout == b"ok", "{output:?}");
            serving.join().expect("two clients");
        }
    }
}
