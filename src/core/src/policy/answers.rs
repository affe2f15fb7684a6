//! The answers to every test of a policy, for one row, as bits.
//!
//! A test compares an attribute with a list of words. A row's word is looked up once, among all the words that the policy
//! knows for the attribute, and found with the bits of all the tests it answers.

use super::compile::Atom;
use super::input::{Attribute, Row};

/// What the tests of a policy read.
#[derive(Debug)]
pub(super) struct Tests {
    /// Words of 64 tests that one set of answers takes.
    width: usize,
    /// By [`Attribute`].
    vocabularies: [Vocabulary; Attribute::COUNT],
    if_privileged: Box<[u64]>,
    if_not_privileged: Box<[u64]>,
}

/// The words that one attribute is compared with.
#[derive(Debug)]
struct Vocabulary {
    /// Index of a word and one; 0 is an empty slot. Many more than words, so that a strange word mostly meets an empty one.
    slots: Box<[u32]>,
    words: Box<[Box<str>]>,
    /// The tests each word answers, `width` for each.
    yes: Box<[u64]>,
    /// The tests of the attribute; empty where there is none.
    tests: Box<[u64]>,
}

/// Which tests are answered yes, and which nobody can answer; all others are answered no.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answers<'b> {
    yes: &'b [u64],
    unknown: &'b [u64],
}

/// An answer that may be unknown. All is the least of the operands, any the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Truth {
    No,
    Unknown,
    Yes,
}

impl From<bool> for Truth {
    fn from(value: bool) -> Self {
        if value { Self::Yes } else { Self::No }
    }
}

impl Truth {
    pub(super) fn of<T>(value: Option<T>, test: impl FnOnce(T) -> bool) -> Self {
        value.map_or(Self::Unknown, |value| test(value).into())
    }

    pub(super) fn not(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
            Self::Yes => Self::No,
        }
    }
}

impl<'b> Answers<'b> {
    pub(super) fn new(bits: &'b [u64]) -> Self {
        let (yes, unknown) = bits.split_at(bits.len() / 2);
        Self { yes, unknown }
    }

    pub(super) fn of(self, atom: u32) -> Truth {
        let is_set = |bits: &[u64]| bits[atom as usize / 64] >> (atom % 64) & 1 == 1;
        if is_set(self.yes) {
            Truth::Yes
        } else if is_set(self.unknown) {
            Truth::Unknown
        } else {
            Truth::No
        }
    }
}

impl Tests {
    pub(super) fn new(atoms: &[Atom]) -> Self {
        let width = atoms.len().div_ceil(64).max(1);
        let bits = |wanted: &dyn Fn(&Atom) -> bool| {
            let mut bits = vec![0; width];
            for (index, _) in atoms.iter().enumerate().filter(|(_, atom)| wanted(atom)) {
                set(&mut bits, index);
            }
            bits.into_boxed_slice()
        };
        let mut vocabularies: [Vocabulary; Attribute::COUNT] = std::array::from_fn(|_| Vocabulary::new(&[], &[], 0));
        for attribute in Attribute::SINGLE.into_iter().chain(Attribute::SEVERAL) {
            vocabularies[attribute as usize] =
                Vocabulary::new(atoms, &bits(&|atom| matches!(atom, Atom::Is(of, _) if *of == attribute)), width);
        }
        Self {
            width,
            vocabularies,
            if_privileged: bits(&|atom| *atom == Atom::Privileged(true)),
            if_not_privileged: bits(&|atom| *atom == Atom::Privileged(false)),
        }
    }

    /// How many words of bits [`Tests::answer`] fills.
    pub(super) fn bits(&self) -> usize {
        2 * self.width
    }

