use super::*;
use crate::random::Random;

const START: Seq = Seq(u32::MAX - 1_000);

fn receiver(capacity: usize) -> Receiver {
    let mut receiver = Receiver::new(START, capacity, 0);
    receiver.advertise(1);
    receiver
}

fn read_all(receiver: &mut Receiver) -> Vec<u8> {
    let mut octets = vec![0; receiver.readable()];
    assert_eq!(receiver.read(&mut octets), octets.len());
    octets
}

#[test]
fn octets_in_order_are_there_at_once() {
    let mut receiver = receiver(100);
    assert_eq!(receiver.insert(START, b"hello "), Arrived::InOrder { filled: false });
    assert_eq!(receiver.insert(START + 6, b"world"), Arrived::InOrder { filled: false });
    assert_eq!(read_all(&mut receiver), b"hello world");
    assert_eq!(receiver.nxt(), START + 11);
}

#[test]
fn a_gap_is_waited_for_and_reported() {
    let mut receiver = receiver(100);
    assert_eq!(receiver.insert(START + 5, b"world"), Arrived::Ahead);
    assert_eq!((receiver.readable(), receiver.nxt()), (0, START));
    let blocks: Vec<_> = receiver.sack_blocks().iter().collect();
    assert_eq!(blocks, [START + 5..START + 10]);
    assert_eq!(receiver.insert(START, b"hello"), Arrived::InOrder { filled: true });
    assert_eq!(read_all(&mut receiver), b"helloworld");
    assert!(!receiver.has_gap());
}

#[test]
fn the_latest_block_is_first_and_the_newest_follow() {
    let mut receiver = receiver(1_000);
    for at in [100, 200, 300, 400, 150] {
        receiver.insert(START + at, b"0123456789");
    }
    let starts: Vec<_> = receiver.sack_blocks().iter().map(|block| block.start - START).collect();
    assert_eq!(starts, [150, 400, 300, 200]);
}

#[test]
fn of_octets_that_differ_the_first_copy_holds() {
    let mut receiver = receiver(100);
    receiver.insert(START + 5, b"BBBBB");
    receiver.insert(START, b"aaaaaCCCCC");
    assert_eq!(read_all(&mut receiver), b"aaaaaBBBBB");
}

#[test]
fn nothing_beyond_the_window_is_taken() {
    let mut receiver = receiver(10);
    assert_eq!(receiver.insert(START, b"0123456789abc"), Arrived::InOrder { filled: false });
    assert_eq!(receiver.insert(START + 10, b"x"), Arrived::Nothing);
    assert_eq!((receiver.readable(), receiver.advertise(1)), (10, 0));
}

#[test]
fn what_was_read_before_comes_again_in_vain() {
    let mut receiver = receiver(100);
    receiver.insert(START, b"hello");
    assert_eq!(read_all(&mut receiver), b"hello");
    assert_eq!(receiver.insert(START, b"hello"), Arrived::Nothing);
    assert_eq!(receiver.insert(START + 2, b"lloyd"), Arrived::InOrder { filled: false });
    assert_eq!(read_all(&mut receiver), b"yd");
}

#[test]
fn the_window_grows_by_steps_and_never_shrinks() {
    let mut receiver = receiver(4_000);
    receiver.insert(START, &[7; 4_000]);
    assert_eq!(receiver.advertise(1_000), 0);
    receiver.consume(999);
    assert!(!receiver.has_news(1_000));
    assert_eq!(receiver.advertise(1_000), 0);
    receiver.consume(1);
    assert!(receiver.has_news(1_000));
    assert_eq!(receiver.advertise(1_000), 1_000);
    assert_eq!(receiver.advertise(9_999), 1_000);
}

/// Segments of all kinds in any order, against the stream that they were cut from; and each octet is
/// copied once.
#[test]
fn any_order_gives_the_stream_and_each_octet_is_copied_once() {
    let mut random = Random::announced();
    for _ in 0..300 {
        let stream = random.octets(1..5_000);
        let capacity = 1 + random.below(3_000);
        let mut receiver = receiver(capacity);
        let (mut received, mut tries) = (Vec::new(), 0);
        while received.len() < stream.len() {
            tries += 1;
            // Somewhere around what is missing: before, across and beyond it.
            let middle = (receiver.nxt() - START) as usize;
            let from = (middle + random.below(600)).saturating_sub(300).min(stream.len());
            let from = if tries % 8 == 0 { middle } else { from };
            let to = (from + random.below(400)).min(stream.len());
            receiver.insert(START + u32::try_from(from).unwrap(), &stream[from..to]);
            assert!(receiver.buffer.len() <= capacity);
            if random.chance(0.3) {
                let mut part = vec![0; random.below(1_000)];
                let length = receiver.read(&mut part);
                received.extend_from_slice(&part[..length]);
                receiver.advertise(1);
            }
            assert!(tries < 100_000, "no end");
        }
        assert_eq!(received, stream);
        assert_eq!(receiver.copied(), stream.len() as u64);
    }
}
