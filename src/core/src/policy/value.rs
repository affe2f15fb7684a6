//! The values a policy is written with: dates, durations, words and sets of methods.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Offset, SecondsFormat, TimeDelta, TimeZone};
use chrono_tz::Tz;
use serde::de::{self, Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use toml::value::Datetime;

use super::error::did_you_mean;
use crate::model::Method;

/// Words that letter case does not tell apart, written as one string or a list of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Names(BTreeSet<String>);

impl Names {
    /// The words, lower case, sorted.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// One word.
    pub(super) fn one(word: &str) -> Self {
        Self(BTreeSet::from([word.to_ascii_lowercase()]))
    }

    /// Whether a word is among them.
    pub fn contains(&self, word: &str) -> bool {
        self.0.iter().any(|name| name.eq_ignore_ascii_case(word))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let words = one_or_many::<_, String>(deserializer)?;
        Ok(Self(words.into_iter().map(|word| word.to_ascii_lowercase()).collect()))
    }
}

/// Reads one string or a list of strings.
fn one_or_many<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct OneOrMany<T>(std::marker::PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for OneOrMany<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string or a list of strings")
        }

        fn visit_str<E: de::Error>(self, one: &str) -> Result<Vec<T>, E> {
            T::deserialize(de::value::StrDeserializer::new(one)).map(|one| vec![one])
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut many: A) -> Result<Vec<T>, A::Error> {
            let mut all = Vec::new();
            while let Some(one) = many.next_element()? {
                all.push(one);
            }
            Ok(all)
        }
    }

    deserializer.deserialize_any(OneOrMany(std::marker::PhantomData))
}

/// Reads a value with a notation of its own. It fails while the text is read, so that the error is placed at the text.
fn from_text<'de, D, T>(
    deserializer: D,
    expecting: &'static str,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
{
    struct FromText<F>(&'static str, F);

    impl<T, F: FnOnce(&str) -> Result<T, String>> Visitor<'_> for FromText<F> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
            self.1(text).map_err(E::custom)
        }
    }

    deserializer.deserialize_str(FromText(expecting, parse))
}

/// A set of methods: canonical names and `@references` to named sets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Methods {
    mask: u32,
    /// Names of sets that are not in the mask yet. Empty in a parsed policy.
    references: Vec<String>,
}

impl Methods {
    /// The methods as a mask of [`Method::bit`].
    pub fn mask(&self) -> u32 {
        self.mask
    }

    /// Names of the sets that are not in the mask yet.
    pub(super) fn references(&self) -> &[String] {
        &self.references
    }

    /// Puts the named sets into the mask; fails with the first that is unknown.
    pub(super) fn resolve(&mut self, set: impl Fn(&str) -> Option<u32>) -> Result<(), String> {
        for name in std::mem::take(&mut self.references) {
            match set(&name) {
                Some(mask) => self.mask |= mask,
                None => return Err(name),
            }
        }
        Ok(())
    }
}

impl From<u32> for Methods {
    fn from(mask: u32) -> Self {
        Self { mask, references: Vec::new() }
    }
}

enum Member {
    Method(Method),
    Reference(String),
}

impl<'de> Deserialize<'de> for Member {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, "a string", |name| {
            if let Some(reference) = name.strip_prefix('@') {
                return Ok(Self::Reference(reference.to_owned()));
            }
            Method::parse(name).map(Self::Method).ok_or_else(|| {
                // A provider's name of a method says which one is meant.
                let near = match Method::from_spelling(None, name) {
                    Some(method) if method != Method::Unknown => format!(", did you mean `{method}`?"),
                    _ => did_you_mean(name, Method::ALL.map(Method::as_str)),
                };
                format!("unknown method `{name}`{near}")
            })
        })
    }
}

impl<'de> Deserialize<'de> for Methods {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut methods = Self::default();
        for member in one_or_many::<_, Member>(deserializer)? {
            match member {
                Member::Method(method) => methods.mask |= method.bit(),
                Member::Reference(name) => methods.references.push(name),
            }
        }
        Ok(methods)
    }
}

impl Serialize for Methods {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let methods = Method::from_mask(self.mask).map(|method| method.as_str().to_owned());
        let references = self.references.iter().map(|name| format!("@{name}"));
        serializer.collect_seq(methods.chain(references).collect::<BTreeSet<_>>())
    }
}

