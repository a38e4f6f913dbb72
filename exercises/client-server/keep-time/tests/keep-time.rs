//! Graded test of `keep-time`.

mod clock;
mod mistakes;

use harness::{Outcome, check};

use clock::{Loop, MANY, Moment};
use mistakes::{EARLY, MOVED, ONE_A_MESSAGE, SPINS, STALE};

#[test]
fn a_deadline_that_has_come() -> Outcome {
    check(|c| {
        let mut l = Loop::new(c);
        l.set(1, 10);
        l.next(Some(10), None)?;
        // Only one that comes a moment later proves that the moment itself was forgotten.
        l.expires(10, &[1], None).map_err(|report| match l.comes(11) {
            Some(1) => report.because(&SPINS),
            _ => report,
        })?;
        l.next(None, None)
    })
}

#[test]
fn a_deadline_that_was_missed() -> Outcome {
    check(|c| {
        let mut l = Loop::new(c);
        l.set(1, 10);
        l.expires(500, &[1], None)?;
        l.expires(501, &[], None)
    })
}

#[test]
fn poll_returns_before_the_deadline() -> Outcome {
    check(|c| {
        let mut l = Loop::new(c);
        l.set(1, 10);
        c.did("a message of another connection came: `poll` returned at 4 ms");
        l.expires(4, &[], &EARLY)?;
        l.expires(9, &[], &EARLY)?;
        l.next(Some(10), None)?;
        l.expires(10, &[1], None)
    })
}

#[test]
fn the_soonest_goes_first() -> Outcome {
    check(|c| {
        let mut l = Loop::new(c);
        for (token, at) in [(1, 30), (2, 10), (3, 20), (4, 40)] {
            l.set(token, at);
        }
        l.next(Some(10), None)?;
        l.expires(10, &[2], None)?;
        l.next(Some(20), None)?;
        l.expires(35, &[3, 1], None)?;
        l.next(Some(40), None)?;
        l.expires(40, &[4], None)
    })
}

#[test]
fn deadlines_at_the_same_moment() -> Outcome {
    check(|c| {
        let mut l = Loop::new(c);
        for token in [7, 8, 9] {
            l.set(token, 10);
        }
        l.expires_in_any_order(10, &[7, 8, 9])
    })
}

#[test]
fn a_deadline_that_moved_away() -> Outcome {
    check(|c| {
        let mut l = Loop::new(c);
        l.set(1, 10);
        c.did("a message came, so that it may now be silent until 20 ms");
        l.set(1, 20);
        l.expires(10, &[], &MOVED)?;
        l.next(Some(20), None)?;
        l.expires(20, &[1], None)?;
        l.expires(30, &[], &MOVED)
    })
}

#[test]
fn a_deadline_that_moved_nearer() -> Outcome {
    check(|c| {
        let mut l = Loop::new(c);
        l.set(1, 20);
        l.set(1, 5);
        l.next(Some(5), None)?;
        l.expires(5, &[1], None)?;
        l.expires(20, &[], &MOVED)
    })
}

#[test]
fn the_next_connection_has_the_same_token() -> Outcome {
    check(|c| {
        let mut l = Loop::new(c);
        l.set(1, 10);
        l.cancel(1);
        c.did("accepted another connection, which got the token 1");
        l.set(1, 60);
        l.expires(10, &[], &STALE)?;
        l.next(Some(60), &STALE)?;
        l.expires(60, &[1], None)
    })
}

#[test]
fn a_closed_connection_has_no_deadline() -> Outcome {
    check(|c| {
        let mut l = Loop::new(c);
        l.set(1, 10);
        l.cancel(1);
        l.cancel(2);
        l.expires(10, &[], &STALE)?;
        l.next(None, &STALE)
    })
}

#[test]
fn any_connections_at_any_time() -> Outcome {
    check(|c| {
        let mut random = c.random();
        let mut l = Loop::quietly(c);
        for _ in 0..3_000 {
            match random.below(8) {
                0..4 => l.set(random.below(20), l.now() + 1 + random.below(100)),
                4 => l.cancel(random.below(20)),
                5 => l.next_of_model()?,
                _ => l.pass(random.below(30))?,
            }
        }
        l.next_of_model()?;
        l.pass(1_000)
    })
}

#[test]
fn a_deadline_moves_with_every_message() -> Outcome {
    check(|c| {
        let mut l = Loop::quietly(c);
        c.did("set a deadline at 4000 ms for one connection, and later ones for 10 others");
        c.did("moved the later ones on, 1,000 times each, as messages came");
        l.set(10, 4_000);
        for round in 0..1_000 {
            for token in 0..10 {
                l.set(token, 5_000 + round);
            }
            l.next_of_model()?;
        }
        c.want("room for a few moments a connection: at most 200 in all");
        let kept = Moment::alive();
        c.ensure(kept <= 200, &ONE_A_MESSAGE, || format!("{kept} moments are kept"))?;
        c.did("closed them");
        (0..11).for_each(|token| l.cancel(token));
        l.next_of_model()
    })
}

#[test]
fn many_connections_cost_no_more() -> Outcome {
    check(|c| {
        let mut l = Loop::quietly(c);
        c.did(format!("set deadlines for {MANY} connections"));
        (0..MANY).for_each(|token| l.set(token, 1_000 + token));
        l.costs("moved a deadline on, as a message came", |timers, round| {
            timers.set(round * 7, Moment::new(9_000 + round));
        })?;
        l.costs("asked for the next deadline, and what has come", |timers, _| {
            timers.next_deadline();
            timers.expired(&Moment::new(0));
        })?;
        l.costs("closed a connection", |timers, round| timers.cancel(MANY - 1 - round))?;
        l.costs("took out a deadline that had come", |timers, _| {
            timers.expired(&Moment::new(20_000));
        })
    })
}
