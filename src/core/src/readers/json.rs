//! What the JSON readers share: shapes that pick fields out of a record, and the lenient values in them.
//!
//! Providers, and the tools that export their logs, disagree on the case of keys, on `"true"` or `true`, on `7` or `"7"`,
//! and nest JSON inside strings. A shape names the keys it wants, case-insensitively and with every known alias; all else
//! is skipped without being built. A mapped key that occurs twice makes a record ambiguous, hence a reject; two aliases
//! of one field do not, and the first that is not null wins.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU16, Ordering};

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::scan::{self, MARK};
use super::{Category, Reject};

/// Envelopes within envelopes that are opened. A shape that holds itself takes stack for every level.
const MAX_NESTED: usize = 3;

/// Parses one record, an object, into a shape.
pub(super) fn parse<'a, T: Deserialize<'a>>(record: &'a [u8]) -> Result<T, Reject> {
    match record.trim_ascii_start().first() {
        Some(b'{') => parse_any(record),
        _ => Err(Reject::at(Category::NotAnObject, 0)),
    }
}

/// Parses JSON found inside a record.
pub(super) fn parse_any<'a, T: Deserialize<'a>>(record: &'a [u8]) -> Result<T, Reject> {
    let Ok(text) = simdutf8::basic::from_utf8(record) else {
        let valid = std::str::from_utf8(record).map_or_else(|e| e.valid_up_to(), str::len);
        return Err(Reject::at(Category::InvalidUtf8, valid));
    };
    scan::from_str(text)
}

/// Carries a reject of JSON inside a string through the parser. The record itself is complete, so a string that ends early
/// is one with a wrong syntax.
#[cold]
pub(super) fn embedded<E: serde::de::Error>(reject: Reject) -> E {
    match (reject.category, reject.column) {
        (Category::DuplicateKey, Some(key)) => E::custom(format_args!("{MARK}duplicate:{key};")),
        (Category::NumberOutOfRange, _) => E::custom(format_args!("{MARK}range")),
        (Category::TooDeep, _) => E::custom(format_args!("{MARK}deep")),
        _ => E::custom(format_args!("{MARK}syntax")),
    }
}

/// The keys of a shape: spelling, and the field it fills.
pub(super) type Keys = &'static [(&'static str, u8)];

/// Keys a shape may have.
const MOST_KEYS: usize = 128;

/// A hash table over the keys of a shape, built by the compiler. Looking up a key costs two loads, a multiplication and a
/// comparison of words, for the keys that are mapped and for the many more that are not.
pub(super) struct KeyTable {
    keys: Keys,
    /// The keys in quotes.
    quoted: &'static [&'static str],
    slots: [u8; SLOTS],
    prints: [Print; MOST_KEYS],
    /// For each key, and for the beginning, what followed it last time: a key, and how many that are not mapped before it.
    /// It is only a guess, which any thread may spoil for any other.
    followers: [AtomicU16; MOST_KEYS + 1],
}

const EMPTY: u8 = u8::MAX;

/// Many more than keys, so that a key that is not mapped almost always meets an empty one.
const SLOTS: usize = 1024;

/// The first and the last eight bytes of a key, and its length. They overlap in a short key and cover one of up to sixteen
/// bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Print {
    first: u64,
    last: u64,
    length: usize,
}

/// The bit that tells the cases of a letter apart. Folding it also makes some other characters alike, so it decides where
/// to look, not what is equal.
const CASE: u64 = 0x2020_2020_2020_2020;

impl Print {
    #[inline]
    const fn new(key: &[u8]) -> Self {
        let length = key.len();
        let (first, last) = if length >= 8 {
            (word(key, 0), word(key, length - 8))
        } else if length >= 4 {
            (half(key, 0), half(key, length - 4))
        } else if length > 0 {
            (key[0] as u64, (key[length / 2] as u64) << 8 | key[length - 1] as u64)
        } else {
            (0, 0)
        };
        Self { first, last, length }
    }