/// An instant: a date (its midnight), a date and time, or one with an offset.
#[derive(Debug, Clone, Copy)]
pub struct Instant {
    written: Datetime,
    micros: i64,
}

impl Instant {
    /// Microseconds since 1970 in UTC.
    pub fn micros(self) -> i64 {
        self.micros
    }

    /// Finds out which instant it is in a zone; fails where there is none.
    pub(super) fn resolve(&mut self, zone: Tz) -> bool {
        let micros = instant(&self.written, zone);
        self.micros = micros.unwrap_or_default();
        micros.is_some()
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.written.fmt(f)
    }
}

impl PartialEq for Instant {
    fn eq(&self, other: &Self) -> bool {
        self.micros == other.micros
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InstantVisitor;

        impl<'de> Visitor<'de> for InstantVisitor {
            type Value = Datetime;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a date, or a date and time as RFC 3339 writes it")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Datetime, E> {
                text.parse().map_err(|_| E::custom(format!("`{text}` is not a date, or a date and time of RFC 3339")))
            }

            // TOML's own dates arrive as a map that only `Datetime` knows how to read.
            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Datetime, A::Error> {
                Datetime::deserialize(de::value::MapAccessDeserializer::new(map))
            }
        }

        let written = deserializer.deserialize_any(InstantVisitor)?;
        // Which instant it is depends on the zone of the document, which may come later.
        Ok(Self { written, micros: 0 })
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let instant = DateTime::from_timestamp_micros(self.micros)
            .ok_or_else(|| serde::ser::Error::custom("instant out of range"))?;
        serializer.collect_str(&instant.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

/// The instant of a written date, or nothing when the calendar has no such date.
fn instant(written: &Datetime, zone: Tz) -> Option<i64> {
    let date = written.date?;
    let date = NaiveDate::from_ymd_opt(date.year.into(), date.month.into(), date.day.into())?;
    let local = match written.time {
        None => date.and_hms_opt(0, 0, 0)?,
        Some(time) => date.and_hms_micro_opt(
            time.hour.into(),
            time.minute.into(),
            time.second.unwrap_or(0).into(),
            time.nanosecond.unwrap_or(0) / 1000,
        )?,
    };
    let utc = match written.offset {
        Some(toml::value::Offset::Z) => local,
        Some(toml::value::Offset::Custom { minutes }) => {
            local.checked_sub_signed(TimeDelta::minutes(minutes.into()))?
        }
        None => local_to_utc(local, zone)?,
    };
    Some(utc.and_utc().timestamp_micros())
}

/// The first instant at which clocks in the zone show a time; when they skip it, the instant they skip from plus what
/// of the gap the time is past.
fn local_to_utc(local: NaiveDateTime, zone: Tz) -> Option<NaiveDateTime> {
    if let Some(first) = zone.from_local_datetime(&local).earliest() {
        return Some(first.naive_utc());
    }
    // No zone skips more than a day, and none skips twice within two.
    let before = local.checked_sub_signed(TimeDelta::days(2))?;
    let offset = zone.offset_from_utc_datetime(&before).fix();
    local.checked_sub_offset(offset)
}

/// A length of time: ISO 8601 weeks, days, hours, minutes and seconds. A day has 24 hours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration(i64);

impl Duration {
    /// Its microseconds.
    pub fn micros(self) -> i64 {
        self.0
    }

    fn parse(text: &str) -> Option<Self> {
        let mut seconds = 0_i64;
        let mut rest = text.strip_prefix('P')?;
        let mut in_time = false;
        let mut last_unit = 0;
        if rest.is_empty() || rest.ends_with('T') {
            return None;
        }
        while !rest.is_empty() {
            if !in_time && let Some(time) = rest.strip_prefix('T') {
                (in_time, rest) = (true, time);
            }
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let number = rest[..digits].parse::<i64>().ok()?;
            // In the order they must come in; years and months have no fixed length.
            let (unit, length) = match (in_time, rest.as_bytes().get(digits)?) {
                (false, b'W') => (1, 7 * 86_400),
                (false, b'D') => (2, 86_400),
                (true, b'H') => (3, 3600),
                (true, b'M') => (4, 60),
                (true, b'S') => (5, 1),
                _ => return None,
            };
            if unit <= last_unit {
                return None;
            }
            last_unit = unit;
            seconds = seconds.checked_add(number.checked_mul(length)?)?;
            rest = &rest[digits + 1..];
        }
        // A thousand years: sums with any instant of the calendar stay in range.
        (seconds <= 365_250 * 86_400).then_some(Self(seconds * 1_000_000))
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0 / 1_000_000;
        let (days, seconds) = (seconds / 86_400, seconds % 86_400);
        f.write_str("P")?;
        if days > 0 || seconds == 0 {
            write!(f, "{days}D")?;
        }
        if seconds > 0 {
            f.write_str("T")?;
        }
        for (value, unit) in [(seconds / 3600, 'H'), (seconds / 60 % 60, 'M'), (seconds % 60, 'S')] {
            if value > 0 {
                write!(f, "{value}{unit}")?;
            }
        }
        Ok(())
    }
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, "a duration as a string", |text| {
            Self::parse(text).ok_or_else(|| {
                format!("`{text}` is not an ISO 8601 duration of weeks, days, hours, minutes and seconds")
            })
        })
    }
}

