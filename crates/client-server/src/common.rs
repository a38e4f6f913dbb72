//! What the connections of one loop share.

use crate::limits::Limits;
use crate::output::Output;
use crate::session::Time;
use crate::statistics::Statistics;

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
}

impl Common {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            scratch: vec![0; SCRATCH],
            spare: Vec::new(),
            limits,
            statistics: Statistics::default(),
            now: Time::ZERO,
        }
    }

    /// Takes back an output that is empty.
    pub(crate) fn keep(&mut self, output: Box<Output>) {
        if self.spare.len() < SPARE_OUTPUTS {
            self.spare.push(output);
        }
    }
}
