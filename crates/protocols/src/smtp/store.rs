//! Where messages go, as a session sees it.
//!
//! A 250 after the final dot says: the message is ours now, whatever happens (RFC 5321 §6.1). To
//! make that true takes a disk its time, and a session must not wait. So it hands the whole message
//! over with a [`Wake`], and gets a [`Receipt`]: empty at first, filled in by the store's thread before
//! it wakes the session.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::SystemTime;

use client_server::Wake;

/// Somewhere to put messages.
pub trait Store: Send + Sync + 'static {
    /// A message that has begun to arrive.
    type Draft: Draft;

    /// Begins a message.
    fn begin(&self) -> Self::Draft;

    /// The time of day, for header fields and names of files: a session itself reads no clock.
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}

/// A message on its way into a [`Store`]. Dropped, it leaves nothing behind.
pub trait Draft: Send {
    /// A name for it that no other message has: letters, digits, dots and hyphens.
    fn id(&self) -> &str;

    /// Adds a piece of its text. What fails here is told by [`commit`](Self::commit).
    fn append(&mut self, piece: &[u8]);

    /// Stores it. Once it is safe, or known not to be, the receipt says so, and then `wake` is used.
    /// If that is known at once the receipt has it at once.
    fn commit(self, wake: &Wake) -> Receipt;
}

/// What became of a message: nothing yet, or that it is stored, or why it is not.
#[derive(Debug, Clone, Default)]
pub struct Receipt(Arc<OnceLock<io::Result<()>>>);

impl Receipt {
    /// One that is known.
    pub fn known(outcome: io::Result<()>) -> Self {
        Self(Arc::new(outcome.into()))
    }

    /// Fills it in; the first time counts.
    pub fn fill(&self, outcome: io::Result<()>) {
        let _ = self.0.set(outcome);
    }

    /// What is known.
    pub fn outcome(&self) -> Option<&io::Result<()>> {
        self.0.get()
    }
}

/// Keeps the last messages in memory, as a trial and for measuring: whatever is older is forgotten.
#[derive(Debug, Default)]
pub struct Memory {
    kept: Arc<Kept>,
}

#[derive(Debug, Default)]
struct Messages {
    messages: VecDeque<Vec<u8>>,
    octets: usize,
}

#[derive(Debug, Default)]
struct Kept {
    messages: Mutex<Messages>,
    count: AtomicU64,
}

/// Octets that a draft begins with room for: most messages of text need no more.
const SHORT_MESSAGE: usize = 2_048;

impl Memory {
    /// Messages that are kept…
    pub const MOST: usize = 1_000;
    /// …and octets of all of them.
    pub const MOST_OCTETS: usize = 64 << 20;

    /// The messages that are kept, oldest first.
    pub fn messages(&self) -> Vec<Vec<u8>> {
        self.kept.lock().messages.iter().cloned().collect()
    }

    /// How many there have been.
    pub fn count(&self) -> u64 {
        self.kept.count.load(Ordering::Relaxed)
    }
}

impl Kept {
    fn lock(&self) -> MutexGuard<'_, Messages> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, message: Vec<u8>) {
        let mut kept = self.lock();
        kept.octets += message.len();
        kept.messages.push_back(message);
        while kept.messages.len() > Memory::MOST || kept.octets > Memory::MOST_OCTETS {
            kept.octets -= kept.messages.pop_front().map_or(0, |message| message.len());
        }
    }
}

impl Store for Memory {
    type Draft = MemoryDraft;

    fn begin(&self) -> MemoryDraft {
        let id = format!("m{}", self.kept.count.fetch_add(1, Ordering::Relaxed) + 1);
        MemoryDraft { id, text: Vec::with_capacity(SHORT_MESSAGE), kept: self.kept.clone() }
    }
}

/// A message on its way into a [`Memory`].
#[derive(Debug)]
pub struct MemoryDraft {
    id: String,
    text: Vec<u8>,
    kept: Arc<Kept>,
}

impl Draft for MemoryDraft {
    fn id(&self) -> &str {
        &self.id
    }

    fn append(&mut self, piece: &[u8]) {
        self.text.extend_from_slice(piece);
    }

    fn commit(self, _wake: &Wake) -> Receipt {
        self.kept.add(self.text);
        Receipt::known(Ok(()))
    }
}