/// An instant of a person's own calendar: `enforcement` or `deadline`, moved by a duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// What it counts from.
    pub anchor: Anchor,
    /// Microseconds from there, before or after.
    pub offset: i64,
}

/// What a [`Moment`] counts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// The first enforcement on the person: the wave's, or the creation of a later account.
    Enforcement,
    /// The end of the person's grace.
    Deadline,
}

impl Moment {
    fn parse(text: &str) -> Option<Self> {
        let (anchor, rest) = if let Some(rest) = text.strip_prefix("enforcement") {
            (Anchor::Enforcement, rest)
        } else {
            (Anchor::Deadline, text.strip_prefix("deadline")?)
        };
        let offset = if rest.is_empty() {
            0
        } else if let Some(duration) = rest.strip_prefix('+') {
            Duration::parse(duration)?.micros()
        } else {
            -Duration::parse(rest.strip_prefix('-')?)?.micros()
        };
        Some(Self { anchor, offset })
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.anchor {
            Anchor::Enforcement => "enforcement",
            Anchor::Deadline => "deadline",
        })?;
        let duration = Duration(self.offset.abs());
        match self.offset {
            0 => Ok(()),
            1.. => write!(f, "+{duration}"),
            _ => write!(f, "-{duration}"),
        }
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, "a string", |text| {
            Self::parse(text)
                .ok_or_else(|| format!("`{text}` is not `enforcement` or `deadline`, with `+` or `-` and a duration"))
        })
    }
}

/// A time zone by its name in the tz database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone(pub Tz);

impl Default for Zone {
    fn default() -> Self {
        Self(Tz::UTC)
    }
}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.name())
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, "a string", |name| {
            name.parse().map(Self).map_err(|_| format!("unknown time zone `{name}`"))
        })
    }
}

/// A table. A derived `Deserialize` alone also takes a list for a struct, and an empty list for a condition that everyone
/// fulfils.
struct Table<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Table<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TableVisitor<T>(std::marker::PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for TableVisitor<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table")
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(de::value::MapAccessDeserializer::new(map))
            }
        }

        deserializer.deserialize_map(TableVisitor(std::marker::PhantomData)).map(Self)
    }
}

/// Reads a table.
pub(super) fn table<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Table::deserialize(deserializer).map(|Table(table)| table)
}

/// Reads a table that may be missing.
pub(super) fn optional_table<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::<Table<T>>::deserialize(deserializer)?.map(|Table(table)| table))
}

/// Reads a list of tables.
pub(super) fn tables<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    Ok(Vec::<Table<T>>::deserialize(deserializer)?.into_iter().map(|Table(table)| table).collect())
}

/// Reads a list of tables that may be missing.
pub(super) fn optional_tables<'de, D, T>(deserializer: D) -> Result<Option<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let tables = Option::<Vec<Table<T>>>::deserialize(deserializer)?;
    Ok(tables.map(|tables| tables.into_iter().map(|Table(table)| table).collect()))
}

