//! Graded test of `sum-the-packet`.

mod mistakes;
mod sums;

use harness::{Check, Outcome, check, shown, splits};
use sum_the_packet::{Sum, checksum, is_right};

use sums::{HEADER, right, sums, updates, updates_to};

#[test]
fn two_octets_are_a_word() -> Outcome {
    check(|c| {
        whole(c, &[0x12, 0x34])?;
        whole(c, &[0x12, 0x34, 0x01, 0x02, 0x00, 0xff])
    })
}

#[test]
fn no_octets_at_all() -> Outcome {
    check(|c| {
        c.did("called `checksum` on a new `Sum`, without `add`");
        c.want("ffff: the sum of nothing is 0000");
        let got = Sum::new().checksum();
        c.ensure(got == 0xffff, None, || format!("{got:04x}"))
    })
}

#[test]
fn a_carry_comes_back_in_at_the_bottom() -> Outcome {
    check(|c| {
        whole(c, &[0xff, 0xff, 0x00, 0x05])?;
        // The example of RFC 1071 §3.
        whole(c, &[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7])
    })
}

#[test]
fn a_carry_that_makes_a_carry() -> Outcome {
    check(|c| whole(c, &[0xff, 0xff, 0xff, 0xff, 0x00, 0x01]))
}

#[test]
fn an_odd_octet_is_an_upper_half() -> Outcome {
    check(|c| {
        whole(c, &[0x12, 0x34, 0x56])?;
        whole(c, &[0x01])?;
        whole(c, b"hello")
    })
}

#[test]
fn a_header_as_it_was_sent() -> Outcome {
    check(|c| {
        let mut header = HEADER;
        header[10..12].fill(0);
        whole(c, &header)
    })
}

#[test]
fn as_many_carries_as_a_packet_can_have() -> Outcome {
    check(|c| {
        whole(c, &[0xff; 65_535])?;
        whole(c, &[0xff; 65_534])
    })
}

#[test]
fn where_a_piece_ends_does_not_matter() -> Outcome {
    check(|c| {
        let message = b"\x01\x02\x03\x04\x05";
        whole(c, message)?;
        for (front, rest) in splits(message) {
            in_pieces(c, &[front, rest])?;
        }
        in_pieces(c, &[b"\x01", b"", b"", b"\x02\x03"])?;
        in_pieces(c, &message.chunks(1).collect::<Vec<_>>())
    })
}

#[test]
fn any_message_in_any_pieces() -> Outcome {
    check(|c| {
        let mut random = c.random();
        for _ in 0..100 {
            let length = 1 + random.below(300);
            let message = random.bytes(length);
            whole(c, &message)?;
            in_pieces(c, &random.pieces(&message, 90))?;
        }
        Ok(())
    })
}

#[test]
fn more_may_follow_after_a_look_at_the_sum() -> Outcome {
    check(|c| {
        c.did(r#"added "abc", called `checksum`, added "de", and called it again"#);
        let mut sum = Sum::new();
        for (piece, so_far) in [(&b"abc"[..], &b"abc"[..]), (b"de", b"abcde")] {
            sum.add(piece);
            let (got, want) = (sum.checksum(), right(so_far));
            c.want(format!("{want:04x}, the checksum of {}", shown(&[so_far])));
            c.ensure(got == want, None, || format!("{got:04x}"))?;
        }
        Ok(())
    })
}

#[test]
fn a_message_with_its_checksum_is_right() -> Outcome {
    check(|c| {
        for message in [&HEADER[..], &with_checksum(b"an odd message"), &with_checksum(b"even")] {
            c.attempt(format!("called `is_right` with {}", shown(&[message])));
            c.want("true: with the checksum among them, the words add up to ffff");
            c.ensure(is_right(message), None, || "false".into())?;
        }
        Ok(())
    })
}

#[test]
fn every_changed_bit_is_noticed() -> Outcome {
    check(|c| {
        let message = with_checksum(b"every bit of this counts");
        for bit in 0..message.len() * 8 {
            let mut changed = message.clone();
            changed[bit / 8] ^= 0x80 >> (bit % 8);
            c.attempt(format!("changed bit {} of octet {} of a right message", bit % 8, bit / 8));
            c.did(format!("called `is_right` with {}", shown(&[&changed])));
            c.want("false");
            c.ensure(!is_right(&changed), None, || "true".into())?;
        }
        Ok(())
    })
}

#[test]
fn a_router_takes_one_from_the_ttl() -> Outcome {
    check(|c| {
        let mut header = HEADER;
        header[10..12].fill(0);
        c.did("took the header of a packet, in which TTL and protocol are the word 4011");
        updates(c, &header, 8, 0x3f11)
    })
}

#[test]
fn an_update_is_as_good_as_a_sum() -> Outcome {
    check(|c| {
        let mut random = c.random();
        for round in 0..500 {
            let mut octets = random.bytes(20);
            octets[0] |= 1; // Only a message of zeros has two checksums.
            let at = 2 + 2 * random.below(9);
            let other = random.bytes(2);
            // The edges are where ones' complement differs from what a processor does.
            let new = match round % 4 {
                0 => 0x0000,
                1 => 0xffff,
                _ => u16::from_be_bytes([other[0], other[1]]),
            };
            c.attempt("made a message of 20 octets, with any checksum");
            updates(c, &octets, at, new)?;
        }
        Ok(())
    })
}

#[test]
fn an_update_that_comes_to_zero() -> Outcome {
    check(|c| {
        c.did("took the example of RFC 1624 §4");
        updates_to(c, 0xdd2f, 0x5555, 0x3285, 0x0000)
    })
}

/// Fails unless the checksum of a message in one piece is right.
fn whole(c: &Check, octets: &[u8]) -> Outcome {
    c.attempt(format!("added {}", listed(&[octets])));
    sums(c, &[octets])?;
    c.did("called the function `checksum` with the same octets");
    let (got, want) = (checksum(octets), right(octets));
    c.ensure(got == want, None, || format!("{got:04x}"))
}

fn in_pieces(c: &Check, pieces: &[&[u8]]) -> Outcome {
    c.attempt(format!("added {}", listed(pieces)));
    sums(c, pieces)
}

/// Few octets in hex, with a bar where a piece ends; of many the count.
fn listed(pieces: &[&[u8]]) -> String {
    let length: usize = pieces.iter().map(|piece| piece.len()).sum();
    match pieces.len() {
        1 if length > 20 => return format!("{length} octets"),
        count if length > 20 => return format!("{length} octets in {count} pieces"),
        _ => {}
    }
    let hex = |piece: &&[u8]| piece.iter().map(|octet| format!("{octet:02x}")).collect::<Vec<_>>();
    pieces.iter().map(|piece| hex(piece).join(" ")).collect::<Vec<_>>().join(" | ")
}

/// The message behind its checksum.
fn with_checksum(message: &[u8]) -> Vec<u8> {
    [&right(message).to_be_bytes(), message].concat()
}
