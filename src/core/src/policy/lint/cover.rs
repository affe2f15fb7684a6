//! Whether one condition covers another: whoever matches the one matches the other.
//!
//! The answer is yes only where the structure of the two shows it, for complete and for missing values alike: a value
//! that makes the covered condition true or unknown makes the covering one at least that.

use crate::policy::document::Match;
use crate::policy::value::Names;

/// The tests of one attribute, by field.
pub(super) fn attributes(when: &Match) -> [(&'static str, &Option<Names>); 9] {
    [
        ("population", &when.population),
        ("role", &when.role),
        ("department", &when.department),
        ("region", &when.region),
        ("app", &when.app),
        ("sensitivity", &when.sensitivity),
        ("signal", &when.signal),
        ("protocol", &when.protocol),
        ("transaction", &when.transaction),
    ]
}

fn attribute_mut<'m>(when: &'m mut Match, field: &str) -> Option<&'m mut Option<Names>> {
    Some(match field {
        "population" => &mut when.population,
        "role" => &mut when.role,
        "department" => &mut when.department,
        "region" => &mut when.region,
        "app" => &mut when.app,
        "sensitivity" => &mut when.sensitivity,
        "signal" => &mut when.signal,
        "protocol" => &mut when.protocol,
        "transaction" => &mut when.transaction,
        _ => return None,
    })
}

/// One of the parts of a condition that must all hold.
#[derive(Clone, Copy)]
enum Part<'m> {
    Is(&'static str, &'m Names),
    Privileged(bool),
    Any(&'m [Match]),
    Not(&'m Match),
}

fn parts(when: &Match) -> Vec<Part<'_>> {
    let is = attributes(when).into_iter().filter_map(|(field, names)| Some(Part::Is(field, names.as_ref()?)));
    let mut parts: Vec<_> = is.collect();
    parts.extend(when.privileged.map(Part::Privileged));
    parts.extend(when.any.as_deref().map(Part::Any));
    parts.extend(when.not.as_deref().map(Part::Not));
    parts.extend(when.all.iter().flatten().flat_map(self::parts));
    parts
}

/// Steps left of a proof. Conditions within conditions can make one endless.
struct Fuel(u32);

impl Fuel {
    /// Whether a condition follows from parts that all hold.
    fn follows(&mut self, wide: &Match, narrow: &[Part<'_>]) -> bool {
        parts(wide).into_iter().all(|wide| self.part_follows(wide, narrow))
    }

    fn part_follows(&mut self, wide: Part<'_>, narrow: &[Part<'_>]) -> bool {
        narrow.iter().any(|narrow| self.implies(*narrow, wide))
            || matches!(wide, Part::Any(operands) if operands.iter().any(|operand| self.follows(operand, narrow)))
    }

    fn implies(&mut self, narrow: Part<'_>, wide: Part<'_>) -> bool {
        let Some(left) = self.0.checked_sub(1) else { return false };
        self.0 = left;
        match (narrow, wide) {
            (Part::Is(field, few), Part::Is(of, many)) => field == of && few.iter().all(|word| many.contains(word)),
            (Part::Privileged(one), Part::Privileged(other)) => one == other,
            (Part::Not(narrow), Part::Not(wide)) => self.follows(narrow, &parts(wide)),
            (Part::Any(narrow), wide) => narrow.iter().all(|operand| self.part_follows(wide, &parts(operand))),
            _ => false,
        }
    }
}

/// Whether whoever matches `narrow` matches `wide`. `false` is also the answer where it is not obvious.
pub(super) fn covers(wide: &Match, narrow: &Match) -> bool {
    Fuel(10_000).follows(wide, &parts(narrow))
}

/// The condition that leaves nothing to `when`: one that covers it, or the last of several that share its values among
/// them.
pub(super) fn covered(earlier: &[&Match], when: &Match) -> Option<usize> {
    let by = |when: &Match| earlier.iter().position(|wide| covers(wide, when));
    if let Some(index) = by(when) {
        return Some(index);
    }
    attributes(when).into_iter().find_map(|(field, names)| {
        let names = names.as_ref().filter(|names| names.iter().count() > 1)?;
        let covering = names.iter().map(|word| {
            let mut one = when.clone();
            *attribute_mut(&mut one, field)? = Some(Names::one(word));
            by(&one)
        });
        covering.collect::<Option<Vec<_>>>()?.into_iter().max()
    })
}

/// Whether a condition holds for everyone.
pub(super) fn is_everyone(when: &Match) -> bool {
    covers(when, &Match::default())
}

/// Whether a condition holds for nobody.
pub(super) fn is_nobody(when: &Match) -> bool {
    parts(when).into_iter().any(|part| match part {
        Part::Is(_, names) => names.is_empty(),
        Part::Any(operands) => operands.iter().all(is_nobody),
        Part::Privileged(_) | Part::Not(_) => false,
    })
}

