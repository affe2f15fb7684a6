//! A policy in the form that evaluation reads: masks, microseconds and indexes instead of names.
//!
//! Conditions are flat. Every test of one attribute against a list of words is an *atom*, stored once; a condition is a
//! run of [`Op`]s over atoms. So the atoms of a row, or of a whole column, can be decided first and the conditions be
//! computed from those answers.

use std::ops::Range;

use super::answers::Tests;
use super::document::{Attestation, Match, Mode, NumberMatching, RuleEffect, StageEffect};
use super::input::Attribute;
use super::value::{Anchor, Duration, Instant, Methods, Names};
use super::{Policy, PolicyError, Reason};
use crate::model::{Method, Strength};
use crate::word::Name;

/// A policy, ready to be evaluated.
#[derive(Debug)]
pub struct Compiled {
    policy: Policy,
    pub(super) hash: Name,
    pub(super) atoms: Vec<Atom>,
    pub(super) tests: Tests,
    pub(super) ops: Vec<Op>,
    /// The tests that tiers and waves need.
    pub(super) asked_of_subjects: Box<[u64]>,
    /// The tests that session rules need.
    pub(super) asked_of_sessions: Box<[u64]>,
    pub(super) tiers: Vec<Tier>,
    pub(super) waves: Vec<Wave>,
    /// The `app`, then the `step_up`, then the `context` rules. An application class is an index of the first.
    pub(super) rules: Vec<Rule>,
    /// By number.
    pub(super) stages: Vec<Stage>,
    pub(super) exceptions: Option<Exceptions>,
    pub(super) effective_from: i64,
    /// Whether decisions are enforced on subjects in no wave.
    pub(super) enforced_without_wave: bool,
    /// Whether there is a rollout at all that a subject could be missing from.
    pub(super) has_rollout: bool,
}

/// A test of one attribute.
#[derive(Debug, PartialEq)]
pub(super) enum Atom {
    /// The attribute is one of these words.
    Is(Attribute, Box<[Box<str>]>),
    /// The subject is, or is not, privileged.
    Privileged(bool),
}

/// One step of a condition. A connective stands before its operands.
#[derive(Debug, Clone, Copy)]
pub(super) enum Op {
    /// The atom of this index.
    Test(u32),
    /// The operands that end before this index.
    All(u32),
    Any(u32),
    /// The one expression that follows.
    Not,
}

/// A condition: a run of `Compiled::ops` that forms one expression.
pub(super) type Condition = Range<u32>;

#[derive(Debug)]
pub(super) struct Tier {
    pub(super) id: Name,
    pub(super) when: Condition,
    pub(super) not_applicable: bool,
    pub(super) exclude_from_enforcement: bool,
    pub(super) allow: u32,
    pub(super) min_factors: u32,
    pub(super) min_recovery: u32,
    /// Methods that only count when attested.
    pub(super) attest: u32,
    /// The test of the protocols it may not use.
    pub(super) forbids: Option<u32>,
    pub(super) grace: i64,
    pub(super) phase_out: Vec<PhaseOut>,
    pub(super) fallback: Vec<Fallback>,
}

#[derive(Debug)]
pub(super) struct PhaseOut {
    pub(super) methods: u32,
    pub(super) after: i64,
}

#[derive(Debug)]
pub(super) struct Fallback {
    pub(super) methods: u32,
    pub(super) until: Option<i64>,
    /// Microseconds a subject has from the first use.
    pub(super) per_user: Option<i64>,
    /// Indexes of `app` rules.
    pub(super) not_for_app: Box<[usize]>,
}

#[derive(Debug)]
pub(super) struct Wave {
    pub(super) id: Name,
    pub(super) when: Condition,
    pub(super) enforce_from: i64,
}

#[derive(Debug)]
pub(super) struct Rule {
    pub(super) id: Name,
    pub(super) when: Condition,
    pub(super) require: Requirement,
    pub(super) block: bool,
    /// What it says when it is what stands in the way.
    pub(super) reason: Reason,
}

/// What a requirement comes to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Needs {
    /// Methods of which one is enough, as a mask; nothing where none is needed.
    pub(super) methods: Option<u32>,
    pub(super) max_age: Option<i64>,
}

/// What a session needs. Requirements join to the strictest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Requirement {
    pub(super) strength: Option<Strength>,
    pub(super) max_age: Option<i64>,
    pub(super) allow: u32,
}

impl Requirement {
    pub(super) const NOTHING: Self = Self { strength: None, max_age: None, allow: u32::MAX };

    pub(super) fn join(self, other: Self) -> Self {
        Self {
            strength: self.strength.max(other.strength),
            max_age: match (self.max_age, other.max_age) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            },
            allow: self.allow & other.allow,
        }
    }
}

