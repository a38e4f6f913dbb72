//! UDP (RFC 768).

use super::reader::{Reader, checksum, value};
use crate::ip::{Protocol, Pseudo};

const SOURCE: &str = "RFC 768";
const HEADER: usize = 8;

pub(super) fn read(reader: &mut Reader<'_>, pseudo: Option<Pseudo>) {
    let start = reader.at();
    let field = |reader: &Reader<'_>, at: usize| value(reader.octets(start + at..start + at + 2));
    let length = usize::try_from(field(reader, 4)).unwrap_or_default();
    let there = reader.left().len() >= HEADER;
    if there && length < HEADER {
        reader.wrong_at(start + 4, format!("a length of {length}, where {HEADER} is the least"));
    }
    let available = reader.left().len();
    if pseudo.is_some() && there && length > available {
        // IP is whole, so it is not what captured the packet that cut it.
        reader.wrong_at(start + 4, format!("a length of {length}, and IP brought {available}"));
    }
    let whole = length >= HEADER && reader.narrow(length);
    if there {
        let (from, to) = (field(reader, 0), field(reader, 2));
        let data = length.saturating_sub(HEADER);
        reader.say(format_args!("UDP {from} → {to}, {data} octets"));
    }
    let sum = pseudo
        .filter(|_| whole)
        .map(|pseudo| *pseudo.sum(Protocol::UDP, length).add(reader.octets(start..start + length)));
    reader.group("UDP header", |reader| {
        reader.number(2, "source port", SOURCE, "");
        reader.number(2, "destination port", SOURCE, "");
        reader.number(2, "length", SOURCE, "octets, the header's 8 too");
        reader.take(2, "checksum", SOURCE, |octets| match (octets, pseudo) {
            ([0, 0], Some(Pseudo::V6 { .. })) => {
                ("0x0000".into(), "missing, which IPv6 does not allow (RFC 8200 §8.1)".into())
            }
            ([0, 0], _) => ("0x0000".into(), "there is none".into()),
            _ => checksum(octets, sum),
        });
    });
    reader.payload("payload");
}
