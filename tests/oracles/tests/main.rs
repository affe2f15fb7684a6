//! The evaluator against its oracles.

mod against_reference;
mod boundaries;
mod cedar;
mod exhaustive;
mod laws;
mod unknowns;

use mfa_core::policy::{Decision, Verdict};
use mfa_core::{Name, Word};
use proptest::test_runner::Config;

/// So many cases, unless `PROPTEST_CASES` says otherwise.
fn config(cases: u32) -> Config {
    let default = Config::default();
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { default.cases } else { cases };
    Config { cases, failure_persistence: None, ..default }
}

/// Verdicts whose names are texts.
fn all_texts(verdicts: Vec<Verdict<&Name>>) -> Vec<Decision<'_>> {
    verdicts.into_iter().map(|verdict| texts(verdict.map(Name::word))).collect()
}

/// A verdict whose names are texts.
fn texts(verdict: Verdict<Word<'_>>) -> Decision<'_> {
    Decision {
        decision: verdict.decision,
        would_decision: verdict.would_decision,
        enrolment: verdict.enrolment,
        session: verdict.session,
        required_mask: verdict.required_mask,
        reason_mask: verdict.reason_mask,
        grace_deadline: verdict.grace_deadline,
        stage: verdict.stage,
        matched_rule_id: verdict.matched_rule_id.map(Word::as_str),
        required_strength: verdict.required_strength,
        max_age_micros: verdict.max_age_micros,
        tier: verdict.tier.map(Word::as_str),
        wave: verdict.wave.map(Word::as_str),
        policy_hash: verdict.policy_hash.as_str(),
        strength: verdict.strength,
    }
}
