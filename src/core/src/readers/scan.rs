//! A JSON scanner that skips faster than it parses.
//!
//! It is a serde `Deserializer` over text that is already known to be UTF-8, for records of which a reader wants little:
//! what is mapped is parsed, and checked; what is not is passed over by matching brackets and quotes, 64 bytes at a
//! time. Strings without escapes are borrowed. It recurses only where a shape does, and its errors say where, never what.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;
use wide::u8x16;

use super::brackets::{self, Depth, Followed};
use super::{Category, Reject};

/// Brackets a record may nest. The deepest log we know of nests nine.
pub(super) const MAX_DEPTH: usize = 128;

/// A newtype struct of this name is given the text of a value, not the value.
pub(super) const RAW: &str = "mfa::Raw";

/// A struct of this name is a key. Its one field is the key that is expected, in its quotes; when that is the key, the
/// visitor is given nothing.
pub(super) const KEY: &str = "mfa::Key";

/// Marks the messages of our own visitors, which can only speak through `serde::de::Error::custom`.
pub(super) const MARK: &str = "mfa:";

/// Why and where scanning stopped.
#[derive(Debug)]
pub(super) struct Stop(pub(super) Reject);

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.category.explain())
    }
}

impl std::error::Error for Stop {}

impl serde::de::Error for Stop {
    fn custom<T: fmt::Display>(message: T) -> Self {
        // Cold: only when a record is refused.
        let message = message.to_string();
        let ours = message.strip_prefix(MARK).unwrap_or_default();
        Self(match ours.strip_prefix("duplicate:").and_then(|key| key.split_once(';')) {
            Some((key, _)) => Reject::at(Category::DuplicateKey, 0).in_column(key.to_owned()),
            None if ours.starts_with("range") => Reject::at(Category::NumberOutOfRange, 0),
            None if ours.starts_with("deep") => Reject::at(Category::TooDeep, 0),
            None => Reject::at(Category::Syntax, 0),
        })
    }
}

/// Parses the one value that `text` is.
pub(super) fn from_str<'a, T: serde::Deserialize<'a>>(text: &'a str) -> Result<T, Reject> {
    let mut scanner = Scanner { text, at: 0, depth: 0 };
    let value = T::deserialize(&mut scanner).and_then(|value| match scanner.peek() {
        None => Ok(value),
        Some(_) => Err(scanner.stop(Category::Syntax)),
    });
    value.map_err(|Stop(mut reject)| {
        // Our own visitors do not know where they are; the scanner does.
        if reject.offset == 0 {
            reject.offset = scanner.at.min(text.len());
        }
        reject
    })
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

/// A string as it stands between its quotes, and whether it holds escapes.
struct Quoted<'a> {
    raw: &'a str,
    escaped: bool,
}

