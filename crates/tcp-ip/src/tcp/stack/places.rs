//! Where connections live, and how they are found: by their handle, or by their two sockets.
//!
//! A place is used again when its connection is gone; its generation then tells the new one's handle
//! from the old one's.

use super::{Handle, Sockets, Stack};
use crate::tcp::State;
use crate::tcp::connection::Connection;

/// Where a connection lives.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) generation: u32,
    pub(super) occupant: Option<Box<Occupant>>,
}

#[derive(Debug)]
pub(super) struct Occupant {
    pub(super) connection: Connection,
    pub(super) sockets: Sockets,
    /// The port at which it waits to be accepted.
    pub(super) listener: Option<u16>,
    /// Whether the application has a handle of it.
    pub(super) owned: bool,
    /// Whether it is among the ready ones.
    pub(super) queued: bool,
}

impl Stack {
    pub(super) fn insert(
        &mut self,
        connection: Connection,
        sockets: Sockets,
        port: Option<u16>,
    ) -> Handle {
        let place = self.free.pop().unwrap_or_else(|| {
            self.places.push(Place { generation: 0, occupant: None });
            u32::try_from(self.places.len() - 1).expect("fewer connections than 2^32")
        });
        let occupant =
            Occupant { connection, sockets, listener: port, owned: port.is_none(), queued: false };
        self.by_sockets.insert(sockets, place);
        let free = &mut self.places[place as usize];
        free.occupant = Some(Box::new(occupant));
        Handle { place, generation: free.generation }
    }

    pub(super) fn vacate(&mut self, place: u32) {
        let left = &mut self.places[place as usize];
        left.occupant = None;
        left.generation = left.generation.wrapping_add(1);
        self.free.push(place);
        self.timetable.set(place, None);
    }

    pub(super) fn make_ready(&mut self, place: u32) {
        if let Some(occupant) = &mut self.places[place as usize].occupant
            && !std::mem::replace(&mut occupant.queued, true)
        {
            self.ready.push_back(place);
        }
    }

    /// The place of the connection of two sockets.
    pub(super) fn find(&mut self, sockets: &Sockets) -> Option<u32> {
        let latest = self.places.get(self.latest as usize);
        let latest = latest.and_then(|place| place.occupant.as_deref());
        let open = |occupant: &&Occupant| occupant.connection.state() != State::Closed;
        if latest.filter(open).is_some_and(|occupant| occupant.sockets == *sockets) {
            return Some(self.latest);
        }
        let place = self.by_sockets.get(sockets).copied()?;
        self.latest = place;
        Some(place)
    }

    pub(super) fn occupant(&self, handle: Handle) -> Option<&Occupant> {
        let place = self.places.get(handle.place as usize)?;
        place.occupant.as_deref().filter(|_| place.generation == handle.generation)
    }

    pub(super) fn occupant_mut(&mut self, handle: Handle) -> Option<&mut Occupant> {
        let place = self.places.get_mut(handle.place as usize)?;
        place.occupant.as_deref_mut().filter(|_| place.generation == handle.generation)
    }
}
