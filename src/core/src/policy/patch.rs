//! A policy changed by a JSON merge patch (RFC 7396).
//!
//! The patch is applied to the document as it is written, where sets are still names: what changes a set changes
//! everything that uses it.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::Policy;
use super::error::{Notation, Places, PolicyError};

/// Why a policy cannot be patched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatchError {
    /// The policy is not a valid document.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The patch is not an object, in TOML or JSON.
    #[error("{}", .0.of("patch"))]
    Patch(PolicyError),
    /// What comes out is not a valid policy.
    #[error("patched policy: {}{message}", place(.path, *.at))]
    Result {
        /// Where in the patched document.
        path: String,
        /// Line and column of that place, if it is in the patch.
        at: Option<(usize, usize)>,
        /// What is wrong.
        message: String,
    },
}

fn place(path: &str, at: Option<(usize, usize)>) -> String {
    match at {
        _ if path.is_empty() => String::new(),
        None => format!("{path}: "),
        Some((line, column)) => format!("{path} at line {line}, column {column} of the patch: "),
    }
}

impl Policy {
    /// A policy document with a JSON merge patch applied, as JSON with sorted keys. Both may be TOML or JSON.
    ///
    /// Members of the patch are set, `null` removes a member, and an array is replaced as a whole. TOML has no null.
    pub fn patch(policy: &str, patch: &str) -> Result<String, PatchError> {
        Self::parse(policy)?;
        let mut document = written(policy)?;
        merge(&mut document, written(patch).map_err(PatchError::Patch)?);
        document.sort_all_objects();
        let text = format!("{document:#}");
        match Self::parse(&text) {
            Ok(_) => Ok(text),
            Err(error) => {
                // Paths are the same in the patch; lines are not, and nobody has seen those of the result.
                let (patch, notation) = Notation::of(patch);
                let places = Places::new(patch, notation);
                let (path, offset) = places.nearest(&error.path);
                let at = (!path.is_empty()).then(|| PolicyError::line_and_column(patch, offset));
                Err(PatchError::Result { path: error.path, at, message: error.message })
            }
        }
    }
}

/// RFC 7396, section 2.
fn merge(target: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    if let Value::Object(target) = target {
        for (key, value) in patch {
            if value.is_null() {
                target.remove(&key);
            } else {
                merge(target.entry(key).or_insert(Value::Null), value);
            }
        }
    }
}

/// A document as it is written. Dates of TOML become strings, which is how JSON has them.
pub(super) fn written(text: &str) -> Result<Value, PolicyError> {
    let (text, notation) = Notation::of(text);
    match notation {
        Notation::Json => serde_json::from_str::<Unique>(text)
            .map(|Unique(value)| value)
            .map_err(|error| PolicyError::of_json(text, &error)),
        Notation::Toml => {
            let table: toml::Table = toml::from_str(text).map_err(|error| PolicyError::of_toml(text, &error))?;
            Ok(from_toml(toml::Value::Table(table)))
        }
    }
}

fn from_toml(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        // JSON has no infinity and no NaN; nor has anything a policy can hold, so a string is refused as well.
        toml::Value::Float(number) => {
            serde_json::Number::from_f64(number).map_or_else(|| number.to_string().into(), Value::Number)
        }
        toml::Value::Boolean(value) => value.into(),
        toml::Value::Datetime(instant) => instant.to_string().into(),
        toml::Value::Array(array) => array.into_iter().map(from_toml).collect(),
        toml::Value::Table(table) => table.into_iter().map(|(key, value)| (key, from_toml(value))).collect(),
    }
}

/// JSON whose objects have no member twice: of two, one would be lost in silence.
struct Unique(Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UniqueVisitor).map(Self)
    }
}

