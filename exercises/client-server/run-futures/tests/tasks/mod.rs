//! Tasks that count how often they are polled, and the executor at work on them.

use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind, Read, Write};
use std::pin::Pin;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use harness::{Check, Mistake, Outcome, Running};
use mio::net::{TcpListener, TcpStream};
use run_futures::{Executor, Watch};

use crate::mistakes::{INTERRUPTED, STALE};

/// How long the executor may take to end, or a task to say something. Nearly always it takes no time.
pub(crate) const PATIENCE: Duration = Duration::from_millis(1_200);
/// So many times `readable` may say that there is something, while there is nothing.
const FALSE_ALARMS: usize = 50;

/// How often a task was polled, or several tasks together.
#[derive(Clone, Default)]
pub(crate) struct Polls(Arc<(Mutex<usize>, Condvar)>);

impl Polls {
    pub(crate) fn count(&self) -> usize {
        *lock(&self.0.0)
    }

    /// `future`, counted here, at the end of each poll.
    pub(crate) fn of<F: Future>(&self, future: F) -> impl Future<Output = F::Output> + use<F> {
        let (polls, mut future) = (self.clone(), Box::pin(future));
        poll_fn(move |cx| {
            let polled = future.as_mut().poll(cx);
            *lock(&polls.0.0) += 1;
            polls.0.1.notify_all();
            polled
        })
    }

    /// Waits until it is that many. Ends early when the task is gone.
    pub(crate) fn reach(&self, c: &Check, count: usize) -> Outcome {
        c.want(match count {
            1 => "the task is polled, and has to wait".to_owned(),
            _ => format!("the task is polled {count} times, and has to wait again"),
        });
        let deadline = Instant::now() + PATIENCE;
        let mut polls = lock(&self.0.0);
        while *polls < count && Arc::strong_count(&self.0) > 1 && Instant::now() < deadline {
            let waited = self.0.1.wait_timeout(polls, Duration::from_millis(10));
            polls = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        c.ensure(*polls >= count, None, || format!("{} polls", *polls))
    }
}

/// Wakers that sleeping tasks have left.
#[derive(Clone, Default)]
pub(crate) struct Wakers(Arc<Mutex<Vec<Waker>>>);

impl Wakers {
    pub(crate) fn push(&self, waker: &Waker) {
        lock(&self.0).push(waker.clone());
    }

    /// Wakes each task, and keeps the wakers.
    pub(crate) fn wake(&self) {
        let wakers = lock(&self.0).clone();
        wakers.iter().for_each(Waker::wake_by_ref);
    }

