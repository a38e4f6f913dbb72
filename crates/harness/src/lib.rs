//! The vocabulary of graded tests: sentences about bytes.
//!
//! A graded test runs somebody's answer against a peer that does what real peers do (cuts its
//! bytes anywhere, stalls, half-closes, resets) and, when the answer is wrong, says what was done, what was
//! wanted, what the wire showed instead, and which mistake that is:
//!
//! ```text
//! did   1. made a writer that takes 1 byte a call
//!       2. called `write_everything` with 5 bytes
//! want  all 5 bytes reach the writer, in order
//! got   1 of 5 bytes, the same up to there
//!       want  68 65 6c 6c 6f  |hello|
//!       got   68              |h|
//!                ^^ here it ends
//! why   ignored-count: `write` said that it took 1 byte; the others were never offered again
//! spec  write(2), RETURN VALUE
//! next  cargo course hint write-everything · cargo course explain ignored-count · …
//! ```
//!
//! | file | what is in it |
//! |---|---|
//! | [`check`] | runs one check: watchdog, panics, verdict |
//! | [`Report`], [`Mistake`] | the failure, in its fixed grammar |
//! | [`Peer`], [`Listener`] | the scripted peer over TCP |
//! | [`Host`], [`Conduct`] | a server of the harness, and what the answer did to it |
//! | [`DatagramPeer`] | the scripted peer over UDP |
//! | [`Running`] | the answer at work on a thread of its own, and signals that wake it |
//! | [`Pace`] | whether the answer waits for what is not there, or asks without a pause |
//! | [`Reader`], [`Writer`] | streams in memory that do what sockets may do |
//! | [`Random`] | seeded bytes |
//! | [`Hoard`] | a machine out of descriptors |
//! | [`data_segments_sent`] | how many packets a connection took, as the kernel counts |
//! | [`cost`] | what an answer allocates, and the processor time that it takes |
//! | [`verdict`] | what a check leaves on disk for `cargo course` |

mod check;
pub mod cost;
mod datagram;
mod effort;
mod faulty;
mod host;
mod listener;
mod lists;
mod meanwhile;
mod multicast;
mod pace;
mod panics;
mod peer;
mod random;
mod report;
mod running;
mod scarcity;
mod seen;
mod segments;
mod signals;
pub mod verdict;
mod watch;

pub use capture::Tap;
pub use check::{Check, Outcome};
pub use datagram::DatagramPeer;
pub use faulty::{Give, Reader, Take, Writer};
pub use host::{Clients, Conduct, Host};
pub use listener::Listener;
pub use lists::shown;
pub use meanwhile::Slow;
pub use pace::Pace;
pub use peer::{Ending, Peer};
pub use random::Random;
pub use report::{Mistake, Report};
pub use running::{Bytes, Running};
pub use scarcity::Hoard;
pub use segments::data_segments_sent;
pub use watch::{check, check_alone, check_within};

/// Every way to cut `bytes` in two pieces that are not empty: the front and the rest.
///
/// ```
/// let cuts: Vec<_> = harness::splits(b"abc").collect();
/// assert_eq!(cuts, [(&b"a"[..], &b"bc"[..]), (b"ab", b"c")]);
/// ```
pub fn splits(bytes: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    (1..bytes.len()).map(|at| bytes.split_at(at))
}
