//! Graded test of `run-futures`.

mod mistakes;
mod tasks;

use std::cell::Cell;
use std::future::poll_fn;
use std::io::{self, ErrorKind, Read};
use std::mem;
use std::rc::Rc;
use std::sync::mpsc;
use std::task::Poll;
use std::time::Duration;

use harness::{Outcome, check};
use mio::net::TcpListener;

use mistakes::{AFTER_READY, BUSY, EVERY, FIRST, KEPT, LOST, MISSED, SLEEPS_ON, STARVES};
use tasks::{PATIENCE, Polls, Wakers, Work, accepts, polled_once, read, receives, yields};

#[test]
fn tasks_run_to_their_end() -> Outcome {
    check(|c| {
        let (done, ran) = mpsc::channel();
        c.did("spawned 3 tasks that are ready at once");
        let work = Work::start(c, move |executor| {
            for number in 1..=3 {
                let done = done.clone();
                executor.spawn(async move { done.send(number).unwrap_or(()) });
            }
            Ok(())
        });
        c.want("`run` returns when all of them are done");
        work.ends(None)?;
        let mut ran: Vec<i32> = ran.iter().collect();
        ran.sort_unstable();
        c.ensure(ran == [1, 2, 3], None, || format!("those that ran: {ran:?}"))
    })
}

#[test]
fn a_task_that_wakes_itself() -> Outcome {
    check(|c| {
        let polls = Polls::default();
        let task = polls.of(yields());
        c.did("spawned a task that wakes itself in its first poll, and is ready in its second");
        let work = Work::of_one(c, move |_| task);
        c.want("2 polls, and `run` returns");
        work.ends_else(|| (polls.count() == 1).then_some(&LOST))?;
        c.ensure(polls.count() == 2, None, || format!("{} polls", polls.count()))
    })
}

#[test]
fn a_task_that_spawns_others() -> Outcome {
    check(|c| {
        let (done, ran) = mpsc::channel();
        c.did("spawned a task that spawns 2 others, and is done");
        let work = Work::of_one(c, |executor| async move {
            for _ in 0..2 {
                let done = done.clone();
                executor.spawn(async move {
                    yields().await;
                    let _ = done.send(());
                });
            }
        });
        c.want("`run` returns when those are done, too");
        work.ends(None)?;
        let ran = ran.iter().count();
        c.ensure(ran == 2, None, || format!("{ran} of them ran"))
    })
}

#[test]
fn woken_by_another_thread() -> Outcome {
    check(|c| {
        let polls = Polls::default();
        let (work, wakers) = Work::asleep(c, &polls)?;
        c.did("another thread called its waker");
        wakers.end();
        c.want("the task is polled again, and `run` returns");
        work.ends_else(|| (polls.count() == 1).then_some(&SLEEPS_ON))
    })
}

#[test]
fn nothing_to_do() -> Outcome {
    check(|c| {
        let polls = Polls::default();
        let (work, wakers) = Work::asleep(c, &polls)?;
        c.want("no poll, and the thread sleeps, until it is woken");
        let asleep = work.running.stays_asleep(Duration::from_millis(30));
        let again = polls.count() - 1;
        c.ensure(again == 0, &BUSY, || format!("{again} polls more, and nobody had woken it"))?;
        c.ensure(asleep, &BUSY, || "no poll, but the thread does not stay asleep".to_owned())?;
        c.did("called its waker");
        wakers.end();
        work.ends_else(|| (polls.count() == 1).then_some(&SLEEPS_ON))
    })
}

#[test]
fn a_signal_while_there_is_nothing_to_do() -> Outcome {
    check(|c| {
        let polls = Polls::default();
        let (work, wakers) = Work::asleep(c, &polls)?;
        work.running.interrupt();
        c.want("`run` waits on, until the task is woken");
        c.did("called its waker");
        wakers.end();
        work.ends_else(|| (polls.count() == 1).then_some(&SLEEPS_ON))
    })
}

#[test]
fn one_of_many_is_woken() -> Outcome {
    check(|c| {
        const MANY: usize = 50;
        const YIELDS: usize = 20;
        let (sleepers, wakers) = (Polls::default(), Wakers::default());
        c.did(format!("spawned {MANY} tasks that wait, and one that wakes itself {YIELDS} times"));
        c.did("at its end, that one wakes the others, and they are done");
        let polls = sleepers.clone();
        let work = Work::start(c, move |executor| {
            for _ in 0..MANY {
                executor.spawn(polls.of(wakers.clone().sleeper()));
            }
            executor.spawn(async move {
                for _ in 0..YIELDS {
                    yields().await;
                }
                wakers.end();
            });
            Ok(())
        });
        work.ends(None)?;
        c.want(format!("the {MANY} are polled twice each, {} polls in all", 2 * MANY));
        let polls = sleepers.count();
        let every = (polls > MANY * YIELDS / 2).then_some(&EVERY);
        c.ensure(polls == 2 * MANY, every, || format!("{polls} polls"))
    })
}

