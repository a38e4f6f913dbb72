#![allow(clippy::cast_possible_truncation)] // The numbers are small, or cut on purpose.

use super::*;
use crate::random::Random;

/// A number in the order of the file.
fn put(file: &mut Vec<u8>, order: Order, numbers: &[u32]) {
    for number in numbers {
        file.extend(match order {
            Order::Little => number.to_le_bytes(),
            Order::Big => number.to_be_bytes(),
        });
    }
}

fn short(order: Order, numbers: [u16; 2]) -> u32 {
    let [a, b] = numbers.map(u32::from);
    if order == Order::Little { b << 16 | a } else { a << 16 | b }
}

fn pcap(order: Order, magic: u32) -> Vec<u8> {
    let mut file = Vec::new();
    put(&mut file, order, &[magic, short(order, [2, 4]), 0, 0, 65_535, 101]);
    for packet in [b"first".as_slice(), b"2"] {
        let length = packet.len() as u32;
        put(&mut file, order, &[1_700_000_000, 250_000, length, length + 100]);
        file.extend(packet);
    }
    file
}

fn block(file: &mut Vec<u8>, order: Order, kind: u32, body: &[u8]) {
    let length = body.len() as u32 + 12;
    put(file, order, &[kind, length]);
    file.extend(body);
    put(file, order, &[length]);
}

fn pcapng(order: Order) -> Vec<u8> {
    let mut file = Vec::new();
    let body = |numbers: &[u32]| {
        let mut body = Vec::new();
        put(&mut body, order, numbers);
        body
    };
    let section = body(&[0x1a2b_3c4d, short(order, [1, 0]), u32::MAX, u32::MAX]);
    block(&mut file, order, 0x0a0d_0d0a, &section);
    // Times in nanoseconds, and ten seconds later than they say.
    let mut interface = body(&[short(order, [1, 0]), 0, short(order, [9, 1])]);
    interface.extend([9, 0, 0, 0]);
    put(&mut interface, order, &[short(order, [14, 8])]);
    interface.extend(match order {
        Order::Little => 10u64.to_le_bytes(),
        Order::Big => 10u64.to_be_bytes(),
    });
    block(&mut file, order, 1, &interface);
    block(&mut file, order, 0xbad, b"what nobody knows as yet");
    let at: u64 = 1_000_000_005;
    let mut packet = body(&[0, (at >> 32) as u32, at as u32, 5, 60]);
    packet.extend(b"first\0\0\0");
    put(&mut packet, order, &[short(order, [1, 2])]);
    packet.extend(b"hi\0\0");
    put(&mut packet, order, &[0]);
    block(&mut file, order, 6, &packet);
    let mut simple = body(&[1]);
    simple.extend(b"2\0\0\0");
    block(&mut file, order, 3, &simple);
    file
}

fn all(file: &[u8]) -> Result<Vec<Captured>, Error> {
    Packets::read(file)?.collect()
}

#[test]
fn pcap_is_read_in_both_orders_and_both_resolutions() {
    for order in [Order::Little, Order::Big] {
        for (magic, nanoseconds) in [(0xa1b2_c3d4, 250_000_000), (0xa1b2_3c4d, 250_000)] {
            let packets = all(&pcap(order, magic)).unwrap();
            assert_eq!(packets.len(), 2);
            assert_eq!(packets[0].at, Some(Duration::new(1_700_000_000, nanoseconds)));
            assert_eq!((packets[0].octets.as_slice(), packets[0].length), (&b"first"[..], 105));
            assert_eq!(packets[1].link, LinkType::Raw);
        }
    }
}

#[test]
fn pcapng_is_read_in_both_orders() {
    for order in [Order::Little, Order::Big] {
        // A second section may be of the other order.
        let file = [pcapng(order), pcapng(Order::Big)].concat();
        let packets = all(&file).unwrap();
        assert_eq!(packets.len(), 4);
        for pair in packets.chunks(2) {
            assert_eq!(pair[0].at, Some(Duration::new(11, 5)));
            assert_eq!((pair[0].octets.as_slice(), pair[0].length), (&b"first"[..], 60));
            assert_eq!(
                (pair[0].comments.as_slice(), pair[0].link),
                (&["hi".to_owned()][..], LinkType::Ethernet)
            );
            assert_eq!((pair[1].octets.as_slice(), pair[1].at), (&b"2"[..], None));
        }
    }
}

#[test]
fn every_cut_is_noticed_or_between_two_packets() {
    for (file, starts) in [(pcap(Order::Little, 0xa1b2_c3d4), 24), (pcapng(Order::Big), 28)] {
        let whole = all(&file).unwrap();
        let mut clean = 0;
        for end in 0..file.len() {
            match all(&file[..end]) {
                Ok(packets) => {
                    assert!(packets.len() < whole.len() && end >= starts, "cut at {end}");
                    clean += 1;
                }
                Err(error) => assert!(matches!(error, Error::Truncated), "cut at {end}: {error}"),
            }
        }
        assert!((2..=5).contains(&clean), "{clean}");
    }
}

#[test]
fn no_length_is_believed_beyond_the_limits() {
    let mut file = pcap(Order::Little, 0xa1b2_c3d4);
    file[32..36].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(matches!(all(&file), Err(Error::Malformed { offset: 40, .. })));
    for length in [0, 4, 11, 13, 0xffff_fffc] {
        let mut file = pcapng(Order::Little);
        file[32..36].copy_from_slice(&u32::to_le_bytes(length));
        assert!(matches!(all(&file), Err(Error::Malformed { .. })), "a block of {length}");
    }
    assert!(matches!(all(b"GIF89a  "), Err(Error::Unknown { .. })));
}

#[test]
fn whatever_comes_is_read_or_refused() {
    let mut random = Random::announced();
    let files =
        [pcap(Order::Little, 0xa1b2_c3d4), pcap(Order::Big, 0xa1b2_3c4d), pcapng(Order::Little)];
    for _ in 0..20_000 {
        let mut file = files[random.below(3)].clone();
        for _ in 0..=random.below(4) {
            let at = random.below(file.len());
            file[at] = [0, 1, 0x7f, 0xff, file[at] ^ 1 << random.below(8)][random.below(5)];
        }
        if let Ok(packets) = Packets::read(file.as_slice()) {
            assert!(packets.take(100).count() <= 3);
        }
    }
}
