use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::policy::DEFAULT_POLICY;

const HEAD: &str = "schema = 'mfa-policy/1'\nid = 'p'\nversion = '1'\neffective_from = 2026-02-01\n";
const LAST: &str = "[[tier]]\nid = 'rest'\nenrol = { allow = ['totp', 'fido2_key'] }\n";

/// The findings of a document: rule and path.
fn found(text: &str) -> Vec<(&'static str, String)> {
    Policy::lint(text).into_iter().map(|lint| (lint.rule.as_str(), lint.path)).collect()
}

/// Each case: what is added to a small policy, and the findings, as `rule path`. One that is quiet stands beside each that
/// fires.
fn check(cases: &[(&str, &[&str])]) {
    for (text, expected) in cases {
        let text = if text.contains("rest") { format!("{HEAD}{text}") } else { format!("{HEAD}{text}\n{LAST}") };
        let lints = Policy::lint(&text);
        let found: Vec<_> = lints.iter().map(|lint| format!("{} {}", lint.rule.as_str(), lint.path)).collect();
        assert_eq!(found, *expected, "{text}\n{lints:#?}");
        for Lint { message, .. } in lints {
            assert!(!message.ends_with('.') && !message.contains('\n'), "{message}");
        }
    }
}

#[test]
fn a_clean_policy_has_no_findings() {
    assert_eq!(Policy::lint(&format!("{HEAD}{LAST}")), []);
    assert_eq!(Policy::lint(&Policy::parse(&format!("{HEAD}{LAST}")).unwrap().canonical_json()), []);
}

#[test]
fn what_is_not_valid_is_a_finding() {
    let lints = Policy::lint("id = 1");
    assert_eq!(
        lints,
        [Lint {
            severity: Severity::Error,
            rule: LintRule::InvalidDocument,
            path: "id".to_owned(),
            message: "line 1, column 6: invalid type: integer `1`, expected a string".to_owned(),
        }]
    );
    let message = |text: &str| Policy::lint(&format!("{HEAD}{text}")).remove(0).message;
    assert_eq!(
        message("[[tier]]\nid = 'rest'\nenrol = { allow = ['fido2'] }"),
        "line 7, column 20: unknown method `fido2`, did you mean `fido2_key`?"
    );
    assert!(message("[sets]\nstrong = []\n[[tier]]\nid = 'x'\nenrol = { allow = '@stong' }").ends_with("`strong`?"));
    for text in ["", "{", "[", "\u{feff}", "{\"tier\": 1}"] {
        assert_eq!(found(text).len(), 1, "{text}");
    }
}

#[test]
fn sets() {
    check(&[
        ("sets.a = []\nsets.b = ['totp']", &["empty_set sets.a", "unused_set sets.a", "unused_set sets.b"]),
        // Used by a set that is used; and by one that is not.
        (
            "[sets]\na = ['@b']\nb = ['totp']\nc = ['@d']\nd = ['u2f']\n[[tier]]\nid = 'rest'\nenrol = { allow = '@a' }",
            &["unused_set sets.c", "unused_set sets.d"],
        ),
        ("[sets]\na = 'totp'\n[[app]]\nid = 'x'\nrequire = { allow = '@a' }", &[]),
        (
            "[[tier]]\nid = 'rest'\nenrol = { allow = 'totp' }\nphase_out = [{ methods = [], after = 2026-01-01 }]\n\
             fallback = [{ methods = [], until = 2027-01-01 }]",
            &["empty_set tier[0].phase_out[0].methods", "empty_set tier[0].fallback[0].methods"],
        ),
    ]);
}

fn tier(when: &str) -> String {
    format!("[[tier]]\nid = '{}'\nmatch = {{ {when} }}\nenrol = {{ allow = 'totp' }}\n", when.len())
}