impl<'a> Scanner<'a> {
    #[inline]
    fn bytes(&self) -> &'a [u8] {
        self.text.as_bytes()
    }

    #[cold]
    fn stop(&self, category: Category) -> Stop {
        Stop(Reject::at(category, self.at))
    }

    /// Nothing more when something must come is a cut; anything else in its place is a wrong syntax.
    #[cold]
    fn unexpected(&self) -> Stop {
        self.stop(if self.at >= self.text.len() { Category::Truncated } else { Category::Syntax })
    }

    /// The next byte that is not white space.
    #[inline]
    fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = *self.bytes().get(self.at)?;
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    #[inline]
    fn expect(&mut self, byte: u8) -> Result<(), Stop> {
        if self.peek() == Some(byte) {
            self.at += 1;
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    /// A string, from its opening quote to behind its closing one.
    #[inline]
    fn quoted(&mut self) -> Result<Quoted<'a>, Stop> {
        let start = self.at + 1;
        match string_end(self.bytes(), start) {
            Some((end, escaped)) => {
                self.at = end;
                Ok(Quoted { raw: &self.text[start..end - 1], escaped })
            }
            None => {
                self.at = self.text.len();
                Err(self.stop(Category::Truncated))
            }
        }
    }

    #[inline]
    fn string<V: Visitor<'a>>(&mut self, visitor: V) -> Result<V::Value, Stop> {
        let quoted = self.quoted()?;
        if quoted.escaped {
            match unescape(quoted.raw) {
                Some(text) => visitor.visit_str(&text),
                None => Err(self.stop(Category::Syntax)),
            }
        } else {
            visitor.visit_borrowed_str(quoted.raw)
        }
    }

    fn number<V: Visitor<'a>>(&mut self, visitor: V) -> Result<V::Value, Stop> {
        let start = self.at;
        self.skip_number();
        let text = &self.text[start..self.at];
        if let Ok(whole) = text.parse::<i64>() {
            return if has_leading_zero(text) { Err(self.stop(Category::Syntax)) } else { visitor.visit_i64(whole) };
        }
        if let Ok(whole) = text.parse::<u64>()
            && !text.starts_with('+')
            && !has_leading_zero(text)
        {
            return visitor.visit_u64(whole);
        }
        // JSON has no `1.`, no `.5` and no `1e`; a number that the end of the record cuts is cut, not wrong.
        let ends_well = text.as_bytes().last().is_some_and(u8::is_ascii_digit);
        if !ends_well || has_leading_zero(text) || text.contains("-.") || text.contains(".e") || text.contains(".E") {
            return Err(self.unexpected());
        }
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() => visitor.visit_f64(value),
            Ok(_) => Err(self.stop(Category::NumberOutOfRange)),
            Err(_) => Err(self.stop(Category::Syntax)),
        }
    }

    fn word(&mut self, word: &str) -> Result<(), Stop> {
        let rest = &self.bytes()[self.at..];
        if rest.starts_with(word.as_bytes()) {
            self.at += word.len();
            return Ok(());
        }
        if word.as_bytes().starts_with(rest) {
            self.at = self.text.len();
        }
        Err(self.unexpected())
    }

    fn enter(&mut self) -> Result<(), Stop> {
        self.at += 1;
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err(self.stop(Category::TooDeep)) } else { Ok(()) }
    }

    /// Passes over the characters a number is made of.
    fn skip_number(&mut self) {
        let is_part = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        self.at += self.bytes()[self.at..].iter().take_while(is_part).count();
    }

    /// Passes over a value.
    #[inline]
    fn skip(&mut self) -> Result<(), Stop> {
        match self.peek() {
            Some(b'"') => self.quoted().map(drop),
            Some(b'{' | b'[') => self.skip_nested(),
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            Some(b'n') => self.word("null"),
            Some(b'-' | b'0'..=b'9') => {
                self.skip_number();
                Ok(())
            }
            _ => Err(self.unexpected()),
        }
    }

    /// Passes over an object or an array by its brackets.
    fn skip_nested(&mut self) -> Result<(), Stop> {
        let bytes = self.bytes();
        let limit = MAX_DEPTH - self.depth;
        if limit > 0 && matches!(bytes.get(self.at + 1), Some(b']' | b'}')) {
            // Most lists of a log are empty.
            self.at += 2;
            return Ok(());
        }
        let (at, stopped) = match brackets::follow(bytes, self.at, Depth { now: 0, end: 0, limit }) {
            Followed::Closed(at) => {
                self.at = at;
                return Ok(());
            }
            Followed::TooDeep(at) => (at, Category::TooDeep),
            Followed::Open { .. } => (bytes.len(), Category::Truncated),
        };
        self.at = at;
        Err(self.stop(stopped))
    }
}

/// Where a string ends, behind its closing quote, and whether it holds escapes; `from` is behind its opening quote.
#[inline(always)]
fn string_end(bytes: &[u8], from: usize) -> Option<(usize, bool)> {
    let (mut at, mut escaped) = (from, false);
    loop {
        let end = quote_or_backslash(bytes, at)?;
        if bytes[end] == b'"' {
            return Some((end + 1, escaped));
        }
        escaped = true;
        at = end + 2;
    }
}

fn has_leading_zero(number: &str) -> bool {
    let digits = number.strip_prefix('-').unwrap_or(number).as_bytes();
    digits.len() > 1 && digits[0] == b'0' && digits[1].is_ascii_digit()
}

/// Where the next quote or backslash is. Most strings of a log end within a few words, which a call would cost more than.
#[inline(always)]
fn quote_or_backslash(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while let Some(part) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        let part = u8x16::new(*part);
        let found = (part.simd_eq(u8x16::splat(b'"')) | part.simd_eq(u8x16::splat(b'\\'))).to_bitmask();
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize);
        }
        at += 16;
    }
    bytes.get(at..)?.iter().position(|byte| matches!(byte, b'"' | b'\\')).map(|length| at + length)
}

