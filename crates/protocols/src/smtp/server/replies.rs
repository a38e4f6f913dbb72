//! What the server says, in one place: every reply ends with CR LF, and has an enhanced code where
//! RFC 2034 §4 wants one (all but the greeting, EHLO's and HELO's, and 354).

use std::io::Write as _;

use client_server::{Context, Next};

use super::{Ending, Smtp, State};
use crate::smtp::store::Store;

impl<S: Store> Smtp<S> {
    /// Queues a reply of one line: a code, with its enhanced one, and text.
    pub(super) fn say(&mut self, cx: &mut Context<'_>, code: &str, text: &str) {
        cx.output.extend(code.as_bytes());
        cx.output.extend(b" ");
        cx.output.extend(text.as_bytes());
        cx.output.extend(b"\r\n");
    }

    /// The same, and counts it: who errs too often is sent away.
    pub(super) fn refuse(&mut self, cx: &mut Context<'_>, code: &str, text: &str) -> Next {
        self.say(cx, code, text);
        self.errors += 1;
        if self.errors >= self.config.errors {
            self.say(cx, "421 4.7.0", "Too many errors");
            return Next::Close;
        }
        match (&self.state, self.ending) {
            (State::Commands, Ending::No) => Next::Continue,
            _ => self.end_if_due(cx),
        }
    }

    pub(super) fn greet(&mut self, cx: &mut Context<'_>) {
        let _ = write!(cx.output, "220 {} ESMTP On the Wire\r\n", self.config.name);
    }

    pub(super) fn say_stored(&mut self, cx: &mut Context<'_>, id: &str) {
        cx.output.extend(b"250 2.0.0 Stored as ");
        cx.output.extend(id.as_bytes());
        cx.output.extend(b"\r\n");
    }

    /// What is on offer (RFC 5321 §4.1.1.1), SIZE with its limit (RFC 1870 §4).
    pub(super) fn offer(&mut self, cx: &mut Context<'_>) {
        let _ = write!(
            cx.output,
            "250-{}\r\n250-PIPELINING\r\n250-SIZE {}\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n\
             250-HELP\r\n250 SMTPUTF8\r\n",
            self.config.name, self.config.size
        );
    }
}
