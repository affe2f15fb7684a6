//! The last microsecond before, and the first one of, everything that a document dates; and lists that are missing.

use mfa_core::policy::{DEFAULT_POLICY, Enrolment, Outcome, Session};
use mfa_oracles::random::{Boundaries, Document};
use mfa_oracles::row::{App, Context, Exception, Factor, Row, Subject};

const DAY: i64 = 86_400_000_000;
const HOUR: i64 = DAY / 24;

/// An instant of the Gregorian calendar, in UTC.
fn utc(year: i64, month: i64, day: i64, hour: i64, minute: i64) -> i64 {
    // March is the first month, so that the leap day is the last of its year.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 719_469;
    days * DAY + hour * HOUR + minute * (HOUR / 60)
}

#[test]
fn the_calendar_is_right() {
    assert_eq!(utc(1970, 1, 1, 0, 0), 0);
    assert_eq!(utc(2026, 10, 1, 0, 0), 1_790_812_800_000_000);
    assert_eq!(utc(2028, 3, 1, 0, 0) - utc(2028, 2, 29, 0, 0), DAY);
}

fn factor(method: &'static str) -> Factor<'static> {
    Factor { method: Some(method), attested: Some(true), status: Some("active"), ..Factor::default() }
}

fn somebody() -> Subject<'static> {
    Subject {
        id: Some("sam"),
        population: Some("workforce"),
        roles: Some(vec![]),
        privileged: Some(false),
        department: Some("it"),
        region: Some("emea"),
        created_at: Some(0),
        fallback_started_at: Some(0),
    }
}

fn row() -> Row<'static> {
    Row {
        subject: Some(somebody()),
        factors: Some(vec![]),
        app: None,
        context: None,
        exceptions: Some(vec![]),
        as_of: Some(utc(2027, 6, 1, 0, 0)),
    }
}

/// A policy whose every date is written as clocks in a zone show it.
fn dated(zone: &str, enforce_from: &str, until: &str, after: &str) -> Document {
    Document::new(format!(
        r#"
        schema = "mfa-policy/1"
        id = "dated"
        version = "1"
        effective_from = 2020-01-01
        timezone = "{zone}"
        [[tier]]
        id = "all"
        enrol = {{ allow = ["totp", "fido2_key"] }}
        grace = "P1D"
        phase_out = [{{ methods = "totp", after = {after} }}]
        fallback = [{{ methods = "sms_otp", until = {until} }}]
        [rollout]
        [[rollout.wave]]
        id = "everyone"
        enforce_from = {enforce_from}
        "#
    ))
}

/// That the answers of a document change at these instants: enforcement, deadline, the end of a fallback, a phase-out.
fn changes_at(document: &Document, enforced: i64, until: i64, after: i64) {
    let at = |as_of: i64, factors: &[Factor<'static>]| {
        let row = Row { as_of: Some(as_of), factors: Some(factors.to_vec()), ..row() };
        let decision = document.evaluate(&row);
        assert_eq!(decision, document.reference(&row));
        decision
    };
    let none = |as_of: i64| (at(as_of, &[]).decision, at(as_of, &[]).enrolment);
    assert_eq!(none(enforced - 1), (Outcome::ReportOnly, Enrolment::InGrace));
    assert_eq!(none(enforced), (Outcome::AllowRemind, Enrolment::InGrace));
    // A day of grace has 24 hours, whatever clocks do meanwhile.
    assert_eq!(none(enforced + DAY - 1), (Outcome::AllowRemind, Enrolment::InGrace));
    assert_eq!(none(enforced + DAY), (Outcome::Block, Enrolment::Overdue));
    assert_eq!(at(enforced, &[]).grace_deadline, Some(enforced + DAY));
    let sms = |as_of| at(as_of, &[factor("sms_otp")]).enrolment == Enrolment::Compliant;
    assert_eq!((sms(until - 1), sms(until)), (true, false));
    let totp = |as_of| at(as_of, &[factor("totp")]).enrolment == Enrolment::Compliant;
    assert_eq!((totp(after), totp(after + 1)), (true, false));
}

