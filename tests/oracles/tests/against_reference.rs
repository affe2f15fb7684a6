//! Random policies and rows: the evaluator says what the naive interpreter says.

use mfa_oracles::random::policy_and_rows;
use proptest::prelude::*;

use crate::config;

proptest! {
    #![proptest_config(config(1500))]

    #[test]
    fn the_evaluator_agrees_with_the_reference((document, rows) in policy_and_rows(12)) {
        for row in rows {
            prop_assert_eq!(document.evaluate(&row), document.reference(&row), "{:#?}", row);
        }
    }
}