    #[inline]
    const fn slot(self) -> usize {
        let (first, last) = (self.first | CASE, self.last | CASE);
        ((first ^ last.rotate_left(29) ^ self.length as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 54) as usize
    }
}

const fn word(key: &[u8], at: usize) -> u64 {
    match key.split_at(at).1.first_chunk() {
        Some(bytes) => u64::from_le_bytes(*bytes),
        None => 0,
    }
}

const fn half(key: &[u8], at: usize) -> u64 {
    match key.split_at(at).1.first_chunk() {
        Some(bytes) => u32::from_le_bytes(*bytes) as u64,
        None => 0,
    }
}

impl KeyTable {
    pub(super) const fn new(keys: Keys, quoted: &'static [&'static str]) -> Self {
        assert!(keys.len() <= MOST_KEYS, "a shape has at most 128 keys");
        let mut table = Self {
            keys,
            quoted,
            slots: [EMPTY; SLOTS],
            prints: [Print { first: 0, last: 0, length: 0 }; MOST_KEYS],
            followers: [const { AtomicU16::new(0) }; MOST_KEYS + 1],
        };
        let mut index = 0;
        while index < keys.len() {
            let print = Print::new(keys[index].0.as_bytes());
            table.prints[index] = print;
            let mut slot = print.slot();
            while table.slots[slot] != EMPTY {
                slot = (slot + 1) % SLOTS;
            }
            table.slots[slot] = index as u8;
            index += 1;
        }
        table
    }

    /// The index of `key` in the list of keys.
    #[inline]
    fn find(&self, key: &str) -> Option<usize> {
        let print = Print::new(key.as_bytes());
        let mut slot = print.slot();
        loop {
            let index = self.slots[slot];
            if index == EMPTY {
                return None;
            }
            let index = usize::from(index);
            let known = self.keys[index].0;
            if self.prints[index] == print && (key.len() <= 16 || known == key) || known.eq_ignore_ascii_case(key) {
                return Some(index);
            }
            slot = (slot + 1) % SLOTS;
        }
    }
}

/// The mapped keys of an object, one after the other.
///
/// Records of a log list their keys in the same order. The key that came next in the record before is looked for first,
/// which costs a comparison where finding its end and looking it up costs several.
pub(super) struct MappedKeys {
    table: &'static KeyTable,
    seen: u128,
    /// The key before.
    last: usize,
}

impl MappedKeys {
    pub(super) fn new(table: &'static KeyTable) -> Self {
        Self { table, seen: 0, last: MOST_KEYS }
    }

    /// The index of the next key and the field that it fills. The values of keys that are not mapped are skipped.
    #[inline]
    pub(super) fn next<'de, A: MapAccess<'de>>(&mut self, map: &mut A) -> Result<Option<u8>, A::Error> {
        let follower = &self.table.followers[self.last];
        let guess = follower.load(Ordering::Relaxed);
        let [guessed_key, guessed_skips] = guess.to_le_bytes();
        let mut skips = 0u8;
        loop {
            let guess_now = (skips == guessed_skips).then_some(usize::from(guessed_key));
            let Some(key) = map.next_key_seed(KeySeed { table: self.table, guess: guess_now })? else {
                return Ok(None);
            };
            let Some(key) = key else {
                skips = skips.saturating_add(1);
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let found = u16::from_le_bytes([key as u8, skips]);
            if found != guess {
                follower.store(found, Ordering::Relaxed);
            }
            let (name, field) = self.table.keys[key];
            if self.seen >> key & 1 == 1 {
                return Err(duplicate(name));
            }
            self.seen |= 1 << key;
            self.last = key;
            return Ok(Some(field));
        }
    }
}

/// Reads a key as its index in the shape, without keeping it.
struct KeySeed {
    table: &'static KeyTable,
    guess: Option<usize>,
}

impl<'de> serde::de::DeserializeSeed<'de> for KeySeed {
    type Value = Option<usize>;
    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let guess = self.guess.and_then(|guess| self.table.quoted.get(guess..=guess)).unwrap_or_default();
        deserializer.deserialize_struct(scan::KEY, guess, self)
    }
}

