//! Why a policy decides as it does: every rule, in the order of evaluation, with whether it applies and if not, why.

use super::answers::{Answers, Truth};
use super::case::{Asked, Case, First, Group};
use super::compile::{Atom, Compiled, Condition, Op};
use super::decision::Enrolment;
use super::document::{RuleEffect, SessionRule, StageEffect, Tier};
use super::input::{Attribute, Row};
use super::lint::list;
use super::reason::Reason;
use crate::model::Method;

/// One rule, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// `tier`, `wave`, `app`, `step_up`, `context`, `exception` or `stage`.
    pub section: &'static str,
    /// The rule's id; a stage's number.
    pub rule: Option<String>,
    /// Whether it applies.
    pub applied: bool,
    /// Why it does not.
    pub reason: Option<&'static str>,
    /// Whether what it asks is there; nothing where it asks nothing, and where that is unknown.
    pub satisfied: Option<bool>,
    /// What it asks, or does.
    pub asks: Option<String>,
}

/// A value that a rule needs is missing.
const NOT_ENOUGH: &str = "not_enough_information";
const NOT_YET: &str = "not_yet_effective";
const EXCLUDED: &str = "excluded";

impl Compiled {
    /// Every rule, in the order of evaluation.
    pub fn explain<R: Row>(&self, row: &R) -> Vec<Explanation> {
        let bits = self.tests.answered(std::slice::from_ref(row));
        let answers = Answers::new(&bits);
        let group = Group::of(self, row, answers);
        let session = Asked::of(self, row, group.tier, answers);
        let case = Case { group, session: session.as_ref() };
        let verdict = self.decide(case, row);
        let mut lines = Vec::new();
        self.explain_tiers(case, answers, verdict.enrolment, &mut lines);
        self.explain_waves(case, answers, row, &mut lines);
        self.explain_rules(case, answers, row, &mut lines);
        self.explain_exceptions(case, row, &mut lines);
        self.explain_stages(case, row, verdict.enrolment, verdict.stage, &mut lines);
        lines
    }

    fn explain_tiers(&self, case: Case<'_>, answers: Answers<'_>, enrolment: Enrolment, lines: &mut Vec<Explanation>) {
        for (index, tier) in self.policy().tier.iter().enumerate() {
            let reason = self.not_first(case.group.tier, index, &self.tiers[index].when, answers);
            let is_theirs = reason.is_none();
            lines.push(Explanation {
                section: "tier",
                rule: Some(tier.id.clone()),
                applied: is_theirs && !tier.exclude_from_enforcement,
                reason: if is_theirs && tier.exclude_from_enforcement { Some(EXCLUDED) } else { reason },
                satisfied: match enrolment {
                    Enrolment::Compliant if is_theirs => Some(true),
                    Enrolment::InGrace | Enrolment::Overdue | Enrolment::Excepted if is_theirs => Some(false),
                    _ => None,
                },
                asks: asks_of_tier(tier),
            });
        }
    }

    fn explain_waves<R: Row>(&self, case: Case<'_>, answers: Answers<'_>, row: &R, lines: &mut Vec<Explanation>) {
        let waves = self.policy().rollout.iter().flat_map(|rollout| &rollout.wave);
        for (index, wave) in waves.enumerate() {
            let reason = self.not_first(case.group.wave, index, &self.waves[index].when, answers).or_else(|| match row
                .as_of()
            {
                None => Some(NOT_ENOUGH),
                Some(as_of) => (as_of < wave.enforce_from.micros()).then_some(NOT_YET),
            });
            lines.push(Explanation {
                section: "wave",
                rule: Some(wave.id.clone()),
                applied: reason.is_none(),
                reason,
                satisfied: None,
                asks: Some(format!("enforced from {}", wave.enforce_from)),
            });
        }
    }