    /// Answers every test about a row; `bits` are for [`Answers::new`].
    #[inline]
    pub(super) fn answer<R: Row>(&self, row: &R, bits: &mut [u64]) {
        bits.fill(0);
        let (yes, unknown) = bits.split_at_mut(self.width);
        for attribute in Attribute::SINGLE {
            let vocabulary = &self.vocabularies[attribute as usize];
            if !vocabulary.tests.is_empty() {
                match row.word(attribute) {
                    Some(word) => add(yes, vocabulary.yes(word)),
                    None => add(unknown, &vocabulary.tests),
                }
            }
        }
        for attribute in Attribute::SEVERAL {
            let vocabulary = &self.vocabularies[attribute as usize];
            if !vocabulary.tests.is_empty() {
                let mut missing = false;
                let is_list = row.words(attribute, |word| match word {
                    Some(word) => add(yes, vocabulary.yes(word)),
                    None => missing = true,
                });
                if missing || !is_list {
                    // A test that is answered yes needs no more; `Answers::of` looks there first.
                    unknown.iter_mut().zip(&*vocabulary.tests).zip(&*yes).for_each(|((to, of), yes)| *to |= of & !yes);
                }
            }
        }
        match row.privileged() {
            Some(true) => add(yes, &self.if_privileged),
            Some(false) => add(yes, &self.if_not_privileged),
            None => {
                add(unknown, &self.if_privileged);
                add(unknown, &self.if_not_privileged);
            }
        }
    }
}

fn set(bits: &mut [u64], index: usize) {
    bits[index / 64] |= 1 << (index % 64);
}

#[inline]
fn add(bits: &mut [u64], more: &[u64]) {
    bits.iter_mut().zip(more).for_each(|(to, of)| *to |= of);
}

impl Vocabulary {
    fn new(atoms: &[Atom], tests: &[u64], width: usize) -> Self {
        let is_test = |index: usize| tests[index / 64] >> (index % 64) & 1 == 1;
        let mut words: Vec<Box<str>> = Vec::new();
        let mut yes: Vec<u64> = Vec::new();
        let mut any = false;
        for (index, atom) in atoms.iter().enumerate().filter(|(index, _)| is_test(*index)) {
            any = true;
            let Atom::Is(_, list) = atom else { continue };
            for word in list {
                let known = words.iter().position(|known| known.eq_ignore_ascii_case(word)).unwrap_or_else(|| {
                    words.push(word.clone());
                    yes.resize(words.len() * width, 0);
                    words.len() - 1
                });
                set(&mut yes[known * width..], index);
            }
        }
        let mut slots = vec![0; (words.len() * 8).next_power_of_two().max(8)].into_boxed_slice();
        for (index, word) in words.iter().enumerate() {
            let mut slot = slot(word, slots.len());
            while slots[slot] != 0 {
                slot = (slot + 1) % slots.len();
            }
            slots[slot] = index as u32 + 1;
        }
        let tests = if any { tests.into() } else { Box::default() };
        Self { slots, words: words.into(), yes: yes.into(), tests }
    }

    /// The tests that a word answers.
    #[inline]
    fn yes(&self, word: &str) -> &[u64] {
        let mut slot = slot(word, self.slots.len());
        loop {
            let Some(index) = (self.slots[slot] as usize).checked_sub(1) else {
                return &[];
            };
            if self.words[index].eq_ignore_ascii_case(word) {
                let width = self.tests.len();
                return &self.yes[index * width..][..width];
            }
            slot = (slot + 1) % self.slots.len();
        }
    }
}

/// Where to look for a word, whatever its case. `slots` is a power of two.
#[inline]
fn slot(word: &str, slots: usize) -> usize {
    const CASE: u64 = 0x2020_2020_2020_2020;
    let word = word.as_bytes();
    let (first, last) = match (word.first_chunk(), word.last_chunk()) {
        (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
        _ => match (word.first_chunk(), word.last_chunk()) {
            (Some(first), Some(last)) => (u32::from_le_bytes(*first).into(), u32::from_le_bytes(*last).into()),
            _ => match word {
                [] => (0, 0),
                [first, .., last] | [first @ last] => (u64::from(*first), u64::from(*last)),
            },
        },
    };
    let mixed = (first | CASE) ^ (last | CASE).rotate_left(29) ^ word.len() as u64;
    (mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as usize & (slots - 1)
}
