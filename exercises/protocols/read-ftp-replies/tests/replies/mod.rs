//! Sentences about replies: what the answer must find in the pieces that it is given.

use harness::{Check, Mistake, Outcome, shown};
use read_ftp_replies::{Error, Replies, Reply};

/// More replies than any test here sends: an answer that gives one for ever is not asked again.
const MANY: usize = 200;

/// A reply with these lines.
pub(crate) fn reply(code: u16, lines: &[&[u8]]) -> Reply {
    Reply { code, lines: lines.iter().map(|line| line.to_vec()).collect() }
}

/// Gives the pieces to a new `Replies`, and takes what comes of each before the next. What it says at last.
pub(crate) fn read(pieces: &[&[u8]]) -> (Vec<Reply>, Result<Option<Reply>, Error>) {
    let (mut replies, mut all) = (Replies::new(), Vec::new());
    let mut last = Ok(None);
    for piece in pieces {
        replies.push(piece);
        loop {
            match replies.take() {
                Ok(Some(reply)) if all.len() < MANY => all.push(reply),
                said => {
                    last = said;
                    break;
                }
            }
        }
    }
    (all, last)
}

/// Fails unless a new `Replies` finds these replies in the pieces, and waits for more.
pub(crate) fn finds(
    c: &Check,
    pieces: &[&[u8]],
    want: &[Reply],
    mistake: impl Into<Option<&'static Mistake>>,
) -> Outcome {
    c.attempt(format!("pushed {} into a new `Replies`", shown(pieces)));
    c.want(format!("{}, and then Ok(None)", all_told(want)));
    let (got, last) = read(pieces);
    let mistake = mistake.into();
    c.ensure(got == want, mistake, || match last {
        Err(error) => format!("{}, and then Err({error:?})", all_told(&got)),
        _ => all_told(&got),
    })?;
    c.ensure(last == Ok(None), mistake, || format!("{}, and then {last:?}", all_told(&got)))
}

/// Fails unless a new `Replies` finds these replies, and then refuses what follows for this reason.
pub(crate) fn refuses(
    c: &Check,
    pieces: &[&[u8]],
    before: &[Reply],
    want: Error,
    accepted: impl Into<Option<&'static Mistake>>,
) -> Outcome {
    c.attempt(format!("pushed {} into a new `Replies`", shown(pieces)));
    let those = if before.is_empty() { String::new() } else { all_told(before) + ", and then " };
    c.want(format!("{those}Err({want:?})"));
    let (got, last) = read(pieces);
    c.ensure(got.starts_with(before), None, || all_told(&got))?;
    if got.len() > before.len() {
        return Err(c.fail(accepted, all_told(&got)));
    }
    match last {
        Err(error) if error == want => Ok(()),
        Err(error) => Err(c.fail(None, format!("Err({error:?})"))),
        Ok(_) => Err(c.fail(accepted, "Ok(None): it waits for more of this")),
    }
}

/// Replies as a report shows them.
pub(crate) fn all_told(replies: &[Reply]) -> String {
    match replies {
        [] => "no reply".to_owned(),
        [one] => told(one),
        _ if replies.len() > 6 => format!("{} replies", replies.len()),
        _ => replies.iter().map(told).collect::<Vec<_>>().join(", then "),
    }
}

fn told(reply: &Reply) -> String {
    let Reply { code, lines } = reply;
    let shown: Vec<String> = lines.iter().take(5).map(|line| shown(&[line])).collect();
    let more =
        if lines.len() > 5 { format!(" … of {} lines", lines.len()) } else { String::new() };
    format!("{code} [{}{more}]", shown.join(", "))
}