#[test]
fn tiers_that_never_hold() {
    let two = |one: &str, other: &str| tier(one) + &tier(other);
    check(&[
        (&two("role = ['a', 'b']", "role = ['A']"), &["unreachable_rule tier[1].match"]),
        (&two("role = ['a']", "role = ['a', 'b']"), &[]),
        (&two("role = ['a']", "role = ['a'] "), &["duplicate_rule tier[1].match"]),
        (&two("role = ['a']", "role = 'a', region = 'x'"), &["unreachable_rule tier[1].match"]),
        (&two("role = ['a'], region = 'x'", "role = 'a'"), &[]),
        (&two("", "role = 'a'"), &["unreachable_rule tier[1].match", "duplicate_rule tier[2]"]),
        (
            &two("any = [{ role = 'a' }, { privileged = true }]", "privileged = true"),
            &["unreachable_rule tier[1].match"],
        ),
        (&two("privileged = true", "any = [{ role = 'a' }, { privileged = true }]"), &[]),
        (
            &(tier("role = 'a'") + &tier("role = 'b' ") + &tier("role = ['b', 'a']")),
            &["unreachable_rule tier[2].match"],
        ),
        // What matches nothing is a finding of its own.
        (&two("role = 'a'", "role = []"), &["empty_list tier[1].match.role"]),
        (&tier("any = []"), &["empty_list tier[0].match.any"]),
        (&tier("not = { any = [{ role = [] }, { role = 'a' }] }"), &["empty_list tier[0].match.not.any[0].role"]),
    ]);
}

#[test]
fn words() {
    check(&[
        (&tier("population = 'workforse'"), &["unknown_population tier[0].match.population"]),
        (&tier("all = [{ population = ['Guest', 'x'] }]"), &["unknown_population tier[0].match.all[0].population"]),
        (&tier("population = ['workforce', 'contractor', 'break_glass', 'shared']"), &[]),
        (
            "[[tier]]\nid = 'rest'\nenrol = { not_applicable = true, forbid_protocols = ['imap', 'imap4'] }",
            &["unknown_protocol tier[0].enrol.forbid_protocols"],
        ),
        (
            "[[context]]\nid = 'x'\nmatch = { protocol = ['smtp', 'pop'] }\neffect = 'block'",
            &["unknown_protocol context[0].match.protocol"],
        ),
        (
            "[[context]]\nid = 'x'\nmatch = { signal = ['new_devise', 'our_own', 'Tor'] }\neffect = 'block'",
            &["unknown_signal context[0].match.signal"; 2],
        ),
        ("[[context]]\nid = 'x'\nmatch = { signal = ['unlikelyTravel'], protocol = 'SAML' }\neffect = 'block'", &[]),
    ]);
    let text = "[[context]]\nid = 'x'\nmatch = { signal = ['new_devise', 'our_own'] }\neffect = 'block'\n";
    let lints = Policy::lint(&format!("{HEAD}{text}{LAST}"));
    assert_eq!(lints[0].severity, Severity::Warning);
    assert_eq!(lints[0].message, "signal `new_devise` is not a known one, did you mean `new_device`?");
    assert_eq!(lints[1].severity, Severity::Info);
    assert_eq!(lints[1].message, "signal `our_own` is not a known one");
}

#[test]
fn protocols_are_those_of_the_readers() {
    let readers = ["entra_signins", "okta_system_log", "duo_auth_log"]
        .map(|name| std::fs::read_to_string(format!("{}/src/readers/{name}.rs", env!("CARGO_MANIFEST_DIR"))).unwrap());
    for protocol in PROTOCOLS {
        assert!(readers.iter().any(|reader| reader.contains(&format!("\"{protocol}\""))), "{protocol}");
    }
    let contract = |name: &str| crate::catalog::CONTRACT.iter().find(|file| file.name == name).unwrap();
    let column = |file: &str, column: &str| {
        let columns = &contract(file).columns;
        columns.iter().find(|documented| documented.name == column).unwrap().doc
    };
    let documented = column("mfa_signins", "protocol");
    for word in documented.split(", ").filter(|word| *word != "\u{2026}") {
        assert!(PROTOCOLS.contains(&word), "{word}");
    }
    assert_eq!(
        column("mfa_identities", "population").replace(" or ", ", ").split(", ").collect::<Vec<_>>(),
        POPULATIONS
    );
}

