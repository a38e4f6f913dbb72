//! Graded test of `decode-names`.

mod messages;
mod mistakes;

use decode_names::{Error, HEADER, LONGEST_NAME, MOST_POINTERS, Message, Question, Record};
use decode_names::{parse_message, parse_name};
use harness::{Outcome, check};

use messages::{ANSWER, answer, dump, labels, message, name_is, refuses, refuses_name, same};
use mistakes::{CHAIN, COUNTS, FORWARD, HALF, INTO_HEADER, LONG_LABEL, LONG_NAME, LOOP};
use mistakes::{RESUMES, TEXT, TRAILING};

const WWW: &[&[u8]] = &[b"www", b"example", b"com"];

#[test]
fn a_name_is_labels_behind_their_lengths() -> Outcome {
    check(|c| {
        let octets = message(0, 0, b"\x03www\x07example\x03com\0\x02de\0\0");
        name_is(c, &octets, 12, WWW, 29, None)?;
        name_is(c, &octets, 29, &[b"de"], 33, None)?;
        name_is(c, &octets, 33, &[], 34, None)
    })
}

#[test]
fn labels_are_octets() -> Outcome {
    check(|c| {
        let octets = message(0, 0, b"\x03a.b\x02\0 \x04\xff\xc0\x0c\\\x03WwW\0");
        let want: &[&[u8]] = &[b"a.b", b"\0 ", b"\xff\xc0\x0c\\", b"WwW"];
        name_is(c, &octets, 12, want, 29, &TEXT)
    })
}

#[test]
fn a_pointer_leads_to_the_rest_of_a_name() -> Outcome {
    check(|c| {
        let octets = message(0, 0, b"\x07example\x03com\0\x03www\xc0\x0c\xc0\x19\x03ftp\xc0\x14\0");
        name_is(c, &octets, 25, WWW, 31, &RESUMES)?;
        name_is(c, &octets, 31, WWW, 33, &RESUMES)?;
        name_is(c, &octets, 33, &[b"ftp", b"com"], 39, &RESUMES)
    })
}

#[test]
fn a_pointer_has_fourteen_bits() -> Outcome {
    check(|c| {
        for place in [0x2a0c, 0x100, 0x1ff, 0x3ffe] {
            // Where only the lower octet, or the wrong six bits, would lead, is another name.
            let mut octets = message(0, 0, &[0; 0x4000]);
            octets[HEADER..0x100].copy_from_slice(&[*b"\x01x\0\0"; 61].concat());
            octets[place..place + 5].copy_from_slice(b"\x03net\0");
            let start = octets.len();
            octets.extend(b"\x03www\xc0\0");
            let [upper, lower] = u16::try_from(place).expect("14 bits").to_be_bytes();
            octets[start + 4] |= upper;
            octets[start + 5] = lower;
            name_is(c, &octets, start, &[b"www", b"net"], start + 6, &HALF)?;
        }
        Ok(())
    })
}

#[test]
fn a_message_is_four_sections() -> Outcome {
    check(|c| {
        let mut octets = message(1, 2, b"\x03www\x07example\x03com\0\0\x01\0\x01");
        octets.extend(b"\xc0\x0c\0\x05\0\x01\0\x01\x51\x80\0\x06\x03web\xc0\x10");
        octets.extend(b"\xc0\x2d\0\x01\0\x01\0\0\0\x3c\0\x04\x0a\0\0\x01");
        octets.extend(b"\xc0\x10\0\x02\0\x01\0\0\x0e\x10\0\x05\x02ns\xc0\x10");
        octets.extend(b"\0\0\x29\x04\xd0\0\0\0\0\0\0");
        octets[9] = 1;
        octets[11] = 1;
        let record = |name: &[&[u8]], rtype, class, ttl, data| {
            let name = labels(name);
            Record { name, rtype, class, ttl, data }
        };
        let web: &[&[u8]] = &[b"web", b"example", b"com"];
        let want = Message {
            id: 0x1234,
            flags: 0x8180,
            questions: vec![Question { name: labels(WWW), qtype: 1, qclass: 1 }],
            answers: vec![
                record(WWW, 5, 1, 86_400, b"\x03web\xc0\x10".as_slice()),
                record(web, 1, 1, 60, b"\x0a\0\0\x01"),
            ],
            authorities: vec![record(&WWW[1..], 2, 1, 3600, b"\x02ns\xc0\x10")],
            additionals: vec![record(&[], 41, 0x04d0, 0, b"")],
        };
        c.attempt(format!("gave `parse_message` an answer{}", dump(&octets, 0, "")));
        c.want(format!("{want:x?}"));
        let got = c.ok("`parse_message`", parse_message(&octets), None)?;
        same(c, &got, &want, None)
    })
}

