//! What is suspicious in a policy: it is valid, and yet part of it has no effect, or another than was meant.
//!
//! A finding is certain as far as the document goes. What only the subjects, applications and sign-ins can tell, such as
//! whether a department exists, is not guessed at. A wave that was enforced before `effective_from` is not a mistake: the
//! next version of a policy keeps the waves that are over.

mod cover;

use std::collections::BTreeSet;

use super::Policy;
use super::document::{
    Attestation, Boundary, Enrol, Fallback, Match, Mode, NumberMatching, RuleEffect, SessionRule, StageEffect, Tier,
    Wave,
};
use super::error::{Notation, Places, nearest};
use super::value::{Anchor, Instant, Methods, Names};
use crate::model::{Method, Strength};
use cover::{attributes, covered, covers, disjoint, is_everyone, is_nobody};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The policy cannot work.
    Error,
    /// It hardly does what was meant.
    Warning,
    /// Something is superfluous, or worth knowing.
    Info,
}

impl Severity {
    /// The word in SQL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

macro_rules! rules {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal, $severity:ident;)+) => {
        /// What is looked for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum LintRule { $($(#[doc = $doc])+ $variant,)+ }

        impl LintRule {
            /// Every rule.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name in SQL.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// How bad it is, as a rule.
            pub const fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)+ }
            }

            /// What it means.
            pub const fn explain(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+).trim_ascii_start(),)+ }
            }
        }
    };
}

rules! {
    /// The document is not a valid policy.
    InvalidDocument = "invalid_document", Error;
    /// Nobody can fulfil a tier.
    UnsatisfiableTier = "unsatisfiable_tier", Error;
    /// No method fulfils a session rule.
    UnsatisfiableRule = "unsatisfiable_rule", Error;
    /// Earlier tiers or waves cover a later one.
    UnreachableRule = "unreachable_rule", Warning;
    /// Earlier `app` rules cover one that is referred to.
    UnreachableApp = "unreachable_app", Warning;
    /// A tier accepts no method that is as strong as a session rule asks for.
    UnreachableStrength = "unreachable_strength", Warning;
    /// Two rules say the same.
    DuplicateRule = "duplicate_rule", Warning;
    /// Another session rule always asks for as much.
    RedundantRule = "redundant_rule", Info;
    /// No wave covers everyone, and who is in none stays in report-only mode for ever.
    UncoveredSubjects = "uncovered_subjects", Warning;
    /// A population that nobody has.
    UnknownPopulation = "unknown_population", Warning;
    /// A protocol that no sign-in has.
    UnknownProtocol = "unknown_protocol", Warning;
    /// A risk signal that is not known; a warning where it is almost a known one.
    UnknownSignal = "unknown_signal", Info;
    /// A set without methods.
    EmptySet = "empty_set", Warning;
    /// A list of values without one matches nothing.
    EmptyList = "empty_list", Warning;
    /// A set that nothing uses.
    UnusedSet = "unused_set", Info;
    /// Two dates contradict each other.
    DatesOutOfOrder = "dates_out_of_order", Warning;
    /// A fallback has no end.
    EndlessFallback = "endless_fallback", Warning;
    /// A fallback ends before the grace does.
    FallbackWithinGrace = "fallback_within_grace", Warning;
    /// A method is accepted and never counts.
    NeverCounts = "never_counts", Info;
    /// A part without an effect.
    NoEffect = "no_effect", Info;
    /// A stage begins before one of a lower number, which then never holds.
    StagesOutOfOrder = "stages_out_of_order", Warning;
    /// A stage is milder than one before it.
    MilderStage = "milder_stage", Warning;
    /// Exceptions hold without an approval.
    NoApproval = "no_approval", Warning;
    /// Anybody may approve an exception.
    AnyApprover = "any_approver", Warning;
    /// Nobody has to attest that an exception is still needed.
    NoAttestation = "no_attestation", Info;
    /// An exception is over before its attestation is due again.
    AttestationNeverDue = "attestation_never_due", Warning;
    /// A wave is hardly ever ready to be promoted.
    PromotionUnreachable = "promotion_unreachable", Warning;
    /// A wave is ready to be promoted without evidence.
    PromotionUnfounded = "promotion_unfounded", Warning;
}

