//! Graded test of `receive-segments`.

mod mistakes;
mod wire;

use harness::{Outcome, check};

use wire::{Sent, Wire};

const ISN: u32 = 1_000;

#[test]
fn the_syn_takes_a_number() -> Outcome {
    check(|c| Wire::new(c, ISN, 8).syn())
}

#[test]
fn nothing_counts_before_the_syn() -> Outcome {
    check(|c| {
        let mut w = Wire::new(c, ISN, 8);
        w.asks()?;
        w.data(0, 3)?;
        w.fin(3, 3)?;
        w.syn()?;
        w.asks()
    })
}

#[test]
fn octets_in_order() -> Outcome {
    check(|c| {
        let mut w = Wire::new(c, ISN, 8);
        w.syn()?;
        w.data(0, 3)?;
        w.data(3, 5)?;
        w.read(5)?;
        w.data(5, 6)
    })
}

#[test]
fn numbers_that_wrap() -> Outcome {
    check(|c| {
        for isn in [u32::MAX, u32::MAX - 2, 0x7fff_fffe] {
            let mut w = Wire::new(c, isn, 8);
            w.syn()?;
            w.data(0, 3)?;
            w.data(5, 6)?;
            w.data(3, 5)?;
            w.read(6)?;
        }
        Ok(())
    })
}

#[test]
fn what_is_ahead_is_not_acknowledged() -> Outcome {
    check(|c| {
        let mut w = Wire::new(c, ISN, 8);
        w.syn()?;
        w.data(3, 6)?;
        w.data(7, 8)?;
        w.data(0, 3)?;
        w.data(6, 7)?;
        w.read(8)
    })
}

#[test]
fn what_comes_again_is_answered() -> Outcome {
    check(|c| {
        let mut w = Wire::new(c, ISN, 8);
        w.syn()?;
        w.syn()?;
        w.data(0, 3)?;
        w.data(0, 3)?;
        w.data(1, 5)?;
        w.data(2, 4)?;
        w.syn()?;
        // A keep-alive: the last number once more, and no octet.
        w.data(4, 4)
    })
}

#[test]
fn an_acknowledgement_is_not_acknowledged() -> Outcome {
    check(|c| {
        let mut w = Wire::new(c, ISN, 8);
        w.syn()?;
        w.data(0, 0)?;
        w.data(0, 8)?;
        w.data(8, 8)?;
        w.read(8)?;
        w.asks()?;
        w.data(8, 8)?;
        w.data(10, 10)
    })
}

#[test]
fn the_fin_takes_a_number() -> Outcome {
    check(|c| {
        let mut w = Wire::new(c, ISN, 8);
        w.syn()?;
        w.data(0, 3)?;
        w.fin(3, 3)?;
        w.fin(3, 3)?;
        w.data(4, 4)?;
        w.read(8)?;
        let mut w = Wire::new(c, ISN, 8);
        w.syn()?;
        w.fin(0, 3)?;
        w.data(4, 4)?;
        let mut w = Wire::new(c, ISN, 8);
        w.send(Sent { end: 3, syn: true, fin: true, ..Sent::default() })?;
        w.read(8)
    })
}

#[test]
fn a_fin_that_comes_too_early() -> Outcome {
    check(|c| {
        let mut w = Wire::new(c, ISN, 8);
        w.syn()?;
        w.fin(3, 6)?;
        w.data(0, 2)?;
        w.fin(3, 6)?;
        w.data(2, 3)?;
        w.read(8)
    })
}

#[test]
fn the_window_closes() -> Outcome {
    check(|c| {
        let mut w = Wire::new(c, ISN, 8);
        w.syn()?;
        w.data(0, 5)?;
        w.data(5, 8)?;
        w.data(8, 9)?;
        w.asks()
    })
}

#[test]
fn the_window_opens_by_steps_that_are_worth_it() -> Outcome {
    check(|c| {
        let mut w = Wire::new(c, ISN, 8);
        w.syn()?;
        w.data(0, 8)?;
        for _ in 0..4 {
            w.read(1)?;
            w.asks()?;
        }
        w.data(8, 10)?;
        // What waits ahead of a hole has its room before the edge.
        let mut w = Wire::new(c, ISN, 8);
        w.syn()?;
        w.data(0, 4)?;
        w.data(5, 8)?;
        w.read(4)?;
        w.asks()?;
        // Half of a large buffer is more than a segment.
        let mut w = Wire::new(c, ISN, 20_000);
        w.syn()?;
        w.data(0, 1_460)?;
        w.read(1_459)?;
        w.asks()?;
        w.read(1)?;
        w.asks()
    })
}

#[test]
fn a_fin_when_the_window_is_closed() -> Outcome {
    check(|c| {
        let mut w = Wire::new(c, ISN, 8);
        w.syn()?;
        w.fin(0, 8)?;
        w.data(9, 9)?;
        w.read(1)?;
        w.asks()?;
        w.read(8)?;
        w.asks()
    })
}

#[test]
fn a_window_of_more_than_16_bits() -> Outcome {
    check(|c| {
        for capacity in [0xffff, 0x1_0000, 100_000] {
            let mut w = Wire::new(c, ISN, capacity);
            w.syn()?;
            w.data(0, 100)?;
            w.data(100, 300)?;
            w.read(300)?;
            w.asks()?;
        }
        Ok(())
    })
}

#[test]
fn what_is_of_another_connection_is_answered() -> Outcome {
    check(|c| {
        let mut w = Wire::new(c, ISN, 8);
        w.syn()?;
        w.data(0, 3)?;
        let data = Sent { start: 5, end: 7, ..Sent::default() };
        // Taken as octets, these would be the next ones.
        let syn = Sent { start: 3, end: 5, syn: true, fin: false };
        w.send_stray(ISN + 0x4000_0000, data)?;
        w.send_stray(ISN.wrapping_sub(500), data)?;
        w.send_stray(ISN + 3, syn)?;
        w.send_stray(ISN + 3, Sent { fin: true, ..syn })?;
        w.send_stray(ISN + 5, Sent { syn: true, ..Sent::default() })?;
        w.data(3, 8)?;
        w.read(8)
    })
}

#[test]
fn any_segments_in_any_order() -> Outcome {
    check(|c| {
        let mut random = c.random();
        for capacity in [1, 9, 100] {
            let isn = u32::try_from(random.next_u64() >> 32).expect("32 bits are left");
            let mut w = Wire::quietly(c, isn, capacity);
            w.syn()?;
            let end = 20 * capacity;
            for _ in 0..250 {
                let around =
                    usize::try_from(w.next()).expect("it is a short stream") + capacity / 2;
                let start = around.saturating_sub(random.below(capacity + 1)).min(end);
                let stop = (start + random.below(capacity + 2)).min(end);
                let fin = stop == end;
                w.send(Sent { start: start as u64, end: stop as u64, syn: false, fin })?;
                if random.below(3) == 0 {
                    w.read(random.below(capacity + 1))?;
                    w.asks()?;
                }
            }
        }
        Ok(())
    })
}
