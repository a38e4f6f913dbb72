//! Records, dissects, draws and saves what crossed the wire.
//!
//! Everything that this course shows of a network, it shows from a [`Record`]: the terminal
//! transcript of a demo, the ladder and byte figures of the book, the wire in a failing test, the
//! capture that opens in Wireshark. Nothing is drawn by hand.

mod clock;
mod record;
mod tap;

pub use clock::{Clock, ManualClock, SystemClock};
pub use record::{
    DEFAULT_LIMIT_BYTES, DEFAULT_LIMIT_EVENTS, Direction, End, Event, Flow, FlowId, Record,
    Recorder, Transport, What,
};
pub use tap::Tap;
