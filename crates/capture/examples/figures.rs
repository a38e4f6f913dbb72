//! Prints a page with the figures that this crate draws, to look at:
//!
//! ```text
//! cargo run -p capture --example figures > figures.html
//! ```

use std::error::Error;
use std::time::Duration;

use capture::dissect::{Dissector, Field, Frames, Lines};
use capture::{Arrival, Direction, End, Event, Record, Recorder, Transport, What, figure, ladder};

fn main() -> Result<(), Box<dyn Error>> {
    let mut figures = String::new();
    for (number, (record, caption)) in
        [(conversation(), "A conversation over TCP."), (simulated(), "A link that loses.")]
            .into_iter()
            .enumerate()
    {
        let options = ladder::Options {
            id: format!("ladder-{number}"),
            caption: caption.into(),
            ..Default::default()
        };
        figures += &ladder::figure(&record, &options);
    }
    let frames = b"\0\0\0\x05hello\0\0\0\0\0\0\0\x07 wor\0ld\0\0";
    let lines = b"GET / HTTP/1.1\r\nHost: example\r\n\r\n";
    for (id, message, fields) in [
        ("frames", &frames[..], Frames::default().dissect(frames)?),
        ("lines", lines, Lines::default().dissect(lines)?),
        ("flags", b"\x40\0\x40\x11", header()),
    ] {
        let options = figure::Options {
            id: id.into(),
            caption: format!("{id}, byte by byte."),
            ..Default::default()
        };
        figures += &figure::html(message, &fields, &options);
    }
    let style = figure::CSS;
    println!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Figures</title>\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <style>:root {{ color-scheme: light dark; }} body {{ font: 17px system-ui; margin: 1em auto; \
         padding: 0 1em; max-width: 840px; }}\n{style}</style></head>\n\
         <body><main><h1>Figures</h1>\n{figures}</main></body></html>"
    );
    Ok(())
}

/// A conversation with a wait, over all kinds of events.
fn conversation() -> Record {
    use Direction::{Received, Sent};
    let data = |bytes: &[u8]| What::Data(bytes.to_vec());
    play(&[
        (0, Sent, What::Opened, Arrival::Unknown),
        (180, Sent, data(b"hello\r\n"), Arrival::Unknown),
        (300, Received, data(b"hello\r\n"), Arrival::Unknown),
        (420, Sent, data(b"\0\0\0\x05\xff\xfe\xfd\xfc\xfb and more"), Arrival::Unknown),
        (250_420, Received, What::Timeout, Arrival::Unknown),
        (250_600, Received, data(&[b'x'; 4096]), Arrival::Unknown),
        (250_700, Sent, What::Shutdown, Arrival::Unknown),
        (250_800, Received, What::Shutdown, Arrival::Unknown),
        (250_950, Sent, What::Error("Broken pipe (os error 32)".into()), Arrival::Unknown),
        (251_100, Received, What::Reset, Arrival::Unknown),
    ])
}

/// What a simulated link can do to it.
fn simulated() -> Record {
    use Direction::{Received, Sent};
    let at = |micros| Arrival::At(Duration::from_micros(micros));
    let data = |text: &str| What::Data(text.as_bytes().to_vec());
    play(&[
        (0, Sent, data("one"), at(20_000)),
        (5_000, Sent, data("two"), Arrival::Lost),
        (10_000, Sent, data("three"), at(30_000)),
        (20_000, Received, data("ack one"), at(40_000)),
        (30_000, Received, data("ack one"), at(50_000)),
        (230_000, Sent, data("two"), at(250_000)),
        (250_000, Received, data("ack three"), at(270_000)),
    ])
}

fn play(events: &[(u64, Direction, What, Arrival)]) -> Record {
    let recorder = Recorder::new();
    let ends = (End::new("client", "127.0.0.1:40000"), End::new("server", "127.0.0.1:7000"));
    let flow = recorder.flow(Transport::Tcp, ends.0, ends.1);
    for (micros, direction, what, arrival) in events {
        let event = Event::new(Duration::from_micros(*micros), flow, *direction, what.clone());
        recorder.push_at(Event { arrival: *arrival, ..event });
    }
    recorder.snapshot()
}

/// Fields of bits.
fn header() -> Vec<Field> {
    let flag = |bit: usize, name: &str, value: &str, meaning: &str| {
        Field::new(0..2, name, value).bits(bit..bit + 1).meaning(meaning)
    };
    let parts = vec![
        flag(0, "reserved", "0", ""),
        flag(1, "don't fragment", "1", "routers must not cut it"),
        flag(2, "more fragments", "0", "this is the last"),
        Field::new(0..2, "fragment offset", "0").bits(3..16).meaning("in units of 8 octets"),
    ];
    vec![
        Field::new(0..2, "flags and offset", "0x4000").source("RFC 791 §3.1").children(parts),
        Field::new(2..3, "time to live", "64").meaning("hops left").source("RFC 791 §3.1"),
        Field::new(3..4, "protocol", "17").meaning("UDP").source("RFC 791 §3.1"),
    ]
}
