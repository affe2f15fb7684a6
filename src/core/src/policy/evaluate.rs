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

use super::compile::{Atom, Attribute, Compiled, Condition, Exceptions, Op, Requirement, Tier, Wave};
use super::decision::{Decision, Enrolment, Outcome, Session};
use super::document::StageEffect;
use super::input::{ExceptionInput, FactorInput, Input};
use super::reason::Reason;
use super::value::Anchor;
use crate::model::method::Kinds;
use crate::model::{Method, Strength};

/// An answer that may be unknown. All is the least of the operands, any the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Truth {
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
    fn of<T>(value: Option<T>, test: impl FnOnce(T) -> bool) -> Self {
        value.map_or(Self::Unknown, |value| test(value).into())
    }

    fn not(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
            Self::Yes => Self::No,
        }
    }
}

/// The first of several rules that matches.
#[derive(Debug, Clone, Copy)]
enum First<T> {
    None,
    /// A missing value decides which.
    Unknown,
    Is(T),
}

/// Which factors count at an instant, as masks of methods.
struct Accepted {
    yes: u32,
    /// Fallbacks of which a missing value decides whether they are.
    unknown: u32,
    phased_out: u32,
    expired: u32,
    not_for_app: u32,
}

/// What was counted. `possible` includes what missing values may turn out to be.
#[derive(Default)]
struct Tally {
    any: bool,
    factors: u32,
    possible_factors: u32,
    recovery: u32,
    possible_recovery: u32,
    strength: Option<Strength>,
    /// Why factors did not count.
    shortfall: u32,
    /// What there is to say in any case.
    remarks: u32,
}

/// When things begin for a subject.
#[derive(Clone, Copy)]
struct Clock {
    enforce_from: i64,
    /// Enforcement on this subject; unknown with the creation of the account.
    start: Option<i64>,
    deadline: Option<i64>,
}

