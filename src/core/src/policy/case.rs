//! What the words of a row settle: its tier, wave, application class and session rules.
//!
//! Rows have few different answers to a policy's tests, far fewer than there are rows. Each set of answers is a *case*,
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

/// What a set of answers settles.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) tier: First,
    pub(super) wave: First,
    /// The class of the application: none where no application is accessed.
    pub(super) app: First,
    /// Nothing without a session.
    pub(super) session: Option<Asked>,
}

/// What is asked of a session.
#[derive(Debug)]
pub(super) struct Asked {
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

/// Bits of a key behind the answers: what the row has at all.
const HAS_SUBJECT: u64 = 1;
const HAS_SESSION: u64 = 2;

impl Case {
    /// What [`Case::new`] makes a case of: the answers, and what the row has at all.
    pub(super) fn key<R: Row>(policy: &Compiled, row: &R) -> Vec<u64> {
        let mut key = Vec::new();
        fill(&mut key, policy, row);
        key
    }

    pub(super) fn new(policy: &Compiled, key: &[u64]) -> Self {
        let (has, bits) = key.split_last().unwrap_or((&0, &[]));
        let answers = Answers::new(bits);
        let first = |conditions: &mut dyn Iterator<Item = &Condition>| {
            for (index, condition) in conditions.enumerate() {
                match policy.holds(condition, answers) {
                    Truth::Yes => return First::Is(index),
                    Truth::Unknown => return First::Unknown,
                    Truth::No => {}
                }
            }
            First::None
        };
        let (tier, wave) = if has & HAS_SUBJECT == 0 {
            // Even a rule that covers everyone does not cover nobody knows whom.
            (First::Unknown, First::Unknown)
        } else {
            (
                first(&mut policy.tiers.iter().map(|tier| &tier.when)),
                first(&mut policy.waves.iter().map(|wave| &wave.when)),
            )
        };
        if has & HAS_SESSION == 0 {
            return Self { tier, wave, app: First::None, session: None };
        }
        let apps = policy.policy().app.len();
        let app = first(&mut policy.rules[..apps].iter().map(|rule| &rule.when));
        Self { tier, wave, app, session: Some(Asked::new(policy, tier, answers)) }
    }
}

impl Asked {
    fn new(policy: &Compiled, tier: First, answers: Answers<'_>) -> Self {
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

impl Compiled {
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

/// Answers every test about a row, and what the row has at all.
#[inline]
fn fill<R: Row>(key: &mut Vec<u64>, policy: &Compiled, row: &R) {
    let bits = policy.tests.bits();
    key.resize(bits + 1, 0);
    policy.tests.answer(row, &mut key[..bits]);
    let has_session = row.has_app() || row.has_context();
    key[bits] = if row.has_subject() { HAS_SUBJECT } else { 0 } | if has_session { HAS_SESSION } else { 0 };
}

/// The cases met so far: a hash table from answers to cases.
#[derive(Debug, Default)]
pub(super) struct Cases {
    /// The answers of the row at hand.
    key: Vec<u64>,
    /// The answers of every case, one after the other.
    keys: Vec<u64>,
    cases: Vec<Case>,
    /// Index of a case and one; 0 is an empty slot.
    slots: Vec<u32>,
}

/// More are not kept: a policy whose rows have so many cases gains nothing by remembering them.
const KEPT: usize = 4096;

impl Cases {
    /// The case of a row.
    #[inline]
    pub(super) fn of<R: Row>(&mut self, policy: &Compiled, row: &R) -> &Case {
        fill(&mut self.key, policy, row);
        let length = self.key.len();
        if !self.slots.is_empty() {
            let mut slot = self.slot();
            while let Some(index) = (self.slots[slot] as usize).checked_sub(1) {
                // Not by `==`, which calls a function for three words.
                if self.keys[index * length..][..length].iter().eq(&self.key) {
                    return &self.cases[index];
                }
                slot = (slot + 1) % self.slots.len();
            }
        }
        self.add(policy)
    }

    #[inline]
    fn slot(&self) -> usize {
        let mix = |hash: u64, word: &u64| (hash.rotate_left(23) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (self.key.iter().fold(0, mix) >> 32) as usize & (self.slots.len() - 1)
    }

    #[cold]
    fn add(&mut self, policy: &Compiled) -> &Case {
        if self.slots.is_empty() || self.cases.len() == KEPT {
            self.keys.clear();
            self.cases.clear();
            self.slots = vec![0; KEPT * 4];
        }
        let mut slot = self.slot();
        while self.slots[slot] != 0 {
            slot = (slot + 1) % self.slots.len();
        }
        let index = self.cases.len();
        self.keys.extend_from_slice(&self.key);
        self.cases.push(Case::new(policy, &self.key));
        self.slots[slot] = index as u32 + 1;
        &self.cases[index]
    }
}