#[test]
fn a_wake_that_comes_late() -> Outcome {
    check(|c| {
        let (polls, wakers) = (Polls::default(), Wakers::default());
        let (counted, kept) = (polls.clone(), wakers.clone());
        c.did("spawned a task that wakes itself, is done in its second poll, and leaves its waker behind");
        c.did("another task calls that waker afterwards, 5 times");
        let work = Work::start(c, move |executor| {
            let mut first = true;
            executor.spawn(counted.of(poll_fn(move |cx| {
                if !mem::take(&mut first) {
                    return Poll::Ready(());
                }
                kept.push(cx.waker());
                cx.waker().wake_by_ref();
                Poll::Pending
            })));
            executor.spawn(async move {
                for _ in 0..5 {
                    yields().await;
                    yields().await;
                    wakers.wake();
                }
                yields().await;
            });
            Ok(())
        });
        work.ends(None)?;
        c.want("2 polls: a task that is done is not polled again");
        let count = polls.count();
        c.ensure(count == 2, (count > 2).then_some(&AFTER_READY), || format!("{count} polls"))
    })
}

#[test]
fn what_is_done_is_dropped() -> Outcome {
    check(|c| {
        const MANY: usize = 100;
        let (tell, told) = mpsc::channel();
        c.did(format!(
            "spawned {MANY} tasks that are done at once, and one that looks, 10 yields later"
        ));
        let work = Work::start(c, move |executor| {
            let held = Rc::new(());
            for _ in 0..MANY {
                let held = held.clone();
                executor.spawn(poll_fn(move |_| {
                    let _ = &held;
                    Poll::Ready(())
                }));
            }
            executor.spawn(async move {
                for _ in 0..10 {
                    yields().await;
                }
                let _ = tell.send(Rc::strong_count(&held) - 1);
            });
            Ok(())
        });
        work.ends(None)?;
        c.want("those that are done are dropped, with what they held");
        let kept = told.try_recv().unwrap_or(0);
        c.ensure(kept == 0, &KEPT, || format!("{kept} of {MANY} are still there"))
    })
}

#[test]
fn a_task_that_reads() -> Outcome {
    check(|c| {
        let (stream, mut client) = c.pair("client")?;
        let polls = Polls::default();
        let (tell, told) = mpsc::channel();
        let work = Work::over(c, stream, &polls, |_, mut stream, watch| async move {
            let _ = tell.send(read(&mut stream, &watch).await);
        });
        polls.reach(c, 1)?;
        client.send(b"hello")?;
        c.want("the task is woken, reads 5 bytes, and `run` returns");
        work.ends(None)?;
        receives(c, &told, b"hello")?;
        c.want("at most 2 polls for it: one before the bytes came, and one after");
        c.ensure(polls.count() <= 2, None, || format!("{} polls", polls.count()))
    })
}

#[test]
fn bytes_between_the_read_and_the_wait() -> Outcome {
    check(|c| {
        let (stream, mut client) = c.pair("client")?;
        let (asks, asked) = mpsc::channel();
        let (tell, told) = mpsc::channel();
        let (sent, arrived) = mpsc::channel::<()>();
        let polls = Polls::default();
        let work = Work::over(c, stream, &polls, |_, mut stream, watch| async move {
            let _ = asks.send(stream.read(&mut [0; 10]));
            let _ = arrived.recv_timeout(PATIENCE);
            for _ in 0..3 {
                yields().await;
            }
            watch.readable().await;
            let _ = tell.send(read(&mut stream, &watch).await);
        });
        c.want("the task is polled, and its first read would block");
        let nothing = asked.recv_timeout(PATIENCE);
        let would_block = |error: &io::Error| error.kind() == ErrorKind::WouldBlock;
        let blocked = nothing.as_ref().is_ok_and(|read| read.as_ref().is_err_and(would_block));
        c.ensure(blocked, None, || format!("{nothing:?}"))?;
        c.did("a task read: nothing there yet");
        client.send(b"hello")?;
        c.did("the task woke itself 3 times, and then waits until its stream is readable");
        let _ = sent.send(());
        c.want("it is readable: the bytes are there, and were not read");
        work.ends(&MISSED)?;
        receives(c, &told, b"hello")
    })
}

