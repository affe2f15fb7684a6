use super::super::value::micros;
use super::super::{App, Context, DEFAULT_POLICY, ExceptionInput, FactorInput, Input, Subject};
use super::*;

const SAM: Subject<'_> = Subject {
    id: Some("sam"),
    population: Some("workforce"),
    roles: Some(&[]),
    privileged: Some(false),
    department: Some("finance"),
    region: Some("emea"),
    created_at: Some(0),
    fallback_started_at: None,
};

const CODE: FactorInput<'_> = FactorInput {
    method: Some("totp"),
    enrolled_at: None,
    last_used_at: None,
    attested: None,
    number_matching: None,
    user_verified: None,
    status: Some("active"),
};

fn input(as_of: &str) -> Input<'static> {
    Input {
        subject: Some(SAM),
        factors: Some(&[CODE]),
        app: Some(App { id: Some("erp"), sensitivity: Some("critical") }),
        context: Some(Context {
            signals: Some(&[Some("tor")]),
            protocol: Some("oidc"),
            transaction: None,
            used_methods: Some(&[Some("password"), Some("totp")]),
            mfa_at: Some(micros("2026-12-15")),
            federated: None,
            federation_attested: None,
        }),
        exceptions: Some(&[]),
        as_of: Some(micros(as_of)),
    }
}

/// Section, rule, whether it applies or why not, and whether it is satisfied.
type Line = (&'static str, String, Result<(), &'static str>, Option<bool>);

fn explain(input: &Input<'_>) -> Vec<Line> {
    let policy = Compiled::parse(DEFAULT_POLICY).unwrap();
    let lines = policy.explain(input);
    lines
        .into_iter()
        .map(|line| {
            let outcome = line.reason.map_or(Ok(()), Err);
            assert_eq!(line.applied, outcome.is_ok());
            (line.section, line.rule.unwrap_or_default(), outcome, line.satisfied)
        })
        .collect()
}

fn of(lines: &[Line], rule: &str) -> (Result<(), &'static str>, Option<bool>) {
    let line = lines.iter().find(|(_, id, ..)| id == rule).unwrap_or_else(|| panic!("no rule {rule}"));
    (line.2, line.3)
}

#[test]
fn every_rule_in_the_order_of_evaluation() {
    let lines = explain(&input("2026-12-15"));
    let names: Vec<_> = lines.iter().map(|(section, rule, ..)| format!("{section} {rule}")).collect();
    assert_eq!(
        names,
        [
            "tier break_glass",
            "tier service",
            "tier admin",
            "tier partner",
            "tier standard",
            "wave pilot",
            "wave emea-finance",
            "wave everyone",
            "app critical",
            "app normal",
            "app low",
            "step_up sensitive-tx",
            "context tor",
            "context risky",
            "context legacy",
            "stage 1",
            "stage 2",
            "stage 3",
        ]
    );
    assert_eq!(of(&lines, "break_glass"), (Err("population"), None));
    assert_eq!(of(&lines, "admin"), (Err("privileged"), None));
    assert_eq!(of(&lines, "standard"), (Ok(()), Some(false)));
    assert_eq!(of(&lines, "pilot"), (Err("department"), None));
    assert_eq!(of(&lines, "emea-finance"), (Ok(()), None));
    assert_eq!(of(&lines, "everyone"), (Err("earlier_rule"), None));
    assert_eq!(of(&lines, "critical"), (Ok(()), Some(true)));
    assert_eq!(of(&lines, "normal"), (Err("application"), Some(true)));
    assert_eq!(of(&lines, "sensitive-tx"), (Err("not_enough_information"), Some(false)));
    assert_eq!(of(&lines, "tor"), (Ok(()), Some(false)));
    assert_eq!(of(&lines, "risky"), (Err("signal"), Some(true)));
    assert_eq!(of(&lines, "legacy"), (Err("protocol"), Some(false)));
    // In grace until the end of the year.
    assert_eq!(of(&lines, "1"), (Ok(()), None));
    assert_eq!(of(&lines, "2"), (Err("not_yet_effective"), None));
}

