//! Numbers that a stranger cannot guess.
//!
//! A request's id must not be guessable, or whoever can send us a datagram can answer in the place of
//! the one that we asked (RFC 5452 tells that story of DNS). The standard library has no generator of
//! random numbers, but each `RandomState` has keys of SipHash that come from the system's; a program
//! that needs more than ids takes them from the crate `getrandom`.

use std::hash::{BuildHasher, Hasher, RandomState};

/// 64 bits that are hard to guess. Not for keys.
pub(crate) fn id() -> u64 {
    RandomState::new().build_hasher().finish()
}
