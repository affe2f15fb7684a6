//! What a policy says, as tables: its waves, and what it requires of whom where.

use crate::model::{Method, Strength};
use crate::policy::Policy;
use crate::policy::document::{Match, Mode, Requirement, RuleEffect, SessionRule, Tier};
use crate::policy::value::{Duration, Instant, Methods};

/// A wave of the rollout, or those who are in none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wave<'p> {
    /// Name; absent for those in no wave.
    pub wave: Option<&'p str>,
    /// First instant at which decisions are reported.
    pub report_only_from: Option<i64>,
    /// First instant at which they are enforced; absent is never.
    pub enforce_from: Option<i64>,
    /// Share of sign-ins that must be allowed before the wave is enforced.
    pub success_rate: Option<f64>,
    /// Sign-ins needed to tell.
    pub min_signins: Option<u64>,
    /// How far back to look, in microseconds.
    pub window: Option<i64>,
}

/// The waves in their order, and last those who are in none.
pub fn waves(policy: &Policy) -> Vec<Wave<'_>> {
    let gate = policy.rollout.as_ref().and_then(|rollout| rollout.promote_when.as_ref());
    let row = |wave, report_only_from: Option<Instant>, enforce_from: Option<Instant>| Wave {
        wave,
        report_only_from: report_only_from.map(Instant::micros),
        enforce_from: enforce_from.map(Instant::micros),
        success_rate: gate.map(|gate| gate.success_rate),
        min_signins: gate.map(|gate| gate.min_signins),
        window: gate.map(|gate| gate.window.micros()),
    };
    let is_enforced = policy.rollout.as_ref().is_none_or(|rollout| rollout.default_mode == Mode::Enforce);
    let waves = policy.rollout.iter().flat_map(|rollout| &rollout.wave);
    let rest = row(None, None, is_enforced.then_some(policy.effective_from));
    waves
        .map(|wave| row(Some(wave.id.as_str()), wave.report_only_from, Some(wave.enforce_from)))
        .chain([rest])
        .collect()
}

/// What is required of one tier, at one class of applications, in one circumstance.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell<'p> {
    /// The tier.
    pub tier: &'p str,
    /// Whether it has something to register.
    pub is_enrolled: bool,
    /// Accepted factors it needs.
    pub min_factors: u8,
    /// Recovery methods it needs.
    pub min_recovery: u8,
    /// Time it has, in microseconds.
    pub grace: i64,
    /// Id of the `app` rule; absent where no application is named.
    pub app: Option<&'p str>,
    /// What happens: a `step_up` or `context` rule, or `forbidden_protocol`; absent is nothing in particular.
    pub circumstance: Option<&'p str>,
    /// `ordinary`, `step_up`, `context` or `protocol`.
    pub kind: &'static str,
    /// `require`, `block`, or `none` where nothing is required.
    pub effect: &'static str,
    /// Strength the session needs.
    pub strength: Option<Strength>,
    /// Greatest age of its MFA, in microseconds.
    pub max_age: Option<i64>,
    /// Methods the tier accepts that meet it, as a mask.
    pub methods: u32,
}

/// Every tier × class of applications × circumstance at an instant.
///
/// A rule without a condition holds everywhere and is part of every cell. What else may coincide, such as two context rules, joins
/// to the strictest.
pub fn matrix(policy: &Policy, as_of: i64) -> Vec<Cell<'_>> {
    let everywhere: Vec<_> = rules(policy).filter(|rule| rule.when == Match::default()).collect();
    let apps: Vec<_> = if policy.app.is_empty() { vec![None] } else { policy.app.iter().map(Some).collect() };
    let mut cells = Vec::new();
    for tier in &policy.tier {
        let accepted = accepted(tier, as_of);
        for app in &apps {
            let mut add = |kind, circumstance, own: Option<&SessionRule>, forbidden: bool| {
                let parts = || everywhere.iter().copied().chain(*app).chain(own);
                let needs = parts().fold(Needs::default(), |needs, rule| needs.join(&rule.require));
                let is_blocked = forbidden || parts().any(|rule| rule.effect == RuleEffect::Block);
                let methods = Method::from_mask(accepted & needs.allow)
                    .filter(|method| needs.strength.is_none_or(|strength| method.strength() >= strength))
                    .fold(0, |mask, method| mask | method.bit());
                cells.push(Cell {
                    tier: &tier.id,
                    is_enrolled: !tier.enrol.not_applicable,
                    min_factors: tier.enrol.min_factors,
                    min_recovery: tier.enrol.min_recovery,
                    grace: tier.grace.micros(),
                    app: app.map(|rule| rule.id.as_str()),
                    circumstance,
                    kind,
                    effect: match needs {
                        _ if is_blocked => "block",
                        Needs { strength: None, max_age: None, allow: u32::MAX } => "none",
                        _ => "require",
                    },
                    strength: needs.strength,
                    max_age: needs.max_age,
                    methods: if is_blocked { 0 } else { methods },
                });
            };
            add("ordinary", None, None, false);
            for (kind, rules) in [("step_up", &policy.step_up), ("context", &policy.context)] {
                for rule in rules.iter().filter(|rule| rule.when != Match::default()) {
                    add(kind, Some(rule.id.as_str()), Some(rule), false);
                }
            }
            if !tier.enrol.forbid_protocols.is_empty() {
                add("protocol", Some("forbidden_protocol"), None, true);
            }
        }
    }
    cells
}

fn rules(policy: &Policy) -> impl Iterator<Item = &SessionRule> {
    policy.app.iter().chain(&policy.step_up).chain(&policy.context)
}

