//! A small policy and every combination of a small domain: the evaluator says what the naive interpreter says.

use mfa_core::policy::{Compiled, Evaluator};
use mfa_oracles::random::Document;
use mfa_oracles::row::{App, Context, Exception, Factor, Row, Subject};

use crate::texts;

/// Two tiers, two applications, a transaction, a signal, a wave and exceptions.
const POLICY: &str = r#"
schema = "mfa-policy/1"
id = "small"
version = "1"
effective_from = 2026-09-01

[[tier]]
id = "partner"
match = { population = "partner" }
enrol = { allow = ["fido2_key", "fed_mfa"], attestation = "required", forbid_protocols = "imap" }
grace = "P1D"

[[tier]]
id = "standard"
enrol = { allow = ["totp", "fido2_key"], min_factors = 2, min_recovery = 0 }
fallback = [{ methods = "sms_otp", max_days_per_user = 30, not_for_app = ["critical"] }]
grace = "P30D"

[[app]]
id = "critical"
match = { sensitivity = "critical" }
require = { strength = "mfa", every_access = true }

[[app]]
id = "low"
match = { sensitivity = "low" }
require = { allow = ["totp", "fido2_key", "password"], max_age = "P1D" }

[[step_up]]
id = "sensitive-tx"
match = { transaction = "sensitive" }
require = { strength = "phishing_resistant" }

[[context]]
id = "tor"
match = { signal = "tor" }
effect = "block"

[exceptions]
criteria = "device_lost"
approvals = 1
max_duration = "P90D"
never_for = ["partner"]

[rollout]
[[rollout.wave]]
id = "pilot"
match = { department = "it" }
enforce_from = 2026-10-01

[[stage]]
n = 1
from = "enforcement"
effect = "remind"
[[stage]]
n = 2
from = "deadline"
effect = "limit"
allow_apps = ["low"]
"#;

const DAY: i64 = 86_400_000_000;
/// 2026-10-01.
const ENFORCED: i64 = 1_790_812_800_000_000;
/// When the grace of the standard tier is over, for the accounts that were there.
const DEADLINE: i64 = ENFORCED + 30 * DAY;

const KEY: Factor<'static> = Factor {
    method: Some("fido2_key"),
    enrolled_at: Some(0),
    last_used_at: None,
    attested: Some(true),
    number_matching: None,
    user_verified: None,
    status: Some("active"),
};
const TOTP: Factor<'static> = Factor { method: Some("totp"), ..KEY };
const EXCEPTION: Exception<'static> = Exception {
    id: None,
    criterion: Some("device_lost"),
    starts_at: Some(0),
    expires_at: Some(i64::MAX),
    approvers: None,
    attested_at: None,
    scope: None,
};

/// Takes one choice off an index.
fn digit(index: &mut usize, choices: usize) -> usize {
    let digit = *index % choices;
    *index /= choices;
    digit
}

fn pick<T: Clone>(index: &mut usize, choices: &[T]) -> T {
    choices[digit(index, choices.len())].clone()
}

/// How many choices each part of a row has.
const SUBJECTS: usize = 1 + 3 * 3 * 3 * 3;
const FACTORS: usize = 9;
const EXCEPTIONS: usize = 7;
const INSTANTS: usize = 6;
const APPS: usize = 4;
const CONTEXTS: usize = 1 + 4 * 3 * 3 * 7 * 4 * 3 * 3;

fn subject(index: usize) -> Option<Subject<'static>> {
    let mut index = index.checked_sub(1)?;
    Some(Subject {
        id: Some("sam"),
        population: pick(&mut index, &[Some("workforce"), Some("PARTNER"), None]),
        department: pick(&mut index, &[Some("it"), Some("hr"), None]),
        created_at: pick(&mut index, &[Some(0), Some(ENFORCED + 1), None]),
        fallback_started_at: pick(&mut index, &[Some(ENFORCED), Some(DEADLINE), None]),
        ..Subject::default()
    })
}

fn factors(index: usize) -> Option<Vec<Factor<'static>>> {
    [
        None,
        Some(vec![]),
        Some(vec![TOTP, KEY]),
        Some(vec![TOTP]),
        Some(vec![TOTP, Factor { method: Some("sms_otp"), ..KEY }]),
        Some(vec![TOTP, Factor { status: None, ..KEY }]),
        Some(vec![Factor { attested: None, ..KEY }]),
        Some(vec![Factor { attested: Some(false), ..KEY }, Factor { method: None, ..KEY }]),
        Some(vec![Factor { method: Some("fed_mfa"), attested: Some(false), ..KEY }]),
    ][index]
        .clone()
}