impl Visitor<'_> for KeySeed {
    type Value = Option<usize>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }
    #[inline]
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(self.guess)
    }
    #[inline]
    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.table.find(key))
    }
}

/// A value of a shape.
pub(super) trait Slot {
    /// Whether a later alias may fill it.
    fn is_unset(&self) -> bool;
}

/// Declares what a reader picks out of a JSON object: `field: Type = "key" | "alias"`.
macro_rules! shape {
    ($(#[$meta:meta])* $vis:vis struct $name:ident<'a> { $($(#[$fm:meta])* $field:ident: $type:ty = $($key:literal)|+,)* }) => {
        $(#[$meta])*
        #[derive(Default, Debug, Clone)]
        $vis struct $name<'a> {
            $($(#[$fm])* pub(super) $field: $type,)*
            _borrowed: std::marker::PhantomData<&'a str>,
        }

        const _: () = {
            use $crate::readers::json::{IntoOwned, KeyTable, Keys, MappedKeys, Slot};
            #[expect(non_camel_case_types, reason = "variants are named after the fields")]
            #[derive(Clone, Copy)]
            enum Name { $($field),* }
            const NAMES: &[Name] = &[$(Name::$field),*];
            const KEYS: Keys = &[$($(($key, Name::$field as u8)),+),*];
            const QUOTED: &[&str] = &[$($(concat!("\"", $key, "\"")),+),*];
            static TABLE: KeyTable = KeyTable::new(KEYS, QUOTED);

            impl<'de: 'a, 'a> serde::de::Deserialize<'de> for $name<'a> {
                fn deserialize<D: serde::de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    deserializer.deserialize_any($crate::readers::json::ShapeVisitor::<Self>(std::marker::PhantomData))
                }
            }

            impl<'de: 'a, 'a> $crate::readers::json::Shape<'de> for $name<'a> {
                fn from_map<A: serde::de::MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
                    let mut shape = Self::default();
                    let mut keys = MappedKeys::new(&TABLE);
                    while let Some(field) = keys.next(&mut map)? {
                        match NAMES[usize::from(field)] {
                            $(Name::$field => {
                                let value: $type = map.next_value()?;
                                if shape.$field.is_unset() {
                                    shape.$field = value;
                                }
                            })*
                        }
                    }
                    Ok(shape)
                }
                fn from_text(text: &str) -> Result<Self, $crate::readers::Reject> {
                    let shape: $name<'_> = $crate::readers::json::parse_any(text.as_bytes())?;
                    Ok(shape.into_owned())
                }
            }

            impl<'de: 'a, 'a> $crate::readers::json::Element<'de> for $name<'a> {
                fn list_from_text(text: &str) -> Result<Option<Vec<Self>>, $crate::readers::Reject> {
                    if !$crate::readers::json::looks_like_json(text) {
                        return Ok(None);
                    }
                    let list: $crate::readers::json::Many<$name<'_>> = $crate::readers::json::parse_any(text.as_bytes())?;
                    Ok(IntoOwned::into_owned(list).0)
                }
            }

            impl IntoOwned for $name<'_> {
                type Owned = $name<'static>;
                fn into_owned(self) -> $name<'static> {
                    $name { $($field: self.$field.into_owned(),)* _borrowed: std::marker::PhantomData }
                }
            }

            impl Slot for $name<'_> {
                fn is_unset(&self) -> bool {
                    true $(&& self.$field.is_unset())*
                }
            }
        };
    };
}
pub(super) use shape;

/// A shape, filled from an object.
pub(super) trait Shape<'de>: Default {
    fn from_map<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error>;
    fn from_text(text: &str) -> Result<Self, Reject>;
}