struct UniqueVisitor;

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(Unique(element)) = elements.next_element()? {
            array.push(element);
        }
        Ok(array.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            if object.contains_key(&key) {
                return Err(de::Error::custom(format!("duplicate field `{key}`")));
            }
            let Unique(value) = members.next_value()?;
            object.insert(key, value);
        }
        Ok(object.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::DEFAULT_POLICY;

    fn patched(patch: &str) -> Policy {
        Policy::parse(&Policy::patch(DEFAULT_POLICY, patch).unwrap()).unwrap()
    }

    fn error(patch: &str) -> String {
        Policy::patch(DEFAULT_POLICY, patch).unwrap_err().to_string()
    }

    #[test]
    fn merging_is_that_of_the_rfc() {
        // RFC 7396, appendix A.
        for (target, patch, result) in [
            (r#"{"a":"b"}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
            (r#"{"a":"b"}"#, r#"{"b":"c"}"#, r#"{"a":"b","b":"c"}"#),
            (r#"{"a":"b"}"#, r#"{"a":null}"#, "{}"),
            (r#"{"a":"b","b":"c"}"#, r#"{"a":null}"#, r#"{"b":"c"}"#),
            (r#"{"a":["b"]}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
            (r#"{"a":"c"}"#, r#"{"a":["b"]}"#, r#"{"a":["b"]}"#),
            (r#"{"a":{"b":"c"}}"#, r#"{"a":{"b":"d","c":null}}"#, r#"{"a":{"b":"d"}}"#),
            (r#"{"a":[{"b":"c"}]}"#, r#"{"a":[1]}"#, r#"{"a":[1]}"#),
            (r#"["a","b"]"#, r#"["c","d"]"#, r#"["c","d"]"#),
            (r#"{"a":"b"}"#, r#"["c"]"#, r#"["c"]"#),
            (r#"{"a":"foo"}"#, "null", "null"),
            (r#"{"a":"foo"}"#, r#""bar""#, r#""bar""#),
            (r#"{"e":null}"#, r#"{"a":1}"#, r#"{"e":null,"a":1}"#),
            ("[1,2]", r#"{"a":"b","c":null}"#, r#"{"a":"b"}"#),
            ("{}", r#"{"a":{"bb":{"ccc":null}}}"#, r#"{"a":{"bb":{}}}"#),
        ] {
            let value = |text: &str| serde_json::from_str::<Unique>(text).unwrap().0;
            let mut target = value(target);
            merge(&mut target, value(patch));
            assert_eq!(target, value(result), "{patch}");
        }
    }

    #[test]
    fn nothing_changes_nothing() {
        let shipped = Policy::parse(DEFAULT_POLICY).unwrap();
        for patch in ["{}", "", "# nothing", " \n{\n}\n", "\u{feff}{}", r#"{"rollout": {}, "no_such": null}"#] {
            assert_eq!(patched(patch), shipped, "{patch}");
        }
        let json = Policy::patch(DEFAULT_POLICY, "{}").unwrap();
        assert_eq!(Policy::patch(&json, "").unwrap(), json);
        assert!(json.starts_with("{\n  \"app\": [\n"), "{json}");
        assert!(json.contains("\"@phishing_resistant\""), "sets stay names");
        // From a canonical document too, where they do not.
        let canonical = Policy::patch(&shipped.canonical_json(), "{}").unwrap();
        assert_eq!(Policy::parse(&canonical).unwrap().hash(), shipped.hash());
    }

    #[test]
    fn a_set_changes_what_uses_it() {
        let before = patched("");
        let after = patched(r#"{"sets": {"strong": ["@phishing_resistant"]}}"#);
        let allow = |policy: &Policy| policy.tier[4].enrol.allow.clone().unwrap().mask();
        assert_ne!(allow(&before), allow(&after));
        assert_eq!(allow(&after), after.sets["phishing_resistant"].mask());
        assert_eq!(after, patched("sets.strong = [\"@phishing_resistant\"]"));
        assert_eq!(after, patched("[sets]\nstrong = \"@phishing_resistant\""));
    }

    #[test]
    fn members_are_set_removed_and_replaced() {
        let policy = patched("effective_from = 2027-01-01\n[exceptions]\nmax_duration = \"P30D\"");
        assert_eq!(policy.effective_from.micros(), crate::policy::value::micros("2027-01-01T00:00:00Z"));
        assert_eq!(policy.exceptions.unwrap().approvals, 2);
        assert_eq!(patched(r#"{"exceptions": null}"#).exceptions, None);
        let policy = patched(
            r#"{"tier": [{"id": "all", "enrol": {"allow": ["totp"]}}], "exceptions": {"never_for": null}, "stage": null}"#,
        );
        assert_eq!(policy.tier.len(), 1);
    }

    #[test]
    fn errors_say_whose_they_are_and_where() {
        for (patch, expected) in [
            ("{", "patch: at line 1, column 1: EOF while parsing an object"),
            ("[1]", "patched policy: 1 at line 1, column 1 of the patch: unknown field `1`"),
            ("nonsense", "patch: at line 1, column 9: "),
            ("{\"a\": 1,\n \"a\": 2}", "patch: a at line 2, column 2: duplicate field `a`"),
            ("{\"a\": {\"b\": 1, \"b\": 2}}", "patch: a.b at line 1, column 16: duplicate field `b`"),
            (
                r#"{"tier": [{"id": "all", "enrol": {"allow": ["totp"]}, "grace": "P1M"}]}"#,
                "patched policy: tier[0].grace at line 1, column 64 of the patch: `P1M` is not",
            ),
            (
                "[exceptions]\nmax_duration = 1",
                "patched policy: exceptions.max_duration at line 2, column 16 of the patch: invalid",
            ),
            (r#"{"id": null}"#, "patched policy: missing field `id`"),
            (r#"{"sets": {"strong": null}}"#, "patched policy: tier[4].enrol.allow: unknown set `@strong`"),
            (r#"{"app": []}"#, "patched policy: tier[4].fallback[0].not_for_app: no app is called `critical`"),
            (r#"{"x": 1}"#, "patched policy: x at line 1, column 7 of the patch: unknown field `x`"),
            (
                "[rollout.promote_when]\nsuccess_rate = nan",
                "patched policy: rollout.promote_when.success_rate at line 2, column 16 of the patch: ",
            ),
        ] {
            let error = error(patch);
            assert!(error.starts_with(expected), "{error}\n  lacks {expected}");
        }
        assert!(Policy::patch("x", "{}").unwrap_err().to_string().starts_with("policy: at line 1, column 2: "));
        let deep = format!("{{\"a\": {}", "[".repeat(100_000));
        assert!(error(&deep).starts_with("patch: "));
    }
}