#[test]
fn a_task_that_reads_again() -> Outcome {
    check(|c| {
        let (stream, mut client) = c.pair("client")?;
        let (tell, told) = mpsc::channel();
        let polls = Polls::default();
        let work = Work::over(c, stream, &polls, |_, mut stream, watch| async move {
            let mut end = false;
            while !end {
                let got = read(&mut stream, &watch).await;
                end = got.as_ref().map_or(true, Vec::is_empty);
                let _ = tell.send(got);
            }
        });
        for (number, message) in [&b"one"[..], b"two", b"three"].into_iter().enumerate() {
            polls.reach(c, number + 1)?;
            client.send(message)?;
            c.want("each message is read when it comes, and between them the task waits");
            receives(c, &told, message)?;
        }
        client.half_close()?;
        c.want("the end of the stream makes it readable, too");
        receives(c, &told, b"")?;
        work.ends(None)
    })
}

#[test]
fn a_future_that_moves_to_another_task() -> Outcome {
    check(|c| {
        let (stream, mut client) = c.pair("client")?;
        let (tell, told) = mpsc::channel();
        let polls = Polls::default();
        let second = polls.clone();
        let first = Polls::default();
        let work = Work::over(c, stream, &first, |executor, mut stream, watch| async move {
            let reading = Box::pin(async move {
                let _ = tell.send(read(&mut stream, &watch).await);
            });
            let reading = polled_once(reading).await;
            executor.spawn(second.of(reading));
        });
        polls.reach(c, 1)?;
        c.did(
            "a task polled a read, which waits, and gave it to another task, which polled it too",
        );
        client.send(b"hello")?;
        c.want("the task that polled it last is woken, and reads 5 bytes");
        work.ends_else(|| (polls.count() == 1).then_some(&FIRST))?;
        receives(c, &told, b"hello")
    })
}

#[test]
fn a_task_that_yields_and_one_that_reads() -> Outcome {
    check(|c| {
        /// Yields after the bytes have come, and before they are seen.
        const MOST: usize = 1_000;
        let (stream, mut client) = c.pair("client")?;
        let polls = Polls::default();
        let (sent, arrived) = mpsc::channel::<()>();
        let (tell, told) = mpsc::channel();
        let reader = polls.clone();
        let others = Polls::default();
        let work = Work::over(c, stream, &others, move |executor, mut stream, watch| {
            let done = Rc::new(Cell::new(false));
            let seen = done.clone();
            executor.spawn(reader.of(async move {
                done.set(read(&mut stream, &watch).await.is_ok());
            }));
            async move {
                while reader.count() == 0 {
                    yields().await; // In whatever order they are polled, the reader waits first.
                }
                let _ = arrived.recv_timeout(PATIENCE);
                let mut yielded = 0;
                while !seen.get() && yielded < MOST {
                    yields().await;
                    yielded += 1;
                }
                let _ = tell.send(yielded);
            }
        });
        polls.reach(c, 1)?;
        c.did("spawned a task that waits for bytes, and one that wakes itself again and again");
        client.send(b"hello")?;
        let _ = sent.send(());
        c.want("the bytes are read, while the other task goes on");
        work.ends(None)?;
        let yielded = told.try_recv().unwrap_or(MOST);
        c.ensure(yielded < MOST, &STARVES, || {
            format!("the other task was polled {MOST} times, and the bytes were still unread")
        })
    })
}

#[test]
fn an_echo_for_many() -> Outcome {
    check(|c| {
        const CLIENTS: usize = 10;
        const MESSAGES: usize = 10;
        let (listener, address) = c.listener()?;
        let polls = Polls::default();
        let counted = polls.clone();
        let work = Work::start(c, move |executor| {
            listener.set_nonblocking(true)?;
            let mut listener = TcpListener::from_std(listener);
            let watch = executor.watch(&mut listener)?;
            executor.spawn(accepts(executor.clone(), listener, watch, CLIENTS, counted));
            Ok(())
        });
        let mut clients = Vec::new();
        for number in 1..=CLIENTS {
            clients.push(c.connect(&format!("client {number}"), address)?);
        }
        c.want("each of them gets its bytes back");
        c.in_one_step(format!("each of {CLIENTS} clients sent {MESSAGES} messages"), || {
            (0..MESSAGES).try_for_each(|_| {
                clients.iter_mut().try_for_each(|client| {
                    client.send(b"hello")?;
                    client.expect(b"hello", None)
                })
            })
        })?;
        c.did("all of them closed");
        drop(clients);
        work.ends(None)?;
        // One at first, one for each message, one for the end, and one to spare.
        let budget = CLIENTS * (MESSAGES + 3);
        c.want(format!("a poll for each message, or at most {budget} in all"));
        c.ensure(polls.count() <= budget, None, || format!("{} polls", polls.count()))
    })
}
