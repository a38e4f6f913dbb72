//! What an answer costs: what it allocates, counted, and the processor time that it takes.
//!
//! A test file that wants to know declares the counting allocator:
//!
//! ```
//! #[global_allocator]
//! static ALLOCATOR: harness::cost::Counting = harness::cost::Counting;
//!
//! let (bytes, cost) = harness::cost::of(|| vec![0u8; 1000]);
//! assert_eq!(bytes.len(), 1000);
//! assert_eq!(cost.largest, 1000);
//! ```
//!
//! Without it every count is zero.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::{Duration, Instant};

use crate::effort::Effort;

/// What one thread allocated while something ran.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    /// Calls that allocated or grew.
    pub allocations: u64,
    /// Bytes asked for in all; a growth counts its new size.
    pub bytes: u64,
    /// The largest single request, in bytes.
    pub largest: u64,
}

thread_local! {
    // `const` and without a destructor: reading it allocates nothing, so the allocator may use it.
    static SPENT: Cell<Cost> = const { Cell::new(Cost { allocations: 0, bytes: 0, largest: 0 }) };
}

/// Runs `body` and counts what this thread allocates meanwhile.
pub fn of<T>(body: impl FnOnce() -> T) -> (T, Cost) {
    let before = SPENT.replace(Cost::default());
    let value = body();
    let spent = SPENT.replace(before);
    (value, spent)
}

/// The time that this thread has spent on a processor since the stopwatch was made; where the
/// system does not tell, the time that went by. A machine that is busy with something else does
/// not count. *Seen on Linux*: it may lag by a few milliseconds.
#[derive(Debug)]
pub struct Stopwatch {
    effort: Option<Effort>,
    before: u64,
    start: Instant,
}

impl Stopwatch {
    /// Begins now, for the thread that calls this.
    pub fn start() -> Self {
        let effort = Effort::of_this_thread();
        let before = effort.as_ref().and_then(Effort::spent).map_or(0, |spent| spent.cpu);
        Self { effort, before, start: Instant::now() }
    }

    /// How long it has been.
    pub fn elapsed(&self) -> Duration {
        match self.effort.as_ref().and_then(Effort::spent) {
            Some(spent) => Duration::from_nanos(spent.cpu.saturating_sub(self.before)),
            None => self.start.elapsed(),
        }
    }
}

/// The system's allocator, counted for each thread.
#[derive(Debug)]
pub struct Counting;

fn count(size: usize) {
    // A thread that is ending may allocate after its locals are gone; nobody counts those.
    let _ = SPENT.try_with(|spent| {
        let Cost { allocations, bytes, largest } = spent.get();
        let size = size as u64;
        spent.set(Cost {
            allocations: allocations + 1,
            bytes: bytes + size,
            largest: largest.max(size),
        });
    });
}

#[allow(unsafe_code)] // An allocator is unsafe by its trait; each call is handed on unchanged.
// SAFETY: every method hands its arguments to `System` and returns what it returns.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller's promise for `alloc` is the one that `System.alloc` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        // SAFETY: `pointer` came from `System`, through us; the rest is the caller's promise.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}
