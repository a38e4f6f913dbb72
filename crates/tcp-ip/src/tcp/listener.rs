//! LISTEN: a port at which connections may begin, and how many may wait there.
//!
//! A SYN costs its sender nothing, not even an address of its own, so what it costs us has a bound:
//! of connections that have only begun, `backlog` are kept, and for one more the oldest is given up.
//! A flood of forged SYNs so pushes out itself; a client in earnest sends its SYN again
//! (RFC 4987 §3 weighs this and other defences).

use std::collections::VecDeque;

use super::stack::Handle;

/// A port that is listened at.
#[derive(Debug)]
pub struct Listener {
    backlog: usize,
    /// SYN-RECEIVED, the oldest first.
    begun: VecDeque<Handle>,
    /// Open, and not accepted by the application yet.
    open: VecDeque<Handle>,
}

impl Listener {
    /// Keeps at most `backlog` connections that have begun, and as many that are open.
    pub fn new(backlog: usize) -> Self {
        Self { backlog: backlog.max(1), begun: VecDeque::new(), open: VecDeque::new() }
    }

    /// A connection has begun. Gives the one that must go for it, if there are too many.
    pub fn begin(&mut self, handle: Handle) -> Option<Handle> {
        let oldest = if self.begun.len() >= self.backlog { self.begun.pop_front() } else { None };
        self.begun.push_back(handle);
        oldest
    }

    /// A connection is open. False if there is no room for it: the application accepts none.
    #[must_use]
    pub fn opened(&mut self, handle: Handle) -> bool {
        self.begun.retain(|begun| *begun != handle);
        let room = self.open.len() < self.backlog;
        if room {
            self.open.push_back(handle);
        }
        room
    }

    /// A connection is gone.
    pub fn forget(&mut self, handle: Handle) {
        self.begun.retain(|begun| *begun != handle);
        self.open.retain(|open| *open != handle);
    }

    /// The connection that has been open for longest.
    pub fn accept(&mut self) -> Option<Handle> {
        self.open.pop_front()
    }

    /// All connections that nobody has accepted.
    pub fn waiting(&self) -> impl Iterator<Item = Handle> + '_ {
        self.begun.iter().chain(&self.open).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_too_many_pushes_out_the_oldest() {
        let mut listener = Listener::new(2);
        let [a, b, c] = [0, 1, 2].map(Handle::for_tests);
        assert_eq!((listener.begin(a), listener.begin(b)), (None, None));
        assert_eq!(listener.begin(c), Some(a));
        assert!(listener.opened(c) && listener.opened(b) && !listener.opened(a));
        assert_eq!(
            (listener.accept(), listener.accept(), listener.accept()),
            (Some(c), Some(b), None)
        );
    }
}