#[derive(Debug)]
pub(super) struct Stage {
    pub(super) n: u8,
    pub(super) anchor: Anchor,
    pub(super) offset: i64,
    pub(super) effect: StageEffect,
    /// Indexes of `app` rules.
    pub(super) allow_apps: Box<[usize]>,
}

#[derive(Debug)]
pub(super) struct Exceptions {
    pub(super) criteria: Box<[Box<str>]>,
    pub(super) approvals: usize,
    pub(super) approver_roles: Box<[Box<str>]>,
    pub(super) max_duration: i64,
    pub(super) attest_every: Option<i64>,
    /// Indexes of tiers.
    pub(super) never_for: Box<[usize]>,
}

impl Compiled {
    /// Reads a document, TOML or JSON, and compiles it.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        Policy::parse(text).map(Self::new)
    }

    /// Compiles a policy.
    pub fn new(policy: Policy) -> Self {
        let mut conditions = Conditions { atoms: Vec::new(), ops: Vec::new() };
        let app_indexes = |names: &std::collections::BTreeSet<String>| -> Box<[usize]> {
            (0..policy.app.len()).filter(|app| names.contains(&policy.app[*app].id)).collect()
        };
        let tiers = policy.tier.iter().map(|tier| {
            let enrol = &tier.enrol;
            Tier {
                id: Name::new(&tier.id),
                when: conditions.add(&tier.when),
                not_applicable: enrol.not_applicable,
                exclude_from_enforcement: tier.exclude_from_enforcement,
                allow: pushes(enrol.allow.as_ref().map_or(0, Methods::mask), enrol.number_matching),
                min_factors: enrol.min_factors.into(),
                min_recovery: enrol.min_recovery.into(),
                attest: match enrol.attestation {
                    Attestation::Optional => 0,
                    Attestation::WhereSupported => Method::ALL
                        .into_iter()
                        .filter(|method| method.supports_attestation())
                        .fold(0, |mask, method| mask | method.bit()),
                    Attestation::Required => u32::MAX,
                },
                forbids: (!enrol.forbid_protocols.is_empty())
                    .then(|| conditions.atom(Atom::Is(Attribute::Protocol, words(&enrol.forbid_protocols)))),
                grace: tier.grace.micros(),
                phase_out: tier
                    .phase_out
                    .iter()
                    .map(|phase_out| PhaseOut { methods: phase_out.methods.mask(), after: phase_out.after.micros() })
                    .collect(),
                fallback: tier
                    .fallback
                    .iter()
                    .map(|fallback| Fallback {
                        methods: pushes(fallback.methods.mask(), enrol.number_matching),
                        until: fallback.until.map(Instant::micros),
                        per_user: fallback.max_days_per_user.map(|days| i64::from(days) * 86_400_000_000),
                        not_for_app: app_indexes(&fallback.not_for_app),
                    })
                    .collect(),
            }
        });
        let tiers: Vec<_> = tiers.collect();
        let waves = policy.rollout.iter().flat_map(|rollout| &rollout.wave).map(|wave| Wave {
            id: Name::new(&wave.id),
            when: conditions.add(&wave.when),
            enforce_from: wave.enforce_from.micros(),
        });
        let waves: Vec<_> = waves.collect();
        let of_subjects = conditions.ops.len();
        let sections = [
            (&policy.app, Reason::StepUpApp),
            (&policy.step_up, Reason::StepUpTx),
            (&policy.context, Reason::StepUpContext),
        ];
        let rules = sections.into_iter().flat_map(|(rules, reason)| rules.iter().map(move |rule| (rule, reason)));
        let rules = rules.map(|(rule, reason)| {
            let when = conditions.add(&rule.when);
            let on_protocol = conditions.ops[when.start as usize..].iter().any(|op| {
                let Op::Test(atom) = op else { return false };
                matches!(conditions.atoms[*atom as usize], Atom::Is(Attribute::Protocol, _))
            });
            let require = &rule.require;
            let every_access = require.every_access.then_some(0);
            Rule {
                id: Name::new(&rule.id),
                when,
                require: Requirement {
                    strength: require.strength,
                    max_age: every_access.or(require.max_age.map(Duration::micros)),
                    allow: require
                        .allow
                        .as_ref()
                        .map_or(u32::MAX, |allow| pushes(allow.mask(), NumberMatching::Optional)),
                },
                block: rule.effect == RuleEffect::Block,
                reason: if rule.effect == RuleEffect::Block && on_protocol { Reason::LegacyProtocol } else { reason },
            }
        });
        let rules = rules.collect();
        let mut stages: Vec<_> = policy
            .stage
            .iter()
            .map(|stage| Stage {
                n: stage.n,
                anchor: stage.from.anchor,
                offset: stage.from.offset,
                effect: stage.effect,
                allow_apps: app_indexes(&stage.allow_apps),
            })
            .collect();
        stages.sort_unstable_by_key(|stage| stage.n);
        let exceptions = policy.exceptions.as_ref().map(|exceptions| Exceptions {
            criteria: words(&exceptions.criteria),
            approvals: exceptions.approvals.into(),
            approver_roles: words(&exceptions.approver_roles),
            max_duration: exceptions.max_duration.micros(),
            attest_every: exceptions.attest_every.map(Duration::micros),
            never_for: (0..policy.tier.len())
                .filter(|tier| exceptions.never_for.contains(&policy.tier[*tier].id))
                .collect(),
        });
        let tests = Tests::new(&conditions.atoms);
        let asked = |ops: &[Op]| {
            let tests = ops.iter().filter_map(|op| if let Op::Test(test) = op { Some(*test) } else { None });
            tests.collect::<Vec<_>>()
        };
        let forbidden = tiers.iter().filter_map(|tier| tier.forbids);
        let asked_of_sessions = tests.set(asked(&conditions.ops[of_subjects..]).into_iter().chain(forbidden));
        Self {
            hash: Name::new(&policy.hash()),
            asked_of_subjects: tests.set(asked(&conditions.ops[..of_subjects]).into_iter()),
            asked_of_sessions,
            tests,
            atoms: conditions.atoms,
            ops: conditions.ops,
            tiers,
            waves,
            rules,
            stages,
            exceptions,
            effective_from: policy.effective_from.micros(),
            enforced_without_wave: policy.rollout.as_ref().is_none_or(|rollout| rollout.default_mode == Mode::Enforce),
            has_rollout: policy.rollout.is_some(),
            policy,
        }
    }

    /// The document it was compiled from.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Hash of the document: SHA-256 of its canonical JSON, in lower-case hexadecimal digits.
    pub fn hash(&self) -> &str {
        self.hash.word().as_str()
    }
}

