//! Laws: what must hold between the answers to two rows, or of two policies, whatever the answers are.

use mfa_core::model::{Method, Strength};
use mfa_core::policy::document::Match;
use mfa_core::policy::{Compiled, DEFAULT_POLICY, Decision, Enrolment, Outcome, Policy, Reason, Session};
use mfa_oracles::random::{Boundaries, Dice, Document, complete, policy_and_rows, rows_for};
use mfa_oracles::row::{Exception, Factor, Row};
use proptest::prelude::*;
use toml::{Table, Value};

use crate::config;

fn shipped() -> Document {
    Document::new(DEFAULT_POLICY.to_owned())
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

/// How hard a decision is. On those who are excluded from enforcement nothing is: what would hinder is `exempt`.
fn hardness(document: &Document, decision: &Decision<'_>) -> Option<Outcome> {
    let tier = document.policy().tier.iter().find(|tier| Some(tier.id.as_str()) == decision.tier);
    (!tier.is_some_and(|tier| tier.exclude_from_enforcement)).then_some(decision.would_decision)
}

/// How much stands in the way of a session.
fn trouble(session: Option<Session>) -> u8 {
    match session {
        None | Some(Session::Satisfied) => 0,
        Some(Session::StepUp) => 1,
        Some(Session::Unknown) => 2,
        Some(Session::Blocked) => 3,
    }
}

fn has(decision: &Decision<'_>, reason: Reason) -> bool {
    decision.reason_mask & reason.bit() != 0
}

fn conditions(policy: &Policy) -> impl Iterator<Item = &Match> {
    policy.app.iter().chain(&policy.step_up).chain(&policy.context).map(|rule| &rule.when)
}

/// Whether some condition can stop to hold when a signal is added.
fn resents_signals(when: &Match) -> bool {
    fn tests_signal(when: &Match) -> bool {
        when.signal.is_some()
            || when.any.iter().chain(&when.all).flatten().any(tests_signal)
            || when.not.as_deref().is_some_and(tests_signal)
    }
    when.not.as_deref().is_some_and(tests_signal) || when.any.iter().chain(&when.all).flatten().any(resents_signals)
}

fn array<'t>(table: &'t mut Table, key: &str) -> Option<&'t mut Vec<Value>> {
    table.get_mut(key)?.as_array_mut()
}

/// The same answer, but for the hash of a document that was written differently.
fn same<'p>(decision: Decision<'p>, as_in: &Decision<'p>) -> Decision<'p> {
    Decision { policy_hash: as_in.policy_hash, ..decision }
}

const EXCEPTION_REASONS: u32 = Reason::ExcExpired.bit()
    | Reason::ExcUnapproved.bit()
    | Reason::ExcAttestOverdue.bit()
    | Reason::ExcTooLong.bit()
    | Reason::ExcForbidden.bit();

