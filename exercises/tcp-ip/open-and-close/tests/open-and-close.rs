//! Graded test of `open-and-close`.

mod mistakes;
mod talk;

use harness::{Outcome, check};
use open_and_close::{Segment, State};

use talk::{IRS, ISS, Pair, Talk, ack, fin, from, octets, rst, syn, syn_ack};

/// The first number after the peer's SYN, and after ours.
const THEIRS: u32 = from_one(IRS);
const OURS: u32 = from_one(ISS);

const fn from_one(number: u32) -> u32 {
    number.wrapping_add(1)
}

#[test]
fn a_client_opens() -> Outcome {
    check(|c| {
        let mut talk = Talk::connect(c)?;
        talk.hears(syn_ack(IRS, OURS), State::Established, Some(ack(OURS, THEIRS)))
    })
}

#[test]
fn a_server_opens_and_hears_octets() -> Outcome {
    check(|c| {
        let mut talk = Talk::established(c)?;
        talk.hears(
            octets(THEIRS, OURS, 10),
            State::Established,
            Some(ack(OURS, from(THEIRS, 10))),
        )?;
        // What has come already, what comes too early, and what is a bit of both.
        talk.hears(octets(THEIRS, OURS, 10), State::Established, talk.ack())?;
        talk.hears(octets(from(THEIRS, 20), OURS, 10), State::Established, talk.ack())?;
        let more = Some(ack(OURS, from(THEIRS, 25)));
        talk.hears(octets(from(THEIRS, 5), OURS, 20), State::Established, more)
    })
}

#[test]
fn what_belongs_to_no_connection() -> Outcome {
    check(|c| {
        let mut talk = Talk::connect(c)?;
        talk.closes(State::Closed, None)?;
        let reset = Segment { ack: Some(THEIRS), ..rst(0) };
        talk.hears(syn(IRS), State::Closed, Some(reset))?;
        talk.hears(octets(IRS, 77, 10), State::Closed, Some(rst(77)))?;
        talk.hears(rst(IRS), State::Closed, None)?;
        let mut talk = Talk::listen(c)?;
        talk.hears(ack(IRS, 77), State::Listen, Some(rst(77)))?;
        talk.hears(rst(IRS), State::Listen, None)
    })
}

#[test]
fn a_handshake_that_somebody_guessed() -> Outcome {
    check(|c| {
        let mut talk = Talk::connect(c)?;
        talk.hears(syn_ack(IRS, 77), State::SynSent, Some(rst(77)))?;
        let mut talk = Talk::listen(c)?;
        talk.hears(syn(IRS), State::SynReceived, Some(syn_ack(ISS, THEIRS)))?;
        talk.hears(ack(THEIRS, 77), State::SynReceived, Some(rst(77)))?;
        talk.hears(ack(THEIRS, OURS), State::Established, None)
    })
}

#[test]
fn the_answer_to_a_syn_was_lost() -> Outcome {
    check(|c| {
        let mut talk = Talk::listen(c)?;
        talk.hears(syn(IRS), State::SynReceived, Some(syn_ack(ISS, THEIRS)))?;
        // Not that one: another, long out of the window.
        talk.hears(syn(from(IRS, -5_000)), State::SynReceived, talk.ack())?;
        talk.hears(syn(IRS), State::SynReceived, Some(syn_ack(ISS, THEIRS)))?;
        talk.hears(ack(THEIRS, OURS), State::Established, None)
    })
}

#[test]
fn both_open_at_once() -> Outcome {
    check(|c| {
        let mut talk = Talk::connect(c)?;
        talk.hears(syn(IRS), State::SynReceived, Some(syn_ack(ISS, THEIRS)))?;
        talk.stays(syn_ack(IRS, 77), State::SynReceived)?;
        talk.hears(syn_ack(IRS, OURS), State::Established, Some(ack(OURS, THEIRS)))
    })
}

