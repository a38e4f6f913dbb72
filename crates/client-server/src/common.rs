//! What the connections of one loop share.

use std::sync::Arc;

use crate::limits::Limits;
use crate::output::Output;
use crate::session::Time;
use crate::statistics::Statistics;
use crate::wakes::Wakes;

/// Bytes that one `read` may bring.
const SCRATCH: usize = 64 * 1024;
/// Spent outputs that a loop keeps for its connections.
const SPARE_OUTPUTS: usize = 16;

/// What all connections of a loop share, and use in turn.
#[derive(Debug)]
pub(crate) struct Common {
    /// Reads go here. A connection that holds no bytes so costs no buffer.
    pub(crate) scratch: Vec<u8>,
    /// Empty outputs, with their buffers.
    #[expect(clippy::vec_box, reason = "they move as boxes, which keeps an idle connection small")]
    pub(crate) spare: Vec<Box<Output>>,
    pub(crate) limits: Limits,
    pub(crate) statistics: Statistics,
    pub(crate) now: Time,
    /// Who was woken from other threads. Always there where there is a loop.
    pub(crate) wakes: Option<Arc<Wakes>>,
}

impl Common {
    pub(crate) fn new(limits: Limits, wakes: Arc<Wakes>) -> Self {
        Self {
            scratch: vec![0; SCRATCH],
            spare: Vec::new(),
            limits,
            statistics: Statistics::default(),
            now: Time::ZERO,
            wakes: Some(wakes),
        }
    }

    /// Takes back an output that is empty.
    pub(crate) fn keep(&mut self, output: Box<Output>) {
        if self.spare.len() < SPARE_OUTPUTS {
            self.spare.push(output);
        }
    }
}
