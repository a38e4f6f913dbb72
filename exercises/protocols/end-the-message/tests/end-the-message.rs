//! Graded test of `end-the-message`.

mod mistakes;
mod wire;

use std::time::Duration;

use end_the_message::{LARGEST_MESSAGE, Receiver};
use harness::cost::{self, Stopwatch};
use harness::{Check, Outcome, check, check_alone, shown, splits};

use mistakes::{AGAIN, BARE, DOTS_KEPT, EMPTY, GOES_ON, KEPT, SMUGGLED, SPLIT_END, UNBOUNDED};
use wire::{feed, is, makes, plainly};

#[global_allocator]
static ALLOCATOR: cost::Counting = cost::Counting;

const MAIL: &[u8] = b"Subject: t\r\n\r\nhello\r\n.\r\n";
const TEXT: &[u8] = b"Subject: t\r\n\r\nhello\r\n";

#[test]
fn a_dot_alone_on_a_line_is_the_end() -> Outcome {
    check(|c| {
        makes(c, &[MAIL], TEXT, 0, None)?;
        makes(c, &[b"a.\r\n.\r\n"], b"a.\r\n", 0, None)?;
        makes(c, &[b"\r\n\r\n.\r\n"], b"\r\n\r\n", 0, None)
    })
}

#[test]
fn the_dot_may_come_at_once() -> Outcome {
    check(|c| makes(c, &[b".\r\n"], b"", 0, &EMPTY))
}

#[test]
fn what_follows_is_not_the_messages() -> Outcome {
    check(|c| {
        for more in [&b"Q"[..], b"QUIT\r\n", b"\r\n", b".\r\n", b"MAIL FROM:<a@x>\r\n.\r\n"] {
            let octets = [MAIL, more].concat();
            makes(c, &[&octets], TEXT, more.len(), None)?;
        }
        Ok(())
    })
}

#[test]
fn one_dot_is_taken_away() -> Outcome {
    check(|c| {
        makes(c, &[b"..dot\r\n.\r\n"], b".dot\r\n", 0, None)?;
        makes(c, &[b"a\r\n....\r\n.\r\n"], b"a\r\n...\r\n", 0, None)?;
        makes(c, &[b"..\r\n..\r\n.\r\n"], b".\r\n.\r\n", 0, None)?;
        // A client that is right never sends this. The rule is the same.
        makes(c, &[b".x\r\n.\r\n"], b"x\r\n", 0, &DOTS_KEPT)?;
        makes(c, &[b"x.\r\n.y.z\r\n. \r\n.\r\n"], b"x.\r\ny.z\r\n \r\n", 0, None)
    })
}

#[test]
fn the_end_may_be_cut_anywhere() -> Outcome {
    check(|c| {
        let octets = [MAIL, b"QUIT\r\n"].concat();
        for (front, rest) in splits(&octets) {
            // A cut behind the end is one between two commands.
            if front.len() < MAIL.len() {
                makes(c, &[front, rest], TEXT, 6, &SPLIT_END)?;
            }
        }
        makes(c, &MAIL.chunks(1).collect::<Vec<_>>(), TEXT, 0, &SPLIT_END)?;
        let dots = b"..a\r\n...\r\n\r\n.\r\n";
        for (front, rest) in splits(dots) {
            makes(c, &[front, rest], b".a\r\n..\r\n\r\n", 0, &SPLIT_END)?;
        }
        makes(c, &dots.chunks(1).collect::<Vec<_>>(), b".a\r\n..\r\n\r\n", 0, &SPLIT_END)
    })
}

/// What is almost the end, and what that is in the message.
const LIKENESSES: [(&[u8], &[u8]); 15] = [
    (b"\n.\n", b"\r\n.\r\n"),
    (b"\n.\r\n", b"\r\n.\r\n"),
    (b"\r\n.\n", b"\r\n\r\n"),
    (b"\r.\r", b"\r\n.\r\n"),
    (b"\r.\r\n", b"\r\n.\r\n"),
    (b"\r\n.\r", b"\r\n\r\n"),
    (b"\r\n.\r\r\n", b"\r\n\r\n\r\n"),
    (b"\r\r\n.\r\r\n", b"\r\n\r\n\r\n\r\n"),
    (b"\n\r.\n\r", b"\r\n\r\n.\r\n\r\n"),
    (b"\n\n.\r\n", b"\r\n\r\n.\r\n"),
    (b"\r\n\n.\r\n", b"\r\n\r\n.\r\n"),
    (b"\r\n\0.\r\n", b"\r\n\0.\r\n"),
    (b"\r\n.\0\r\n", b"\r\n\0\r\n"),
    (b"\r\n. \r\n", b"\r\n \r\n"),
    (b"\r\n..\r\n", b"\r\n.\r\n"),
];

