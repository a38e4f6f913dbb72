//! Graded test of `two-stacks-talk`.

mod link;
mod mistakes;

use std::time::Duration;

use harness::{Outcome, check};
use two_stacks_talk::{RTO, Segment, Stack};

use link::{Fate, Link};
use mistakes::RESTARTS;

/// Numbers to begin with that do not wrap.
const FIRSTS: [u32; 2] = [1_000_000, 2_000_000];

#[test]
fn a_few_octets_over_a_good_link() -> Outcome {
    check(|c| {
        let mut random = c.random();
        Link::new(c, [random.bytes(5), random.bytes(7)], FIRSTS).run()?;
        Ok(())
    })
}

#[test]
fn a_stream_of_many_segments() -> Outcome {
    check(|c| {
        let stream = c.random().bytes(300_000);
        let (packets, took) = Link::new(c, [stream, Vec::new()], FIRSTS).run()?;
        c.want("301 packets with data or a FIN, within 500 ms: nothing is lost, so nothing is sent again");
        c.ensure(packets[0] <= 301 && took <= Duration::from_millis(500), None, || {
            format!("{} packets, {} ms", packets[0], took.as_millis())
        })
    })
}

#[test]
fn a_lost_segment_is_sent_again() -> Outcome {
    check(|c| {
        let stream = c.random().bytes(20_000);
        let link = Link::new(c, [stream, Vec::new()], FIRSTS);
        let lost = |at| if at == 3 { Fate::Lost } else { Fate::Arrives };
        let link = link.faults("the fourth segment of a is lost", move |sent| {
            if sent.by == 0 { lost(sent.nth) } else { Fate::Arrives }
        });
        let (packets, _) = link.run()?;
        c.want("at most 26 packets with data or a FIN: one is lost, and sent again");
        c.ensure(packets[0] <= 26, None, || format!("{} packets", packets[0]))
    })
}

#[test]
fn what_comes_again_is_acknowledged_again() -> Outcome {
    check(|c| {
        let stream = c.random().bytes(3_000);
        let mut acks = 0;
        let what = "the first five packets of b that only acknowledge are lost";
        let link = Link::new(c, [stream, Vec::new()], FIRSTS).faults(what, |sent| {
            let only = sent.by == 1 && sent.octets == 0 && !sent.fin;
            acks += usize::from(only);
            if only && acks <= 5 { Fate::Lost } else { Fate::Arrives }
        });
        link.run().map(|_| ())
    })
}

#[test]
fn only_what_is_new_starts_the_timer_anew() -> Outcome {
    check(|c| {
        let mut random = c.random();
        let streams = [random.bytes(500), random.bytes(600_000)];
        let (mut of_a, mut of_b, mut until) = (0, 0, None);
        let what = "the first segment of a is lost, while b sends without a pause";
        let link = Link::new(c, streams, FIRSTS).faults(what, |sent| {
            let octets = usize::from(sent.octets > 0);
            (of_a, of_b) = if sent.by == 0 { (of_a + octets, of_b) } else { (of_a, of_b + octets) };
            if sent.by == 0 && octets == 1 && of_a == 2 {
                until = Some(of_b);
            }
            if sent.by == 0 && octets == 1 && of_a == 1 { Fate::Lost } else { Fate::Arrives }
        });
        link.run()?;
        c.want("a sends it again after 200 ms, when b has sent some 320 segments of its 600");
        c.ensure(until.is_some_and(|segments| segments < 450), &RESTARTS, || {
            format!("it went out again after {} segments of b", until.unwrap_or_default())
        })
    })
}

#[test]
fn an_acknowledgment_of_what_was_never_sent() -> Outcome {
    check(|c| {
        let [first, peer_first] = FIRSTS;
        let mut stack = Stack::new(first, peer_first);
        let octets = c.random().bytes(10);
        c.did("made a stack, wrote 10 octets, and called `send` until there was none");
        stack.write(&octets);
        while stack.send(Duration::ZERO).is_some() {}
        c.did("called `receive` with a packet that acknowledges 11 octets");
        let wrong =
            Segment { seq: peer_first, ackno: first + 11, window: 32_000, fin: false, data: &[] };
        stack.receive(RTO / 2, &wrong.to_packet());
        c.want("that packet is ignored: when 200 ms are over, the 10 octets go out again");
        let again = stack.deadline().and_then(|at| stack.send(at)).unwrap_or_default();
        let again = Segment::parse(&again).map_or(&[][..], |segment| segment.data);
        c.same_bytes(&octets, again, None)
    })
}

