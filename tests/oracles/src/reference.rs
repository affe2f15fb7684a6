//! A naive interpreter: what a policy says about a row, straight from the document.
//!
//! Written for obviousness, not speed, and sharing nothing with the evaluator but the document, the vocabulary of
//! methods and the type of the answer. `None` is "nobody knows" throughout.

use std::collections::BTreeSet;

use mfa_core::model::{Kinds, Method, Strength};
use mfa_core::policy::document::{
    Attestation, Exceptions, Match, Mode, NumberMatching, Requirement, RuleEffect, SessionRule, Stage, StageEffect,
    Tier, Wave,
};
use mfa_core::policy::value::{Anchor, Methods, Names};
use mfa_core::policy::{Decision, Enrolment, Outcome, Policy, Reason, Session};

use crate::row::{Context, Exception, Factor, Row, Subject};

/// Yes, no, or nobody knows.
type Maybe = Option<bool>;

fn not(one: Maybe) -> Maybe {
    match one {
        Some(true) => Some(false),
        Some(false) => Some(true),
        None => None,
    }
}

fn and(one: Maybe, other: Maybe) -> Maybe {
    match (one, other) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

fn or(one: Maybe, other: Maybe) -> Maybe {
    match (one, other) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (Some(false), Some(false)) => Some(false),
        _ => None,
    }
}

fn every(all: impl IntoIterator<Item = Maybe>) -> Maybe {
    let mut answer = Some(true);
    for one in all {
        answer = and(answer, one);
    }
    answer
}

fn some(any: impl IntoIterator<Item = Maybe>) -> Maybe {
    let mut answer = Some(false);
    for one in any {
        answer = or(answer, one);
    }
    answer
}

/// The first of several rules that matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum First<T> {
    Is(T),
    None,
    Unknown,
}

fn first<T>(rules: impl IntoIterator<Item = (T, Maybe)>) -> First<T> {
    for (rule, matches) in rules {
        match matches {
            Some(true) => return First::Is(rule),
            Some(false) => {}
            None => return First::Unknown,
        }
    }
    First::None
}

/// Sections whose rules ask something of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Section {
    App,
    StepUp,
    Context,
}

impl Section {
    fn reason(self) -> Reason {
        match self {
            Self::App => Reason::StepUpApp,
            Self::StepUp => Reason::StepUpTx,
            Self::Context => Reason::StepUpContext,
        }
    }
}