impl Compiled {
    /// What the policy says about one row.
    pub fn evaluate<'p>(&'p self, input: &Input<'_>) -> Decision<'p> {
        let subject = input.subject.unwrap_or_default();
        let mut reasons = 0;

        let (tier_index, wave) = match input.subject {
            // Even a rule that covers everyone does not cover nobody knows whom.
            None => (First::Unknown, First::Unknown),
            Some(_) => (
                self.first(self.tiers.iter().map(|tier| &tier.when), input),
                self.first(self.waves.iter().map(|wave| &wave.when), input),
            ),
        };
        let tier = match tier_index {
            First::Is(index) => Some(&self.tiers[index]),
            First::None | First::Unknown => None,
        };
        let wave = match wave {
            First::Is(index) => First::Is(&self.waves[index]),
            First::None => First::None,
            First::Unknown => First::Unknown,
        };
        let app = self.app_class(input);
        if matches!(wave, First::None) && self.has_rollout {
            reasons |= Reason::NoWave.bit();
        }

        let clock = self.enforce_from(&wave).map(|enforce_from| {
            let start = subject.created_at.map(|created_at| created_at.max(enforce_from));
            let grace = tier.map(|tier| tier.grace);
            let deadline = start.zip(grace).map(|(start, grace)| start.saturating_add(grace));
            Clock { enforce_from, start, deadline }
        });
        let enforced = clock.zip(input.as_of).map(|(clock, as_of)| {
            let begun = as_of >= clock.enforce_from;
            if !begun {
                reasons |= Reason::PreCutover.bit();
            }
            begun && (matches!(wave, First::Is(_)) || self.enforced_without_wave)
        });

        let mut accepted_mask = 0;
        let mut strength = None;
        let enrolment = match (tier, input.as_of) {
            (None, _) | (_, None) => Enrolment::Unknown,
            (Some(tier), _) if tier.not_applicable => Enrolment::NotApplicable,
            (Some(tier), Some(as_of)) => {
                let accepted = tier.accepted(subject.fallback_started_at, app, as_of);
                accepted_mask = accepted.yes;
                let tally = input.factors.map(|factors| tier.count(&accepted, factors, as_of));
                let compliance = tier.compliance(tally.as_ref());
                if let Some(tally) = &tally {
                    strength = tally.strength;
                    reasons |= tally.remarks;
                    if compliance != Truth::Yes {
                        reasons |= tally.shortfall | tier.shortage(tally);
                    }
                }
                let (excepted, objections) = match (compliance, tier_index) {
                    (Truth::Yes, _) => (Truth::No, 0),
                    (_, First::Is(index)) => self.excepted(input, index, as_of),
                    _ => (Truth::Unknown, 0),
                };
                reasons |= objections;
                if compliance == Truth::Yes {
                    Enrolment::Compliant
                } else if excepted == Truth::Yes {
                    Enrolment::Excepted
                } else if compliance == Truth::Unknown || excepted == Truth::Unknown {
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
        };
        if enrolment == Enrolment::Unknown || enforced.is_none() {
            reasons |= Reason::MissingInput.bit();
        }

        let excluded = tier.is_some_and(|tier| tier.exclude_from_enforcement);
        let settled = matches!(enrolment, Enrolment::Compliant | Enrolment::NotApplicable);
        let stage = match (clock, input.as_of) {
            (Some(clock), Some(as_of)) if !settled && !excluded => self.stage(clock, as_of),
            _ => None,
        };
        let of_enrolment = match enrolment {
            Enrolment::Compliant => Outcome::Allow,
            Enrolment::Excepted => Outcome::AllowException,
            Enrolment::NotApplicable => Outcome::Exempt,
            Enrolment::Unknown => Outcome::Indeterminate,
            Enrolment::InGrace | Enrolment::Overdue => match stage.map(|stage| &self.stages[stage]) {
                Some(stage) => match (stage.effect, app) {
                    (StageEffect::Remind, _) => Outcome::AllowRemind,
                    (StageEffect::Block, _) => Outcome::Block,
                    (StageEffect::Limit, First::Is(app)) if stage.allow_apps.contains(&app) => Outcome::AllowRemind,
                    (StageEffect::Limit, _) => Outcome::Limit,
                },
                None if enrolment == Enrolment::InGrace => Outcome::AllowRemind,
                // Nothing softens the requirement.
                None => Outcome::Block,
            },
        };

        let (session, required, blocker) = self.session(input, tier, &mut reasons);
        let of_session = match session {
            None | Some(Session::Satisfied) => Outcome::Allow,
            Some(Session::StepUp) => Outcome::StepUp,
            Some(Session::Blocked) => Outcome::Block,
            Some(Session::Unknown) => Outcome::Indeterminate,
        };

        let mut would_decision = of_enrolment.max(of_session);
        if excluded && matches!(would_decision, Outcome::StepUp | Outcome::Limit | Outcome::Block) {
            would_decision = Outcome::Exempt;
        }
        Decision {
            decision: match enforced {
                Some(true) => would_decision,
                Some(false) => Outcome::ReportOnly,
                None => Outcome::Indeterminate,
            },
            would_decision,
            enrolment,
            session,
            required_mask: accepted_mask & required.allow,
            reason_mask: reasons,
            grace_deadline: match (tier, clock) {
                (Some(tier), Some(clock)) if !tier.not_applicable => clock.deadline,
                _ => None,
            },
            stage: stage.map(|stage| self.stages[stage].n),
            matched_rule_id: blocker.or(tier.map(|tier| &*tier.id)),
            required_strength: required.strength.map(Strength::level),
            max_age_micros: required.max_age,
            tier: tier.map(|tier| &*tier.id),
            wave: match wave {
                First::Is(wave) => Some(&wave.id),
                First::None | First::Unknown => None,
            },
            strength,
        }
    }

    fn first<'c>(&self, conditions: impl Iterator<Item = &'c Condition>, input: &Input<'_>) -> First<usize> {
        for (index, condition) in conditions.enumerate() {
            match self.holds(condition, input) {
                Truth::Yes => return First::Is(index),
                Truth::Unknown => return First::Unknown,
                Truth::No => {}
            }
        }
        First::None
    }

    /// The class of the application: the first `app` rule that matches. None where no application is accessed.
    fn app_class(&self, input: &Input<'_>) -> First<usize> {
        match (input.app, input.context) {
            (None, None) => First::None,
            _ => self.first(self.rules[..self.apps].iter().map(|rule| &rule.when), input),
        }
    }

    fn enforce_from(&self, wave: &First<&Wave>) -> Option<i64> {
        match wave {
            First::Is(wave) => Some(wave.enforce_from),
            First::None => Some(self.effective_from),
            First::Unknown => None,
        }
    }

    /// Index of the stage reached.
    fn stage(&self, clock: Clock, as_of: i64) -> Option<usize> {
        self.stages.iter().rposition(|stage| {
            let anchor = match stage.anchor {
                Anchor::Enforcement => clock.start,
                Anchor::Deadline => clock.deadline,
            };
            anchor.is_some_and(|anchor| as_of >= anchor.saturating_add(stage.offset))
        })
    }

    fn holds(&self, condition: &Condition, input: &Input<'_>) -> Truth {
        let mut at = condition.start as usize;
        self.expression(&mut at, input)
    }

    /// Computes the expression that begins at `at`, and moves `at` to its end.
    fn expression(&self, at: &mut usize, input: &Input<'_>) -> Truth {
        let op = self.ops[*at];
        *at += 1;
        let (end, mut truth, decisive) = match op {
            Op::Test(atom) => return self.atoms[atom as usize].test(input),
            Op::Not => return self.expression(at, input).not(),
            Op::All(end) => (end as usize, Truth::Yes, Truth::No),
            Op::Any(end) => (end as usize, Truth::No, Truth::Yes),
        };
        while *at < end && truth != decisive {
            let operand = self.expression(at, input);
            truth = if decisive == Truth::No { truth.min(operand) } else { truth.max(operand) };
        }
        *at = end;
        truth
    }

    /// Whether an exception holds, and if none does, why.
    fn excepted(&self, input: &Input<'_>, tier: usize, as_of: i64) -> (Truth, u32) {
        let Some(given) = input.exceptions else {
            return (Truth::Unknown, 0);
        };
        let mut answer = (Truth::No, 0);
        for exception in given {
            let (truth, objections) = match &self.exceptions {
                Some(rules) if !rules.never_for.contains(&tier) => {
                    rules.judge(exception, input.subject.and_then(|subject| subject.id), as_of)
                }
                _ => (Truth::No, Reason::ExcForbidden.bit()),
            };
            if truth == Truth::Yes {
                return (Truth::Yes, 0);
            }
            answer = (answer.0.max(truth), answer.1 | objections);
        }
        answer
    }

    /// What is asked of the session and what is known of it, and the rule that blocks it.
    ///
    /// Whether its methods are strong and recent enough is not judged: a session that nothing blocks is unknown.
    fn session<'p>(
        &'p self,
        input: &Input<'_>,
        tier: Option<&'p Tier>,
        reasons: &mut u32,
    ) -> (Option<Session>, Requirement, Option<&'p str>) {
        if input.app.is_none() && input.context.is_none() {
            return (None, Requirement::NOTHING, None);
        }
        let mut required = Requirement::NOTHING;
        let mut blocker: Option<&str> = None;
        let mut missing = false;
        let protocol = input.context.and_then(|context| context.protocol);
        if let Some(tier) = tier
            && !tier.forbid_protocols.is_empty()
        {
            match protocol {
                Some(protocol) if is_one_of(protocol, &tier.forbid_protocols) => {
                    blocker = Some(&tier.id);
                    *reasons |= Reason::LegacyProtocol.bit();
                }
                Some(_) => {}
                None => missing = true,
            }
        }
        for (index, rule) in self.rules.iter().enumerate() {
            match self.holds(&rule.when, input) {
                Truth::No => {}
                Truth::Unknown => missing = true,
                Truth::Yes => {
                    required = required.join(rule.require);
                    if rule.block {
                        blocker = Some(blocker.map_or(&*rule.id, |other| other.min(&rule.id)));
                        *reasons |= if rule.on_protocol {
                            Reason::LegacyProtocol.bit()
                        } else if index < self.apps {
                            Reason::StepUpApp.bit()
                        } else {
                            Reason::StepUpContext.bit()
                        };
                    }
                }
            }
        }
        if blocker.is_some() {
            return (Some(Session::Blocked), required, blocker);
        }
        if missing {
            *reasons |= Reason::MissingInput.bit();
        }
        (Some(Session::Unknown), required, None)
    }
}

