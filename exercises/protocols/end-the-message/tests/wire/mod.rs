//! Sentences about what comes after DATA: where it ends, and which message that makes.

use end_the_message::{Ended, Receiver};
use harness::{Check, Mistake, Outcome, shown};

use crate::mistakes::{ALL_DOTS, BARE, DOTS_KEPT, LAST_LINE, LOST_NEXT, NOT_TEXT, SPLIT_END};

/// Feeds the receiver these pieces until the message has ended: that, and of how many octets it was.
pub(crate) fn feed(receiver: &mut Receiver, pieces: &[&[u8]]) -> Option<(Option<Vec<u8>>, usize)> {
    let mut before = 0;
    for piece in pieces {
        if let Some(Ended { taken, message }) = receiver.feed(piece) {
            return Some((message, before + taken));
        }
        before += piece.len();
    }
    None
}

/// Fails unless a new receiver makes this message of the pieces, and leaves `behind` octets of them.
/// If it finds no end, or one that comes too early, it is for this mistake.
pub(crate) fn makes(
    c: &Check,
    pieces: &[&[u8]],
    want: &[u8],
    behind: usize,
    mistake: impl Into<Option<&'static Mistake>>,
) -> Outcome {
    c.attempt(format!("fed a new receiver {}", shown(pieces)));
    is(c, feed(&mut Receiver::new(), pieces), want, pieces.concat().len() - behind, mistake)
}

/// Fails unless this is what came of it.
pub(crate) fn is(
    c: &Check,
    got: Option<(Option<Vec<u8>>, usize)>,
    want: &[u8],
    octets: usize,
    mistake: impl Into<Option<&'static Mistake>>,
) -> Outcome {
    let mistake = mistake.into();
    c.want(format!("the end after {octets} octets, and the message {}", shown(&[want])));
    let Some((message, taken)) = got else {
        return Err(c.fail(mistake, "no end: it waits for more"));
    };
    if taken < octets {
        return Err(c.fail(mistake, format!("an end after {taken} octets")));
    }
    let Some(message) = message else {
        return Err(c.fail(None, "None: the message was not kept"));
    };
    if message != want {
        // Where the end was found, the cut is not to blame.
        let mistake = mistake.filter(|mistake| **mistake != SPLIT_END);
        c.same_bytes(want, &message, explains(want, &message).or(mistake))?;
    }
    c.ensure(taken == octets, &LOST_NEXT, || format!("{taken} octets were taken for the message"))
}

/// The mistake that makes `got` out of a message.
fn explains(want: &[u8], got: &[u8]) -> Option<&'static Mistake> {
    let stuffed = |line: &[u8]| {
        if line.starts_with(b".") { [b".", line].concat() } else { line.to_vec() }
    };
    let undotted = |line: &[u8]| {
        let dots = line.iter().take_while(|octet| **octet == b'.').count();
        line[dots..].to_vec()
    };
    let alone = got.len() < want.len() && lines(got).concat() == lines(want).concat();
    match () {
        () if want.strip_suffix(b"\r\n") == Some(got) => Some(&LAST_LINE),
        () if with_ends(lines(want).iter().map(|line| stuffed(line))) == got => Some(&DOTS_KEPT),
        () if with_ends(lines(want).iter().map(|line| undotted(line))) == got => Some(&ALL_DOTS),
        () if alone => Some(&BARE),
        () if replaced(got) > replaced(want) => Some(&NOT_TEXT),
        () => None,
    }
}

/// How often it holds the character that stands for octets which are no UTF-8.
fn replaced(text: &[u8]) -> usize {
    text.windows(3).filter(|octets| octets == b"\xef\xbf\xbd").count()
}

/// Its lines, whatever ends them.
fn lines(text: &[u8]) -> Vec<Vec<u8>> {
    let mut lines = vec![Vec::new()];
    for (at, octet) in text.iter().enumerate() {
        match octet {
            b'\n' if at > 0 && text[at - 1] == b'\r' => {}
            b'\r' | b'\n' => lines.push(Vec::new()),
            octet => lines.last_mut().expect("there is one").push(*octet),
        }
    }
    if lines.last().is_some_and(Vec::is_empty) {
        lines.pop();
    }
    lines
}

fn with_ends(lines: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    lines.flat_map(|line| [line, b"\r\n".to_vec()].concat()).collect()
}

/// The message in these octets, and of how many it is, found in the plainest way: all of them are there.
pub(crate) fn plainly(octets: &[u8]) -> Option<(Vec<u8>, usize)> {
    let begins_line = |at: usize| at == 0 || octets[..at].ends_with(b"\r\n");
    let is_end = |at: &usize| octets[*at..].starts_with(b".\r\n") && begins_line(*at);
    let end = (0..octets.len()).find(is_end)?;
    let kept = (0..end).filter(|at| octets[*at] != b'.' || !begins_line(*at));
    let text: Vec<u8> = kept.map(|at| octets[at]).collect();
    Some((with_ends(lines(&text).into_iter()), end + 3))
}
