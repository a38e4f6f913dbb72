//! Moments as FTP writes them: `YYYYMMDDhhmmss`, in UTC (RFC 3659 §2.3).

/// A second's date and time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The year, as it is counted.
    pub year: i64,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59: a file's time knows no leap seconds (time(7)).
    pub second: u8,
}

const DAY: i64 = 86_400;
/// Days of 400 years, after which the calendar repeats itself.
const ERA: i64 = 146_097;
/// From 1 March of the year 0 to 1 January 1970. Counted from March, the leap day is a year's last.
const EPOCH: i64 = 719_468;

impl Moment {
    /// The date of so many seconds since 1970 began.
    pub fn of(seconds: i64) -> Self {
        let (days, rest) = (seconds.div_euclid(DAY) + EPOCH, seconds.rem_euclid(DAY));
        let (era, day) = (days.div_euclid(ERA), days.rem_euclid(ERA));
        let year = (day - day / 1_460 + day / 36_524 - day / (ERA - 1)) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153; // From March: 153 days in five months.
        let small = |number: i64| u8::try_from(number).expect("less than 60");
        Self {
            year: year + era * 400 + i64::from(month >= 10),
            month: small(if month < 10 { month + 3 } else { month - 9 }),
            day: small(day - (153 * month + 2) / 5 + 1),
            hour: small(rest / 3_600),
            minute: small(rest / 60 % 60),
            second: small(rest % 60),
        }
    }

    /// Seconds since 1970 began.
    pub fn seconds(self) -> i64 {
        let (year, month) = (self.year - i64::from(self.month <= 2), i64::from(self.month));
        let (era, year) = (year.div_euclid(400), year.rem_euclid(400));
        let from_march = if month > 2 { month - 3 } else { month + 9 };
        let day = (153 * from_march + 2) / 5 + i64::from(self.day) - 1;
        let days = era * ERA + year * 365 + year / 4 - year / 100 + day - EPOCH;
        days * DAY
            + i64::from(self.hour) * 3_600
            + i64::from(self.minute) * 60
            + i64::from(self.second)
    }

    /// Reads `YYYYMMDDhhmmss`; a fraction of a second may follow, and is left out.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let text = str::from_utf8(text).ok()?;
        let (digits, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if digits.len() != 14 || !all_digits(digits) || fraction.is_empty() || !all_digits(fraction)
        {
            return None;
        }
        let number = |range: std::ops::Range<usize>| digits[range].parse::<u8>().ok();
        let moment = Self {
            year: digits[..4].parse().ok()?,
            month: number(4..6)?,
            day: number(6..8)?,
            hour: number(8..10)?,
            minute: number(10..12)?,
            second: number(12..14)?,
        };
        // A date that is none, as 31 February, comes back as another.
        (Self::of(moment.seconds()) == moment).then_some(moment)
    }
}

impl std::fmt::Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { year, month, day, hour, minute, second } = self;
        write!(f, "{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_date() {
        // `date -u -d @N +%Y%m%d%H%M%S`
        for (seconds, text) in [
            (0, "19700101000000"),
            (951_782_400, "20000229000000"),
            (1_709_251_199, "20240229235959"),
            (4_107_542_400, "21000301000000"),
            (-1, "19691231235959"),
        ] {
            assert_eq!(Moment::of(seconds).to_string(), text);
            assert_eq!(Moment::parse(text.as_bytes()).map(Moment::seconds), Some(seconds));
        }
        for seconds in (-100_000_000_000..100_000_000_000).step_by(1_234_567_891) {
            assert_eq!(Moment::of(seconds).seconds(), seconds);
        }
    }

    #[test]
    fn what_is_no_date_is_not_read() {
        assert!(Moment::parse(b"20240101000000.123").is_some());
        for text in [
            "",
            "2024010100000",
            "202401010000000",
            "20240230000000",
            "20241301000000",
            "20240101240000",
            "20240101006000",
            "20240101000060",
            "2024010100000x",
            "20240101000000.",
        ] {
            assert_eq!(Moment::parse(text.as_bytes()), None, "{text}");
        }
    }
}