fn enrol(fields: &str, more: &str) -> String {
    format!("[[tier]]\nid = 'rest'\nenrol = {{ {fields} }}\n{more}")
}

#[test]
fn tiers_nobody_can_fulfil() {
    let out = "phase_out = [{ methods = ['totp'], after = 2026-06-01 }]";
    check(&[
        (&enrol("allow = []", ""), &["unsatisfiable_tier tier[0].enrol.allow"]),
        (&enrol("allow = [], min_factors = 0", ""), &[]),
        (&enrol("not_applicable = true", ""), &[]),
        (&enrol("allow = 'totp'", out), &["unsatisfiable_tier tier[0].enrol.allow"]),
        (&enrol("allow = ['totp', 'u2f']", out), &[]),
        (
            &enrol("allow = 'backup_code'", ""),
            &["never_counts tier[0].enrol.allow", "unsatisfiable_tier tier[0].enrol.allow"],
        ),
        (
            &enrol("allow = ['totp', 'push'], attestation = 'required'", ""),
            &["never_counts tier[0].enrol.allow", "unsatisfiable_tier tier[0].enrol.allow"],
        ),
        (&enrol("allow = ['totp', 'push'], attestation = 'where_supported'", ""), &[]),
        (&enrol("allow = ['smartcard', 'fed_mfa'], attestation = 'required'", ""), &[]),
        (&enrol("allow = ['totp', 'push'], attestation = 'required', at = 'federation_boundary'", ""), &[]),
        (&enrol("allow = ['push'], number_matching = 'required'", ""), &[]),
        (
            &enrol(
                "allow = 'totp'",
                "phase_out = [{ methods = ['totp'], after = 2026-06-01 }]\nfallback = [{ methods = ['voice'], max_days_per_user = 9 }]",
            ),
            &[],
        ),
    ]);
}

#[test]
fn fallbacks() {
    let fallback = |fields: &str, more: &str| enrol("allow = 'totp'", &format!("fallback = [{{ {fields} }}]\n{more}"));
    let until = |date: &str| format!("methods = 'sms_otp', until = {date}");
    let out = |date: &str| format!("phase_out = [{{ methods = ['sms_otp', 'voice'], after = {date} }}]\n");
    check(&[
        (&fallback("methods = 'sms_otp'", ""), &["endless_fallback tier[0].fallback[0]"]),
        (&fallback("methods = 'sms_otp', max_days_per_user = 30", ""), &[]),
        (
            &fallback("methods = 'sms_otp', max_days_per_user = 0", ""),
            &["no_effect tier[0].fallback[0].max_days_per_user"],
        ),
        (&fallback("methods = 'totp'", ""), &["no_effect tier[0].fallback[0].methods"]),
        (&fallback("methods = ['totp', 'voice'], until = 2027-01-01", ""), &[]),
        (&fallback(&until("2026-02-01"), ""), &["dates_out_of_order tier[0].fallback[0].until"]),
        (&fallback(&until("2026-02-02"), ""), &[]),
        (&fallback(&until("2026-05-01"), &out("2026-04-01")), &["dates_out_of_order tier[0].fallback[0].until"]),
        (&fallback(&until("2026-05-01"), &out("2026-06-01")), &["dates_out_of_order tier[0].fallback[0].until"]),
        (&fallback(&until("2026-05-01"), &out("2026-05-01")), &[]),
        (&fallback(&until("2026-05-01"), "phase_out = [{ methods = 'voice', after = 2026-04-01 }]"), &[]),
        // Grace from the first of February.
        (&fallback(&until("2026-03-02"), "grace = 'P30D'"), &["fallback_within_grace tier[0].fallback[0].until"]),
        (&fallback(&until("2026-03-03"), "grace = 'P30D'"), &[]),
    ]);
    let wave = "[[rollout.wave]]\nid = 'w'\nenforce_from = 2026-06-01\n";
    let text = |date: &str| format!("{wave}{}", fallback(&until(date), "grace = 'P30D'"));
    check(&[(&text("2026-06-15"), &["fallback_within_grace tier[0].fallback[0].until"]), (&text("2026-07-01"), &[])]);
    // A wave that has nobody of the tier says nothing of it.
    let text = |region: &str| {
        format!(
            "[[tier]]\nid = 'a'\nmatch = {{ region = 'x' }}\nenrol = {{ allow = 'totp' }}\ngrace = 'P30D'\n\
             fallback = [{{ methods = 'voice', until = 2026-06-15 }}]\n[[rollout.wave]]\nid = 'w'\n\
             match = {{ region = '{region}' }}\nenforce_from = 2026-06-01\n[[rollout.wave]]\nid = 'v'\nenforce_from = 2026-03-01\n"
        )
    };
    check(&[(&text("x"), &["fallback_within_grace tier[0].fallback[0].until"]), (&text("y"), &[])]);
}

