//! `TYPE A`: on the wire every line ends in CRLF, on the disk in LF (RFC 959 §3.1.1.1).

/// Turns the lines of a file into those of the wire, piece by piece.
#[derive(Debug, Default)]
pub struct ToWire {
    after_cr: bool,
}

impl ToWire {
    /// Appends `bytes` to `wire`, with a CR before each LF that has none.
    pub fn push(&mut self, bytes: &[u8], mut wire: impl FnMut(&[u8])) {
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
            let has_cr = if end == 0 { self.after_cr } else { rest[end - 1] == b'\r' };
            wire(&rest[..end]);
            wire(if has_cr { b"\n" } else { b"\r\n" });
            self.after_cr = false;
            rest = &rest[end + 1..];
        }
        if let Some(&last) = rest.last() {
            self.after_cr = last == b'\r';
            wire(rest);
        }
    }
}

/// Turns the lines of the wire into those of a file.
#[derive(Debug, Default)]
pub struct ToDisk {
    /// A CR that has come, and may be the first half of a line's end.
    cr: bool,
}

impl ToDisk {
    /// The lines in `bytes`, each ended by LF. A CR at the end is kept back.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut disk = Vec::with_capacity(bytes.len() + 1);
        for &byte in bytes {
            if self.cr && byte != b'\n' {
                disk.push(b'\r');
            }
            self.cr = byte == b'\r';
            if !self.cr {
                disk.push(byte);
            }
        }
        disk
    }

    /// What was kept back, at the end.
    pub fn finish(&mut self) -> &'static [u8] {
        if std::mem::take(&mut self.cr) { b"\r" } else { b"" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_turned_whatever_pieces_they_come_in() {
        for (disk, wire, back) in [
            ("one\ntwo\n", "one\r\ntwo\r\n", "one\ntwo\n"),
            ("\n\n", "\r\n\r\n", "\n\n"),
            ("dos\r\nline", "dos\r\nline", "dos\nline"),
            ("a\rb\r", "a\rb\r", "a\rb\r"),
            ("\r\r\n", "\r\r\n", "\r\n"),
            ("", "", ""),
        ] {
            for cut in 1..=disk.len().max(1) {
                let (mut to_wire, mut sent) = (ToWire::default(), Vec::new());
                for piece in disk.as_bytes().chunks(cut) {
                    to_wire.push(piece, |bytes| sent.extend_from_slice(bytes));
                }
                assert_eq!(sent, wire.as_bytes(), "{disk:?} cut after {cut}");
                let (mut to_disk, mut kept) = (ToDisk::default(), Vec::new());
                for piece in sent.chunks(cut) {
                    kept.extend(to_disk.push(piece));
                }
                kept.extend(to_disk.finish());
                assert_eq!(kept, back.as_bytes(), "{wire:?} cut after {cut}");
            }
        }
    }
}