#[test]
fn the_end_is_sent_again() -> Outcome {
    check(|c| {
        let mut fins = 0;
        let stream = c.random().bytes(3_000);
        let what = "the first two packets with a FIN of a are lost";
        let link = Link::new(c, [stream, Vec::new()], FIRSTS).faults(what, |sent| {
            fins += usize::from(sent.by == 0 && sent.fin);
            if sent.by == 0 && sent.fin && fins <= 2 { Fate::Lost } else { Fate::Arrives }
        });
        link.run().map(|_| ())
    })
}

#[test]
fn packets_that_overtake_each_other() -> Outcome {
    check(|c| {
        let mut random = c.random();
        let streams = [random.bytes(40_000), random.bytes(40_000)];
        let what = "every third packet is late, and overtaken by those behind it";
        let link = Link::new(c, streams, FIRSTS)
            .faults(what, |sent| if sent.nth % 3 == 1 { Fate::Late } else { Fate::Arrives });
        link.run().map(|_| ())
    })
}

#[test]
fn packets_that_come_twice() -> Outcome {
    check(|c| {
        let mut random = c.random();
        let streams = [random.bytes(40_000), random.bytes(40_000)];
        let link = Link::new(c, streams, FIRSTS);
        link.faults("each packet comes twice", |_| Fate::Twice).run().map(|_| ())
    })
}

#[test]
fn damaged_packets_do_not_count() -> Outcome {
    check(|c| {
        let stream = c.random().bytes(20_000);
        let what = "one bit is wrong in every fourth segment of a";
        let link = Link::new(c, [stream, Vec::new()], FIRSTS).faults(what, |sent| {
            if sent.by == 0 && sent.nth % 4 == 2 && sent.octets > 0 {
                Fate::Damaged
            } else {
                Fate::Arrives
            }
        });
        link.run().map(|_| ())
    })
}

#[test]
fn a_reader_that_pauses() -> Outcome {
    check(|c| {
        let stream = c.random().bytes(90_000);
        let link = Link::new(c, [stream, Vec::new()], FIRSTS).pausing(Duration::from_secs(4));
        let (packets, took) = link.run()?;
        c.want("at most 120 packets with data or a FIN: who asks for room, asks seldom");
        c.ensure(packets[0] <= 120, None, || format!("{} packets", packets[0]))?;
        c.want(
            "done within 500 ms after the reader begins: it says that there is room, and a goes on",
        );
        let within = Duration::from_millis(4_500);
        c.ensure(took <= within, None, || format!("done at {} ms", took.as_millis()))
    })
}

#[test]
fn the_news_of_room_is_lost() -> Outcome {
    check(|c| {
        let stream = c.random().bytes(90_000);
        let mut closed = false;
        let what = "the first packet that opens the closed window is lost";
        let link = Link::new(c, [stream, Vec::new()], FIRSTS).pausing(Duration::from_secs(4));
        let link = link.faults(what, |sent| {
            let opens = sent.by == 1 && closed && sent.window > 0;
            if sent.by == 1 {
                closed = sent.window == 0;
            }
            if opens { Fate::Lost } else { Fate::Arrives }
        });
        link.run().map(|_| ())
    })
}

#[test]
fn numbers_that_wrap() -> Outcome {
    check(|c| {
        let mut random = c.random();
        let streams = [random.bytes(30_000), random.bytes(30_000)];
        let firsts = [u32::MAX - 9_999, u32::MAX - 14_321];
        c.did("the numbers of a wrap after 10,000 octets, those of b after 14,322");
        let link = Link::new(c, streams, firsts).faults("every ninth is lost", |sent| {
            if sent.nth % 9 == 4 { Fate::Lost } else { Fate::Arrives }
        });
        link.run().map(|_| ())
    })
}

#[test]
fn a_megabyte_over_a_bad_link() -> Outcome {
    check(|c| {
        let mut random = c.random();
        let streams = [random.bytes(1_000_000), random.bytes(50_000)];
        let firsts =
            [(); 2].map(|()| u32::try_from(random.next_u64() >> 32).expect("32 bits are left"));
        let what = "of 100 packets 4 are lost, 3 doubled, 5 late and 2 damaged";
        let link = Link::new(c, streams, firsts).faults(what, |_| match random.below(100) {
            0..4 => Fate::Lost,
            4..7 => Fate::Twice,
            7..12 => Fate::Late,
            12..14 => Fate::Damaged,
            _ => Fate::Arrives,
        });
        let (packets, took) = link.run()?;
        c.want(
            "at most 1300 packets with data or a FIN from a: only what is missing is sent again",
        );
        c.ensure(packets[0] <= 1_300, None, || format!("{} packets", packets[0]))?;
        c.want(
            "not more than a minute of the link's time: the wait is short again after each success",
        );
        c.ensure(took <= Duration::from_secs(60), None, || format!("{} s", took.as_secs()))
    })
}