fn exceptions(index: usize) -> Option<Vec<Exception<'static>>> {
    let approved = Exception { approvers: Some(vec![Some("manager:kim")]), expires_at: Some(90 * DAY), ..EXCEPTION };
    let begun = Exception { starts_at: Some(ENFORCED), expires_at: Some(ENFORCED + 90 * DAY), ..approved.clone() };
    let session = Exception { scope: Some("Session"), ..begun.clone() };
    [
        None,
        Some(vec![]),
        Some(vec![begun]),
        Some(vec![session.clone()]),
        Some(vec![Exception { criterion: None, ..session.clone() }]),
        Some(vec![Exception { approvers: Some(vec![None, Some("manager:SAM")]), ..session }]),
        Some(vec![approved, EXCEPTION]),
    ][index]
        .clone()
}

fn app(index: usize) -> Option<App<'static>> {
    let app = |sensitivity| Some(App { id: None, sensitivity });
    [None, app(Some("critical")), app(Some("low")), app(None)][index].clone()
}

fn context(index: usize) -> Option<Context<'static>> {
    let mut index = index.checked_sub(1)?;
    Some(Context {
        signals: pick(&mut index, &[Some(vec![]), Some(vec![Some("TOR")]), Some(vec![None]), None]),
        protocol: pick(&mut index, &[Some("oidc"), Some("imap"), None]),
        transaction: pick(&mut index, &[Some("none"), Some("sensitive"), None]),
        used_methods: pick(
            &mut index,
            &[
                None,
                Some(vec![]),
                Some(vec![Some("password")]),
                Some(vec![Some("totp")]),
                Some(vec![Some("fido2_key"), Some("smoke_signal")]),
                Some(vec![Some("fed_mfa")]),
                Some(vec![None, Some("password")]),
            ],
        ),
        mfa_at: pick(&mut index, &[Some(DEADLINE), Some(DEADLINE - DAY), Some(DEADLINE - DAY - 1), None]),
        federated: pick(&mut index, &[Some(false), Some(true), None]),
        federation_attested: pick(&mut index, &[Some(true), Some(false), None]),
    })
}

fn instant(index: usize) -> Option<i64> {
    [Some(DEADLINE), Some(ENFORCED - 1), Some(ENFORCED), Some(DEADLINE - 1), Some(DEADLINE + 1), None][index]
}

/// The evaluator as it is, the evaluator that remembers the rows before, and the naive interpreter.
struct Agreement {
    document: Document,
    evaluator: Evaluator,
}

impl Agreement {
    fn on(text: &str) -> Self {
        let document = Document::new(text.to_owned());
        Self { evaluator: Evaluator::new(Compiled::new(document.policy().clone())), document }
    }

    fn check(&mut self, row: &Row<'_>) {
        let expected = self.document.reference(row);
        assert_eq!(self.document.evaluate(row), expected, "{row:#?}");
        row.with_input(|input| assert_eq!(texts(self.evaluator.evaluate(input)), expected, "{row:#?}"));
    }
}

/// Everything about the enrolment, with the applications and without.
#[test]
fn every_enrolment() {
    let mut agreement = Agreement::on(POLICY);
    for mut index in 0..SUBJECTS * FACTORS * EXCEPTIONS * INSTANTS * APPS {
        let row = Row {
            subject: subject(digit(&mut index, SUBJECTS)),
            factors: factors(digit(&mut index, FACTORS)),
            exceptions: exceptions(digit(&mut index, EXCEPTIONS)),
            as_of: instant(digit(&mut index, INSTANTS)),
            app: app(digit(&mut index, APPS)),
            context: None,
        };
        agreement.check(&row);
    }
}

/// Everything about the session, of somebody of each tier and of no known one.
#[test]
fn every_session() {
    let mut agreement = Agreement::on(POLICY);
    for mut index in 0..3 * CONTEXTS * APPS * 2 {
        let row = Row {
            // The workforce, a partner, and nobody knows.
            subject: subject(1 + digit(&mut index, 3)),
            context: context(digit(&mut index, CONTEXTS)),
            app: app(digit(&mut index, APPS)),
            factors: factors(2),
            exceptions: exceptions(1 + 3 * digit(&mut index, 2)),
            as_of: Some(DEADLINE),
        };
        agreement.check(&row);
    }
}