/// The text that an escaped string stands for.
#[cold]
fn unescape(raw: &str) -> Option<Cow<'_, str>> {
    serde_json::from_str(&format!("\"{raw}\"")).ok().map(Cow::Owned)
}

impl<'de> Deserializer<'de> for &mut Scanner<'de> {
    type Error = Stop;

    #[inline]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        match self.peek() {
            Some(b'"') => self.string(visitor),
            Some(b'{') => {
                self.enter()?;
                let value = visitor.visit_map(Members { scanner: self, first: true })?;
                self.depth -= 1;
                Ok(value)
            }
            Some(b'[') => {
                self.enter()?;
                let value = visitor.visit_seq(Members { scanner: self, first: true })?;
                self.depth -= 1;
                Ok(value)
            }
            Some(b'n') => self.word("null").and_then(|()| visitor.visit_unit()),
            Some(b't') => self.word("true").and_then(|()| visitor.visit_bool(true)),
            Some(b'f') => self.word("false").and_then(|()| visitor.visit_bool(false)),
            Some(b'-' | b'0'..=b'9') => self.number(visitor),
            _ => Err(self.unexpected()),
        }
    }

    #[inline]
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        self.skip()?;
        visitor.visit_unit()
    }

    #[inline]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        if self.peek() == Some(b'n') {
            self.word("null")?;
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Stop> {
        if name != RAW {
            return visitor.visit_newtype_struct(self);
        }
        self.peek();
        let start = self.at;
        self.skip()?;
        visitor.visit_borrowed_str(&self.text[start..self.at])
    }

    #[inline]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        if name == KEY
            && let [expected] = fields
            && self.bytes()[self.at..].starts_with(expected.as_bytes())
        {
            self.at += expected.len();
            return visitor.visit_unit();
        }
        self.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map enum identifier
    }
}

/// The members of an object or an array.
struct Members<'s, 'de> {
    scanner: &'s mut Scanner<'de>,
    first: bool,
}

impl Members<'_, '_> {
    /// Moves to the next member; false when the closing bracket came instead.
    #[inline]
    fn advance(&mut self, close: u8) -> Result<bool, Stop> {
        match self.scanner.peek() {
            Some(byte) if byte == close => {
                self.scanner.at += 1;
                Ok(false)
            }
            Some(b',') if !self.first => {
                self.scanner.at += 1;
                // A comma is followed by a member.
                match self.scanner.peek() {
                    Some(b']' | b'}') | None => Err(self.scanner.unexpected()),
                    Some(_) => Ok(true),
                }
            }
            Some(_) if self.first => {
                self.first = false;
                Ok(true)
            }
            _ => Err(self.scanner.unexpected()),
        }
    }
}

impl<'de> MapAccess<'de> for Members<'_, 'de> {
    type Error = Stop;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Stop> {
        if !self.advance(b'}')? {
            return Ok(None);
        }
        if self.scanner.peek() != Some(b'"') {
            return Err(self.scanner.unexpected());
        }
        let key = seed.deserialize(&mut *self.scanner)?;
        self.scanner.expect(b':')?;
        Ok(Some(key))
    }

    #[inline]
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Stop> {
        seed.deserialize(&mut *self.scanner)
    }
}

impl<'de> SeqAccess<'de> for Members<'_, 'de> {
    type Error = Stop;