fn rule(kind: &str, id: &str, fields: &str) -> String {
    format!("[[{kind}]]\nid = '{id}'\n{fields}\n")
}

#[test]
fn session_rules_that_ask_for_nothing_more() {
    let all = rule("app", "all", "require = { strength = 'mfa', max_age = 'PT1H' }");
    let with = |kind: &str, fields: &str| format!("{all}{}", rule(kind, "x", fields));
    let match_a = "match = { sensitivity = 'a' }\n";
    check(&[
        (&with("app", &format!("{match_a}require = {{ strength = 'mfa' }}")), &["redundant_rule app[1]"]),
        (&with("app", &format!("{match_a}require = {{ max_age = 'P1D' }}")), &["redundant_rule app[1]"]),
        (&with("app", &format!("{match_a}require = {{ every_access = true }}")), &[]),
        (&with("app", &format!("{match_a}require = {{ strength = 'phishing_resistant' }}")), &[]),
        (&with("context", "match = { signal = 'tor' }\nrequire = { allow = 'totp' }"), &[]),
        (
            &with("context", "match = { signal = 'tor' }\nrequire = { strength = 'single' }"),
            &["redundant_rule context[0]"],
        ),
        (&with("context", "match = { signal = 'tor' }\neffect = 'block'"), &[]),
        (&with("step_up", "require = { strength = 'mfa', max_age = 'PT60M' }"), &["duplicate_rule step_up[0]"]),
        (&with("step_up", match_a), &["no_effect step_up[0]"]),
        (&with("step_up", &format!("{match_a}require = {{ strength = 'none' }}")), &["no_effect step_up[0]"]),
        // The stricter one is not the redundant one, wherever it stands.
        (
            &format!("{}{}", rule("app", "x", &format!("{match_a}require = {{ strength = 'mfa' }}")), all),
            &["redundant_rule app[0]"],
        ),
    ]);
}

#[test]
fn classes_of_applications() {
    let low = "[[stage]]\nn = 1\nfrom = 'deadline'\neffect = 'limit'\nallow_apps = ['low']\n";
    let all = rule("app", "all", "require = { strength = 'mfa' }");
    let class = rule("app", "low", "match = { sensitivity = 'low' }");
    check(&[
        (&format!("{all}{class}{low}"), &["unreachable_app stage[0].allow_apps"]),
        (&format!("{class}{all}{low}"), &[]),
        (
            &format!("{}{low}", rule("app", "low", "match = { app = [] }")),
            &["empty_list app[0].match.app", "unreachable_app stage[0].allow_apps"],
        ),
        (
            &format!(
                "{all}{class}{}",
                enrol(
                    "allow = 'totp'",
                    "fallback = [{ methods = 'voice', until = 2027-01-01, not_for_app = ['low'] }]"
                )
            ),
            &["unreachable_app tier[0].fallback[0].not_for_app"],
        ),
        // Not referred to, it is judged by what it asks for.
        (&format!("{all}{class}"), &["no_effect app[1]"]),
        // One that stands before a class keeps applications out of it.
        (&format!("{}{class}{low}", rule("app", "x", "match = { app = 'a' }")), &[]),
        (
            &low.replace("limit", "block").replace("[[stage]]", &format!("{class}[[stage]]")),
            &["no_effect stage[0].allow_apps"],
        ),
    ]);
}