impl Atom {
    fn test(&self, input: &Input<'_>) -> Truth {
        match self {
            Self::Privileged(privileged) => {
                Truth::of(input.subject.and_then(|subject| subject.privileged), |is| is == *privileged)
            }
            Self::Is(attribute, words) => {
                let one = |word: Option<&str>| Truth::of(word, |word| is_one_of(word, words));
                let many =
                    |list: Option<&[&str]>| Truth::of(list, |list| list.iter().any(|word| is_one_of(word, words)));
                let (subject, app, context) = (input.subject, input.app, input.context);
                match attribute {
                    Attribute::Population => one(subject.and_then(|subject| subject.population)),
                    Attribute::Role => many(subject.and_then(|subject| subject.roles)),
                    Attribute::Department => one(subject.and_then(|subject| subject.department)),
                    Attribute::Region => one(subject.and_then(|subject| subject.region)),
                    Attribute::App => one(app.and_then(|app| app.id)),
                    Attribute::Sensitivity => one(app.and_then(|app| app.sensitivity)),
                    Attribute::Signal => many(context.and_then(|context| context.signals)),
                    Attribute::Protocol => one(context.and_then(|context| context.protocol)),
                    Attribute::Transaction => one(context.and_then(|context| context.transaction)),
                }
            }
        }
    }
}

