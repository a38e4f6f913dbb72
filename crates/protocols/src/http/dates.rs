//! Dates, RFC 9110 §5.6.7: one form that is sent, and three that are understood.
//!
//! ```text
//!   Sun, 06 Nov 1994 08:49:37 GMT     IMF-fixdate: the only one to send
//!   Sunday, 06-Nov-94 08:49:37 GMT    RFC 850, with two digits of a year
//!   Sun Nov  6 08:49:37 1994          asctime() of C
//! ```
//!
//! A moment is a number of seconds since 1970 began, in UTC and without leap seconds (time(7)).

use std::cell::Cell;
use std::time::{SystemTime, UNIX_EPOCH};

const DAY: u64 = 86_400;
const WEEKDAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The second that a time of the system's lies in; 0 for what was before 1970.
pub fn second(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// A moment as it is sent: `Sun, 06 Nov 1994 08:49:37 GMT`. After the year 9999, its last second.
pub fn imf_fixdate(second: u64) -> [u8; 29] {
    thread_local! {
        /// The last one that this thread has asked for: mostly it is asked for again at once.
        static LAST: Cell<(u64, [u8; 29])> = const { Cell::new((u64::MAX, [0; 29])) };
    }
    let (last, text) = LAST.get();
    if last == second {
        return text;
    }
    let text = written(second.min(LAST_SECOND));
    LAST.set((second, text));
    text
}

/// 31 Dec 9999, 23:59:59: four digits hold no later year.
const LAST_SECOND: u64 = 253_402_300_799;

fn written(second: u64) -> [u8; 29] {
    let mut text = *b"Sun, 06 Nov 1994 08:49:37 GMT";
    let (days, rest) = (second / DAY, second % DAY);
    let (year, month, day) = date(days);
    // 1 Jan 1970 was a Thursday.
    text[..3].copy_from_slice(&WEEKDAYS[index((days + 3) % 7)].as_bytes()[..3]);
    text[8..11].copy_from_slice(MONTHS[index(month - 1)].as_bytes());
    for (at, number) in [
        (5, day),
        (12, year / 100),
        (14, year % 100),
        (17, rest / 3600),
        (20, rest / 60 % 60),
        (23, rest % 60),
    ] {
        let digits = index(number);
        text[at] = DIGITS[digits / 10];
        text[at + 1] = DIGITS[digits % 10];
    }
    text
}

const DIGITS: &[u8; 10] = b"0123456789";

/// Small by construction.
fn index(number: u64) -> usize {
    usize::try_from(number).expect("a number below a hundred")
}

/// Year, month and day of a day since 1970 began. A year that begins in March has its leap day at
/// its end, so that months have the same lengths in each; 400 of them have 146,097 days.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468; // Since 1 March of the year 0.
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153; // 0: March.
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year_of_era + next, month, day)
}

/// The day since 1970 began; `None` before, and for a day that its month does not have.
fn day_number(year: u64, month: u64, day: u64) -> Option<u64> {
    let (march_year, march_month) =
        if month > 2 { (year, month - 3) } else { (year.checked_sub(1)?, month + 9) };
    let (era, year_of_era) = (march_year / 400, march_year % 400);
    let day_of_year = (153 * march_month + 2) / 5 + day.checked_sub(1)?;
    let day_of_era = 365 * year_of_era + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let number = (era * 146_097 + day_of_era).checked_sub(719_468)?;
    (date(number) == (year, month, day)).then_some(number)
}

