//! A packet arrives: whose is it, and if nobody's, what is the answer?

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::{Sockets, Stack, emit};
use crate::Instant;
use crate::icmp::{Echo, Message, Quoted, TimeExceeded, Unreachable, errors};
use crate::ip::fragment::cut_ours;
use crate::ip::{self, Protocol, Pseudo, v4, v6};
use crate::tcp::connection::Connection;
use crate::tcp::segment::{Segment, reset_for};
use crate::tcp::{Flags, Header, Seq, State, header};
use crate::{Malformed, udp};

/// Answers that wait to be sent, at most; more are dropped, as a full queue would.
const MOST_ANSWERS: usize = 256;

/// What a router's word is worth at least: a path that takes less is not one that anybody has
/// (Linux has the same floor, `min_pmtu`), but a means to make us send tiny segments.
const LEAST_MTU_V4: u32 = 552;
/// Every link of IPv6 takes as much (RFC 8200 §5).
const LEAST_MTU_V6: u32 = 1_280;

impl Stack {
    /// Takes a packet. What is malformed, or not for us, is dropped in silence (RFC 1122 §3.2.1).
    pub fn packet(&mut self, now: Instant, packet: &[u8]) {
        // An error here is the sender's; it is not told, but where ICMP has a word for it.
        let _ = self.take(now, packet);
    }

    fn take(&mut self, now: Instant, packet: &[u8]) -> Result<(), Malformed> {
        // Not `ip::parse`: of the header, only what is looked at is copied.
        let (pseudo, protocol, message, is_fragment) =
            if packet.first().is_some_and(|o| o >> 4 == 4) {
                let (header, message) = v4::Header::parse(packet)?;
                let v4::Header { source, destination, .. } = header;
                let pseudo = Pseudo::V4 { source, destination };
                (pseudo, header.protocol, message, header.is_fragment())
            } else {
                let (header, payload) = v6::Header::parse(packet)?;
                let upper = v6::upper(header.next_header, payload)?;
                let v6::Header { source, destination, .. } = header;
                let pseudo = Pseudo::V6 { source, destination };
                (pseudo, upper.protocol, upper.payload, upper.fragment.is_some())
            };
        let (source, destination) = pseudo.addresses();
        if !self.addresses.contains(&destination) || ip::never_a_source(source) {
            return Ok(());
        }
        if is_fragment {
            if let Some(whole) = self.fragments.add(now, packet)? {
                // A whole packet is not a fragment, so this goes no deeper.
                self.take(now, &whole)?;
            }
            return Ok(());
        }
        match protocol {
            Protocol::TCP => {
                let (header, octets) = Header::parse(message, &pseudo)?;
                let sockets = Sockets {
                    local: SocketAddr::new(destination, header.destination),
                    remote: SocketAddr::new(source, header.source),
                };
                self.segment(now, sockets, &Segment::new(header, octets));
            }
            Protocol::ICMP if source.is_ipv4() => {
                self.icmp(source, destination, &Message::parse_v4(message)?);
            }
            Protocol::ICMPV6 if source.is_ipv6() => {
                self.icmp(source, destination, &Message::parse_v6(message, &pseudo)?);
            }
            Protocol::UDP => {
                // No application here has a UDP port.
                udp::Header::parse(message, &pseudo)?;
                self.refuse(now, packet, Unreachable::Port);
            }
            _ => self.refuse(now, packet, Unreachable::Protocol),
        }
        Ok(())
    }

    fn segment(&mut self, now: Instant, sockets: Sockets, segment: &Segment<'_>) {
        let found = self.find(&sockets);
        let Some(place) = found.filter(|place| !self.is_replaced(*place, segment)) else {
            self.arrives_at_port(now, sockets, segment);
            return;
        };
        let Some(occupant) = &mut self.places[place as usize].occupant else { return };
        let before = occupant.connection.state();
        occupant.connection.segment(now, segment);
        let opened = before == State::SynReceived && occupant.connection.state() != before;
        self.make_ready(place);
        if opened {
            self.opened(place);
        }
    }

    /// Whether the connection is over but for TIME-WAIT, and the segment begins the next one.
    fn is_replaced(&mut self, place: u32, segment: &Segment<'_>) -> bool {
        let Some(occupant) = &mut self.places[place as usize].occupant else { return true };
        let replaced = occupant.connection.may_be_replaced(segment)
            && self.listeners.contains_key(&segment.header.destination);
        if replaced {
            // The old one is forgotten; an application that still reads it may go on.
            occupant.connection.abort();
            self.make_ready(place);
        }
        replaced
    }

    /// No connection has these sockets: LISTEN or CLOSED (RFC 9293 §3.10.7.1 and §3.10.7.2).
    fn arrives_at_port(&mut self, now: Instant, sockets: Sockets, segment: &Segment<'_>) {
        let port = sockets.local.port();
        let listens = self.listeners.contains_key(&port);
        let begins =
            segment.has(Flags::SYN) && !segment.header.flags.intersects(Flags::ACK | Flags::RST);
        if !listens || segment.has(Flags::ACK) {
            if let Some(header) = reset_for(segment) {
                let mut packet = Vec::with_capacity(v6::HEADER + header::HEADER);
                emit(&sockets, &Segment::new(header, b""), &mut packet);
                self.answer(packet);
            }
        } else if begins {
            let setup = self.setup(now, sockets);
            let connection = Connection::accept(now, self.config.clone(), setup, segment);
            let handle = self.insert(connection, sockets, Some(port));
            self.make_ready(handle.place);
            let listener = self.listeners.get_mut(&port).expect("looked up above");
            if let Some(oldest) = listener.begin(handle)
                && let Some(occupant) = self.occupant_mut(oldest)
            {
                // No RST: to most that would be one to a forged address.
                let sockets = occupant.sockets;
                self.by_sockets.remove(&sockets);
                self.vacate(oldest.place);
            }
        }
    }

