//! What a policy says about one subject at one instant.
//!
//! Two axes are judged apart, and the more restrictive answer is the decision: *enrolment*, what the subject has
//! registered, which grace and exceptions relax; and the *session*, which they do not.
//!
//! A missing value is unknown, an empty list is none. Conditions are three-valued: a missing value makes an answer
//! unknown exactly where some value could change it, and an unknown answer is `indeterminate`, never `allow`. What is
//! not asked stays silent: without an application and without a context there is no session to judge.
//!
//! Words (populations, roles, protocols, criteria …) are compared without regard to ASCII letter case. Instants are
//! microseconds since 1970 in UTC.

mod enrolment;
mod session;

use super::answers::{Answers, Truth};
use super::case::{Asked, Case, Cases, First, Group};
use super::compile::{Compiled, Exceptions, Stage, Tier, Wave};
use super::decision::{Decision, Enrolment, Outcome, Session, Verdict};
use super::document::StageEffect;
use super::input::{ExceptionInput, Input, Row};
use super::reason::Reason;
use super::value::Anchor;
use crate::model::{Method, Strength};
use crate::word::{Name, Word};

/// A policy at work: it remembers the cases it has met. One thread has its own.
#[derive(Debug)]
pub struct Evaluator {
    policy: Compiled,
    cases: Cases,
}

impl Evaluator {
    /// Puts a policy to work.
    pub fn new(policy: Compiled) -> Self {
        Self { cases: Cases::new(&policy), policy }
    }

    /// The policy.
    pub fn policy(&self) -> &Compiled {
        &self.policy
    }

    /// What the policy says about one row.
    pub fn evaluate<R: Row>(&mut self, row: &R) -> Verdict<Word<'_>> {
        let bits = self.policy.tests.answered(std::slice::from_ref(row));
        self.policy.decide(self.cases.of(&self.policy, row, &bits), row).map(Name::word)
    }

    /// What the policy says about some rows, in their order: faster than one by one, best with a few dozen.
    pub fn evaluate_all<R: Row>(&mut self, rows: &[R]) -> Vec<Verdict<&Name>> {
        let Self { policy, cases } = self;
        let bits = policy.tests.answered(rows);
        let of_each = bits.chunks_exact(policy.tests.bits());
        rows.iter().zip(of_each).map(|(row, bits)| policy.decide(cases.of(policy, row, bits), row)).collect()
    }
}

/// When things begin for a subject.
#[derive(Clone, Copy)]
struct Clock {
    enforce_from: i64,
    /// That of the tier.
    grace: Option<i64>,
    /// Enforcement on this subject; unknown with the creation of the account.
    start: Option<i64>,
    deadline: Option<i64>,
}

/// Methods that make a sign-in worth at least a level, by [`Strength::level`].
const WORTH: [u32; 5] = {
    let mut worth = [0; 5];
    let mut level = 0;
    while level < worth.len() {
        let mut index = 0;
        while index < Method::ALL.len() {
            let method = Method::ALL[index];
            if method.strength() as usize >= level {
                worth[level] |= method.bit();
            }
            index += 1;
        }
        level += 1;
    }
    worth
};

impl Clock {
    #[inline]
    fn of(&self, stage: &Stage) -> Option<i64> {
        let anchor = match stage.anchor {
            Anchor::Enforcement => self.start,
            Anchor::Deadline => self.deadline,
        };
        anchor.map(|anchor| anchor.saturating_add(stage.offset))
    }
}

/// What exceptions do.
#[derive(Clone, Copy)]
struct Excepted {
    enrolment: Truth,
    session: Truth,
    /// What speaks against those that do not hold.
    objections: u32,
    /// … and against those of them that name the session.
    session_objections: u32,
}

impl Excepted {
    const NO: Self = Self { enrolment: Truth::No, session: Truth::No, objections: 0, session_objections: 0 };
}