impl LintRule {
    /// All rules, for `docs/policy-lint.md`.
    pub fn documentation() -> String {
        let mut text =
            "# What mfa_policy_lint looks for\n\nWritten by `make docs` from `src/core/src/policy/lint.rs`.\n\n\
                        | rule | severity | meaning |\n|---|---|---|\n"
                .to_owned();
        for rule in Self::ALL {
            text += &format!("| `{}` | {} | {} |\n", rule.as_str(), rule.severity().as_str(), rule.explain());
        }
        text
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lint {
    /// How bad it is.
    pub severity: Severity,
    /// What was looked for.
    pub rule: LintRule,
    /// Where in the document, such as `tier[2].match`; empty for the document itself.
    pub path: String,
    /// What is wrong.
    pub message: String,
}

/// Populations of `mfa_identities`.
const POPULATIONS: [&str; 8] =
    ["workforce", "contractor", "partner", "guest", "service", "break_glass", "shared", "unknown"];

/// Protocols that readers of sign-ins return.
const PROTOCOLS: [&str; 15] = [
    "saml",
    "oidc",
    "oauth2",
    "ws_fed",
    "radius",
    "ldap",
    "ropc",
    "device_code",
    "native_auth",
    "authentication_transfer",
    "imap",
    "pop",
    "smtp_auth",
    "basic_auth",
    "exchange_active_sync",
];

/// Risk signals: our own, Entra's risk event types and Okta's behaviours.
const SIGNALS: [&str; 22] = [
    "tor",
    "new_device",
    "impossible_travel",
    "unlikelytravel",
    "anonymizedipaddress",
    "maliciousipaddress",
    "suspiciousipaddress",
    "malwareinfectedipaddress",
    "unfamiliarfeatures",
    "leakedcredentials",
    "investigationsthreatintelligence",
    "adminconfirmedusercompromised",
    "generic",
    "new device",
    "new ip",
    "new city",
    "new state",
    "new country",
    "new geo-location",
    "velocity",
    "anomalous device",
    "anomalous location",
];

impl Policy {
    /// What is suspicious in a document, in the order of the document. One that is not valid has one finding that says so.
    pub fn lint(text: &str) -> Vec<Lint> {
        let (text, notation) = Notation::of(text);
        let documents =
            Self::parse(text).and_then(|policy| Self::read(text, notation).map(|written| (policy, written)));
        let (policy, written) = match documents {
            Ok(documents) => documents,
            Err(error) => {
                let message = format!("line {}, column {}: {}", error.line, error.column, error.message);
                let rule = LintRule::InvalidDocument;
                return vec![Lint { severity: rule.severity(), rule, path: error.path, message }];
            }
        };
        let mut linter = Linter { policy: &policy, found: Vec::new() };
        linter.sets(&written);
        linter.tiers();
        linter.session_rules();
        linter.exceptions();
        linter.rollout();
        linter.stages();
        let places = Places::new(text, notation);
        linter.found.sort_by_cached_key(|lint| places.nearest(&lint.path).1);
        linter.found
    }
}

struct Linter<'p> {
    policy: &'p Policy,
    found: Vec<Lint>,
}

impl<'p> Linter<'p> {
    fn report(&mut self, rule: LintRule, path: impl Into<String>, message: impl Into<String>) {
        let (path, message) = (path.into(), message.into());
        self.found.push(Lint { severity: rule.severity(), rule, path, message });
    }

    fn sets(&mut self, written: &Policy) {
        for (name, set) in &self.policy.sets {
            if set.mask() == 0 {
                self.report(LintRule::EmptySet, format!("sets.{name}"), "has no methods");
            }
        }
        let mut used = BTreeSet::new();
        let mut next: Vec<&str> = uses(written).flat_map(Methods::references).map(String::as_str).collect();
        while let Some(name) = next.pop() {
            if used.insert(name) {
                next.extend(written.sets.get(name).into_iter().flat_map(Methods::references).map(String::as_str));
            }
        }
        for name in written.sets.keys().filter(|name| !used.contains(name.as_str())) {
            self.report(LintRule::UnusedSet, format!("sets.{name}"), format!("nothing uses `@{name}`"));
        }
    }