    fn explain_rules<R: Row>(&self, case: Case<'_>, answers: Answers<'_>, row: &R, lines: &mut Vec<Explanation>) {
        let policy = self.policy();
        let sections = [("app", &policy.app), ("step_up", &policy.step_up), ("context", &policy.context)];
        let rules = sections.into_iter().flat_map(|(section, rules)| rules.iter().map(move |rule| (section, rule)));
        for ((section, rule), compiled) in rules.zip(&self.rules) {
            let reason = match case.session {
                None => Some("no_session"),
                Some(_) => self.not_matched(&compiled.when, answers),
            };
            lines.push(Explanation {
                section,
                rule: Some(rule.id.clone()),
                applied: reason.is_none(),
                reason,
                satisfied: match self.satisfies(compiled, row) {
                    _ if case.session.is_none() => None,
                    Truth::Yes => Some(true),
                    Truth::No => Some(false),
                    Truth::Unknown => None,
                },
                asks: asks_of_session(rule),
            });
        }
    }

    fn explain_exceptions<R: Row>(&self, case: Case<'_>, row: &R, lines: &mut Vec<Explanation>) {
        let is_barred = match (&self.exceptions, case.group.tier) {
            (None, _) => true,
            (Some(rules), First::Is(tier)) => rules.never_for.contains(&tier),
            (Some(_), _) => false,
        };
        let is_list = row.exceptions(|exception| {
            let reason = match &self.exceptions {
                Some(rules) if !is_barred => match rules.judge(exception, row.subject_id(), row.as_of()) {
                    (Truth::Yes, _) if matches!(case.group.tier, First::Is(_)) => None,
                    (Truth::Yes | Truth::Unknown, _) => Some(NOT_ENOUGH),
                    // Nothing speaks against it: it has not begun.
                    (Truth::No, 0) => Some(NOT_YET),
                    (Truth::No, objections) => Reason::from_mask(objections).next().map(Reason::as_str),
                },
                _ => Some(EXCLUDED),
            };
            lines.push(Explanation {
                section: "exception",
                rule: exception.id.map(str::to_owned),
                applied: reason.is_none(),
                reason,
                satisfied: None,
                asks: Some(match exception.scope {
                    Some(scope) if scope.eq_ignore_ascii_case("session") => "enrolment and session".to_owned(),
                    _ => "enrolment".to_owned(),
                }),
            });
        });
        if !is_list && !is_barred {
            lines.push(Explanation {
                section: "exception",
                rule: None,
                applied: false,
                reason: Some(NOT_ENOUGH),
                satisfied: None,
                asks: None,
            });
        }
    }

    fn explain_stages<R: Row>(
        &self,
        case: Case<'_>,
        row: &R,
        enrolment: Enrolment,
        reached: Option<u8>,
        lines: &mut Vec<Explanation>,
    ) {
        let mut stages: Vec<_> = self.policy().stage.iter().collect();
        stages.sort_unstable_by_key(|stage| stage.n);
        let is_excluded = matches!(case.group.tier, First::Is(tier) if self.tiers[tier].exclude_from_enforcement);
        for (stage, compiled) in stages.into_iter().zip(&self.stages) {
            let reason = match enrolment {
                _ if reached == Some(stage.n) => None,
                _ if is_excluded => Some(EXCLUDED),
                Enrolment::Compliant => Some("compliant"),
                Enrolment::NotApplicable => Some("not_applicable"),
                _ if reached.is_some_and(|reached| reached > stage.n) => Some("later_stage"),
                _ => Some(match self.stage_from(case.group, row, compiled).zip(row.as_of()) {
                    Some(_) => NOT_YET,
                    None => NOT_ENOUGH,
                }),
            };
            lines.push(Explanation {
                section: "stage",
                rule: Some(stage.n.to_string()),
                applied: reason.is_none(),
                reason,
                satisfied: None,
                asks: Some(format!(
                    "{} from {}",
                    match stage.effect {
                        StageEffect::Remind => "remind",
                        StageEffect::Limit => "limit",
                        StageEffect::Block => "block",
                    },
                    stage.from
                )),
            });
        }
    }