/// What a policy, whose hash is told, says about a row.
pub fn decide<'p>(policy: &'p Policy, hash: &'p str, row: &Row<'_>) -> Decision<'p> {
    let nobody = Subject::default();
    let subject = row.subject.as_ref().unwrap_or(&nobody);
    let mut reasons: BTreeSet<Reason> = BTreeSet::new();

    // Classify. Nobody knows which rule covers somebody nobody knows.
    let known = |matches: Maybe| if row.subject.is_none() { None } else { matches };
    let waves: &[Wave] = policy.rollout.as_ref().map_or(&[], |rollout| &rollout.wave);
    let tier = first(policy.tier.iter().map(|tier| (tier, known(matches(&tier.when, row)))));
    let wave = if row.subject.is_none() {
        First::Unknown
    } else {
        first(waves.iter().map(|wave| (wave, matches(&wave.when, row))))
    };
    let tier: Option<&Tier> = match tier {
        First::Is(tier) => Some(tier),
        First::None | First::Unknown => None,
    };
    let app_class: First<&str> = if row.app.is_none() && row.context.is_none() {
        First::None
    } else {
        first(policy.app.iter().map(|rule| (rule.id.as_str(), matches(&rule.when, row))))
    };

    // When what begins.
    let enforce_from: Option<i64> = match wave {
        First::Is(wave) => Some(wave.enforce_from.micros()),
        First::None => Some(policy.effective_from.micros()),
        First::Unknown => None,
    };
    let start: Option<i64> = match (enforce_from, subject.created_at) {
        (Some(enforce_from), Some(created_at)) => Some(enforce_from.max(created_at)),
        _ => None,
    };
    let deadline: Option<i64> = match (start, tier) {
        (Some(start), Some(tier)) => Some(start.saturating_add(tier.grace.micros())),
        _ => None,
    };
    let begun: Maybe = match (row.as_of, enforce_from) {
        (Some(as_of), Some(enforce_from)) => Some(as_of >= enforce_from),
        _ => None,
    };
    let in_force: Maybe = match wave {
        First::Is(_) => Some(true),
        First::None => Some(policy.rollout.as_ref().is_none_or(|rollout| rollout.default_mode == Mode::Enforce)),
        First::Unknown => None,
    };
    let enforced = match begun {
        // Without an instant or a wave nobody knows, even where nothing is ever enforced.
        None => None,
        Some(begun) => and(Some(begun), in_force),
    };
    if begun == Some(false) {
        reasons.insert(Reason::PreCutover);
    }
    if wave == First::None && policy.rollout.is_some() {
        reasons.insert(Reason::NoWave);
    }

    // Axis A.
    let mut accepted_now: BTreeSet<Method> = BTreeSet::new();
    let mut worth: Option<Strength> = None;
    let enrolment = match (tier, row.as_of) {
        (None, _) | (_, None) => Enrolment::Unknown,
        (Some(tier), Some(_)) if tier.enrol.not_applicable => Enrolment::NotApplicable,
        (Some(tier), Some(as_of)) => {
            let acceptances = Acceptances { tier, subject, app_class, as_of };
            accepted_now = Method::ALL.into_iter().filter(|m| acceptances.accepts(*m) == Some(true)).collect();
            let registered = Registered::of(&acceptances, row.factors.as_deref());
            worth = registered.certain.iter().map(|method| method.strength()).min();
            reasons.extend(&registered.remarks);
            let compliant = registered.satisfies(tier);
            if compliant == Some(true) {
                Enrolment::Compliant
            } else {
                reasons.extend(registered.lacks(tier));
                let (holds, objections) = excepted(policy, row, Some(tier), |_| true);
                if holds == Some(true) {
                    Enrolment::Excepted
                } else {
                    reasons.extend(objections);
                    match (compliant, holds) {
                        (None, _) | (_, None) => Enrolment::Unknown,
                        _ if begun == Some(false) => Enrolment::InGrace,
                        _ => match deadline {
                            Some(deadline) if as_of < deadline => Enrolment::InGrace,
                            Some(_) => Enrolment::Overdue,
                            None => Enrolment::Unknown,
                        },
                    }
                }
            }
        }
    };

    let excluded = tier.is_some_and(|tier| tier.exclude_from_enforcement);
    let settled = matches!(enrolment, Enrolment::Compliant | Enrolment::NotApplicable);
    let stage_since = |start: Option<i64>| {
        let deadline = both(start, tier).map(|(start, tier)| start.saturating_add(tier.grace.micros()));
        if settled || excluded { None } else { stage(policy, start, deadline, row.as_of) }
    };
    let stage = stage_since(start);
    // An account of unknown age may be as old as can be.
    let may_be_in_a_stage = start.is_none() && stage_since(enforce_from).is_some();
    let of_enrolment = match enrolment {
        Enrolment::Compliant => Outcome::Allow,
        Enrolment::NotApplicable => Outcome::Exempt,
        Enrolment::Excepted => Outcome::AllowException,
        Enrolment::Unknown => Outcome::Indeterminate,
        Enrolment::InGrace | Enrolment::Overdue => match stage {
            Some(stage) => match stage.effect {
                StageEffect::Remind => Outcome::AllowRemind,
                StageEffect::Block => Outcome::Block,
                StageEffect::Limit => match app_class {
                    First::Is(class) if stage.allow_apps.contains(class) => Outcome::AllowRemind,
                    First::Unknown if !stage.allow_apps.is_empty() => Outcome::Indeterminate,
                    _ => Outcome::Limit,
                },
            },
            None if may_be_in_a_stage => Outcome::Indeterminate,
            None if enrolment == Enrolment::InGrace => Outcome::AllowRemind,
            None => Outcome::Block,
        },
    };

    // Axis B.
    let judged = SessionJudge::of(policy, row, tier);
    reasons.extend(&judged.reasons);
    let (mut of_session, mut session_matters) = match judged.session {
        None | Some(Session::Satisfied) => (Outcome::Allow, true),
        Some(Session::StepUp) => (Outcome::StepUp, true),
        Some(Session::Blocked) => (Outcome::Block, true),
        Some(Session::Unknown) => (Outcome::Indeterminate, true),
    };
    if matches!(judged.session, Some(Session::StepUp | Session::Unknown)) {
        let for_session = |exception: &Exception<'_>| is(exception.scope, "session");
        let (holds, objections) = excepted(policy, row, tier, for_session);
        if holds != Some(true) {
            reasons.extend(objections);
        }
        if !judged.block_unknown {
            if holds == Some(true) {
                (of_session, session_matters) = (Outcome::AllowException, false);
            } else if holds.is_none() && judged.session == Some(Session::StepUp) {
                of_session = Outcome::Indeterminate;
                reasons.insert(Reason::MissingInput);
            }
        }
    }

    // Both.
    if of_enrolment == Outcome::Indeterminate || enforced.is_none() || judged.session == Some(Session::Unknown) {
        reasons.insert(Reason::MissingInput);
    }
    let tier_id = tier.map(|tier| tier.id.as_str());
    let session_id = if session_matters { judged.binding.first().copied() } else { tier_id };
    let mut would_decision = of_enrolment.max(of_session);
    let mut matched_rule_id = if of_session > of_enrolment {
        session_id.or(tier_id)
    } else if of_session == of_enrolment
        && matches!(would_decision, Outcome::StepUp | Outcome::Indeterminate | Outcome::Block)
    {
        [session_id, tier_id].into_iter().flatten().min()
    } else {
        tier_id
    };
    if excluded && matches!(would_decision, Outcome::StepUp | Outcome::Limit | Outcome::Block) {
        would_decision = Outcome::Exempt;
        matched_rule_id = tier_id;
    }
    Decision {
        decision: match enforced {
            Some(true) => would_decision,
            Some(false) => Outcome::ReportOnly,
            None => Outcome::Indeterminate,
        },
        would_decision,
        enrolment,
        session: judged.session,
        required_mask: mask(accepted_now.iter().copied().filter(|method| judged.required.allows(*method))),
        reason_mask: reasons.iter().fold(0, |mask, reason| mask | reason.bit()),
        grace_deadline: if tier.is_some_and(|tier| tier.enrol.not_applicable) { None } else { deadline },
        stage: stage.map(|stage| stage.n),
        matched_rule_id,
        required_strength: judged.required.strength.map(Strength::level),
        max_age_micros: judged.required.max_age,
        tier: tier_id,
        wave: match wave {
            First::Is(wave) => Some(&wave.id),
            First::None | First::Unknown => None,
        },
        policy_hash: hash,
        strength: worth,
    }
}