    /// Wakes each task for good: a sleeper is then ready.
    pub(crate) fn end(&self) {
        let wakers = std::mem::take(&mut *lock(&self.0));
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Leaves its waker here in its first poll, and is ready when it is gone.
    pub(crate) fn sleeper(self) -> impl Future<Output = ()> + use<> {
        let mut first = true;
        poll_fn(move |cx| {
            if std::mem::take(&mut first) {
                self.push(cx.waker());
                return Poll::Pending;
            }
            if lock(&self.0).is_empty() { Poll::Ready(()) } else { Poll::Pending }
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Wakes its task while it is polled, and is ready the next time.
pub(crate) async fn yields() {
    let mut yielded = false;
    poll_fn(|cx| {
        if yielded {
            return Poll::Ready(());
        }
        yielded = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// A future that was polled once already, by the task that does this, and was not ready.
pub(crate) async fn polled_once<F: Future + Unpin>(mut future: F) -> F {
    poll_fn(|cx: &mut Context<'_>| {
        let _ = Pin::new(&mut future).poll(cx);
        Poll::Ready(())
    })
    .await;
    future
}

/// Reads once there is something to read. An error of kind `Other`: there never is, and `readable`
/// says that there is.
pub(crate) async fn read(stream: &mut TcpStream, watch: &Watch) -> io::Result<Vec<u8>> {
    let mut buffer = [0; 1_024];
    for _ in 0..FALSE_ALARMS {
        match stream.read(&mut buffer) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => watch.readable().await,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            read => return read.map(|count| buffer[..count].to_vec()),
        }
    }
    Err(io::Error::other(format!("`readable` was ready {FALSE_ALARMS} times, and no read was")))
}

/// The answer's executor, at work.
pub(crate) struct Work<'a> {
    c: &'a Check,
    pub(crate) running: Running<(), io::Error>,
}

impl<'a> Work<'a> {
    /// Makes an executor on a thread of its own, lets `spawn` give it tasks, and runs it.
    pub(crate) fn start(
        c: &'a Check,
        spawn: impl FnOnce(&Executor) -> io::Result<()> + Send + 'static,
    ) -> Self {
        let running = c.call("run", "on a thread of its own", move || {
            let executor = Executor::new()?;
            spawn(&executor)?;
            executor.run()
        });
        Self { c, running }
    }

    /// Runs one task, which `make` makes.
    pub(crate) fn of_one<F: Future<Output = ()> + 'static>(
        c: &'a Check,
        make: impl FnOnce(Executor) -> F + Send + 'static,
    ) -> Self {
        Self::start(c, move |executor| {
            executor.spawn(make(executor.clone()));
            Ok(())
        })
    }

    /// Runs one task that has `stream`, counted in `polls`.
    pub(crate) fn over<F: Future<Output = ()> + 'static>(
        c: &'a Check,
        stream: std::net::TcpStream,
        polls: &Polls,
        make: impl FnOnce(Executor, TcpStream, Watch) -> F + Send + 'static,
    ) -> Self {
        let polls = polls.clone();
        Self::start(c, move |executor| {
            stream.set_nonblocking(true)?;
            let mut stream = TcpStream::from_std(stream);
            let watch = executor.watch(&mut stream)?;
            executor.spawn(polls.of(make(executor.clone(), stream, watch)));
            Ok(())
        })
    }

    /// An executor that sleeps over one task.
    pub(crate) fn asleep(c: &'a Check, polls: &Polls) -> Outcome<(Self, Wakers)> {
        let wakers = Wakers::default();
        let task = polls.of(wakers.clone().sleeper());
        c.did("spawned a task that waits for a wake");
        let work = Self::of_one(c, move |_| task);
        polls.reach(c, 1)?;
        Ok((work, wakers))
    }

    /// Fails with `mistake` unless `run` returns before long.
    pub(crate) fn ends(&self, mistake: impl Into<Option<&'static Mistake>>) -> Outcome {
        let mistake = mistake.into();
        self.ends_else(|| mistake)
    }

    /// Fails unless `run` returns before long; `proof` then says what that proves.
    pub(crate) fn ends_else(&self, proof: impl FnOnce() -> Option<&'static Mistake>) -> Outcome {
        match self.running.returned(PATIENCE) {
            Some(Err(error)) if error.kind() == ErrorKind::Interrupted => {
                self.c.ok("your `run`", Err(error), &INTERRUPTED)
            }
            Some(result) => self.c.ok("your `run`", result, None),
            // Where the answer panicked, the report says so, and nothing else is proved.
            None if self.c.panicked() => Err(self.c.fail(None, "")),
            None => {
                let waited = PATIENCE.as_secs_f32();
                let got = format!("your `run` had not returned after {waited:.1} s");
                Err(self.c.fail(proof(), got))
            }
        }
    }
}

/// Accepts so many clients, and spawns an echo for each.
pub(crate) async fn accepts(
    executor: Executor,
    listener: TcpListener,
    watch: Watch,
    mut count: usize,
    polls: Polls,
) {
    while count > 0 {
        match listener.accept() {
            Ok((mut stream, _)) => {
                let Ok(watch) = executor.watch(&mut stream) else { return };
                executor.spawn(polls.of(async move {
                    while let Ok(bytes) = read(&mut stream, &watch).await {
                        if bytes.is_empty() || stream.write_all(&bytes).is_err() {
                            return;
                        }
                    }
                }));
                count -= 1;
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => watch.readable().await,
            Err(_) => return,
        }
    }
}

/// Fails unless a task says that it read just `want`.
pub(crate) fn receives(c: &Check, told: &Receiver<io::Result<Vec<u8>>>, want: &[u8]) -> Outcome {
    match told.recv_timeout(PATIENCE) {
        Ok(Err(error)) if error.kind() == ErrorKind::Other => {
            Err(c.fail(&STALE, error.to_string()))
        }
        Ok(read) => c.same_bytes(want, &c.ok("a read", read, None)?, None),
        Err(_) => Err(c.fail(None, "the task was not woken, or not polled")),
    }
}
