//! The JSON Schema of policy documents, for editors and validators.
//!
//! It comes from the types of [`document`](super::document); what is written here are the values that have a notation of
//! their own. What refers to something else, such as a set or a tier by name, it cannot check.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings, json_schema};

use super::Policy;
use super::value::{Duration, Instant, Methods, Moment, Names, Zone};
use crate::model::Method;

/// The schema, indented, with a line feed at the end.
pub fn json_schema() -> String {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Policy>();
    schema.insert("title".to_owned(), "MFA policy".into());
    let mut value = schema.to_value();
    // So that it does not matter whether another crate of the build turns on serde_json's `preserve_order`.
    value.sort_all_objects();
    format!("{value:#}\n")
}

/// A duration; years and months have no fixed length.
const DURATION: &str = r"P(?=[0-9T])([0-9]+W)?([0-9]+D)?(T(?=[0-9])([0-9]+H)?([0-9]+M)?([0-9]+S)?)?";

macro_rules! schema {
    ($type:ident, $name:literal, $schema:expr) => {
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    };
}

schema!(
    Names,
    "Words",
    json_schema!({
        "description": "One word or a list of them; letter case does not matter.",
        "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }]
    })
);
schema!(Methods, "Methods", {
    let method = json_schema!({
        "anyOf": [
            { "enum": Method::ALL.map(Method::as_str) },
            { "type": "string", "pattern": "^@", "description": "All methods of a set." }
        ]
    });
    json_schema!({
        "description": "A method, a set as @name, or a list of them.",
        "anyOf": [method, { "type": "array", "items": method }]
    })
});
schema!(
    Instant,
    "Instant",
    json_schema!({
        "description": "A date, which is its midnight, or a date and time, which without an offset is in the zone of the policy.",
        "type": "string",
        "anyOf": [
            { "format": "date" },
            { "format": "date-time" },
            { "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?$" }
        ]
    })
);
schema!(
    Duration,
    "Duration",
    json_schema!({
        "description": "ISO 8601: weeks, days, hours, minutes and seconds. A day has 24 hours.",
        "type": "string",
        "format": "duration",
        "pattern": format!("^{DURATION}$")
    })
);
schema!(
    Moment,
    "Moment",
    json_schema!({
        "description": "The enforcement on a person or the end of their grace, moved by a duration: deadline-P7D.",
        "type": "string",
        "pattern": format!("^(enforcement|deadline)([+-]{DURATION})?$")
    })
);
schema!(
    Zone,
    "Zone",
    json_schema!({ "description": "A time zone by its name in the tz database: Europe/Berlin.", "type": "string" })
);

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::policy::DEFAULT_POLICY;
    use crate::policy::patch::written;

    const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

    #[test]
    fn the_published_schema_is_this_one() {
        let published = std::fs::read_to_string(format!("{ROOT}/docs/mfa-policy.schema.json")).unwrap();
        assert_eq!(published, json_schema(), "docs/mfa-policy.schema.json is stale: run make docs");
    }

    fn validator() -> jsonschema::Validator {
        let schema: Value = serde_json::from_str(&json_schema()).unwrap();
        jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
    }

    #[test]
    fn shipped_policies_follow_it() {
        let validator = validator();
        let read = |name: &str| std::fs::read_to_string(format!("{ROOT}/sample_data/policies/{name}")).unwrap();
        for text in [DEFAULT_POLICY.to_owned(), read("v1.toml"), read("v2.toml")] {
            for text in [Policy::parse(&text).unwrap().canonical_json(), text] {
                let errors: Vec<_> = validator
                    .iter_errors(&written(&text).unwrap())
                    .map(|error| format!("{}: {error}", error.instance_path()))
                    .collect();
                assert!(errors.is_empty(), "{errors:#?}");
            }
        }
    }

    #[test]
    fn shipped_policies_name_it() {
        let folder = |path: &str| format!("{ROOT}/{path}");
        for (path, up) in [
            ("src/core/src/policy/default.toml", "../../../.."),
            ("sample_data/policies/v1.toml", "../.."),
            ("sample_data/policies/v2.toml", "../.."),
        ] {
            let text = std::fs::read_to_string(folder(path)).unwrap();
            assert_eq!(text.lines().next().unwrap(), format!("#:schema {up}/docs/mfa-policy.schema.json"), "{path}");
        }
    }

    /// What the schema says of the shipped policy with one text in the place of another, and what the parser says.
    #[test]
    fn it_takes_and_refuses_what_the_parser_does() {
        let validator = validator();
        for (from, to, valid) in [
            ("grace = \"P7D\"", "grace = \"P2W\"", true),
            ("grace = \"P7D\"", "grace = \"P1DT2H3M4S\"", true),
            ("grace = \"P7D\"", "grace = \"P1M\"", false),
            ("grace = \"P7D\"", "grace = \"P\"", false),
            ("grace = \"P7D\"", "grace = \"P1DT\"", false),
            ("grace = \"P7D\"", "grace = 7", false),
            ("after = 2026-10-01", "after = 2026-10-01T12:00:00", true),
            ("after = 2026-10-01", "after = 2026-10-01T12:00:00+02:00", true),
            ("after = 2026-10-01", "after = \"soon\"", false),
            ("after = 2026-10-01", "after = 12:00:00", false),
            ("\"sms_otp\", \"voice\"", "\"sms_otp\", \"fax\"", false),
            ("allow = \"@partner\"", "allow = [\"@partner\", \"u2f\"]", true),
            ("allow = \"@partner\"", "allow = \"u2f\"", true),
            ("exclude_from_enforcement", "exclude", false),
            ("id = \"admin\"\n", "", false),
            ("attestation = \"required\"", "attestation = \"always\"", false),
            ("[\"it\", \"security\"]", "\"it\"", true),
            ("[\"it\", \"security\"]", "1", false),
            ("n = 1", "n = 0", false),
            ("success_rate = 0.95", "success_rate = 95", false),
            ("from = \"deadline+P14D\"", "from = \"enforcement-PT1H\"", true),
            ("from = \"deadline+P14D\"", "from = \"yesterday\"", false),
            ("mfa-policy/1", "mfa-policy/2", false),
            ("strength = \"mfa\"", "strength = \"strong\"", false),
            ("effect = \"block\"", "effect = \"warn\"", false),
            ("{ privileged = true }", "{ privilege = true }", false),
        ] {
            assert!(DEFAULT_POLICY.contains(from), "{from}");
            let text = DEFAULT_POLICY.replacen(from, to, 1);
            assert_eq!(Policy::parse(&text).is_ok(), valid, "{to}");
            assert_eq!(validator.is_valid(&written(&text).unwrap()), valid, "{to}");
        }
    }

    #[test]
    fn descriptions_are_for_people() {
        let schema = json_schema();
        for noise in ["crate::", "`]", "](", "\\n\\n"] {
            assert!(!schema.contains(noise), "{noise}");
        }
    }
}
