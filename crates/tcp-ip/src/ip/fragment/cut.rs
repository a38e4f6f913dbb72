//! Cutting a packet into fragments.

use crate::ip::{self, Header, v4, v6};

/// The octets that every fragment but the last must have a multiple of: offsets count in these.
const UNIT: usize = 8;
/// The bit of an option's kind that says: copy it into all fragments (RFC 791 §3.1).
const COPIED: u8 = 0x80;

/// Cuts a packet into pieces of at most `mtu` octets and gives them to `send`, in order; a packet
/// that fits is sent as it is. False, and nothing is sent, if it must not be cut (don't fragment), or
/// the MTU has no room for eight octets of it, or it is not a packet: its sender may be told
/// [`TooBig`](crate::icmp::Message::TooBig).
///
/// Packets of IPv6 are cut by who sends them and by nobody else; so `identification` is for
/// these. Those of IPv4 have one already. Either must not repeat while a fragment may be
/// on its way.
pub fn cut(packet: &[u8], mtu: usize, identification: u32, mut send: impl FnMut(&[u8])) -> bool {
    if packet.len() <= mtu {
        send(packet);
        return true;
    }
    match ip::parse(packet) {
        Ok((Header::V4(header), payload)) => cut_v4(&header, payload, mtu, send),
        Ok((Header::V6(header), payload)) => cut_v6(&header, payload, mtu, identification, send),
        Err(_) => false,
    }
}

/// The same for a packet that we send ourselves: whatever it says of fragments, nobody but we has seen
/// it. In IPv4 it gets a number, which a whole packet needs not have (RFC 6864 §4.1).
pub fn cut_ours(packet: &[u8], mtu: usize, identification: u32, send: impl FnMut(&[u8])) -> bool {
    match ip::parse(packet) {
        Ok((Header::V4(header), payload)) if packet.len() > mtu => {
            let [_, _, high, low] = identification.to_be_bytes();
            let identification = u16::from_be_bytes([high, low]);
            let header = v4::Header { dont_fragment: false, identification, ..header };
            cut_v4(&header, payload, mtu, send)
        }
        _ => cut(packet, mtu, identification, send),
    }
}

fn cut_v4(header: &v4::Header, payload: &[u8], mtu: usize, mut send: impl FnMut(&[u8])) -> bool {
    if header.dont_fragment {
        return false;
    }
    let later = copied(&header.options);
    let room = mtu.saturating_sub(header.length()) / UNIT * UNIT;
    if room == 0 {
        return false;
    }
    let mut fragment = Vec::with_capacity(mtu);
    let pieces = payload.len().div_ceil(room);
    for (number, piece) in payload.chunks(room).enumerate() {
        let offset = usize::from(header.fragment_offset) + number * room;
        let header = v4::Header {
            fragment_offset: u16::try_from(offset).expect("the packet was parsed"),
            // A fragment that is cut again: its last piece is followed by the next fragment.
            more_fragments: header.more_fragments || number + 1 < pieces,
            options: if number == 0 { header.options } else { later },
            ..*header
        };
        fragment.clear();
        header.emit(piece, &mut fragment);
        send(&fragment);
    }
    true
}

/// The options that later fragments have too. They are fewer, so the pieces' size holds for all.
fn copied(options: &v4::Options) -> v4::Options {
    let mut kept = Vec::new();
    let mut left = options.octets();
    while let [kind, rest @ ..] = left {
        if *kind == 0 {
            break; // The end of the list: what follows is padding.
        }
        // They were found well-formed before: every kind but 0 and 1 has a length, and fits.
        let length = if *kind == 1 { 1 } else { usize::from(rest[0]) };
        let (option, behind) = left.split_at(length);
        if kind & COPIED != 0 {
            kept.extend_from_slice(option);
        }
        left = behind;
    }
    kept.resize(kept.len().next_multiple_of(4), 0);
    v4::Options::new(&kept).expect("some of what was well-formed")
}

fn cut_v6(
    header: &v6::Header,
    payload: &[u8],
    mtu: usize,
    identification: u32,
    mut send: impl FnMut(&[u8]),
) -> bool {
    // What we send has no extension headers that each fragment would have to repeat.
    let Ok(upper) = v6::upper(header.next_header, payload) else { return false };
    let headers = v6::HEADER + v6::extensions::FRAGMENT_HEADER;
    let room = mtu.saturating_sub(headers) / UNIT * UNIT;
    if room == 0 || upper.offset != 0 {
        return false;
    }
    let pieces = payload.len().div_ceil(room);
    let mut fragment = Vec::with_capacity(mtu);
    for (number, piece) in payload.chunks(room).enumerate() {
        let offset = u16::try_from(number * room).expect("the packet was parsed");
        let extension = v6::Fragment { identification, offset, more: number + 1 < pieces };
        let outer = v6::Header { next_header: v6::extensions::FRAGMENT, ..*header };
        fragment.clear();
        outer.emit_header(v6::extensions::FRAGMENT_HEADER + piece.len(), &mut fragment);
        extension.emit(header.next_header, &mut fragment);
        fragment.extend_from_slice(piece);
        send(&fragment);
    }
    true
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::ip::Protocol;

    #[test]
    fn options_are_copied_if_they_ask_for_it() {
        // Router alert (copied), a no-operation, record route (not copied).
        let options = v4::Options::new(&[0x94, 4, 0, 0, 1, 7, 7, 4, 0, 0, 0, 0]).unwrap();
        let header = v4::Header {
            dont_fragment: false,
            options,
            ..v4::Header::new(Ipv4Addr::LOCALHOST, Ipv4Addr::LOCALHOST, Protocol::UDP)
        };
        let mut packet = Vec::new();
        header.emit(&[7; 100], &mut packet);
        let mut found = Vec::new();
        assert!(cut(&packet, 32 + 48, 0, |fragment| {
            let (header, payload) = v4::Header::parse(fragment).unwrap();
            found.push((header.options.octets().len(), header.fragment_offset, payload.len()));
        }));
        assert_eq!(found, [(12, 0, 48), (4, 48, 48), (4, 96, 4)]);
        for (mtu, cuts) in [(32, false), (39, false), (40, true)] {
            assert_eq!(cut(&packet, mtu, 0, |fragment| assert!(fragment.len() <= mtu)), cuts);
        }
    }

    #[test]
    fn a_packet_that_fits_or_may_not_be_cut_is_left_alone() {
        let header = v4::Header::new(Ipv4Addr::LOCALHOST, Ipv4Addr::LOCALHOST, Protocol::UDP);
        let mut packet = Vec::new();
        header.emit(&[7; 100], &mut packet);
        let mut sent = Vec::new();
        assert!(cut(&packet, 120, 0, |fragment| sent.push(fragment.to_vec())));
        assert_eq!(sent, [packet.clone()]);
        assert!(!cut(&packet, 119, 0, |_| unreachable!("don't fragment")));
        let mut pieces = 0;
        assert!(cut_ours(&packet, 119, 0x1_0007, |fragment| {
            let (header, _) = v4::Header::parse(fragment).unwrap();
            assert!(header.identification == 7 && !header.dont_fragment && fragment.len() <= 119);
            pieces += 1;
        }));
        assert_eq!(pieces, 2);
        assert!(!cut(&[0; 120], 119, 0, |_| unreachable!("not a packet")));
    }
}
