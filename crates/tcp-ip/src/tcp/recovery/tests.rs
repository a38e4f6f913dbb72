use super::*;

const SEGMENT: u32 = 1_000;

fn path(una: u32, nxt: u32, milliseconds: u64, sack: bool) -> Path {
    Path {
        now: Instant::from_nanos(milliseconds * 1_000_000),
        una: Seq(una),
        nxt: Seq(nxt),
        segment_size: SEGMENT,
        sack,
        smoothed: Some(Duration::from_millis(20)),
        echoed: None,
    }
}

fn stretch(start: u32, end: u32) -> Stretch {
    Stretch { start: Seq(start), end: Seq(end) }
}

/// Ten segments, sent at once.
fn ten_sent() -> Recovery {
    let mut recovery = Recovery::new(Seq(0));
    recovery.sent(Instant::ZERO, stretch(0, 10 * SEGMENT));
    recovery
}

fn duplicates(recovery: &mut Recovery, path: &Path) -> Vec<Noticed> {
    (0..3).map(|_| recovery.duplicate(path)).collect()
}

/// RFC 6582 §3.2 step 2: "covers more than recover".
#[test]
fn without_sack_duplicates_at_the_recovery_point_begin_no_second_recovery() {
    let mut recovery = ten_sent();
    let nothing = Noticed::Nothing;
    let found = duplicates(&mut recovery, &path(0, 10_000, 20, false));
    assert_eq!(found, [nothing, nothing, Noticed::Loss]);
    assert_eq!(recovery.next_lost(), Some(stretch(0, SEGMENT)));
    recovery.retransmitted(Instant::from_nanos(20), stretch(0, SEGMENT), false);
    recovery.sent(Instant::from_nanos(20), stretch(10_000, 14_000));
    // Just what was sent before the loss was found is acknowledged, and stays acknowledged.
    recovery.advanced(Seq(0), &path(10_000, 14_000, 40, false));
    assert_eq!(recovery.phase(), Phase::Open);
    let found = duplicates(&mut recovery, &path(10_000, 14_000, 40, false));
    assert_eq!(found, [nothing; 3]);
    // A segment more, and a loss is a loss again.
    recovery.advanced(Seq(10_000), &path(11_000, 14_000, 60, false));
    let found = duplicates(&mut recovery, &path(11_000, 14_000, 60, false));
    assert_eq!(found, [nothing, nothing, Noticed::Loss]);
}

/// With SACK the recovery is over at the point (RFC 6675 §5.1), and nothing that was sent again in it
/// is sent once more.
#[test]
fn with_sack_the_next_recovery_begins_with_what_it_has_lost_itself() {
    let mut recovery = ten_sent();
    let blocks = [Seq(1_000)..Seq(10_000)].into_iter().collect();
    let found = path(0, 10_000, 20, true);
    assert_eq!(recovery.sacked(&blocks, found.una, &found), 9_000);
    assert_eq!(recovery.detect(&found), Noticed::Loss);
    recovery.retransmitted(found.now, stretch(0, SEGMENT), false);
    recovery.sent(found.now, stretch(10_000, 14_000));
    assert_eq!((recovery.pipe(), recovery.next_lost()), (5_000, None));
    // The retransmission arrives, the first new segment does not, the others do.
    let over = path(10_000, 14_000, 40, true);
    assert_eq!(recovery.advanced(Seq(0), &over), Noticed::Nothing);
    let blocks = [Seq(11_000)..Seq(14_000)].into_iter().collect();
    assert_eq!(recovery.sacked(&blocks, over.una, &over), 3_000);
    assert_eq!(recovery.detect(&over), Noticed::Loss);
    assert_eq!(recovery.next_lost(), Some(stretch(10_000, 11_000)));
    assert_eq!(recovery.pipe(), 0);
}

/// RFC 8985 §6.3: a timeout gives up what is old, and not what was sent a moment ago.
#[test]
fn after_a_timeout_what_was_just_sent_is_still_on_the_way() {
    let mut recovery = ten_sent();
    recovery.advanced(Seq(0), &path(1_000, 10_000, 20, true));
    recovery.sent(Instant::from_nanos(235_000_000), stretch(10_000, 11_000));
    recovery.timed_out(&path(1_000, 11_000, 240, true), false);
    assert_eq!(recovery.next_lost(), Some(stretch(1_000, 10_000)));
    assert_eq!(recovery.pipe(), 1_000);
    recovery.timed_out(&path(1_000, 11_000, 900, true), true);
    assert_eq!((recovery.next_lost(), recovery.pipe()), (Some(stretch(1_000, 11_000)), 0));
}

/// RFC 2883 §4: only what is before its own number, an acknowledgment reports as a duplicate.
#[test]
fn an_overtaken_report_is_no_duplicate() {
    for (number, window) in [(1_000, 5), (4_000, 10)] {
        let mut recovery = ten_sent();
        recovery.advanced(Seq(0), &path(5_000, 10_000, 20, true));
        let blocks = [Seq(3_000)..Seq(4_000)].into_iter().collect();
        assert_eq!(recovery.sacked(&blocks, Seq(number), &path(5_000, 10_000, 20, true)), 0);
        let smoothed = Some(Duration::from_millis(20));
        assert_eq!(recovery.rack.window(false, smoothed), Duration::from_millis(window));
    }
}