#[cold]
fn duplicate<E: serde::de::Error>(key: &'static str) -> E {
    E::custom(format_args!("{MARK}duplicate:{key};"))
}

/// Fills a shape from an object, or from one in a string; anything else leaves it empty.
pub(super) struct ShapeVisitor<T>(pub(super) PhantomData<T>);

macro_rules! nothing_else {
    ($default:expr; $($method:ident: $type:ty),*) => {
        $(fn $method<E>(self, _: $type) -> Result<Self::Value, E> {
            Ok($default)
        })*
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok($default)
        }
        fn visit_none<E>(self) -> Result<Self::Value, E> {
            Ok($default)
        }
    };
}

pub(super) use nothing_else;

fn skip_seq<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<(), A::Error> {
    while seq.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

fn skip_map<'de, A: MapAccess<'de>>(mut map: A) -> Result<(), A::Error> {
    while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}

impl<'de, T: Shape<'de>> Visitor<'de> for ShapeVisitor<T> {
    type Value = T;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::from_map(map)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<T, A::Error> {
        skip_seq(seq).map(|()| T::default())
    }
    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        if !looks_like_json(text) {
            return Ok(T::default());
        }
        T::from_text(text).map_err(embedded)
    }
    nothing_else!(T::default(); visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64);
}

/// Text, a number or a boolean, as text. Null, an empty string, an object and an array are nothing.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Text<'a>(pub(super) Option<Cow<'a, str>>);

impl<'a> Text<'a> {
    pub(super) fn as_str(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// Whether the text equals `other`, whatever the case.
    pub(super) fn is(&self, other: &str) -> bool {
        self.as_str().is_some_and(|text| text.eq_ignore_ascii_case(other))
    }

    pub(super) fn take(&mut self) -> Option<Cow<'a, str>> {
        self.0.take()
    }

    /// `true`, `"True"`, `1`, `"yes"`, and their opposites.
    pub(super) fn as_bool(&self) -> Option<bool> {
        let text = self.as_str()?;
        if ["true", "yes", "1"].iter().any(|word| text.eq_ignore_ascii_case(word)) {
            Some(true)
        } else if ["false", "no", "0"].iter().any(|word| text.eq_ignore_ascii_case(word)) {
            Some(false)
        } else {
            None
        }
    }
}

impl Slot for Text<'_> {
    fn is_unset(&self) -> bool {
        self.0.is_none()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text((!text.is_empty()).then_some(Cow::Borrowed(text))))
            }
            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text((!text.is_empty()).then(|| Cow::Owned(text.to_owned()))))
            }
            fn visit_bool<E>(self, value: bool) -> Result<Text<'de>, E> {
                Ok(Text(Some(Cow::Borrowed(if value { "true" } else { "false" }))))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Text<'de>, E> {
                Ok(Text(Some(Cow::Owned(value.to_string()))))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Text<'de>, E> {
                Ok(Text(Some(if value == 0 { Cow::Borrowed("0") } else { Cow::Owned(value.to_string()) })))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Text<'de>, E> {
                Ok(Text(Some(Cow::Owned(value.to_string()))))
            }
            fn visit_unit<E>(self) -> Result<Text<'de>, E> {
                Ok(Text(None))
            }
            fn visit_none<E>(self) -> Result<Text<'de>, E> {
                Ok(Text(None))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Text<'de>, A::Error> {
                skip_seq(seq).map(|()| Text(None))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Text<'de>, A::Error> {
                skip_map(map).map(|()| Text(None))
            }
        }
        deserializer.deserialize_any(TextVisitor)
    }
}

/// Whether a key is there and not null; its value is skipped.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Present(pub(super) bool);

impl Slot for Present {
    fn is_unset(&self) -> bool {
        !self.0
    }
}

impl IntoOwned for Present {
    type Owned = Self;
    fn into_owned(self) -> Self {
        self
    }
}

