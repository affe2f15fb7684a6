//! The canonical form of a policy: the same text for every document that says the same.

use std::fmt::Write as _;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::Policy;

impl Policy {
    /// Canonical JSON: no blanks, keys sorted, sets expanded, instants in UTC, durations normalised, defaults left out.
    ///
    /// It is a policy document too, with the same canonical form.
    pub fn canonical_json(&self) -> String {
        let mut json = String::new();
        // Only instants can refuse, and parsing has put every instant in range.
        write(&serde_json::to_value(self).unwrap_or_default(), &mut json);
        json
    }

    /// SHA-256 of the canonical JSON, in lower-case hexadecimal digits.
    pub fn hash(&self) -> String {
        Sha256::digest(self.canonical_json()).iter().fold(String::new(), |mut hash, byte| {
            // Writing to a string cannot fail.
            let _ = write!(hash, "{byte:02x}");
            hash
        })
    }
}

/// Writes a value with sorted keys, whatever order the map has: another crate of a build can turn on serde_json's
/// `preserve_order` for everyone.
fn write(value: &Value, json: &mut String) {
    match value {
        Value::Object(object) => {
            let mut entries: Vec<_> = object.iter().collect();
            entries.sort_unstable_by_key(|(key, _)| *key);
            json.push('{');
            for (index, (key, value)) in entries.into_iter().enumerate() {
                if index > 0 {
                    json.push(',');
                }
                write(&Value::from(key.as_str()), json);
                json.push(':');
                write(value, json);
            }
            json.push('}');
        }
        Value::Array(array) => {
            json.push('[');
            for (index, value) in array.iter().enumerate() {
                if index > 0 {
                    json.push(',');
                }
                write(value, json);
            }
            json.push(']');
        }
        scalar => {
            let _ = write!(json, "{scalar}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::DEFAULT_POLICY;

    /// The shipped policy with one text in the place of another.
    fn edited(from: &str, to: &str) -> String {
        assert!(DEFAULT_POLICY.contains(from), "{from}");
        DEFAULT_POLICY.replacen(from, to, 1)
    }

    fn hash(text: &str) -> String {
        Policy::parse(text).unwrap().hash()
    }

    const SMALL: &str = r#"{
        "schema": "mfa-policy/1", "id": "p", "version": "1", "effective_from": "2026-01-01",
        "tier": [{"id": "all", "enrol": {"allow": ["totp"]}}]
    }"#;

    #[test]
    fn the_shipped_policy_survives_its_canonical_form() {
        let policy = Policy::parse(DEFAULT_POLICY).unwrap();
        let json = policy.canonical_json();
        let again = Policy::parse(&json).unwrap();
        assert_eq!(again, policy);
        assert_eq!(again.canonical_json(), json);
        assert_eq!(again.hash(), policy.hash());
        assert_eq!(policy.hash().len(), 64);
        assert!(json.starts_with(r#"{"app":[{"id":"critical","match":{"sensitivity":["critical"]}"#));
        assert!(json.contains(r#""effective_from":"2026-11-01T00:00:00Z""#), "{json}");
        assert!(json.contains(r#""hardware":["cert_mfa","fido2_key","passkey_dev","platform","smartcard"]"#));
    }

    #[test]
    fn canonical_form_is_pinned() {
        assert_eq!(
            Policy::parse(SMALL).unwrap().canonical_json(),
            concat!(
                r#"{"effective_from":"2026-01-01T00:00:00Z","id":"p","schema":"mfa-policy/1","#,
                r#""tier":[{"enrol":{"allow":["totp"]},"id":"all"}],"timezone":"UTC","version":"1"}"#
            )
        );
        assert_eq!(hash(SMALL), "20112cad6ae3612cb6f11973c27e9a62db80d411d830f0c93038557ae97d4caa");
    }

    #[test]
    fn writing_it_differently_keeps_the_hash() {
        let shipped = hash(DEFAULT_POLICY);
        for (from, to) in [
            ("# manager in copy from here", "# manager gets a copy"),
            ("id = \"corp-mfa\"\nversion = \"2026.11.0\"", "version = \"2026.11.0\"\nid = \"corp-mfa\""),
            ("timezone = \"UTC\"\n", ""),
            ("min_recovery = 0, ", ""),
            ("min_factors = 1, ", ""),
            ("grace = \"P14D\"", "grace = \"P2W\""),
            ("max_age = \"PT12H\"", "max_age = \"PT11H60M\""),
            ("from = \"deadline+P14D\"", "from = \"deadline+PT336H\""),
            ("until = 2027-01-02", "until = 2027-01-02T01:00:00+01:00"),
            ("until = 2027-01-02", "until = \"2027-01-02T00:00:00\""),
            ("[\"it\", \"security\"]", "[\"Security\", \"IT\", \"it\"]"),
            ("[\"finance\"]", "\"finance\""),
            ("allow = \"@partner\"", "allow = [\"totp\", \"@partner\"]"),
            ("renewal = \"explicit\"\n", ""),
        ] {
            assert_eq!(hash(&edited(from, to)), shipped, "{to}");
        }
        assert_eq!(hash(&DEFAULT_POLICY.replace('\n', "\r\n")), shipped);
        assert_eq!(hash(&format!("\u{feff}{DEFAULT_POLICY}")), shipped);
    }

    #[test]
    fn meaning_something_else_changes_the_hash() {
        let shipped = hash(DEFAULT_POLICY);
        for (from, to) in [
            ("min_factors = 2", "min_factors = 3"),
            ("grace = \"P14D\"", "grace = \"P15D\""),
            ("until = 2027-01-02", "until = 2027-01-02T00:00:00.000001Z"),
            ("timezone = \"UTC\"", "timezone = \"Europe/Berlin\""),
            ("\"push_number\", \"totp\", \"otp_hw\"", "\"push_number\", \"totp\""),
            ("[\"it\", \"security\"]", "[\"it\"]"),
            ("effect = \"limit\"", "effect = \"block\""),
            ("exclude_from_enforcement = true\n", ""),
            ("{ privileged = true }", "{ privileged = false }"),
        ] {
            assert_ne!(hash(&edited(from, to)), shipped, "{to}");
        }
    }
}