#[test]
fn the_peer_ends_first() -> Outcome {
    check(|c| {
        let mut talk = Talk::established(c)?;
        let end = from(THEIRS, 1);
        talk.hears(fin(THEIRS, OURS), State::CloseWait, Some(ack(OURS, end)))?;
        talk.hears(fin(THEIRS, OURS), State::CloseWait, talk.ack())?;
        talk.closes(State::LastAck, Some(fin(OURS, end)))?;
        talk.hears(ack(end, OURS), State::LastAck, None)?;
        talk.hears(ack(end, from(OURS, 1)), State::Closed, None)
    })
}

#[test]
fn this_end_ends_first() -> Outcome {
    check(|c| {
        let mut talk = Talk::established(c)?;
        talk.closes(State::FinWait1, Some(fin(OURS, THEIRS)))?;
        talk.closes(State::FinWait1, None)?;
        let ours = from(OURS, 1);
        talk.hears(octets(THEIRS, OURS, 5), State::FinWait1, Some(ack(ours, from(THEIRS, 5))))?;
        talk.hears(ack(from(THEIRS, 5), OURS), State::FinWait1, None)?;
        talk.hears(ack(from(THEIRS, 5), ours), State::FinWait2, None)?;
        // The other direction is still open, and ends together with its last octets.
        let last = Segment { octets: 5, ..fin(from(THEIRS, 5), ours) };
        talk.hears(last, State::TimeWait, Some(ack(ours, from(THEIRS, 11))))
    })
}

#[test]
fn the_last_ack_was_lost() -> Outcome {
    check(|c| {
        let mut talk = Talk::established(c)?;
        talk.closes(State::FinWait1, Some(fin(OURS, THEIRS)))?;
        let (ours, end) = (from(OURS, 1), from(THEIRS, 1));
        talk.hears(fin(THEIRS, ours), State::TimeWait, Some(ack(ours, end)))?;
        talk.hears(fin(THEIRS, ours), State::TimeWait, talk.ack())?;
        talk.waits(State::Closed)
    })
}

#[test]
fn both_end_at_once() -> Outcome {
    check(|c| {
        let mut talk = Talk::established(c)?;
        talk.closes(State::FinWait1, Some(fin(OURS, THEIRS)))?;
        let (ours, end) = (from(OURS, 1), from(THEIRS, 1));
        talk.hears(fin(THEIRS, OURS), State::Closing, Some(ack(ours, end)))?;
        talk.hears(ack(end, OURS), State::Closing, None)?;
        talk.hears(ack(end, ours), State::TimeWait, None)
    })
}

#[test]
fn an_end_before_the_beginning() -> Outcome {
    check(|c| {
        let mut talk = Talk::listen(c)?;
        talk.closes(State::Closed, None)?;
        let mut talk = Talk::listen(c)?;
        talk.hears(syn(IRS), State::SynReceived, Some(syn_ack(ISS, THEIRS)))?;
        talk.closes(State::FinWait1, Some(fin(OURS, THEIRS)))?;
        talk.hears(ack(THEIRS, OURS), State::FinWait1, None)?;
        talk.hears(ack(THEIRS, from(OURS, 1)), State::FinWait2, None)?;
        talk.waits(State::FinWait2)
    })
}

#[test]
fn the_peer_refuses() -> Outcome {
    check(|c| {
        let mut talk = Talk::connect(c)?;
        talk.hears(Segment { ack: Some(OURS), ..rst(0) }, State::Closed, None)?;
        let mut talk = Talk::listen(c)?;
        talk.hears(syn(IRS), State::SynReceived, Some(syn_ack(ISS, THEIRS)))?;
        talk.hears(rst(THEIRS), State::Listen, None)?;
        talk.hears(syn(IRS), State::SynReceived, Some(syn_ack(ISS, THEIRS)))
    })
}

