//! Servers that take their time.

use std::time::{Duration, Instant};

use crate::server::{PATIENCE, Step};
use crate::{Case, play_cut, script};

fn slow(name: &'static str, said: &str, then: Step) -> Case {
    script(name, vec![vec![Step::Request, Step::Send(said.into()), then]])
}

#[test]
fn every_wait_ends() {
    let drip = || Step::Drip(Duration::from_millis(20));
    let began = Instant::now();
    let until_close = "HTTP/1.1 200 OK\r\n\r\n";
    let chunk = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n";
    let interim = b"HTTP/1.1 103 x\r\n\r\n".to_vec();
    play_cut(
        &[
            slow("no head", "", Step::Hold)
                .with("{}/a --head-timeout 200ms")
                .fails("head took longer than 200ms"),
            slow("half a head", "HTTP/1.1 200 OK\r\nA", Step::Hold)
                .with("{}/a --head-timeout 200ms")
                .fails("head took longer"),
            slow("a head that drips", "HTTP/1.1 200 OK\r\nA: ", drip())
                .with("{}/a --head-timeout 200ms")
                .fails("head took longer"),
            slow("a body that stops", &format!("{until_close}hello"), Step::Hold)
                .with("{}/a --stall-timeout 200ms")
                .fails("more of the body took longer")
                .printing("hello"),
            slow("a body that drips", until_close, drip())
                .with("{}/a --stall-timeout 200ms")
                .fails("more of the body took longer"),
            slow("a chunk that drips", chunk, drip())
                .with("{}/a --stall-timeout 200ms")
                .fails("more of the body took longer"),
            slow("the whole of what drips", until_close, drip())
                .with("{}/a --max-time 300ms")
                .fails("all of it took longer than 300ms"),
            slow("the whole of a flood", until_close, Step::Flood(vec![b'x'; 100_000]))
                .with("{}/a --max-time 300ms --output /dev/null")
                .fails("all of it took longer"),
            slow("a flood, and a limit", until_close, Step::Flood(vec![b'x'; 100_000]))
                .with("{}/a --max-size 1M --output /dev/null")
                .fails("larger than 1000000"),
            slow("garbage, and silence", "garbage", Step::Hold).fails("does not speak HTTP/1"),
            slow("interim responses without end", "", Step::Flood(interim)).fails("interim"),
            slow("silence, seconds without a unit", "", Step::Hold)
                .with("{}/a --max-time 0.2")
                .fails("all of it took longer than 200ms"),
        ],
        &[usize::MAX],
    );
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
}

#[test]
fn a_length_that_is_complete_needs_no_end() {
    let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
    let reuse = vec![
        Step::Request,
        Step::Send(ok.into()),
        Step::Request,
        Step::Send(ok.into()),
        Step::Hold,
    ];
    let began = Instant::now();
    play_cut(
        &[
            slow("a length", ok, Step::Hold).gives("ok"),
            slow("chunks", chunked, Step::Hold).gives("ok"),
            slow("204", "HTTP/1.1 204 x\r\n\r\n", Step::Hold).gives(""),
            slow("304", "HTTP/1.1 304 x\r\nContent-Length: 9\r\n\r\n", Step::Hold).gives(""),
            slow("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", Step::Hold)
                .with("{}/a --head")
                .gives("HTTP/1.1 200 OK\nContent-Length: 9\n\n"),
            script("two of them", vec![reuse]).with("{}/a {}/b").gives("okok"),
        ],
        &[usize::MAX, 1],
    );
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
}
