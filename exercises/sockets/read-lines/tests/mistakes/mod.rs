//! The mistakes that the graded test knows by name, and what proves each.

use harness::Mistake;

pub(crate) const ONE_READ: Mistake = Mistake {
    name: "one-read-one-line",
    why: "what one `read` gave was taken for a line; a line may come in any number of reads, and a read may hold any number of lines",
    spec: "RFC 9293 §3.7: the stream has no message borders; read(2)",
};
pub(crate) const SPLIT_CRLF: Mistake = Mistake {
    name: "split-crlf",
    why: "CR came in one read and LF in the next; they are one end of a line all the same",
    spec: "RFC 9293 §3.7: a cut may fall between any two bytes",
};
pub(crate) const LOST_AFTER: Mistake = Mistake {
    name: "lost-after-line",
    why: "bytes that came in the same read as the end of a line, behind it, were thrown away; they begin the next line",
    spec: "read(2): what was read once is not given again",
};
pub(crate) const SPLIT_UTF8: Mistake = Mistake {
    name: "split-utf8",
    why: "the bytes were decoded as text on the way: half a character, or what never was text, became U+FFFD (ef bf bd)",
    spec: "RFC 3629 §3: a character is up to four octets; String::from_utf8_lossy",
};
pub(crate) const TRIMS: Mistake = Mistake {
    name: "trims-the-line",
    why: "more than the line's end was cut off: white space is part of the line",
    spec: "str::trim, slice::trim_ascii: they take all white space",
};
pub(crate) const LOST_LAST: Mistake = Mistake {
    name: "lost-last-line",
    why: "the stream ended behind the last line instead of a newline, and the line was dropped",
    spec: "std::io::BufRead::lines; read(2), RETURN VALUE: zero is the end",
};
pub(crate) const DOUBLED_LAST: Mistake = Mistake {
    name: "doubled-last-line",
    why: "the last line was given again, since what was given stayed in the buffer",
    spec: "read(2), RETURN VALUE: zero is the end",
};
pub(crate) const INTERRUPTED: Mistake = Mistake {
    name: "interrupted-is-an-error",
    why: "`Interrupted` says that a signal came before any byte was read: make the same call again",
    spec: "read(2), EINTR; std::io::ErrorKind::Interrupted",
};
pub(crate) const LOST_AT_ERROR: Mistake = Mistake {
    name: "lost-at-would-block",
    why: "the beginning of the line was in a variable of the call that returned the error, and was lost with it",
    spec: "read(2), EAGAIN; std::net::TcpStream::set_read_timeout",
};
pub(crate) const UNBOUNDED: Mistake = Mistake {
    name: "unbounded-line",
    why: "a line is kept in memory until its end comes, and whoever sends it decides how long that is",
    spec: "CWE-770: allocation of resources without limits",
};
pub(crate) const LIMIT_BY_CUT: Mistake = Mistake {
    name: "limit-by-the-cut",
    why: "the limit is looked at only while the line's end is missing, so the cuts decide what is accepted",
    spec: "RFC 9293 §3.7: the same bytes, however they are cut",
};
pub(crate) const GOES_ON: Mistake = Mistake {
    name: "goes-on-after-refusal",
    why: "what is left of the refused line was taken for a new one: its sender has got a line past you that you never saw whole",
    spec: "SEI CERT C, FIO20-C: a line that was cut short, and what is left of it",
};

/// What the first wrong line proves. `unread`: the reader had more to give.
pub(crate) fn in_lines(
    pieces: &[&[u8]],
    want: &[&[u8]],
    got: &[Vec<u8>],
    unread: bool,
) -> Option<&'static Mistake> {
    let bytes = pieces.concat();
    let right = want.iter().zip(got).take_while(|(want, got)| want == got).count();
    let mut ends = bytes.split_inclusive(|byte| *byte == b'\n');
    let start: usize = ends.by_ref().take(right).map(<[u8]>::len).sum();
    let raw = ends.next().unwrap_or_default(); // The line that went wrong, with its end.
    let cut_at = |at: usize| (0..=pieces.len()).any(|n| pieces[..n].concat().len() == at);
    let crlf_cut = |end: usize| bytes[..end].ends_with(b"\r\n") && cut_at(end - 1);
    let replaced = |line: &[u8]| line.windows(3).any(|three| three == b"\xef\xbf\xbd");
    let same = |piece: &[u8], line: &[u8]| piece.trim_ascii_end() == line.trim_ascii_end();
    match (want.get(right), got.get(right)) {
        (None, Some(got)) if right > 0 && want[right - 1] == *got => Some(&DOUBLED_LAST),
        (Some(_), None) if unread => Some(&ONE_READ),
        (Some(_), None) if !raw.ends_with(b"\n") => Some(&LOST_LAST),
        (Some(_), None) if !cut_at(start) => Some(&LOST_AFTER),
        (Some(want), Some(got)) if replaced(got) && !replaced(want) => Some(&SPLIT_UTF8),
        (Some(_), Some(got)) if got.is_empty() && crlf_cut(start) => Some(&SPLIT_CRLF),
        (Some(want), Some(got))
            if *got == [*want, b"\r"].concat() && crlf_cut(start + raw.len()) =>
        {
            Some(&SPLIT_CRLF)
        }
        (Some(want), Some(got)) if got.len() < want.len() && same(got, want) => Some(&TRIMS),
        (Some(_), Some(got))
            if !pieces.contains(&raw) && pieces.iter().any(|piece| same(piece, got)) =>
        {
            Some(&ONE_READ)
        }
        (Some(want), Some(got)) if want.ends_with(got) && !cut_at(start) => Some(&LOST_AFTER),
        _ => None,
    }
}