impl<'de> Deserialize<'de> for Present {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<IgnoredAny>::deserialize(deserializer).map(|value| Self(value.is_some()))
    }
}

/// The text of a value that is parsed later, if at all. Null is nothing.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Raw<'a>(pub(super) Option<Cow<'a, str>>);

impl Slot for Raw<'_> {
    fn is_unset(&self) -> bool {
        self.0.is_none()
    }
}

impl IntoOwned for Raw<'_> {
    type Owned = Raw<'static>;
    fn into_owned(self) -> Raw<'static> {
        Raw(self.0.map(|text| Cow::Owned(text.into_owned())))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Raw<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RawVisitor;
        impl<'de> Visitor<'de> for RawVisitor {
            type Value = Raw<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Raw<'de>, E> {
                Ok(Raw((text != "null").then_some(Cow::Borrowed(text))))
            }
        }
        deserializer.deserialize_newtype_struct(scan::RAW, RawVisitor)
    }
}

/// A number, or a string that holds one.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(super) struct Number(pub(super) Option<f64>);

impl Number {
    /// The number when it is whole.
    pub(super) fn as_i64(self) -> Option<i64> {
        // Exact up to 2^53; error codes, system numbers and epoch times are far below.
        self.0.filter(|value| value.fract() == 0.0 && value.abs() < 9e15).map(|value| value as i64)
    }
}

impl Slot for Number {
    fn is_unset(&self) -> bool {
        self.0.is_none()
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberVisitor;
        impl<'de> Visitor<'de> for NumberVisitor {
            type Value = Number;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }
            fn visit_bool<E>(self, _: bool) -> Result<Number, E> {
                Ok(Number(None))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Number, E> {
                Ok(Number(Some(value as f64)))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Number, E> {
                Ok(Number(Some(value as f64)))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Number, E> {
                Ok(Number(Some(value)))
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Number, E> {
                match text.trim().parse::<f64>() {
                    Ok(value) if value.is_finite() => Ok(Number(Some(value))),
                    Ok(_) if text.bytes().any(|byte| byte.is_ascii_digit()) => {
                        Err(E::custom(format_args!("{MARK}range")))
                    }
                    _ => Ok(Number(None)),
                }
            }
            fn visit_unit<E>(self) -> Result<Number, E> {
                Ok(Number(None))
            }
            fn visit_none<E>(self) -> Result<Number, E> {
                Ok(Number(None))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Number, A::Error> {
                skip_seq(seq).map(|()| Number(None))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Number, A::Error> {
                skip_map(map).map(|()| Number(None))
            }
        }
        deserializer.deserialize_any(NumberVisitor)
    }
}

/// An array of values; a single object is an array of one. `None` is absent or null, which is not the same as empty.
///
/// Exports also write the array as JSON inside a string; it is read all the same.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Many<T>(pub(super) Option<Vec<T>>);

impl<T> Default for Many<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Slot for Many<T> {
    fn is_unset(&self) -> bool {
        self.0.is_none()
    }
}

impl<T> Many<T> {
    /// The values; none when absent.
    pub(super) fn iter(&self) -> std::slice::Iter<'_, T> {
        self.0.as_deref().unwrap_or_default().iter()
    }
}

struct ManyVisitor<T>(PhantomData<T>);

impl<'de, T: Element<'de>> Visitor<'de> for ManyVisitor<T> {
    type Value = Many<T>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        // Most lists of a log are empty, and cost nothing so.
        let mut list = Vec::new();
        while let Some(value) = seq.next_element()? {
            list.push(value);
        }
        Ok(Many(Some(list)))
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(serde::de::value::MapAccessDeserializer::new(map)).map(|value| Many(Some(vec![value])))
    }
    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
        T::list_from_text(text).map(Many).map_err(embedded)
    }
    nothing_else!(Many(None); visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64);
}

impl<'de, T: Element<'de>> Deserialize<'de> for Many<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ManyVisitor(PhantomData))
    }
}