/// What several rules need together.
struct Needs {
    strength: Option<Strength>,
    max_age: Option<i64>,
    allow: u32,
}

impl Default for Needs {
    fn default() -> Self {
        Self { strength: None, max_age: None, allow: u32::MAX }
    }
}

impl Needs {
    fn join(self, other: &Requirement) -> Self {
        let max_age = if other.every_access { Some(0) } else { other.max_age.map(Duration::micros) };
        // A push that asks for a number is also a push.
        let allow = other.allow.as_ref().map_or(u32::MAX, |methods| with_numbers(methods.mask()));
        Self {
            strength: self.strength.max(other.strength),
            max_age: self.max_age.into_iter().chain(max_age).min(),
            allow: self.allow & allow,
        }
    }
}

/// The methods a tier accepts at an instant, fallbacks included.
fn accepted(tier: &Tier, as_of: i64) -> u32 {
    use crate::policy::document::NumberMatching;
    let fallbacks = tier
        .fallback
        .iter()
        .filter(|fallback| fallback.until.is_none_or(|until| as_of < until.micros()))
        .fold(0, |mask, fallback| mask | fallback.methods.mask());
    let phased_out = tier
        .phase_out
        .iter()
        .filter(|phase_out| as_of > phase_out.after.micros())
        .fold(0, |mask, phase_out| mask | phase_out.methods.mask());
    let mask = with_numbers(tier.enrol.allow.as_ref().map_or(0, Methods::mask) & !phased_out | fallbacks);
    match tier.enrol.number_matching {
        NumberMatching::Optional => mask,
        NumberMatching::Required => mask & !Method::Push.bit(),
    }
}

fn with_numbers(mask: u32) -> u32 {
    if mask & Method::Push.bit() == 0 { mask } else { mask | Method::PushNumber.bit() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000_000;

    fn policy(more: &str) -> Policy {
        Policy::parse(&format!(
            "schema = \"mfa-policy/1\"\nid = \"p\"\nversion = \"1\"\neffective_from = 1970-01-02T00:00:00Z\ntimezone = \"UTC\"\n{more}"
        ))
        .unwrap()
    }

    const TIER: &str = "[[tier]]\nid = \"all\"\nenrol = { allow = [\"push\", \"fido2_key\", \"sms_otp\"], min_factors = 2 }\n\
                        phase_out = [{ methods = [\"sms_otp\"], after = 1970-01-03T00:00:00Z }]\n";

    #[test]
    fn waves_and_those_in_none() {
        let plain = policy(TIER);
        assert_eq!(
            waves(&plain),
            [Wave {
                wave: None,
                report_only_from: None,
                enforce_from: Some(DAY),
                success_rate: None,
                min_signins: None,
                window: None
            }]
        );
        let staged = policy(&format!(
            "{TIER}[rollout]\npromote_when = {{ success_rate = 0.5, min_signins = 7, window = \"P2D\" }}\n\
             [[rollout.wave]]\nid = \"w\"\nmatch = {{ region = [\"x\"] }}\nenforce_from = 1970-01-05T00:00:00Z\n"
        ));
        let found = waves(&staged);
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].wave, found[0].enforce_from, found[0].window), (Some("w"), Some(4 * DAY), Some(2 * DAY)));
        assert_eq!((found[1].wave, found[1].enforce_from, found[1].min_signins), (None, None, Some(7)));
    }

    #[test]
    fn cells_join_what_holds_together() {
        let policy = policy(&format!(
            "{TIER}[[app]]\nid = \"critical\"\nmatch = {{ sensitivity = [\"critical\"] }}\nrequire = {{ strength = \"mfa\", every_access = true }}\n\
             [[app]]\nid = \"rest\"\nrequire = {{ strength = \"single\", max_age = \"P1D\" }}\n\
             [[step_up]]\nid = \"tx\"\nmatch = {{ transaction = [\"pay\"] }}\nrequire = {{ strength = \"phishing_resistant\" }}\n\
             [[context]]\nid = \"old\"\nmatch = {{ protocol = [\"pop\"] }}\neffect = \"block\"\n"
        ));
        let cells = matrix(&policy, 3 * DAY);
        let found: Vec<_> = cells
            .iter()
            .map(|cell| {
                let methods: Vec<_> = Method::from_mask(cell.methods).map(Method::as_str).collect();
                (cell.app.unwrap(), cell.circumstance, cell.effect, cell.max_age, methods.join(","))
            })
            .collect();
        assert_eq!(
            found,
            [
                ("critical", None, "require", Some(0), "push,push_number,fido2_key".to_owned()),
                ("critical", Some("tx"), "require", Some(0), "fido2_key".to_owned()),
                ("critical", Some("old"), "block", Some(0), String::new()),
                ("rest", None, "require", Some(DAY), "push,push_number,fido2_key".to_owned()),
                ("rest", Some("tx"), "require", Some(DAY), "fido2_key".to_owned()),
                ("rest", Some("old"), "block", Some(DAY), String::new()),
            ]
        );
        // Until the phase-out, its last instant included, text messages are accepted.
        let accepted =
            |as_of| Method::from_mask(matrix(&policy, as_of)[3].methods).any(|method| method == Method::SmsOtp);
        assert!(accepted(2 * DAY) && !accepted(2 * DAY + 1));
        // Without application rules there is one class, and nothing is required there.
        let plain = self::policy(TIER);
        let cells = matrix(&plain, 0);
        assert_eq!((cells.len(), cells[0].app, cells[0].effect), (1, None, "none"));
    }
}
