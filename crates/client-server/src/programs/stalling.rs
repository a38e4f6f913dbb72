//! A server that stalls, and what a load sees of it.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Result, anyhow};
use client_server::load::{self, Outcome, Pace, Plan};
use client_server::{Address, Context, EventLoop, Limits, Listener, Next, Service, Session, Time};

/// How long the server does nothing, once.
const STALL: Duration = Duration::from_millis(300);

/// Puts a load of a second on a server that stalls once in it.
pub(crate) fn measure(pace: Pace) -> Result<Outcome> {
    let listener = Listener::bind(&Address::Tcp("127.0.0.1:0".parse()?))?;
    let address = listener.address()?;
    let service = Stalls(Arc::new(AtomicBool::new(true)));
    let server = EventLoop::new(vec![listener], service, Limits::default())?;
    let handle = server.handle();
    let serving = thread::spawn(|| server.run());
    let duration = Duration::from_secs(1);
    let plan = Plan { address, connections: 4, size: 64, duration, pace };
    let outcome = load::run(&plan, &Arc::default())?;
    handle.stop();
    serving.join().map_err(|_| anyhow!("the server panicked"))??;
    Ok(outcome)
}

/// An echo that blocks its whole loop, once: what no session may do.
struct Stalls(Arc<AtomicBool>);

impl Service for Stalls {
    type Session = Stalling;

    fn session(&self, _: Option<IpAddr>) -> Stalling {
        Stalling { stall: self.0.clone(), messages: 0 }
    }
}

struct Stalling {
    stall: Arc<AtomicBool>,
    messages: u32,
}

impl Session for Stalling {
    fn received(&mut self, bytes: &[u8], cx: &mut Context<'_>) -> Next {
        self.messages += 1;
        if self.messages == 100 && self.stall.swap(false, Ordering::Relaxed) {
            thread::sleep(STALL);
        }
        cx.output.extend(bytes);
        Next::Continue
    }

    fn deadline(&self) -> Option<Time> {
        None
    }
}