#[test]
fn session_rules_nobody_passes() {
    let context =
        |require: &str| rule("context", "x", &format!("match = {{ signal = 'tor' }}\nrequire = {{ {require} }}"));
    let of_totp = enrol("allow = ['totp']", "");
    check(&[
        (&context("allow = []"), &["unsatisfiable_rule context[0].require"]),
        (&context("allow = 'totp', strength = 'phishing_resistant'"), &["unsatisfiable_rule context[0].require"]),
        (&context("allow = 'fido2_key', strength = 'phishing_resistant'"), &[]),
        (
            &format!("{}{of_totp}", context("strength = 'phishing_resistant'")),
            &["unreachable_strength context[0].require.strength"],
        ),
        (&format!("{}{of_totp}", context("strength = 'mfa'")), &[]),
        (&format!("{}{of_totp}", context("allow = ['u2f']")), &["unreachable_strength context[0].require.allow"]),
        (&format!("{}{}", context("strength = 'phishing_resistant'"), enrol("allow = ['fed_mfa']", "")), &[]),
        (
            &format!(
                "{}{}",
                context("strength = 'phishing_resistant'"),
                enrol("allow = 'totp'", "fallback = [{ methods = 'u2f', until = 2027-01-01 }]")
            ),
            &[],
        ),
        (&format!("{}{}", context("strength = 'phishing_resistant'"), enrol("not_applicable = true", "")), &[]),
        (
            &format!(
                "{}{}",
                context("strength = 'phishing_resistant'"),
                enrol("allow = 'totp'", "exclude_from_enforcement = true")
            ),
            &[],
        ),
        // A rule for administrators says nothing of the others.
        (
            &format!(
                "[[tier]]\nid = 'a'\nmatch = {{ privileged = true }}\nenrol = {{ allow = 'u2f' }}\n{of_totp}\n{}",
                rule("step_up", "x", "match = { privileged = true }\nrequire = { strength = 'phishing_resistant' }")
            ),
            &[],
        ),
        (
            &format!(
                "[[tier]]\nid = 'a'\nmatch = {{ privileged = true }}\nenrol = {{ allow = 'voice' }}\n{}\n{}",
                enrol("allow = 'u2f'", ""),
                rule("step_up", "x", "match = { privileged = false }\nrequire = { strength = 'phishing_resistant' }")
            ),
            &[],
        ),
    ]);
}

#[test]
fn exceptions() {
    let section = |fields: &str| format!("[exceptions]\n{fields}\n");
    let sound = "criteria = 'x'\napprovals = 1\napprover_roles = 'm'\nmax_duration = 'P90D'\nattest_every = 'P90D'";
    check(&[
        (&section(sound), &[]),
        (&section(&sound.replace("'x'", "[]")), &["empty_list exceptions.criteria"]),
        (&section(&sound.replace("approvals = 1", "approvals = 0")), &["no_approval exceptions.approvals"]),
        (&section(&sound.replace("'m'", "[]")), &["any_approver exceptions.approvals"]),
        (&section(&sound.replace("attest_every = 'P90D'", "")), &["no_attestation exceptions"]),
        (
            &section(&sound.replace("every = 'P90D'", "every = 'P91D'")),
            &["attestation_never_due exceptions.attest_every"],
        ),
    ]);
}

