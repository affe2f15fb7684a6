//! Random policies and rows: the evaluator says what Cedar says.

use mfa_core::policy::{Enrolment, Outcome, Session};
use mfa_oracles::Row;
use mfa_oracles::cedar::{Answer, Facts, Translation};
use mfa_oracles::random::{Boundaries, complete, policy_and_rows};
use proptest::prelude::*;

use crate::config;

proptest! {
    #![proptest_config(config(250))]

    #[test]
    fn the_evaluator_agrees_with_cedar((document, rows) in policy_and_rows(24), seed in any::<u64>()) {
        let translation = Translation::new(document.policy());
        let boundaries = Boundaries::of(document.policy());
        for row in rows {
            let row = Row {
                app: row.app.or_else(|| Some(Default::default())),
                exceptions: Some(Vec::new()),
                ..row
            };
            let row = complete(&row, seed, &boundaries);
            // What is left out are instants at the ends of time.
            let Some(facts) = Facts::of(&row) else { continue };
            let decision = document.evaluate(&row);
            let answer = Answer {
                enrolment: decision.enrolment,
                session: decision.session.unwrap_or(Session::Unknown),
                enforced: decision.decision != Outcome::ReportOnly,
            };
            prop_assert_eq!(answer, translation.decide(&facts), "{:#?}", row);
            prop_assert_ne!(answer.enrolment, Enrolment::Unknown);
        }
    }
}
