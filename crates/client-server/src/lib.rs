//! Chapter 3: one protocol, every server, and the loop that the rest of the course runs on.
//!
//! A protocol is a [`Session`]: a state machine that is told what happened and says what to send.
//! What carries its bytes is a shell: an [`EventLoop`], or [`Blocking`] threads.
//!
//! ```
//! use client_server::{Address, Echo, EventLoop, Limits, Listener};
//! use std::time::Duration;
//!
//! let listener = Listener::bind(&"127.0.0.1:0".parse::<Address>()?)?;
//! let service = |_peer| Echo::new(Duration::from_secs(60));
//! let server = EventLoop::new(vec![listener], service, Limits::default())?;
//! let handle = server.handle();
//! let thread = std::thread::spawn(move || server.run());
//!
//! handle.stop(); // From a signal's handler, say: what is in flight is finished.
//! let statistics = thread.join().expect("the loop does not panic")?;
//! assert_eq!(statistics.accepted, 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod aside;
pub mod beside;
pub mod blocking;
mod common;
mod connection;
pub mod context;
pub mod echo;
pub mod event_loop;
pub mod executor;
mod handle;
pub mod limits;
pub mod line_echo;
pub mod listener;
pub mod load;
pub mod output;
pub mod plot;
pub mod recorded;
pub mod serve;
pub mod service;
pub mod session;
pub mod statistics;
mod stream;
pub mod timers;
mod wakes;

pub use beside::Beside;
pub use blocking::{Blocking, Model};
pub use context::{Around, Context, Wake};
pub use echo::Echo;
pub use event_loop::EventLoop;
pub use handle::Handle;
pub use limits::Limits;
pub use line_echo::LineEcho;
pub use listener::{Address, Listener};
pub use output::Output;
pub use recorded::Recorded;
pub use service::Service;
pub use session::{Closed, Next, Session, Time};
pub use statistics::Statistics;