proptest! {
    #![proptest_config(config(200))]

    /// Another factor never lowers the enrolment, nor makes the decision harder. With everything known: a fallback of
    /// which nobody knows the start makes a certain "no" a "perhaps".
    #[test]
    fn another_factor_never_hurts((document, rows) in policy_and_rows(4), seed in any::<u64>()) {
        let boundaries = Boundaries::of(document.policy());
        for row in rows {
            let mut row = complete(&row, seed, &boundaries);
            let before = document.evaluate(&row);
            for method in Method::ALL {
                let factor = Factor {
                    method: Some(method.as_str()),
                    attested: Some(true),
                    status: Some("active"),
                    ..Factor::default()
                };
                row.factors.as_mut().unwrap().push(factor);
                let after = document.evaluate(&row);
                prop_assert!(rank(after.enrolment) >= rank(before.enrolment), "{} {:#?}", method, row);
                prop_assert!(hardness(&document, &after) <= hardness(&document, &before), "{} {:#?}", method, row);
                prop_assert_eq!(after.session, before.session);
                row.factors.as_mut().unwrap().pop();
            }
        }
    }

    /// Another risk signal never relaxes the session, unless the document asks for its absence.
    #[test]
    fn another_signal_never_relaxes_the_session((document, rows) in policy_and_rows(6)) {
        prop_assume!(!conditions(document.policy()).any(resents_signals));
        for row in rows {
            let before = document.evaluate(&row);
            for signal in ["tor", "NEW_DEVICE"] {
                let mut row = row.clone();
                // A list that is not known has every signal already.
                let Some(signals) = row.context.as_mut().and_then(|context| context.signals.as_mut()) else { continue };
                signals.push(Some(signal));
                let after = document.evaluate(&row);
                // What was not known may become known, but not to be enough.
                if before.session == Some(Session::Unknown) {
                    prop_assert_ne!(after.session, Some(Session::Satisfied), "{:#?}", row);
                } else if after.session != Some(Session::Unknown) {
                    prop_assert!(trouble(after.session) >= trouble(before.session), "{:#?}", row);
                }
                if before.session == Some(Session::Blocked) {
                    prop_assert_eq!(after.session, before.session);
                }
                prop_assert!(after.required_strength >= before.required_strength);
                prop_assert!(before.max_age_micros.is_none_or(|max_age| after.max_age_micros.unwrap() <= max_age));
            }
        }
    }

    /// Another method used never makes a session worse, if it is certain to count.
    #[test]
    fn another_method_used_never_hurts((document, rows) in policy_and_rows(6), seed in any::<u64>()) {
        let boundaries = Boundaries::of(document.policy());
        for row in rows {
            let mut row = complete(&row, seed, &boundaries);
            let before = document.evaluate(&row);
            let Some(context) = &mut row.context else { continue };
            for method in Method::ALL {
                context.used_methods.as_mut().unwrap().push(Some(method.as_str()));
            }
            let after = document.evaluate(&row);
            prop_assert!(trouble(after.session) <= trouble(before.session), "{:#?}", row);
            prop_assert!(hardness(&document, &after) <= hardness(&document, &before), "{:#?}", row);
        }
    }

    /// Another rule never relaxes the session.
    #[test]
    fn another_rule_never_relaxes_the_session((document, rows) in policy_and_rows(6), seed in any::<u64>()) {
        let boundaries = Boundaries::of(document.policy());
        for section in ["step_up", "context"] {
            for index in 0..2 {
                let fewer = document.edited(|table| {
                    if let Some(rules) = array(table, section).filter(|rules| rules.len() > index) {
                        rules.remove(index);
                    }
                });
                for row in &rows {
                    let row = complete(row, seed, &boundaries);
                    let (with, without) = (document.evaluate(&row), fewer.evaluate(&row));
                    prop_assert!(trouble(with.session) >= trouble(without.session), "{:#?}", row);
                    prop_assert!(hardness(&document, &with) >= hardness(&document, &without), "{:#?}", row);
                    prop_assert_eq!(with.enrolment, without.enrolment);
                }
            }
        }
    }

    /// A rule said twice is said once.
    #[test]
    fn a_rule_said_twice_changes_nothing((document, rows) in policy_and_rows(6), index in any::<prop::sample::Index>()) {
        let mut again = None;
        let twice = document.edited(|table| {
            for section in ["step_up", "context"] {
                if let Some(rules) = array(table, section).filter(|rules| !rules.is_empty()) {
                    let mut rule = index.get(rules).clone();
                    // Of two rules that bind the smaller name is told.
                    rule.as_table_mut().unwrap().insert("id".into(), "zz".into());
                    again = Some(section);
                    rules.push(rule);
                    break;
                }
            }
        });
        prop_assume!(again.is_some());
        for row in &rows {
            let once = document.evaluate(row);
            prop_assert_eq!(same(twice.evaluate(row), &once), once, "{:#?}", row);
        }
    }

    /// Of somebody who does not comply, a later instant never lowers the stage.
    #[test]
    fn a_later_instant_never_lowers_the_stage((document, rows) in policy_and_rows(6), seed in any::<u64>()) {
        let boundaries = Boundaries::of(document.policy());
        let mut dice = Dice(seed);
        for mut row in rows {
            let mut instants: Vec<_> = (0..6).map(|_| dice.instant(&boundaries, row.as_of)).collect();
            instants.sort_unstable();
            let mut stage = None;
            for as_of in instants {
                row.as_of = Some(as_of);
                let decision = document.evaluate(&row);
                if !matches!(decision.enrolment, Enrolment::Compliant | Enrolment::NotApplicable) {
                    prop_assert!(decision.stage >= stage, "{:#?}", row);
                    stage = decision.stage;
                }
            }
        }
    }

    /// An expired exception is none, apart from reasons.
    #[test]
    fn an_expired_exception_is_none((document, rows) in policy_and_rows(6), ago in 0..3_i64) {
        for row in rows {
            let Some(as_of) = row.as_of else { continue };
            let mut expired = row.clone();
            let exceptions = expired.exceptions.get_or_insert_with(|| vec![Exception::default()]);
            exceptions.iter_mut().for_each(|exception| exception.expires_at = Some(as_of.saturating_sub(ago)));
            let none = Row { exceptions: Some(Vec::new()), ..row };
            let (with, without) = (document.evaluate(&expired), document.evaluate(&none));
            prop_assert_eq!(with.reason_mask & !EXCEPTION_REASONS, without.reason_mask, "{:#?}", expired);
            prop_assert_eq!(Decision { reason_mask: without.reason_mask, ..with }, without, "{:#?}", expired);
        }
    }

    /// An exception, whatever it is, only ever relaxes.
    #[test]
    fn an_exception_only_relaxes((document, rows) in policy_and_rows(6), seed in any::<u64>()) {
        let boundaries = Boundaries::of(document.policy());
        for row in rows {
            let row = complete(&row, seed, &boundaries);
            let none = Row { exceptions: Some(Vec::new()), ..row.clone() };
            let (with, without) = (document.evaluate(&row), document.evaluate(&none));
            prop_assert!(hardness(&document, &with) <= hardness(&document, &without), "{:#?}", row);
            prop_assert!(rank(with.enrolment) >= rank(without.enrolment), "{:#?}", row);
            prop_assert_eq!(with.session, without.session);
        }
    }

    /// Nothing about the enrolment lets a session pass that is not satisfied: neither grace nor an exception, unless it
    /// names the session, and never a block.
    #[test]
    fn the_session_is_not_relaxed_by_the_enrolment((document, rows) in policy_and_rows(8)) {
        for row in rows {
            let mut exceptions = row.exceptions.iter().flatten();
            let names_session = |exception: &Exception<'_>| {
                exception.scope.is_some_and(|scope| scope.eq_ignore_ascii_case("session"))
            };
            let relaxed = exceptions.any(names_session);
            let decision = document.evaluate(&row);
            if decision.would_decision == Outcome::Exempt {
                continue;
            }
            match decision.session {
                Some(Session::Blocked) => prop_assert_eq!(decision.would_decision, Outcome::Block, "{:#?}", row),
                Some(Session::Unknown) if !relaxed => {
                    prop_assert!(decision.would_decision >= Outcome::Indeterminate, "{:#?}", row);
                }
                Some(Session::StepUp) if !relaxed => {
                    prop_assert!(decision.would_decision >= Outcome::StepUp, "{:#?}", row);
                }
                _ => {}
            }
        }
    }

    /// Report-only is what enforcement would do: the same policy, enforced long ago, decides what was only reported,
    /// for accounts so young that their time begins with themselves.
    #[test]
    fn report_only_would_decide_what_enforcement_does((document, rows) in policy_and_rows(6), later in 0..3_i64) {
        let enforced = document.edited(|table| {
            let long_ago = Value::String("1969-12-01".into());
            table.insert("effective_from".into(), long_ago.clone());
            if let Some(rollout) = table.get_mut("rollout").and_then(Value::as_table_mut) {
                rollout.insert("default_mode".into(), "enforce".into());
                for wave in array(rollout, "wave").into_iter().flatten() {
                    wave.as_table_mut().unwrap().insert("enforce_from".into(), long_ago.clone());
                }
            }
        });
        let boundaries = Boundaries::of(document.policy());
        let last = *boundaries.instants.last().unwrap();
        for mut row in rows {
            let (Some(subject), Some(0..)) = (&mut row.subject, row.as_of) else { continue };
            subject.created_at = Some(last + later);
            let (reported, real) = (document.evaluate(&row), enforced.evaluate(&row));
            // Who is in which wave is known to both or to neither.
            prop_assert_eq!(reported.wave, real.wave);
            let pre = Reason::PreCutover.bit();
            let unreported = Decision { decision: real.decision, reason_mask: reported.reason_mask & !pre, ..reported };
            prop_assert_eq!(same(unreported, &real), real, "{:#?}", row);
            if real.decision != Outcome::Indeterminate || has(&reported, Reason::MissingInput) {
                prop_assert!(matches!(reported.decision, Outcome::ReportOnly) || reported.decision == real.decision);
            }
            if real.wave.is_some() {
                prop_assert_eq!(real.decision, reported.would_decision);
            }
        }
    }

    /// The mode of those in no wave changes the decision and nothing else.
    #[test]
    fn the_default_mode_changes_only_the_decision((document, rows) in policy_and_rows(6)) {
        let with = |mode: &str| document.edited(|table| {
            if let Some(rollout) = table.get_mut("rollout").and_then(Value::as_table_mut) {
                rollout.insert("default_mode".into(), mode.into());
            }
        });
        let (reports, enforces) = (with("report_only"), with("enforce"));
        for row in rows {
            let (report, real) = (reports.evaluate(&row), enforces.evaluate(&row));
            prop_assert_eq!(same(Decision { decision: real.decision, ..report }, &real), real);
            if report.decision != real.decision {
                prop_assert_eq!(report.decision, Outcome::ReportOnly);
                prop_assert_eq!(real.decision, real.would_decision);
            }
        }
    }

    /// Order changes nothing, except where the first match holds: tiers, waves and the classes of applications.
    #[test]
    fn the_order_of_a_document_does_not_matter((document, rows) in policy_and_rows(6), seed in any::<u64>()) {
        fn shuffle(value: &mut Value, dice: &mut Dice) {
            match value {
                Value::Array(all) => {
                    dice.shuffle(all);
                    all.iter_mut().for_each(|value| shuffle(value, dice));
                }
                Value::Table(table) => table.iter_mut().for_each(|(_, value)| shuffle(value, dice)),
                _ => {}
            }
        }
        let mut dice = Dice(seed);
        let uses_classes = document.policy().tier.iter().flat_map(|tier| &tier.fallback).any(|f| !f.not_for_app.is_empty())
            || document.policy().stage.iter().any(|stage| !stage.allow_apps.is_empty());
        let shuffled = document.edited(|table| {
            for (key, value) in table.iter_mut() {
                match key.as_str() {
                    "app" if uses_classes => {}
                    "tier" => {
                        value.as_array_mut().unwrap().iter_mut().for_each(|tier| shuffle(tier, &mut dice));
                    }
                    "rollout" => {
                        let waves = array(value.as_table_mut().unwrap(), "wave");
                        waves.into_iter().flatten().for_each(|wave| shuffle(wave, &mut dice));
                    }
                    _ => shuffle(value, &mut dice),
                }
            }
        });
        for row in &rows {
            let decision = document.evaluate(row);
            prop_assert_eq!(same(shuffled.evaluate(row), &decision), decision, "{:#?}\n{:?}", row, shuffled);
        }
    }

    /// Order within a row changes nothing.
    #[test]
    fn the_order_of_a_row_does_not_matter((document, rows) in policy_and_rows(6), seed in any::<u64>()) {
        let mut dice = Dice(seed);
        for row in rows {
            let mut shuffled = row.clone();
            shuffled.factors.iter_mut().for_each(|list| dice.shuffle(list));
            if let Some(exceptions) = &mut shuffled.exceptions {
                dice.shuffle(exceptions);
                exceptions.iter_mut().filter_map(|e| e.approvers.as_mut()).for_each(|list| dice.shuffle(list));
            }
            shuffled.subject.iter_mut().filter_map(|s| s.roles.as_mut()).for_each(|list| dice.shuffle(list));
            if let Some(context) = &mut shuffled.context {
                context.signals.iter_mut().for_each(|list| dice.shuffle(list));
                context.used_methods.iter_mut().for_each(|list| dice.shuffle(list));
            }
            prop_assert_eq!(document.evaluate(&shuffled), document.evaluate(&row), "{:#?}", row);
        }
    }

    /// Letter case changes nothing in words that people write. Methods are canonical names and exact.
    #[test]
    fn letter_case_does_not_matter((document, rows) in policy_and_rows(6)) {
        fn louder(word: &mut Option<&'static str>) {
            *word = word.map(|word| &*word.to_ascii_uppercase().leak());
        }
        for row in rows {
            let mut loud = row.clone();
            if let Some(subject) = &mut loud.subject {
                [&mut subject.id, &mut subject.population, &mut subject.department, &mut subject.region].into_iter().for_each(louder);
                subject.roles.iter_mut().flatten().for_each(louder);
            }
            loud.factors.iter_mut().flatten().for_each(|factor| louder(&mut factor.status));
            loud.app.iter_mut().for_each(|app| [&mut app.id, &mut app.sensitivity].into_iter().for_each(louder));
            if let Some(context) = &mut loud.context {
                [&mut context.protocol, &mut context.transaction].into_iter().for_each(louder);
                context.signals.iter_mut().flatten().for_each(louder);
            }
            for exception in loud.exceptions.iter_mut().flatten() {
                [&mut exception.criterion, &mut exception.scope].into_iter().for_each(louder);
                exception.approvers.iter_mut().flatten().for_each(louder);
            }
            prop_assert_eq!(document.evaluate(&loud), document.evaluate(&row), "{:#?}", row);
        }
    }

    /// What is decided with values missing stays decided when they come to light.
    #[test]
    fn a_missing_value_never_overturns_an_answer((document, rows) in policy_and_rows(8), seed in any::<u64>()) {
        let boundaries = Boundaries::of(document.policy());
        for row in rows {
            let whole = complete(&row, seed, &boundaries);
            let (partial, full) = (document.evaluate(&row), document.evaluate(&whole));
            for (before, after) in [(partial.tier, full.tier), (partial.wave, full.wave)] {
                prop_assert!(before.is_none() || before == after, "{:#?}", row);
            }
            // An exception lets in whatever there is; it may turn out not to have been needed.
            let enrolments = (partial.enrolment, full.enrolment);
            let settled = matches!(
                enrolments,
                (Enrolment::Unknown, _) | (Enrolment::Excepted, Enrolment::Compliant)
            );
            prop_assert!(settled || enrolments.0 == enrolments.1, "{:#?}", row);
            // The protocols of a tier that is not known are not known either; the tier is then what is missing.
            let known = !matches!(partial.session, Some(Session::Unknown)) && partial.tier.is_some();
            prop_assert!(!known || partial.session == full.session, "{:#?}\n{:#?}", row, whole);
            let (before, after) = (partial.would_decision, full.would_decision);
            let needless = before == Outcome::AllowException && after <= Outcome::AllowException;
            // A block stands, although the tier that nobody knows may be one that nothing is enforced on.
            let blocked = before == Outcome::Block && partial.tier.is_none();
            prop_assert!(
                before == after || before == Outcome::Indeterminate || needless || blocked,
                "{:#?}\n{:#?}\n{:?}\n{:?}", row, whole, partial, full
            );
            let reported = Outcome::ReportOnly;
            if partial.decision != Outcome::Indeterminate {
                prop_assert_eq!(partial.decision == reported, full.decision == reported, "{:#?}", row);
            }
            let missing = [partial.would_decision, partial.decision].contains(&Outcome::Indeterminate);
            prop_assert!(!missing || has(&partial, Reason::MissingInput), "{:#?}", row);
        }
    }

    /// A document, its canonical JSON, and what that says again, are one policy.
    #[test]
    fn canonical_json_is_the_same_policy((document, rows) in policy_and_rows(6)) {
        let json = document.policy().canonical_json();
        let again = Compiled::parse(&json).unwrap();
        prop_assert_eq!(again.policy(), document.policy());
        prop_assert_eq!((again.hash(), document.compiled.hash()), (document.hash.as_str(), document.hash.as_str()));
        prop_assert_eq!(again.policy().canonical_json(), json);
        let commented = format!("# a comment\n{}", document.text.replace("\n[", "\n\n# another\n["));
        prop_assert_eq!(Policy::parse(&commented).unwrap().hash(), document.hash.as_str());
        for row in &rows {
            prop_assert_eq!(row.with_input(|input| again.evaluate(input)), document.evaluate(row));
        }
    }

    /// Between two instants at which something begins or ends nothing changes.
    #[test]
    fn answers_change_only_at_instants_of_the_document_or_the_row((document, rows) in policy_and_rows(4)) {
        let policy = document.policy();
        let boundaries = Boundaries::of(policy);
        for row in rows {
            let mut own: Vec<i64> = boundaries.instants.clone();
            let mut with_spans = |at: Option<i64>| {
                own.extend(at.iter().flat_map(|at| boundaries.spans.iter().map(|span| at.saturating_add(*span))));
            };
            let subject = row.subject.clone().unwrap_or_default();
            with_spans(subject.created_at);
            with_spans(subject.fallback_started_at);
            with_spans(row.context.as_ref().and_then(|context| context.mfa_at));
            for factor in row.factors.iter().flatten() {
                with_spans(factor.enrolled_at);
                with_spans(factor.last_used_at);
            }
            for exception in row.exceptions.iter().flatten() {
                with_spans(exception.starts_at);
                with_spans(exception.expires_at);
                with_spans(exception.attested_at);
            }
            for stage in &policy.stage {
                for tier in &policy.tier {
                    own.extend(subject.created_at.into_iter().flat_map(|at| {
                        [0, tier.grace.micros()].map(|grace| at.saturating_add(grace).saturating_add(stage.from.offset))
                    }));
                }
            }
            own.sort_unstable();
            own.dedup();
            let at = |as_of: i64| document.evaluate(&Row { as_of: Some(as_of), ..row.clone() });
            for pair in own.windows(2).filter(|pair| pair[1] - pair[0].max(-i64::MAX / 2) > 2) {
                prop_assert_eq!(at(pair[0] + 1), at(pair[1] - 1), "{:?} {:#?}", pair, row);
            }
        }
    }
}

