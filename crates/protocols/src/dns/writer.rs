//! Emitting a message: names are compressed, and nothing is written beyond a limit.

use super::names::Name;

/// Pointers hold 14 bits: what begins behind that cannot be pointed at (RFC 1035 §4.1.4).
const FARTHEST: usize = 0x3fff;
/// Names that are remembered to point at. Each name that is written is compared with them, so their
/// number bounds the time that a message takes.
const TARGETS: usize = 48;

/// A message being written.
///
/// It may be used for one message after another: its memory is kept.
#[derive(Debug, Default)]
pub struct Writer {
    octets: Vec<u8>,
    /// Where names that were written, and the rests of them, begin; and how long they are uncompressed.
    targets: Vec<(u16, u8)>,
    /// Octets that the message may have.
    limit: usize,
    /// More was to be written than the limit permits. Nothing is, until [`Writer::back_to`].
    full: bool,
}

/// A place that a writer can be taken back to.
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    octets: usize,
    targets: usize,
}

impl Writer {
    /// Begins a message of `limit` octets at most.
    pub fn begin(&mut self, limit: usize) {
        self.octets.clear();
        self.targets.clear();
        self.limit = limit;
        self.full = false;
    }

    /// The same message may have so many octets: what was kept free is given out, or the other way.
    pub fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// What was written.
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// Whether something did not fit.
    pub fn is_full(&self) -> bool {
        self.full
    }

    /// Where the message ends now.
    pub fn mark(&self) -> Mark {
        Mark { octets: self.octets.len(), targets: self.targets.len() }
    }

    /// Takes back what was written since `mark`, and that it did not fit.
    pub fn back_to(&mut self, mark: Mark) {
        self.octets.truncate(mark.octets);
        self.targets.truncate(mark.targets);
        self.full = false;
    }

    /// Writes these octets as they are.
    pub fn bytes(&mut self, bytes: &[u8]) {
        if self.full || self.octets.len() + bytes.len() > self.limit {
            self.full = true;
        } else {
            self.octets.extend_from_slice(bytes);
        }
    }

    /// Writes a number of 8 bits.
    pub fn u8(&mut self, number: u8) {
        self.bytes(&[number]);
    }

    /// Writes a number of 16 bits.
    pub fn u16(&mut self, number: u16) {
        self.bytes(&number.to_be_bytes());
    }

    /// Writes a number of 32 bits.
    pub fn u32(&mut self, number: u32) {
        self.bytes(&number.to_be_bytes());
    }

    /// Replaces the 16 bits at `at`, which were written before.
    pub fn patch(&mut self, at: usize, number: u16) {
        if let Some(place) = self.octets.get_mut(at..at + 2) {
            place.copy_from_slice(&number.to_be_bytes());
        }
    }

    /// Writes what `write` does, with its length in 16 bits in front.
    pub fn counted(&mut self, write: impl FnOnce(&mut Self)) {
        let at = self.octets.len();
        self.u16(0);
        write(self);
        if !self.full {
            let length = self.octets.len() - at - 2;
            // Where 65,535 octets are the limit of the whole, no part is longer.
            self.patch(at, u16::try_from(length).unwrap_or(u16::MAX));
        }
    }

    /// Writes a name as a pointer, which must lead to where one was written.
    pub fn pointer(&mut self, to: u16) {
        self.u16(0xc000 | to);
    }

    /// Writes a name that must not be compressed (RFC 3597 §4), and is not pointed at either.
    pub fn plain_name(&mut self, name: &Name) {
        self.bytes(name.octets());
    }

    // ANCHOR: name
    /// Writes a name: its first labels, and a pointer to where the same rest was written before.
    ///
    /// *The same* includes the case of letters, so that a name is read as it stands in the zone (RFC 4343 §4.1).
    pub fn name(&mut self, name: &Name) {
        let mut rest = name.octets();
        while rest.len() > 1 {
            if let Some(target) = self.target(rest) {
                self.pointer(target);
                return;
            }
            let (label, behind) = rest.split_at(1 + usize::from(rest[0]));
            self.remember(rest.len());
            self.bytes(label);
            rest = behind;
        }
        self.u8(0);
    }
    // ANCHOR_END: name

