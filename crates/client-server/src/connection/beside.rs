//! The same connection's other: what stands between a session and the one beside its own.

use std::io;
use std::mem;

use mio::event::Event;
use mio::{Registry, Token};

use super::{Connection, READS};
use crate::aside::Found;
use crate::beside::Beside;
use crate::common::Common;
use crate::session::Session;

impl<S: Session> Connection<S> {
    /// It can be read from, or written to, or both, or somebody has come, or it has failed.
    pub(crate) fn ready_beside(&mut self, common: &mut Common, event: &Event) {
        if event.is_writable() {
            self.send(common);
        }
        self.look_beside(common);
        if event.is_error()
            && let Some(event) = self.aside.as_mut().and_then(|aside| aside.failed())
        {
            self.tell_beside(common, event);
            self.send(common);
        }
    }

    /// Takes what there is, until nothing is or until the others must have their turn.
    pub(super) fn look_beside(&mut self, common: &mut Common) {
        for _ in 0..READS {
            let Some(aside) = &mut self.aside else { return };
            match aside.look(common) {
                Found::Nothing => {
                    if aside.is_gone() {
                        self.aside = None;
                    }
                    return;
                }
                Found::Again => continue,
                Found::Bytes(count) => {
                    common.statistics.bytes_in += count as u64;
                    let scratch = mem::take(&mut common.scratch);
                    let bytes = Beside::Received(&scratch[..count]);
                    self.call(common, |session, cx| session.beside(bytes, cx));
                    common.scratch = scratch;
                }
                Found::Event(event) => self.tell_beside(common, event),
            }
            self.send(common);
        }
        if let Some(aside) = &mut self.aside {
            aside.more = true;
        }
    }

    /// Sends what is queued there. Whether the session was asked anything.
    pub(super) fn send_beside(&mut self, common: &mut Common) -> bool {
        let Some(aside) = &mut self.aside else { return false };
        let event = aside.send(common);
        aside.takes(self.session.takes_beside());
        event.is_some_and(|event| {
            self.tell_beside(common, event);
            true
        })
    }

    /// Its time may have come.
    pub(super) fn expired_beside(&mut self, common: &mut Common) {
        let Some(aside) = &mut self.aside else { return };
        let event = aside.expired(common);
        if aside.is_gone() {
            self.aside = None;
        }
        if let Some(event) = event {
            self.tell_beside(common, event);
            self.send(common);
        }
    }

    fn tell_beside(&mut self, common: &mut Common, event: Beside<'_>) {
        let over = matches!(event, Beside::Closed(_));
        if over && self.aside.as_ref().is_some_and(|aside| !aside.is_lingering()) {
            self.aside = None;
        }
        self.call(common, |session, cx| session.beside(event, cx));
    }

    /// Whether something of it can still reach the session.
    pub(super) fn awaits_beside(&self) -> bool {
        self.aside.as_ref().is_some_and(|aside| aside.is_awaited())
    }

    /// Whether something is left to be done, on either, and no event will tell of it.
    pub(crate) fn is_unfinished(&self) -> bool {
        self.more || self.aside.as_ref().is_some_and(|aside| aside.more)
    }

    /// Asks for readiness of it, as far as that is not asked for already.
    pub(crate) fn register_beside(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        self.aside.as_mut().map_or(Ok(()), |aside| aside.register(registry, token))
    }
}