/// What [`Many`] can hold: it can also be read from a list in a string that does not outlive the parser.
pub(super) trait Element<'de>: Deserialize<'de> {
    /// The list in `text`; `None` when it is not JSON of a list at all.
    fn list_from_text(text: &str) -> Result<Option<Vec<Self>>, Reject>;
}

impl<'de> Element<'de> for Text<'de> {
    fn list_from_text(text: &str) -> Result<Option<Vec<Self>>, Reject> {
        if !looks_like_json(text) {
            // A list of one, or of several with commas between them.
            let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
            return Ok(Some(words.map(|word| Text(Some(Cow::Owned(word.to_owned())))).collect()));
        }
        let list: Vec<Text<'_>> = parse_any(text.as_bytes())?;
        Ok(Some(list.into_iter().map(IntoOwned::into_owned).collect()))
    }
}

pub(super) fn looks_like_json(text: &str) -> bool {
    text.trim_start().starts_with(['[', '{'])
}

/// The same value without borrows.
pub(super) trait IntoOwned {
    type Owned;
    fn into_owned(self) -> Self::Owned;
}

impl IntoOwned for Text<'_> {
    type Owned = Text<'static>;
    fn into_owned(self) -> Text<'static> {
        Text(self.0.map(|text| Cow::Owned(text.into_owned())))
    }
}

impl IntoOwned for Number {
    type Owned = Self;
    fn into_owned(self) -> Self {
        self
    }
}

impl<T: IntoOwned> IntoOwned for Many<T> {
    type Owned = Many<T::Owned>;
    fn into_owned(self) -> Self::Owned {
        Many(self.0.map(|list| list.into_iter().map(T::into_owned).collect()))
    }
}

impl<T: IntoOwned> IntoOwned for Nested<T> {
    type Owned = Nested<T::Owned>;
    fn into_owned(self) -> Self::Owned {
        Nested(self.0.map(|value| Box::new(value.into_owned())))
    }
}

/// An object that may be absent, kept on the heap so that a shape can hold itself.
#[derive(Debug, Clone)]
pub(super) struct Nested<T>(pub(super) Option<Box<T>>);