    fn tiers(&mut self) {
        let tiers = &self.policy.tier;
        self.first_match("tier", tiers, |tier| (&tier.id, &tier.when));
        for (index, tier) in tiers.iter().enumerate() {
            let path = format!("tier[{index}]");
            self.condition(&tier.when, &format!("{path}.match"));
            self.protocols(&tier.enrol.forbid_protocols, &format!("{path}.enrol.forbid_protocols"));
            self.methods(tier, &path);
            for (nth, fallback) in tier.fallback.iter().enumerate() {
                self.fallback(tier, fallback, &format!("{path}.fallback[{nth}]"));
            }
            for (nth, phase_out) in tier.phase_out.iter().enumerate() {
                if phase_out.methods.mask() == 0 {
                    self.report(LintRule::EmptySet, format!("{path}.phase_out[{nth}].methods"), "phases out no method");
                }
            }
        }
    }

    /// Whether the accepted methods can fulfil the tier.
    fn methods(&mut self, tier: &Tier, path: &str) {
        let Some(allow) = tier.enrol.allow.as_ref().map(Methods::mask) else {
            return;
        };
        let at = format!("{path}.enrol.allow");
        let never: Vec<_> = Method::from_mask(allow).filter(|method| method.is_recovery()).collect();
        if !never.is_empty() {
            let message = format!("{} only serves recovery and never counts as a factor", list(never));
            self.report(LintRule::NeverCounts, &at, message);
        }
        if tier.enrol.attestation == Attestation::Required {
            let never: Vec<_> = Method::from_mask(allow)
                .filter(|method| !method.is_recovery() && !attestable(*method, &tier.enrol))
                .collect();
            if !never.is_empty() {
                let message =
                    format!("{} cannot be attested, which `attestation = \"required\"` asks for", list(never));
                self.report(LintRule::NeverCounts, &at, message);
            }
        }
        if tier.enrol.min_factors == 0 {
            return;
        }
        let phased_out = tier.phase_out.iter().fold(0, |mask, phase_out| mask | phase_out.methods.mask());
        // What a fallback without a last day accepts stays.
        let stays = tier.fallback.iter().filter(|fallback| fallback.until.is_none());
        let stays = stays.fold(allow, |mask, fallback| mask | fallback.methods.mask());
        if counting(stays, &tier.enrol) == 0 {
            self.report(
                LintRule::UnsatisfiableTier,
                at,
                "nobody can fulfil it: none of its methods counts as a factor",
            );
        } else if counting(stays, &tier.enrol) & !phased_out == 0 {
            let message = "nobody can fulfil it once its methods are phased out";
            self.report(LintRule::UnsatisfiableTier, at, message);
        }
    }

    fn fallback(&mut self, tier: &Tier, fallback: &Fallback, path: &str) {
        let mask = fallback.methods.mask();
        if mask == 0 {
            self.report(LintRule::EmptySet, format!("{path}.methods"), "accepts no method");
            return;
        }
        let allow = tier.enrol.allow.as_ref().map_or(0, Methods::mask);
        if mask & !allow == 0 && tier.enrol.allow.is_some() {
            let message = format!("{} is in `enrol.allow` anyway", list(Method::from_mask(mask)));
            self.report(LintRule::NoEffect, format!("{path}.methods"), message);
            return;
        }
        if fallback.max_days_per_user == Some(0) {
            let at = format!("{path}.max_days_per_user");
            self.report(LintRule::NoEffect, at, "nobody may use the fallback for a day");
        }
        let at = format!("{path}.until");
        let Some(until) = fallback.until else {
            if fallback.max_days_per_user.is_none() {
                let message = "has neither `until` nor `max_days_per_user`: it holds for ever";
                self.report(LintRule::EndlessFallback, path, message);
            }
            return;
        };
        if until.micros() <= self.policy.effective_from.micros() {
            let message = format!("over on {until}, before the policy takes effect on {}", self.policy.effective_from);
            self.report(LintRule::DatesOutOfOrder, at, message);
            return;
        }
        for phase_out in &tier.phase_out {
            let both = phase_out.methods.mask() & mask & !allow;
            let after = phase_out.after;
            if both != 0 && after.micros() != until.micros() {
                let methods = list(Method::from_mask(both));
                let order = if after.micros() < until.micros() { "after" } else { "before" };
                let message = format!("{methods} is phased out after {after}, and the fallback ends {order} that");
                self.report(LintRule::DatesOutOfOrder, &at, message);
            }
        }
        // The last instant at which the grace of anybody who was there at the enforcement ends.
        let grace = tier.grace.micros();
        let late = |from: Instant| until.micros() < from.micros().saturating_add(grace);
        let rollout = self.policy.rollout.as_ref();
        let waves: Vec<_> = rollout
            .into_iter()
            .flat_map(|rollout| &rollout.wave)
            .filter(|wave| late(wave.enforce_from) && !disjoint(&wave.when, &tier.when))
            .map(|wave| format!("`{}`", wave.id))
            .collect();
        let of = match rollout {
            Some(_) if waves.is_empty() => return,
            Some(_) => format!(" of wave {}", waves.join(", ")),
            None if late(self.policy.effective_from) => String::new(),
            None => return,
        };
        let message = format!("ends on {until}, before the grace{of} does: it gives no time that grace does not");
        self.report(LintRule::FallbackWithinGrace, at, message);
    }