fn mask(methods: impl IntoIterator<Item = Method>) -> u32 {
    methods.into_iter().fold(0, |mask, method| mask | method.bit())
}

fn is(word: Option<&str>, other: &str) -> bool {
    word.is_some_and(|word| word.eq_ignore_ascii_case(other))
}

// Conditions.

fn matches(when: &Match, row: &Row<'_>) -> Maybe {
    let (subject, app, context) = (row.subject.as_ref(), row.app.as_ref(), row.context.as_ref());
    let mut answers = Vec::new();
    let mut word = |names: &Option<Names>, value: Option<&str>| {
        if let Some(names) = names {
            answers.push(value.map(|value| names.contains(value)));
        }
    };
    word(&when.population, subject.and_then(|subject| subject.population));
    word(&when.department, subject.and_then(|subject| subject.department));
    word(&when.region, subject.and_then(|subject| subject.region));
    word(&when.app, app.and_then(|app| app.id));
    word(&when.sensitivity, app.and_then(|app| app.sensitivity));
    word(&when.protocol, context.and_then(|context| context.protocol));
    word(&when.transaction, context.and_then(|context| context.transaction));
    if let Some(names) = &when.role {
        answers.push(one_of_them_is(names, subject.and_then(|subject| subject.roles.as_deref())));
    }
    if let Some(names) = &when.signal {
        answers.push(one_of_them_is(names, context.and_then(|context| context.signals.as_deref())));
    }
    if let Some(wanted) = when.privileged {
        answers.push(subject.and_then(|subject| subject.privileged).map(|privileged| privileged == wanted));
    }
    if let Some(conditions) = &when.any {
        answers.push(some(conditions.iter().map(|condition| matches(condition, row))));
    }
    if let Some(conditions) = &when.all {
        answers.push(every(conditions.iter().map(|condition| matches(condition, row))));
    }
    if let Some(condition) = &when.not {
        answers.push(not(matches(condition, row)));
    }
    every(answers)
}

/// A word nobody knows may be one of the names.
fn one_of_them_is(names: &Names, words: Option<&[Option<&str>]>) -> Maybe {
    some(words?.iter().map(|word| word.map(|word| names.contains(word))))
}

fn tests_protocol(when: &Match) -> bool {
    when.protocol.is_some()
        || when.any.iter().flatten().any(tests_protocol)
        || when.all.iter().flatten().any(tests_protocol)
        || when.not.iter().any(|condition| tests_protocol(condition))
}

// Enrolment.

/// Which methods a tier accepts of a subject, at an instant.
struct Acceptances<'a> {
    tier: &'a Tier,
    subject: &'a Subject<'a>,
    app_class: First<&'a str>,
    as_of: i64,
}