impl Compiled {
    /// What the policy says about one row. An [`Evaluator`] says it faster about many.
    pub fn evaluate(&self, input: &Input<'_>) -> Decision<'_> {
        let bits = self.tests.answered(std::slice::from_ref(input));
        let answers = Answers::new(&bits);
        let group = Group::of(self, input, answers);
        let session = Asked::of(self, input, group.tier, answers);
        self.decide(Case { group, session: session.as_ref() }, input).map(|name| name.word().as_str())
    }

    #[inline]
    pub(super) fn decide<'p, R: Row>(&'p self, case: Case<'_>, row: &R) -> Verdict<&'p Name> {
        let as_of = row.as_of();
        let mut reasons = 0;
        let tier = match case.group.tier {
            First::Is(index) => Some(&self.tiers[index]),
            First::None | First::Unknown => None,
        };
        let wave = match case.group.wave {
            First::Is(index) => Some(&self.waves[index]),
            First::None | First::Unknown => None,
        };
        if case.group.wave == First::None && self.has_rollout {
            reasons |= Reason::NoWave.bit();
        }
        let clock = self.clock(case.group, tier, wave, row);
        let enforced = clock.zip(as_of).map(|(clock, as_of)| {
            let begun = as_of >= clock.enforce_from;
            if !begun {
                reasons |= Reason::PreCutover.bit();
            }
            begun && (wave.is_some() || self.enforced_without_wave)
        });

        let judged = case.session.map(|asked| self.session(asked, row));
        let session = judged.as_ref().map(|judged| judged.session);
        let mut accepted_mask = 0;
        let mut strength = None;
        let mut excepted = None;
        let enrolment = match (tier, as_of) {
            (None, _) | (_, None) => Enrolment::Unknown,
            (Some(tier), _) if tier.not_applicable => Enrolment::NotApplicable,
            (Some(tier), Some(as_of)) => {
                let accepted = tier.accepted(row.fallback_started_at(), case.app(), as_of);
                accepted_mask = accepted.yes;
                let tally = tier.count(&accepted, row, as_of);
                let compliance = tier.compliance(tally.as_ref());
                if let Some(tally) = &tally {
                    strength = tally.strength();
                    reasons |= tally.remarks;
                    if compliance != Truth::Yes {
                        reasons |= tally.shortfall | tier.shortage(tally);
                    }
                }
                if compliance == Truth::Yes {
                    Enrolment::Compliant
                } else {
                    let excepted = excepted.insert(self.excepted(case.group.tier, row));
                    reasons |= excepted.objections;
                    if excepted.enrolment == Truth::Yes {
                        Enrolment::Excepted
                    } else if compliance == Truth::Unknown || excepted.enrolment == Truth::Unknown {
                        Enrolment::Unknown
                    } else {
                        match clock {
                            Some(clock) if as_of < clock.enforce_from => Enrolment::InGrace,
                            Some(Clock { deadline: Some(deadline), .. }) if as_of < deadline => Enrolment::InGrace,
                            Some(Clock { deadline: Some(_), .. }) => Enrolment::Overdue,
                            _ => Enrolment::Unknown,
                        }
                    }
                }
            }
        };
        if enrolment == Enrolment::Unknown || enforced.is_none() {
            reasons |= Reason::MissingInput.bit();
        }

        let excluded = tier.is_some_and(|tier| tier.exclude_from_enforcement);
        let settled = matches!(enrolment, Enrolment::Compliant | Enrolment::NotApplicable);
        let stage = match (clock, as_of) {
            (Some(clock), Some(as_of)) if !settled && !excluded => self.stage(clock, as_of),
            _ => None,
        };
        let of_enrolment = match enrolment {
            Enrolment::Compliant => Outcome::Allow,
            Enrolment::Excepted => Outcome::AllowException,
            Enrolment::NotApplicable => Outcome::Exempt,
            Enrolment::Unknown => Outcome::Indeterminate,
            Enrolment::InGrace | Enrolment::Overdue => match stage.map(|stage| &self.stages[stage]) {
                Some(stage) => match (stage.effect, case.app()) {
                    (StageEffect::Remind, _) => Outcome::AllowRemind,
                    (StageEffect::Block, _) => Outcome::Block,
                    (StageEffect::Limit, First::Is(app)) if stage.allow_apps.contains(&app) => Outcome::AllowRemind,
                    (StageEffect::Limit, First::Unknown) if !stage.allow_apps.is_empty() => Outcome::Indeterminate,
                    (StageEffect::Limit, _) => Outcome::Limit,
                },
                // A stage may begin before enforcement, and on a new account later.
                None if !excluded && self.may_have_begun(clock, as_of) => Outcome::Indeterminate,
                None if enrolment == Enrolment::InGrace => Outcome::AllowRemind,
                // Nothing softens the requirement.
                None => Outcome::Block,
            },
        };
        if of_enrolment == Outcome::Indeterminate {
            reasons |= Reason::MissingInput.bit();
        }

        let of_session = match session {
            None | Some(Session::Satisfied) => Outcome::Allow,
            Some(Session::StepUp) => Outcome::StepUp,
            Some(Session::Blocked) => Outcome::Block,
            Some(Session::Unknown) => Outcome::Indeterminate,
        };
        let of_session = match (session, case.session) {
            (Some(Session::StepUp | Session::Unknown), Some(asked)) => {
                let excepted = excepted.unwrap_or_else(|| self.excepted(case.group.tier, row));
                reasons |= excepted.session_objections;
                match excepted.session {
                    // Nothing relaxes a block, nor what may be one.
                    _ if asked.may_be_blocked => of_session,
                    Truth::Yes => Outcome::AllowException,
                    Truth::Unknown => {
                        reasons |= Reason::MissingInput.bit();
                        Outcome::Indeterminate
                    }
                    Truth::No => of_session,
                }
            }
            _ => of_session,
        };
        if let Some(judged) = &judged {
            reasons |= judged.reasons;
        }

        let strictest = of_enrolment.max(of_session);
        let exempt = excluded && matches!(strictest, Outcome::StepUp | Outcome::Limit | Outcome::Block);
        let would_decision = if exempt { Outcome::Exempt } else { strictest };
        let of_rule = judged.as_ref().and_then(|judged| judged.rule(self));
        let of_tier = tier.map(|tier| &tier.id);
        let matched_rule_id = match of_session.cmp(&of_enrolment) {
            _ if exempt || of_session == Outcome::AllowException => of_tier,
            std::cmp::Ordering::Less => of_tier,
            std::cmp::Ordering::Greater => of_rule.or(of_tier),
            std::cmp::Ordering::Equal => match (of_tier, of_rule) {
                (Some(tier), Some(rule)) if strictest >= Outcome::StepUp => {
                    Some(if rule.word().as_str() < tier.word().as_str() { rule } else { tier })
                }
                (Some(tier), _) => Some(tier),
                (None, rule) => rule,
            },
        };
        let required = case.session.map(|asked| asked.required);
        Verdict {
            decision: match enforced {
                Some(true) => would_decision,
                Some(false) => Outcome::ReportOnly,
                None => Outcome::Indeterminate,
            },
            would_decision,
            enrolment,
            session,
            required_mask: required.map_or(accepted_mask, |required| accepted_mask & required.allow),
            reason_mask: reasons,
            grace_deadline: match (tier, clock) {
                (Some(tier), Some(clock)) if !tier.not_applicable => clock.deadline,
                _ => None,
            },
            stage: stage.map(|stage| self.stages[stage].n),
            matched_rule_id,
            required_strength: required.and_then(|required| required.strength).map(Strength::level),
            max_age_micros: required.and_then(|required| required.max_age),
            tier: of_tier,
            wave: wave.map(|wave| &wave.id),
            policy_hash: &self.hash,
            strength,
        }
    }

    #[inline]
    fn clock<R: Row>(&self, group: Group, tier: Option<&Tier>, wave: Option<&Wave>, row: &R) -> Option<Clock> {
        let enforce_from = match (group.wave, wave) {
            (_, Some(wave)) => wave.enforce_from,
            (First::None, None) => self.effective_from,
            (_, None) => return None,
        };
        let start = row.created_at().map(|created_at| created_at.max(enforce_from));
        let grace = tier.map(|tier| tier.grace);
        let deadline = start.zip(grace).map(|(start, grace)| start.saturating_add(grace));
        Some(Clock { enforce_from, grace, start, deadline })
    }

    /// Index of the stage reached.
    #[inline]
    fn stage(&self, clock: Clock, as_of: i64) -> Option<usize> {
        self.stages.iter().rposition(|stage| clock.of(stage).is_some_and(|from| as_of >= from))
    }

    /// Whether a stage is reached if the account, whose creation is unknown, is old enough.
    fn may_have_begun(&self, clock: Option<Clock>, as_of: Option<i64>) -> bool {
        match (clock, as_of) {
            (Some(Clock { enforce_from, grace, start: None, .. }), Some(as_of)) => {
                let deadline = grace.map(|grace| enforce_from.saturating_add(grace));
                self.stage(Clock { enforce_from, grace, start: Some(enforce_from), deadline }, as_of).is_some()
            }
            _ => false,
        }
    }

    /// First instant of a stage for a subject.
    pub(super) fn stage_from<R: Row>(&self, group: Group, row: &R, stage: &Stage) -> Option<i64> {
        let index = |first| if let First::Is(index) = first { Some(index) } else { None };
        let tier = index(group.tier).map(|index| &self.tiers[index]);
        let wave = index(group.wave).map(|index| &self.waves[index]);
        self.clock(group, tier, wave, row)?.of(stage)
    }

    /// Whether an exception holds, and if none does, why.
    #[inline]
    fn excepted<R: Row>(&self, tier: First, row: &R) -> Excepted {
        let mut answer = Excepted::NO;
        // Nearly always there is none.
        let is_list = row.exceptions(|exception| self.weigh(exception, tier, row, &mut answer));
        if !is_list && self.exceptions_for(tier).is_some() {
            return Excepted { enrolment: Truth::Unknown, session: Truth::Unknown, ..Excepted::NO };
        }
        if answer.enrolment == Truth::Yes {
            answer.objections = 0;
        }
        if answer.session == Truth::Yes {
            answer.session_objections = 0;
        }
        answer
    }

    /// The rules for exceptions, where the tier can be given one.
    fn exceptions_for(&self, tier: First) -> Option<&Exceptions> {
        match (&self.exceptions, tier) {
            (Some(rules), First::Is(tier)) if rules.never_for.contains(&tier) => None,
            (rules, _) => rules.as_ref(),
        }
    }

    #[cold]
    fn weigh<R: Row>(&self, exception: &ExceptionInput<'_>, tier: First, row: &R, answer: &mut Excepted) {
        let (truth, objections) = match self.exceptions_for(tier) {
            Some(rules) => {
                let (truth, objections) = rules.judge(exception, row.subject_id(), row.as_of());
                // A tier that is not known may be one that gets none.
                let is_certain = matches!(tier, First::Is(_)) || rules.never_for.is_empty();
                (if is_certain { truth } else { truth.min(Truth::Unknown) }, objections)
            }
            None => (Truth::No, Reason::ExcForbidden.bit()),
        };
        answer.enrolment = answer.enrolment.max(truth);
        answer.objections |= objections;
        // One that names nothing leaves the session alone.
        if exception.scope.is_some_and(|scope| scope.eq_ignore_ascii_case("session")) {
            answer.session = answer.session.max(truth);
            answer.session_objections |= objections;
        }
    }
}

fn is_one_of(word: &str, words: &[Box<str>]) -> bool {
    words.iter().any(|other| other.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests;
