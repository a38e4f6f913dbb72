use super::*;
use crate::random::Random;
use crate::{End, ManualClock, Recorder, Transport};
use std::sync::Arc;

/// A conversation in which a step takes 40 ms.
fn conversation(steps: &[(Direction, What)]) -> Record {
    let clock = ManualClock::default();
    let recorder = Recorder::with_clock(Arc::new(clock.clone()));
    let flow = recorder.flow(
        Transport::Tcp,
        End::new("client", "127.0.0.1:40000"),
        End::new("server", "127.0.0.1:7000"),
    );
    for (direction, what) in steps {
        recorder.push(flow, *direction, what.clone());
        clock.advance(Duration::from_millis(40));
    }
    recorder.snapshot()
}

use Direction::{Received, Sent};

fn data(bytes: &[u8]) -> What {
    What::Data(bytes.to_vec())
}

#[test]
fn a_conversation_in_words() {
    let record = conversation(&[
        (Sent, What::Opened),
        (Sent, data(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")),
        (Received, data(b"\0\0\0\x05hello")),
        (Received, What::Shutdown),
        (Received, What::Timeout),
        (Sent, What::Error("Broken pipe (os error 32)".into())),
        (Received, What::Reset),
    ]);
    let marks = vec![
        Mark { event: 1, range: 16..20, note: "a field".into() },
        Mark { event: 2, range: 0..4, note: "the length".into() },
        Mark { event: 6, range: 0..0, note: "here".into() },
    ];
    let drawn = draw(&record, &Options { marks, ..Options::default() });
    assert_eq!(
        drawn,
        "\
TCP  client 127.0.0.1:40000 ⇄ server 127.0.0.1:7000

  0.000 ms  client → server  opened: client connected
 40.000 ms  client → server  27 bytes  GET / HTTP/1.1\\r\\n
                                       Host: a\\r\\n
                                       ^^^^ a field
                                       \\r\\n
 80.000 ms  server → client  9 bytes
            0000  00 00 00 05 68 65 6c 6c  6f                       ....hello
                  ^^^^^^^^^^^ the length
120.000 ms  server → client  FIN: server will send no more
160.000 ms  at client        timeout: client waited, and nothing came
200.000 ms  at client        error: client could not send: Broken pipe (os error 32)
240.000 ms  server → client  RST: server broke the connection off
                             ^ here
"
    );
}

#[test]
fn long_data_is_cut_in_the_middle_but_not_where_it_is_marked() {
    let record = conversation(&[(Sent, data(&[b'x'; 5000])), (Sent, data(&[0; 5000]))]);
    let marks = [0, 1].map(|event| Mark { event, range: 2500..2501, note: "look".into() }).to_vec();
    let options = Options { marks, limit: 32, times: false, ..Options::default() };
    let drawn = draw(&record, &options);
    assert_eq!(
        drawn,
        "\
TCP  client 127.0.0.1:40000 ⇄ server 127.0.0.1:7000

client → server  5000 bytes  xxxxxxxxxxxxxxxxxxxxxxxx
                             … 2460 bytes not shown …
                             xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
                                             ^ look
                             … 2475 bytes not shown …
                             xxxxxxxx
client → server  5000 bytes
0000  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  ................
0010  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  ................
… 2448 bytes not shown …
09b0  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  ................
09c0  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  ................
                  ^^ look
09d0  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  ................
… 2464 bytes not shown …
1380  00 00 00 00 00 00 00 00                           ........
"
    );
}

#[test]
fn a_mark_finds_its_event_by_its_place_in_the_stream() {
    let record =
        conversation(&[(Received, data(b"abc")), (Sent, data(b"-")), (Received, data(b"de"))]);
    let at =
        |offset| Mark::at(&record, FlowId(0), Received, offset, "").map(|m| (m.event, m.range));
    assert_eq!(at(2), Some((0, 2..3)));
    assert_eq!(at(3), Some((2, 0..1)));
    assert_eq!(at(5), Some((2, 2..2)));
    assert_eq!(at(6), None);
}

#[test]
fn two_runs_on_other_ports_draw_the_same() {
    let on = |client: &str, server: &str| {
        let recorder = Recorder::new();
        let ends = (End::new("client", client), End::new("server", server));
        let flow = recorder.flow(Transport::Udp, ends.0, ends.1);
        recorder.data(flow, Sent, b"");
        let options = Options { times: false, ..Options::default() };
        draw(&recorder.snapshot().without_ports(), &options)
    };
    let drawn = on("[::1]:40000", "127.0.0.1:7000");
    assert_eq!(drawn, on("[::1]:50000", "127.0.0.1:8000"));
    assert_eq!(
        drawn,
        "UDP  client [::1]:client ⇄ server 127.0.0.1:server\n\nclient → server  empty datagram\n"
    );
}

/// Whatever is recorded, in any width and form: no control character but our own colours, and no
/// line of bytes beyond the width.
#[test]
fn nothing_from_the_wire_reaches_the_terminal_raw() {
    let mut random = Random::seeded();
    for _ in 0..500 {
        let record = random.record();
        let marks = (0..random.below(4))
            .map(|_| {
                let start = random.below(90);
                let range = start..start + random.below(20);
                Mark { event: random.below(20), range, note: "\u{1b}]0;note\u{7}".into() }
            })
            .collect();
        let options = Options {
            width: random.below(120),
            limit: random.below(100),
            form: random.pick(&[Form::Fitting, Form::Text, Form::Hex]),
            times: random.below(2) == 0,
            heading: random.below(2) == 0,
            color: false,
            marks,
        };
        let drawn = draw(&record, &options);
        assert!(drawn.chars().all(|c| c == '\n' || !c.is_control()), "{drawn:?}");
        assert!(!drawn.contains('\u{202e}'));
        // Colour adds to it and takes nothing away.
        let painted = draw(&record, &Options { color: true, ..options });
        let stripped = [2, 31, 32, 36, 0]
            .iter()
            .fold(painted, |text, code| text.replace(&format!("\x1b[{code}m"), ""));
        assert_eq!(stripped, drawn);
    }
}
