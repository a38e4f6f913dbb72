//! Graded test of `ask-to-write`.

mod kernel;
mod mistakes;
mod real;
mod site;

use std::io::ErrorKind;

use harness::{Outcome, check};

use kernel::Fault;
use site::Site;

#[test]
fn a_message_goes_out_at_once() -> Outcome {
    check(|c| {
        let mut s = Site::new(c, 1_000)?;
        s.send(100)?;
        c.want("nothing waits: the socket has room");
        c.ensure(s.pending() == 0, None, || format!("{} bytes wait", s.pending()))?;
        s.run()?;
        s.arrives()
    })
}

#[test]
fn what_does_not_fit_waits_for_room() -> Outcome {
    check(|c| {
        let mut s = Site::new(c, 1_000)?;
        s.send(2_600)?;
        s.run()?;
        s.peer_reads(400);
        s.run()?;
        s.arrives()
    })
}

#[test]
fn then_the_next_goes_out_at_once_again() -> Outcome {
    check(|c| {
        let mut s = Site::new(c, 1_000)?;
        s.send(1_500)?;
        s.arrives()?;
        s.send(100)?;
        c.want("nothing waits: the socket has room again");
        c.ensure(s.pending() == 0, None, || format!("{} bytes wait", s.pending()))?;
        s.run()?;
        s.arrives()
    })
}

#[test]
fn the_socket_fills_a_second_time() -> Outcome {
    check(|c| {
        let mut s = Site::new(c, 1_000)?;
        for _ in 0..3 {
            s.send(1_500)?;
            s.arrives()?;
        }
        Ok(())
    })
}

#[test]
fn messages_stay_in_order() -> Outcome {
    check(|c| {
        let mut s = Site::new(c, 100)?;
        s.send_these(&[b'a'; 160])?;
        // There is room now, and the loop has not heard of it: it is busy with somebody else.
        s.peer_reads(50);
        s.send_these(&[b'b'; 30])?;
        s.send_these(b"cc")?;
        s.run()?;
        s.arrives()
    })
}

#[test]
fn the_peer_is_heard_meanwhile() -> Outcome {
    check(|c| {
        let mut s = Site::new(c, 1_000)?;
        s.send(1_500)?;
        s.peer_sends(10);
        s.run()?;
        s.has_heard(10)?;
        s.arrives()?;
        s.peer_sends(10);
        s.run()?;
        s.has_heard(20)
    })
}

#[test]
fn a_write_takes_less_than_there_is_room_for() -> Outcome {
    check(|c| {
        let mut s = Site::new(c, 1_000)?;
        s.socket.state().most = 300;
        c.did("made its `write` take at most 300 bytes a call");
        s.send(2_500)?;
        s.run()?;
        s.arrives()
    })
}

#[test]
fn a_signal_comes() -> Outcome {
    check(|c| {
        let mut s = Site::new(c, 1_000)?;
        s.fault(Fault::Error(ErrorKind::Interrupted));
        s.send(1_500)?;
        s.fault(Fault::Error(ErrorKind::Interrupted));
        s.arrives()
    })
}

#[test]
fn a_connection_that_fails() -> Outcome {
    check(|c| {
        for (fault, want) in [
            (Fault::Error(ErrorKind::BrokenPipe), ErrorKind::BrokenPipe),
            (Fault::Nothing, ErrorKind::WriteZero),
        ] {
            c.attempt("a connection that fails");
            let mut s = Site::new(c, 1_000)?;
            s.fault(fault);
            c.did("called `send` with 10 bytes");
            c.want(format!("an error of kind {want:?}"));
            let got = s.try_send(&[b'x'; 10]).map_err(|error| error.kind());
            c.ensure(got == Err(want), None, || format!("{got:?}"))?;
        }
        Ok(())
    })
}

#[test]
fn an_event_for_nothing() -> Outcome {
    check(|c| {
        let mut s = Site::new(c, 1_000)?;
        c.did("`poll` reported it writable, though nothing waits");
        c.want("`writable` does nothing: events may be false");
        s.writable(true)?;
        s.run()?;
        s.send(1_200)?;
        c.did("the peer has read nothing yet");
        s.writable(true)?;
        s.run()?;
        s.arrives()
    })
}

#[test]
fn it_registers_when_something_changes() -> Outcome {
    check(|c| {
        let mut s = Site::new(c, 1_000)?;
        c.in_one_step("sent 50 messages that fit, one after the other", || {
            (0..50).try_for_each(|_| {
                s.send(20)?;
                s.arrives()
            })
        })?;
        s.registered_sparingly()?;
        s.send(1_200)?;
        for _ in 0..10 {
            s.send(200)?;
            s.peer_reads(100);
            s.run()?;
        }
        s.arrives()?;
        s.registered_sparingly()
    })
}

#[test]
fn any_messages_to_any_reader() -> Outcome {
    check(|c| {
        let mut random = c.random();
        let mut s = Site::new(c, 1_000)?;
        s.socket.state().most = 1 + random.below(900);
        c.in_one_step(
            "sent messages of up to 700 bytes, while the peer read now and then",
            || {
                for _ in 0..1_000 {
                    match random.below(8) {
                        0..3 => s.send(random.below(700))?,
                        3..6 => s.peer_reads(random.below(1_200)),
                        6 => s.peer_sends(10),
                        _ => s.run()?,
                    }
                }
                s.run()?;
                s.arrives()
            },
        )?;
        s.registered_sparingly()
    })
}

#[test]
fn a_real_socket() -> Outcome {
    check(|c| {
        c.want("the bytes arrive in order, and then the loop sleeps");
        real::full_buffers(c)
    })
}
