//! The answers to every test of a policy, for one row, as bits.
//!
//! A test compares an attribute with a list of words. A row's word is looked up once, among all the words that the policy
//! knows for the attribute, and found with the bits of all the tests it answers.

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
        let index = slot.map_or_else(|| vocabulary.find(word), |slot| slot.word as usize);
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
            Some(slot) => slot.yes,
            None => vocabulary.yes[vocabulary.find(word)],
        };
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

    /// How many words of bits [`Tests::answer`] fills.
    pub(super) fn bits(&self) -> usize {
        2 * self.width
    }

    /// The answers to every test about a row, for [`Answers::new`].
    pub(super) fn answered<R: Row>(&self, row: &R) -> Vec<u64> {
        let mut bits = vec![0; self.bits()];
        self.answer(row, &mut bits);
        bits
    }

    /// The set of some tests.
    pub(super) fn set(&self, tests: impl Iterator<Item = u32>) -> Box<[u64]> {
        let mut bits = vec![0; self.width];
        tests.for_each(|test| set(&mut bits, test as usize));
        bits.into()
    }

    /// Answers every test about a row; `bits` are for [`Answers::new`].
    #[inline]
    pub(super) fn answer<R: Row>(&self, row: &R, bits: &mut [u64]) {
        if let [yes, unknown] = bits {
            (*yes, *unknown) = (0, 0);
            self.add(row, yes, unknown);
        } else {
            bits.fill(0);
            let (yes, unknown) = bits.split_at_mut(self.width);
            self.add(row, yes, unknown);
        }
    }

    #[inline]
    fn add<R: Row, S: Set + ?Sized>(&self, row: &R, yes: &mut S, unknown: &mut S) {
        for attribute in Attribute::SINGLE {
            let vocabulary = &self.vocabularies[attribute as usize];
            if !vocabulary.tests.is_empty() {
                match row.word(attribute) {
                    Some(word) => yes.add_word(vocabulary, word),
                    None => unknown.add(&vocabulary.tests),
                }
            }
        }
        for attribute in Attribute::SEVERAL {
            let vocabulary = &self.vocabularies[attribute as usize];
            if !vocabulary.tests.is_empty() {
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
        let mut slots = Box::new([Slot { key: Key::new(b""), yes: 0, word: 0, is_shared: false }; 256]);
        for (index, text) in words.iter().enumerate().skip(1) {
            let key = Key::new(text.as_bytes());
            let slot = &mut slots[usize::from(key.hash())];
            *slot = Slot { key, yes: yes[index * width], word: index as u32, is_shared: slot.word != 0 };
        }
        let tests = if any { tests.into() } else { Box::default() };
        Self { slots, words: words.into(), yes: yes.into(), tests }
    }

    /// The slot of a word, or an empty one where it is no word of the policy's; nothing where that takes longer to tell.
    #[inline]
    fn slot(&self, word: Word<'_>) -> Option<Slot> {
        let slot = &self.slots[usize::from(word.key().hash())];
        // Nearly always it is written as in the policy, or is another word altogether. Which of both, nobody could foretell:
        // so that is no branch.
        let is_same = slot.key == word.key();
        let is_settled = is_same & word.is_inline() | !slot.key.may_equal(word.key());
        if is_settled & !slot.is_shared {
            let keep = u64::from(is_same).wrapping_neg();
            return Some(Slot { yes: slot.yes & keep, word: slot.word & keep as u32, ..*slot });
        }
        None
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
