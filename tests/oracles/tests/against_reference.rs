//! Random policies and rows: the evaluator says what the naive interpreter says.

use std::collections::HashSet;
use std::fmt::Write as _;

use mfa_core::policy::{Compiled, Evaluator};
use mfa_oracles::random::{Boundaries, Dice, Document, policy_and_rows};
use mfa_oracles::row::{Context, Factor, Row, Subject, with_inputs};
use proptest::prelude::*;

use crate::{all_texts, config, texts};

proptest! {
    #![proptest_config(config(2000))]

    /// Each row also at other instants, where its answers change, and by an evaluator that remembers the rows before.
    #[test]
    fn the_evaluator_agrees_with_the_reference((document, rows) in policy_and_rows(6), seed in any::<u64>()) {
        let boundaries = Boundaries::of(document.policy());
        let mut evaluator = Evaluator::new(Compiled::parse(&document.text).unwrap());
        let mut dice = Dice(seed);
        let (mut together, mut all_expected) = (Vec::new(), Vec::new());
        for mut row in rows {
            for _ in 0..8 {
                let expected = document.reference(&row);
                prop_assert_eq!(document.evaluate(&row), expected, "{:#?}", row);
                let remembered = row.with_input(|input| texts(evaluator.evaluate(input)) == expected);
                prop_assert!(remembered, "{:#?}", row);
                together.push(row.clone());
                all_expected.push(expected);
                row.as_of = Some(dice.instant(&boundaries, row.as_of));
            }
        }
        with_inputs(&together, &mut |inputs| assert_eq!(all_texts(evaluator.evaluate_all(inputs)), all_expected));
    }
}

/// Words of many lengths, some of which differ little, and some not at all but for letter case.
fn vocabulary() -> Vec<String> {
    let mut words = vec![String::new(), "ü".into(), "Ü".into(), "@".into(), "`".into()];
    for length in 1..=18 {
        for end in ["a", "B", "b"] {
            words.push(format!("{}{end}", "x".repeat(length - 1)));
        }
        words.push(format!("a{}", "x".repeat(length - 1)));
    }
    // Alike at both ends.
    words.extend(["a", "B", "b"].map(|middle| format!("xxxxx{middle}xxxxxxxxx")));
    words
}

/// More tests than a machine word has bits, and more different rows than are remembered.
#[test]
fn many_words_and_many_kinds_of_rows() {
    let words = vocabulary();
    let mut dice = Dice(1);
    let mut text = String::from("schema = 'mfa-policy/1'\nid = 'wide'\nversion = '1'\neffective_from = 2026-01-01\n");
    let mut list = |attribute: &str, count: usize| {
        let list: Vec<_> = (0..count).map(|_| format!("'{}'", words[dice.below(words.len())])).collect();
        format!("{attribute} = [{}]", list.join(", "))
    };
    for tier in 0..40 {
        let (population, role) = (list("population", 4), list("role", 2));
        let (department, region) = (list("department", 9), list("region", 9));
        let _ = write!(
            text,
            "[[tier]]\nid = 't{tier}'\nmatch = {{ {population}, any = [{{ {role} }}, {{ {department}, {region} }}] }}\n\
             enrol = {{ allow = 'totp' }}\n"
        );
    }
    text += "[[tier]]\nid = 'rest'\nenrol = { allow = 'totp', min_factors = 0 }\n";
    for rule in 0..60 {
        let signal = list("signal", 2);
        let strength = ["single", "mfa", "phishing_resistant", "pr_hardware"][rule % 4];
        let _ = write!(
            text,
            "[[context]]\nid = 'c{rule}'\nmatch = {{ {signal} }}\nrequire = {{ strength = '{strength}' }}\n"
        );
    }
    let document = Document::new(text);
    let mut evaluator = Evaluator::new(Compiled::parse(&document.text).unwrap());
    let mut kinds = HashSet::new();
    let words: &'static [String] = words.leak();
    let mut word = |nulls: usize| match dice.below(nulls) {
        0 => None,
        _ => Some(words[dice.below(words.len())].as_str()),
    };
    let (mut together, mut all_expected) = (Vec::new(), Vec::new());
    for turn in 0..9_000 {
        let mut row = Row {
            subject: Some(Subject {
                population: word(200),
                department: word(50),
                region: word(50),
                roles: Some(vec![word(50), word(50)]),
                created_at: Some(0),
                ..Subject::default()
            }),
            factors: Some(vec![Factor { method: Some("totp"), status: Some("active"), ..Factor::default() }]),
            context: Some(Context {
                signals: Some((0..turn % 6).map(|_| word(100)).collect()),
                used_methods: Some(vec![Some(["totp", "passkey_sync", "fido2_key"][turn % 3])]),
                ..Context::default()
            }),
            exceptions: Some(Vec::new()),
            as_of: Some(2_000_000_000_000_000),
            ..Row::default()
        };
        if turn % 100 == 0 {
            row.context.as_mut().unwrap().signals = None;
        }
        let expected = document.reference(&row);
        assert_eq!(document.evaluate(&row), expected, "{row:#?}");
        row.with_input(|input| assert_eq!(texts(evaluator.evaluate(input)), expected, "{row:#?}"));
        kinds.insert((expected.tier, expected.session, expected.required_strength, expected.matched_rule_id));
        together.push(row);
        all_expected.push(expected);
        if together.len() == 40 {
            with_inputs(&together, &mut |inputs| assert_eq!(all_texts(evaluator.evaluate_all(inputs)), all_expected));
            together.clear();
            all_expected.clear();
        }
    }
    assert!(kinds.len() > 100, "{} kinds of rows", kinds.len());
}
