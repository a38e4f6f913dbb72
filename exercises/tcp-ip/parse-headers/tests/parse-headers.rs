//! Graded test of `parse-headers`.

mod answers;
mod mistakes;
mod packets;

use harness::{Outcome, check};
use parse_headers::{Error, HEADER, Ip, TCP, parse_tcp};

use answers::{ip_is, refuses_ip, refuses_tcp, tcp_is};
use mistakes::{ENDLESS, FRAGMENT, IGNORED, NO_OPTIONS, NO_PSEUDO, OVERRUN, TRUSTS};
use packets::{
    DESTINATION, SEGMENT, SOURCE, dump, is, packet, resealed, sealed, segment, tcp, tcp_in_time,
};

const HELLO: &[u8] = b"hello, wire";
const OVER: &str = "an option that goes on behind the header";

#[test]
fn a_packet_is_a_header_and_a_payload() -> Outcome {
    check(|c| ip_is(c, &packet(17, &[], HELLO), 17, HELLO, None))
}

#[test]
fn a_header_may_have_options() -> Outcome {
    check(|c| {
        for length in (4..=40).step_by(4) {
            let octets = packet(17, &vec![1; length], HELLO);
            ip_is(c, &octets, 17, HELLO, &NO_OPTIONS)?;
        }
        Ok(())
    })
}

#[test]
fn what_stands_behind_the_packet_is_not_in_it() -> Outcome {
    check(|c| {
        let padded = [packet(17, &[], HELLO), vec![0; 15]].concat();
        ip_is(c, &padded, 17, HELLO, &IGNORED)?;
        let empty = [packet(17, &[], b""), vec![0xee; 26]].concat();
        ip_is(c, &empty, 17, b"", &IGNORED)
    })
}

#[test]
fn a_total_length_that_goes_beyond_what_came() -> Outcome {
    check(|c| {
        for (octet, value) in [(3, 32), (3, 200), (2, 0xff)] {
            let mut octets = packet(17, &[], HELLO);
            octets[octet] = value;
            refuses_ip(c, &sealed(octets, HEADER), 2, "the total length", Error::Length, &TRUSTS)?;
        }
        Ok(())
    })
}

#[test]
fn a_header_shorter_than_a_header() -> Outcome {
    check(|c| {
        for words in (0..5).rev() {
            let mut octets = packet(17, &[], HELLO);
            octets[0] = 0x40 | words;
            let octets = sealed(octets, usize::from(words).max(3) * 4);
            refuses_ip(c, &octets, 0, &format!("IHL {words}"), Error::Length, &TRUSTS)?;
        }
        Ok(())
    })
}

#[test]
fn a_header_longer_than_the_packet() -> Outcome {
    check(|c| {
        let mut octets = packet(17, &[], HELLO);
        octets[0] = 0x4f;
        refuses_ip(c, &octets, 0, "IHL 15: 60 octets", Error::Length, &TRUSTS)?;
        let padded = [octets, vec![0; 60]].concat();
        let padded = sealed(padded, 60);
        refuses_ip(c, &padded, 0, "IHL 15: 60 octets, of 31", Error::Length, &TRUSTS)
    })
}

#[test]
fn any_beginning_of_a_packet_is_none() -> Outcome {
    check(|c| {
        let octets = packet(17, &[1; 8], HELLO);
        for end in 0..octets.len() {
            refuses_ip(c, &octets[..end], end, "", Error::Length, &TRUSTS)?;
        }
        Ok(())
    })
}

#[test]
fn a_header_that_was_changed_on_the_way() -> Outcome {
    check(|c| {
        for at in 4..HEADER {
            let mut octets = packet(17, &[], HELLO);
            octets[at] ^= 0x10;
            refuses_ip(c, &octets, at, "changed", Error::Checksum, None)?;
        }
        let mut octets = packet(17, &[1; 4], HELLO);
        octets[22] = 0;
        refuses_ip(c, &octets, 22, "changed", Error::Checksum, &NO_OPTIONS)
    })
}