impl Acceptances<'_> {
    /// Whether the document's list of methods means this one: a push that asks for a number is a push, and where the
    /// number is required only that one is.
    fn lists(&self, methods: &Methods, method: Method) -> bool {
        let listed = |method: Method| methods.mask() & method.bit() != 0;
        match method {
            Method::PushNumber => listed(Method::PushNumber) || listed(Method::Push),
            Method::Push if self.tier.enrol.number_matching == NumberMatching::Required => false,
            method => listed(method),
        }
    }

    fn phased_out(&self, method: Method) -> bool {
        let over = |at: i64| self.as_of > at;
        self.tier.phase_out.iter().any(|out| out.methods.mask() & method.bit() != 0 && over(out.after.micros()))
    }

    /// For each fallback that lists the method: whether its time is not over, and whether it is for the application.
    fn fallbacks(&self, method: Method) -> Vec<(Maybe, Maybe)> {
        let mut answers = Vec::new();
        for fallback in self.tier.fallback.iter().filter(|fallback| self.lists(&fallback.methods, method)) {
            let before_end = Some(fallback.until.is_none_or(|until| self.as_of < until.micros()));
            let within_days = match (fallback.max_days_per_user, self.subject.fallback_started_at) {
                (None, _) => Some(true),
                (Some(days), Some(started)) => Some(self.as_of < started.saturating_add(i64::from(days) * DAY)),
                (Some(_), None) => None,
            };
            let for_app = match self.app_class {
                _ if fallback.not_for_app.is_empty() => Some(true),
                First::None => Some(true),
                First::Is(class) => Some(!fallback.not_for_app.contains(class)),
                First::Unknown => None,
            };
            answers.push((and(before_end, within_days), for_app));
        }
        answers
    }

    fn accepts(&self, method: Method) -> Maybe {
        if self.phased_out(method) {
            return Some(false);
        }
        let always = self.tier.enrol.allow.as_ref().is_some_and(|allow| self.lists(allow, method));
        let sometimes = self.fallbacks(method).into_iter().map(|(in_time, for_app)| and(in_time, for_app));
        or(Some(always), some(sometimes))
    }

    fn must_be_attested(&self, method: Method) -> bool {
        match self.tier.enrol.attestation {
            Attestation::Optional => false,
            Attestation::WhereSupported => method.supports_attestation(),
            Attestation::Required => true,
        }
    }
}

const DAY: i64 = 86_400_000_000;

/// What is registered.
#[derive(Default)]
struct Registered {
    known: bool,
    /// Accepted factors, and how many more there may be.
    certain: Vec<Method>,
    possible: usize,
    recovery: usize,
    possible_recovery: usize,
    /// Whether there is anything beside a password that is not accepted.
    anything: bool,
    refused: BTreeSet<Reason>,
    remarks: BTreeSet<Reason>,
}

