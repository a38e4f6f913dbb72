//! Where a body ends.

use crate::server::Step;
use crate::{Case, answer, play, script};

fn fields(name: &'static str, fields: &str, body: &str) -> Case {
    answer(name, format!("HTTP/1.1 200 OK\r\n{fields}\r\n\r\n{body}"))
}

fn chunks(name: &'static str, body: &str) -> Case {
    fields(name, "Transfer-Encoding: chunked", body)
}

#[test]
fn bodies_that_are_whole() {
    let max = "00000000000000000005\r\nhello\r\n0\r\n\r\n";
    play(&[
        fields("a length", "Content-Length: 5", "hello").gives("hello"),
        fields("a length of none", "Content-Length: 0", "").gives(""),
        fields("the same length twice", "Content-Length: 5\r\nContent-Length: 5", "hello")
            .gives("hello"),
        fields("a list of the same length", "Content-Length: 5, 5", "hello").gives("hello"),
        fields("leading zeros", "Content-Length: 0000000000000000000005", "hello").gives("hello"),
        fields("more than its length", "Content-Length: 5", "hello, you").gives("hello"),
        fields("until the end", "Server: x", "hello").gives("hello"),
        fields("nothing until the end", "Server: x", "").gives(""),
        fields("until the end, kept alive", "Connection: keep-alive", "hello").gives("hello"),
        chunks("chunks", "5\r\nhello\r\n1\r\n,\r\n4\r\n you\r\n0\r\n\r\n").gives("hello, you"),
        chunks("no chunks", "0\r\n\r\n").gives(""),
        chunks("upper case", "A\r\n0123456789\r\n0\r\n\r\n").gives("0123456789"),
        chunks("lower case", "a\r\n0123456789\r\n0\r\n\r\n").gives("0123456789"),
        chunks("leading zeros in a chunk's size", max).gives("hello"),
        chunks("several zeros at the end", "5\r\nhello\r\n000\r\n\r\n").gives("hello"),
        chunks("extensions", "5;a=b;c=\"d;e\"\r\nhello\r\n0;f\r\n\r\n").gives("hello"),
        chunks("space behind the size", "5 \r\nhello\r\n0\r\n\r\n").gives("hello"),
        chunks("trailers", "5\r\nhello\r\n0\r\nX-A: b\r\nX-C: d\r\n\r\n").gives("hello"),
        chunks("more behind the last chunk", "5\r\nhello\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n")
            .gives("hello"),
        fields("upper case coding", "Transfer-Encoding: CHUNKED", "0\r\n\r\n").gives(""),
        fields(
            "both",
            "Content-Length: 3\r\nTransfer-Encoding: chunked",
            "5\r\nhello\r\n0\r\n\r\n",
        )
        .gives("hello"),
        answer(
            "chunks in HTTP/1.0",
            "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        )
        .gives("ok"),
    ]);
}

#[test]
fn bodies_that_are_not() {
    play(&[
        fields("cut short", "Content-Length: 10", "hello").fails("too early").printing("hello"),
        fields("cut to nothing", "Content-Length: 10", "").fails("too early"),
        fields("two lengths", "Content-Length: 5\r\nContent-Length: 6", "hello!").fails("differ"),
        fields("a list of two lengths", "Content-Length: 5, 6", "hello!").fails("differ"),
        fields("a negative length", "Content-Length: -5", "hello").fails("no number"),
        fields("a sign", "Content-Length: +5", "hello").fails("no number"),
        fields("hex", "Content-Length: 0x5", "hello").fails("no number"),
        fields("words", "Content-Length: five", "hello").fails("no number"),
        fields("empty", "Content-Length:", "hello").fails("no number"),
        fields("a fraction", "Content-Length: 5.0", "hello").fails("no number"),
        fields("two numbers", "Content-Length: 5 5", "hello").fails("no number"),
        fields("too large a length", "Content-Length: 18446744073709551616", "hello")
            .fails("no number"),
        chunks("no last chunk", "5\r\nhello\r\n").fails("too early"),
        chunks("cut in a chunk", "5\r\nhel").fails("too early"),
        chunks("cut in a size", "5").fails("too early"),
        chunks("cut in the trailers", "5\r\nhello\r\n0\r\nX-A: b\r\n").fails("too early"),
        chunks("cut before the last line", "5\r\nhello\r\n0\r\n").fails("too early"),
        chunks("no chunks at all", "").fails("too early"),
        chunks("0x", "0x5\r\nhello\r\n0\r\n\r\n").fails("chunk size"),
        chunks("a negative size", "-5\r\nhello\r\n0\r\n\r\n").fails("chunk size"),
        chunks("a signed size", "+5\r\nhello\r\n0\r\n\r\n").fails("chunk size"),
        chunks("a space before the size", " 5\r\nhello\r\n0\r\n\r\n").fails("chunk size"),
        chunks("no size", "\r\nhello\r\n0\r\n\r\n").fails("chunk size"),
        chunks("an extension without size", ";a\r\nhello\r\n0\r\n\r\n").fails("chunk size"),
        chunks("words for a size", "five\r\nhello\r\n0\r\n\r\n").fails("size"),
        chunks("a size over 64 bits", "10000000000000000\r\nx").fails("chunk size"),
        chunks("a size that wraps around", "100000000000000005\r\nhello\r\n0\r\n\r\n")
            .fails("chunk size"),
        chunks("the largest size", "ffffffffffffffff\r\nhello").fails("body"),
        chunks("longer than its size", "3\r\nhello\r\n0\r\n\r\n").fails("longer than its size"),
        chunks("shorter than its size", "7\r\nhello\r\n0\r\n\r\n").fails("body"),
        chunks("LF alone", "5\nhello\n0\n\n").fails("body"),
        chunks("LF in an extension", "5;a\nhello\r\n0\r\n\r\n").fails("body"),
        chunks("a trailer that is none", "0\r\nnothing\r\n\r\n").fails("trailers"),
        fields("chunked twice", "Transfer-Encoding: chunked, chunked", "0\r\n\r\n").fails("coding"),
        fields("chunked not last", "Transfer-Encoding: chunked, gzip", "0\r\n\r\n").fails("coding"),
        fields("a coding under it", "Transfer-Encoding: gzip, chunked", "0\r\n\r\n")
            .fails("coding"),
        fields("an unknown coding", "Transfer-Encoding: xchunked", "0\r\n\r\n").fails("coding"),
        script(
            "a reset in a body of a length",
            vec![vec![
                Step::Request,
                Step::Send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello".to_vec()),
                Step::Reset,
            ]],
        )
        .fails(""),
        script(
            "a reset in a body until the end",
            vec![vec![
                Step::Request,
                Step::Send(b"HTTP/1.1 200 OK\r\n\r\nhello".to_vec()),
                Step::Reset,
            ]],
        )
        .fails("connection broke"),
        script(
            "a reset in the head",
            vec![vec![Step::Request, Step::Send(b"HTTP/1.1 200 OK\r\nCon".to_vec()), Step::Reset]],
        )
        .fails("connection broke"),
        fields("more than wanted", "Content-Length: 5", "hello")
            .with("{}/a --max-size 4")
            .fails("larger"),
        chunks("more chunks than wanted", "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n")
            .with("{}/a --max-size 4")
            .fails("larger"),
        fields("more until the end than wanted", "Server: x", "hello")
            .with("{}/a --max-size 4")
            .fails("larger"),
    ]);
}

#[test]
fn responses_that_have_none() {
    let head = |status: &str| format!("HTTP/1.1 {status}\r\nContent-Length: 5\r\n\r\n");
    play(&[
        answer("204", head("204 No Content")).gives(""),
        answer("204 with a body", format!("{}hello", head("204 No Content"))).gives(""),
        answer("304", head("304 Not Modified")).gives(""),
        answer("304 that is chunked", "HTTP/1.1 304 x\r\nTransfer-Encoding: chunked\r\n\r\n")
            .gives(""),
        answer("HEAD", head("200 OK"))
            .with("{}/a --head")
            .gives("HTTP/1.1 200 OK\nContent-Length: 5\n\n")
            .asked(&["HEAD /a HTTP/1.1\r\n"]),
        answer(
            "HEAD, and no length that makes sense",
            "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        )
        .with("{}/a --head")
        .gives("HTTP/1.1 200 OK\nContent-Length: x\n\n"),
        answer("HEAD with a body", format!("{}hello", head("200 OK")))
            .with("{}/a --head")
            .gives("HTTP/1.1 200 OK\nContent-Length: 5\n\n"),
        answer("404 is an answer", "HTTP/1.1 404 x\r\nContent-Length: 2\r\n\r\nno").gives("no"),
        answer("404 is a failure", "HTTP/1.1 404 x\r\nContent-Length: 2\r\n\r\nno")
            .with("{}/a --fail")
            .fails("404")
            .printing(""),
        answer("500 is a failure", "HTTP/1.1 500 x\r\nContent-Length: 2\r\n\r\nno")
            .with("{}/a --fail")
            .fails("500"),
    ]);
}

#[test]
fn interim_responses_are_skipped() {
    let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let hints = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n";
    play(&[
        answer("100", format!("HTTP/1.1 100 Continue\r\n\r\n{ok}")).gives("ok"),
        answer("100 without reason", format!("HTTP/1.1 100\r\n\r\n{ok}")).gives("ok"),
        answer("102, 103, 199", format!("HTTP/1.1 102 x\r\n\r\n{hints}HTTP/1.1 199 x\r\n\r\n{ok}"))
            .gives("ok"),
        answer("100 with a length", format!("HTTP/1.1 100 C\r\nContent-Length: 5\r\n\r\n{ok}"))
            .gives("ok"),
        answer("100 and the end", "HTTP/1.1 100 Continue\r\n\r\n").fails("in the middle"),
        answer("without end", hints.repeat(1_000)).fails("interim"),
        answer("101", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n").fails("unasked"),
    ]);
}
