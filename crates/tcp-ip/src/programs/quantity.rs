//! Quantities on the command line: sizes, times, rates and shares, with their units.

use std::time::Duration;

/// `1500`, `64KB`, `4MiB`.
pub(crate) fn size(text: &str) -> Result<usize, String> {
    let wrong = || format!("`{text}` is no size such as 5000, 64KB or 4MiB");
    let units = [("KiB", 1 << 10), ("MiB", 1 << 20), ("KB", 1_000), ("MB", 1_000_000), ("", 1)];
    // A transfer is held in memory: a gigabyte is more than anybody wants to simulate.
    let octets = scaled(text, &units).filter(|octets| *octets <= 1e9).ok_or_else(wrong)?;
    whole(octets).and_then(|octets| usize::try_from(octets).ok()).ok_or_else(wrong)
}

/// `20ms`, `1.5s`, `100us`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let units = [("ms", 1e-3), ("us", 1e-6), ("s", 1.0)];
    scaled(text, &units)
        .filter(|seconds| *seconds <= 3_600.0)
        .map(Duration::from_secs_f64)
        .ok_or_else(|| format!("`{text}` is no duration such as 20ms, 100us or 1.5s"))
}

/// `10Mbit`, `64kbit`, `1Gbit`: bits a second.
pub(crate) fn rate(text: &str) -> Result<u64, String> {
    let units = [("kbit", 1e3), ("Mbit", 1e6), ("Gbit", 1e9)];
    scaled(text, &units)
        .filter(|bits| (1_000.0..=1e12).contains(bits))
        .and_then(whole)
        .ok_or_else(|| format!("`{text}` is no rate such as 64kbit, 10Mbit or 1Gbit"))
}

/// `10%`, `0.1`: a number from 0 to 1.
pub(crate) fn share(text: &str) -> Result<f64, String> {
    scaled(text, &[("%", 0.01), ("", 1.0)])
        .filter(|share| *share <= 1.0)
        .ok_or_else(|| format!("`{text}` is no share such as 10% or 0.1"))
}

/// Decimal, or hex after `0x`.
pub(crate) fn seed(text: &str) -> Result<u64, String> {
    let hex = text.strip_prefix("0x");
    hex.map_or_else(|| text.parse(), |hex| u64::from_str_radix(hex, 16))
        .map_err(|_| format!("`{text}` is no number such as 7 or 0x2a"))
}

/// The number before the first unit that fits, times that unit; none if it is not a number from 0
/// up.
fn scaled<T: Copy + Into<f64>>(text: &str, units: &[(&str, T)]) -> Option<f64> {
    let (number, factor) = units
        .iter()
        .find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, (*factor).into())))?;
    let number: f64 = number.trim().parse().ok()?;
    (number.is_finite() && number >= 0.0).then_some(number * factor)
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Just what is asked.
fn whole(number: f64) -> Option<u64> {
    (number.fract() == 0.0).then_some(number as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_have_units() {
        assert_eq!(["1500", "64KB", "4MiB"].map(size), [Ok(1_500), Ok(64_000), Ok(4 << 20)]);
        assert_eq!(duration("20ms"), Ok(Duration::from_millis(20)));
        assert_eq!(duration("1.5s"), Ok(Duration::from_millis(1_500)));
        assert_eq!(rate("10Mbit"), Ok(10_000_000));
        assert_eq!(["10%", "0.1"].map(share), [Ok(0.1), Ok(0.1)]);
        assert_eq!(["7", "0x2a"].map(seed), [Ok(7), Ok(42)]);
    }

    #[test]
    fn what_is_no_quantity_is_refused() {
        assert!(["", "x", "-1", "1.5", "NaN", "9999GB"].map(size).iter().all(Result::is_err));
        assert!(["20", "-1s", "infs", "9999s"].map(duration).iter().all(Result::is_err));
        assert!(["1.1", "101%", "-1%"].map(share).iter().all(Result::is_err));
        assert!(["10", "0Mbit"].map(rate).iter().all(Result::is_err));
    }
}
