use super::layout::Layout;
use super::*;
use crate::markup::tests::assert_well_formed;
use crate::random::Random;
use crate::{Arrival, Direction, End, Event, FlowId, Recorder, Transport, What};
use std::time::Duration;

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn record(events: &[(u64, Direction, What, Arrival)]) -> Record {
    let recorder = Recorder::new();
    let ends = (End::new("client", "127.0.0.1:1"), End::new("server", "127.0.0.1:2"));
    let flow = recorder.flow(Transport::Tcp, ends.0, ends.1);
    for (at, direction, what, arrival) in events {
        let event = Event::new(ms(*at), flow, *direction, what.clone());
        recorder.push_at(Event { arrival: *arrival, ..event });
    }
    recorder.snapshot()
}

fn data(bytes: &[u8]) -> What {
    What::Data(bytes.to_vec())
}

use Arrival::Unknown;
use Direction::{Received, Sent};

#[test]
fn whatever_is_recorded_is_well_formed() {
    let mut random = Random::seeded();
    for _ in 0..300 {
        let record = random.record();
        let options = Options {
            id: "f&1".into(),
            title: random.pick(&["", "<script>", "{{#include x}}"]).into(),
            caption: random.pick(&["", "a < b\n\nc"]).into(),
            times: random.below(2) == 0,
            sizes: random.below(2) == 0,
            limit: random.below(20),
            labels: vec![(random.below(20), "\"<b>\" & more".into())],
        };
        assert_well_formed(&figure(&record, &options));
        let svg = svg(&record, &options);
        assert!(svg.contains("xmlns=") && svg.contains("<style>"));
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
}

#[test]
fn the_description_tells_the_whole_conversation() {
    let record = record(&[
        (0, Sent, What::Opened, Unknown),
        (1, Sent, data(b"hello\r\n"), Unknown),
        (2, Received, What::Shutdown, Unknown),
        (3, Received, What::Timeout, Unknown),
    ]);
    let svg = svg(&record, &Options { times: false, ..Options::default() });
    assert!(svg.contains(">client and server: 4 events</title>"));
    assert!(
        svg.contains(
            ">client to server: opened: client connected; \
             client to server: 7 bytes, hello\\r\\n; \
             server to client: FIN: server will send no more; \
             timeout: client waited, and nothing came</desc>"
        ),
        "{svg}"
    );
}

#[test]
fn without_times_and_ports_two_runs_draw_the_same() {
    let draw = |pace: u64| {
        let events = [0, 1, 5, 6].map(|at| (at * pace, Sent, data(b"x"), Unknown));
        figure(&record(&events), &Options { times: false, ..Options::default() })
    };
    assert_eq!(draw(1), draw(100));
}

#[test]
fn without_sizes_labels_say_what_it_was_and_notes_are_no_errors() {
    let record = record(&[
        (0, Received, What::Note("poll: writable".into()), Unknown),
        (1, Sent, data(b"as much as fitted"), Unknown),
    ]);
    let labels = vec![(1, "what the buffers took".to_owned())];
    let options = Options { sizes: false, times: false, labels, ..Options::default() };
    let svg = figure(&record, &options);
    assert!(!svg.contains("17 bytes") && !svg.contains("wire-wrong"), "{svg}");
    assert!(svg.contains(">what the buffers took<"), "{svg}");
    assert!(
        svg.contains(">client: poll: writable; client to server: what the buffers took</desc>")
    );
}

#[test]
fn long_waits_are_shortened_and_said() {
    let events = [0, 1, 2, 3, 2003].map(|at| (at, Sent, data(b"x"), Unknown));
    let record = record(&events);
    let layout = Layout::new(&record, &record.events, true);
    assert_eq!(layout.pauses.len(), 1);
    assert_eq!(layout.pauses[0].1, ms(2000));
    assert!(layout.height() < 400.0);
    assert!(svg(&record, &Options::default()).contains("⋯ 2.00 s later ⋯"));
}

#[test]
fn a_late_arrow_ends_where_it_arrives_and_a_lost_one_before() {
    let record = record(&[
        (0, Sent, data(b"late"), Arrival::At(ms(25))),
        (10, Sent, data(b"gone"), Arrival::Lost),
        (20, Received, data(b"quick"), Arrival::At(ms(21))),
    ]);
    let layout = Layout::new(&record, &record.events, true);
    assert!(layout.arrival[0] > layout.arrival[2], "it arrives last");
    assert_eq!(layout.arrival[1], None);
    assert!(layout.start.windows(2).all(|pair| pair[0] + 30.0 < pair[1]));
    let svg = svg(&record, &Options::default());
    assert!(svg.contains("(lost)"));
}

#[test]
fn who_opens_stands_on_the_left_and_each_peer_has_a_lifeline() {
    let names = |record: &Record| -> Vec<String> {
        let layout = Layout::new(record, &record.events, true);
        layout.lifelines.into_iter().map(|line| line.name).collect()
    };
    let recorder = Recorder::new();
    let end = |name: &str| End::new(name, "");
    let flow = recorder.flow(Transport::Tcp, end("server"), end("client"));
    recorder.push(flow, Received, What::Opened);
    assert_eq!(names(&recorder.snapshot()), ["client", "server"]);
    recorder.flow(Transport::Tcp, end("server"), end("client 2"));
    assert_eq!(names(&recorder.snapshot()), ["server", "client", "client 2"]);
    recorder.flow(Transport::Tcp, end("server"), end("client"));
    recorder.data(FlowId(2), Sent, b"x");
    assert!(svg(&recorder.snapshot(), &Options::default()).contains("[2] 1 byte"));
}
