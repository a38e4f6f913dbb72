//! What both stacks must do to be compared.

use std::collections::VecDeque;

use ::tcp_ip::Instant;

/// Packets that wait for somebody; or their memory, to be used again.
pub(crate) type Packets = VecDeque<Vec<u8>>;

/// A stack with one connection, and its application's side.
pub(crate) trait Host: Sized {
    /// Two of them that know of each other: the first one connects, the second one listens.
    fn pair() -> [Self; 2];

    /// Takes what has arrived, and gives what should go out, [`BURST`](super::BURST) packets at most.
    fn run(&mut self, now: Instant, input: &mut Packets, output: &mut Packets, spare: &mut Packets);

    /// When it wants to run again, if nothing arrives.
    fn deadline(&mut self, now: Instant) -> Option<Instant>;

    /// Queues octets; how many there was room for.
    fn send(&mut self, octets: &[u8]) -> usize;

    /// Copies octets that have arrived; how many.
    fn receive(&mut self, buffer: &mut [u8]) -> usize;
}

/// An empty packet, with memory if there is some.
pub(crate) fn blank(spare: &mut Packets) -> Vec<u8> {
    let mut packet = spare.pop_back().unwrap_or_else(|| Vec::with_capacity(super::MTU));
    packet.clear();
    packet
}
