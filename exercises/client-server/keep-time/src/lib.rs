//! Deadlines of many connections: which comes next, and which have come.
//!
//! ```text
//!         ┌──► next_deadline() ──► poll(events, until then) ──► now ──┐
//!         │                                                           │
//!         └── set, cancel ◄── close or go on ◄── expired(now), until None
//! ```
//!
//! Nothing here reads a clock or sleeps. Whoever has the clock says what time it is, so the same
//! code runs under a clock that a test moves by hand.

use std::marker::PhantomData;

/// The deadlines of one loop: at most one for each token.
///
/// A token names a connection while it lives. When it is closed, the next connection may get the
/// same token, as with a `slab` or a file descriptor.
///
/// `T` is a moment: a [`Duration`](std::time::Duration) since the loop began, or an
/// [`Instant`](std::time::Instant).
#[derive(Debug)]
pub struct Timers<T> {
    deadlines: PhantomData<T>, // Yours to replace.
}

impl<T: Ord + Clone> Timers<T> {
    /// No deadline yet.
    #[expect(clippy::new_without_default, reason = "one way to make it is enough here")]
    pub fn new() -> Self {
        Self { deadlines: PhantomData }
    }

    /// Gives `token` the deadline `at`. If it had one, sooner or later than this, that is gone.
    ///
    /// A busy connection's deadline moves with every message, so this must stay cheap however many
    /// connections there are, and must not leave anything behind.
    pub fn set(&mut self, token: usize, at: T) {
        let _ = (token, at); // Yours to use; then this line can go.
        todo!("remember this deadline in place of the token's last one")
    }

    /// Takes the deadline of `token` away, if it has one: its connection is closed.
    pub fn cancel(&mut self, token: usize) {
        let _ = token; // Yours to use; then this line can go.
        todo!("forget the deadline of this token")
    }

    /// The soonest deadline, for the timeout of `poll`; `None`: there is none to wait for.
    ///
    /// (It takes `&mut self` for those who clear something away here.)
    pub fn next_deadline(&mut self) -> Option<T> {
        todo!("return the soonest deadline")
    }

    /// Takes out one deadline that has come, and returns its token; `None` if each of them lies
    /// after `now`. A deadline at `now` has come. The soonest goes first; of equal ones, any.
    pub fn expired(&mut self, now: &T) -> Option<usize> {
        let _ = now; // Yours to use; then this line can go.
        todo!("take out the soonest deadline, if it has come")
    }
}