fn is_one_of(word: &str, words: &[Box<str>]) -> bool {
    words.iter().any(|other| other.eq_ignore_ascii_case(word))
}

impl Tier {
    /// Which methods are accepted.
    fn accepted(&self, started_at: Option<i64>, app: First<usize>, as_of: i64) -> Accepted {
        let mut accepted = Accepted { yes: self.allow, unknown: 0, phased_out: 0, expired: 0, not_for_app: 0 };
        for fallback in &self.fallback {
            let in_time = match fallback.per_user {
                _ if as_of >= fallback.until => Truth::No,
                None => Truth::Yes,
                Some(length) => Truth::of(started_at, |started| as_of < started.saturating_add(length)),
            };
            let for_app = match app {
                _ if fallback.not_for_app.is_empty() => Truth::Yes,
                First::None => Truth::Yes,
                First::Unknown => Truth::Unknown,
                First::Is(app) => (!fallback.not_for_app.contains(&app)).into(),
            };
            match in_time.min(for_app) {
                Truth::Yes => accepted.yes |= fallback.methods,
                Truth::Unknown => accepted.unknown |= fallback.methods,
                Truth::No if in_time == Truth::No => accepted.expired |= fallback.methods,
                Truth::No => accepted.not_for_app |= fallback.methods,
            }
        }
        for phase_out in &self.phase_out {
            if as_of > phase_out.after {
                accepted.phased_out |= phase_out.methods;
            }
        }
        accepted.yes &= !accepted.phased_out;
        accepted.unknown &= !(accepted.yes | accepted.phased_out);
        accepted
    }