    fn session_rules(&mut self) {
        let policy = self.policy;
        let rules: Vec<_> = [("app", &policy.app), ("step_up", &policy.step_up), ("context", &policy.context)]
            .into_iter()
            .flat_map(|(kind, rules)| rules.iter().enumerate().map(move |(index, rule)| (kind, index, rule)))
            .collect();
        // A class that is referred to needs its rule, and those before it, which keep applications out of it.
        let referred: BTreeSet<&str> = self.app_references().into_iter().map(|(_, id)| id).collect();
        let last_class = policy.app.iter().rposition(|rule| referred.contains(rule.id.as_str()));
        for (nth, (kind, index, rule)) in rules.iter().copied().enumerate() {
            let path = format!("{kind}[{index}]");
            self.condition(&rule.when, &format!("{path}.match"));
            if rule.effect == RuleEffect::Require {
                self.requirement(rule, &path);
            }
            let is_class = kind == "app" && last_class.is_some_and(|last| index <= last);
            if is_class || is_nobody(&rule.when) {
                continue;
            }
            if rule.effect == RuleEffect::Require && asks_nothing(rule) {
                self.report(LintRule::NoEffect, path, "requires nothing");
                continue;
            }
            let other = rules.iter().copied().enumerate().find(|(other, (_, _, by))| {
                let mutual = || as_strict(rule, by) && covers(&rule.when, &by.when);
                *other != nth && as_strict(by, rule) && covers(&by.when, &rule.when) && (*other < nth || !mutual())
            });
            if let Some((_, (other_kind, _, by))) = other {
                let name = format!("{other_kind} rule `{}`", by.id);
                if by.when == rule.when && by.require == rule.require && by.effect == rule.effect {
                    self.report(LintRule::DuplicateRule, path, format!("says the same as {name}"));
                } else {
                    let message = format!("asks for nothing that {name} does not ask for wherever it holds");
                    self.report(LintRule::RedundantRule, path, message);
                }
            }
        }
        let conditions: Vec<_> = policy.app.iter().map(|rule| &rule.when).collect();
        for (path, id) in self.app_references() {
            let Some(index) = policy.app.iter().position(|rule| rule.id == id) else { continue };
            if is_nobody(conditions[index]) {
                self.report(LintRule::UnreachableApp, path, format!("app rule `{id}` matches nothing"));
            } else if let Some(by) = covered(&conditions[..index], conditions[index]) {
                let message = format!("app rule `{}` comes first and leaves nothing to `{id}`", policy.app[by].id);
                self.report(LintRule::UnreachableApp, path, message);
            }
        }
    }

    /// What refers to `app` rules: path and id.
    fn app_references(&self) -> Vec<(String, &'p str)> {
        let stages = self.policy.stage.iter().enumerate().flat_map(|(index, stage)| {
            stage.allow_apps.iter().map(move |id| (format!("stage[{index}].allow_apps"), id.as_str()))
        });
        let fallbacks = self.policy.tier.iter().enumerate().flat_map(|(index, tier)| {
            tier.fallback.iter().enumerate().flat_map(move |(nth, fallback)| {
                let path = format!("tier[{index}].fallback[{nth}].not_for_app");
                fallback.not_for_app.iter().map(move |id| (path.clone(), id.as_str()))
            })
        });
        stages.chain(fallbacks).collect()
    }

