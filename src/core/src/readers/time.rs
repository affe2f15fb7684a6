//! Times as logs write them.

use chrono::NaiveDate;

use super::json::{Number, Text};
use super::{Category, Reject};
use crate::model::Timestamp;

const SECOND: i64 = 1_000_000;

/// Reads RFC 3339 and its relatives: `T` or a space between date and time, any number of decimals (what is finer than a
/// microsecond is cut), `Z`, an offset or nothing (UTC), and a date alone. Also the en-US form of portal exports.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let bytes = text.trim_ascii().as_bytes();
    if let [b'0'..=b'9', b'/', ..] | [b'0'..=b'9', b'0'..=b'9', b'/', ..] = bytes {
        return parse_en_us(text.trim_ascii());
    }
    let digits = |range: std::ops::Range<usize>| -> Option<u32> {
        let mut number = 0;
        for byte in bytes.get(range)? {
            number = number * 10 + u32::from(byte.checked_sub(b'0').filter(|digit| *digit < 10)?);
        }
        Some(number)
    };
    let byte = |at: usize| bytes.get(at).copied();
    if byte(4)? != b'-' || byte(7)? != b'-' {
        return None;
    }
    let date = NaiveDate::from_ymd_opt(digits(0..4)?.cast_signed(), digits(5..7)?, digits(8..10)?)?;
    let midnight = date.and_hms_opt(0, 0, 0)?.and_utc().timestamp();
    if bytes.len() == 10 {
        return Some(Timestamp(midnight * SECOND));
    }
    if !matches!(byte(10)?, b'T' | b't' | b' ') || byte(13)? != b':' {
        return None;
    }
    let (hour, minute) = (digits(11..13)?, digits(14..16)?);
    let mut at = 16;
    let mut second = 0;
    if byte(at) == Some(b':') {
        second = digits(17..19)?;
        at = 19;
    }
    // A leap second is read as the last instant of its minute, as databases do.
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let mut micros = 0i64;
    if matches!(byte(at), Some(b'.' | b',')) {
        at += 1;
        let start = at;
        while let Some(digit) = byte(at).and_then(|byte| byte.checked_sub(b'0')).filter(|digit| *digit < 10) {
            if at - start < 6 {
                micros = micros * 10 + i64::from(digit);
            }
            at += 1;
        }
        let decimals = at - start;
        if decimals == 0 {
            return None;
        }
        for _ in decimals..6 {
            micros *= 10;
        }
    }
    let offset = match bytes.get(at..)? {
        [] | [b'Z' | b'z'] | b" UTC" | b" Z" => 0,
        [sign @ (b'+' | b'-'), ..] => {
            let hours = digits(at + 1..at + 3)?;
            let minutes = match bytes.get(at + 3..)? {
                [] => 0,
                [b':', _, _] => digits(at + 4..at + 6)?,
                [_, _] => digits(at + 3..at + 5)?,
                _ => return None,
            };
            if hours > 15 || minutes > 59 {
                return None;
            }
            let offset = i64::from(hours * 3600 + minutes * 60);
            if *sign == b'-' { -offset } else { offset }
        }
        _ => return None,
    };
    let seconds = midnight + i64::from(hour * 3600 + minute * 60 + second.min(59)) - offset;
    Some(Timestamp(seconds * SECOND + micros))
}

/// Reads `2/11/2021, 2:16:10.555 AM`: month first, UTC, as the Azure portal exports times. The comma, the seconds and
/// their decimals may be missing; without AM or PM the clock has 24 hours.
fn parse_en_us(text: &str) -> Option<Timestamp> {
    let (date, clock) = match text.split_once([',', ' ']) {
        Some((date, clock)) => (date, clock.trim_ascii()),
        None => (text, ""),
    };
    let mut parts = date.split('/');
    let mut number = || parts.next()?.parse::<u32>().ok();
    let (month, day, year) = (number()?, number()?, number()?);
    if year < 1000 || parts.next().is_some() {
        return None;
    }
    let iso = format!("{year:04}-{month:02}-{day:02}");
    if clock.is_empty() {
        return parse(&iso);
    }
    let (clock, half) = match clock.split_once(char::is_whitespace) {
        Some((clock, half)) => (clock, half.trim_ascii()),
        None => (clock, ""),
    };
    let (half, offset) = match half.split_once(char::is_whitespace) {
        Some((half, offset)) => (half, offset.trim_ascii()),
        None if half.starts_with(['+', '-']) => ("", half),
        None => (half, ""),
    };
    let (hour, rest) = clock.split_once(':')?;
    let hour = match (hour.parse::<u32>().ok()?, half) {
        (hour @ 1..=12, half) if half.eq_ignore_ascii_case("AM") => hour % 12,
        (hour @ 1..=12, half) if half.eq_ignore_ascii_case("PM") => hour % 12 + 12,
        (hour, "") => hour,
        _ => return None,
    };
    parse(&format!("{iso}T{hour:02}:{rest}{offset}"))
}