    /// Counts the factors that are accepted.
    fn count(&self, accepted: &Accepted, factors: &[FactorInput<'_>], as_of: i64) -> Tally {
        let mut tally = Tally::default();
        for factor in factors {
            let active = Truth::of(factor.status, |status| status.eq_ignore_ascii_case("active"));
            if active == Truth::No || factor.enrolled_at.is_some_and(|at| at > as_of) {
                continue;
            }
            let Some(name) = factor.method else {
                // It may be anything, but it is not known to be anything.
                tally.possible_factors += 1;
                tally.possible_recovery += 1;
                continue;
            };
            let method = match Method::parse(name).unwrap_or(Method::Unknown) {
                Method::Push if factor.number_matching == Some(true) => Method::PushNumber,
                Method::PushNumber if factor.number_matching == Some(false) => Method::Push,
                method => method,
            };
            if method == Method::Unknown {
                tally.remarks |= Reason::UnknownMethod.bit();
                continue;
            }
            if method.kinds() == Kinds::Nothing {
                if factor.last_used_at.is_some_and(|at| at <= as_of) {
                    tally.remarks |= Reason::BypassUsed.bit();
                }
                continue;
            }
            if method.is_recovery() {
                tally.recovery += u32::from(active == Truth::Yes);
                tally.possible_recovery += 1;
                continue;
            }
            let bit = method.bit();
            let accept = match () {
                () if accepted.yes & bit != 0 => Truth::Yes,
                () if accepted.unknown & bit != 0 => Truth::Unknown,
                () => Truth::No,
            };
            let attested = match factor.attested {
                _ if self.attest & bit == 0 => Truth::Yes,
                attested => Truth::of(attested, |attested| attested),
            };
            tally.any |= method != Method::Password || accept != Truth::No;
            match accept.min(attested).min(active) {
                Truth::Yes => {
                    tally.factors += 1;
                    tally.possible_factors += 1;
                    let strength = method.strength();
                    tally.strength = Some(tally.strength.map_or(strength, |s| s.min(strength)));
                }
                Truth::Unknown => tally.possible_factors += 1,
                Truth::No if accept != Truth::No => {
                    tally.shortfall |= match method {
                        Method::FedMfa | Method::FedSf => Reason::FedNotAttested.bit(),
                        _ => Reason::NotAttested.bit(),
                    };
                }
                Truth::No => {
                    for (mask, reason) in [
                        (accepted.phased_out, Reason::PhasedOut),
                        (accepted.expired, Reason::FallbackExpired),
                        (accepted.not_for_app, Reason::FallbackNotForApp),
                    ] {
                        if mask & bit != 0 {
                            tally.shortfall |= reason.bit();
                        }
                    }
                    if method == Method::Push && accepted.yes & Method::PushNumber.bit() != 0 {
                        tally.shortfall |= Reason::NoNumberMatch.bit();
                    }
                }
            }
        }
        tally
    }

    fn compliance(&self, tally: Option<&Tally>) -> Truth {
        let Some(tally) = tally else {
            return match (self.min_factors, self.min_recovery) {
                (0, 0) => Truth::Yes,
                _ => Truth::Unknown,
            };
        };
        if tally.factors >= self.min_factors && tally.recovery >= self.min_recovery {
            Truth::Yes
        } else if tally.possible_factors >= self.min_factors && tally.possible_recovery >= self.min_recovery {
            Truth::Unknown
        } else {
            Truth::No
        }
    }

    /// What is certainly lacking.
    fn shortage(&self, tally: &Tally) -> u32 {
        let mut reasons = 0;
        if tally.possible_factors < self.min_factors {
            reasons |= match tally.possible_factors {
                0 if tally.any => Reason::WeakOnly.bit(),
                0 => Reason::NoFactor.bit(),
                _ => Reason::NeedSecond.bit(),
            };
        }
        if tally.possible_recovery < self.min_recovery {
            reasons |= Reason::NoRecovery.bit();
        }
        reasons
    }
}

impl Exceptions {
    /// Whether one exception holds, and what speaks against it.
    fn judge(&self, exception: &ExceptionInput<'_>, beneficiary: Option<&str>, as_of: i64) -> (Truth, u32) {
        let checks = [
            (
                Truth::of(exception.criterion, |criterion| is_one_of(criterion, &self.criteria)),
                Reason::ExcForbidden.bit(),
            ),
            // One that has not begun is no exception yet; there is nothing to object to.
            (Truth::of(exception.starts_at, |starts_at| starts_at <= as_of), 0),
            (Truth::of(exception.expires_at, |expires_at| as_of < expires_at), Reason::ExcExpired.bit()),
            (
                Truth::of(exception.starts_at.zip(exception.expires_at), |(from, to)| {
                    to.saturating_sub(from) <= self.max_duration
                }),
                Reason::ExcTooLong.bit(),
            ),
            (self.approved(exception.approvers, beneficiary), Reason::ExcUnapproved.bit()),
            (
                match self.attest_every {
                    None => Truth::Yes,
                    // An attestation given later was not there yet.
                    Some(every) => {
                        Truth::of(exception.attested_at, |at| at <= as_of && as_of.saturating_sub(at) <= every)
                    }
                },
                Reason::ExcAttestOverdue.bit(),
            ),
        ];
        checks.into_iter().fold((Truth::Yes, 0), |(truth, objections), (check, objection)| {
            let objection = if check == Truth::No { objection } else { 0 };
            (truth.min(check), objections | objection)
        })
    }

    /// Whether enough different people of listed roles approved, the beneficiary not among them.
    fn approved(&self, approvers: Option<&[&str]>, beneficiary: Option<&str>) -> Truth {
        if self.approvals == 0 {
            return Truth::Yes;
        }
        let Some(approvers) = approvers else {
            return Truth::Unknown;
        };
        let mut count = 0;
        let mut possible = 0;
        for (index, approver) in approvers.iter().enumerate() {
            if !self.has_approver_role(approver)
                || approvers[..index]
                    .iter()
                    .any(|earlier| self.has_approver_role(earlier) && who(earlier).eq_ignore_ascii_case(who(approver)))
            {
                continue;
            }
            match (approver.contains(':'), beneficiary) {
                (true, Some(beneficiary)) if who(approver).eq_ignore_ascii_case(beneficiary) => {}
                // Nobody knows whether that is the beneficiary.
                (true, None) => possible += 1,
                _ => {
                    count += 1;
                    possible += 1;
                }
            }
        }
        if count >= self.approvals {
            Truth::Yes
        } else if possible >= self.approvals {
            Truth::Unknown
        } else {
            Truth::No
        }
    }

    fn has_approver_role(&self, approver: &str) -> bool {
        let role = approver.split_once(':').map_or(approver, |(role, _)| role);
        self.approver_roles.is_empty() || is_one_of(role.trim(), &self.approver_roles)
    }
}

/// The person of an approval, or its role where the person is not known.
fn who(approver: &str) -> &str {
    approver.split_once(':').map_or(approver, |(_, person)| person).trim()
}

#[cfg(test)]
mod tests;