    /// Whether anybody can do what a session rule asks for.
    fn requirement(&mut self, rule: &SessionRule, path: &str) {
        let strength = rule.require.strength.unwrap_or(Strength::None);
        let usable = rule.require.allow.as_ref().map_or(u32::MAX, Methods::mask);
        let enough = |mask: u32| Method::from_mask(mask & usable).any(|method| at_best(method) >= strength);
        if !enough(u32::MAX) {
            let message = if usable == 0 {
                "allows no method".to_owned()
            } else {
                format!("allows no method that is {strength}")
            };
            self.report(LintRule::UnsatisfiableRule, format!("{path}.require"), message);
            return;
        }
        // A password alone is enough, and everybody has one.
        if strength <= Strength::Single && rule.require.allow.is_none() {
            return;
        }
        let mut unable = Vec::new();
        for tier in &self.policy.tier {
            let Some(allow) = tier.enrol.allow.as_ref().filter(|_| !tier.exclude_from_enforcement) else { continue };
            let accepted = tier.fallback.iter().fold(allow.mask(), |mask, fallback| mask | fallback.methods.mask());
            if !enough(with_number(accepted, &tier.enrol)) && !disjoint(&tier.when, &rule.when) {
                unable.push(format!("`{}`", tier.id));
            }
            if covers(&tier.when, &rule.when) {
                // Later tiers have nobody for whom the rule holds.
                break;
            }
        }
        if !unable.is_empty() {
            let tiers = unable.join(", ");
            let asked =
                rule.require.strength.map_or_else(|| "that it allows".to_owned(), |s| format!("of strength {s}"));
            let message = format!("no method {asked} is accepted in tier {tiers}, whose sessions never pass");
            let field = if rule.require.strength.is_some() { "strength" } else { "allow" };
            self.report(LintRule::UnreachableStrength, format!("{path}.require.{field}"), message);
        }
    }

    fn exceptions(&mut self) {
        let Some(exceptions) = &self.policy.exceptions else { return };
        if exceptions.criteria.is_empty() {
            self.report(LintRule::EmptyList, "exceptions.criteria", "no exception holds without a criterion");
        }
        if exceptions.approvals == 0 {
            self.report(LintRule::NoApproval, "exceptions.approvals", "exceptions hold without an approval");
        } else if exceptions.approver_roles.is_empty() {
            let message = format!("{} approvals are needed, from anybody: name `approver_roles`", exceptions.approvals);
            self.report(LintRule::AnyApprover, "exceptions.approvals", message);
        }
        match exceptions.attest_every {
            None => {
                let message = "nobody has to attest that an exception is still needed: there is no `attest_every`";
                self.report(LintRule::NoAttestation, "exceptions", message);
            }
            Some(every) if every > exceptions.max_duration => {
                let message = format!(
                    "an exception is over after {}, before an attestation is due again after {every}",
                    exceptions.max_duration
                );
                self.report(LintRule::AttestationNeverDue, "exceptions.attest_every", message);
            }
            Some(_) => {}
        }
    }

    fn rollout(&mut self) {
        let Some(rollout) = &self.policy.rollout else { return };
        self.first_match("rollout.wave", &rollout.wave, |wave: &Wave| (&wave.id, &wave.when));
        for (index, wave) in rollout.wave.iter().enumerate() {
            let path = format!("rollout.wave[{index}]");
            self.condition(&wave.when, &format!("{path}.match"));
            if let Some(from) = wave.report_only_from
                && from.micros() > wave.enforce_from.micros()
            {
                let message = format!("reports from {from} what is enforced from {} on", wave.enforce_from);
                self.report(LintRule::DatesOutOfOrder, format!("{path}.report_only_from"), message);
            }
        }
        if rollout.default_mode == Mode::ReportOnly && !rollout.wave.iter().any(|wave| is_everyone(&wave.when)) {
            let message = if rollout.wave.is_empty() {
                "there is no wave: nothing is ever enforced"
            } else {
                "no wave covers everyone, and who is in none stays in report-only mode for ever"
            };
            self.report(LintRule::UncoveredSubjects, "rollout", message);
        }
        let Some(gate) = &rollout.promote_when else { return };
        let path = "rollout.promote_when";
        if gate.window.micros() == 0 {
            self.report(
                LintRule::PromotionUnreachable,
                format!("{path}.window"),
                "no sign-in is in a window of no length",
            );
        }
        if gate.success_rate >= 1.0 {
            let message = "a single sign-in that fails keeps a wave from being ready";
            self.report(LintRule::PromotionUnreachable, format!("{path}.success_rate"), message);
        } else if gate.success_rate <= 0.0 {
            let message = "a wave is ready however many sign-ins fail";
            self.report(LintRule::PromotionUnfounded, format!("{path}.success_rate"), message);
        }
        if gate.min_signins == 0 {
            let message = "a wave is ready without a single sign-in";
            self.report(LintRule::PromotionUnfounded, format!("{path}.min_signins"), message);
        }
    }