#[test]
fn dates_in_utc() {
    let document = dated("UTC", "2026-10-01", "2027-01-02", "2026-12-31T23:59:59.999999");
    changes_at(&document, utc(2026, 10, 1, 0, 0), utc(2027, 1, 2, 0, 0), utc(2027, 1, 1, 0, 0) - 1);
}

#[test]
fn the_leap_day() {
    let document = dated("UTC", "2028-02-29", "2028-02-29T23:00:00", "2028-03-01");
    changes_at(&document, utc(2028, 2, 29, 0, 0), utc(2028, 2, 29, 23, 0), utc(2028, 3, 1, 0, 0));
    let document = dated("UTC", "2028-02-28", "2028-02-29", "2028-02-29T12:00:00");
    changes_at(&document, utc(2028, 2, 28, 0, 0), utc(2028, 2, 29, 0, 0), utc(2028, 2, 29, 12, 0));
}

#[test]
fn clocks_that_go_forward_and_back() {
    // Berlin: 02:00 to 03:00 on 2026-03-29, 03:00 to 02:00 on 2026-10-25.
    let document = dated("Europe/Berlin", "2026-03-29", "2026-03-29T02:30:00", "2026-03-29T03:30:00");
    changes_at(&document, utc(2026, 3, 28, 23, 0), utc(2026, 3, 29, 1, 30), utc(2026, 3, 29, 1, 30));
    // The hour that comes twice is meant the first time.
    let document = dated("Europe/Berlin", "2026-10-25", "2026-10-25T02:30:00", "2026-10-25T03:00:00");
    changes_at(&document, utc(2026, 10, 24, 22, 0), utc(2026, 10, 25, 0, 30), utc(2026, 10, 25, 2, 0));
    // New York: 01:00 comes twice on 2026-11-01. Cairo: midnight is skipped on 2026-04-24.
    let document = dated("America/New_York", "2026-11-01", "2026-11-01T01:00:00", "2026-11-01T02:00:00");
    changes_at(&document, utc(2026, 11, 1, 4, 0), utc(2026, 11, 1, 5, 0), utc(2026, 11, 1, 7, 0));
    let document = dated("Africa/Cairo", "2026-04-24", "2026-04-24T00:30:00", "2026-04-24T01:00:00");
    changes_at(&document, utc(2026, 4, 23, 22, 0), utc(2026, 4, 23, 22, 30), utc(2026, 4, 23, 22, 0));
    // An offset that is written holds, wherever the document is at home.
    let document = dated("Asia/Kolkata", "2026-10-01", "2026-10-01T00:00:00Z", "2026-10-01T00:00:00-08:00");
    changes_at(&document, utc(2026, 9, 30, 18, 30), utc(2026, 10, 1, 0, 0), utc(2026, 10, 1, 8, 0));
}

/// Every instant that the shipped policy dates, and a microsecond to each side.
#[test]
fn around_every_date_of_the_shipped_policy() {
    let document = Document::new(DEFAULT_POLICY.to_owned());
    let boundaries = Boundaries::of(document.policy());
    let people =
        [("break_glass", false), ("service", false), ("workforce", true), ("guest", false), ("workforce", false)];
    let registered = ["totp", "sms_otp", "passkey_sync", "voice", "backup_code"].map(factor);
    let mut outcomes = std::collections::BTreeSet::new();
    for instant in &boundaries.instants {
        for as_of in [instant - 1, *instant, instant + 1] {
            for (population, privileged) in people {
                for department in ["it", "finance", "sales"] {
                    for created_at in [0, as_of - 30 * DAY, as_of - 30 * DAY + 1] {
                        for factors in [&registered[..0], &registered[..1], &registered[1..], &registered[..]] {
                            let subject = Subject {
                                population: Some(population),
                                privileged: Some(privileged),
                                department: Some(department),
                                created_at: Some(created_at),
                                fallback_started_at: Some(created_at),
                                ..somebody()
                            };
                            let factors = Some(factors.to_vec());
                            let row = Row { subject: Some(subject), factors, as_of: Some(as_of), ..row() };
                            let decision = document.evaluate(&row);
                            assert_eq!(decision, document.reference(&row), "{row:#?}");
                            outcomes.insert(decision.decision);
                        }
                    }
                }
            }
        }
    }
    assert!(outcomes.len() >= 5, "{outcomes:?}");
}