impl Registered {
    fn of(acceptances: &Acceptances<'_>, factors: Option<&[Factor<'_>]>) -> Self {
        let mut registered = Self { known: factors.is_some(), ..Self::default() };
        for factor in factors.into_iter().flatten() {
            registered.count(acceptances, factor);
        }
        registered
    }

    fn count(&mut self, acceptances: &Acceptances<'_>, factor: &Factor<'_>) {
        let as_of = acceptances.as_of;
        let active = factor.status.map(|status| is(Some(status), "active"));
        if active == Some(false) || factor.enrolled_at.is_some_and(|enrolled_at| enrolled_at > as_of) {
            return;
        }
        let Some(name) = factor.method else {
            // It may be a factor or a recovery method.
            self.possible += 1;
            self.possible_recovery += 1;
            return;
        };
        let mut method = Method::ALL.into_iter().find(|method| method.as_str() == name).unwrap_or(Method::Unknown);
        if method == Method::Push && factor.number_matching == Some(true) {
            method = Method::PushNumber;
        } else if method == Method::PushNumber && factor.number_matching == Some(false) {
            method = Method::Push;
        }
        match method.kinds() {
            Kinds::Nothing if method == Method::Unknown => {
                self.remarks.insert(Reason::UnknownMethod);
            }
            Kinds::Nothing => {
                if factor.last_used_at.is_some_and(|used| used <= as_of) {
                    self.remarks.insert(Reason::BypassUsed);
                }
            }
            Kinds::Recovery => {
                if active == Some(true) {
                    self.recovery += 1;
                } else {
                    self.possible_recovery += 1;
                }
            }
            _ => {
                let accepted = acceptances.accepts(method);
                let attested = if acceptances.must_be_attested(method) { factor.attested } else { Some(true) };
                if method != Method::Password || accepted != Some(false) {
                    self.anything = true;
                }
                match every([accepted, attested, active]) {
                    Some(true) => self.certain.push(method),
                    None => self.possible += 1,
                    Some(false) if accepted == Some(false) => self.refuse(acceptances, method),
                    Some(false) if method.kinds() == Kinds::Claim => {
                        self.refused.insert(Reason::FedNotAttested);
                    }
                    Some(false) => {
                        self.refused.insert(Reason::NotAttested);
                    }
                }
            }
        }
    }

    /// Why a method is not accepted.
    fn refuse(&mut self, acceptances: &Acceptances<'_>, method: Method) {
        if acceptances.phased_out(method) {
            self.refused.insert(Reason::PhasedOut);
        }
        for (in_time, for_app) in acceptances.fallbacks(method) {
            if in_time == Some(false) {
                self.refused.insert(Reason::FallbackExpired);
            } else if for_app == Some(false) {
                self.refused.insert(Reason::FallbackNotForApp);
            }
        }
        if method == Method::Push && acceptances.accepts(Method::PushNumber) == Some(true) {
            self.refused.insert(Reason::NoNumberMatch);
        }
    }

    fn most_factors(&self) -> usize {
        self.certain.len() + self.possible
    }

    fn most_recovery(&self) -> usize {
        self.recovery + self.possible_recovery
    }

    fn satisfies(&self, tier: &Tier) -> Maybe {
        let (factors, recovery) = (usize::from(tier.enrol.min_factors), usize::from(tier.enrol.min_recovery));
        if self.certain.len() >= factors && self.recovery >= recovery {
            Some(true)
        } else if !self.known || (self.most_factors() >= factors && self.most_recovery() >= recovery) {
            None
        } else {
            Some(false)
        }
    }

    /// What is lacking for certain.
    fn lacks(&self, tier: &Tier) -> BTreeSet<Reason> {
        let mut reasons = BTreeSet::new();
        if self.known {
            reasons.extend(&self.refused);
            if self.most_factors() < usize::from(tier.enrol.min_factors) {
                reasons.insert(match (self.most_factors(), self.anything) {
                    (0, false) => Reason::NoFactor,
                    (0, true) => Reason::WeakOnly,
                    _ => Reason::NeedSecond,
                });
            }
            if self.most_recovery() < usize::from(tier.enrol.min_recovery) {
                reasons.insert(Reason::NoRecovery);
            }
        }
        reasons
    }
}

fn stage(policy: &Policy, start: Option<i64>, deadline: Option<i64>, as_of: Option<i64>) -> Option<&Stage> {
    let reached = policy.stage.iter().filter(|stage| {
        let anchor = match stage.from.anchor {
            Anchor::Enforcement => start,
            Anchor::Deadline => deadline,
        };
        match (anchor, as_of) {
            (Some(anchor), Some(as_of)) => as_of >= anchor.saturating_add(stage.from.offset),
            _ => false,
        }
    });
    reached.max_by_key(|stage| stage.n)
}

// Exceptions.

/// Whether the policy could except anybody of the tier.
fn may_be_excepted(policy: &Policy, tier: Option<&Tier>) -> bool {
    match (&policy.exceptions, tier) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(rules), Some(tier)) => !rules.never_for.contains(&tier.id),
    }
}