/// Whether nobody matches both, because they want different values of what a subject has one of.
pub(super) fn disjoint(one: &Match, other: &Match) -> bool {
    let others = parts(other);
    parts(one).into_iter().any(|one| {
        others.iter().any(|other| match (one, other) {
            (Part::Is(field, words), Part::Is(of, others)) => {
                field == *of && !matches!(field, "role" | "signal") && !words.iter().any(|word| others.contains(word))
            }
            (Part::Privileged(one), Part::Privileged(other)) => one != *other,
            _ => false,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition(json: &str) -> Match {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn covering_is_shown_by_structure() {
        for (wide, narrow, expected) in [
            ("{}", "{}", true),
            ("{}", r#"{"role": "a"}"#, true),
            (r#"{"all": []}"#, "{}", true),
            (r#"{"any": [{}]}"#, "{}", true),
            (r#"{"role": "a"}"#, "{}", false),
            (r#"{"role": ["a", "b"]}"#, r#"{"role": ["B"]}"#, true),
            (r#"{"role": ["b"]}"#, r#"{"role": ["a", "b"]}"#, false),
            (r#"{"role": "a"}"#, r#"{"role": "a", "region": "x"}"#, true),
            (r#"{"role": "a", "region": "x"}"#, r#"{"role": "a"}"#, false),
            (r#"{"role": "a"}"#, r#"{"department": "a"}"#, false),
            (r#"{"privileged": true}"#, r#"{"privileged": true, "role": "a"}"#, true),
            (r#"{"privileged": true}"#, r#"{"privileged": false}"#, false),
            (r#"{"any": [{"privileged": true}, {"role": "a"}]}"#, r#"{"role": "a"}"#, true),
            (r#"{"any": [{"privileged": true, "region": "x"}]}"#, r#"{"privileged": true, "region": "x"}"#, true),
            (r#"{"any": [{"privileged": true}, {"role": "a"}]}"#, r#"{"any": [{"role": "a"}]}"#, true),
            (r#"{"role": ["a", "b"]}"#, r#"{"any": [{"role": "a"}, {"role": "b", "region": "x"}]}"#, true),
            (r#"{"role": ["a"]}"#, r#"{"any": [{"role": "a"}, {"role": "b"}]}"#, false),
            (r#"{"all": [{"role": "a"}, {"region": "x"}]}"#, r#"{"region": "x", "role": "a"}"#, true),
            (r#"{"not": {"role": "a"}}"#, r#"{"not": {"role": ["a", "b"]}}"#, true),
            (r#"{"not": {"role": ["a", "b"]}}"#, r#"{"not": {"role": "a"}}"#, false),
        ] {
            assert_eq!(covers(&condition(wide), &condition(narrow)), expected, "{wide} over {narrow}");
        }
    }

    #[test]
    fn several_cover_together() {
        let narrow = condition(r#"{"role": ["a", "b"], "region": "x"}"#);
        let (a, b, c) = (condition(r#"{"role": "a"}"#), condition(r#"{"role": "b"}"#), condition(r#"{"role": "c"}"#));
        assert_eq!(covered(&[&c, &a, &b], &narrow), Some(2));
        assert_eq!(covered(&[&a, &c], &narrow), None);
        assert_eq!(covered(&[], &narrow), None);
    }

    #[test]
    fn nobody_and_both() {
        assert!(is_nobody(&condition(r#"{"role": []}"#)));
        assert!(is_nobody(&condition(r#"{"any": [{"role": []}, {"any": []}]}"#)));
        assert!(!is_nobody(&condition(r#"{"any": [{"role": []}, {}]}"#)));
        assert!(!is_nobody(&condition(r#"{"not": {"role": []}}"#)));
        let apart = |one: &str, other: &str| disjoint(&condition(one), &condition(other));
        assert!(apart(r#"{"region": "x"}"#, r#"{"region": ["y", "z"]}"#));
        assert!(!apart(r#"{"region": "x"}"#, r#"{"region": ["x", "z"]}"#));
        assert!(!apart(r#"{"role": "x"}"#, r#"{"role": "y"}"#), "a subject has several roles");
        assert!(apart(r#"{"privileged": true}"#, r#"{"privileged": false, "region": "x"}"#));
    }

    #[test]
    fn deep_conditions_end() {
        let nest = |depth: usize, inner: &str| {
            let mut text = inner.to_owned();
            for _ in 0..depth {
                text = format!(r#"{{"any": [{text}, {{"role": "z"}}], "not": {{"any": [{{"region": "y"}}]}}}}"#);
            }
            text
        };
        let (one, other) = (condition(&nest(40, r#"{"role": "a"}"#)), condition(&nest(41, r#"{"role": "b"}"#)));
        assert!(!covers(&one, &other));
    }
}