/// Reads a date in any of the three forms; `None`: it is none, and the field that has it is to be
/// ignored. `now` tells which century two digits mean: none of them is more than fifty years ahead.
pub fn parse(text: &[u8], now: u64) -> Option<u64> {
    let text = str::from_utf8(text).ok()?;
    if let Some((weekday, rest)) = text.split_once(", ") {
        let (date, time) = rest.strip_suffix(" GMT")?.rsplit_once(' ')?;
        if let Some((day, month_and_year)) = date.split_once(' ') {
            let (month, year) = month_and_year.split_once(' ')?;
            short_weekday(weekday)?;
            return moment(digits(year, 4)?, month, digits(day, 2)?, time);
        }
        WEEKDAYS.iter().find(|name| **name == weekday)?;
        let mut parts = date.split('-');
        let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        return moment(with_century(digits(year, 2)?, now), month, digits(day, 2)?, time);
    }
    let mut parts = text.splitn(3, ' ');
    let (weekday, month, rest) = (parts.next()?, parts.next()?, parts.next()?);
    short_weekday(weekday)?;
    let (day, time_and_year) = rest.split_at_checked(2)?;
    let (time, year) = time_and_year.strip_prefix(' ')?.split_once(' ')?;
    // asctime() pads the day with a space.
    let day = day.strip_prefix(' ').map_or_else(|| digits(day, 2), |day| digits(day, 1))?;
    moment(digits(year, 4)?, month, day, time)
}

fn short_weekday(name: &str) -> Option<()> {
    WEEKDAYS.iter().any(|weekday| weekday[..3] == *name).then_some(())
}

fn moment(year: u64, month: &str, day: u64, time: &str) -> Option<u64> {
    let month = MONTHS.iter().position(|name| *name == month)? as u64 + 1;
    let mut parts = time.split(':');
    let mut part = |most| digits(parts.next()?, 2).filter(|part| *part <= most);
    // A leap second, 60, is understood, and is the next minute's first.
    let (hour, minute, second) = (part(23)?, part(59)?, part(60)?);
    if parts.next().is_some() {
        return None;
    }
    Some(day_number(year, month, day)? * DAY + hour * 3600 + minute * 60 + second)
}

/// RFC 9110 §5.6.7: of two digits that seem to be more than 50 years ahead, the last year in the past.
fn with_century(digits: u64, now: u64) -> u64 {
    let this = date(now / DAY).0;
    let year = this - this % 100 + digits;
    if year > this + 50 {
        year - 100
    } else if year + 50 < this {
        year + 100
    } else {
        year
    }
}

/// Exactly so many digits.
fn digits(text: &str, count: usize) -> Option<u64> {
    (text.len() == count && text.bytes().all(|octet| octet.is_ascii_digit()))
        .then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOV_1994: u64 = 784_111_777;
    const NOV_2026: u64 = 1_795_366_000;

    #[test]
    fn a_moment_is_written_and_read() {
        assert_eq!(&imf_fixdate(0), b"Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(&imf_fixdate(NOV_1994), b"Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(&imf_fixdate(951_782_400), b"Tue, 29 Feb 2000 00:00:00 GMT");
        assert_eq!(&imf_fixdate(u64::MAX), b"Fri, 31 Dec 9999 23:59:59 GMT");
        let mut second = 1;
        while second < LAST_SECOND {
            assert_eq!(parse(&imf_fixdate(second), NOV_2026), Some(second));
            second += 10_000_019; // Some four months.
        }
    }

    #[test]
    fn the_three_forms_are_one_moment() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "Sun Nov 06 08:49:37 1994",
        ] {
            assert_eq!(parse(text.as_bytes(), NOV_2026), Some(NOV_1994), "{text}");
        }
    }

    #[test]
    fn two_digits_are_at_most_fifty_years_ahead() {
        let year = |digits: &str| {
            let text = format!("Sunday, 06-Nov-{digits} 08:49:37 GMT");
            date(parse(text.as_bytes(), NOV_2026).expect("a date") / DAY).0
        };
        assert_eq!(["26", "76", "77", "99", "00"].map(year), [2026, 2076, 1977, 1999, 2000]);
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "0",
            "yesterday",
            "Sun, 06 Nov 1994 08:49:37",
            "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 31 Feb 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:61 GMT",
            "Sun, 6 Nov 1994 08:49:37 GMT",
            "Sun, 06 nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 94 08:49:37 GMT",
            "Sun, 06-Nov-94 08:49:37 GMT",
            "Sun, 06 Nov 1900 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994 GMT",
            "Sun Nov \u{e9} 08:49:37 1994",
        ] {
            assert_eq!(parse(text.as_bytes(), NOV_2026), None, "{text}");
        }
    }
}