    /// The rest of a name, of so many octets, begins where the message ends now.
    fn remember(&mut self, length: usize) {
        let at = self.octets.len();
        if at <= FARTHEST && self.targets.len() < TARGETS {
            let at = u16::try_from(at).expect("14 bits");
            self.targets.push((at, u8::try_from(length).expect("names have 255 octets")));
        }
    }

    /// Where `name` was written before.
    fn target(&self, name: &[u8]) -> Option<u16> {
        let same = self.targets.iter().find(|(at, length)| {
            usize::from(*length) == name.len() && self.stands_at(usize::from(*at), name)
        });
        same.map(|(at, _)| *at)
    }

    /// Whether the name that we wrote at `at` is `name`.
    fn stands_at(&self, mut at: usize, mut name: &[u8]) -> bool {
        // A name that did not fit was remembered and not written.
        while let [length, ..] = name {
            let Some(mut first) = self.octets.get(at).copied() else { return false };
            // A pointer of ours leads to labels, but for a name that was a rest from its first label on.
            while first >= 0xc0 {
                let Some(low) = self.octets.get(at + 1) else { return false };
                at = usize::from(u16::from_be_bytes([first & 0x3f, *low]));
                let Some(next) = self.octets.get(at) else { return false };
                first = *next;
            }
            let (label, behind) = name.split_at(1 + usize::from(*length));
            if self.octets.get(at..at + label.len()) != Some(label) {
                return false;
            }
            at += label.len();
            name = behind;
        }
        true
    }

    /// Remembers a name that stands in the message already, at `at`, written by other means.
    pub fn remember_name(&mut self, name: &Name, mut at: usize) {
        let mut rest = name.octets();
        while rest.len() > 1 && self.targets.len() < TARGETS && at <= FARTHEST {
            let place = u16::try_from(at).expect("14 bits");
            self.targets.push((place, u8::try_from(rest.len()).expect("names have 255 octets")));
            let label = 1 + usize::from(rest[0]);
            at += label;
            rest = &rest[label..];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        text.parse().expect(text)
    }

    #[test]
    fn names_point_at_what_came_before() {
        let mut writer = Writer::default();
        writer.begin(512);
        writer.bytes(&[0; 12]);
        for text in [
            "www.example.com",
            "ftp.example.com",
            "www.example.com",
            ".",
            "com",
            "x.ftp.Example.com",
        ] {
            writer.name(&name(text));
        }
        let expected: &[u8] =
            b"\x03www\x07example\x03com\0\x03ftp\xc0\x10\xc0\x0c\0\xc0\x18\x01x\x03ftp\x07Example\xc0\x18";
        assert_eq!(&writer.octets()[12..], expected);
        let (read, end) = Name::parse(writer.octets(), 12 + expected.len() - 16).expect("a name");
        assert!(read.is_identical(&name("x.ftp.Example.com")));
        assert_eq!(end, writer.octets().len());
    }

    #[test]
    fn what_does_not_fit_is_taken_back_whole() {
        let mut writer = Writer::default();
        writer.begin(30);
        writer.name(&name("example.com"));
        let mark = writer.mark();
        writer.counted(|writer| writer.name(&name("a.long.name.example.org")));
        assert!(writer.is_full());
        writer.u8(1);
        assert!(writer.octets().len() <= 30);
        writer.back_to(mark);
        writer.name(&name("name.example.org"));
        assert!(writer.is_full(), "nothing points at what was taken back");
        writer.back_to(mark);
        writer.counted(|writer| writer.name(&name("a.example.com")));
        assert_eq!(&writer.octets()[13..], b"\x00\x04\x01a\xc0\x00");
    }

    #[test]
    fn nothing_is_pointed_at_beyond_14_bits() {
        let mut writer = Writer::default();
        writer.begin(65_535);
        writer.bytes(&vec![0; 0x3ffe]);
        writer.name(&name("a.bc"));
        writer.name(&name("a.bc"));
        writer.name(&name("bc"));
        assert_eq!(&writer.octets()[0x3ffe..], b"\x01a\x02bc\0\xff\xfe\x02bc\0");
    }
}
