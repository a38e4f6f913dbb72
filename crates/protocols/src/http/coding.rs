//! Content codings: gzip for whoever accepts it (RFC 9110 §8.4, §12.5.3).
//!
//! Text shrinks to a quarter. It is compressed as it is sent: what is small in one go, what is large
//! piece by piece as the client takes it, so that neither a file nor its compressed form is ever held whole.

use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::fields::{Fields, is, quality};

/// Text up to this size is compressed in one go, so that its length is known in front.
pub(super) const AT_ONCE: u64 = 64 * 1024;
/// What is shorter gains nothing.
pub(super) const WORTH_IT: u64 = 256;
/// Octets of a file that are compressed at one turn.
const PIECE: usize = 64 * 1024;
/// Compressors at once: each takes some 300 KB.
const MOST: usize = 64;
/// The fastest level takes a third of the default's time, for a tenth more octets.
const LEVEL: Compression = Compression::fast();

/// How content is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// As it is.
    Identity,
    /// RFC 1952.
    Gzip,
}

/// The coding for a client, of a thing that is worth compressing or not. `None`: it accepts nothing that
/// there is: 406.
pub fn choose(fields: Fields<'_>, worth_it: bool) -> Option<Coding> {
    // No field: anything is accepted, and the plain thing is understood by everybody.
    if fields.first("Accept-Encoding").is_none() {
        return Some(Coding::Identity);
    }
    let (mut gzip, mut identity, mut any) = (None, None, None);
    for (coding, quality) in fields.list("Accept-Encoding").filter_map(quality) {
        match coding {
            _ if is(coding, "gzip") || is(coding, "x-gzip") => gzip = Some(quality),
            _ if is(coding, "identity") => identity = Some(quality),
            b"*" => any = Some(quality),
            _ => {}
        }
    }
    let gzip = gzip.or(any).unwrap_or(0);
    // §12.5.3: identity is acceptable unless it is excluded, by name or with all that is not named.
    let excluded = identity.or(any) == Some(0);
    match (gzip, excluded) {
        (0, true) => None,
        (0, false) => Some(Coding::Identity),
        (_, true) => Some(Coding::Gzip),
        // One that is not named is liked less than any that is.
        _ if worth_it && gzip >= identity.unwrap_or(0) => Some(Coding::Gzip),
        _ => Some(Coding::Identity),
    }
}

/// Compresses in one go.
pub(super) fn at_once(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(content.len() / 2 + 64), LEVEL);
    encoder.write_all(content).and_then(|()| encoder.finish()).expect("a vector takes all")
}

/// A file that is compressed piece by piece.
#[derive(Debug)]
pub(super) struct Compressed {
    file: Arc<File>,
    offset: u64,
    left: u64,
    encoder: GzEncoder<Vec<u8>>,
    piece: Vec<u8>,
    _place: Place,
}

impl Compressed {
    /// The first `length` octets of a file. `None`: too many others are being compressed.
    pub(super) fn new(file: Arc<File>, length: u64) -> Option<Self> {
        let place = Place::take()?;
        let encoder = GzEncoder::new(Vec::new(), LEVEL);
        Some(Self { file, offset: 0, left: length, encoder, piece: vec![0; PIECE], _place: place })
    }

    /// Compresses one more piece, and hands out what has come of it. `false`: that was the last.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or is shorter than it was.
    pub(super) fn next(&mut self, mut out: impl FnMut(&[u8])) -> io::Result<bool> {
        let count = usize::try_from(self.left).map_or(PIECE, |left| left.min(PIECE));
        let piece = &mut self.piece[..count];
        super::reply::read_exact_at(&self.file, piece, self.offset)?;
        self.encoder.write_all(piece)?;
        self.offset += count as u64;
        self.left -= count as u64;
        if self.left == 0 {
            self.encoder.try_finish()?;
        }
        out(self.encoder.get_ref());
        self.encoder.get_mut().clear();
        Ok(self.left > 0)
    }
}

/// One of the places for compressors.
#[derive(Debug)]
struct Place;

static TAKEN: AtomicUsize = AtomicUsize::new(0);

impl Place {
    fn take() -> Option<Self> {
        let free = |taken| (taken < MOST).then_some(taken + 1);
        TAKEN.fetch_update(Ordering::Relaxed, Ordering::Relaxed, free).ok().map(|_| Self)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        TAKEN.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_coding_is_one_that_the_client_likes() {
        use Coding::{Gzip, Identity};
        for (accepted, text, picture) in [
            (None, Some(Identity), Some(Identity)),
            (Some("gzip"), Some(Gzip), Some(Identity)),
            (Some("GZIP;q=0.5, br"), Some(Gzip), Some(Identity)),
            (Some("deflate, x-gzip"), Some(Gzip), Some(Identity)),
            (Some("*"), Some(Gzip), Some(Identity)),
            (Some(""), Some(Identity), Some(Identity)),
            (Some("br"), Some(Identity), Some(Identity)),
            (Some("gzip;q=0"), Some(Identity), Some(Identity)),
            (Some("gzip;q=0, *"), Some(Identity), Some(Identity)),
            (Some("gzip;q=0.001, identity"), Some(Identity), Some(Identity)),
            (Some("gzip;q=1, identity;q=1"), Some(Gzip), Some(Identity)),
            (Some("gzip;q=9"), Some(Identity), Some(Identity)),
            (Some("identity;q=0"), None, None),
            (Some("*;q=0"), None, None),
            (Some("*;q=0, identity"), Some(Identity), Some(Identity)),
            (Some("gzip, identity;q=0"), Some(Gzip), Some(Gzip)),
            (Some("gzip, *;q=0"), Some(Gzip), Some(Gzip)),
            (Some("gzip;q=0, identity;q=0"), None, None),
        ] {
            let section =
                accepted.map_or_else(String::new, |a| format!("Accept-Encoding: {a}\r\n"));
            let fields = Fields::new(section.as_bytes());
            assert_eq!(
                (choose(fields, true), choose(fields, false)),
                (text, picture),
                "{accepted:?}"
            );
        }
    }

    #[test]
    fn places_are_given_back() {
        let taken: Vec<_> = std::iter::from_fn(Place::take).collect();
        assert!(taken.len() <= MOST && Place::take().is_none());
        drop(taken);
        assert!(Place::take().is_some());
    }
}
