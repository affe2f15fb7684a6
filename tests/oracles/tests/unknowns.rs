//! Answers that were once settled although a missing value could change them, or open although none could.

use mfa_core::policy::{Enrolment, Outcome, Session};
use mfa_oracles::random::Document;
use mfa_oracles::row::{App, Context, Exception, Factor, Row, Subject};

const DAY: i64 = 86_400_000_000;
/// 2026-10-01.
const ENFORCED: i64 = 1_790_812_800_000_000;

fn document(rest: &str) -> Document {
    Document::new(format!(
        "schema = 'mfa-policy/1'\nid = 'p'\nversion = '1'\neffective_from = 2026-10-01\n\
         [[tier]]\nid = 'all'\nenrol = {{ allow = 'totp' }}\n{rest}"
    ))
}

fn factor(method: &'static str) -> Factor<'static> {
    Factor { method: Some(method), status: Some("active"), ..Factor::default() }
}

fn row() -> Row<'static> {
    Row {
        subject: Some(Subject { id: Some("sam"), created_at: Some(0), ..Subject::default() }),
        factors: Some(vec![]),
        exceptions: Some(vec![]),
        as_of: Some(ENFORCED),
        ..Row::default()
    }
}

/// A fallback without an end has none, not even at the end of time (DuckDB's `infinity`).
#[test]
fn a_fallback_without_an_end_has_none() {
    let document = document("fallback = [{ methods = 'sms_otp' }]");
    let at = |as_of| {
        let row = Row { factors: Some(vec![factor("sms_otp")]), as_of: Some(as_of), ..row() };
        document.evaluate(&row).enrolment
    };
    assert_eq!(at(i64::MAX - 1), Enrolment::Compliant);
    assert_eq!(at(i64::MAX), Enrolment::Compliant);
}

/// A limit lets into some applications, so that it matters which this is.
#[test]
fn a_limit_depends_on_the_application() {
    let document = document(
        "[[app]]\nid = 'low'\nmatch = { sensitivity = 'low' }\n\
         [[stage]]\nn = 1\nfrom = 'enforcement'\neffect = 'limit'\nallow_apps = ['low']",
    );
    let decide = |sensitivity| document.evaluate(&Row { app: Some(App { id: None, sensitivity }), ..row() }).decision;
    assert_eq!(decide(Some("low")), Outcome::AllowRemind);
    assert_eq!(decide(Some("high")), Outcome::Limit);
    assert_eq!(decide(None), Outcome::Indeterminate);
}

/// A stage before enforcement begins, for an account that is older, before the grace.
#[test]
fn a_stage_before_enforcement_depends_on_the_account() {
    let document = document("[[stage]]\nn = 1\nfrom = 'enforcement-P7D'\neffect = 'block'");
    let would = |created_at| {
        let subject = Subject { created_at, ..row().subject.unwrap() };
        document.evaluate(&Row { subject: Some(subject), as_of: Some(ENFORCED - DAY), ..row() }).would_decision
    };
    assert_eq!(would(Some(0)), Outcome::Block);
    assert_eq!(would(Some(ENFORCED + 30 * DAY)), Outcome::AllowRemind);
    assert_eq!(would(None), Outcome::Indeterminate);
}

/// Where methods are unknown there may have been none, and what was not done has no age.
#[test]
fn the_age_of_what_may_not_have_been_done() {
    let document = document("[[app]]\nid = 'any'\nrequire = { max_age = 'PT12H' }");
    let session = |used_methods| {
        let context = Context { used_methods, mfa_at: Some(ENFORCED), ..Context::default() };
        document.evaluate(&Row { context: Some(context), ..row() }).session
    };
    assert_eq!(session(Some(vec![Some("totp")])), Some(Session::Satisfied));
    assert_eq!(session(Some(vec![])), Some(Session::StepUp));
    assert_eq!(session(None), Some(Session::Unknown));
}

/// Where every method is another provider's claim and nobody attests it, it does not matter which it is.
#[test]
fn unattested_methods_do_not_count_whatever_they_are() {
    let document = document("[[app]]\nid = 'any'\nrequire = { strength = 'mfa' }");
    let session = |used_methods| {
        let context =
            Context { used_methods, federated: Some(true), federation_attested: Some(false), ..Context::default() };
        document.evaluate(&Row { context: Some(context), ..row() }).session
    };
    assert_eq!(session(Some(vec![Some("fido2_key")])), Some(Session::StepUp));
    assert_eq!(session(Some(vec![None])), Some(Session::StepUp));
    assert_eq!(session(None), Some(Session::StepUp));
}

/// A role that is also somebody's name.
#[test]
fn the_order_of_approvers_does_not_matter() {
    let document = document("[exceptions]\ncriteria = 'device_lost'\napprovals = 1\nmax_duration = 'P90D'");
    let enrolment = |approvers: [&'static str; 2]| {
        let exception = Exception {
            criterion: Some("device_lost"),
            starts_at: Some(ENFORCED),
            expires_at: Some(ENFORCED + DAY),
            approvers: Some(approvers.map(Some).to_vec()),
            ..Exception::default()
        };
        let subject = Subject { id: Some("manager"), ..row().subject.unwrap() };
        document.evaluate(&Row { subject: Some(subject), exceptions: Some(vec![exception]), ..row() }).enrolment
    };
    assert_eq!(enrolment(["manager", "security:manager"]), enrolment(["security:manager", "manager"]));
}

/// An exception that names the session relaxes what it has to do, not what may be blocked.
#[test]
fn an_exception_does_not_relax_what_may_be_a_block() {
    let document = document(
        "[[app]]\nid = 'any'\nrequire = { strength = 'mfa' }\n\
         [[context]]\nid = 'tor'\nmatch = { signal = 'tor' }\neffect = 'block'\n\
         [exceptions]\ncriteria = 'device_lost'\napprovals = 0\nmax_duration = 'P90D'",
    );
    let decide = |signals, used_methods| {
        let exception = Exception {
            criterion: Some("device_lost"),
            starts_at: Some(ENFORCED),
            expires_at: Some(ENFORCED + DAY),
            scope: Some("session"),
            ..Exception::default()
        };
        let context = Context { signals: Some(signals), used_methods, protocol: Some("oidc"), ..Context::default() };
        let row = Row { context: Some(context), exceptions: Some(vec![exception]), ..row() };
        document.evaluate(&row).decision
    };
    for used_methods in [None, Some(vec![])] {
        assert_eq!(decide(vec![], used_methods.clone()), Outcome::AllowException);
        assert_eq!(decide(vec![None], used_methods.clone()), Outcome::Indeterminate);
        assert_eq!(decide(vec![Some("tor")], used_methods), Outcome::Block);
    }
}