/// A list that is missing may hold anything; an empty one holds nothing.
#[test]
fn a_missing_list_is_not_an_empty_one() {
    let document = Document::new(DEFAULT_POLICY.to_owned());
    let decide = |row: &Row<'_>| {
        let decision = document.evaluate(row);
        assert_eq!(decision, document.reference(row));
        (decision.decision, decision.enrolment, decision.session)
    };
    let (block, unknown) = (Outcome::Block, Outcome::Indeterminate);
    let registered = ["totp", "push_number", "backup_code"].map(factor);
    let enough = || Row { factors: Some(registered.to_vec()), ..row() };

    assert_eq!(decide(&row()), (block, Enrolment::Overdue, None));
    assert_eq!(decide(&Row { factors: None, ..row() }), (unknown, Enrolment::Unknown, None));
    assert_eq!(decide(&Row { exceptions: None, ..row() }), (unknown, Enrolment::Unknown, None));
    assert_eq!(decide(&Row { exceptions: None, ..enough() }).0, Outcome::Allow);
    let roles = |roles| Row { subject: Some(Subject { roles, ..somebody() }), ..enough() };
    assert_eq!(decide(&roles(Some(vec![]))).0, Outcome::Allow);
    assert_eq!(decide(&roles(None)).0, unknown);
    assert_eq!(decide(&roles(Some(vec![None]))).0, unknown);

    let session = |signals, used_methods| {
        let context = Context {
            signals,
            protocol: Some("oidc"),
            transaction: Some("none"),
            used_methods,
            mfa_at: row().as_of.map(|as_of| as_of - HOUR),
            ..Context::default()
        };
        let app = App { id: Some("wiki"), sensitivity: Some("normal") };
        decide(&Row { app: Some(app), context: Some(context), ..enough() })
    };
    let satisfied = (Outcome::Allow, Enrolment::Compliant, Some(Session::Satisfied));
    let step_up = (Outcome::StepUp, Enrolment::Compliant, Some(Session::StepUp));
    let open = (unknown, Enrolment::Compliant, Some(Session::Unknown));
    assert_eq!(session(Some(vec![]), Some(vec![Some("totp")])), satisfied);
    assert_eq!(session(None, Some(vec![Some("totp")])), open);
    assert_eq!(session(Some(vec![None]), Some(vec![Some("totp")])), open);
    assert_eq!(session(Some(vec![]), Some(vec![])), step_up);
    assert_eq!(session(Some(vec![]), None), open);
    assert_eq!(session(Some(vec![]), Some(vec![None])), open);
    // What nobody knows does not take away what is known.
    assert_eq!(session(Some(vec![]), Some(vec![None, Some("totp")])), satisfied);

    let exception = |approvers| {
        let as_of = utc(2027, 6, 1, 0, 0);
        let exception = Exception {
            criterion: Some("accessibility"),
            starts_at: Some(as_of),
            expires_at: Some(as_of + 90 * DAY),
            approvers,
            attested_at: Some(as_of),
            ..Exception::default()
        };
        decide(&Row { exceptions: Some(vec![exception]), ..row() }).1
    };
    assert_eq!(exception(Some(vec![Some("manager:kim"), Some("security:lee")])), Enrolment::Excepted);
    assert_eq!(exception(Some(vec![Some("manager:kim"), None])), Enrolment::Unknown);
    assert_eq!(exception(Some(vec![Some("manager:kim")])), Enrolment::Overdue);
    assert_eq!(exception(Some(vec![])), Enrolment::Overdue);
    assert_eq!(exception(None), Enrolment::Unknown);
}
