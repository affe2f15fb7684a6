//! What the words of a row settle: its tier, wave, application class and session rules.
//!
//! Rows have few different answers to a policy's tests, far fewer than there are rows. What each set of answers settles is
//! worked out once and remembered.

use super::answers::{Answers, Truth};
use super::compile::{Compiled, Condition, Op, Requirement};
use super::input::Row;
use super::reason::Reason;

/// The first of several rules that matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum First {
    None,
    /// A missing value decides which.
    Unknown,
    Is(usize),
}

/// What the words of a row settle.
#[derive(Debug, Clone, Copy)]
pub(super) struct Case<'c> {
    pub(super) group: Group,
    /// Nothing without a session.
    pub(super) session: Option<&'c Asked>,
}

/// Whom the policy takes the subject for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group {
    pub(super) tier: First,
    pub(super) wave: First,
}

/// What is asked of a session.
#[derive(Debug)]
pub(super) struct Asked {
    /// The class of the application.
    pub(super) app: First,
    /// By the rules that match.
    pub(super) required: Requirement,
    /// By those too of which a missing value decides whether they do.
    pub(super) possible: Requirement,
    /// The rules that match and do not block.
    pub(super) asking: Box<[usize]>,
    /// The rules that block: they match, or the tier forbids the protocol.
    pub(super) blocking: Box<[Rule]>,
    /// Rules of which a missing value decides whether they match, and whether one of them would block.
    pub(super) undecided: Box<[Rule]>,
    pub(super) may_be_blocked: bool,
    /// Why it is blocked.
    pub(super) reasons: u32,
}

/// A rule that can stand in the way of a session.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rule {
    /// The tier, which forbids protocols.
    Tier(usize),
    /// A session rule.
    Session(usize),
}

impl Case<'_> {
    /// The class of the application: none where no application is accessed.
    #[inline]
    pub(super) fn app(&self) -> First {
        self.session.map_or(First::None, |asked| asked.app)
    }
}

impl Group {
    /// Even a rule that covers everyone does not cover nobody knows whom.
    const NOBODY: Self = Self { tier: First::Unknown, wave: First::Unknown };

    fn new(policy: &Compiled, answers: Answers<'_>) -> Self {
        Self {
            tier: policy.first(policy.tiers.iter().map(|tier| &tier.when), answers),
            wave: policy.first(policy.waves.iter().map(|wave| &wave.when), answers),
        }
    }

    pub(super) fn of<R: Row>(policy: &Compiled, row: &R, answers: Answers<'_>) -> Self {
        if row.has_subject() { Self::new(policy, answers) } else { Self::NOBODY }
    }
}

impl Asked {
    pub(super) fn of<R: Row>(policy: &Compiled, row: &R, tier: First, answers: Answers<'_>) -> Option<Self> {
        has_session(row).then(|| Self::new(policy, tier, answers))
    }

    fn new(policy: &Compiled, tier: First, answers: Answers<'_>) -> Self {
        let apps = policy.policy().app.len();
        let app = policy.first(policy.rules[..apps].iter().map(|rule| &rule.when), answers);
        let mut required = Requirement::NOTHING;
        let mut possible = Requirement::NOTHING;
        let (mut asking, mut blocking, mut undecided) = (Vec::new(), Vec::new(), Vec::new());
        let mut may_be_blocked = false;
        let mut reasons = 0;
        // A subject in no known tier may be in one that forbids the protocol, but then the tier is what is missing.
        if let First::Is(index) = tier
            && let Some(forbids) = policy.tiers[index].forbids
        {
            match answers.of(forbids) {
                Truth::Yes => {
                    blocking.push(Rule::Tier(index));
                    reasons |= Reason::LegacyProtocol.bit();
                }
                Truth::Unknown => {
                    undecided.push(Rule::Tier(index));
                    may_be_blocked = true;
                }
                Truth::No => {}
            }
        }
        for (index, rule) in policy.rules.iter().enumerate() {
            match policy.holds(&rule.when, answers) {
                Truth::No => {}
                Truth::Unknown => {
                    undecided.push(Rule::Session(index));
                    if rule.block {
                        may_be_blocked = true;
                    } else {
                        possible = possible.join(rule.require);
                    }
                }
                Truth::Yes if rule.block => {
                    blocking.push(Rule::Session(index));
                    reasons |= rule.reason.bit();
                }
                Truth::Yes => {
                    asking.push(index);
                    required = required.join(rule.require);
                }
            }
        }
        Self {
            app,
            required,
            possible: required.join(possible),
            asking: asking.into(),
            blocking: blocking.into(),
            undecided: undecided.into(),
            may_be_blocked,
            reasons,
        }
    }
}

fn has_session<R: Row>(row: &R) -> bool {
    row.has_app() || row.has_context()
}

