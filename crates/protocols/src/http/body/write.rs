//! Putting the chunked coding on: RFC 9112 §7.1.

use std::io::{self, Write};

use crate::http::fields::{is_token, is_value};

/// Writes one chunk. Empty data writes nothing: a chunk of size 0 would be the last.
///
/// # Errors
///
/// Those of `out`; an [`Output`](client_server::Output) or a `Vec` has none.
pub fn chunk(out: &mut impl Write, data: &[u8]) -> io::Result<()> {
    if data.is_empty() {
        return Ok(());
    }
    write!(out, "{:x}\r\n", data.len())?;
    out.write_all(data)?;
    out.write_all(b"\r\n")
}

/// Writes the last chunk, and the trailer section: RFC 9112 §7.1.2.
///
/// # Errors
///
/// `InvalidInput`, and nothing is written, if a name or a value is none: whoever chose it could
/// add fields of their own, or a whole message. Else those of `out`.
pub fn last_chunk<'a, I>(out: &mut impl Write, trailers: I) -> io::Result<()>
where
    I: IntoIterator<Item = (&'a [u8], &'a [u8])> + Clone,
{
    if !trailers.clone().into_iter().all(|(name, value)| is_token(name) && is_value(value)) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    out.write_all(b"0\r\n")?;
    for (name, value) in trailers {
        for part in [name, b": ", value, b"\r\n"] {
            out.write_all(part)?;
        }
    }
    out.write_all(b"\r\n")
}
