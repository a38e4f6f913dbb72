//! Lists of byte strings: the pieces in which bytes arrive, and the lines or frames made of them.

use capture::bytes;

use crate::check::{Check, Outcome};
use crate::peer::brief;
use crate::report::Mistake;

/// Pieces as a step tells them, a bar at each cut: `"one\\r" | "\\ntwo\\r\\n"`. Of many pieces, or
/// long ones, only the counts.
pub fn shown(pieces: &[&[u8]]) -> String {
    let length = pieces.iter().map(|piece| piece.len()).sum();
    match pieces.len() {
        0 => return "nothing".to_owned(),
        1 if length > 80 => return bytes::count(length),
        count if count > 8 || length > 80 => {
            return format!("{} in {count} pieces", bytes::count(length));
        }
        _ => {}
    }
    let quoted = pieces.iter().map(|piece| format!("\"{}\"", bytes::escaped(piece, 80)));
    quoted.collect::<Vec<_>>().join(" | ")
}

impl Check {
    /// States that the list `want` is wanted, and no more. `item` is what it is made of.
    pub fn want_list(&self, item: &str, want: &[&[u8]]) {
        let quoted: Vec<_> = want.iter().map(|one| shown(&[one])).collect();
        self.want(match want.len() {
            0 => format!("no {item}"),
            1 if quoted[0].starts_with('"') => format!("the {item} {}, and no more", quoted[0]),
            1 => format!("the {item} of {}, and no more", quoted[0]),
            2..=8 => format!("the {item}s {}, and no more", quoted.join(", ")),
            count => format!("{count} {item}s, and no more"),
        });
    }

    /// Fails unless `got` is the list `want`, and shows where they part. `item` is what the list is
    /// made of, such as "line".
    pub fn same_list(
        &self,
        item: &str,
        want: &[&[u8]],
        got: &[Vec<u8>],
        mistake: impl Into<Option<&'static Mistake>>,
    ) -> Outcome {
        let of = want.len();
        let right = want.iter().zip(got).take_while(|(want, got)| want == got).count();
        let number = right + 1;
        let came = match right {
            0 => format!("no {item}"),
            1 => format!("the first {item}"),
            _ => format!("the first {right} {item}s"),
        };
        let difference = match (want.get(right), got.get(right)) {
            (None, None) => return Ok(()),
            (Some(want), None) => {
                format!("{came}, then the end; {item} {number} is {}", brief(want))
            }
            (None, Some(got)) => format!("all {item}s, and then one more: {}", brief(got)),
            (Some(want), Some(got)) => {
                let difference = bytes::compare(want, got).map(|differs| differs.drawing);
                format!("{item} {number} of {of} differs:\n{}", difference.unwrap_or_default())
            }
        };
        Err(self.fail(mistake, difference))
    }
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn a_bar_stands_at_each_cut() {
        assert_eq!(shown(&[b"one\r", b"\ntwo"]), r#""one\r" | "\ntwo""#);
        assert_eq!(shown(&[&[b'x'; 81]]), "81 bytes");
        assert_eq!(shown(&[]), "nothing");
        assert_eq!(shown(&[&b"x"[..]; 9]), "9 bytes in 9 pieces");
    }
}
