//! How what a session has queued gets into its connections.
//!
//! Compiled, the way of a message from its event to the end of its reply is one function: what leads
//! from [`readable`](Connection::readable) to `send(2)` is inlined. On a virtual machine (Linux 6.18) we
//! measured that the first return after `recv` or `send`, from a function that was called before it, takes
//! 0.7 µs: more than all else that this program does for a message. Functions that are called and return
//! in between take nothing of the kind. The processor predicts a return by the call that it has seen,
//! and against Spectre systems overwrite what it has kept of those at a context switch and on leaving a
//! virtual machine (the kernel's documentation, *RSB-related mitigations*): that would explain it.

use std::mem;

use super::{Connection, LINGER_BYTES, Phase};
use crate::common::Common;
use crate::output::{HIGH_WATER, LOW_WATER};
use crate::session::{Closed, Session};

/// Calls of [`Session::flushed`] at one turn, before the others get theirs.
const FLUSHES: usize = 16;

impl<S: Session> Connection<S> {
    /// Sends what is queued, on both connections, and draws the conclusions.
    pub(super) fn send(&mut self, common: &mut Common) {
        self.reply(common);
    }

    /// The same, where a message has arrived: as a part of the caller.
    #[inline(always)]
    pub(super) fn reply(&mut self, common: &mut Common) {
        for _ in 0..FLUSHES {
            self.send_own(common);
            if !self.send_beside(common) {
                return; // The session was not asked, and has queued nothing more.
            }
        }
        self.more = true;
    }

    #[inline(always)]
    fn send_own(&mut self, common: &mut Common) {
        for _ in 0..FLUSHES {
            let pending = self.send_queued(common);
            if self.is_dead() {
                return;
            }
            if pending > HIGH_WATER {
                self.paused = true;
                return;
            }
            if self.phase == Phase::Open && !self.session.takes() {
                self.paused = true;
            } else if pending <= LOW_WATER {
                // What became ready to be read while nobody read will not be reported again.
                self.more |= mem::take(&mut self.paused);
            }
            if pending <= LOW_WATER && mem::take(&mut self.above) && self.phase == Phase::Open {
                self.call(common, S::flushed);
                continue; // It may have queued more.
            }
            let idle = self.phase == Phase::Open && self.output.is_none() && !self.awaits_beside();
            if idle && self.ended && self.session.deadline().is_none() {
                self.phase = Phase::Closing; // Nothing can happen to it any more.
            }
            if self.phase == Phase::Closing && self.output.is_none() {
                self.finish(common);
            }
            return;
        }
        self.more = true;
    }

    /// Sends what is queued, as far as the socket takes it. Returns what is left.
    #[inline(always)]
    fn send_queued(&mut self, common: &mut Common) -> u64 {
        if self.is_dead() {
            return 0;
        }
        let Some(mut output) = self.output.take() else { return 0 };
        match self.stream.send(&mut output, &mut common.statistics.writes) {
            Ok(sent) => {
                common.statistics.bytes_out += sent;
                let pending = output.pending();
                if pending == 0 {
                    common.keep(output);
                } else {
                    let before = output.deadline;
                    output.deadline = common.limits.write_deadline(before, sent, common.now);
                    self.output = Some(output);
                }
                pending
            }
            Err(error) => {
                self.end(Closed::Lost(error.kind()));
                0
            }
        }
    }

    /// All is sent: FIN, and linger for the peer's, unless that has come already.
    fn finish(&mut self, common: &mut Common) {
        self.more |= mem::take(&mut self.paused);
        self.phase = if self.ended || self.stream.finish().is_err() {
            Phase::Dead(Closed::InOrder)
        } else {
            Phase::Lingering { until: common.now + common.limits.linger, left: LINGER_BYTES }
        };
    }
}
