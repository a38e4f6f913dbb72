//! Tasks, and the queue of those that can go on.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, ThreadId};

use slab::Slab;

/// A future that nobody waits for: what it finds out, it tells in other ways.
pub(super) type Task = Pin<Box<dyn Future<Output = ()>>>;

/// Operations on sockets that a task may do at one turn before the others get theirs. A peer that
/// sends as fast as it is read would otherwise keep its task going for ever.
const BUDGET: u32 = 128;

/// All tasks of an executor.
pub(super) struct Tasks {
    /// The task is `None` while it is being polled.
    tasks: RefCell<Slab<(Arc<TaskWaker>, Option<Task>)>>,
    ready: Arc<Ready>,
    /// What is left of the running task's turn.
    budget: Cell<u32>,
}

/// Tasks that can go on. Wakers may be called from any thread.
struct Ready {
    queue: Mutex<VecDeque<Arc<TaskWaker>>>,
    /// The executor's thread. It looks at the queue before it sleeps, and need not be woken.
    home: ThreadId,
    waker: Arc<mio::Waker>,
}

// ANCHOR: wake
/// Wakes one task.
struct TaskWaker {
    /// Its slot. Another task may live there by the time that this is called; it is then polled
    /// for nothing.
    slot: usize,
    /// Whether it stands in the queue already. Being woken twice is being woken.
    queued: AtomicBool,
    /// Weak, since the queue holds wakers: they would keep each other alive.
    ready: Weak<Ready>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        if self.queued.swap(true, Ordering::AcqRel) {
            return;
        }
        let Some(ready) = self.ready.upgrade() else { return }; // The executor is gone.
        ready.queue.lock().unwrap_or_else(PoisonError::into_inner).push_back(self);
        if thread::current().id() != ready.home {
            // It cannot fail while the executor lives, and later nobody minds.
            let _ = ready.waker.wake();
        }
    }
}
// ANCHOR_END: wake

impl Tasks {
    /// None yet. `waker` ends the executor's sleep.
    pub(super) fn new(waker: Arc<mio::Waker>) -> Self {
        let home = thread::current().id();
        Self {
            tasks: RefCell::default(),
            ready: Arc::new(Ready { queue: Mutex::default(), home, waker }),
            budget: Cell::new(0),
        }
    }

    pub(super) fn spawn(&self, task: Task) {
        let mut tasks = self.tasks.borrow_mut();
        let entry = tasks.vacant_entry();
        let (slot, queued, ready) =
            (entry.key(), AtomicBool::new(false), Arc::downgrade(&self.ready));
        let waker = Arc::new(TaskWaker { slot, queued, ready });
        entry.insert((waker.clone(), Some(task)));
        drop(tasks);
        waker.wake(); // It has not been polled yet, and only that tells it what to wait for.
    }

    // ANCHOR: run_ready
    /// Polls each task that can go on, once. Those that wake meanwhile have their turn after the
    /// sockets had theirs.
    pub(super) fn run_ready(&self) {
        let queue = self.ready.queue.lock();
        let ready = std::mem::take(&mut *queue.unwrap_or_else(PoisonError::into_inner));
        for woken in ready {
            // Before it is polled: what wakes it from now on is for its next turn. A swap and no
            // store: what a thread did before it found `true` here must be seen by this poll.
            woken.queued.swap(false, Ordering::AcqRel);
            // Taken out while it runs: it may spawn others.
            let slot = woken.slot;
            let task = self.tasks.borrow_mut().get_mut(slot).and_then(|(_, task)| task.take());
            let Some(mut task) = task else { continue };
            // The slot's present waker, which is another if the slot changed hands.
            let waker = Waker::from(self.tasks.borrow()[slot].0.clone());
            self.budget.set(BUDGET);
            match task.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Pending => self.tasks.borrow_mut()[slot].1 = Some(task),
                Poll::Ready(()) => drop(self.tasks.borrow_mut().remove(slot)),
            }
        }
    }
    // ANCHOR_END: run_ready

    /// Whether a task waits for its turn.
    pub(super) fn are_ready(&self) -> bool {
        !self.ready.queue.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Takes one operation from the running task's turn. Its turn over, the task is put at the end of the
    /// queue, and must return `Pending`.
    pub(super) fn spend(&self, cx: &Context<'_>) -> Poll<()> {
        match self.budget.get().checked_sub(1) {
            Some(left) => {
                self.budget.set(left);
                Poll::Ready(())
            }
            None => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }

    /// Drops all tasks, and those that are spawned by their end.
    pub(super) fn drop_all(&self) {
        loop {
            let tasks = std::mem::take(&mut *self.tasks.borrow_mut());
            if tasks.is_empty() {
                return;
            }
        }
    }
}
