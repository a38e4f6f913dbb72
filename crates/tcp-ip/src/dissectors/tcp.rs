//! TCP and its options (RFC 9293 §3.1).

use capture::dissect::Field;

use super::reader::{Reader, bits, checksum, hex, value};
use crate::ip::{Protocol, Pseudo};
use crate::tcp::Flags;

const SOURCE: &str = "RFC 9293 §3.1";
const HEADER: usize = 20;

pub(super) fn read(reader: &mut Reader<'_>, pseudo: Option<Pseudo>) {
    let start = reader.at();
    let segment = reader.left();
    let words = segment.get(12).map(|octet| usize::from(octet >> 4));
    let header = words.map_or(HEADER, |words| words * 4);
    if header < HEADER {
        let reason = format!("a header of {header} octets, where {HEADER} are the least");
        reader.wrong_at(start + 12, reason);
    }
    if pseudo.is_some() && words.is_some() && header > segment.len() {
        // IP is whole, so it is not what captured the packet that cut it.
        let available = segment.len();
        let reason = format!("a header of {header} octets, and IP brought {available}");
        reader.wrong_at(start + 12, reason);
    }
    summarize(reader, segment, header);
    let sum = pseudo.map(|pseudo| *pseudo.sum(Protocol::TCP, segment.len()).add(segment));
    reader.group("TCP header", |reader| {
        reader.number(2, "source port", SOURCE, "");
        reader.number(2, "destination port", SOURCE, "");
        reader.number(4, "sequence number", "RFC 9293 §3.4", "of the first octet, or of the SYN");
        reader.number(4, "acknowledgment number", "RFC 9293 §3.4", "what is expected next");
        reader.field(2, "data offset, flags", SOURCE, offset_and_flags);
        reader.number(2, "window", SOURCE, "octets that may be sent, before scaling");
        reader.take(2, "checksum", SOURCE, |octets| checksum(octets, sum));
        reader.number(2, "urgent pointer", SOURCE, "");
        if header > HEADER {
            reader.group("options", |reader| options(reader, start + header));
        }
    });
    reader.payload("payload");
}

fn summarize(reader: &mut Reader<'_>, segment: &[u8], header: usize) {
    let Some(fixed) = segment.first_chunk::<HEADER>() else { return };
    let [from, to] = [&fixed[..2], &fixed[2..4]].map(value);
    let [sequence, acknowledgment] = [&fixed[4..8], &fixed[8..12]].map(value);
    let (flags, length) = (Flags(fixed[13]), segment.len().saturating_sub(header));
    reader.say(format_args!(
        "TCP {from} → {to}  {flags}  seq {sequence} ack {acknowledgment}, {length} octets"
    ));
}

fn offset_and_flags(octets: &[u8], range: std::ops::Range<usize>) -> Field {
    let words = octets[0] >> 4;
    let header = format!("words of 4 octets: {}", u16::from(words) * 4);
    let mut children = vec![
        bits(&range, 0..4, "data offset", words, &header),
        bits(&range, 4..8, "reserved", octets[0] & 15, ""),
    ];
    let meanings = [
        ("CWR", "sends less, as ECE asked"),
        ("ECE", "a router has marked congestion"),
        ("URG", "the urgent pointer counts"),
        ("ACK", "the acknowledgment number counts"),
        ("PSH", "to be delivered at once"),
        ("RST", "there is no such connection"),
        ("SYN", "opens; takes one sequence number"),
        ("FIN", "will send no more; takes one sequence number"),
    ];
    for (number, (name, meaning)) in meanings.into_iter().enumerate() {
        let set = octets[1] >> (7 - number) & 1;
        let meaning = if set == 1 { meaning } else { "" };
        children.push(bits(&range, 8 + number..9 + number, name, set, meaning));
    }
    let flags = format!("{}", Flags(octets[1]));
    Field::new(range, "", hex(octets)).meaning(flags).children(children)
}

/// Kind, name, the length that it must have, and where that is specified.
const KNOWN: [(u8, &str, &[usize], &str); 5] = [
    (2, "maximum segment size", &[4], "RFC 9293 §3.2"),
    (3, "window scale", &[3], "RFC 7323 §2.2"),
    (4, "SACK permitted", &[2], "RFC 2018 §2"),
    (5, "SACK", &[10, 18, 26, 34], "RFC 2018 §3"),
    (8, "timestamps", &[10], "RFC 7323 §3.2"),
];

fn options(reader: &mut Reader<'_>, end: usize) {
    let list = "RFC 9293 §3.2";
    while let Some(kind) = reader.peek().filter(|_| reader.at() < end) {
        let left = end - reader.at();
        if kind == 0 {
            let meaning = "the list ends; what follows is padding".to_owned();
            reader.take(left, "end", list, |octets| (hex(octets), meaning));
            return;
        }
        if kind == 1 {
            reader.take(1, "no-operation", list, |_| ("1".into(), "padding".into()));
            continue;
        }
        let length = reader.left().get(1).copied().map_or(0, usize::from);
        let known = KNOWN.iter().find(|(known, ..)| *known == kind);
        let possible = known.is_none_or(|(_, _, lengths, _)| lengths.contains(&length));
        if length < 2 || length > left || !possible {
            reader.wrong(format!("option {kind} with a length of {length}"));
            reader.take(left, "broken option", SOURCE, |octets| (hex(octets), String::new()));
            return;
        }
        let (name, source) =
            known.map_or(("option", SOURCE), |(_, name, _, source)| (name, source));
        reader.take(length, name, source, |octets| say(kind, &octets[2..]));
    }
}

/// The value of an option, and what it says.
fn say(kind: u8, octets: &[u8]) -> (String, String) {
    let number = value(octets);
    match kind {
        2 => (number.to_string(), "octets: the longest payload that I take".into()),
        3 => (number.to_string(), format!("my windows count {} octets", 1u64 << number.min(14))),
        4 => (String::new(), "tell me what is missing between".into()),
        5 => {
            let range = |range: &[u8]| format!("{}..{}", value(&range[..4]), value(&range[4..]));
            let ranges: Vec<_> = octets.chunks_exact(8).map(range).collect();
            (ranges.join(" "), "has arrived beyond the acknowledgment".into())
        }
        8 => {
            let (stamp, echo) = octets.split_at(4);
            (format!("{} {}", value(stamp), value(echo)), "my clock, and yours as I saw it".into())
        }
        _ => (hex(octets), format!("kind {kind}, to be skipped")),
    }
}
