//! Words that are compared as two words of the machine.

use std::borrow::Cow;

/// A text with its length and first twelve bytes at hand, laid out as DuckDB and Arrow lay out a short string: an engine that
/// keeps its strings so need not compute anything.
#[derive(Debug, Clone, Copy)]
pub struct Word<'a> {
    key: Key,
    text: &'a str,
}

/// Of a text of up to [`Word::INLINE`] bytes: its length in the low half of the first word, and the bytes, padded with zeros.
/// Of a longer one: its length, its first four bytes and its last eight.
#[derive(Debug, Clone, Copy, Eq)]
pub(crate) struct Key(u64, u64);

impl PartialEq for Key {
    /// Both words at once, so that there is one branch to foretell.
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        (self.0 ^ other.0) | (self.1 ^ other.1) == 0
    }
}

/// The bit that tells the cases of a letter apart. Folding it also makes some other characters alike, so it decides where
/// to look, not what is equal.
const CASE: u64 = 0x2020_2020_2020_2020;

impl<'a> Word<'a> {
    /// Texts up to this length are equal when their keys are.
    pub const INLINE: usize = 12;

    /// The word of a text.
    #[inline]
    pub const fn new(text: &'a str) -> Self {
        Self { key: Key::new(text.as_bytes()), text }
    }

    /// The word of a text of up to [`Word::INLINE`] bytes, with those bytes and their length as the engine keeps them.
    #[inline]
    pub const fn inline(words: [u64; 2], text: &'a str) -> Self {
        Self { key: Key(words[0], words[1]), text }
    }

    /// The text.
    #[inline]
    pub const fn as_str(self) -> &'a str {
        self.text
    }

    /// The words that a text of up to [`Word::INLINE`] bytes is kept in.
    #[inline]
    pub const fn words(self) -> Option<[u64; 2]> {
        if self.is_inline() { Some([self.key.0, self.key.1]) } else { None }
    }

    /// Whether it is this name, whatever the case.
    #[inline]
    pub(crate) fn is(self, name: &Name) -> bool {
        (self.key == name.key && self.is_inline())
            || (self.key.may_equal(name.key) && self.text.eq_ignore_ascii_case(&name.text))
    }

    #[inline]
    pub(crate) const fn key(self) -> Key {
        self.key
    }

    #[inline]
    pub(crate) const fn is_inline(self) -> bool {
        self.text.len() <= Self::INLINE
    }
}

/// A name that answers give: of a rule, or a word of the program's own. Its word is at hand.
#[derive(Debug)]
pub struct Name {
    key: Key,
    text: Cow<'static, str>,
}

impl Name {
    pub(crate) fn new(text: &str) -> Self {
        Self { key: Key::new(text.as_bytes()), text: Cow::Owned(text.to_owned()) }
    }

    /// The name of a text of the program's own.
    pub const fn of(text: &'static str) -> Self {
        Self { key: Key::new(text.as_bytes()), text: Cow::Borrowed(text) }
    }

    /// Its text.
    #[inline]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What a text of up to [`Word::INLINE`] bytes is kept in, and whether it is one. Without a branch.
    #[inline]
    pub fn words(&self) -> ([u64; 2], bool) {
        ([self.key.0, self.key.1], self.key.0 as u32 as usize <= Word::INLINE)
    }

    /// Its word.
    #[inline]
    pub fn word(&self) -> Word<'_> {
        Word { key: self.key, text: &self.text }
    }
}

impl Key {
    #[inline]
    pub(crate) const fn new(text: &[u8]) -> Self {
        let length = text.len();
        // Two loads overlap where the text is no multiple of four; what they have in common is shifted out.
        let (first, rest) = match length {
            0 => (0, 0),
            1..4 => {
                let (mut bytes, mut at) = (0, 0);
                while at < length {
                    bytes |= (text[at] as u64) << (8 * at);
                    at += 1;
                }
                (bytes, 0)
            }
            4..8 => (four(text, 0), four(text, length - 4) >> (8 * (8 - length))),
            8..=12 => (four(text, 0), four(text, 4) | four(text, length - 4) >> (8 * (12 - length)) << 32),
            _ => (four(text, 0), four(text, length - 8) | four(text, length - 4) << 32),
        };
        Self(length as u64 & 0xFFFF_FFFF | first << 32, rest)
    }

    /// Whether two texts can be the same but for the case of letters. Many that can are not.
    #[inline]
    pub(crate) const fn may_equal(self, other: Self) -> bool {
        (self.0 ^ other.0) & !CASE | (self.1 ^ other.1) & !CASE == 0
    }

    /// The key of no text.
    pub(crate) const NONE: Self = Self(u64::MAX, u64::MAX);

    /// The same for texts that are the same but for the case of letters, and for some that are not.
    #[inline]
    pub(crate) const fn folded(self) -> Self {
        Self(self.0 | CASE, self.1 | CASE)
    }

    /// A hash that does not depend on the case of letters.
    #[inline]
    pub(crate) const fn hash(self) -> u8 {
        (self.wide_hash() >> 56) as u8
    }

    /// One that a larger table can take more bits of, the upper ones first.
    #[inline]
    pub(crate) const fn wide_hash(self) -> u64 {
        let mixed = (self.0 | CASE) ^ (self.1 | CASE).rotate_left(29);
        mixed.wrapping_mul(MULTIPLIER)
    }
}

/// Of those tried at random, one that gives every canonical method a slot of its own in a small table.
const MULTIPLIER: u64 = 0xFA1B_1BF1_3879_399B;

const fn four(text: &[u8], at: usize) -> u64 {
    match text.split_at(at).1.first_chunk() {
        Some(bytes) => u32::from_le_bytes(*bytes) as u64,
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_how_a_short_string_is_kept() {
        let alphabet = "abcdefghijklmnopqrstuvwxyz";
        for length in 0..=Word::INLINE {
            let mut kept = [0; 16];
            kept[0] = length as u8;
            kept[4..4 + length].copy_from_slice(&alphabet.as_bytes()[..length]);
            let (first, rest) = kept.split_at(8);
            let words = [first, rest].map(|half| u64::from_le_bytes(half.try_into().unwrap()));
            let text = &alphabet[..length];
            assert_eq!(Word::inline(words, text).key(), Word::new(text).key(), "{text}");
        }
    }

    #[test]
    fn short_texts_are_equal_when_their_keys_are() {
        let texts = ["", "a", "b", "ab", "ba", "abc", "abcd", "abcde", "abcdefg", "abcdefgh", "abcdefghi", "bbcdefghi"];
        for one in texts {
            for other in texts {
                assert_eq!(Word::new(one).key() == Word::new(other).key(), one == other, "{one} {other}");
            }
        }
        assert_ne!(Word::new("a").key(), Word::new("a\0").key());
    }

    #[test]
    fn case_does_not_change_the_hash() {
        for (one, other) in [("Workforce", "wORKFORCE"), ("a", "A"), ("Exchange_ActiveSync", "exchange_activesync")] {
            assert_eq!(Word::new(one).key().wide_hash(), Word::new(other).key().wide_hash());
        }
    }
}
