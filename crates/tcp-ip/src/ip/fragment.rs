//! Packets that were cut on their way, or by their sender, and are put together again
//! (RFC 791 §2.3 and §3.2, RFC 8200 §4.5).
//!
//! ```text
//!  whole      │ header │ 0 ─────────────────────────────────────── 4000 │
//!  fragments  │ header │ 0 ──── 1480 │                    offset 0,    more
//!             │ header │ 1480 ─ 2960 │                    offset 1480, more
//!             │ header │ 2960 ─ 4000 │                    offset 2960, the last
//! ```
//!
//! The pieces are told apart by addresses, protocol and identification, and come in any order, twice
//! or never. The receiver keeps what strangers send until the rest is there: so every part
//! of a [`Reassembler`] has a bound.

mod cut;
mod reassemble;

pub use cut::{cut, cut_ours};
pub use reassemble::{Limits, PIECE_OVERHEAD, Reassembler};
