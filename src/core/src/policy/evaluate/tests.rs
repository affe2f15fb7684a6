use proptest::prelude::*;

use super::super::value::micros;
use super::super::{App, Context, DEFAULT_POLICY, ExceptionInput, FactorInput, Subject};
use super::*;
use crate::model::Method;

const DAY: i64 = 86_400_000_000;

fn shipped() -> Compiled {
    Compiled::parse(DEFAULT_POLICY).unwrap()
}

/// The shipped policy with one text in the place of another.
fn edited(from: &str, to: &str) -> Compiled {
    assert!(DEFAULT_POLICY.contains(from), "{from}");
    Compiled::parse(&DEFAULT_POLICY.replace(from, to)).unwrap()
}

/// Somebody of the standard tier in the pilot wave: enforced 2026-10-01, deadline 2026-10-31, blocked 2026-11-14.
const SAM: Subject<'_> = Subject {
    id: Some("sam"),
    population: Some("workforce"),
    roles: Some(&[]),
    privileged: Some(false),
    department: Some("it"),
    region: Some("emea"),
    created_at: Some(0),
    fallback_started_at: None,
};

const fn factor(method: &str) -> FactorInput<'_> {
    FactorInput {
        method: Some(method),
        enrolled_at: Some(0),
        last_used_at: None,
        attested: Some(true),
        number_matching: None,
        user_verified: Some(true),
        status: Some("active"),
    }
}

const TOTP: FactorInput<'_> = factor("totp");
const NUMBER: FactorInput<'_> = factor("push_number");
const SMS: FactorInput<'_> = factor("sms_otp");
const BACKUP: FactorInput<'_> = factor("backup_code");
const KEY: FactorInput<'_> = factor("fido2_key");
const ENOUGH: &[FactorInput<'_>] = &[TOTP, NUMBER, BACKUP];

const EXCEPTION: ExceptionInput<'_> = ExceptionInput {
    id: Some("exc-1"),
    criterion: Some("accessibility"),
    // 2026-11-01 to 2027-01-30: 90 days.
    starts_at: Some(1_793_491_200_000_000),
    expires_at: Some(1_793_491_200_000_000 + 90 * DAY),
    approvers: Some(&[Some("manager:kim"), Some("security:lee")]),
    attested_at: Some(1_793_491_200_000_000),
    scope: None,
};

fn row<'a>(factors: &'a [FactorInput<'a>], as_of: &str) -> Input<'a> {
    Input {
        subject: Some(SAM),
        factors: Some(factors),
        app: None,
        context: None,
        exceptions: Some(&[]),
        as_of: Some(micros(as_of)),
    }
}

fn reasons(mask: u32) -> Vec<&'static str> {
    Reason::from_mask(mask).map(Reason::as_str).collect()
}

/// Enrolment and reasons of the shipped policy.
fn enrolment(input: &Input<'_>) -> (Enrolment, Vec<&'static str>) {
    let policy = shipped();
    let decision = policy.evaluate(input);
    (decision.enrolment, reasons(decision.reason_mask))
}

#[test]
fn compliant_is_allowed() {
    let policy = shipped();
    let decision = policy.evaluate(&row(ENOUGH, "2027-06-01"));
    let strong = policy.tiers[4].allow;
    assert_eq!(
        decision,
        Decision {
            decision: Outcome::Allow,
            would_decision: Outcome::Allow,
            enrolment: Enrolment::Compliant,
            session: None,
            required_mask: strong,
            reason_mask: 0,
            grace_deadline: Some(micros("2026-10-31")),
            stage: None,
            matched_rule_id: Some("standard"),
            required_strength: None,
            max_age_micros: None,
            tier: Some("standard"),
            wave: Some("pilot"),
            policy_hash: policy.hash(),
            strength: Some(Strength::Mfa),
        }
    );
}

#[test]
fn tiers_are_first_match() {
    let policy = shipped();
    let tier = |subject: Subject<'_>| {
        let decision = policy.evaluate(&Input { subject: Some(subject), ..row(&[], "2027-06-01") });
        (decision.tier.map(str::to_owned), decision.would_decision)
    };
    for (population, id, would) in [
        ("break_glass", "break_glass", Outcome::Exempt),
        ("Service", "service", Outcome::Exempt),
        ("guest", "partner", Outcome::Block),
        ("workforce", "standard", Outcome::Block),
    ] {
        let subject = Subject { population: Some(population), ..SAM };
        assert_eq!(tier(subject), (Some(id.to_owned()), would));
    }
    let admin = Some("admin".to_owned());
    assert_eq!(tier(Subject { privileged: Some(true), ..SAM }).0, admin);
    assert_eq!(tier(Subject { roles: Some(&[Some("x"), Some("HelpDesk")]), ..SAM }).0, admin);
    // What is known to match matches whatever else is unknown.
    assert_eq!(tier(Subject { roles: Some(&[None, Some("admin")]), privileged: None, ..SAM }).0, admin);
    assert_eq!(tier(Subject { roles: None, ..SAM }), (None, Outcome::Indeterminate));
    assert_eq!(tier(Subject { roles: Some(&[Some("x"), None]), ..SAM }), (None, Outcome::Indeterminate));
    assert_eq!(tier(Subject { population: None, ..SAM }), (None, Outcome::Indeterminate));
}

