//! The executor under tasks, wakers and clients that are difficult.

use std::cell::{Cell, RefCell};
use std::io::{Read, Write};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use super::*;

#[test]
fn sleepers_wake_in_order_and_none_early() {
    let order = run(async {
        let order = Rc::new(RefCell::new(Vec::new()));
        for millis in [30, 10, 20] {
            let (order, begin) = (order.clone(), Instant::now());
            spawn(async move {
                sleep(Duration::from_millis(millis)).await;
                assert!(begin.elapsed() >= Duration::from_millis(millis));
                order.borrow_mut().push(millis);
            });
        }
        sleep(Duration::from_millis(40)).await;
        order.take()
    });
    assert_eq!(order.expect("an executor"), [10, 20, 30]);
}

#[test]
fn a_waker_of_another_thread_ends_the_sleep() {
    let asleep = Arc::new(Mutex::new(None::<Waker>));
    let told = Rc::new(Cell::new(false));
    let (shared, done) = (asleep.clone(), told.clone());
    run(std::future::poll_fn(move |cx| {
        if done.replace(true) {
            return Poll::Ready(());
        }
        let waker = cx.waker().clone();
        *shared.lock().expect("no panic") = Some(waker.clone());
        thread::spawn(move || waker.wake());
        Poll::Pending
    }))
    .expect("an executor");
    assert!(told.get());
    asleep.lock().expect("no panic").take().expect("a waker").wake(); // Late, and harmless.
}

#[test]
fn echo_serves_many_clients_and_drops_them_with_the_server() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address");
    let clients = thread::spawn(move || {
        let connect = |_| std::net::TcpStream::connect(address).expect("a listener");
        let mut streams: Vec<_> = (0..50).map(connect).collect();
        let message = vec![7; 100_000];
        for stream in &mut streams {
            let (mut out, bytes) = (stream.try_clone().expect("a handle"), message.clone());
            let writer = thread::spawn(move || out.write_all(&bytes).expect("an echo server"));
            let mut back = vec![0; message.len()];
            stream.read_exact(&mut back).expect("the echo");
            writer.join().expect("the writer");
            assert_eq!(back, message);
        }
        streams.pop(); // One leaves; the others stay until the server ends.
        streams
    });
    let served = run(async move {
        let listener = Listener::new(listener).expect("a listener for tasks");
        let ended = Rc::new(Cell::new(0));
        for _ in 0..50 {
            let (stream, _) = listener.accept().await.expect("a client");
            let ended = ended.clone();
            spawn(async move {
                echo(stream).await.expect("an orderly end");
                ended.set(ended.get() + 1);
            });
        }
        while ended.get() == 0 {
            sleep(Duration::from_millis(1)).await;
        }
        ended.get()
    });
    assert_eq!(served.expect("an executor"), 1);
    for mut stream in clients.join().expect("no panic") {
        assert_eq!(stream.read(&mut [0]).expect("end of stream"), 0);
    }
}

#[test]
fn a_sleep_that_is_given_up_leaves_nothing_behind() {
    let left = run(async {
        let mut given_up = Box::pin(sleep(Duration::from_secs(3_600)));
        let polled = std::future::poll_fn(|cx| {
            assert!(given_up.as_mut().poll(cx).is_pending());
            assert!(given_up.as_mut().poll(cx).is_pending()); // And once more: still one sleeper.
            Poll::Ready(current().reactor.sleepers())
        });
        let waiting = polled.await;
        drop(given_up);
        (waiting, current().reactor.sleepers())
    });
    assert_eq!(left.expect("an executor"), (1, 0));
}

#[test]
fn a_peer_that_never_pauses_leaves_others_their_turn() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address");
    let mut peer = std::net::TcpStream::connect(address).expect("a listener");
    // Ten times the budget, one byte a read, all there before the first of them.
    peer.write_all(&[7; 1_280]).expect("room for so little");
    peer.shutdown(std::net::Shutdown::Write).expect("a connection");
    let (all, seen) = run(async move {
        let listener = Listener::new(listener).expect("a listener for tasks");
        let (stream, _) = listener.accept().await.expect("the peer");
        let (count, seen) = (Rc::new(Cell::new(0)), Rc::new(RefCell::new(Vec::new())));
        let (counted, log) = (count.clone(), seen.clone());
        // At each of its turns it looks how far the reader is. It ends with the executor.
        spawn(std::future::poll_fn(move |cx| {
            log.borrow_mut().push(counted.get());
            cx.waker().wake_by_ref();
            Poll::Pending
        }));
        while stream.read(&mut [0]).await.expect("no error") == 1 {
            count.set(count.get() + 1);
        }
        (count.get(), seen.take())
    })
    .expect("an executor");
    assert_eq!(all, 1_280);
    let between = seen.iter().filter(|count| (1..1_280).contains(*count)).count();
    assert!(between >= 5, "the other task ran {between} times meanwhile: {seen:?}");
}

#[test]
fn tasks_that_never_had_their_turn_leave_nothing_behind() {
    let kept = Rc::new(RefCell::new(None));
    let place = kept.clone();
    let (waker, poll) = run(async move {
        spawn(std::future::pending());
        let task = std::future::poll_fn(move |cx| {
            *place.borrow_mut() = Some(cx.waker().clone());
            Poll::<()>::Pending
        });
        spawn(task);
        sleep(Duration::ZERO).await;
        let mut turns = 2;
        std::future::poll_fn(|cx| {
            turns -= 1;
            cx.waker().wake_by_ref();
            if turns == 0 { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        spawn(async {}); // It stands in the queue when the executor ends.
        let executor = current();
        (Arc::downgrade(&executor.reactor.waker()), Rc::downgrade(&executor))
    })
    .expect("an executor");
    assert!(poll.upgrade().is_none(), "the executor, with its poll instance");
    assert!(waker.upgrade().is_none(), "the descriptor that ends its sleep");
    kept.take().expect("a waker").wake(); // Of an executor that is gone.
}

#[test]
fn a_sleep_without_end_can_be_begun() {
    run(async {
        let mut long = sleep(Duration::MAX);
        std::future::poll_fn(|cx| Poll::Ready(Pin::new(&mut long).poll(cx))).await
    })
    .map(|polled| assert!(polled.is_pending()))
    .expect("an executor");
}