/// Reads seconds or milliseconds since 1970, told apart by size: seconds reach the year 5138 before they look like
/// milliseconds, which themselves look like seconds only before 1973.
pub(super) fn from_epoch(number: f64) -> Option<Timestamp> {
    let micros = if number.abs() < 1e11 {
        number * 1e6
    } else if number.abs() < 1e14 {
        number * 1e3
    } else {
        number
    };
    (micros.abs() < 9e18).then_some(Timestamp(micros as i64))
}

/// The first of the texts that is present, as a time; present but unreadable is a reject.
pub(super) fn required(candidates: &[(&'static str, &Text<'_>)]) -> Result<Timestamp, Reject> {
    optional(candidates)?.ok_or_else(|| Reject::at(Category::MissingField, 0).in_column(candidates[0].0))
}

/// Like [`required`], but may be absent.
pub(super) fn optional(candidates: &[(&'static str, &Text<'_>)]) -> Result<Option<Timestamp>, Reject> {
    for (column, text) in candidates {
        if let Some(text) = text.as_str() {
            let time = parse(text).or_else(|| text.parse().ok().and_then(from_epoch));
            return time.map(Some).ok_or_else(|| Reject::at(Category::InvalidTimestamp, 0).in_column(*column));
        }
    }
    Ok(None)
}

/// Degrees within `limit`; beyond it is a reject.
pub(super) fn degrees(number: Number, limit: f64, column: &'static str) -> Result<Option<f64>, Reject> {
    match number.0 {
        Some(value) if value.abs() > limit => Err(Reject::at(Category::NumberOutOfRange, 0).in_column(column)),
        value => Ok(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(text: &str) -> Option<i64> {
        parse(text).map(|time| time.0)
    }

    #[test]
    fn every_spelling_of_one_instant() {
        let expected = Some(1_584_126_941_619_583);
        for text in [
            "2020-03-13T19:15:41.6195833Z",
            "2020-03-13 19:15:41.619583",
            "2020-03-13T19:15:41.619583+00:00",
            "2020-03-13T20:15:41.619583+01:00",
            "2020-03-13T14:45:41.619583-0430",
            "2020-03-13 19:15:41.619583 UTC",
        ] {
            assert_eq!(micros(text), expected, "{text}");
        }
        assert_eq!(micros("2020-03-13"), Some(1_584_057_600_000_000));
    }

    #[test]
    fn years_that_nanoseconds_cannot_hold() {
        assert_eq!(micros("1969-12-31T23:59:59.999999Z"), Some(-1));
        assert_eq!(micros("1601-01-01T00:00:00Z"), Some(-11_644_473_600_000_000));
        assert_eq!(micros("2263-01-01T00:00:00Z"), Some(9_246_182_400_000_000));
        assert_eq!(micros("9999-12-31T23:59:59Z"), Some(253_402_300_799_000_000));
    }

    #[test]
    fn what_is_no_time() {
        for text in [
            "",
            "2020",
            "2020-13-01",
            "2021-02-29",
            "2020-01-01T25:00:00Z",
            "yesterday",
            "2020-01-01T00:00:00.Z",
            "2020-01-01T00:00:00+99:00",
        ] {
            assert_eq!(micros(text), None, "{text}");
        }
    }

    #[test]
    fn portal_exports() {
        let expected = micros("2021-02-11T02:16:10.555Z");
        assert!(expected.is_some());
        assert_eq!(micros("2/11/2021, 2:16:10.555 AM"), expected);
        assert_eq!(micros("02/11/2021 02:16:10.555"), expected);
        assert_eq!(micros("2/10/2021, 7:52:30 PM"), micros("2021-02-10T19:52:30Z"));
        assert_eq!(micros("2/10/2021, 12:00:00 AM"), micros("2021-02-10"));
        assert_eq!(micros("2/10/2021, 12:30 PM"), micros("2021-02-10T12:30:00Z"));
        assert_eq!(micros("2/10/2021"), micros("2021-02-10"));
        assert_eq!(micros("1/9/2007 10:41:00 AM +01:00"), micros("2007-01-09T09:41:00Z"));
        for text in [
            "13/1/2021, 1:00:00 AM",
            "2/30/2021",
            "2/10/21",
            "2/10/2021, 13:00:00 PM",
            "2/10/2021, 0:00 AM",
            "1/2",
            "1/",
        ] {
            assert_eq!(micros(text), None, "{text}");
        }
    }

    #[test]
    fn epochs() {
        let expected = Some(Timestamp(1_597_671_838_000_000));
        assert_eq!(from_epoch(1_597_671_838.0), expected);
        assert_eq!(from_epoch(1_597_671_838_000.0), expected);
        assert_eq!(from_epoch(f64::MAX), None);
    }
}