#[test]
fn conditions_are_three_valued() {
    let tier = |condition: &str, subject: Subject<'_>| {
        let policy = format!(
            r#"
            schema = "mfa-policy/1"
            id = "p"
            version = "1"
            effective_from = 2026-01-01
            [[tier]]
            id = "yes"
            match = {condition}
            enrol = {{ allow = "totp" }}
            [[tier]]
            id = "no"
            enrol = {{ allow = "totp" }}
            "#
        );
        let policy = Compiled::parse(&policy).unwrap();
        let decision = policy.evaluate(&Input { subject: Some(subject), ..row(&[], "2026-06-01") });
        decision.tier.unwrap_or("unknown").to_owned()
    };
    let unknown = Subject { department: None, region: None, ..SAM };
    for (condition, known, unknown_both) in [
        ("{}", "yes", "yes"),
        (r#"{ department = "it" }"#, "yes", "unknown"),
        (r#"{ department = [] }"#, "no", "unknown"),
        (r#"{ not = { department = "it" } }"#, "no", "unknown"),
        (r#"{ department = "it", region = "apac" }"#, "no", "unknown"),
        (r#"{ department = "it", population = "guest" }"#, "no", "no"),
        (r#"{ any = [] }"#, "no", "no"),
        (r#"{ all = [] }"#, "yes", "yes"),
        (r#"{ any = [{ department = "hr" }, { population = "workforce" }] }"#, "yes", "yes"),
        (r#"{ all = [{ department = "it" }, { population = "guest" }] }"#, "no", "no"),
        (r#"{ any = [{ department = "hr" }, { region = "emea" }] }"#, "yes", "unknown"),
        (r#"{ any = [{ not = { department = "it" } }, { region = "emea" }], privileged = false }"#, "yes", "unknown"),
        (r#"{ not = { any = [{ population = "workforce" }, { department = "it" }] }, region = "emea" }"#, "no", "no"),
        (
            r#"{ all = [{ any = [{ population = "guest" }, { population = "workforce" }] }, { privileged = false }] }"#,
            "yes",
            "yes",
        ),
    ] {
        assert_eq!(tier(condition, SAM), known, "{condition}");
        assert_eq!(tier(condition, unknown), unknown_both, "{condition}");
    }
}

#[test]
fn what_is_lacking_is_named() {
    let as_of = "2027-06-01";
    let off = FactorInput { status: Some("revoked"), ..TOTP };
    let later = FactorInput { enrolled_at: Some(micros(as_of) + 1), ..TOTP };
    let push = factor("push");
    for (factors, expected) in [
        (&[][..], &["NO_FACTOR", "NO_RECOVERY"][..]),
        (&[factor("password"), BACKUP], &["NO_FACTOR"]),
        (&[TOTP, BACKUP], &["NEED_SECOND"]),
        (&[TOTP, off, BACKUP], &["NEED_SECOND"]),
        (&[TOTP, later, BACKUP], &["NEED_SECOND"]),
        (&[TOTP, NUMBER], &["NO_RECOVERY"]),
        (&[factor("email_otp"), BACKUP], &["WEAK_ONLY"]),
        (&[SMS, BACKUP], &["WEAK_ONLY", "FALLBACK_EXPIRED"]),
        (&[push, BACKUP], &["WEAK_ONLY", "NO_NUMBER_MATCH"]),
        (&[TOTP, factor("carrier_pigeon"), BACKUP], &["NEED_SECOND", "UNKNOWN_METHOD"]),
        (&[TOTP, factor("trusted_dev"), BACKUP], &["NEED_SECOND"]),
    ] {
        let (enrolment, reasons) = enrolment(&row(factors, as_of));
        assert_eq!((enrolment, &reasons[..]), (Enrolment::Overdue, expected));
    }
    let bypass = FactorInput { last_used_at: Some(0), ..factor("bypass_code") };
    let factors = [TOTP, NUMBER, BACKUP, bypass];
    assert_eq!(enrolment(&row(&factors, as_of)), (Enrolment::Compliant, vec!["BYPASS_USED"]));
}

#[test]
fn two_keys_are_two_factors() {
    let factors = [KEY, KEY, BACKUP];
    assert_eq!(enrolment(&row(&factors, "2027-06-01")).0, Enrolment::Compliant);
}

#[test]
fn a_push_is_what_its_number_matching_says() {
    let asks = FactorInput { number_matching: Some(true), ..factor("push") };
    let taps = FactorInput { number_matching: Some(false), ..NUMBER };
    assert_eq!(enrolment(&row(&[TOTP, asks, BACKUP], "2027-06-01")).0, Enrolment::Compliant);
    let (status, why) = enrolment(&row(&[TOTP, taps, BACKUP], "2027-06-01"));
    assert_eq!((status, why), (Enrolment::Overdue, vec!["NEED_SECOND", "NO_NUMBER_MATCH"]));
    // Where any push will do, one that asks for a number will.
    let lax = edited(r#""push_number", "totp", "otp_hw""#, r#""push", "totp""#);
    let decision = lax.evaluate(&row(&[TOTP, asks, BACKUP], "2027-06-01"));
    assert_eq!(decision.enrolment, Enrolment::Compliant);
    // … unless the number is required.
    assert_eq!(decision.required_mask & Method::Push.bit(), 0);
}

#[test]
fn attestation() {
    let judge = |subject: Subject<'_>, factors: &[FactorInput<'_>]| {
        enrolment(&Input { subject: Some(subject), ..row(factors, "2027-06-01") })
    };
    let not = |factor| FactorInput { attested: Some(false), ..factor };
    let maybe = |factor| FactorInput { attested: None, ..factor };
    let glass = Subject { population: Some("break_glass"), ..SAM };
    assert_eq!(judge(glass, &[KEY, KEY]).0, Enrolment::Compliant);
    let (status, why) = judge(glass, &[KEY, not(KEY)]);
    assert_eq!((status, why), (Enrolment::Overdue, vec!["NEED_SECOND", "NOT_ATTESTED"]));
    let (status, why) = judge(glass, &[KEY, maybe(KEY)]);
    assert_eq!((status, why), (Enrolment::Unknown, vec!["MISSING_INPUT"]));
    // Where supported: a passkey has nothing to attest, a key has.
    let admin = Subject { privileged: Some(true), ..SAM };
    let passkey = factor("passkey_sync");
    assert_eq!(judge(admin, &[maybe(passkey), not(passkey), BACKUP]).0, Enrolment::Compliant);
    assert_eq!(judge(admin, &[passkey, not(KEY), BACKUP]).0, Enrolment::Overdue);
    let guest = Subject { population: Some("guest"), ..SAM };
    let claim = factor("fed_mfa");
    assert_eq!(judge(guest, &[claim]).0, Enrolment::Compliant);
    let (status, why) = judge(guest, &[not(claim)]);
    assert_eq!((status, why), (Enrolment::Overdue, vec!["WEAK_ONLY", "FED_NOT_ATTESTED"]));
}

#[test]
fn the_clock_to_the_microsecond() {
    let policy = shipped();
    let at = |as_of: i64| {
        let decision = policy.evaluate(&Input { as_of: Some(as_of), ..row(&[TOTP, BACKUP], "2026-01-01") });
        (decision.enrolment, decision.stage, decision.decision, decision.would_decision)
    };
    use Enrolment::{InGrace, Overdue};
    use Outcome::{AllowRemind, Block, Limit, ReportOnly};
    let enforced = micros("2026-10-01");
    assert_eq!(at(enforced - 1), (InGrace, None, ReportOnly, AllowRemind));
    assert_eq!(at(enforced), (InGrace, Some(1), AllowRemind, AllowRemind));
    let deadline = micros("2026-10-31");
    assert_eq!(at(deadline - 1), (InGrace, Some(1), AllowRemind, AllowRemind));
    assert_eq!(at(deadline), (Overdue, Some(2), Limit, Limit));
    let block = micros("2026-11-14");
    assert_eq!(at(block - 1), (Overdue, Some(2), Limit, Limit));
    assert_eq!(at(block), (Overdue, Some(3), Block, Block));
    assert_eq!(at(i64::MAX), (Overdue, Some(3), Block, Block));
    assert_eq!(at(i64::MIN), (InGrace, None, ReportOnly, AllowRemind));
}

#[test]
fn a_later_account_gets_its_own_grace() {
    let policy = shipped();
    let created = micros("2028-02-01T12:00:00Z");
    let at = |created_at, as_of| {
        policy.evaluate(&Input {
            subject: Some(Subject { created_at, ..SAM }),
            as_of: Some(as_of),
            ..row(&[], "2026-01-01")
        })
    };
    let deadline = micros("2028-03-02T12:00:00Z");
    let decision = at(Some(created), deadline - 1);
    assert_eq!((decision.enrolment, decision.grace_deadline), (Enrolment::InGrace, Some(deadline)));
    assert_eq!(at(Some(created), deadline).enrolment, Enrolment::Overdue);
    assert_eq!(at(Some(created), created).stage, Some(1));
    assert_eq!(at(Some(created), created - 1).stage, None);
    assert_eq!(at(Some(i64::MAX), deadline).enrolment, Enrolment::InGrace);
    // Without it the deadline is unknown, but there is none before enforcement.
    let decision = at(None, deadline);
    assert_eq!(decision.decision, Outcome::Indeterminate);
    assert_eq!((decision.enrolment, decision.grace_deadline), (Enrolment::Unknown, None));
    assert_eq!(at(None, micros("2026-10-01")).enrolment, Enrolment::Unknown);
    assert_eq!(at(None, micros("2026-10-01") - 1).enrolment, Enrolment::InGrace);
}

#[test]
fn phase_out_to_the_microsecond() {
    let policy =
        edited(r#"["sms_otp", "voice"], after = 2026-10-01"#, r#"["passkey_sync", "voice"], after = 2026-12-01"#);
    let factors = [factor("passkey_sync"), KEY, BACKUP];
    let admin = Subject { privileged: Some(true), ..SAM };
    let at = |as_of| {
        let input = Input { subject: Some(admin), as_of: Some(as_of), ..row(&factors, "2026-01-01") };
        let decision = policy.evaluate(&input);
        (decision.enrolment, reasons(decision.reason_mask), decision.required_mask)
    };
    let after = micros("2026-12-01");
    let passkey = Method::PasskeySync.bit();
    let (status, why, mask) = at(after);
    assert_eq!((status, why, mask & passkey), (Enrolment::Compliant, vec![], passkey));
    let (status, why, mask) = at(after + 1);
    assert_eq!((status, why), (Enrolment::Overdue, vec!["NEED_SECOND", "PHASED_OUT"]));
    assert_eq!(mask & passkey, 0);
}

#[test]
fn fallback_to_the_microsecond() {
    let policy = shipped();
    let factors = [TOTP, SMS, BACKUP];
    let at = |started: Option<i64>, app: Option<App<'_>>, as_of: i64| {
        let subject = Subject { fallback_started_at: started, ..SAM };
        let input = Input { subject: Some(subject), app, as_of: Some(as_of), ..row(&factors, "2026-01-01") };
        let decision = policy.evaluate(&input);
        let sms = decision.required_mask & Method::SmsOtp.bit() != 0;
        (decision.enrolment, reasons(decision.reason_mask & !Reason::MissingInput.bit()), sms)
    };
    let until = micros("2027-01-02");
    let expired = (Enrolment::Overdue, vec!["NEED_SECOND", "FALLBACK_EXPIRED"], false);
    let accepted = (Enrolment::Compliant, vec![], true);
    assert_eq!(at(Some(until - DAY), None, until - 1), accepted);
    assert_eq!(at(Some(until - DAY), None, until), expired);
    // Thirty days each.
    let started = micros("2026-11-01");
    assert_eq!(at(Some(started), None, started + 30 * DAY - 1), accepted);
    assert_eq!(at(Some(started), None, started + 30 * DAY), expired);
    // Unknown start: it may be over, until it must be.
    assert_eq!(at(None, None, until - 1).0, Enrolment::Unknown);
    assert_eq!(at(None, None, until), expired);
    // Not where it matters most.
    let app = |sensitivity| Some(App { id: Some("a"), sensitivity });
    assert_eq!(at(Some(started), app(Some("low")), started), accepted);
    let refused = (Enrolment::Overdue, vec!["NEED_SECOND", "FALLBACK_NOT_FOR_APP"], false);
    assert_eq!(at(Some(started), app(Some("critical")), started), refused);
    assert_eq!(at(Some(started), app(None), started).0, Enrolment::Unknown);
}

#[test]
fn exceptions() {
    let start = micros("2026-11-01");
    assert_eq!(EXCEPTION.starts_at, Some(start));
    let judge = |exception: ExceptionInput<'_>, as_of: i64| {
        let exceptions = [exception];
        let input = Input { exceptions: Some(&exceptions), as_of: Some(as_of), ..row(&[], "2026-01-01") };
        let (enrolment, mut reasons) = enrolment(&input);
        reasons.retain(|reason| reason.starts_with("EXC_") || *reason == "MISSING_INPUT");
        (enrolment, reasons)
    };
    let holds = |exception, as_of| {
        assert_eq!(judge(exception, as_of), (Enrolment::Excepted, vec![]));
    };
    let fails = |exception, as_of, reason: &'static str| {
        assert_eq!(judge(exception, as_of), (Enrolment::Overdue, vec![reason]));
    };
    let unknown = |exception| {
        assert_eq!(judge(exception, start), (Enrolment::Unknown, vec!["MISSING_INPUT"]));
    };
    let base = EXCEPTION;
    // From its first microsecond to its last.
    holds(base, start);
    assert_eq!(judge(base, start - 1), (Enrolment::Overdue, vec!["EXC_ATTEST_OVERDUE"]));
    let early = ExceptionInput { attested_at: Some(start - DAY), ..base };
    assert_eq!(judge(early, start - 1), (Enrolment::Overdue, vec![]));
    let end = start + 90 * DAY;
    holds(base, end - 1);
    fails(base, end, "EXC_EXPIRED");
    // Not a microsecond longer than allowed.
    fails(ExceptionInput { expires_at: Some(end + 1), ..base }, start, "EXC_TOO_LONG");
    // Attested within 92 days, and not in the future.
    let attested = |at| ExceptionInput { attested_at: Some(at), ..base };
    holds(attested(start - 92 * DAY), start);
    fails(attested(start - 92 * DAY - 1), start, "EXC_ATTEST_OVERDUE");
    fails(attested(start + 1), start, "EXC_ATTEST_OVERDUE");
    // On a listed ground.
    holds(ExceptionInput { criterion: Some("Device_Lost"), ..base }, start);
    fails(ExceptionInput { criterion: Some("because"), ..base }, start, "EXC_FORBIDDEN");
    // Approved by enough others of the right roles.
    let approved = |approvers| ExceptionInput { approvers: Some(approvers), ..base };
    holds(approved(&[Some("manager"), Some("security")]), start);
    holds(approved(&[Some("Security:kim"), Some("security:lee")]), start);
    holds(approved(&[Some("manager:sam"), Some("manager:kim"), Some("security:lee")]), start);
    for approvers in [
        &[][..],
        &[Some("manager:kim")],
        &[Some("manager:kim"), Some("security:KIM")],
        &[Some("manager:kim"), Some("security: sam")],
        &[Some("manager:kim"), Some("friend:lee")],
        &[Some("manager"), Some("manager")],
        &[Some("kim"), Some("lee")],
    ] {
        fails(approved(approvers), start, "EXC_UNAPPROVED");
    }
    // What is missing could change the answer.
    unknown(ExceptionInput { criterion: None, ..base });
    unknown(ExceptionInput { starts_at: None, ..base });
    unknown(ExceptionInput { expires_at: None, ..base });
    unknown(ExceptionInput { approvers: None, ..base });
    unknown(approved(&[Some("manager:kim"), None]));
    fails(approved(&[Some("manager:sam"), None]), start, "EXC_UNAPPROVED");
    unknown(ExceptionInput { attested_at: None, ..base });
    // … or could not.
    let hopeless = ExceptionInput { approvers: None, criterion: Some("because"), ..base };
    fails(hopeless, start, "EXC_FORBIDDEN");
}

#[test]
fn exceptions_relax_and_nothing_more() {
    let policy = shipped();
    let exceptions = [ExceptionInput { criterion: Some("because"), ..EXCEPTION }, EXCEPTION];
    let input = |factors, exceptions| Input { exceptions, ..row(factors, "2026-11-02") };
    let decide = |factors, exceptions| {
        let decision = policy.evaluate(&input(factors, exceptions));
        (decision.decision, decision.enrolment)
    };
    let none: &[FactorInput<'_>] = &[];
    assert_eq!(
        decide(none, Some(&exceptions)),
        (Outcome::AllowException, Enrolment::Excepted),
        "one that holds is enough"
    );
    assert_eq!(decide(ENOUGH, Some(&exceptions)), (Outcome::Allow, Enrolment::Compliant));
    // NULL is not the empty list.
    assert_eq!(decide(none, None), (Outcome::Indeterminate, Enrolment::Unknown));
    assert_eq!(decide(ENOUGH, None), (Outcome::Allow, Enrolment::Compliant));
    assert_eq!(decide(none, Some(&[])), (Outcome::Limit, Enrolment::Overdue));
    // Break glass gets none, and a policy without the section gives none.
    let glass = Subject { population: Some("break_glass"), ..SAM };
    let decision = policy.evaluate(&Input { subject: Some(glass), ..input(none, Some(&exceptions)) });
    assert_eq!(decision.enrolment, Enrolment::Overdue);
    assert!(reasons(decision.reason_mask).contains(&"EXC_FORBIDDEN"));
    // An unknown beneficiary may be an approver.
    let nobody = Subject { id: None, ..SAM };
    let decision = policy.evaluate(&Input { subject: Some(nobody), ..input(none, Some(&exceptions)) });
    assert_eq!(decision.enrolment, Enrolment::Unknown);
}

#[test]
fn an_expired_exception_is_none_apart_from_reasons() {
    let policy = shipped();
    let exceptions = [EXCEPTION];
    let with = policy.evaluate(&Input { exceptions: Some(&exceptions), ..row(&[SMS], "2027-01-30") });
    let without = policy.evaluate(&row(&[SMS], "2027-01-30"));
    assert_eq!(with.reason_mask, without.reason_mask | Reason::ExcExpired.bit());
    assert_eq!(Decision { reason_mask: 0, ..with }, Decision { reason_mask: 0, ..without });
}

#[test]
fn missing_values_never_allow() {
    let policy = shipped();
    let full = row(ENOUGH, "2027-06-01");
    let undecided = |input: Input<'_>| {
        let decision = policy.evaluate(&input);
        assert_eq!(decision.decision, Outcome::Indeterminate);
        assert!(reasons(decision.reason_mask).contains(&"MISSING_INPUT"));
    };
    undecided(Input::default());
    undecided(Input { subject: None, ..full });
    undecided(Input { factors: None, ..full });
    undecided(Input { as_of: None, ..full });
    undecided(Input { subject: Some(Subject::default()), ..full });
    undecided(Input { subject: Some(Subject { population: None, ..SAM }), ..full });
    undecided(Input { subject: Some(Subject { roles: None, ..SAM }), ..full });
    undecided(Input { subject: Some(Subject { privileged: None, ..SAM }), ..full });
    undecided(Input { subject: Some(Subject { department: None, ..SAM }), ..full });
    for unknown in [FactorInput::default(), FactorInput { method: None, ..TOTP }, FactorInput { status: None, ..TOTP }]
    {
        undecided(row(&[TOTP, unknown, BACKUP], "2027-06-01"));
        // What is known to be enough is enough.
        let factors = [TOTP, NUMBER, BACKUP, unknown];
        assert_eq!(policy.evaluate(&row(&factors, "2027-06-01")).decision, Outcome::Allow);
    }
    undecided(row(&[TOTP, NUMBER, FactorInput { status: None, ..BACKUP }], "2027-06-01"));
    // A policy that covers everyone still needs somebody.
    let everyone = Compiled::parse(
        "schema = 'mfa-policy/1'\nid = 'p'\nversion = '1'\neffective_from = 2026-01-01\n\
         [[tier]]\nid = 'all'\nenrol = { allow = 'totp' }",
    )
    .unwrap();
    let input = row(&[TOTP], "2026-06-01");
    assert_eq!(everyone.evaluate(&input).decision, Outcome::Allow);
    assert_eq!(everyone.evaluate(&row(&[], "2026-06-01")).decision, Outcome::Block);
    let nobody = everyone.evaluate(&Input { subject: None, ..input });
    assert_eq!((nobody.decision, nobody.tier), (Outcome::Indeterminate, None));
}

#[test]
fn report_only_would_decide_what_enforcement_does() {
    let nobody = "match = { department = [\"nobody\"] }\nreport_only_from = 2026-12-01";
    let waveless = DEFAULT_POLICY.replace("report_only_from = 2026-12-01", nobody);
    let reported = Compiled::parse(&waveless).unwrap();
    let enforced = waveless.replace("\"report_only\"", "\"enforce\"");
    let enforced = Compiled::parse(&enforced).unwrap();
    let exceptions = [EXCEPTION];
    for population in ["workforce", "guest", "service", "break_glass"] {
        for factors in [&[][..], &[TOTP], &[TOTP, SMS, BACKUP], &[KEY, KEY, BACKUP]] {
            for exceptions in [None, Some(&[][..]), Some(&exceptions)] {
                for as_of in ["2026-11-01", "2026-11-20", "2026-12-01", "2027-06-01"] {
                    let subject = Subject { population: Some(population), department: Some("sales"), ..SAM };
                    let input = Input { subject: Some(subject), exceptions, ..row(factors, as_of) };
                    let report = reported.evaluate(&input);
                    let real = enforced.evaluate(&input);
                    assert_eq!(report.decision, Outcome::ReportOnly);
                    assert_eq!(real.decision, report.would_decision);
                    let named = Decision { policy_hash: report.policy_hash, ..real };
                    assert_eq!(Decision { decision: report.decision, ..named }, report);
                    assert!(reasons(report.reason_mask).contains(&"NO_WAVE"));
                    assert_eq!(report.wave, None);
                }
            }
        }
    }
}

#[test]
fn break_glass_is_judged_and_not_touched() {
    let policy = shipped();
    let glass = Subject { population: Some("break_glass"), ..SAM };
    let decide = |factors| {
        let decision = policy.evaluate(&Input { subject: Some(glass), ..row(factors, "2027-06-01") });
        (decision.decision, decision.enrolment, decision.stage)
    };
    assert_eq!(decide(&[]), (Outcome::Exempt, Enrolment::Overdue, None));
    assert_eq!(decide(&[KEY, KEY]), (Outcome::Allow, Enrolment::Compliant, None));
}

const NORMAL: App<'_> = App { id: Some("payroll"), sensitivity: Some("normal") };
const CRITICAL: App<'_> = App { id: Some("vault"), sensitivity: Some("critical") };
const NOON: &str = "2027-06-01T12:00:00Z";

/// A session that did nothing, and nothing is wrong with.
const CALM: Context<'_> = Context {
    signals: Some(&[]),
    protocol: Some("oidc"),
    transaction: Some("none"),
    used_methods: Some(&[]),
    mfa_at: None,
    federated: None,
    federation_attested: None,
};

/// The session of somebody who is compliant, at noon: decision, session, rule and reasons.
fn session<'p>(
    policy: &'p Compiled,
    app: Option<App<'_>>,
    context: Option<Context<'_>>,
) -> (Outcome, Option<Session>, Option<&'p str>, Vec<&'static str>) {
    let decision = policy.evaluate(&Input { app, context, ..row(ENOUGH, NOON) });
    assert_eq!(decision.enrolment, Enrolment::Compliant);
    (decision.decision, decision.session, decision.matched_rule_id, reasons(decision.reason_mask))
}

fn used<'a>(methods: &'a [Option<&'a str>], mfa_at: i64) -> Context<'a> {
    Context { used_methods: Some(methods), mfa_at: Some(mfa_at), ..CALM }
}

const SATISFIED: Option<Session> = Some(Session::Satisfied);
const STEP_UP: Option<Session> = Some(Session::StepUp);
const UNKNOWN: Option<Session> = Some(Session::Unknown);

#[test]
fn a_session_needs_the_strictest_of_what_matches() {
    let policy = shipped();
    let requirement = |app, context| {
        let decision = policy.evaluate(&Input { app, context, ..row(ENOUGH, NOON) });
        (decision.required_strength, decision.max_age_micros)
    };
    let (mfa, resistant) = (Some(Strength::Mfa.level()), Some(Strength::PhishingResistant.level()));
    assert_eq!(requirement(Some(NORMAL), Some(CALM)), (mfa, Some(DAY / 2)));
    assert_eq!(requirement(Some(CRITICAL), Some(CALM)), (mfa, Some(0)));
    let signals = &[Some("tor"), Some("new_device")];
    let hot = Context { signals: Some(signals), ..CALM };
    assert_eq!(requirement(Some(NORMAL), Some(hot)), (resistant, Some(300_000_000)));
    assert_eq!(requirement(None, None), (None, None));
    let policy = edited("require = { strength = \"mfa\", max_age = \"P30D\" }", "require = { allow = \"push\" }");
    let decision = policy.evaluate(&Input { app: Some(NORMAL), context: Some(CALM), ..row(ENOUGH, NOON) });
    assert_eq!(decision.required_mask, Method::PushNumber.bit(), "a push that asks for a number is a push");
}

#[test]
fn strength_and_age_of_a_session() {
    let policy = shipped();
    let noon = micros(NOON);
    let decide = |app, context: Context<'_>| {
        let (decision, session, rule, why) = self::session(&policy, Some(app), Some(context));
        (decision, session, rule.unwrap(), why)
    };
    let satisfied = (Outcome::Allow, SATISFIED, "standard", vec![]);
    let step_up = |rule, why: &[&'static str]| (Outcome::StepUp, STEP_UP, rule, why.to_vec());
    let totp = &[Some("password"), Some("totp")];
    // At most twelve hours, to the microsecond, and never from the future.
    let stale = &["SESSION_STALE", "STEP_UP_APP"];
    assert_eq!(decide(NORMAL, used(totp, noon - DAY / 2)), satisfied);
    assert_eq!(decide(NORMAL, used(totp, noon - DAY / 2 - 1)), step_up("normal", stale));
    assert_eq!(decide(NORMAL, used(totp, noon)), satisfied);
    assert_eq!(decide(NORMAL, used(totp, noon + 1)), step_up("normal", stale), "the stricter of two");
    // At every access is at this one.
    assert_eq!(decide(CRITICAL, used(totp, noon)), satisfied);
    assert_eq!(decide(CRITICAL, used(totp, noon - 1)), step_up("critical", stale));
    // One factor is none too many.
    let weak = &["SESSION_WEAK", "STEP_UP_APP"];
    assert_eq!(decide(NORMAL, used(&[Some("password")], noon)), step_up("low", weak), "of two alike, the smaller id");
    assert_eq!(decide(CRITICAL, used(&[], noon)), step_up("critical", weak));
    assert_eq!(decide(CRITICAL, CALM), step_up("critical", weak));
    for bypass in ["bypass_code", "app_password", "trusted_dev"] {
        let methods = [Some("password"), Some(bypass)];
        assert_eq!(decide(CRITICAL, used(&methods, noon)).1, STEP_UP);
    }
    let (.., why) = decide(CRITICAL, used(&[Some("password"), Some("carrier_pigeon")], noon));
    assert_eq!(why, ["SESSION_WEAK", "STEP_UP_APP", "UNKNOWN_METHOD"]);
    // Circumstances ask for more, and of the rules that fail the strictest is named.
    let tor = Context { signals: Some(&[Some("TOR")]), ..used(totp, noon) };
    assert_eq!(decide(NORMAL, tor), step_up("tor", &["SESSION_WEAK", "STEP_UP_CONTEXT"]));
    let key = Context { used_methods: Some(&[Some("fido2_key")]), ..tor };
    assert_eq!(decide(NORMAL, key), satisfied);
    let old = Context { mfa_at: Some(noon - DAY), ..key };
    let (both, minutes) = (["SESSION_STALE", "STEP_UP_APP", "STEP_UP_CONTEXT"], 300_000_000);
    assert_eq!(decide(NORMAL, old), step_up("tor", &both));
    assert_eq!(decide(NORMAL, Context { mfa_at: Some(noon - minutes), ..key }), satisfied);
    assert_eq!(decide(NORMAL, Context { mfa_at: Some(noon - minutes - 1), ..key }).1, STEP_UP);
    let pay = Context { transaction: Some("sensitive"), ..used(totp, noon) };
    assert_eq!(decide(NORMAL, pay), step_up("sensitive-tx", &["SESSION_WEAK", "STEP_UP_TX"]));
}

#[test]
fn what_a_session_does_not_tell_is_unknown() {
    let policy = shipped();
    let noon = micros(NOON);
    let totp = used(&[Some("password"), Some("totp")], noon - DAY / 24);
    let decide = |app, context| session(&policy, app, context);
    let unknown = |rule| (Outcome::Indeterminate, UNKNOWN, Some(rule), vec!["MISSING_INPUT"]);
    assert_eq!(decide(Some(NORMAL), None), unknown("legacy"));
    assert_eq!(decide(None, Some(totp)), unknown("critical"));
    assert_eq!(decide(Some(NORMAL), Some(Context { signals: None, ..totp })), unknown("risky"));
    assert_eq!(decide(Some(NORMAL), Some(Context { signals: Some(&[None]), ..totp })), unknown("risky"));
    assert_eq!(decide(Some(NORMAL), Some(Context { protocol: None, ..totp })), unknown("legacy"));
    assert_eq!(decide(Some(NORMAL), Some(Context { mfa_at: None, ..totp })), unknown("normal"));
    assert_eq!(decide(Some(NORMAL), Some(Context { used_methods: None, ..totp })), unknown("normal"));
    let partly = used(&[Some("password"), None], noon);
    assert_eq!(decide(Some(NORMAL), Some(partly)), unknown("low"));
    // … unless no value could change it: a key satisfies whatever the transaction is.
    let key = Context { transaction: None, ..used(&[Some("fido2_key")], noon) };
    assert_eq!(decide(Some(NORMAL), Some(key)).1, SATISFIED);
    assert_eq!(decide(Some(NORMAL), Some(Context { transaction: None, ..totp })), unknown("sensitive-tx"));
    // What is too weak anyway is too weak, though a block may be worse.
    let password = Context { transaction: None, ..used(&[Some("password")], noon) };
    assert_eq!(decide(Some(NORMAL), Some(password)).1, STEP_UP);
    let (decision, session, rule, why) = decide(Some(NORMAL), Some(Context { protocol: None, ..password }));
    assert_eq!((decision, session, rule), (Outcome::Indeterminate, UNKNOWN, Some("legacy")));
    assert_eq!(why, ["SESSION_WEAK", "STEP_UP_APP", "MISSING_INPUT"]);
    // No date, no age.
    let undated = Input { app: Some(NORMAL), context: Some(totp), as_of: None, ..row(ENOUGH, NOON) };
    assert_eq!(policy.evaluate(&undated).session, UNKNOWN);
}

#[test]
fn what_blocks_absorbs_everything() {
    let policy = shipped();
    let blocked = (Outcome::Block, Some(Session::Blocked), Some("legacy"), vec!["LEGACY_PROTOCOL"]);
    let legacy = Context { protocol: Some("IMAP"), ..Context::default() };
    assert_eq!(session(&policy, None, Some(legacy)), blocked);
    let strong = Context { protocol: Some("IMAP"), ..used(&[Some("fido2_key")], micros(NOON)) };
    assert_eq!(session(&policy, Some(NORMAL), Some(strong)), blocked);
    // Of two rules that block, the smaller id.
    let service = Subject { population: Some("service"), ..SAM };
    let input = Input { subject: Some(service), context: Some(legacy), ..row(ENOUGH, NOON) };
    assert_eq!(policy.evaluate(&input).matched_rule_id, Some("legacy"));
    let open = edited("match = { protocol = [\"pop\", \"imap\"", "match = { protocol = [\"pop\"");
    let decision = open.evaluate(&input);
    assert_eq!((decision.matched_rule_id, decision.decision), (Some("service"), Outcome::Block));
    assert_eq!(reasons(decision.reason_mask), ["LEGACY_PROTOCOL"]);
    let unsaid = Context { protocol: None, ..CALM };
    let decision = open.evaluate(&Input { context: Some(unsaid), app: Some(NORMAL), ..input });
    assert_eq!((decision.matched_rule_id, decision.session), (Some("legacy"), UNKNOWN));
}

#[test]
fn another_providers_word() {
    let policy = shipped();
    let noon = micros(NOON);
    let decide = |methods, federated, federation_attested| {
        let context = Context { federated, federation_attested, ..used(methods, noon) };
        let (_, session, _, why) = self::session(&policy, Some(NORMAL), Some(context));
        (session, why)
    };
    let claim = &[Some("fed_mfa")][..];
    let refused = vec!["SESSION_WEAK", "STEP_UP_APP", "FED_NOT_ATTESTED"];
    for federated in [None, Some(true), Some(false)] {
        assert_eq!(decide(claim, federated, Some(true)), (SATISFIED, vec![]));
        assert_eq!(decide(claim, federated, Some(false)), (STEP_UP, refused.clone()));
        assert_eq!(decide(claim, federated, None), (UNKNOWN, vec!["MISSING_INPUT"]));
    }
    // Whatever a federated session lists, it is the other's word.
    let totp = &[Some("password"), Some("totp")][..];
    assert_eq!(decide(totp, Some(true), Some(false)), (STEP_UP, refused));
    assert_eq!(decide(totp, Some(true), None).0, UNKNOWN);
    assert_eq!(decide(totp, Some(false), None), (SATISFIED, vec![]));
    assert_eq!(decide(totp, None, Some(false)), (SATISFIED, vec![]));
    // A claim of one factor is worth one, attested or not.
    assert_eq!(decide(&[Some("fed_sf")], None, Some(false)), (STEP_UP, vec!["SESSION_WEAK", "STEP_UP_APP"]));
}

#[test]
fn only_listed_methods_count() {
    let policy = |app: &str, context: &str| {
        let text = DEFAULT_POLICY
            .replace("require = { strength = \"mfa\", max_age = \"PT12H\" }", &format!("require = {{ {app} }}"))
            .replace("require = { strength = \"mfa\", max_age = \"P30D\" }", "require = {}")
            .replace("require = { strength = \"mfa\", max_age = \"PT5M\" }", &format!("require = {{ {context} }}"));
        Compiled::parse(&text).unwrap()
    };
    let risky = |methods| Context { signals: Some(&[Some("new_device")]), ..used(methods, micros(NOON)) };
    let listed = policy("allow = [\"totp\", \"password\"]", "");
    assert_eq!(session(&listed, Some(NORMAL), Some(risky(&[Some("sms_otp")]))).1, STEP_UP);
    assert_eq!(
        session(&listed, Some(NORMAL), Some(risky(&[Some("password")]))).1,
        SATISFIED,
        "one is needed, however weak"
    );
    assert_eq!(session(&listed, Some(NORMAL), Some(risky(&[]))).1, STEP_UP);
    let strong = policy("allow = [\"totp\", \"password\"], strength = \"mfa\"", "");
    let (_, state, rule, why) = session(&strong, Some(NORMAL), Some(risky(&[Some("password"), Some("sms_otp")])));
    assert_eq!((state, rule, &why[..]), (STEP_UP, Some("normal"), &["SESSION_WEAK", "STEP_UP_APP"][..]));
    assert_eq!(session(&strong, Some(NORMAL), Some(risky(&[Some("totp")]))).1, SATISFIED);
    // Each rule would do, but what one accepts the other does not.
    let apart = policy("allow = \"totp\"", "allow = \"push\"");
    let both = risky(&[Some("totp"), Some("push")]);
    let (decision, state, rule, why) = session(&apart, Some(NORMAL), Some(both));
    assert_eq!((decision, state, rule), (Outcome::StepUp, STEP_UP, Some("normal")));
    assert_eq!(why, ["SESSION_WEAK", "STEP_UP_APP", "STEP_UP_CONTEXT"]);
}

#[test]
fn neither_grace_nor_exceptions_open_a_session() {
    let policy = shipped();
    let weak = used(&[Some("password")], micros("2026-11-02"));
    let decide = |factors, exceptions, context| {
        let input = Input { app: Some(CRITICAL), context: Some(context), exceptions, ..row(factors, "2026-11-02") };
        let decision = policy.evaluate(&input);
        (decision.would_decision, decision.session, decision.matched_rule_id)
    };
    let named = [ExceptionInput { scope: Some("Session"), ..EXCEPTION }];
    let unnamed = [EXCEPTION, ExceptionInput { scope: Some("enrolment"), ..EXCEPTION }];
    let expired = [ExceptionInput { scope: Some("session"), expires_at: Some(micros("2026-11-02")), ..EXCEPTION }];
    let maybe = [ExceptionInput { scope: Some("session"), approvers: None, ..EXCEPTION }];
    for factors in [&[][..], ENOUGH] {
        let tier = if factors.is_empty() { Outcome::Limit } else { Outcome::StepUp };
        let (rule, excepted) = (if factors.is_empty() { "standard" } else { "critical" }, Outcome::AllowException);
        assert_eq!(decide(factors, Some(&[]), weak), (tier, STEP_UP, Some(rule)));
        assert_eq!(decide(factors, Some(&unnamed), weak), (Outcome::StepUp, STEP_UP, Some("critical")));
        assert_eq!(decide(factors, Some(&named), weak), (excepted, STEP_UP, Some("standard")));
        assert_eq!(decide(factors, Some(&expired), weak), (tier, STEP_UP, Some(rule)));
        for exceptions in [None, Some(&maybe[..])] {
            let (decision, session, _) = decide(factors, exceptions, weak);
            assert_eq!((decision, session), (Outcome::Indeterminate, STEP_UP));
        }
        // Nothing relaxes a block.
        let legacy = Context { protocol: Some("imap"), ..weak };
        assert_eq!(decide(factors, Some(&named), legacy).0, Outcome::Block);
        let maybe_legacy = Context { protocol: None, ..weak };
        assert_eq!(decide(factors, Some(&named), maybe_legacy).0, Outcome::Indeterminate);
        // What is not known to be enough is opened, too.
        let silent = Context { used_methods: None, ..weak };
        assert_eq!(decide(factors, Some(&named), silent).0, excepted);
    }
    let input =
        Input { app: Some(CRITICAL), context: Some(weak), exceptions: Some(&expired), ..row(ENOUGH, "2026-11-02") };
    assert!(reasons(policy.evaluate(&input).reason_mask).contains(&"EXC_EXPIRED"));
    // Somebody in grace, at an application that wants MFA at every access.
    let input = Input { exceptions: Some(&[]), as_of: Some(micros("2026-10-02")), factors: Some(&[]), ..input };
    let decision = policy.evaluate(&input);
    assert_eq!((decision.enrolment, decision.decision), (Enrolment::InGrace, Outcome::StepUp));
}

#[test]
fn an_account_is_worth_its_weakest_accepted_factor() {
    let policy = shipped();
    let worth = |factors: &[FactorInput<'_>]| policy.evaluate(&row(factors, "2027-06-01")).strength;
    assert_eq!(worth(&[KEY, factor("passkey_sync")]), Some(Strength::PhishingResistant));
    assert_eq!(worth(&[KEY, TOTP, factor("passkey_sync")]), Some(Strength::Mfa));
    // What the tier does not accept nobody can sign in with.
    assert_eq!(worth(&[KEY, SMS]), Some(Strength::PrHardware));
    assert_eq!(worth(&[SMS]), None);
}

fn any_factor() -> impl Strategy<Value = FactorInput<'static>> {
    let bit = || proptest::option::weighted(0.9, any::<bool>());
    (
        proptest::option::weighted(0.95, 0..Method::ALL.len()),
        bit(),
        bit(),
        proptest::option::weighted(0.9, prop_oneof![9 => Just("active"), 1 => Just("revoked")]),
    )
        .prop_map(|(method, attested, number_matching, status)| FactorInput {
            method: method.map(|method| Method::ALL[method].as_str()),
            attested,
            number_matching,
            status,
            ..FactorInput::default()
        })
}

fn any_exception() -> impl Strategy<Value = ExceptionInput<'static>> {
    let at = || proptest::option::weighted(0.95, -200..400_i64);
    let approvers = prop_oneof![
        Just(None),
        Just(Some(&[][..])),
        Just(EXCEPTION.approvers),
        Just(Some(&[Some("manager:kim"), Some("manager:kim")][..])),
        Just(Some(&[Some("manager:kim"), None][..])),
    ];
    (any::<bool>(), at(), at(), at(), approvers).prop_map(|(listed, from, to, attested, approvers)| {
        let instant = |day: i64| micros("2026-11-01") + day * DAY;
        ExceptionInput {
            criterion: Some(if listed { "vendor_limit" } else { "because" }),
            starts_at: from.map(instant),
            expires_at: to.map(instant),
            attested_at: attested.map(instant),
            approvers,
            ..EXCEPTION
        }
    })
}

fn any_subject() -> impl Strategy<Value = Subject<'static>> {
    let day = || proptest::option::weighted(0.9, -300..300_i64);
    (
        prop::sample::select(&["workforce", "guest", "service", "break_glass"][..]),
        any::<bool>(),
        proptest::option::weighted(0.95, prop::sample::select(&["it", "finance", "sales"][..])),
        day(),
        day(),
    )
        .prop_map(|(population, privileged, department, created, started)| {
            let instant = |day: i64| micros("2026-11-01") + day * DAY;
            Subject {
                population: Some(population),
                privileged: Some(privileged),
                department,
                created_at: created.map(instant),
                fallback_started_at: started.map(instant),
                ..SAM
            }
        })
}

fn any_instant() -> impl Strategy<Value = i64> {
    (-100..400_i64, -1..=1_i64).prop_map(|(day, off)| micros("2026-11-01") + day * DAY + off)
}

/// How good an enrolment is.
fn rank(enrolment: Enrolment) -> u8 {
    match enrolment {
        Enrolment::Overdue => 0,
        Enrolment::Unknown => 1,
        Enrolment::InGrace => 2,
        Enrolment::Excepted => 3,
        Enrolment::Compliant | Enrolment::NotApplicable => 4,
    }
}

proptest! {
    #[test]
    fn order_does_not_matter(
        subject in any_subject(),
        factors in prop::collection::vec(any_factor(), 0..6),
        shuffled in Just(()).prop_perturb(|(), rng| rng),
        exceptions in prop::collection::vec(any_exception(), 0..4),
        as_of in any_instant(),
    ) {
        let policy = shipped();
        let mut rng = shuffled;
        let decide = |factors: &[FactorInput<'_>], exceptions: &[ExceptionInput<'_>]| {
            policy.evaluate(&Input {
                subject: Some(subject),
                factors: Some(factors),
                exceptions: Some(exceptions),
                as_of: Some(as_of),
                ..Input::default()
            })
        };
        let decision = decide(&factors, &exceptions);
        let (mut factors, mut exceptions) = (factors, exceptions);
        for last in (1..factors.len()).rev() {
            factors.swap(last, rng.random_range(0..=last));
        }
        exceptions.reverse();
        prop_assert_eq!(decide(&factors, &exceptions), decision);
    }

    #[test]
    fn another_accepted_factor_never_hurts(
        subject in any_subject(),
        factors in prop::collection::vec(any_factor(), 0..5),
        exceptions in prop::collection::vec(any_exception(), 0..3),
        as_of in any_instant(),
    ) {
        let policy = shipped();
        // With everything known, or the addition could make an answer unknown that was certainly bad.
        let known = |mut factor: FactorInput<'static>| {
            factor.method.get_or_insert("totp");
            factor.attested.get_or_insert(false);
            factor.status.get_or_insert("active");
            factor
        };
        let mut factors: Vec<_> = factors.into_iter().map(known).collect();
        let subject = Subject {
            fallback_started_at: subject.fallback_started_at.or(Some(0)),
            ..subject
        };
        let decide = |factors: &[FactorInput<'_>]| policy.evaluate(&Input {
            subject: Some(subject),
            factors: Some(factors),
            exceptions: Some(&exceptions),
            as_of: Some(as_of),
            ..Input::default()
        });
        let before = decide(&factors);
        for method in Method::from_mask(before.required_mask) {
            factors.push(factor(method.as_str()));
            let after = decide(&factors);
            prop_assert!(rank(after.enrolment) >= rank(before.enrolment));
            prop_assert!(after.would_decision <= before.would_decision);
            factors.pop();
        }
    }

    #[test]
    fn a_later_instant_never_lowers_the_stage(
        subject in any_subject(),
        factors in prop::collection::vec(any_factor(), 0..5),
        exceptions in prop::collection::vec(any_exception(), 0..3),
        one in any_instant(),
        other in any_instant(),
    ) {
        let policy = shipped();
        let stage = |as_of| policy.evaluate(&Input {
            subject: Some(subject),
            factors: Some(&factors),
            exceptions: Some(&exceptions),
            as_of: Some(as_of),
            ..Input::default()
        }).stage;
        prop_assert!(stage(one.min(other)) <= stage(one.max(other)));
    }

    #[test]
    fn unknown_is_never_allow(
        subject in any_subject(),
        factors in prop::collection::vec(any_factor(), 0..5),
        exceptions in prop::collection::vec(any_exception(), 0..3),
        as_of in any_instant(),
    ) {
        let policy = shipped();
        let decision = policy.evaluate(&Input {
            subject: Some(subject),
            factors: Some(&factors),
            exceptions: Some(&exceptions),
            as_of: Some(as_of),
            ..Input::default()
        });
        let missing = decision.reason_mask & Reason::MissingInput.bit() != 0;
        let undecided = decision.would_decision == Outcome::Indeterminate
            || decision.decision == Outcome::Indeterminate;
        prop_assert_eq!(missing, undecided);
        prop_assert_eq!(decision.enrolment == Enrolment::Unknown, decision.would_decision == Outcome::Indeterminate);
    }
}
