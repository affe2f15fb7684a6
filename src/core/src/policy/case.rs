//! What the words of a row settle: its tier, wave, application class and session rules.
//!
//! Rows have few different answers to a policy's tests, far fewer than there are rows. What each set of answers settles is
//! worked out once and remembered.

use super::answers::{Answers, Truth};
use super::compile::{Compiled, Condition, Needs, Op, Requirement};
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
    pub(super) needs: Needs,
    /// By those too of which a missing value decides whether they match.
    pub(super) possible: Needs,
    /// The rules that match and do not block, by name.
    pub(super) asking: Box<[Asking]>,
    /// The rules that block: they match, or the tier forbids the protocol.
    pub(super) blocking: Box<[Rule]>,
    /// Rules of which a missing value decides whether they match, and whether one of them would block.
    pub(super) undecided: Box<[Rule]>,
    pub(super) may_be_blocked: bool,
    /// Why it is blocked.
    pub(super) reasons: u32,
}

/// A rule that matches, and asks for something.
#[derive(Debug)]
pub(super) struct Asking {
    pub(super) rule: Rule,
    pub(super) needs: Needs,
    /// Whether it asks for as much strength as all rules together, and for so recent an MFA.
    pub(super) is_strongest: bool,
    pub(super) is_freshest: bool,
    /// Whether it names methods.
    pub(super) restricts: bool,
    pub(super) reason: u32,
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
        let (mut asking, mut blocking, mut undecided) = (Vec::<usize>::new(), Vec::new(), Vec::new());
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
        asking.sort_by_key(|index| policy.rules[*index].id.as_str());
        let asks = |index: usize| {
            let rule = &policy.rules[index];
            Asking {
                rule: Rule::Session(index),
                needs: rule.require.needs(),
                is_strongest: rule.require.strength == required.strength,
                is_freshest: rule.require.max_age == required.max_age,
                restricts: rule.require.allow != u32::MAX,
                reason: rule.reason.bit(),
            }
        };
        Self {
            app,
            required,
            needs: required.needs(),
            possible: required.join(possible).needs(),
            asking: asking.into_iter().map(asks).collect(),
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
#[derive(Debug)]
pub(super) struct Cases {
    met: Met,
}

/// Nearly every policy has few enough tests for one word of the machine; then no key needs memory of its own.
#[derive(Debug)]
enum Met {
    One { groups: Memo<[u64; 3], Group>, sessions: Memo<[u64; 3], Asked> },
    Many { groups: Memo<Vec<u64>, Group>, sessions: Memo<Vec<u64>, Asked> },
}

impl Cases {
    pub(super) fn new(policy: &Compiled) -> Self {
        let met = match policy.tests.bits() {
            2 => Met::One { groups: Memo::default(), sessions: Memo::default() },
            _ => Met::Many { groups: Memo::default(), sessions: Memo::default() },
        };
        Self { met }
    }

    /// The case of a row whose answers are `bits`.
    #[inline]
    pub(super) fn of<'c, R: Row>(&'c mut self, policy: &Compiled, row: &R, bits: &[u64]) -> Case<'c> {
        // Keys hold only what the rules in question ask: a person's groups do not depend on the application.
        let (subjects, sessions_of) = (&*policy.asked_of_subjects, &*policy.asked_of_sessions);
        match &mut self.met {
            Met::One { groups, sessions } => {
                let key = |tests: &[u64], more| [bits[0] & tests[0], bits[1] & tests[0], more];
                case(policy, row, bits, groups, sessions, || key(subjects, 0), |tier| key(sessions_of, tier))
            }
            Met::Many { groups, sessions } => {
                let key = |tests: &[u64], more| {
                    // The tests come once for what is answered yes and once for what is unknown.
                    let asked = bits.iter().zip(tests.iter().cycle()).map(|(bits, tests)| bits & tests);
                    asked.chain([more]).collect()
                };
                case(policy, row, bits, groups, sessions, || key(subjects, 0), |tier| key(sessions_of, tier))
            }
        }
    }
}

#[inline]
fn case<'c, K: AsRef<[u64]>, R: Row>(
    policy: &Compiled,
    row: &R,
    bits: &[u64],
    groups: &mut Memo<K, Group>,
    sessions: &'c mut Memo<K, Asked>,
    of_subject: impl FnOnce() -> K,
    of_session: impl FnOnce(u64) -> K,
) -> Case<'c> {
    let answers = Answers::new(bits);
    let group =
        if row.has_subject() { *groups.get(of_subject(), || Group::new(policy, answers)) } else { Group::NOBODY };
    let session = has_session(row).then(|| {
        let tier = if let First::Is(index) = group.tier { index as u64 + 1 } else { 0 };
        sessions.get(of_session(tier), || Asked::new(policy, group.tier, answers))
    });
    Case { group, session }
}

/// What was made of the answers to some tests: a hash table.
#[derive(Debug)]
struct Memo<K, T> {
    met: Vec<(K, T)>,
    /// Index of what was met and one; 0 is an empty slot. Many more than were met.
    slots: Vec<u32>,
}

impl<K, T> Default for Memo<K, T> {
    fn default() -> Self {
        Self { met: Vec::new(), slots: vec![0; 64] }
    }
}

/// More are not kept: a policy whose rows have so many cases gains nothing by remembering them.
const KEPT: usize = 4096;

impl<K: AsRef<[u64]>, T> Memo<K, T> {
    #[inline]
    fn get(&mut self, key: K, make: impl FnOnce() -> T) -> &T {
        let mut slot = self.slot(&key);
        while let Some(index) = (self.slots[slot] as usize).checked_sub(1) {
            // Not by `==`, which calls a function for three words.
            if self.met[index].0.as_ref().iter().eq(key.as_ref()) {
                return &self.met[index].1;
            }
            slot = (slot + 1) % self.slots.len();
        }
        self.add(key, make())
    }

    #[inline]
    fn slot(&self, key: &K) -> usize {
        let mix = |hash: u64, word: &u64| (hash.rotate_left(23) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (key.as_ref().iter().fold(0, mix) >> 32) as usize & (self.slots.len() - 1)
    }

    #[cold]
    fn add(&mut self, key: K, value: T) -> &T {
        if self.met.len() == KEPT {
            *self = Self::default();
        }
        if (self.met.len() + 1) * 4 > self.slots.len() {
            self.slots = vec![0; self.slots.len() * 4];
            for index in 0..self.met.len() {
                let slot = self.free(&self.met[index].0);
                self.slots[slot] = index as u32 + 1;
            }
        }
        let slot = self.free(&key);
        self.met.push((key, value));
        self.slots[slot] = self.met.len() as u32;
        &self.met[self.met.len() - 1].1
    }

    fn free(&self, key: &K) -> usize {
        let mut slot = self.slot(key);
        while self.slots[slot] != 0 {
            slot = (slot + 1) % self.slots.len();
        }
        slot
    }
}