/// Both together are some 10^9 rows. Of those, a part that is spread evenly: the step is a prime near the golden section
/// of their number.
#[test]
fn enrolment_and_session_together() {
    let mut agreement = Agreement::on(POLICY);
    let all = SUBJECTS * FACTORS * EXCEPTIONS * INSTANTS * APPS * CONTEXTS;
    for index in (0..200_000).map(|row| row * 695_230_661 % all) {
        let mut index = index;
        let row = Row {
            subject: subject(digit(&mut index, SUBJECTS)),
            factors: factors(digit(&mut index, FACTORS)),
            exceptions: exceptions(digit(&mut index, EXCEPTIONS)),
            as_of: instant(digit(&mut index, INSTANTS)),
            app: app(digit(&mut index, APPS)),
            context: context(digit(&mut index, CONTEXTS)),
        };
        agreement.check(&row);
    }
}

/// What rules can ask for.
const REQUIREMENTS: &[&str] = &[
    "allow = 'totp'",
    "allow = ['push', 'fed_mfa']",
    "allow = ['fido2_key', 'totp', 'password']",
    "allow = []",
    "allow = ['bypass_code', 'fed_sf']",
    "allow = ['fido2_key', 'fed_mfa'], strength = 'phishing_resistant'",
    "allow = ['push_number', 'fido2_key', 'fed_sf'], max_age = 'PT0S'",
    "strength = 'none'",
    "strength = 'single', max_age = 'PT1H'",
    "strength = 'mfa', every_access = true",
    "strength = 'pr_hardware', max_age = 'PT1H'",
    "max_age = 'P1D'",
];

/// Every two requirements together, of any sections, certain or not, and all that a session can have done.
#[test]
fn every_two_requirements() {
    let mut text = String::from("schema = 'mfa-policy/1'\nid = 'p'\nversion = '1'\neffective_from = 2026-01-01\n");
    text += "[[tier]]\nid = 'm'\nenrol = { allow = 'totp', min_factors = 0 }\n";
    for (index, require) in REQUIREMENTS.iter().enumerate() {
        // Names in another order than the rules, on both sides of the tier's.
        let (section, name) = (["app", "step_up", "context"][index % 3], ["z", "b", "x", "d"][index % 4]);
        text += &format!(
            "[[{section}]]\nid = '{name}{index}'\nmatch = {{ signal = 's{index}' }}\nrequire = {{ {require} }}\n"
        );
    }
    let mut agreement = Agreement::on(&text);
    let signals: Vec<String> = (0..REQUIREMENTS.len()).map(|index| format!("s{index}")).collect();
    let methods = ["totp", "push", "push_number", "fido2_key", "fed_mfa", "password", "bypass_code"];
    let mut used: Vec<Option<Vec<Option<&str>>>> = vec![None, Some(vec![]), Some(vec![None])];
    for (index, one) in methods.iter().enumerate() {
        used.push(Some(vec![Some(one)]));
        used.push(Some(vec![Some(one), None]));
        used.extend(methods[index + 1..].iter().map(|other| Some(vec![Some(*one), Some(*other)])));
    }
    for (index, one) in signals.iter().enumerate() {
        for other in signals[index..].iter().map(|other| Some(other.as_str())).chain([None]) {
            for used_methods in &used {
                for mfa_at in [Some(DEADLINE), Some(DEADLINE - DAY), None] {
                    for (federated, federation_attested) in
                        [(None, Some(false)), (None, None), (Some(true), Some(true)), (Some(true), Some(false))]
                    {
                        let context = Context {
                            signals: Some(vec![Some(one), other]),
                            used_methods: used_methods.clone(),
                            mfa_at,
                            federated,
                            federation_attested,
                            ..Context::default()
                        };
                        let row = Row {
                            subject: subject(1),
                            factors: Some(vec![]),
                            context: Some(context),
                            exceptions: Some(vec![]),
                            as_of: Some(DEADLINE),
                            app: None,
                        };
                        agreement.check(&row);
                    }
                }
            }
        }
    }
}