#[test]
fn another_version_is_another_protocol() -> Outcome {
    check(|c| {
        let mut octets = packet(17, &[], HELLO);
        octets[0] = 0x65;
        refuses_ip(c, &sealed(octets, HEADER), 0, "version 6", Error::Version(6), None)
    })
}

#[test]
fn a_fragment_is_not_a_packet() -> Outcome {
    check(|c| {
        for (word, note) in [([0x20, 0], "more follow"), ([0, 1], "offset 8"), ([0x1f, 0], "far")] {
            let mut octets = packet(TCP, &[], &segment(&[], HELLO)[SEGMENT..]);
            octets[6..8].copy_from_slice(&word);
            refuses_ip(c, &sealed(octets, HEADER), 6, note, Error::Fragment, &FRAGMENT)?;
        }
        Ok(())
    })
}

#[test]
fn a_segment_is_a_header_and_a_payload() -> Outcome {
    check(|c| {
        tcp_is(c, &segment(&[], HELLO), None, None, HELLO, None)?;
        tcp_is(c, &segment(&[], b""), None, None, b"", None)
    })
}

#[test]
fn the_options_of_a_syn() -> Outcome {
    check(|c| {
        // As Linux sends them: MSS 1460, SACK permitted, timestamps, nothing, window scale 7.
        let mut syn = vec![2, 4, 0x05, 0xb4, 4, 2, 8, 10];
        syn.extend([0x94, 0xb6, 0x5a, 0x87, 0, 0, 0, 0, 1, 3, 3, 7]);
        tcp_is(c, &segment(&syn, b""), Some(1460), Some(7), b"", &NO_OPTIONS)?;
        tcp_is(c, &segment(&[1, 1, 1, 1], HELLO), None, None, HELLO, &NO_OPTIONS)?;
        tcp_is(c, &segment(&[1, 3, 3, 14], HELLO), None, Some(14), HELLO, &NO_OPTIONS)
    })
}

#[test]
fn what_nobody_knows_is_skipped() -> Outcome {
    check(|c| {
        let unknown = [254, 7, 2, 4, 9, 9, 3, 2, 4, 0x02, 0x18, 253, 2, 1, 1, 1];
        tcp_is(c, &segment(&unknown, HELLO), Some(536), None, HELLO, None)
    })
}

#[test]
fn behind_the_end_of_the_options_is_padding() -> Outcome {
    check(|c| {
        let ended = [2, 4, 0x02, 0x18, 0, 3, 3, 9, 0, 2, 0, 0];
        tcp_is(c, &segment(&ended, HELLO), Some(536), None, HELLO, None)
    })
}

#[test]
fn a_data_offset_that_contradicts_the_segment() -> Outcome {
    check(|c| {
        for words in [4, 3, 1, 0, 8, 15] {
            let mut octets = segment(&[], HELLO);
            octets[SEGMENT + 12] = words << 4;
            let note = format!("data offset {words}, in a segment of {} octets", 20 + HELLO.len());
            let octets = resealed(octets);
            refuses_tcp(c, &octets, SEGMENT + 12, &note, Error::Length, &TRUSTS)?;
        }
        Ok(())
    })
}

#[test]
fn an_option_that_ends_behind_the_header() -> Outcome {
    check(|c| {
        let cases: [(&[u8], usize); 5] = [
            (&[1, 1, 2, 4], 3),
            (&[1, 3, 3, 7, 2, 4, 5, 180, 1, 1, 8, 10], 11),
            (&[254, 5, 0, 0], 1),
            (&[1, 1, 1, 2], 3),
            (&[1, 1, 1, 254], 3),
        ];
        for (options, at) in cases {
            // Were it to be read there, the payload would do for the rest of any option.
            let octets = segment(options, &[4, 0x11, 0x11, 7, 7, 7, 7, 7, 7, 7, 7, 7]);
            c.attempt(format!("gave the answer{}", dump(&octets, SEGMENT + HEADER + at, OVER)));
            c.want("Err(Option)");
            let got = tcp(c, &octets, &OVERRUN)?;
            let from_payload = [Some(0x0411), Some(0x1111)];
            let proved = got.is_ok_and(|tcp| from_payload.contains(&tcp.mss));
            is(c, &got, Error::Option, proved.then_some(&OVERRUN))?;
        }
        Ok(())
    })
}