#[test]
fn nothing_else_is_the_end() -> Outcome {
    check(|c| {
        let evil = b"MAIL FROM:<evil@x>\r\nRCPT TO:<b@y>\r\nDATA\r\nhi\r\n";
        for (likeness, _) in LIKENESSES {
            let octets = [b"first", likeness, evil, b".\r\n"].concat();
            early(c, &[&octets], &octets, likeness)?;
            early(c, &octets.chunks(1).collect::<Vec<_>>(), &octets, likeness)?;
        }
        Ok(())
    })
}

#[test]
fn what_is_almost_the_end_is_text() -> Outcome {
    check(|c| {
        for (likeness, text) in LIKENESSES {
            let octets = [b"first", likeness, b"last\r\n.\r\n"].concat();
            let want = [b"first", text, b"last\r\n"].concat();
            makes(c, &[&octets], &want, 0, None)?;
            makes(c, &octets.chunks(1).collect::<Vec<_>>(), &want, 0, None)?;
        }
        Ok(())
    })
}

/// Fails if the receiver ends this before its end, and shows the commands that it would then read.
fn early(c: &Check, pieces: &[&[u8]], octets: &[u8], likeness: &[u8]) -> Outcome {
    let how = if pieces.len() > 1 { ", octet by octet" } else { "" };
    c.attempt(format!("fed a new receiver \"{}\"{how}", octets.escape_ascii()));
    c.want("the end at the end: what is between is text to every server that knows the rule");
    let Some((_, taken)) = feed(&mut Receiver::new(), pieces) else { return Ok(()) };
    c.ensure(taken >= octets.len(), &SMUGGLED, || {
        let (likeness, rest) = (likeness.escape_ascii(), octets[taken..].escape_ascii());
        format!("\"{likeness}\" ended it; the next commands are then \"{rest}\"")
    })
}

#[test]
fn every_line_of_the_message_ends_with_cr_and_lf() -> Outcome {
    check(|c| {
        for (octets, text) in [
            (&b"a\nb\r\n.\r\n"[..], &b"a\r\nb\r\n"[..]),
            (b"a\rb\r\n.\r\n", b"a\r\nb\r\n"),
            (b"a\r\r\nb\r\n.\r\n", b"a\r\n\r\nb\r\n"),
            (b"a\n\rb\r\n.\r\n", b"a\r\n\r\nb\r\n"),
            (b"\n\r\n.\r\n", b"\r\n\r\n"),
        ] {
            makes(c, &[octets], text, 0, &BARE)?;
            makes(c, &octets.chunks(1).collect::<Vec<_>>(), text, 0, &SPLIT_END)?;
        }
        Ok(())
    })
}

#[test]
fn a_message_is_octets() -> Outcome {
    check(|c| {
        let octets: Vec<u8> = (0..=255).filter(|octet| !b"\r\n".contains(octet)).collect();
        let text = [&octets[..], b"\r\n"].concat();
        makes(c, &[&text, b".\r\n"], &text, 0, None)?;
        let utf8 = "\u{2e2e} für \u{1f4e8}\r\n".as_bytes();
        makes(c, &[utf8, b".\r\n"], utf8, 0, None)?;
        makes(c, &[utf8, b".\r\n"].concat().chunks(1).collect::<Vec<_>>(), utf8, 0, None)
    })
}

#[test]
fn a_receiver_takes_one_message_after_the_other() -> Outcome {
    check(|c| {
        let mut receiver = Receiver::new();
        c.did("fed one receiver a message, and then another one");
        for octets in [MAIL, b".\r\n", b"..x\r\n.\r\n", b".\r\n", MAIL] {
            let Some((text, end)) = plainly(octets) else { continue };
            is(c, feed(&mut receiver, &[octets]), &text, end, &KEPT)
                .map_err(|report| report.because(&KEPT))?;
        }
        Ok(())
    })
}

