//! A future that waits for a moment.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Instant;

use super::{Executor, current};

thread_local! {
    /// Tells apart those that wait for the same moment.
    static NEXT: Cell<u64> = const { Cell::new(0) };
}

/// A future that is ready at a moment.
pub struct Sleep {
    until: Instant,
    number: u64,
    /// Where it is waited for; `None` before the first poll.
    executor: Option<Rc<Executor>>,
}

impl Sleep {
    pub(super) fn until(until: Instant) -> Self {
        let number = NEXT.with(|next| next.replace(next.get() + 1));
        Self { until, number, executor: None }
    }
}

// ANCHOR: sleep
impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.until <= Instant::now() {
            return Poll::Ready(());
        }
        let moment = (self.until, self.number);
        // At each poll: the future may have moved to another task, whose waker is another.
        self.executor.get_or_insert_with(current).reactor.wake_at(moment, cx.waker());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        // Who gives up waiting leaves nothing behind.
        if let Some(executor) = &self.executor {
            executor.reactor.forget_moment((self.until, self.number));
        }
    }
}
// ANCHOR_END: sleep