#[test]
fn what_holds_depends_on_the_day_and_on_who_it_is() {
    let before = explain(&input("2026-11-15"));
    assert_eq!(of(&before, "emea-finance").0, Err("not_yet_effective"));
    assert_eq!(of(&before, "1").0, Err("not_yet_effective"));
    let late = explain(&input("2027-06-01"));
    assert_eq!((of(&late, "2").0, of(&late, "3").0), (Err("later_stage"), Ok(())));
    let glass = Subject { population: Some("break_glass"), ..SAM };
    let glass = explain(&Input { subject: Some(glass), ..input("2027-06-01") });
    assert_eq!((of(&glass, "break_glass").0, of(&glass, "3").0), (Err("excluded"), Err("excluded")));
    let service = Subject { population: Some("service"), ..SAM };
    let service = explain(&Input { subject: Some(service), ..input("2027-06-01") });
    assert_eq!((of(&service, "service"), of(&service, "3").0), ((Ok(()), None), Err("not_applicable")));
    let offline = explain(&Input { app: None, context: None, ..input("2027-06-01") });
    assert_eq!(of(&offline, "tor"), (Err("no_session"), None));
    let who = explain(&Input { subject: Some(Subject { population: None, ..SAM }), ..input("2027-06-01") });
    let not_enough = (Err("not_enough_information"), None);
    assert_eq!((of(&who, "break_glass"), of(&who, "standard")), (not_enough, not_enough));
    assert_eq!(of(&who, "admin"), (Err("privileged"), None), "whatever the population is");
    let when = explain(&Input { as_of: None, ..input("2027-06-01") });
    assert_eq!((of(&when, "emea-finance").0, of(&when, "1").0), (not_enough.0, not_enough.0));
}

#[test]
fn exceptions_say_what_speaks_against_them() {
    let holds = ExceptionInput {
        id: Some("holds"),
        criterion: Some("accessibility"),
        starts_at: Some(micros("2026-12-01")),
        expires_at: Some(micros("2027-01-30")),
        approvers: Some(&[Some("manager:kim"), Some("security:lee")]),
        attested_at: Some(micros("2026-12-01")),
        scope: Some("session"),
    };
    let given = [
        holds,
        ExceptionInput { id: Some("lone"), approvers: Some(&[Some("manager:kim")]), ..holds },
        ExceptionInput { id: Some("odd"), approvers: None, ..holds },
        ExceptionInput { id: Some("soon"), starts_at: Some(micros("2026-12-16")), ..holds },
    ];
    let lines = explain(&Input { exceptions: Some(&given), ..input("2026-12-15") });
    assert_eq!(of(&lines, "holds").0, Ok(()));
    assert_eq!(of(&lines, "lone").0, Err("EXC_UNAPPROVED"));
    assert_eq!(of(&lines, "odd").0, Err("not_enough_information"));
    assert_eq!(of(&lines, "soon").0, Err("not_yet_effective"));
    let glass = Subject { population: Some("break_glass"), ..SAM };
    let lines = explain(&Input { subject: Some(glass), exceptions: Some(&given), ..input("2026-12-15") });
    assert_eq!(of(&lines, "holds").0, Err("excluded"));
    let lines = explain(&Input { exceptions: None, ..input("2026-12-15") });
    assert_eq!(of(&lines, "").0, Err("not_enough_information"));
}

#[test]
fn what_a_rule_asks_is_said() {
    let policy = Compiled::parse(DEFAULT_POLICY).unwrap();
    let lines = policy.explain(&input("2026-12-15"));
    let asks = |rule: &str| {
        let line = lines.iter().find(|line| line.rule.as_deref() == Some(rule));
        line.and_then(|line| line.asks.clone()).unwrap_or_default()
    };
    assert_eq!(
        asks("partner"),
        "1 of totp, push_number, passkey_sync, passkey_dev, platform, fido2_key, smartcard, cert_mfa, fed_mfa; 0 for recovery"
    );
    assert_eq!(asks("emea-finance"), "enforced from 2026-12-01");
    assert_eq!(asks("critical"), "mfa, at every access");
    assert_eq!(asks("normal"), "mfa, at most PT12H ago");
    assert_eq!(asks("legacy"), "block");
    assert_eq!(asks("3"), "block from deadline+P14D");
    assert_eq!(asks("service"), "");
}