#[test]
fn any_octets_in_any_pieces() -> Outcome {
    check(|c| {
        let mut random = c.random();
        for _ in 0..400 {
            let length = 1 + random.below(12);
            let front = (0..length).map(|_| b".\r\na."[random.below(5)]);
            let octets: Vec<u8> = front.chain(*b"\r\n.\r\n").collect();
            let Some((text, end)) = plainly(&octets) else { continue };
            let pieces = random.pieces(&octets, 4);
            makes(c, &[&octets], &text, octets.len() - end, None)?;
            // The receiver is not asked for more once the message has ended.
            c.attempt(format!("fed a new receiver {}", shown(&pieces)));
            is(c, feed(&mut Receiver::new(), &pieces), &text, end, &SPLIT_END)?;
        }
        Ok(())
    })
}

/// A message of so many octets, in lines of 1,000, and its end.
fn large(octets: usize) -> Vec<u8> {
    let line = [&[b'x'; 998][..], b"\r\n"].concat();
    let mut message = vec![b'x'; octets % 1000];
    message.extend(line.repeat(octets / 1000));
    message
}

#[test]
fn each_octet_is_looked_at_once() -> Outcome {
    check_alone(|c| {
        let octets = [large(40_000), b".\r\n".to_vec()].concat();
        c.did(format!("fed a new receiver a message of {} octets, one at a time", octets.len()));
        c.want("the message, within a quarter of a second of processor time; a fortieth of that is enough");
        let mut receiver = Receiver::new();
        let time = Stopwatch::start();
        for (at, octet) in octets.iter().enumerate() {
            let ended = receiver.feed(&[*octet]).is_some();
            if at % 64 == 0 {
                soon(c, &time)?;
            }
            c.ensure(ended == (at + 1 == octets.len()), None, || {
                format!("ended: {ended}, at octet {at}")
            })?;
        }
        soon(c, &time)
    })
}

fn soon(c: &Check, time: &Stopwatch) -> Outcome {
    let in_time = time.elapsed() < Duration::from_millis(250);
    c.ensure(in_time, &AGAIN, || "not done by then".to_owned())
}

#[test]
fn the_largest_message_is_one() -> Outcome {
    check(|c| {
        let message = large(LARGEST_MESSAGE);
        // Not even the dots that were added count.
        let octets = [b".", &message[..], b".\r\n"].concat();
        let pieces: Vec<&[u8]> = octets.chunks(300_000).collect();
        makes(c, &pieces, &message, 0, None)
    })
}

#[test]
fn a_larger_one_is_read_to_its_end() -> Outcome {
    check(|c| {
        let text = [large(LARGEST_MESSAGE + 1), b"DELETE everything\r\n".to_vec()].concat();
        let octets = [&text[..], b".\r\nQUIT\r\n"].concat();
        let pieces: Vec<&[u8]> = octets.chunks(300_000).collect();
        c.did(format!("fed a new receiver {} octets in {} pieces", octets.len(), pieces.len()));
        c.want(format!("the end after {} octets, and no message", octets.len() - 6));
        let Some((message, taken)) = feed(&mut Receiver::new(), &pieces) else {
            return Err(c.fail(None, "no end: it waits for more"));
        };
        let early = (taken < octets.len() - 6).then_some(&GOES_ON);
        c.ensure(taken == octets.len() - 6, early, || format!("an end after {taken} octets"))?;
        c.ensure(message.is_none(), &UNBOUNDED, || "a message".to_owned())
    })
}

#[test]
fn what_is_too_large_is_not_kept() -> Outcome {
    check(|c| {
        let piece = large(100_000);
        c.did(format!("fed a new receiver {} octets of a message", 30 * piece.len()));
        c.want("no allocation of more than 2.5 MB for it");
        let mut receiver = Receiver::new();
        let (ended, cost) = cost::of(|| (0..30).any(|_| receiver.feed(&piece).is_some()));
        c.ensure(!ended, &GOES_ON, || "an end, where there is none".to_owned())?;
        let most = cost.largest;
        c.ensure(most <= 2_500_000, &UNBOUNDED, || format!("one of {most} bytes"))?;
        c.did("ended that message, and fed it another one");
        let next = feed(&mut receiver, &[b"\r\n.\r\n"]).map(|(message, _)| message);
        c.want("no message, and then the other one");
        c.ensure(next == Some(None), &UNBOUNDED, || format!("{next:?}"))?;
        is(c, feed(&mut receiver, &[MAIL]), TEXT, MAIL.len(), &KEPT)
    })
}
