//! Writes a whole buffer, however little the writer takes at a time.

use std::io::{self, Write};

/// Writes all of `bytes` to `writer`.
///
/// [`Write::write`] may take fewer bytes than it is offered, and says how many it took. It may
/// also be interrupted by a signal before it takes any ([`io::ErrorKind::Interrupted`]), which is no
/// failure: the same call is to be made again.
///
/// # Errors
///
/// [`io::ErrorKind::WriteZero`] if the writer takes nothing at all (`Ok(0)`): asking again would ask
/// for ever. Any other error of the writer is returned as it is.
pub fn write_everything<W: Write>(writer: &mut W, bytes: &[u8]) -> io::Result<()> {
    // answer: let _ = (writer, bytes); // Yours to use; then this line can go.
    // answer: todo!("write every byte, however few the writer takes at a time")
    let mut rest = bytes;
    while !rest.is_empty() {
        match writer.write(rest) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => rest = &rest[count..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
    // end answer
}