    fn stages(&mut self) {
        let policy = self.policy;
        for (index, stage) in policy.stage.iter().enumerate() {
            if stage.effect != StageEffect::Limit && !stage.allow_apps.is_empty() {
                let message = "only matters where the effect is `limit`";
                self.report(LintRule::NoEffect, format!("stage[{index}].allow_apps"), message);
            }
        }
        let mut order: Vec<usize> = (0..policy.stage.len()).collect();
        order.sort_unstable_by_key(|index| policy.stage[*index].n);
        for pair in order.windows(2) {
            let &[before, index] = pair else { continue };
            let (earlier, stage) = (&policy.stage[before], &policy.stage[index]);
            let same = earlier.from == stage.from;
            let tiers: Vec<_> = policy
                .tier
                .iter()
                .filter(|tier| !tier.enrol.not_applicable && !tier.exclude_from_enforcement)
                .filter(|tier| {
                    let begin = |stage: &super::document::Stage| match stage.from.anchor {
                        Anchor::Enforcement => stage.from.offset,
                        Anchor::Deadline => tier.grace.micros().saturating_add(stage.from.offset),
                    };
                    same || begin(stage) < begin(earlier)
                })
                .map(|tier| format!("`{}`", tier.id))
                .collect();
            if !tiers.is_empty() {
                let when = if same { "with" } else { "before" };
                let message = format!(
                    "stage {} begins {when} stage {}, which never holds in tier {}",
                    stage.n,
                    earlier.n,
                    tiers.join(", ")
                );
                self.report(LintRule::StagesOutOfOrder, format!("stage[{index}].from"), message);
            }
            let severity = |effect: StageEffect| match effect {
                StageEffect::Remind => 0,
                StageEffect::Limit => 1,
                StageEffect::Block => 2,
            };
            if severity(stage.effect) < severity(earlier.effect) {
                let message = format!("stage {} is milder than stage {} before it", stage.n, earlier.n);
                self.report(LintRule::MilderStage, format!("stage[{index}].effect"), message);
            }
        }
    }

    /// Rules of which the first that matches holds.
    fn first_match<T>(&mut self, kind: &str, rules: &'p [T], of: impl Fn(&'p T) -> (&'p String, &'p Match)) {
        let conditions: Vec<_> = rules.iter().map(|rule| of(rule).1).collect();
        for (index, when) in conditions.iter().enumerate() {
            if is_nobody(when) {
                continue;
            }
            let Some(by) = covered(&conditions[..index], when) else { continue };
            let name = of(&rules[by]).0;
            let is_last = **when == Match::default();
            let path = if is_last { format!("{kind}[{index}]") } else { format!("{kind}[{index}].match") };
            if conditions[by] == *when {
                self.report(LintRule::DuplicateRule, path, format!("`{name}` before it has the same condition"));
            } else {
                let message = format!("`{name}` before it covers it, so that it never holds");
                self.report(LintRule::UnreachableRule, path, message);
            }
        }
    }

    fn condition(&mut self, when: &Match, path: &str) {
        for (field, names) in attributes(when) {
            let Some(names) = names else { continue };
            let at = format!("{path}.{field}");
            if names.is_empty() {
                self.report(LintRule::EmptyList, &at, "an empty list matches nothing");
            }
            match field {
                "population" => {
                    for name in names.iter().filter(|name| !POPULATIONS.contains(name)) {
                        let message = format!("no reader knows population `{name}`{}", hint(name, POPULATIONS));
                        self.report(LintRule::UnknownPopulation, &at, message);
                    }
                }
                "protocol" => self.protocols(names, &at),
                "signal" => {
                    for name in names.iter().filter(|name| !SIGNALS.contains(name)) {
                        let near = nearest(name, SIGNALS);
                        let message = format!("signal `{name}` is not a known one{}", hint(name, SIGNALS));
                        self.report(LintRule::UnknownSignal, &at, message);
                        // Providers and users have signals of their own; what is almost a known one is a slip.
                        if let (Some(_), Some(lint)) = (near, self.found.last_mut()) {
                            lint.severity = Severity::Warning;
                        }
                    }
                }
                _ => {}
            }
        }
        for (field, operands) in [("any", &when.any), ("all", &when.all)] {
            let Some(operands) = operands else { continue };
            if operands.is_empty() && field == "any" {
                self.report(LintRule::EmptyList, format!("{path}.any"), "any of no conditions matches nothing");
            }
            for (index, operand) in operands.iter().enumerate() {
                self.condition(operand, &format!("{path}.{field}[{index}]"));
            }
        }
        if let Some(operand) = &when.not {
            self.condition(operand, &format!("{path}.not"));
        }
    }