/// Reads a map in which no name comes twice: of two, one would be lost in silence.
pub(super) fn unique_names<'de, D, T>(deserializer: D) -> Result<BTreeMap<String, T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct UniqueNames<T>(std::marker::PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for UniqueNames<T> {
        type Value = BTreeMap<String, T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a map")
        }

        fn visit_map<A: de::MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
            let mut map = BTreeMap::new();
            while let Some(name) = entries.next_key::<String>()? {
                if map.contains_key(&name) {
                    return Err(de::Error::custom(format!("duplicate field `{name}`")));
                }
                map.insert(name, entries.next_value()?);
            }
            Ok(map)
        }
    }

    deserializer.deserialize_map(UniqueNames(std::marker::PhantomData))
}

/// Microseconds of an RFC 3339 instant, for tests.
#[cfg(test)]
pub(super) fn micros(text: &str) -> i64 {
    instant(&text.parse().unwrap(), Tz::UTC).unwrap()
}

/// RFC 3339 of microseconds, for tests.
#[cfg(test)]
pub(super) fn rfc3339(micros: i64) -> String {
    DateTime::from_timestamp_micros(micros).unwrap().to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_meant_in_the_zone_of_the_document() {
        let at = |zone: &str, written: &str| instant(&written.parse().ok()?, zone.parse().unwrap()).map(rfc3339);
        assert_eq!(at("UTC", "2028-02-29").unwrap(), "2028-02-29T00:00:00Z");
        assert_eq!(at("UTC", "2027-02-29"), None);
        assert_eq!(at("Europe/Berlin", "2026-10-25").unwrap(), "2026-10-24T22:00:00Z");
        assert_eq!(at("Europe/Berlin", "2026-10-26").unwrap(), "2026-10-25T23:00:00Z");
        // The hour that comes twice is meant the first time, the one that is skipped from where it is skipped.
        assert_eq!(at("Europe/Berlin", "2026-10-25T02:30:00").unwrap(), "2026-10-25T00:30:00Z");
        assert_eq!(at("Europe/Berlin", "2026-03-29T02:00:00").unwrap(), "2026-03-29T01:00:00Z");
        // Midnight that does not exist.
        assert_eq!(at("Africa/Cairo", "2026-04-24").unwrap(), "2026-04-23T22:00:00Z");
        // A day that does not exist.
        assert_eq!(at("Pacific/Apia", "2011-12-30").unwrap(), "2011-12-30T10:00:00Z");
        assert_eq!(at("Europe/Berlin", "2026-10-25T02:30:00+05:30").unwrap(), "2026-10-24T21:00:00Z");
        assert_eq!(at("UTC", "2026-01-01T00:00:00.1234567Z").unwrap(), "2026-01-01T00:00:00.123456Z");
    }

    #[test]
    fn durations() {
        let hour = 3_600_000_000;
        for (text, micros, normal) in [
            ("P1D", 24 * hour, "P1D"),
            ("PT24H", 24 * hour, "P1D"),
            ("P1W", 168 * hour, "P7D"),
            ("P1DT1H", 25 * hour, "P1DT1H"),
            ("PT90M", hour * 3 / 2, "PT1H30M"),
            ("PT0S", 0, "P0D"),
            ("PT3601S", hour + 1_000_000, "PT1H1S"),
        ] {
            let duration = Duration::parse(text).unwrap();
            assert_eq!((duration.micros(), duration.to_string().as_str()), (micros, normal));
        }
        for text in [
            "",
            "P",
            "PT",
            "P1",
            "1D",
            "P1M",
            "P1Y",
            "PT1D",
            "P1H",
            "P1DT",
            "P-1D",
            "-P1D",
            "P1.5D",
            "PT1M1H",
            "P1D1D",
            "p1d",
            "P1D ",
            "P99999999999999999999D",
            "P9999999D",
            "P\u{e9}",
        ] {
            assert_eq!(Duration::parse(text), None, "{text}");
        }
    }

    #[test]
    fn moments() {
        let moment = |text: &str| Moment::parse(text).map(|m| serde_json::to_value(m).unwrap());
        assert_eq!(moment("deadline-P1W").unwrap(), "deadline-P7D");
        assert_eq!(moment("enforcement+PT36H").unwrap(), "enforcement+P1DT12H");
        assert_eq!(moment("deadline+P0D").unwrap(), "deadline");
        for text in ["", "deadline+", "deadlineP1D", "deadline*P1D", "deadline\u{e9}", "start"] {
            assert_eq!(moment(text), None, "{text}");
        }
    }
}