/// Whether the session's MFA, done this instant, is all that a critical application asks for.
fn has_mfa_now(row: &Row<'_>) -> bool {
    let Some(context) = &row.context else { return false };
    let attested = context.federation_attested == Some(true);
    let strong = context.used_methods.iter().flatten().flatten().filter_map(|name| Method::parse(name)).any(|method| {
        let claimed = context.federated == Some(true) || matches!(method, Method::FedMfa | Method::FedSf);
        method.strength() >= Strength::Mfa && (attested || !claimed)
    });
    strong && context.mfa_at.is_some() && context.mfa_at == row.as_of
}

proptest! {
    #![proptest_config(config(2000))]

    /// Whatever the state of grace and exceptions, nobody enters a critical application without MFA.
    #[test]
    fn no_mfa_no_critical_application(rows in rows_for(shipped().policy(), 8)) {
        let document = shipped();
        for mut row in rows {
            let app = row.app.get_or_insert_default();
            app.sensitivity = Some("critical");
            for exception in row.exceptions.iter_mut().flatten() {
                exception.scope = exception.scope.filter(|scope| !scope.eq_ignore_ascii_case("session"));
            }
            let decision = document.evaluate(&row);
            if !has_mfa_now(&row) {
                for outcome in [decision.decision, decision.would_decision] {
                    prop_assert!(
                        !matches!(outcome, Outcome::Allow | Outcome::AllowRemind | Outcome::AllowException),
                        "{:#?}", row
                    );
                }
            }
        }
    }
}
