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

// answer: use std::marker::PhantomData;
use std::collections::{BTreeSet, HashMap};
// end answer

/// The deadlines of one loop: at most one for each token.
///
/// A token names a connection while it lives. When it is closed, the next connection may get the
/// same token, as with a `slab` or a file descriptor.
///
/// `T` is a moment: a [`Duration`](std::time::Duration) since the loop began, or an
/// [`Instant`](std::time::Instant).
#[derive(Debug)]
pub struct Timers<T> {
    // answer: deadlines: PhantomData<T>, // Yours to replace.
    /// Every deadline, the soonest first.
    queue: BTreeSet<(T, usize)>,
    /// The deadline of each token: without it, nobody could find a token in `queue`.
    deadlines: HashMap<usize, T>,
    // end answer
}

impl<T: Ord + Clone> Timers<T> {
    /// No deadline yet.
    #[expect(clippy::new_without_default, reason = "one way to make it is enough here")]
    pub fn new() -> Self {
        // answer: Self { deadlines: PhantomData }
        Self { queue: BTreeSet::new(), deadlines: HashMap::new() }
        // end answer
    }

    /// Gives `token` the deadline `at`. If it had one, sooner or later than this, that is gone.
    ///
    /// A busy connection's deadline moves with every message, so this must stay cheap however many
    /// connections there are, and must not leave anything behind.
    pub fn set(&mut self, token: usize, at: T) {
        // answer: let _ = (token, at); // Yours to use; then this line can go.
        // answer: todo!("remember this deadline in place of the token's last one")
        self.cancel(token);
        self.queue.insert((at.clone(), token));
        self.deadlines.insert(token, at);
        // end answer
    }

    /// Takes the deadline of `token` away, if it has one: its connection is closed.
    pub fn cancel(&mut self, token: usize) {
        // answer: let _ = token; // Yours to use; then this line can go.
        // answer: todo!("forget the deadline of this token")
        if let Some(at) = self.deadlines.remove(&token) {
            self.queue.remove(&(at, token));
        }
        // end answer
    }

    /// The soonest deadline, for the timeout of `poll`; `None`: there is none to wait for.
    ///
    /// (It takes `&mut self` for those who clear something away here.)
    pub fn next_deadline(&mut self) -> Option<T> {
        // answer: todo!("return the soonest deadline")
        self.queue.first().map(|(at, _)| at.clone())
        // end answer
    }

    /// Takes out one deadline that has come, and returns its token; `None` if each of them lies
    /// after `now`. A deadline at `now` has come. The soonest goes first; of equal ones, any.
    pub fn expired(&mut self, now: &T) -> Option<usize> {
        // answer: let _ = now; // Yours to use; then this line can go.
        // answer: todo!("take out the soonest deadline, if it has come")
        // `poll` returns for other reasons too: only the clock says whether it is time.
        self.queue.first().filter(|(at, _)| at <= now)?;
        let (_, token) = self.queue.pop_first()?;
        self.deadlines.remove(&token);
        Some(token)
        // end answer
    }
}