/// Whether one of the exceptions holds that are wanted, and what speaks against them.
fn excepted(
    policy: &Policy,
    row: &Row<'_>,
    tier: Option<&Tier>,
    wanted: impl Fn(&Exception<'_>) -> bool,
) -> (Maybe, BTreeSet<Reason>) {
    let mut objections = BTreeSet::new();
    let Some(exceptions) = &row.exceptions else {
        return (if may_be_excepted(policy, tier) { None } else { Some(false) }, objections);
    };
    let mut answers = Vec::new();
    for exception in exceptions.iter().filter(|exception| wanted(exception)) {
        match &policy.exceptions {
            Some(rules) if may_be_excepted(policy, tier) => {
                let (holds, against) = holds(rules, exception, row);
                // The tier that nobody knows may be one that gets none.
                answers.push(if tier.is_some() || rules.never_for.is_empty() { holds } else { and(holds, None) });
                objections.extend(against);
            }
            _ => {
                answers.push(Some(false));
                objections.insert(Reason::ExcForbidden);
            }
        }
    }
    (some(answers), objections)
}

fn holds(rules: &Exceptions, exception: &Exception<'_>, row: &Row<'_>) -> (Maybe, BTreeSet<Reason>) {
    let mut answers = Vec::new();
    let mut objections = BTreeSet::new();
    let mut check = |answer: Maybe, objection: Option<Reason>| {
        answers.push(answer);
        if answer == Some(false) {
            objections.extend(objection);
        }
    };
    check(exception.criterion.map(|criterion| rules.criteria.contains(criterion)), Some(Reason::ExcForbidden));
    // One that has not begun is none yet, which is no objection.
    check(both(exception.starts_at, row.as_of).map(|(starts_at, as_of)| starts_at <= as_of), None);
    check(
        both(exception.expires_at, row.as_of).map(|(expires_at, as_of)| as_of < expires_at),
        Some(Reason::ExcExpired),
    );
    check(
        both(exception.starts_at, exception.expires_at)
            .map(|(starts_at, expires_at)| distance(starts_at, expires_at) <= i128::from(rules.max_duration.micros())),
        Some(Reason::ExcTooLong),
    );
    check(
        approved(rules, exception.approvers.as_deref(), row.subject.as_ref().and_then(|subject| subject.id)),
        Some(Reason::ExcUnapproved),
    );
    if let Some(every) = rules.attest_every {
        check(
            both(exception.attested_at, row.as_of).map(|(attested_at, as_of)| {
                attested_at <= as_of && distance(attested_at, as_of) <= i128::from(every.micros())
            }),
            Some(Reason::ExcAttestOverdue),
        );
    }
    (every(answers), objections)
}

fn both<A, B>(one: Option<A>, other: Option<B>) -> Option<(A, B)> {
    match (one, other) {
        (Some(one), Some(other)) => Some((one, other)),
        _ => None,
    }
}

fn distance(from: i64, to: i64) -> i128 {
    i128::from(to) - i128::from(from)
}

fn approved(rules: &Exceptions, approvers: Option<&[Option<&str>]>, beneficiary: Option<&str>) -> Maybe {
    let needed = usize::from(rules.approvals);
    if needed == 0 {
        return Some(true);
    }
    // Roles and people, who may be called like roles.
    let mut roles: BTreeSet<String> = BTreeSet::new();
    let mut certain: BTreeSet<String> = BTreeSet::new();
    let mut possible: BTreeSet<String> = BTreeSet::new();
    let mut anybody = 0;
    for approver in approvers? {
        let Some(approver) = approver else {
            anybody += 1;
            continue;
        };
        let (role, person) = match approver.split_once(':') {
            Some((role, person)) => (role.trim(), Some(person.trim().to_ascii_lowercase())),
            None => (approver.trim(), None),
        };
        if !rules.approver_roles.is_empty() && !rules.approver_roles.contains(role) {
            continue;
        }
        match (person, beneficiary) {
            // A role is somebody; who, is not known.
            (None, _) => drop(roles.insert(role.to_ascii_lowercase())),
            (Some(person), None) => drop(possible.insert(person)),
            (Some(person), Some(beneficiary)) if is(Some(beneficiary), &person) => {}
            (Some(person), Some(_)) => drop(certain.insert(person)),
        }
    }
    if roles.len() + certain.len() >= needed {
        Some(true)
    } else if roles.len() + certain.len() + possible.len() + anybody >= needed {
        None
    } else {
        Some(false)
    }
}

// Session.

/// Requirements, joined.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Required {
    strength: Option<Strength>,
    max_age: Option<i64>,
    /// Absent, any.
    allow: Option<BTreeSet<Method>>,
}

impl Required {
    fn nothing() -> Self {
        Self { strength: None, max_age: None, allow: None }
    }

    fn of(requirement: &Requirement) -> Self {
        Self {
            strength: requirement.strength,
            max_age: if requirement.every_access {
                Some(0)
            } else {
                requirement.max_age.map(|max_age| max_age.micros())
            },
            allow: requirement.allow.as_ref().map(|allow| {
                let mut allow: BTreeSet<Method> = Method::from_mask(allow.mask()).collect();
                if allow.contains(&Method::Push) {
                    allow.insert(Method::PushNumber);
                }
                allow
            }),
        }
    }

    fn join(&self, other: &Self) -> Self {
        Self {
            strength: match (self.strength, other.strength) {
                (Some(one), Some(other)) => Some(one.max(other)),
                (Some(one), None) | (None, Some(one)) => Some(one),
                (None, None) => None,
            },
            max_age: match (self.max_age, other.max_age) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (Some(one), None) | (None, Some(one)) => Some(one),
                (None, None) => None,
            },
            allow: match (&self.allow, &other.allow) {
                (Some(one), Some(other)) => Some(one.intersection(other).copied().collect()),
                (Some(one), None) | (None, Some(one)) => Some(one.clone()),
                (None, None) => None,
            },
        }
    }

    fn allows(&self, method: Method) -> bool {
        self.allow.as_ref().is_none_or(|allow| allow.contains(&method))
    }

    /// The strength that methods must reach. A rule that lists methods asks for one of them, and no other rule takes
    /// that back by asking for nothing.
    fn needed(&self) -> Strength {
        let asked = self.strength.unwrap_or(Strength::None);
        if self.allow.is_some() { asked.max(Strength::Single) } else { asked }
    }
}

