//! The protocol of this chapter: what comes in goes out.

use std::time::Duration;

use crate::session::{Context, Next, Session, Time};

/// Echoes bytes until the peer's end. Closes a connection on which nothing has come for a while.
#[derive(Debug)]
pub struct Echo {
    idle: Duration,
    deadline: Time,
}

impl Echo {
    /// A session that closes after `idle` without a byte.
    pub fn new(idle: Duration) -> Self {
        Self { idle, deadline: Time::ZERO }
    }
}

// ANCHOR: echo
impl Session for Echo {
    fn opened(&mut self, cx: &mut Context<'_>) -> Next {
        self.deadline = cx.now + self.idle;
        Next::Continue
    }

    fn received(&mut self, bytes: &[u8], cx: &mut Context<'_>) -> Next {
        self.deadline = cx.now + self.idle;
        cx.output.extend(bytes);
        Next::Continue
    }

    fn deadline(&self) -> Option<Time> {
        Some(self.deadline)
    }
}
// ANCHOR_END: echo
