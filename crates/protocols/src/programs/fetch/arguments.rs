//! Values of `fetch`'s arguments.

use std::time::Duration;

use protocols::http::fields::{is_token, is_value};
use sockets::serving;

/// `NAME: VALUE`, of which nothing can break the request.
pub(super) fn field(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("a field is a name, a colon and a value")?;
    let value = value.trim_matches([' ', '\t']);
    if !is_token(name.as_bytes()) {
        return Err(format!("`{}` is no field's name", name.escape_debug()));
    }
    if !is_value(value.as_bytes()) {
        return Err("a field's value has no line ends and no control characters".to_owned());
    }
    Ok((name.to_owned(), value.to_owned()))
}

/// A token.
pub(super) fn method(text: &str) -> Result<String, String> {
    if is_token(text.as_bytes()) && text != "CONNECT" {
        return Ok(text.to_owned());
    }
    Err("a method is letters such as GET, and not CONNECT".to_owned())
}

/// `1000`, `10k`, `5M`, `2G`, and with `i` by 1,024; a `B` may follow.
pub(super) fn size(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is no size such as 1000, 10k, 5M or 2Gi");
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = unit.strip_suffix('B').unwrap_or(unit);
    let (letter, base) = match unit.strip_suffix('i') {
        Some(letter) => (letter, 1024_u64),
        None => (unit, 1000),
    };
    let power = match letter {
        "" if unit.is_empty() => 0,
        "k" | "K" => 1,
        "M" => 2,
        "G" => 3,
        "T" => 4,
        _ => return Err(wrong()),
    };
    let number: u64 = number.parse().map_err(|_| wrong())?;
    number.checked_mul(base.pow(power)).ok_or_else(wrong)
}

/// A wait with its unit, or seconds without one, as curl has them: `500ms`, `10s`, `2`, `0.5`.
pub(super) fn wait(text: &str) -> Result<Duration, String> {
    match text.parse::<f64>() {
        Ok(seconds) if seconds > 0.0 => {
            Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
        }
        Ok(_) => Err("a wait of zero is none".to_owned()),
        Err(_) => serving::duration(text).map_err(|error| error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        for (text, want) in
            [("0", 0), ("1000", 1000), ("10k", 10_000), ("5MB", 5_000_000), ("2Gi", 2 << 30)]
        {
            assert_eq!(size(text), Ok(want), "{text}");
        }
        for wrong in ["", "k", "1i", "-1", "1.5M", "1X", "99999999999T", "1 k"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn waits_have_units_or_are_seconds() {
        assert_eq!(wait("2"), Ok(Duration::from_secs(2)));
        assert_eq!(wait("0.25"), Ok(Duration::from_millis(250)));
        assert_eq!(wait("250ms"), Ok(Duration::from_millis(250)));
        for wrong in ["", "0", "-1", "NaN", "inf", "1e300", "1d"] {
            assert!(wait(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_field_cannot_bring_another() {
        assert_eq!(field("X-A:  one "), Ok(("X-A".to_owned(), "one".to_owned())));
        for wrong in ["X-A", "X A: one", ": one", "X-A: one\r\nX-B: two", "X-A: o\0ne", "X\r\n: y"]
        {
            assert!(field(wrong).is_err(), "{wrong:?}");
        }
    }
}
