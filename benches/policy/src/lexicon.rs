//! Finding the code of a text: one probe of a table without collisions.

use crate::columns::{INLINE, Texts, View, view};

/// Letters apart in their case are alike under this mask. The length, in the low half of the first word, stays.
const FIRST: u64 = 0x2020_2020_0000_0000;
const REST: u64 = 0x2020_2020_2020_2020;

const SLOTS: u32 = 6;

pub(crate) struct Lexicon {
    slots: Box<[Slot; 1 << SLOTS]>,
    multiplier: u64,
    other: u8,
    any_case: bool,
}

#[derive(Clone, Copy)]
struct Slot {
    /// The word's view; of a long one without its place.
    key: View,
    code: u8,
    word: &'static str,
}

impl Lexicon {
    /// Words whose letter case does not matter. All others have code 0.
    pub(crate) fn any_case(words: &[(&'static str, u8)]) -> Self {
        Self::new(words, 0, true)
    }

    /// Words that are written just so. All others have the code `other`.
    pub(crate) fn exact(words: &[(&'static str, u8)], other: u8) -> Self {
        Self::new(words, other, false)
    }

    fn new(words: &[(&'static str, u8)], other: u8, any_case: bool) -> Self {
        let empty = Slot { key: [0, 0], code: other, word: "" };
        let mut multiplier = 0xD6E8_FEB8_6659_FD93_u64;
        loop {
            multiplier = multiplier.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(2);
            let mut slots = Box::new([empty; 1 << SLOTS]);
            let fits = words.iter().all(|(word, code)| {
                let key = key(view(word.as_bytes(), 0));
                let slot = &mut slots[hash(multiplier, key)];
                let is_free = slot.word.is_empty();
                *slot = Slot { key, code: *code, word };
                is_free
            });
            if fits {
                return Self { slots, multiplier, other, any_case };
            }
        }
    }

    #[inline(always)]
    fn code(&self, view: View, heap: &[u8]) -> u8 {
        let key = key(view);
        let slot = &self.slots[hash(self.multiplier, key)];
        let [first, rest] = [key[0] ^ slot.key[0], key[1] ^ slot.key[1]];
        let is_alike = (first & !FIRST) | (rest & !REST) == 0;
        let is_same = (first | rest == 0) & (key[0] as u32 as usize <= INLINE);
        if is_alike & !is_same {
            return self.look_closer(slot, view, heap);
        }
        // No branch: whether a word is one of the policy's is anybody's guess.
        let keep = u8::from(is_same).wrapping_neg();
        slot.code & keep | self.other & !keep
    }

    #[cold]
    #[inline(never)]
    fn look_closer(&self, slot: &Slot, view: View, heap: &[u8]) -> u8 {
        let length = view[0] as u32 as usize;
        let short = [view[0].to_le_bytes(), view[1].to_le_bytes()].concat();
        let text = if length <= INLINE { &short[4..4 + length] } else { &heap[view[1] as usize..][..length] };
        let word = slot.word.as_bytes();
        let is_it = if self.any_case { text.eq_ignore_ascii_case(word) } else { text == word };
        if is_it { slot.code } else { self.other }
    }

    /// The codes of a run of texts, `null` where there is none.
    #[inline(always)]
    pub(crate) fn codes(&self, texts: &Texts, from: usize, null: u8, codes: &mut [u8]) {
        let views = &texts.views[from..from + codes.len()];
        // Fetch every cache line at once; looking words up has too much to do to run ahead of memory.
        std::hint::black_box(views.iter().step_by(4).fold(0, |all, view| all ^ view[0]));
        for (code, view) in codes.iter_mut().zip(views) {
            *code = self.code(*view, &texts.heap);
        }
        texts.valid.each_missing(from, codes.len(), |index| codes[index] = null);
    }
}

#[inline(always)]
fn key(view: View) -> View {
    // Of a long text the second word is a place, and says nothing.
    [view[0], if view[0] as u32 as usize <= INLINE { view[1] } else { 0 }]
}

#[inline(always)]
fn hash(multiplier: u64, key: View) -> usize {
    // Both at once, not one after the other.
    let first = (key[0] | FIRST).wrapping_mul(multiplier.rotate_left(31) | 1);
    (first.wrapping_add((key[1] | REST).wrapping_mul(multiplier)) >> (64 - SLOTS)) as usize
}