#[test]
fn the_peer_resets() -> Outcome {
    check(|c| {
        let mut talk = Talk::established(c)?;
        talk.hears(rst(THEIRS), State::Closed, None)?;
        let mut talk = Talk::established(c)?;
        talk.closes(State::FinWait1, Some(fin(OURS, THEIRS)))?;
        talk.hears(Segment { ack: Some(OURS), ..rst(THEIRS) }, State::Closed, None)
    })
}

#[test]
fn a_reset_that_somebody_guessed() -> Outcome {
    check(|c| {
        let mut talk = Talk::established(c)?;
        for off in [-1, 1_000, 1_000_000, i32::MIN] {
            talk.hears(rst(from(THEIRS, off)), State::Established, None)?;
        }
        let mut talk = Talk::listen(c)?;
        talk.hears(syn(IRS), State::SynReceived, Some(syn_ack(ISS, THEIRS)))?;
        talk.hears(rst(IRS), State::SynReceived, None)?;
        let mut talk = Talk::connect(c)?;
        talk.hears(rst(0), State::SynSent, None)?;
        talk.hears(Segment { ack: Some(77), ..rst(0) }, State::SynSent, None)
    })
}

#[test]
fn a_reset_that_is_nearly_right() -> Outcome {
    check(|c| {
        let mut talk = Talk::established(c)?;
        for off in [1, 999] {
            talk.hears(rst(from(THEIRS, off)), State::Established, talk.ack())?;
        }
        // A peer that did send it answers the challenge with one that is right.
        talk.hears(rst(THEIRS), State::Closed, None)
    })
}

#[test]
fn a_syn_in_the_middle() -> Outcome {
    check(|c| {
        let mut talk = Talk::established(c)?;
        for seq in [IRS, THEIRS, from(THEIRS, 500), from(THEIRS, 5_000)] {
            talk.hears(syn(seq), State::Established, talk.ack())?;
        }
        Ok(())
    })
}

#[test]
fn the_peers_numbers_wrap() -> Outcome {
    check(|c| {
        let mut talk = Talk::listen(c)?;
        let theirs = u32::MAX - 2;
        talk.hears(syn(theirs - 1), State::SynReceived, Some(syn_ack(ISS, theirs)))?;
        talk.hears(ack(theirs, OURS), State::Established, None)?;
        talk.hears(rst(from(theirs, 5)), State::Established, talk.ack())?;
        talk.hears(octets(theirs, OURS, 3), State::Established, Some(ack(OURS, 0)))?;
        talk.hears(octets(theirs, OURS, 8), State::Established, Some(ack(OURS, 5)))?;
        talk.hears(octets(theirs, OURS, 3), State::Established, talk.ack())?;
        talk.hears(fin(5, OURS), State::CloseWait, Some(ack(OURS, 6)))
    })
}

#[test]
fn numbers_that_cannot_be() -> Outcome {
    check(|c| {
        let mut talk = Talk::established(c)?;
        talk.hears(octets(from(THEIRS, 2_000), OURS, 10), State::Established, talk.ack())?;
        talk.hears(octets(THEIRS, from(OURS, 1), 10), State::Established, talk.ack())?;
        talk.hears(Segment { octets: 10, ..syn(THEIRS) }, State::Established, talk.ack())?;
        talk.hears(Segment { ack: None, ..octets(THEIRS, 0, 10) }, State::Established, None)?;
        talk.hears(octets(THEIRS, OURS, 10), State::Established, Some(ack(OURS, from(THEIRS, 10))))
    })
}

#[test]
fn your_connection_talks_to_itself() -> Outcome {
    check(|c| {
        let mut random = c.random();
        for _ in 0..20 {
            c.attempt("let two of your connections open and close, one of them listening");
            Pair::one_listens(c).live(&mut random)?;
            c.attempt("let two of your connections open and close, both asking at once");
            Pair::both_connect(c).live(&mut random)?;
        }
        Ok(())
    })
}