    /// Why a rule of which the first that matches holds is not that one.
    fn not_first(&self, first: First, index: usize, when: &Condition, answers: Answers<'_>) -> Option<&'static str> {
        match first {
            First::Is(matched) if matched == index => None,
            First::Is(matched) if matched < index => Some("earlier_rule"),
            // Whether this one matches does not matter where an earlier one may.
            First::Unknown => Some(match self.holds(when, answers) {
                Truth::No => self.not_matched(when, answers).unwrap_or(NOT_ENOUGH),
                Truth::Unknown | Truth::Yes => NOT_ENOUGH,
            }),
            First::Is(_) | First::None => self.not_matched(when, answers),
        }
    }

    /// Why a condition does not hold.
    fn not_matched(&self, when: &Condition, answers: Answers<'_>) -> Option<&'static str> {
        let mut at = when.start as usize;
        match self.decisive(&mut at, answers) {
            (Truth::Yes, _) => None,
            (Truth::Unknown, _) => Some(NOT_ENOUGH),
            (Truth::No, Some(atom)) => Some(match &self.atoms[atom as usize] {
                Atom::Privileged(_) => "privileged",
                Atom::Is(attribute, _) => match attribute {
                    Attribute::Population => "population",
                    Attribute::Department => "department",
                    Attribute::Region => "region",
                    Attribute::App | Attribute::Sensitivity => "application",
                    Attribute::Protocol => "protocol",
                    Attribute::Transaction => "transaction",
                    Attribute::Role => "role",
                    Attribute::Signal => "signal",
                },
            }),
            // A condition without a test, such as `any = []`.
            (Truth::No, None) => Some("never"),
        }
    }

    /// Whether the expression at `at` holds, and the first test that settles it. Moves `at` to its end.
    fn decisive(&self, at: &mut usize, answers: Answers<'_>) -> (Truth, Option<u32>) {
        let op = self.ops[*at];
        *at += 1;
        let (end, mut truth, decisive) = match op {
            Op::Test(atom) => return (answers.of(atom), Some(atom)),
            Op::Not => {
                let (truth, atom) = self.decisive(at, answers);
                return (truth.not(), atom);
            }
            Op::All(end) => (end as usize, Truth::Yes, Truth::No),
            Op::Any(end) => (end as usize, Truth::No, Truth::Yes),
        };
        let mut settled_by = None;
        while *at < end && truth != decisive {
            let (operand, atom) = self.decisive(at, answers);
            let joined = if decisive == Truth::No { truth.min(operand) } else { truth.max(operand) };
            if joined != truth || settled_by.is_none() {
                settled_by = atom;
            }
            truth = joined;
        }
        *at = end;
        (truth, settled_by)
    }
}

fn asks_of_tier(tier: &Tier) -> Option<String> {
    let enrol = &tier.enrol;
    let allow = enrol.allow.as_ref()?;
    Some(format!(
        "{} of {}; {} for recovery",
        enrol.min_factors,
        list(Method::from_mask(allow.mask())),
        enrol.min_recovery
    ))
}

fn asks_of_session(rule: &SessionRule) -> Option<String> {
    if rule.effect == RuleEffect::Block {
        return Some("block".to_owned());
    }
    let require = &rule.require;
    let mut asks = Vec::new();
    asks.extend(require.strength.map(|strength| strength.as_str().to_owned()));
    if require.every_access {
        asks.push("at every access".to_owned());
    } else {
        asks.extend(require.max_age.map(|age| format!("at most {age} ago")));
    }
    if let Some(allow) = &require.allow {
        asks.push(format!("by {}", list(Method::from_mask(allow.mask()))));
    }
    if asks.is_empty() { None } else { Some(asks.join(", ")) }
}

#[cfg(test)]
mod tests;