    /// A connection that came to a port has left SYN-RECEIVED.
    fn opened(&mut self, place: u32) {
        let generation = self.places[place as usize].generation;
        let Some(occupant) = &mut self.places[place as usize].occupant else { return };
        let handle = super::Handle { place, generation };
        let Some(port) = occupant.listener else { return };
        let Some(listener) = self.listeners.get_mut(&port) else { return };
        let over = occupant.connection.state() == State::Closed;
        if !over && !listener.opened(handle) {
            // The application does not keep up. The peer learns that, rather than wait.
            occupant.listener = None;
            occupant.connection.abort();
        }
    }

    fn icmp(&mut self, from: IpAddr, to: IpAddr, message: &Message<'_>) {
        match *message {
            // RFC 1122 §3.2.2.6, RFC 4443 §4.2: the data comes back whole.
            Message::EchoRequest(Echo { identifier, sequence, data }) => {
                let reply = Message::EchoReply(Echo { identifier, sequence, data });
                let mut packet = Vec::new();
                if errors::emit(&reply, to, from, &mut packet) {
                    self.answer_in_pieces(&packet);
                }
            }
            Message::TooBig { mtu, packet } => {
                self.about(packet, |connection, sequence, local| {
                    let (least, ip) = match local {
                        IpAddr::V4(_) => (LEAST_MTU_V4, v4::HEADER),
                        IpAddr::V6(_) => (LEAST_MTU_V6, v6::HEADER),
                    };
                    let headers = u32::try_from(ip + header::HEADER).expect("at most 60");
                    connection.path_mtu(mtu.max(least), headers, sequence);
                });
            }
            Message::Unreachable { packet, .. } | Message::TimeExceeded { packet, .. } => {
                self.about(packet, |connection, sequence, _| connection.unreachable(sequence));
            }
            _ => {}
        }
    }

    /// An answer that may be longer than the link takes: an echo is as long as who asks likes.
    fn answer_in_pieces(&mut self, packet: &[u8]) {
        self.identification = self.identification.wrapping_add(1);
        let (mtu, mut pieces) = (self.mtu, Vec::new());
        cut_ours(packet, mtu, self.identification, |piece| pieces.push(piece.to_vec()));
        for piece in pieces {
            self.answer(piece);
        }
    }

    /// An error is about one of our packets: tells its connection.
    fn about(&mut self, packet: &[u8], tell: impl FnOnce(&mut Connection, Seq, IpAddr)) {
        let Some(quoted) = Quoted::parse(packet) else { return };
        let sockets = Sockets {
            local: SocketAddr::new(quoted.source, quoted.source_port),
            remote: SocketAddr::new(quoted.destination, quoted.destination_port),
        };
        if quoted.protocol != Protocol::TCP {
            return;
        }
        let Some(place) = self.by_sockets.get(&sockets).copied() else { return };
        if let Some(occupant) = &mut self.places[place as usize].occupant {
            tell(&mut occupant.connection, Seq(quoted.sequence), quoted.source);
            self.make_ready(place);
        }
    }

    /// Nobody takes a packet: its sender is told.
    fn refuse(&mut self, now: Instant, packet: &[u8], reason: Unreachable) {
        let Ok((header, _)) = ip::parse(packet) else { return };
        let mut answer = Vec::new();
        let say = |packet| Message::Unreachable { reason, packet };
        if self.answer_limit.allows(now)
            && errors::answer(packet, header.destination(), say, &mut answer)
        {
            self.answer(answer);
        }
    }

    /// Gives up packets of which not all fragments came.
    pub(super) fn expire_fragments(&mut self, now: Instant) {
        if self.fragments.deadline().is_none_or(|deadline| deadline > now) {
            return;
        }
        for first in self.fragments.expire(now) {
            let Ok((header, _)) = ip::parse(&first) else { continue };
            let mut answer = Vec::new();
            let reason = TimeExceeded::Reassembly;
            let say = |packet| Message::TimeExceeded { reason, packet };
            if self.answer_limit.allows(now)
                && errors::answer(&first, header.destination(), say, &mut answer)
            {
                self.answer(answer);
            }
        }
    }

    fn answer(&mut self, packet: Vec<u8>) {
        let answers: &mut VecDeque<_> = &mut self.answers;
        if answers.len() < MOST_ANSWERS {
            answers.push_back(packet);
        }
    }
}

/// How many ICMP errors go out: RFC 4443 §2.4(f) and RFC 1812 §4.3.2.8 ask for a limit.
#[derive(Debug, Default)]
pub(super) struct AnswerLimit {
    since: Instant,
    sent: u16,
}

impl AnswerLimit {
    /// In each second.
    const MOST: u16 = 1_000;

    fn allows(&mut self, now: Instant) -> bool {
        if now.since(self.since) >= Duration::from_secs(1) {
            *self = Self { since: now, sent: 0 };
        }
        self.sent = self.sent.saturating_add(1);
        self.sent <= Self::MOST
    }
}
