//! Sentences about heads: what the answer must find in the pieces that it is fed, and what it must refuse.

use harness::{Check, Mistake, Outcome, shown};
use parse_requests::{Error, Field, Head, HeadParser};

pub(crate) type Got = Result<Option<(Head, usize)>, Error>;

/// A head with these fields.
pub(crate) fn head(method: &[u8], target: &[u8], minor: u8, fields: &[(&[u8], &[u8])]) -> Head {
    let fields =
        fields.iter().map(|(name, value)| Field { name: name.to_vec(), value: value.to_vec() });
    Head { method: method.to_vec(), target: target.to_vec(), minor, fields: fields.collect() }
}

/// `GET / HTTP/1.1` with `Host: a`, and the line `more` between that and the end.
pub(crate) fn with_line(more: &[u8]) -> Vec<u8> {
    [b"GET / HTTP/1.1\r\nHost: a\r\n", more, b"\r\n\r\n"].concat()
}

/// Feeds the parser these pieces, until it returns something else than `None`. Of how many octets
/// that was, counted from the first.
pub(crate) fn feed(parser: &mut HeadParser, pieces: &[&[u8]]) -> (Got, usize) {
    let mut before = 0;
    for piece in pieces {
        match parser.feed(piece) {
            Ok(None) => before += piece.len(),
            Ok(Some((head, taken))) => return (Ok(Some((head, taken))), before + taken),
            Err(error) => return (Err(error), before),
        }
    }
    (Ok(None), before)
}

/// Fails unless a new parser makes this head of the pieces, and leaves `behind` octets of them.
pub(crate) fn makes(
    c: &Check,
    pieces: &[&[u8]],
    want: &Head,
    behind: usize,
    mistake: impl Into<Option<&'static Mistake>>,
) -> Outcome {
    c.attempt(format!("fed a new parser {}", shown(pieces)));
    let fed = feed(&mut HeadParser::new(), pieces);
    is(c, fed, want, pieces.concat().len() - behind, mistake)
}

/// Fails unless this is what the parser made of what it was fed, and it took so many octets.
pub(crate) fn is(
    c: &Check,
    (got, taken): (Got, usize),
    want: &Head,
    wanted: usize,
    mistake: impl Into<Option<&'static Mistake>>,
) -> Outcome {
    c.want(format!("the head {}, of {wanted} octets", told(want)));
    match got {
        Ok(Some((head, _))) if head == *want && taken == wanted => Ok(()),
        Ok(Some((head, _))) if head == *want => {
            let lost = (taken > wanted).then_some(&crate::mistakes::LOST_SECOND);
            Err(c.fail(lost, format!("this head, and {taken} octets were taken for it")))
        }
        Ok(Some((head, _))) => Err(c.fail(None, format!("the head {}", told(&head)))),
        Ok(None) => Err(c.fail(mistake, "Ok(None): no head, though all of it was there")),
        Err(error) => Err(c.fail(mistake, format!("Err({error:?})"))),
    }
}

/// Fails unless the answer refuses these octets for this reason, whole and octet by octet. If it
/// accepts them, it is for this mistake.
pub(crate) fn refuses(
    c: &Check,
    octets: &[u8],
    want: Error,
    accepted: impl Into<Option<&'static Mistake>>,
) -> Outcome {
    let accepted = accepted.into();
    let single: Vec<&[u8]> = octets.chunks(1).collect();
    for pieces in [&[octets][..], &single] {
        let how = if pieces.len() > 1 { ", octet by octet" } else { "" };
        c.attempt(format!("fed a new parser {}{how}", shown(&[octets])));
        c.want(format!("Err({want:?})"));
        refused(c, &feed(&mut HeadParser::new(), pieces).0, want, accepted)?;
    }
    Ok(())
}

/// Fails unless the answer refused what it was fed, for this reason.
pub(crate) fn refused(
    c: &Check,
    got: &Got,
    want: Error,
    accepted: impl Into<Option<&'static Mistake>>,
) -> Outcome {
    match got {
        Err(error) if *error == want => Ok(()),
        Err(error) => Err(c.fail(None, format!("Err({error:?})"))),
        Ok(Some((head, _))) => Err(c.fail(accepted, format!("the head {}", told(head)))),
        Ok(None) => Err(c.fail(None, "Ok(None): it waits for more of this")),
    }
}

/// A head as a report shows it, in one line.
pub(crate) fn told(head: &Head) -> String {
    let Head { method, target, minor, fields } = head;
    let mut text = format!("{} {}, HTTP/1.{minor}", shown(&[method]), shown(&[target]));
    for Field { name, value } in fields.iter().take(4) {
        text += &format!(", {} = {}", shown(&[name]), shown(&[value]));
    }
    if fields.len() > 4 {
        text += &format!(" and {} fields more", fields.len() - 4);
    }
    text
}