/// A push that asks for a number is also a push, and where the number is required only that one is.
fn pushes(mask: u32, number_matching: NumberMatching) -> u32 {
    if mask & Method::Push.bit() == 0 {
        return mask;
    }
    let mask = mask | Method::PushNumber.bit();
    match number_matching {
        NumberMatching::Optional => mask,
        NumberMatching::Required => mask & !Method::Push.bit(),
    }
}

fn words(names: &Names) -> Box<[Box<str>]> {
    names.iter().map(Box::from).collect()
}

struct Conditions {
    atoms: Vec<Atom>,
    ops: Vec<Op>,
}

impl Conditions {
    fn add(&mut self, when: &Match) -> Condition {
        let start = self.ops.len() as u32;
        self.all_of(when);
        start..self.ops.len() as u32
    }

    fn all_of(&mut self, when: &Match) {
        self.connective(Op::All, |this| {
            for (attribute, names) in [
                (Attribute::Population, &when.population),
                (Attribute::Role, &when.role),
                (Attribute::Department, &when.department),
                (Attribute::Region, &when.region),
                (Attribute::App, &when.app),
                (Attribute::Sensitivity, &when.sensitivity),
                (Attribute::Signal, &when.signal),
                (Attribute::Protocol, &when.protocol),
                (Attribute::Transaction, &when.transaction),
            ] {
                if let Some(names) = names {
                    this.test(Atom::Is(attribute, words(names)));
                }
            }
            if let Some(privileged) = when.privileged {
                this.test(Atom::Privileged(privileged));
            }
            for (connective, operands) in [(Op::Any as fn(u32) -> Op, &when.any), (Op::All, &when.all)] {
                if let Some(operands) = operands {
                    this.connective(connective, |this| {
                        operands.iter().for_each(|operand| this.all_of(operand));
                    });
                }
            }
            if let Some(operand) = &when.not {
                this.ops.push(Op::Not);
                this.all_of(operand);
            }
        });
    }

    fn connective(&mut self, op: fn(u32) -> Op, operands: impl FnOnce(&mut Self)) {
        let at = self.ops.len();
        self.ops.push(op(0));
        operands(self);
        self.ops[at] = op(self.ops.len() as u32);
    }

    fn test(&mut self, atom: Atom) {
        let atom = self.atom(atom);
        self.ops.push(Op::Test(atom));
    }

    fn atom(&mut self, atom: Atom) -> u32 {
        let known = self.atoms.iter().position(|known| *known == atom);
        known.unwrap_or_else(|| {
            self.atoms.push(atom);
            self.atoms.len() - 1
        }) as u32
    }
}
