//! The cases of the hostile list that are about clients, by their names there.

use crate::server::{Server, Step};
use crate::{answer, fetch, play, script};

#[test]
fn each_case_is_answered_as_the_list_says() {
    let cut = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello";
    let circle = b"HTTP/1.1 302 Found\r\nLocation: /loop\r\nContent-Length: 0\r\n\r\n".to_vec();
    let hop = [Step::Request, Step::Send(circle)];
    let hops = hop.iter().cycle().take(80).cloned().collect();
    play(&[
        answer("http-resp-cl-cut", cut).fails("too early"),
        script("http-resp-redirect-loop", vec![hops])
            .with("{}/loop")
            .fails("redirected more than 20 times")
            .asked(&["GET /loop HTTP/1.1\r\n"; 21]),
    ]);
}

/// http-api-crlf-value: the value is refused, and nothing is written.
#[test]
fn a_line_end_in_a_value_is_refused_before_anything_is_sent() {
    let server = Server::start(vec![vec![Step::Request]], usize::MAX);
    let url = format!("http://{}/", server.address);
    let output = fetch([url.as_str(), "--header", "X-A: one\r\nX-B: two"].map(str::to_owned));
    assert_eq!(output.status.code(), Some(2));
    assert!(server.requests().is_empty());
}