#[test]
fn a_query_is_a_message_without_records() -> Outcome {
    check(|c| {
        let octets = message(1, 0, b"\0\0\x02\0\x01");
        c.attempt(format!(
            "gave `parse_message` a question about the root{}",
            dump(&octets, 0, "")
        ));
        c.want("one question, of type 2 and class 1, and no records");
        let got = c.ok("`parse_message`", parse_message(&octets), None)?;
        let question = Question { name: vec![], qtype: 2, qclass: 1 };
        same(c, &got.questions, &vec![question], None)?;
        let records = got.answers.len() + got.authorities.len() + got.additionals.len();
        same(c, &records, &0, None)
    })
}

#[test]
fn pointers_that_go_round() -> Outcome {
    check(|c| {
        let case = (12, 12, "leads to itself");
        refuses_name(c, &message(0, 0, b"\xc0\x0c"), case, Error::Pointer, &LOOP)?;
        let two = message(0, 0, b"\xc0\x0e\xc0\x0c");
        refuses_name(c, &two, (14, 14, "leads to one that leads here"), Error::Pointer, &LOOP)?;
        let own = message(0, 0, b"\x01a\xc0\x0c");
        refuses_name(c, &own, (12, 14, "leads to its own name"), Error::Pointer, &LOOP)?;
        let inner = message(0, 0, b"\x01a\x01b\xc0\x0e");
        refuses_name(c, &inner, (12, 16, "leads into its own name"), Error::Pointer, &LOOP)?;
        let octets = answer(b"\xc0\x1d", b"\x0a\0\0\x01");
        refuses(c, &octets, (ANSWER, "leads to itself"), Error::Pointer, &LOOP)
    })
}

#[test]
fn a_pointer_leads_back() -> Outcome {
    check(|c| {
        let octets = message(0, 0, b"\x03www\xc0\x12\x03com\0");
        refuses_name(c, &octets, (12, 16, "leads forward"), Error::Pointer, &FORWARD)?;
        // Back, and from there on forward, to before the place where the name began.
        let octets = message(0, 0, b"\x01a\xc0\x10\x01b\0\xc0\x0c");
        refuses_name(c, &octets, (19, 14, "leads forward"), Error::Pointer, &FORWARD)?;
        let octets = answer(b"\xc3\xff", b"\x0a\0\0\x01");
        refuses(c, &octets, (ANSWER, "leads to octet 1023"), Error::Pointer, &FORWARD)
    })
}

#[test]
fn there_is_no_name_in_the_header() -> Outcome {
    check(|c| {
        for to in [4, 11, 0, 2] {
            let mut octets = message(0, 0, b"\x03www\xc0\0");
            octets[17] = to;
            octets[0] = 0;
            octets[2] = 0;
            let note = format!("leads to octet {to}");
            refuses_name(c, &octets, (12, 16, &note), Error::Pointer, &INTO_HEADER)?;
        }
        Ok(())
    })
}

#[test]
fn a_length_has_six_bits() -> Outcome {
    check(|c| {
        let label = [b'a'; 63];
        let octets = message(0, 0, &[&[63], &label[..], &[0]].concat());
        name_is(c, &octets, 12, &[&label], 77, None)?;
        for length in [64, 0x41, 0x7f, 0x80, 0xbf] {
            // As a label, as a length without its upper bits, as a pointer: all would find something.
            let rest = [&[length], [0; 200].as_slice()].concat();
            let note = format!("{length:#04x} is neither a length nor a pointer");
            refuses_name(c, &message(0, 0, &rest), (12, 12, &note), Error::Label, &LONG_LABEL)?;
        }
        let name = [&[64], [b'a'; 64].as_slice(), &[0]].concat();
        let octets = answer(&name, b"\x0a\0\0\x01");
        refuses(c, &octets, (ANSWER, "64"), Error::Label, &LONG_LABEL)
    })
}