#[test]
fn an_option_shorter_than_itself() -> Outcome {
    check(|c| {
        for options in [[254, 0, 0, 0], [2, 0, 5, 180], [8, 1, 1, 1], [3, 1, 0, 0]] {
            let octets = segment(&options, HELLO);
            let note = format!("an option of {} octets", options[1]);
            c.attempt(format!("gave the answer{}", dump(&octets, SEGMENT + HEADER + 1, &note)));
            c.want("Err(Option), and soon");
            tcp_in_time(c, octets, &ENDLESS)?;
        }
        Ok(())
    })
}

#[test]
fn a_known_option_of_another_length() -> Outcome {
    check(|c| {
        for options in [[2, 3, 5, 1], [2, 2, 1, 1], [3, 4, 7, 7], [3, 2, 1, 1]] {
            let octets = segment(&options, HELLO);
            let note = format!("kind {}, length {}", options[0], options[1]);
            refuses_tcp(c, &octets, SEGMENT + HEADER + 1, &note, Error::Option, None)?;
        }
        Ok(())
    })
}

#[test]
fn a_segment_that_was_changed_on_the_way() -> Outcome {
    check(|c| {
        for at in [0, 7, 13, 16, 20, 30] {
            let mut octets = segment(&[], HELLO);
            octets[SEGMENT + at] ^= 1;
            refuses_tcp(c, &octets, SEGMENT + at, "changed", Error::Checksum, None)?;
        }
        Ok(())
    })
}

#[test]
fn a_segment_that_went_astray() -> Outcome {
    check(|c| {
        let mut octets = segment(&[], HELLO);
        octets[19] = 99;
        let octets = sealed(octets, HEADER);
        let note = "another address; the header's own checksum is right";
        refuses_tcp(c, &octets, 19, note, Error::Checksum, &NO_PSEUDO)
    })
}

#[test]
fn not_every_packet_is_tcp() -> Outcome {
    check(|c| {
        let octets = packet(17, &[], &segment(&[], HELLO)[SEGMENT..]);
        refuses_tcp(c, &octets, 9, "UDP", Error::Protocol(17), None)
    })
}

#[test]
fn any_beginning_of_a_segment_is_none() -> Outcome {
    check(|c| {
        let whole = segment(&[1, 3, 3, 7], HELLO);
        for end in SEGMENT..whole.len() {
            let octets = packet(TCP, &[], &whole[SEGMENT..end]);
            c.attempt(format!(
                "gave `parse_tcp` a packet with part of a segment{}",
                dump(&octets, 0, "")
            ));
            c.want("Err(Length), or Err(Checksum) where there is a header");
            let got = tcp(c, &octets, &TRUSTS)?;
            let right = matches!(got, Err(Error::Length | Error::Checksum));
            c.ensure(right, None, || format!("{got:?}"))?;
        }
        Ok(())
    })
}

#[test]
fn whatever_comes_is_answered() -> Outcome {
    check(|c| {
        let mut random = c.random();
        for _ in 0..2_000 {
            let length = random.below(60);
            let payload = random.bytes(length);
            let from =
                Ip { source: SOURCE, destination: DESTINATION, protocol: TCP, payload: &payload };
            let mut octets = packet(TCP, &[], &payload);
            if length >= HEADER {
                octets[SEGMENT + 12] |= 0x50;
                octets = resealed(octets);
            }
            c.attempt(format!("gave `parse_tcp` random octets{}", dump(&octets, 0, "")));
            c.want("an answer, whatever it is");
            let _ = tcp(c, &octets, None)?;
            let _ = parse_tcp(&from);
        }
        Ok(())
    })
}