    #[inline]
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Stop> {
        if self.advance(b']')? { seed.deserialize(&mut *self.scanner).map(Some) } else { Ok(None) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What serde_json makes of the same text.
    fn agrees(text: &str) {
        let ours: Result<serde_json::Value, _> = from_str(text);
        let theirs: Result<serde_json::Value, _> = serde_json::from_str(text);
        match (ours, theirs) {
            (Ok(ours), Ok(theirs)) => assert_eq!(ours, theirs, "{text}"),
            (Err(_), Err(_)) => {}
            (ours, theirs) => panic!("{text}: {ours:?} but {theirs:?}"),
        }
    }

    #[test]
    fn agrees_with_a_strict_parser_on_what_it_parses() {
        for text in [
            r#"{"a":1,"b":[true,false,null],"c":{"d":"e"}}"#,
            r#" [ ] "#,
            r#"{"":"","é":"ü","\u0041":"\ud83d\ude00 \n \" \\ \/"}"#,
            r#"[0,-0.0,-1,1.5,1e3,1E-3,-2.5e+2,9223372036854775807,-9223372036854775808,18446744073709551615]"#,
            r#"{"a":1,}"#,
            r#"[1,]"#,
            r#"[,1]"#,
            r#"{"a" 1}"#,
            r#"{"a":1 "b":2}"#,
            r#"{a:1}"#,
            r#"{"a":}"#,
            "[01]",
            "[1.]",
            "[.5]",
            "[1e]",
            "[-]",
            "[+1]",
            "[1.e3]",
            "[-.5]",
            "[tru]",
            "[nul",
            "[1",
            "{",
            "[",
            "\"",
            "\"abc",
            "",
            r#""\q""#,
            r#""\ud800""#,
            r#""\u12""#,
            "[1]]",
            "[1} ",
            "{\"a\":1]",
            "NaN",
            "[1e400]",
        ] {
            agrees(text);
        }
    }

    #[test]
    fn strings_of_every_length_and_escapes_at_every_place() {
        for length in 0..80 {
            for escape in 0..=length {
                let mut text = "x".repeat(length);
                text.insert_str(escape, "\\\"");
                agrees(&format!("[\"{text}\",\"{}\"]", "é".repeat(length)));
            }
        }
    }

    #[test]
    fn skips_what_is_not_asked_for() {
        for value in ["1", "-1.5e3", "\"a]}\\\"\"", "true", "null", "[]", "{}", r#"[{"a":"]"},[[]],"\\"]"#] {
            let text = format!(r#"[{value},{value}]"#);
            let skipped: Result<Vec<serde::de::IgnoredAny>, _> = from_str(&text);
            assert_eq!(skipped.map(|list| list.len()), Ok(2), "{text}");
        }
    }

    /// What skipping is meant to do, byte by byte: where it ends, or why and where it stops.
    fn skipped_slowly(bytes: &[u8]) -> Result<usize, (Category, usize)> {
        let (mut at, mut depth) = (0, 0);
        while at < bytes.len() {
            at += 1;
            match bytes[at - 1] {
                b'"' => loop {
                    at += 1;
                    match bytes.get(at - 1) {
                        Some(b'"') => break,
                        Some(b'\\') => at += 1,
                        Some(_) => {}
                        None => return Err((Category::Truncated, bytes.len())),
                    }
                },
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            match depth {
                0 => return Ok(at),
                1..=MAX_DEPTH => {}
                _ => return Err((Category::TooDeep, at - 1)),
            }
        }
        Err((Category::Truncated, bytes.len()))
    }

    proptest::proptest! {
        #[test]
        fn skips_whatever_stands_between_brackets(
            text in r#"[\[{](["\\\[\]{}:,é]|x{1,70}|\[{1,60}|\]{1,60}|"(\\"|[x\]]){0,40}"){0,60}"#,
        ) {
            let mut scanner = Scanner { text: &text, at: 0, depth: 0 };
            let skipped = scanner.skip().map(|()| scanner.at).map_err(|Stop(reject)| (reject.category, reject.offset));
            proptest::prop_assert_eq!(skipped, skipped_slowly(text.as_bytes()));
        }
    }

    #[test]
    fn where_it_stops() {
        let stop = |text: &str| from_str::<serde_json::Value>(text).map_err(|reject| (reject.category, reject.offset));
        assert_eq!(stop(r#"{"a":tru"#), Err((Category::Truncated, 8)));
        assert_eq!(stop(r#"{"a":1"#), Err((Category::Truncated, 6)));
        assert_eq!(stop(r#"{"a" 1}"#), Err((Category::Syntax, 5)));
        assert_eq!(stop("[1e999]"), Err((Category::NumberOutOfRange, 6)));
        let deep = "[".repeat(10_000);
        assert_eq!(stop(&deep), Err((Category::TooDeep, MAX_DEPTH + 1)));
        let skipped = from_str::<Vec<serde::de::IgnoredAny>>(&deep);
        assert!(matches!(skipped, Err(Reject { category: Category::TooDeep, .. })));
    }
}