/// What is known of the methods of a session.
struct Used {
    /// Known names, and whether there may be others.
    methods: Vec<Method>,
    others: bool,
    /// Whether there is none at all.
    nothing: Maybe,
    unknown_method: bool,
    federated: bool,
    attested: Maybe,
}

impl Used {
    fn of(context: &Context<'_>) -> Self {
        let mut used = Self {
            methods: Vec::new(),
            others: context.used_methods.is_none(),
            nothing: context.used_methods.as_ref().map(Vec::is_empty),
            unknown_method: false,
            federated: context.federated == Some(true),
            attested: context.federation_attested,
        };
        for name in context.used_methods.iter().flatten() {
            let Some(name) = name else {
                used.others = true;
                continue;
            };
            match Method::ALL.into_iter().find(|method| method.as_str() == *name) {
                None | Some(Method::Unknown) => used.unknown_method = true,
                Some(method) => used.methods.push(method),
            }
        }
        used
    }

    /// Whether a method counts that the session used.
    fn counts(&self, method: Method, required: &Required) -> Maybe {
        let claimed = self.federated || method.kinds() == Kinds::Claim;
        and(Some(required.allows(method)), if claimed { self.attested } else { Some(true) })
    }

    /// The strength there is at least.
    fn least(&self, required: &Required) -> Strength {
        let counting = self.methods.iter().filter(|method| self.counts(**method, required) == Some(true));
        counting.map(|method| method.strength()).max().unwrap_or(Strength::None)
    }

    /// The strength there may be at most. A method nobody knows may be any.
    fn most(&self, required: &Required) -> Strength {
        let candidates: Vec<Method> = if self.others { Method::ALL.to_vec() } else { self.methods.clone() };
        let counting = candidates.into_iter().filter(|method| self.counts(*method, required) != Some(false));
        counting.map(Method::strength).max().unwrap_or(Strength::None)
    }

    fn strong(&self, required: &Required) -> Maybe {
        if self.least(required) >= required.needed() {
            Some(true)
        } else if self.most(required) < required.needed() {
            Some(false)
        } else {
            None
        }
    }

    /// Whether claims that are known not to be attested would have made the session strong enough.
    fn claims_would_do(&self, required: &Required) -> bool {
        let allowed = self.methods.iter().filter(|method| required.allows(**method));
        let with_claims = allowed.map(|method| method.strength()).max().unwrap_or(Strength::None);
        self.attested == Some(false) && with_claims >= required.needed()
    }
}

struct SessionJudge<'p> {
    session: Option<Session>,
    required: Required,
    reasons: BTreeSet<Reason>,
    binding: BTreeSet<&'p str>,
    block_unknown: bool,
}