#[test]
fn a_name_has_255_octets() -> Outcome {
    check(|c| {
        let (long, last) = ([b'a'; 63], [b'b'; 62]);
        let three = [&[63], &long[..], &[63], &long, &[63], &long].concat();
        let octets = message(0, 0, &[&three[..], &[61], &last[..61], &[0]].concat());
        name_is(c, &octets, 12, &[&long, &long, &long, &last[..61]], 12 + LONGEST_NAME, None)?;
        let octets = message(0, 0, &[&three[..], &[62], &last, &[0]].concat());
        refuses_name(c, &octets, (12, 204, "256 in all"), Error::LongName, &LONG_NAME)?;
        // The same by pointers: 12 octets, and 256 of name.
        let short = message(0, 0, &[&[62], &last[..], &[0], &three, &[0xc0, 12]].concat());
        refuses_name(c, &short, (76, 268, "256 in all"), Error::LongName, &LONG_NAME)?;
        let octets = answer(&[&three[..], &[62], &last, &[0]].concat(), b"\x0a\0\0\x01");
        refuses(c, &octets, (ANSWER, "256 in all"), Error::LongName, &LONG_NAME)
    })
}

#[test]
fn so_many_pointers_are_enough() -> Outcome {
    check(|c| {
        let mut octets = message(0, 0, &[0]);
        for link in 0..2_000_u16 {
            let to = if link == 0 { 12 } else { 11 + 2 * link };
            octets.extend((0xc000 | to).to_be_bytes());
        }
        let start = |pointers| 11 + 2 * pointers;
        let most = start(MOST_POINTERS);
        name_is(c, &octets, most, &[], most + 2, None)?;
        for pointers in [2_000, MOST_POINTERS + 1] {
            let (at, note) = (start(pointers), format!("the first of {pointers} pointers"));
            refuses_name(c, &octets, (at, at, &note), Error::Pointer, &CHAIN)?;
        }
        Ok(())
    })
}

#[test]
fn counts_and_lengths_that_promise_too_much() -> Outcome {
    check(|c| {
        let whole = answer(b"\xc0\x0c", b"\x0a\0\0\x01");
        for (at, count) in [(7, 2), (6, 0xea), (5, 2), (9, 1), (11, 1), (4, 0xff)] {
            let mut lying = whole.clone();
            lying[at] = count;
            refuses(c, &lying, (at, "a count"), Error::CutOff, &COUNTS)?;
        }
        let mut long = whole.clone();
        long[ANSWER + 10] = 1;
        refuses(c, &long, (ANSWER + 10, "260 octets of data"), Error::CutOff, &COUNTS)
    })
}

#[test]
fn any_beginning_of_a_message_is_none() -> Outcome {
    check(|c| {
        let whole = answer(b"\x03www\xc0\x0c", b"\x0a\0\0\x01");
        for end in (0..whole.len()).rev() {
            let note = format!("cut off after {end} octets");
            refuses(c, &whole[..end], (end.saturating_sub(1), &note), Error::CutOff, &COUNTS)?;
        }
        let label = message(0, 0, b"\x3fabc");
        refuses_name(c, &label, (12, 12, "63 octets, of 3"), Error::CutOff, &COUNTS)?;
        refuses_name(c, &label, (16, 15, "the end"), Error::CutOff, &COUNTS)?;
        refuses_name(c, &label, (99, 15, "the end"), Error::CutOff, &COUNTS)
    })
}

#[test]
fn nothing_follows_the_last_record() -> Outcome {
    check(|c| {
        for rest in [&b"x"[..], b"\0", b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\x0a\0\0\x02"] {
            let whole = answer(b"\xc0\x0c", b"\x0a\0\0\x01");
            let more = [&whole[..], rest].concat();
            let case = (whole.len(), "behind the last record");
            refuses(c, &more, case, Error::Trailing, &TRAILING)?;
        }
        Ok(())
    })
}

#[test]
fn whatever_comes_is_answered() -> Outcome {
    check(|c| {
        let mut random = c.random();
        for _ in 0..1_000 {
            let mut octets = answer(b"\xc0\x0c", b"\x0a\0\0\x01");
            for _ in 0..=random.below(4) {
                let at = random.below(octets.len());
                octets[at] = random.bytes(1)[0] | if random.below(3) == 0 { 0xc0 } else { 0 };
            }
            c.attempt(format!("gave `parse_message` changed octets{}", dump(&octets, 0, "")));
            c.want("an answer, whatever it is");
            let _ = parse_message(&octets);
            let _ = parse_name(&octets, random.below(octets.len() + 2));
        }
        Ok(())
    })
}
