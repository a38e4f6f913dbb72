//! Records, dissects, draws and saves what crossed the wire.
//!
//! Everything that this course shows of a network, it shows from a [`Record`]: the terminal
//! transcript of a demo, the ladder and byte figures of the book, the wire in a failing test, the
//! capture that opens in Wireshark. Nothing is drawn by hand.

pub mod bytes;
mod clock;
pub mod dissect;
pub mod figure;
pub mod ladder;
mod markup;
#[cfg(test)]
mod random;
mod record;
mod recorder;
mod rows;
mod tap;
mod text;
pub mod transcript;
mod words;

pub use clock::{Clock, ManualClock, SystemClock};
pub use record::{Arrival, Direction, End, Event, Flow, FlowId, Record, Transport, What};
pub use recorder::{DEFAULT_LIMIT_BYTES, DEFAULT_LIMIT_EVENTS, Recorder};
pub use tap::{DEFAULT_LIMIT_PEERS, Stream, Tap, UdpTap};
pub use text::{TextError, TextProblem};