impl<'p> SessionJudge<'p> {
    fn of(policy: &'p Policy, row: &Row<'_>, tier: Option<&'p Tier>) -> Self {
        let mut judge = Self {
            session: None,
            required: Required::nothing(),
            reasons: BTreeSet::new(),
            binding: BTreeSet::new(),
            block_unknown: false,
        };
        if row.app.is_none() && row.context.is_none() {
            return judge;
        }
        let nothing = Context::default();
        let context = row.context.as_ref().unwrap_or(&nothing);

        let mut rules: Vec<(Section, &'p SessionRule, Maybe)> = Vec::new();
        for (section, list) in
            [(Section::App, &policy.app), (Section::StepUp, &policy.step_up), (Section::Context, &policy.context)]
        {
            rules.extend(list.iter().map(|rule| (section, rule, matches(&rule.when, row))));
        }
        let (blocks, asks): (Vec<_>, Vec<_>) =
            rules.into_iter().partition(|(_, rule, _)| rule.effect == RuleEffect::Block);
        let matching: Vec<(Section, &'p SessionRule)> =
            asks.iter().filter(|rule| rule.2 == Some(true)).map(|rule| (rule.0, rule.1)).collect();
        let undecided: Vec<&'p SessionRule> = asks.iter().filter(|rule| rule.2.is_none()).map(|rule| rule.1).collect();
        for (_, rule) in &matching {
            judge.required = judge.required.join(&Required::of(&rule.require));
        }
        let mut possible = judge.required.clone();
        for rule in &undecided {
            possible = possible.join(&Required::of(&rule.require));
        }

        let forbidden: Maybe = match tier {
            Some(tier) if !tier.enrol.forbid_protocols.is_empty() => {
                context.protocol.map(|protocol| tier.enrol.forbid_protocols.contains(protocol))
            }
            _ => Some(false),
        };
        if forbidden == Some(true) {
            judge.reasons.insert(Reason::LegacyProtocol);
            judge.binding.extend(tier.map(|tier| tier.id.as_str()));
        }
        for (section, rule, _) in blocks.iter().filter(|rule| rule.2 == Some(true)) {
            judge.binding.insert(&rule.id);
            judge.reasons.insert(if tests_protocol(&rule.when) { Reason::LegacyProtocol } else { section.reason() });
        }
        if !judge.binding.is_empty() {
            judge.session = Some(Session::Blocked);
            return judge;
        }
        judge.block_unknown = forbidden.is_none() || blocks.iter().any(|rule| rule.2.is_none());

        let used = Used::of(context);
        let required = judge.required.clone();
        let fresh = |required: &Required| -> Maybe {
            let Some(max_age) = required.max_age else {
                return Some(true);
            };
            let recent = both(context.mfa_at, row.as_of)
                .map(|(mfa_at, as_of)| mfa_at <= as_of && distance(mfa_at, as_of) <= i128::from(max_age));
            // What was not done has no age.
            and(not(used.nothing), recent)
        };
        let satisfies = |required: &Required| and(used.strong(required), fresh(required));
        let (strong, recent) = (used.strong(&required), fresh(&required));
        let session = match (satisfies(&required), satisfies(&possible)) {
            (Some(false), _) if judge.block_unknown => Session::Unknown,
            (Some(false), _) => Session::StepUp,
            (Some(true), Some(true)) if !judge.block_unknown => Session::Satisfied,
            _ => Session::Unknown,
        };
        judge.session = Some(session);

        if used.unknown_method {
            judge.reasons.insert(Reason::UnknownMethod);
        }
        if strong == Some(false) {
            judge.reasons.insert(Reason::SessionWeak);
        }
        if recent == Some(false) && used.nothing != Some(true) {
            judge.reasons.insert(Reason::SessionStale);
        }
        if strong != Some(true) && used.claims_would_do(&required) {
            judge.reasons.insert(Reason::FedNotAttested);
        }
        let alone = |rule: &SessionRule| satisfies(&Required::of(&rule.require));
        let failing: Vec<_> = matching.iter().filter(|(_, rule)| alone(rule) == Some(false)).copied().collect();
        let listing: Vec<_> = matching.iter().filter(|(_, rule)| rule.require.allow.is_some()).copied().collect();
        if satisfies(&required) == Some(false) {
            let because = if failing.is_empty() { &listing } else { &failing };
            judge.reasons.extend(because.iter().map(|(section, _)| section.reason()));
        }

        // Of the rules in the way, those that ask as much as all together of most of what is lacking.
        let strictest =
            |rules: &[(Section, &'p SessionRule)], is_lacking: &dyn Fn(Maybe) -> bool| -> BTreeSet<&'p str> {
                let misses = |rule: &SessionRule| {
                    let own = Required::of(&rule.require);
                    let of_strength = is_lacking(strong) && own.strength != required.strength;
                    let of_age = is_lacking(recent) && own.max_age != required.max_age;
                    usize::from(of_strength) + usize::from(of_age)
                };
                let least = rules.iter().map(|(_, rule)| misses(rule)).min();
                rules.iter().filter(|(_, rule)| Some(misses(rule)) == least).map(|(_, rule)| rule.id.as_str()).collect()
            };
        match session {
            Session::StepUp => {
                let because = if failing.is_empty() { &listing } else { &failing };
                judge.binding = strictest(because, &|test| !failing.is_empty() && test == Some(false));
            }
            Session::Unknown => {
                let open: Vec<_> = matching.iter().filter(|(_, rule)| alone(rule) != Some(true)).copied().collect();
                judge.binding.extend(strictest(&open, &|test| test != Some(true)));
                judge.binding.extend(undecided.iter().map(|rule| rule.id.as_str()));
                judge.binding.extend(blocks.iter().filter(|rule| rule.2.is_none()).map(|rule| rule.1.id.as_str()));
                if forbidden.is_none() {
                    judge.binding.extend(tier.map(|tier| tier.id.as_str()));
                }
            }
            Session::Satisfied | Session::Blocked => {}
        }
        judge
    }
}