#[test]
fn rollouts() {
    let wave = |id: &str, fields: &str| format!("[[rollout.wave]]\nid = '{id}'\nenforce_from = 2026-03-01\n{fields}\n");
    let (x, all) = (wave("x", "match = { region = 'x' }"), wave("all", ""));
    let gate = |fields: &str| format!("[rollout]\ndefault_mode = 'enforce'\npromote_when = {{ {fields} }}");
    check(&[
        (&x, &["uncovered_subjects rollout"]),
        ("[rollout]", &["uncovered_subjects rollout"]),
        (&format!("{x}{all}"), &[]),
        (&format!("[rollout]\ndefault_mode = 'enforce'\n{x}"), &[]),
        (&format!("{all}{x}"), &["unreachable_rule rollout.wave[1].match"]),
        (&format!("{all}{}", wave("again", "")), &["duplicate_rule rollout.wave[1]"]),
        (&wave("all", "report_only_from = 2026-03-02"), &["dates_out_of_order rollout.wave[0].report_only_from"]),
        (&wave("all", "report_only_from = 2026-03-01"), &[]),
        // Enforced before this version of the policy: by the one before it.
        (&wave("all", "").replace("2026", "2025"), &[]),
        (
            &wave("all", "match = { population = 'x' }")
                .replace("[[rollout.wave]]", "[rollout]\ndefault_mode = 'enforce'\n[[rollout.wave]]"),
            &["unknown_population rollout.wave[0].match.population"],
        ),
        (&gate("success_rate = 0.95, min_signins = 500, window = 'P14D'"), &[]),
        (
            &gate("success_rate = 1, min_signins = 500, window = 'P14D'"),
            &["promotion_unreachable rollout.promote_when.success_rate"],
        ),
        (
            &gate("success_rate = 0.9, min_signins = 500, window = 'P0D'"),
            &["promotion_unreachable rollout.promote_when.window"],
        ),
        (
            &gate("success_rate = 0.0, min_signins = 0, window = 'P1D'"),
            &[
                "promotion_unfounded rollout.promote_when.success_rate",
                "promotion_unfounded rollout.promote_when.min_signins",
            ],
        ),
    ]);
}

#[test]
fn stages() {
    let stage = |n: u8, from: &str, effect: &str| format!("[[stage]]\nn = {n}\nfrom = '{from}'\neffect = '{effect}'\n");
    let two = |one: &str, other: &str| stage(1, one, "remind") + &stage(2, other, "block");
    let grace = |text: String| format!("{text}{}", enrol("allow = 'totp'", "grace = 'P7D'"));
    check(&[
        (&grace(two("enforcement", "deadline")), &[]),
        (&grace(two("deadline", "enforcement")), &["stages_out_of_order stage[1].from"]),
        (&grace(two("deadline", "deadline-P1D")), &["stages_out_of_order stage[1].from"]),
        (&grace(two("deadline", "deadline")), &["stages_out_of_order stage[1].from"]),
        (&grace(two("enforcement+P8D", "deadline")), &["stages_out_of_order stage[1].from"]),
        (&grace(two("enforcement+P6D", "deadline")), &[]),
        // By number, not by place.
        (&grace(stage(2, "deadline", "block") + &stage(1, "enforcement", "remind")), &[]),
        // No grace: both at once, which is what a tier without grace means.
        (&two("enforcement", "deadline"), &[]),
        (
            &grace(stage(1, "deadline", "block") + &stage(2, "deadline+P1D", "remind")),
            &["milder_stage stage[1].effect"],
        ),
        (&format!("{}{}", two("enforcement+P8D", "deadline"), enrol("not_applicable = true", "grace = 'P7D'")), &[]),
    ]);
}

#[test]
fn findings_are_in_the_order_of_the_document() {
    let text = format!(
        "{HEAD}[exceptions]\ncriteria = 'x'\napprovals = 0\nmax_duration = 'P1D'\n[sets]\nx = []\n{LAST}[rollout]\n"
    );
    let expected = ["no_attestation", "no_approval", "empty_set", "unused_set", "uncovered_subjects"];
    assert_eq!(found(&text).into_iter().map(|(rule, _)| rule).collect::<Vec<_>>(), expected);
    let json = Policy::patch(&text, "").unwrap();
    let rules: Vec<_> = found(&json).into_iter().map(|(rule, _)| rule).collect();
    assert_eq!(rules, ["no_attestation", "no_approval", "uncovered_subjects", "empty_set", "unused_set"]);
}

#[test]
fn the_shipped_policies() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../sample_data/policies");
    for file in ["v1.toml", "v2.toml"] {
        assert_eq!(found(&std::fs::read_to_string(format!("{folder}/{file}")).unwrap()), [], "{file}");
    }
    assert!(Policy::lint(DEFAULT_POLICY).iter().all(|lint| lint.severity != Severity::Error));
}

