//! Panics of an answer, kept for the report instead of printed.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{self, Location};
use std::sync::{Arc, Mutex, Once, PoisonError, Weak};
use std::thread;

use capture::bytes;

/// A panic that happened while a check ran.
#[derive(Debug, Clone)]
pub(crate) struct Panic {
    pub(crate) message: String,
    pub(crate) place: String,
    /// It happened in a thread that the answer started, while other checks ran as well.
    pub(crate) maybe_another_s: bool,
}

impl Panic {
    /// `todo!()` and `unimplemented!()` begin with these words (core's `panic` macros; seen today).
    pub(crate) fn is_todo(&self) -> bool {
        self.message.starts_with("not yet implemented")
            || self.message.starts_with("not implemented")
    }

    /// As the report says it.
    pub(crate) fn told(&self) -> String {
        let message: String = self.message.chars().take(300).collect();
        let message: Vec<String> = message.lines().map(bytes::plain).collect();
        let whose = if self.maybe_another_s { ", in this check or in one beside it," } else { "" };
        format!("your code panicked{whose} at {}: {}", self.place, message.join("\n"))
    }
}

/// The panics of one check.
pub(crate) type Panics = Arc<Mutex<Vec<Panic>>>;

thread_local! {
    /// The check that this thread works for. Threads that an answer starts work for none that we know.
    static MINE: RefCell<Option<Panics>> = const { RefCell::new(None) };
}

/// The checks that are running now: a panic in a thread of the answer is told to each.
static RUNNING: Mutex<Vec<Weak<Mutex<Vec<Panic>>>>> = Mutex::new(Vec::new());

/// Begins to collect the panics of a check.
pub(crate) fn collect() -> Panics {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let panic = Panic {
                message: words(info.payload()),
                place: info.location().map(place).unwrap_or_default(),
                maybe_another_s: false,
            };
            if !keep(panic) {
                before(info); // Not within a check: the runner's business.
            }
        }));
    });
    let panics = Panics::default();
    let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    running.retain(|weak| weak.strong_count() > 0);
    running.push(Arc::downgrade(&panics));
    panics
}

/// From here on this thread works for the check whose panics these are.
pub(crate) fn attribute(panics: &Panics) {
    MINE.with(|mine| *mine.borrow_mut() = Some(panics.clone()));
}

/// The words of a panic's payload.
pub(crate) fn words(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without words").to_owned()
}

fn place(location: &Location<'_>) -> String {
    // Paths are as rustc was given them: relative to the workspace for its members.
    format!("{}:{}", location.file(), location.line())
}

fn keep(panic: Panic) -> bool {
    let push = |panics: &Panics, panic: Panic| {
        panics.lock().unwrap_or_else(PoisonError::into_inner).push(panic);
    };
    if let Some(mine) = MINE.with(|mine| mine.borrow().clone()) {
        push(&mine, panic);
        return true;
    }
    // The runner's threads have names: `main`, or a test's. Their panics are its business as well.
    let ours = thread::current().name().is_none();
    let running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    let alive: Vec<Panics> = running.iter().filter_map(Weak::upgrade).collect();
    let panic = Panic { maybe_another_s: alive.len() > 1, ..panic };
    for panics in &alive {
        push(panics, panic.clone());
    }
    ours && !alive.is_empty()
}
