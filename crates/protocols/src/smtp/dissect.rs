//! What the octets of a conversation mean: commands, replies and the text of messages.
//!
//! It reads the lines on its own, without the parsers: so a test can hold the two against each other.

use capture::bytes::escaped;
use capture::dissect::{Dissector, Field, Undissectable};

/// What a client sends: commands, and after DATA the message up to its end.
///
/// It sees one direction, and so takes it that DATA was answered with 354.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Commands;

/// What a server sends: replies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Replies;

impl Dissector for Commands {
    fn name(&self) -> &str {
        "SMTP commands"
    }

    fn dissect(&self, message: &[u8]) -> Result<Vec<Field>, Undissectable> {
        let (mut fields, mut at, mut text) = (Vec::new(), 0, false);
        while at < message.len() {
            let line = Line::at(message, at);
            if !text {
                line.command(message, &mut fields);
                text =
                    line.is_whole && message[line.start..line.text].eq_ignore_ascii_case(b"DATA");
            } else {
                text = line.message_text(message, &mut fields);
            }
            at = line.end;
        }
        Ok(fields)
    }
}

impl Dissector for Replies {
    fn name(&self) -> &str {
        "SMTP replies"
    }

    fn dissect(&self, message: &[u8]) -> Result<Vec<Field>, Undissectable> {
        let (mut fields, mut at) = (Vec::new(), 0);
        while at < message.len() {
            let line = Line::at(message, at);
            line.reply(message, &mut fields)?;
            at = line.end;
        }
        Ok(fields)
    }
}

/// A line's first octet, the end of its text, and its end.
struct Line {
    start: usize,
    text: usize,
    end: usize,
    is_whole: bool,
}

impl Line {
    fn at(message: &[u8], start: usize) -> Self {
        let found = message[start..].windows(2).position(|two| two == b"\r\n");
        match found {
            Some(length) => {
                Self { start, text: start + length, end: start + length + 2, is_whole: true }
            }
            None => Self { start, text: message.len(), end: message.len(), is_whole: false },
        }
    }

    fn end_field(&self, fields: &mut Vec<Field>) {
        if self.is_whole {
            let end = Field::new(self.text..self.end, "line end", "\\r\\n");
            fields.push(end.meaning("CRLF: the line ends").source("RFC 5321 §2.3.8"));
        }
    }

    fn command(&self, message: &[u8], fields: &mut Vec<Field>) {
        let line = &message[self.start..self.text];
        let verb = self.start + line.iter().position(|&octet| octet == b' ').unwrap_or(line.len());
        let word = escaped(&message[self.start..verb], 40);
        let (meaning, source) = match word.to_ascii_uppercase().as_str() {
            "HELO" => ("who the client is", "RFC 5321 §4.1.1.1"),
            "EHLO" => ("who the client is; it asks for extensions", "RFC 5321 §4.1.1.1"),
            "MAIL" => ("a message begins: who it is from", "RFC 5321 §4.1.1.2"),
            "RCPT" => ("whom it is for", "RFC 5321 §4.1.1.3"),
            "DATA" => ("the message's text is to follow", "RFC 5321 §4.1.1.4"),
            "RSET" => ("forget the message", "RFC 5321 §4.1.1.5"),
            "VRFY" => ("is there such a mailbox?", "RFC 5321 §4.1.1.6"),
            "HELP" => ("what is there?", "RFC 5321 §4.1.1.8"),
            "NOOP" => ("nothing", "RFC 5321 §4.1.1.9"),
            "QUIT" => ("the client has done", "RFC 5321 §4.1.1.10"),
            _ if self.is_whole => ("no command of RFC 5321", ""),
            _ => ("incomplete: its end is to come", ""),
        };
        fields.push(Field::new(self.start..verb, "verb", word).meaning(meaning).source(source));
        if verb < self.text {
            fields.push(Field::new(
                verb..self.text,
                "arguments",
                escaped(&message[verb..self.text], 60),
            ));
        }
        self.end_field(fields);
    }

    /// Whether text goes on behind this line.
    fn message_text(&self, message: &[u8], fields: &mut Vec<Field>) -> bool {
        let line = &message[self.start..self.text];
        if line == b"." && self.is_whole {
            let end = Field::new(self.start..self.end, "end of data", ".\\r\\n");
            fields.push(end.meaning("the message ends").source("RFC 5321 §4.1.1.4"));
            return false;
        }
        let mut start = self.start;
        if line.starts_with(b".") {
            let dot = Field::new(start..start + 1, "added dot", ".");
            fields.push(dot.meaning("taken off again by the server").source("RFC 5321 §4.5.2"));
            start += 1;
        }
        if start < self.text {
            let text = escaped(&message[start..self.text], 60);
            fields.push(Field::new(start..self.text, "text", text));
        }
        self.end_field(fields);
        true
    }

    fn reply(&self, message: &[u8], fields: &mut Vec<Field>) -> Result<(), Undissectable> {
        let line = &message[self.start..self.text];
        let code = self.start + line.len().min(3);
        if let Some(wrong) = (self.start..code).find(|&at| !message[at].is_ascii_digit()) {
            return Err(Undissectable {
                offset: wrong,
                reason: "no digit of a reply's code".into(),
            });
        }
        let meaning = match message.get(self.start) {
            Some(b'2') => "done",
            Some(b'3') => "go on",
            Some(b'4') => "not now",
            Some(b'5') => "refused",
            _ => "no such class of replies",
        };
        let field = Field::new(self.start..code, "code", escaped(&message[self.start..code], 3));
        fields.push(field.meaning(meaning).source("RFC 5321 §4.2.1"));
        if code < self.text {
            let more = message[code] == b'-';
            let meaning = if more { "more lines follow" } else { "the reply's last line" };
            let mark = Field::new(code..code + 1, "separator", escaped(&message[code..=code], 4));
            fields.push(mark.meaning(meaning).source("RFC 5321 §4.2.1"));
            fields.push(Field::new(
                code + 1..self.text,
                "text",
                escaped(&message[code + 1..self.text], 60),
            ));
        }
        self.end_field(fields);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use capture::dissect::tiles;

    use super::*;

    #[test]
    fn every_cut_tiles() {
        let client = b"EHLO x\r\nMAIL FROM:<a@x>\r\ndata\r\nSubject: t\r\n\r\n..dot\r\n.\nx\r\n.\r\nQUIT\r\n";
        let server = b"220 x\r\n250-a\r\n250 b\r\n354\r\n421 4.7.0 \xff\r\n";
        for cut in 0..=client.len() {
            assert_eq!(tiles(&Commands.dissect(&client[..cut]).expect("fields"), cut), Ok(()));
        }
        for cut in 0..=server.len() {
            assert_eq!(tiles(&Replies.dissect(&server[..cut]).expect("fields"), cut), Ok(()));
        }
        let fields = Commands.dissect(client).expect("fields");
        let names = |name| fields.iter().filter(|field| field.name == name).count();
        assert_eq!((names("end of data"), names("added dot"), names("verb")), (1, 2, 4));
        assert!(Replies.dissect(b"2x0 hm\r\n").is_err());
    }
}
