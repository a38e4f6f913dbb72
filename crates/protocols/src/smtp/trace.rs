//! The header fields that a server puts before a message: where it came through, and for whom.
//!
//! ```text
//! Return-Path: <ada@x.example>                            RFC 5321 §4.4, at the final delivery
//! Delivered-To: bob@y.example                             RFC 9228, one for each recipient
//! Received: from client.example ([192.0.2.1])             RFC 5321 §4.4: each server adds one on top,
//!  by mail.example with ESMTP id m7; Sun, 22 Nov 2026 17:00:00 +0000     so that the way can be read upwards
//! ```

use std::fmt;
use std::net::IpAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::address::Path;

/// What a server knows of a message.
#[derive(Debug)]
pub struct Trace<'a> {
    /// Who sent it.
    pub sender: &'a Path,
    /// Whom it is for.
    pub recipients: &'a [Path],
    /// What the client called itself, and where it was: see [`origin`].
    pub origin: &'a str,
    /// The server's name.
    pub server: &'a str,
    /// `SMTP`, `ESMTP` or `UTF8SMTP`.
    pub with: &'a str,
    /// The message's name there.
    pub id: &'a str,
    /// The time of day, as [`Date`] writes it.
    pub date: &'a str,
}

impl Trace<'_> {
    /// Appends the fields, each ended with LF. All is text by now, so that a message costs no formatting.
    pub fn write(&self, text: &mut String) {
        let mut line = |pieces: &[&str]| {
            pieces.iter().for_each(|piece| text.push_str(piece));
            text.push('\n');
        };
        line(&["Return-Path: <", self.sender.as_str(), ">"]);
        for recipient in self.recipients {
            line(&["Delivered-To: ", recipient.as_str()]);
        }
        line(&["Received: from ", self.origin]);
        line(&[" by ", self.server, " with ", self.with, " id ", self.id, "; ", self.date]);
    }
}

/// What a `Received:` field says of a client: its name for itself, and its address; it has none over a
/// Unix-domain socket.
pub fn origin(name: &str, address: Option<IpAddr>) -> String {
    match address.map(|address| address.to_canonical()) {
        Some(IpAddr::V4(address)) => format!("{name} ([{address}])"),
        Some(IpAddr::V6(address)) => format!("{name} ([IPv6:{address}])"),
        None => name.to_owned(),
    }
}

/// A date and time as header fields have them, in UTC (RFC 5322 §3.3): `Sun, 22 Nov 2026 17:00:00 +0000`.
#[derive(Debug, Clone, Copy)]
pub struct Date(pub SystemTime);

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
        const MONTHS: [&str; 12] =
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let seconds = since_epoch(self.0).as_secs();
        let (days, second) = (seconds / 86_400, seconds % 86_400);
        let weekday = DAYS[usize::try_from(days % 7).unwrap_or_default()];
        let (year, month, day) = civil(days);
        write!(f, "{weekday}, {day} {} {year:04} ", MONTHS[month])?;
        write!(f, "{:02}:{:02}:{:02} +0000", second / 3600, second / 60 % 60, second % 60)
    }
}

/// A [`Date`] as text, written anew when the second is over: thousands of messages may come within one.
#[derive(Debug, Default)]
pub(super) struct DateText {
    second: u64,
    /// Empty before the first.
    text: String,
}

impl DateText {
    /// The text for `now`.
    pub(super) fn at(&mut self, now: SystemTime) -> &str {
        let second = since_epoch(now).as_secs();
        if self.text.is_empty() || self.second != second {
            (self.second, self.text) = (second, Date(now).to_string());
        }
        &self.text
    }
}

/// Since 1970. A clock that stands before that is taken for 1970.
pub(super) fn since_epoch(time: SystemTime) -> Duration {
    time.duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Year, month from 0, day from 1, of so many days after 1970-01-01.
///
/// Counted in years that begin in March, so that a leap day is a year's last; 400 of them have 146,097 days.
fn civil(days: u64) -> (u64, usize, u64) {
    let days = days + 719_468; // From 0000-03-01 to 1970-01-01.
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = (from_march + 2) % 12;
    let year = 400 * era + year_of_era + u64::from(from_march >= 10);
    (year, usize::try_from(month).unwrap_or_default(), day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        for (second, date) in [
            (0, "Thu, 1 Jan 1970 00:00:00 +0000"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 +0000"),
            (1_709_251_199, "Thu, 29 Feb 2024 23:59:59 +0000"),
            (1_795_366_800, "Sun, 22 Nov 2026 17:00:00 +0000"),
            (4_107_542_400, "Mon, 1 Mar 2100 00:00:00 +0000"),
        ] {
            assert_eq!(Date(UNIX_EPOCH + Duration::from_secs(second)).to_string(), date);
        }
    }

    #[test]
    fn a_date_is_written_anew_each_second() {
        let mut date = DateText::default();
        for millis in [0, 1_000, 1_999, 2_000, 1_000] {
            let now = UNIX_EPOCH + Duration::from_millis(millis);
            assert_eq!(date.at(now), Date(now).to_string());
        }
    }

    #[test]
    fn origins() {
        assert_eq!(origin("x", None), "x");
        assert_eq!(origin("x", Some(IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]))), "x ([IPv6:::1])");
        let mapped = "::ffff:192.0.2.1".parse().expect("an address");
        assert_eq!(origin("x", Some(mapped)), "x ([192.0.2.1])");
    }

    #[test]
    fn a_trace_is_a_header() {
        let trace = Trace {
            sender: &Path::Null,
            recipients: &[Path::Postmaster],
            origin: &origin("x", Some(IpAddr::from([127, 0, 0, 1]))),
            server: "localhost",
            with: "ESMTP",
            id: "m1",
            date: &Date(UNIX_EPOCH).to_string(),
        };
        let mut text = String::new();
        trace.write(&mut text);
        assert_eq!(
            text,
            "Return-Path: <>\nDelivered-To: postmaster\nReceived: from x ([127.0.0.1])\n \
             by localhost with ESMTP id m1; Thu, 1 Jan 1970 00:00:00 +0000\n"
        );
    }
}