impl Compiled {
    fn first<'c>(&self, conditions: impl Iterator<Item = &'c Condition>, answers: Answers<'_>) -> First {
        for (index, condition) in conditions.enumerate() {
            match self.holds(condition, answers) {
                Truth::Yes => return First::Is(index),
                Truth::Unknown => return First::Unknown,
                Truth::No => {}
            }
        }
        First::None
    }

    pub(super) fn holds(&self, condition: &Condition, answers: Answers<'_>) -> Truth {
        let mut at = condition.start as usize;
        self.expression(&mut at, answers)
    }

    /// Computes the expression that begins at `at`, and moves `at` to its end.
    fn expression(&self, at: &mut usize, answers: Answers<'_>) -> Truth {
        let op = self.ops[*at];
        *at += 1;
        let (end, mut truth, decisive) = match op {
            Op::Test(atom) => return answers.of(atom),
            Op::Not => return self.expression(at, answers).not(),
            Op::All(end) => (end as usize, Truth::Yes, Truth::No),
            Op::Any(end) => (end as usize, Truth::No, Truth::Yes),
        };
        while *at < end && truth != decisive {
            let operand = self.expression(at, answers);
            truth = if decisive == Truth::No { truth.min(operand) } else { truth.max(operand) };
        }
        *at = end;
        truth
    }
}

/// The groups and the sessions met so far.
#[derive(Debug, Default)]
pub(super) struct Cases {
    bits: Vec<u64>,
    groups: Memo<Group>,
    sessions: Memo<Asked>,
}

impl Cases {
    /// The case of a row.
    #[inline]
    pub(super) fn of<'c, R: Row>(&'c mut self, policy: &Compiled, row: &R) -> Case<'c> {
        let Self { bits, groups, sessions } = self;
        bits.resize(policy.tests.bits(), 0);
        policy.tests.answer(row, bits);
        // Keys hold only what the rules in question ask: a person's groups do not depend on the application.
        let group = if row.has_subject() {
            *groups.get(bits, &policy.asked_of_subjects, 0, || Group::new(policy, Answers::new(bits)))
        } else {
            Group::NOBODY
        };
        let session: Option<&'c Asked> = has_session(row).then(|| {
            let tier = if let First::Is(index) = group.tier { index as u64 + 1 } else { 0 };
            sessions.get(bits, &policy.asked_of_sessions, tier, || Asked::new(policy, group.tier, Answers::new(bits)))
        });
        Case { group, session }
    }
}

/// What was made of the answers to some tests: a hash table.
#[derive(Debug)]
struct Memo<T> {
    /// The key at hand.
    key: Vec<u64>,
    /// All keys, one after the other.
    keys: Vec<u64>,
    values: Vec<T>,
    /// Index of a value and one; 0 is an empty slot. Many more than values.
    slots: Vec<u32>,
}

impl<T> Default for Memo<T> {
    fn default() -> Self {
        Self { key: Vec::new(), keys: Vec::new(), values: Vec::new(), slots: vec![0; 64] }
    }
}

/// More are not kept: a policy whose rows have so many cases gains nothing by remembering them.
const KEPT: usize = 4096;

impl<T> Memo<T> {
    /// What belongs to the answers in `bits` to `tests`, and to `more`.
    #[inline]
    fn get(&mut self, bits: &[u64], tests: &[u64], more: u64, make: impl FnOnce() -> T) -> &T {
        self.key.clear();
        // The tests come once for what is answered yes and once for what is unknown.
        self.key.extend(bits.iter().zip(tests.iter().cycle()).map(|(bits, tests)| bits & tests));
        self.key.push(more);
        let length = self.key.len();
        let mut slot = self.slot(&self.key);
        while let Some(index) = (self.slots[slot] as usize).checked_sub(1) {
            // Not by `==`, which calls a function for three words.
            if self.keys[index * length..][..length].iter().eq(&self.key) {
                return &self.values[index];
            }
            slot = (slot + 1) % self.slots.len();
        }
        self.add(make())
    }

    #[inline]
    fn slot(&self, key: &[u64]) -> usize {
        let mix = |hash: u64, word: &u64| (hash.rotate_left(23) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (key.iter().fold(0, mix) >> 32) as usize & (self.slots.len() - 1)
    }

    #[cold]
    fn add(&mut self, value: T) -> &T {
        if self.values.len() == KEPT {
            *self = Self { key: std::mem::take(&mut self.key), ..Self::default() };
        }
        self.keys.extend_from_slice(&self.key);
        self.values.push(value);
        let length = self.key.len();
        if self.values.len() * 4 > self.slots.len() {
            self.slots = vec![0; self.slots.len() * 4];
            for index in 0..self.values.len() - 1 {
                let slot = self.free(&self.keys[index * length..][..length]);
                self.slots[slot] = index as u32 + 1;
            }
        }
        let (slot, index) = (self.free(&self.key), self.values.len() - 1);
        self.slots[slot] = index as u32 + 1;
        &self.values[index]
    }

    fn free(&self, key: &[u64]) -> usize {
        let mut slot = self.slot(key);
        while self.slots[slot] != 0 {
            slot = (slot + 1) % self.slots.len();
        }
        slot
    }
}
