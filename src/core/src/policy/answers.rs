//! The answers to every test of a policy, for one row, as bits.
//!
//! A test compares an attribute with a list of words. A row's word is looked up once, among all the words that the policy
//! knows for the attribute, and found with the bits of all the tests it answers.

use std::hint::select_unpredictable;

use super::compile::Atom;
use super::input::{Attribute, Row};
use crate::word::{Key, Word};

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
    /// A hash table of the words. So many slots are not needed, but an index of a byte needs no check.
    slots: Box<[Slot; 256]>,
    /// The first is no word.
    words: Box<[Box<str>]>,
    /// The tests each word answers, `width` for each; no word answers none.
    yes: Box<[u64]>,
    /// The tests of the attribute; empty where there is none.
    tests: Box<[u64]>,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    /// Of the word, all letters alike: whether another can be the same word.
    folded: Key,
    /// Of the word. Where it takes more than that to tell whether another is the same, it is the key of none.
    key: Key,
    /// The first 64 tests that the word answers.
    yes: u64,
    /// Of the word; 0 where the slot is empty.
    word: u32,
    /// Whether other words belong here too, and are only found by looking through all.
    is_shared: bool,
}

/// Some of the tests.
trait Set {
    fn add(&mut self, more: &[u64]);
    /// Adds the tests that a word answers.
    fn add_word(&mut self, vocabulary: &Vocabulary, word: Word<'_>);
}

impl Set for [u64] {
    fn add(&mut self, more: &[u64]) {
        self.iter_mut().zip(more).for_each(|(to, of)| *to |= of);
    }

    fn add_word(&mut self, vocabulary: &Vocabulary, word: Word<'_>) {
        let slot = vocabulary.slot(word);
        let index =
            slot.map_or_else(|| vocabulary.find(word), |(slot, is_it)| if is_it { slot.word as usize } else { 0 });
        self.add(&vocabulary.yes[index * self.len()..][..self.len()]);
    }
}

/// Nearly every policy has few enough tests for one word of the machine.
impl Set for u64 {
    #[inline]
    fn add(&mut self, more: &[u64]) {
        *self |= more[0];
    }

    #[inline]
    fn add_word(&mut self, vocabulary: &Vocabulary, word: Word<'_>) {
        *self |= match vocabulary.slot(word) {
            Some((slot, is_it)) => select_unpredictable(is_it, slot.yes, 0),
            None => vocabulary.yes[vocabulary.find(word)],
        };
    }
}

/// The answers about several rows.
trait Bits {
    type Set: Set + ?Sized;
    /// Of one row: the tests that are answered yes, and those that nobody can answer.
    fn of(&mut self, row: usize) -> (&mut Self::Set, &mut Self::Set);
}

impl Bits for [[u64; 2]] {
    type Set = u64;

    #[inline]
    fn of(&mut self, row: usize) -> (&mut u64, &mut u64) {
        let [yes, unknown] = &mut self[row];
        (yes, unknown)
    }
}

struct Wide<'b> {
    bits: &'b mut [u64],
    width: usize,
}

