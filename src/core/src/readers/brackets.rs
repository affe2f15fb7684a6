//! Following JSON by its brackets and quotes alone, 64 bytes at a time.

use wide::u8x16;

/// How many brackets are open.
#[derive(Clone, Copy)]
pub(super) struct Depth {
    pub(super) now: usize,
    /// Where a closing bracket comes back to this, the value ends.
    pub(super) end: usize,
    /// More than this are too many.
    pub(super) limit: usize,
}

/// How far a value could be followed.
pub(super) enum Followed {
    /// It ends before this.
    Closed(usize),
    /// The bracket here is one too many.
    TooDeep(usize),
    /// It goes on after these bytes, with this many brackets open.
    Open { depth: usize, in_string: bool },
}

/// Follows brackets from a place that is not inside a string.
pub(super) fn follow(bytes: &[u8], from: usize, depth: Depth) -> Followed {
    let Depth { mut now, end, limit } = depth;
    let mut strings = Strings::default();
    for (start, block) in (from..).step_by(64).zip(bytes[from..].chunks(64)) {
        let mut found = Found::in_block(block);
        let outside = !strings.inside(found.quotes, found.backslashes);
        found.opening &= outside;
        found.closing &= outside;
        let (opening, closing) = (found.opening.count_ones() as usize, found.closing.count_ones() as usize);
        if end + closing < now && now + opening <= limit {
            // It neither ends nor gets too deep in these bytes, so the order of the brackets is of no interest.
            now = now + opening - closing;
            continue;
        }
        let mut brackets = found.opening | found.closing;
        while brackets != 0 {
            let at = brackets.trailing_zeros();
            brackets &= brackets - 1;
            if found.opening >> at & 1 == 0 {
                now -= 1;
                if now <= end {
                    return Followed::Closed(start + at as usize + 1);
                }
            } else {
                now += 1;
                if now > limit {
                    return Followed::TooDeep(start + at as usize);
                }
            }
        }
    }
    Followed::Open { depth: now, in_string: strings.is_inside }
}

/// Where in up to 64 bytes the characters are that matter to what is skipped: a bit for each byte.
struct Found {
    quotes: u64,
    backslashes: u64,
    opening: u64,
    closing: u64,
}

impl Found {
    #[inline(always)]
    fn in_block(block: &[u8]) -> Self {
        let mut found = Self { quotes: 0, backslashes: 0, opening: 0, closing: 0 };
        let mut last = [0; 64];
        let block = match block.first_chunk() {
            Some(block) => block,
            None => {
                last[..block.len()].copy_from_slice(block);
                &last
            }
        };
        for (part, shift) in block.as_chunks().0.iter().zip([0, 16, 32, 48]) {
            let part = u8x16::new(*part);
            // This bit is all that `[` and `{`, and `]` and `}`, differ in.
            let bracket = part | u8x16::splat(0x20);
            found.quotes |= equal(part, b'"') << shift;
            found.backslashes |= equal(part, b'\\') << shift;
            found.opening |= equal(bracket, b'{') << shift;
            found.closing |= equal(bracket, b'}') << shift;
        }
        found
    }
}

#[inline(always)]
fn equal(bytes: u8x16, byte: u8) -> u64 {
    u64::from(bytes.simd_eq(u8x16::splat(byte)).to_bitmask())
}

/// What is known of strings from the block before.
#[derive(Default)]
struct Strings {
    is_inside: bool,
    /// The first byte of the next block is escaped.
    is_escaped: bool,
}

impl Strings {
    /// Which bytes of a block are inside a string. The closing quote is not, the opening one is.
    #[inline(always)]
    fn inside(&mut self, quotes: u64, backslashes: u64) -> u64 {
        let quotes = if backslashes != 0 || self.is_escaped { self.unescaped(quotes, backslashes) } else { quotes };
        // Each bit becomes the parity of the quotes up to it.
        let mut inside = quotes;
        for shift in [1, 2, 4, 8, 16, 32] {
            inside ^= inside << shift;
        }
        if self.is_inside {
            inside = !inside;
        }
        self.is_inside = inside >> 63 == 1;
        inside
    }

    /// The quotes that open or close a string. A backslash means something inside of strings only.
    #[cold]
    fn unescaped(&mut self, quotes: u64, backslashes: u64) -> u64 {
        let mut is_inside = self.is_inside;
        let mut left = (quotes | backslashes) & !u64::from(self.is_escaped);
        self.is_escaped = false;
        let mut unescaped = 0;
        while left != 0 {
            let lowest = left & left.wrapping_neg();
            left ^= lowest;
            if quotes & lowest != 0 {
                unescaped |= lowest;
                is_inside = !is_inside;
            } else if is_inside {
                self.is_escaped = lowest >> 63 == 1;
                left &= !(lowest << 1);
            }
        }
        unescaped
    }
}