    fn protocols(&mut self, names: &Names, path: &str) {
        for name in names.iter().filter(|name| !PROTOCOLS.contains(name)) {
            let message = format!("no reader returns protocol `{name}`{}", hint(name, PROTOCOLS));
            self.report(LintRule::UnknownProtocol, path, message);
        }
    }
}

/// Where a document uses methods, other than in sets.
fn uses(policy: &Policy) -> impl Iterator<Item = &Methods> {
    let tiers = policy.tier.iter().flat_map(|tier| {
        let fallbacks = tier.fallback.iter().map(|fallback| &fallback.methods);
        let phase_outs = tier.phase_out.iter().map(|phase_out| &phase_out.methods);
        tier.enrol.allow.iter().chain(fallbacks).chain(phase_outs)
    });
    let rules = policy.app.iter().chain(&policy.step_up).chain(&policy.context);
    tiers.chain(rules.filter_map(|rule| rule.require.allow.as_ref()))
}

/// A push that asks for a number is a push too.
fn with_number(mask: u32, enrol: &Enrol) -> u32 {
    let push = Method::Push.bit();
    match (mask & push != 0, enrol.number_matching) {
        (false, _) => mask,
        (true, NumberMatching::Optional) => mask | Method::PushNumber.bit(),
        (true, NumberMatching::Required) => mask & !push | Method::PushNumber.bit(),
    }
}

/// The accepted methods that can count as a factor.
fn counting(accepted: u32, enrol: &Enrol) -> u32 {
    Method::from_mask(with_number(accepted, enrol))
        .filter(|method| !method.is_recovery())
        .filter(|method| enrol.attestation != Attestation::Required || attestable(*method, enrol))
        .fold(0, |mask, method| mask | method.bit())
}

/// A federated claim can be attested by its provider, and at the federation boundary every method is one.
fn attestable(method: Method, enrol: &Enrol) -> bool {
    enrol.at == Boundary::FederationBoundary
        || method.supports_attestation()
        || matches!(method, Method::FedMfa | Method::FedSf)
}

/// What a session with a method is worth at best: an attested claim can be phishing resistant.
fn at_best(method: Method) -> Strength {
    match method {
        Method::FedMfa => Strength::PhishingResistant,
        method => method.strength(),
    }
}

fn asks_nothing(rule: &SessionRule) -> bool {
    let require = &rule.require;
    require.strength.is_none_or(|strength| strength == Strength::None)
        && require.max_age.is_none()
        && !require.every_access
        && require.allow.is_none()
}

/// Whether `by` asks for all that `rule` does.
fn as_strict(by: &SessionRule, rule: &SessionRule) -> bool {
    if by.effect == RuleEffect::Block {
        return true;
    }
    let age = |rule: &SessionRule| match (rule.require.every_access, rule.require.max_age) {
        (true, _) => 0,
        (false, age) => age.map_or(i64::MAX, |age| age.micros()),
    };
    let allow = |rule: &SessionRule| rule.require.allow.as_ref().map_or(u32::MAX, Methods::mask);
    rule.effect == RuleEffect::Require
        && by.require.strength.unwrap_or(Strength::None) >= rule.require.strength.unwrap_or(Strength::None)
        && age(by) <= age(rule)
        && allow(by) & !allow(rule) == 0
}

/// The names of methods, for people.
pub(super) fn list(methods: impl IntoIterator<Item = Method>) -> String {
    methods.into_iter().map(Method::as_str).collect::<Vec<_>>().join(", ")
}

fn hint<const N: usize>(word: &str, known: [&str; N]) -> String {
    super::error::did_you_mean(word, known)
}

#[cfg(test)]
mod tests;