#[test]
fn any_document_can_be_linted() {
    let json = Policy::patch(DEFAULT_POLICY, "").unwrap();
    for text in [DEFAULT_POLICY, &json] {
        let lines: Vec<_> = text.lines().collect();
        for skipped in 0..lines.len() {
            let without = [&lines[..skipped], &lines[skipped + 1..]].concat().join("\n");
            for lint in Policy::lint(&without) {
                assert_eq!(lint.rule == LintRule::InvalidDocument, Policy::parse(&without).is_err(), "{without}");
            }
        }
    }
}

#[test]
fn the_published_list_is_this_one() {
    let published = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/policy-lint.md")).unwrap();
    assert_eq!(published, LintRule::documentation(), "docs/policy-lint.md is stale: run make docs");
}

#[test]
fn rules_have_names_of_their_own() {
    let names: BTreeSet<_> = LintRule::ALL.iter().map(|rule| rule.as_str()).collect();
    assert_eq!(names.len(), LintRule::ALL.len());
    let tests = include_str!("tests.rs");
    for rule in LintRule::ALL {
        let name = rule.as_str();
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{name}");
        assert!(*rule == LintRule::InvalidDocument || tests.contains(&format!("\"{name} ")), "{name} is not tested");
    }
}

/// A condition on a few attributes of few values, so that rules overlap.
fn any_condition() -> impl Strategy<Value = String> {
    let words = prop::sample::subsequence(vec!["'a'", "'b'", "'c'"], 0..=3);
    let test = prop_oneof![
        (prop::sample::select(vec!["role", "region", "population"]), words)
            .prop_map(|(field, words)| format!("{field} = [{}]", words.join(", "))),
        any::<bool>().prop_map(|is| format!("privileged = {is}")),
        Just("all = []".to_owned()),
    ];
    test.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(|list| format!(
                "any = [{}]",
                list.iter().map(|c| format!("{{ {c} }}")).collect::<Vec<_>>().join(", ")
            )),
            (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("all = [{{ {one} }}, {{ {other} }}]")),
            inner.prop_map(|one| format!("not = {{ {one} }}")),
        ]
    })
}

fn any_word() -> impl Strategy<Value = Option<&'static str>> {
    prop::sample::select(vec![None, Some("a"), Some("b"), Some("c"), Some("d")])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// What is said never to hold never holds, whatever is known of the subject.
    #[test]
    fn unreachable_tiers_are_not_reached(
        conditions in prop::collection::vec(any_condition(), 2..5),
        subjects in prop::collection::vec(
            (any_word(), any_word(), prop::option::of(prop::sample::subsequence(vec![Some("a"), Some("b"), Some("c"), None], 0..=3)), any::<Option<bool>>()),
            24,
        ),
    ) {
        let mut text = HEAD.to_owned();
        for (index, when) in conditions.iter().enumerate() {
            text += &format!("[[tier]]\nid = 't{index}'\nmatch = {{ {when} }}\nenrol = {{ allow = 'totp' }}\n");
        }
        text += LAST;
        let policy = crate::policy::Compiled::parse(&text).unwrap();
        let never: Vec<_> = Policy::lint(&text)
            .into_iter()
            .filter(|lint| matches!(lint.rule, LintRule::UnreachableRule | LintRule::DuplicateRule))
            .map(|lint| lint.path)
            .collect();
        for (population, region, roles, privileged) in &subjects {
            let subject = crate::policy::Subject {
                population: *population,
                region: *region,
                roles: roles.as_deref(),
                privileged: *privileged,
                ..Default::default()
            };
            let input = crate::policy::Input { subject: Some(subject), as_of: Some(0), ..Default::default() };
            let tier = policy.evaluate(&input).tier;
            for index in 0..=conditions.len() {
                let id = format!("t{index}");
                let id = if index == conditions.len() { "rest" } else { &id };
                if never.iter().any(|path| path.starts_with(&format!("tier[{index}]"))) {
                    prop_assert_ne!(tier, Some(id), "{}", text);
                }
            }
        }
    }
}
