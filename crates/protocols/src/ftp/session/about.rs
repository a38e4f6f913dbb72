//! What a server says of itself: `HELP`, `FEAT`, `OPTS`, `STAT`.

use client_server::Context;

use super::super::command;
use super::super::listing::{Listing, Style, Wanted};
use super::super::reply::{say, say_lines};
use super::FtpSession;

/// Octets of a listing that `STAT` sends over the control connection.
const MOST: usize = 64 * 1024;

/// `HELP`: which commands there are.
pub(super) fn help(cx: &mut Context<'_>) {
    let names: Vec<&str> = command::names().collect();
    let lines = names.chunks(8).map(|names| names.join(" "));
    say_lines(cx.output, 214, "These commands are known:", lines, "That is all.");
}

impl FtpSession {
    /// RFC 2389 §3.2: a line each, which begins with one space.
    pub(super) fn features(&mut self, cx: &mut Context<'_>) {
        let mlst = format!("MLST {}", self.wanted.feature());
        let lines = ["EPRT", "EPSV", "MDTM", "MFMT", &mlst, "REST STREAM", "SIZE", "TVFS", "UTF8"];
        say_lines(cx.output, 211, "Features:", lines, "End");
    }

    pub(super) fn options(&mut self, argument: &[u8], cx: &mut Context<'_>) {
        let mut words = argument.splitn(2, |&byte| byte == b' ');
        let (name, value) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        if name.eq_ignore_ascii_case(b"MLST") {
            self.wanted = Wanted::parse(value);
            say(
                cx.output,
                200,
                format_args!("MLST OPTS {}", self.wanted.names()).to_string().trim_end(),
            );
        } else if name.eq_ignore_ascii_case(b"UTF8") && !value.eq_ignore_ascii_case(b"OFF") {
            say(cx.output, 200, "Names are UTF-8, always.");
        } else {
            say(cx.output, 501, "There is no such option.");
        }
    }

    /// How things stand; or, of a name, a listing without a data connection.
    pub(super) fn status(&mut self, argument: &[u8], cx: &mut Context<'_>) {
        if argument.is_empty() {
            let transfer = self.transfer.as_ref();
            let kind = if self.text { "ASCII" } else { "binary" };
            let lines = [
                format!("TYPE: {kind}; STRU: File; MODE: Stream"),
                transfer.map_or("No transfer is under way.".to_owned(), super::Transfer::status),
            ];
            return say_lines(cx.output, 211, "FTP server status:", lines, "End of status.");
        }
        let Some((entries, _)) = self.listed(argument, cx) else { return };
        let mut listing = Listing::new(entries, Style::Long { now: (self.settings.wall)() });
        let mut lines = client_server::Output::new();
        listing.write(&mut lines);
        let mut text = Vec::new();
        while let Some(client_server::output::Chunk::Bytes { bytes, .. }) = lines.front() {
            text.extend_from_slice(bytes);
            let count = bytes.len() as u64;
            lines.advance(count);
        }
        text.truncate(text[..text.len().min(MOST)].iter().rposition(|&b| b == b'\n').unwrap_or(0));
        let lines =
            text.split(|&byte| byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        let lines = lines.filter(|line| !line.is_empty());
        say_lines(cx.output, 213, "Status:", lines, "End of status.");
    }
}