impl Bits for Wide<'_> {
    type Set = [u64];

    fn of(&mut self, row: usize) -> (&mut [u64], &mut [u64]) {
        self.bits[row * 2 * self.width..][..2 * self.width].split_at_mut(self.width)
    }
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

    /// How many words the bits of a row take.
    pub(super) fn bits(&self) -> usize {
        2 * self.width
    }

    /// The answers to every test about some rows: of each row the bits for [`Answers::new`].
    #[inline]
    pub(super) fn answered<R: Row>(&self, rows: &[R]) -> Vec<u64> {
        let mut bits = vec![0; rows.len() * self.bits()];
        match self.width {
            1 => self.answer(rows, bits.as_chunks_mut().0),
            width => self.answer(rows, &mut Wide { bits: &mut bits, width }),
        }
        bits
    }

    /// The set of some tests.
    pub(super) fn set(&self, tests: impl Iterator<Item = u32>) -> Box<[u64]> {
        let mut bits = vec![0; self.width];
        tests.for_each(|test| set(&mut bits, test as usize));
        bits.into()
    }

    /// Attribute by attribute, not row by row: while one row waits for memory the next is looked at, and what is the same for
    /// all rows is decided once.
    #[inline]
    fn answer<R: Row, B: Bits + ?Sized>(&self, rows: &[R], bits: &mut B) {
        // In a loop the attribute would not be known when this is compiled.
        self.answer_one(Attribute::Population, rows, bits);
        self.answer_one(Attribute::Department, rows, bits);
        self.answer_one(Attribute::Region, rows, bits);
        self.answer_one(Attribute::App, rows, bits);
        self.answer_one(Attribute::Sensitivity, rows, bits);
        self.answer_one(Attribute::Protocol, rows, bits);
        self.answer_one(Attribute::Transaction, rows, bits);
        self.answer_several(Attribute::Role, rows, bits);
        self.answer_several(Attribute::Signal, rows, bits);
        for (index, row) in rows.iter().enumerate() {
            let (yes, unknown) = bits.of(index);
            match row.privileged() {
                Some(true) => yes.add(&self.if_privileged),
                Some(false) => yes.add(&self.if_not_privileged),
                None => {
                    unknown.add(&self.if_privileged);
                    unknown.add(&self.if_not_privileged);
                }
            }
        }
    }

    #[inline(always)]
    fn answer_one<R: Row, B: Bits + ?Sized>(&self, attribute: Attribute, rows: &[R], bits: &mut B) {
        let vocabulary = &self.vocabularies[attribute as usize];
        if vocabulary.tests.is_empty() {
            return;
        }
        R::each_word(rows, attribute, |index, word| {
            let (yes, unknown) = bits.of(index);
            match word {
                Some(word) => yes.add_word(vocabulary, word),
                None => unknown.add(&vocabulary.tests),
            }
        });
    }

    #[inline(always)]
    fn answer_several<R: Row, B: Bits + ?Sized>(&self, attribute: Attribute, rows: &[R], bits: &mut B) {
        let vocabulary = &self.vocabularies[attribute as usize];
        if vocabulary.tests.is_empty() {
            return;
        }
        for (index, row) in rows.iter().enumerate() {
            let (yes, unknown) = bits.of(index);
            let mut missing = false;
            let is_list = row.words(attribute, |word| match word {
                Some(word) => yes.add_word(vocabulary, word),
                None => missing = true,
            });
            if missing || !is_list {
                // A test that is answered yes needs no more: `Answers::of` looks there first.
                unknown.add(&vocabulary.tests);
            }
        }
    }
}

fn set(bits: &mut [u64], index: usize) {
    bits[index / 64] |= 1 << (index % 64);
}

impl Vocabulary {
    fn new(atoms: &[Atom], tests: &[u64], width: usize) -> Self {
        let is_test = |index: usize| tests[index / 64] >> (index % 64) & 1 == 1;
        let mut words = vec![Box::<str>::default()];
        let mut yes = vec![0; width];
        let mut any = false;
        for (index, atom) in atoms.iter().enumerate().filter(|(index, _)| is_test(*index)) {
            any = true;
            let Atom::Is(_, list) = atom else { continue };
            for word in list {
                let known = words[1..].iter().position(|known| known.eq_ignore_ascii_case(word));
                let known = known.map_or_else(
                    || {
                        words.push(word.clone());
                        yes.resize(words.len() * width, 0);
                        words.len() - 1
                    },
                    |known| known + 1,
                );
                set(&mut yes[known * width..], index);
            }
        }
        let empty = Slot { folded: Key::NONE, key: Key::NONE, yes: 0, word: 0, is_shared: false };
        let mut slots = Box::new([empty; 256]);
        for (index, text) in words.iter().enumerate().skip(1) {
            let word = Word::new(text);
            let folded = word.key().folded();
            let key = if word.is_inline() { word.key() } else { Key::NONE };
            let slot = &mut slots[usize::from(folded.hash())];
            *slot = Slot { folded, key, yes: yes[index * width], word: index as u32, is_shared: slot.word != 0 };
        }
        let tests = if any { tests.into() } else { Box::default() };
        Self { slots, words: words.into(), yes: yes.into(), tests }
    }

    /// The slot of a word, and whether it is that word; nothing where that takes longer to tell.
    #[inline]
    fn slot(&self, word: Word<'_>) -> Option<(&Slot, bool)> {
        let folded = word.key().folded();
        let slot = &self.slots[usize::from(folded.hash())];
        // Nearly always it is written as in the policy, or is another word altogether. Which of both, nobody could foretell:
        // so that is no branch.
        let may_be = slot.folded == folded;
        let needs_more = may_be & (slot.key != word.key()) | slot.is_shared;
        if needs_more { None } else { Some((slot, may_be)) }
    }

    #[cold]
    fn find(&self, word: Word<'_>) -> usize {
        self.words
            .iter()
            .skip(1)
            .position(|known| known.eq_ignore_ascii_case(word.as_str()))
            .map_or(0, |index| index + 1)
    }
}