impl<T> Default for Nested<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Slot for Nested<T> {
    fn is_unset(&self) -> bool {
        self.0.is_none()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Nested<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// Levels of `Nested` that are being read. Counted outside, since nothing can be passed down to a value.
        struct Level;
        thread_local!(static LEVELS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) });
        impl Drop for Level {
            fn drop(&mut self) {
                LEVELS.set(LEVELS.get() - 1);
            }
        }
        LEVELS.set(LEVELS.get() + 1);
        let _level = Level;
        if LEVELS.get() > MAX_NESTED {
            return IgnoredAny::deserialize(deserializer).map(|_| Self(None));
        }
        Option::<T>::deserialize(deserializer).map(|value| Self(value.map(Box::new)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    shape! {
        struct Outer<'a> {
            name: Text<'a> = "name" | "title",
            size: Number = "size",
            words: Many<Text<'a>> = "words",
            inner: Inner<'a> = "inner",
            inners: Many<Inner<'a>> = "inners",
            outer: Nested<Outer<'a>> = "outer",
        }
    }

    shape! {
        struct Inner<'a> {
            id: Text<'a> = "id",
        }
    }

    fn read(text: &str) -> Result<Outer<'_>, Reject> {
        parse(text.as_bytes())
    }

    fn category(text: &str) -> Result<(), Category> {
        read(text).map(|_| ()).map_err(|reject| reject.category)
    }

    #[test]
    fn keys_in_any_case_and_by_any_alias() {
        for text in
            [r#"{"name":"x"}"#, r#"{"NAME":"x"}"#, r#"{"Title":"x"}"#, r#"{"n\u0061me":"x"}"#, "{\"name\"\n:\t\"x\"}"]
        {
            assert_eq!(read(text).expect("reads").name.as_str(), Some("x"), "{text}");
        }
        // Two names of one field are no contradiction; the first that says something wins.
        for (text, expected) in [
            (r#"{"name":"x","title":"y"}"#, Some("x")),
            (r#"{"title":"y","name":"x"}"#, Some("y")),
            (r#"{"name":null,"title":"y"}"#, Some("y")),
            (r#"{"name":"","title":"y"}"#, Some("y")),
            (r#"{"names":"x","":"y","other":{"name":"z"}}"#, None),
        ] {
            assert_eq!(read(text).expect("reads").name.as_str(), expected, "{text}");
        }
    }

    #[test]
    fn a_mapped_key_that_occurs_twice_is_ambiguous() {
        let reject = read(r#"{"name":"x","Name":"y"}"#).expect_err("is ambiguous");
        assert_eq!((reject.category, reject.column.as_deref()), (Category::DuplicateKey, Some("name")));
        assert!(reject.offset > 0);
        assert_eq!(category(r#"{"inner":{"id":1,"id":2}}"#), Err(Category::DuplicateKey));
        assert_eq!(category(r#"{"name":null,"name":null}"#), Err(Category::DuplicateKey));
        // What is not mapped is not looked at.
        assert_eq!(category(r#"{"other":1,"other":2,"inner":{"x":1,"x":2}}"#), Ok(()));
    }

    #[test]
    fn values_of_another_type() {
        let outer =
            read(r#"{"name":7,"size":"12","words":"a, b","inner":[1,{"id":2}],"inners":{"id":3},"outer":"text"}"#);
        let outer = outer.expect("reads");
        assert_eq!((outer.name.as_str(), outer.size.as_i64()), (Some("7"), Some(12)));
        assert_eq!(outer.words.iter().filter_map(Text::as_str).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!((outer.inner.id.as_str(), outer.inners.iter().count()), (None, 1));
        let outer =
            read(r#"{"name":{"x":[1]},"size":[],"words":null,"inner":true,"inners":5,"outer":null}"#).expect("reads");
        assert!(outer.is_unset());
        let outer = read(r#"{"name":false,"size":"big","words":[],"inners":[]}"#).expect("reads");
        assert_eq!((outer.name.as_str(), outer.name.as_bool()), (Some("false"), Some(false)));
        assert_eq!(
            (outer.size.0, outer.words.0, outer.inners.0.map(|list| list.len())),
            (None, Some(Vec::new()), Some(0))
        );
    }

    #[test]
    fn json_in_strings() {
        let outer =
            read(r#"{"inner":"{\"id\":\"\u0041\\n\"}","inners":"[{\"id\":1},{\"id\":2}]","words":"[\"a\",\"b,c\"]"}"#);
        let outer = outer.expect("reads");
        assert_eq!(outer.inner.id.as_str(), Some("A\n"));
        assert_eq!(outer.inners.iter().filter_map(|inner| inner.id.as_str()).collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(outer.words.iter().filter_map(Text::as_str).collect::<Vec<_>>(), ["a", "b,c"]);
        let outer = read(r#"{"inner":"NO","inners":"none"}"#).expect("reads");
        assert!(outer.is_unset());
        assert_eq!(category(r#"{"inner":"{\"id\":"}"#), Err(Category::Syntax));
        assert_eq!(category(r#"{"inners":"[{]"}"#), Err(Category::Syntax));
    }

    #[test]
    fn nesting_has_a_limit() {
        // Without optimisation the parser takes some 30 KB of stack a level; with it, 64 KB hold all levels allowed.
        let test = std::thread::Builder::new().stack_size(16 << 20).spawn(nesting);
        test.expect("starts").join().expect("passes");
    }

    fn nesting() {
        let nested = |depth: usize| format!(r#"{{"x":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
        assert_eq!(category(&nested(scan::MAX_DEPTH - 1)), Ok(()));
        assert_eq!(category(&nested(scan::MAX_DEPTH)), Err(Category::TooDeep));
        assert_eq!(category(&nested(10_000)), Err(Category::TooDeep));
        assert_eq!(category(&format!(r#"{{"x":{}"#, r#"{"x":"#.repeat(10_000))), Err(Category::TooDeep));
        let outer = |depth: usize| format!("{}1{}", r#"{"outer":"#.repeat(depth), "}".repeat(depth));
        assert_eq!(category(&outer(scan::MAX_DEPTH)), Ok(()));
        assert_eq!(category(&outer(10_000)), Err(Category::TooDeep));
        // Brackets in text, and brackets side by side, are not deep.
        assert_eq!(category(&format!(r#"{{"name":"\"{}"}}"#, "[".repeat(10_000))), Ok(()));
        assert_eq!(category(&format!(r#"{{"x":[{}0]}}"#, "[],".repeat(10_000))), Ok(()));
        // A string holds JSON that nests too deep by itself.
        assert_eq!(category(&format!(r#"{{"inner":"{{\"id\":{}"}}"#, "[".repeat(1_000))), Err(Category::TooDeep));
    }

    #[test]
    fn bytes_that_are_no_text() {
        let reject = parse::<Outer<'_>>(b"{\"name\":\"\xff\"}").expect_err("is not UTF-8");
        assert_eq!((reject.category, reject.offset), (Category::InvalidUtf8, 9));
        // Against the letter of the standard, but found in real logs, and unambiguous.
        assert_eq!(category("{\"name\":\"\u{1}\t\"}"), Ok(()));
        assert_eq!(category(r#"{"name":"\ud800"}"#), Err(Category::Syntax));
    }

    #[test]
    fn numbers() {
        for (text, expected) in [
            ("0", Some(0.0)),
            ("-1.5e3", Some(-1500.0)),
            ("9223372036854775807", Some(9_223_372_036_854_775_807.0)),
            ("123456789012345678901234567890", Some(123_456_789_012_345_678_901_234_567_890.0)),
            (r#"" 7 ""#, Some(7.0)),
            (r#""7a""#, None),
            (r#""inf""#, None),
            (r#""NaN""#, None),
            ("true", None),
        ] {
            let text = format!(r#"{{"size":{text}}}"#);
            assert_eq!(read(&text).expect("reads").size.0, expected, "{text}");
        }
        for text in ["1e999", "-1e999", r#""1e999""#] {
            assert_eq!(category(&format!(r#"{{"size":{text}}}"#)), Err(Category::NumberOutOfRange), "{text}");
        }
        assert_eq!(Number(Some(1.5)).as_i64(), None);
        assert_eq!(Number(Some(1e300)).as_i64(), None);
        for text in ["01", "1.", ".5", "+1", "0x10", "NaN"] {
            assert_eq!(category(&format!(r#"{{"size":{text}}}"#)), Err(Category::Syntax), "{text}");
        }
    }

    #[test]
    fn a_record_that_is_cut_off() {
        let whole = r#"{"name":"x","size":12.5,"words":["a","b"],"inner":{"id":"\u0041"},"other":[{"a":null}]}"#;
        assert_eq!(category(whole), Ok(()));
        for end in 1..whole.len() {
            assert_eq!(category(&whole[..end]), Err(Category::Truncated), "{}", &whole[..end]);
        }
    }

    #[test]
    fn what_is_no_record() {
        for (text, expected) in [
            ("[]", Category::NotAnObject),
            ("7", Category::NotAnObject),
            (r#""{}""#, Category::NotAnObject),
            ("null", Category::NotAnObject),
            ("", Category::NotAnObject),
            ("text", Category::NotAnObject),
            ("{} {}", Category::Syntax),
            (r#"{"name" "x"}"#, Category::Syntax),
            (r#"{"name":"x",}"#, Category::Syntax),
            ("{name:1}", Category::Syntax),
        ] {
            assert_eq!(category(text), Err(expected), "{text}");
        }
    }
}
