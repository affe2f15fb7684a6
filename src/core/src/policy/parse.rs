//! From the text of a document to a policy that makes sense, or an error that says what is wrong where.

use std::collections::{BTreeMap, BTreeSet};

use chrono_tz::Tz;

use super::document::{Match, Policy};
use super::error::{Fault, Notation, PolicyError, did_you_mean};
use super::value::{Instant, Methods};
use crate::model::Method;
use crate::model::method::Kinds;

impl Policy {
    /// Reads a document, TOML or JSON, and checks that it makes sense.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let (text, notation) = Notation::of(text);
        let mut policy = Self::read(text, notation)?;
        match policy.resolve() {
            Ok(()) => Ok(policy),
            Err(fault) => Err(PolicyError::at_path(text, notation, fault)),
        }
    }

    /// Reads a document as it is written: sets and instants are not resolved, and nothing is checked but the grammar.
    pub(super) fn read(text: &str, notation: Notation) -> Result<Self, PolicyError> {
        match notation {
            Notation::Toml => toml::from_str(text).map_err(|error| PolicyError::of_toml(text, &error)),
            Notation::Json => serde_json::from_str(text).map_err(|error| PolicyError::of_json(text, &error)),
        }
    }

    /// Puts instants and sets in the place of what is written, and checks what the grammar cannot.
    fn resolve(&mut self) -> Result<(), Fault> {
        let zone = self.timezone.0;
        resolve_instant(&mut self.effective_from, zone, || "effective_from".into())?;

        let names: Vec<String> = self.sets.keys().cloned().collect();
        for name in &names {
            let mask = expand(&self.sets, name, &mut Vec::new(), &mut BTreeMap::new())?;
            self.sets.insert(name.clone(), Methods::from(mask));
        }
        let sets = &self.sets;

        for (index, tier) in self.tier.iter_mut().enumerate() {
            let at = |field: &str| format!("tier[{index}].{field}");
            subject_only(&tier.when, || at("match"))?;
            if tier.enrol.not_applicable == tier.enrol.allow.is_some() {
                return fault(at("enrol"), "needs either `allow` or `not_applicable = true`");
            }
            if let Some(allow) = &mut tier.enrol.allow {
                resolve_methods(allow, sets, || at("enrol.allow"))?;
            }
            let accepted = tier.fallback.iter_mut().enumerate().try_fold(
                tier.enrol.allow.as_ref().map_or(0, Methods::mask),
                |accepted, (nth, fallback)| {
                    let at = |field: &str| at(&format!("fallback[{nth}].{field}"));
                    resolve_methods(&mut fallback.methods, sets, || at("methods"))?;
                    if let Some(until) = &mut fallback.until {
                        resolve_instant(until, zone, || at("until"))?;
                    }
                    references(&fallback.not_for_app, &self.app, |app| &app.id, "app", || at("not_for_app"))?;
                    Ok(accepted | fallback.methods.mask())
                },
            )?;
            if let Some(method) = Method::from_mask(accepted).find(|method| method.kinds() == Kinds::Nothing) {
                return fault(at("enrol.allow"), format!("`{method}` never satisfies MFA and cannot be accepted"));
            }
            for (nth, phase_out) in tier.phase_out.iter_mut().enumerate() {
                let at = |field: &str| at(&format!("phase_out[{nth}].{field}"));
                resolve_methods(&mut phase_out.methods, sets, || at("methods"))?;
                resolve_instant(&mut phase_out.after, zone, || at("after"))?;
            }
        }
        match self.tier.last() {
            None => return fault("tier".into(), "needs at least one tier"),
            Some(last) if last.when != Match::default() => {
                let at = format!("tier[{}].match", self.tier.len() - 1);
                return fault(at, "the last tier must match everyone, so it has no `match`");
            }
            Some(_) => {}
        }
        unique(&self.tier, |tier| &tier.id, "tier")?;

        for (kind, rules) in [("app", &mut self.app), ("step_up", &mut self.step_up), ("context", &mut self.context)] {
            for (index, rule) in rules.iter_mut().enumerate() {
                if let Some(allow) = &mut rule.require.allow {
                    resolve_methods(allow, sets, || format!("{kind}[{index}].require.allow"))?;
                }
            }
            unique(rules, |rule| &rule.id, kind)?;
        }

        if let Some(exceptions) = &self.exceptions {
            references(&exceptions.never_for, &self.tier, |tier| &tier.id, "tier", || "exceptions.never_for".into())?;
        }

        if let Some(rollout) = &mut self.rollout {
            if let Some(gate) = &rollout.promote_when
                && !(0.0..=1.0).contains(&gate.success_rate)
            {
                return fault("rollout.promote_when.success_rate".into(), "must be from 0 to 1");
            }
            for (index, wave) in rollout.wave.iter_mut().enumerate() {
                let at = |field: &str| format!("rollout.wave[{index}].{field}");
                subject_only(&wave.when, || at("match"))?;
                resolve_instant(&mut wave.enforce_from, zone, || at("enforce_from"))?;
                if let Some(from) = &mut wave.report_only_from {
                    resolve_instant(from, zone, || at("report_only_from"))?;
                }
            }
            unique(&rollout.wave, |wave| &wave.id, "rollout.wave")?;
        }

        for (index, stage) in self.stage.iter().enumerate() {
            let at = |field: &str| format!("stage[{index}].{field}");
            if stage.n == 0 || self.stage[..index].iter().any(|earlier| earlier.n == stage.n) {
                return fault(at("n"), "stages have different numbers, from 1");
            }
            references(&stage.allow_apps, &self.app, |app| &app.id, "app", || at("allow_apps"))?;
            if let Some(assist) = &stage.assist {
                references(&assist.tier, &self.tier, |tier| &tier.id, "tier", || at("assist.tier"))?;
            }
        }
        Ok(())
    }
}

fn fault<T>(path: String, message: impl Into<String>) -> Result<T, Fault> {
    Err(Fault { path, message: message.into() })
}

fn resolve_instant(instant: &mut Instant, zone: Tz, path: impl FnOnce() -> String) -> Result<(), Fault> {
    if instant.resolve(zone) {
        return Ok(());
    }
    fault(path(), format!("`{instant}` is not an instant"))
}

fn resolve_methods(
    methods: &mut Methods,
    sets: &BTreeMap<String, Methods>,
    path: impl FnOnce() -> String,
) -> Result<(), Fault> {
    match methods.resolve(|name| sets.get(name).map(Methods::mask)) {
        Ok(()) => Ok(()),
        Err(name) => fault(path(), unknown_set(&name, sets)),
    }
}

fn unknown_set(name: &str, sets: &BTreeMap<String, Methods>) -> String {
    format!("unknown set `@{name}`{}", did_you_mean(name, sets.keys().map(String::as_str)))
}

/// How deep sets may refer to sets.
const DEEPEST_SET: usize = 64;

/// The methods of a named set and of the sets it refers to. `open` are the sets whose expansion led here, `done` the
/// sets that need no second one.
fn expand<'s>(
    sets: &'s BTreeMap<String, Methods>,
    name: &'s str,
    open: &mut Vec<&'s str>,
    done: &mut BTreeMap<&'s str, u32>,
) -> Result<u32, Fault> {
    if let Some(mask) = done.get(name) {
        return Ok(*mask);
    }
    let Some(set) = sets.get(name) else {
        let at = open.last().map_or_else(String::new, |outer| format!("sets.{outer}"));
        return fault(at, unknown_set(name, sets));
    };
    if open.contains(&name) {
        return fault(format!("sets.{name}"), "set contains itself");
    }
    if open.len() == DEEPEST_SET {
        return fault(format!("sets.{name}"), "sets refer to sets too deeply");
    }
    open.push(name);
    let mut mask = set.mask();
    for inner in set.references() {
        mask |= expand(sets, inner, open, done)?;
    }
    open.pop();
    done.insert(name, mask);
    Ok(mask)
}

fn subject_only(when: &Match, path: impl FnOnce() -> String) -> Result<(), Fault> {
    if when.tests_session() {
        return fault(path(), "may only test the subject, not an application or a session");
    }
    Ok(())
}

fn references<T>(
    names: &BTreeSet<String>,
    rules: &[T],
    id: impl Fn(&T) -> &String,
    kind: &str,
    path: impl FnOnce() -> String,
) -> Result<(), Fault> {
    match names.iter().find(|name| !rules.iter().any(|rule| id(rule) == *name)) {
        Some(name) => {
            let near = did_you_mean(name, rules.iter().map(|rule| id(rule).as_str()));
            fault(path(), format!("no {kind} is called `{name}`{near}"))
        }
        None => Ok(()),
    }
}

fn unique<T>(rules: &[T], id: impl Fn(&T) -> &String, kind: &str) -> Result<(), Fault> {
    let mut seen = BTreeSet::new();
    match rules.iter().position(|rule| !seen.insert(id(rule))) {
        Some(index) => {
            let message = format!("`{}` is used twice", id(&rules[index]));
            fault(format!("{kind}[{index}].id"), message)
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::DEFAULT_POLICY;

    fn error(text: &str) -> String {
        Policy::parse(text).unwrap_err().to_string()
    }

    /// The shipped policy with one text in the place of another.
    fn edited(from: &str, to: &str) -> String {
        assert!(DEFAULT_POLICY.contains(from), "{from}");
        DEFAULT_POLICY.replacen(from, to, 1)
    }

    #[test]
    fn errors_say_what_and_where() {
        for (from, to, expected) in [
            ("grace = \"P7D\"", "grace = \"P1M\"", "tier[2].grace at line 37, column 9: `P1M` is not"),
            (
                "\"sms_otp\", \"voice\"",
                "\"sms_otp\", \"fax\"",
                "tier[2].phase_out[0].methods[1] at line 38, column 38: unknown method `fax`",
            ),
            (
                "allow = \"@partner\"",
                "allow = \"@partners\"",
                "tier[3].enrol.allow at line 43, column 19: unknown set `@partners`",
            ),
            ("exclude_from_enforcement", "exclude", "tier[0].exclude at line 25, column 1: unknown field `exclude`"),
            ("attestation = \"required\"", "attestation = true", "tier[0].enrol.attestation at line 24, column 81"),
            ("id = \"admin\"", "id = \"service\"", "tier[2].id at line 34, column 6: `service` is used twice"),
            ("id = \"admin\"\n", "", "tier[2] at line 33, column 1: missing field `id`"),
            ("\"UTC\"", "\"Mars/Olympus\"", "timezone at line 9, column 12: unknown time zone"),
            ("2026-11-01T00:00:00Z", "2026-02-30", "at line 8, column 1"),
            ("2026-11-01T00:00:00Z", "\"soon\"", "effective_from at line 8, column 18: `soon` is not a date"),
            ("2026-11-01T00:00:00Z", "12:00:00", "effective_from at line 8, column 18: `12:00:00` is not an"),
            ("\"mfa-policy/1\"", "\"mfa-policy/9\"", "schema at line 5, column 10: unknown variant"),
            (
                "allow_apps = [\"low\"]",
                "allow_apps = [\"lower\"]",
                "stage[1].allow_apps at line 129, column 14: no app is called `lower`",
            ),
            ("never_for = [\"break_glass\"]", "never_for = [\"glass\"]", "exceptions.never_for at"),
            ("success_rate = 0.95", "success_rate = 95", "rollout.promote_when.success_rate at"),
            ("hardware = [", "hardware = [\"@strong\", ", "sets.hardware at line 14, column 12: set contains itself"),
            ("allow = \"@partner\"", "allow = [\"@partner\", \"bypass_code\"]", "`bypass_code` never satisfies MFA"),
            ("match = { department = [\"finance\"]", "match = { signal = [\"tor\"]", "rollout.wave[1].match at"),
            (
                "id = \"standard\"",
                "id = \"standard\"\nmatch = { privileged = false }",
                "tier[4].match at line 48, column 9: the last tier",
            ),
            ("n = 2", "n = 1", "stage[1].n at"),
            ("n = 2", "n = 300", "stage[1].n at"),
            ("from = \"enforcement\"", "from = \"yesterday\"", "stage[0].from at"),
            ("not_applicable = true, ", "", "tier[1].enrol at line 31, column 9: needs either"),
            ("[[tier]]", "[[tier]", "policy: tier[0] at line 21, column 8: "),
        ] {
            let error = error(&edited(from, to));
            assert!(error.starts_with("policy: "), "{error}");
            assert!(error.contains(expected), "{error}\n  lacks {expected}");
            assert!(!error.ends_with('.') && !error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn errors_in_json_say_where_too() {
        let json = Policy::parse(DEFAULT_POLICY).unwrap().canonical_json();
        let json = json.replace("},{", "},\n{");
        for (from, to, expected) in [
            ("\"grace\":\"P7D\"", "\"grace\":\"P7\"", "tier[2].grace at line"),
            ("\"grace\":\"P7D\"", "\"grace\":7", "tier[2].grace at line"),
            ("\"id\":\"admin\",", "", "tier[2] at line"),
            ("\"id\":\"admin\",", "\"id\":\"admin\",\"x\":1,", "tier[2].x at line"),
            ("\"id\":\"admin\",", "\"id\":\"admin\",\"id\":\"admin\",", "duplicate field `id`"),
            ("\"id\":\"admin\"", "\"id\":\"service\"", "tier[2].id at line"),
            ("[\"cert_mfa\",", "[\"cert_mfa\",\"@none\",", "sets.hardware at line"),
        ] {
            assert!(json.contains(from), "{from}");
            let error = error(&json.replacen(from, to, 1));
            assert!(error.contains(expected), "{error}\n  lacks {expected}");
        }
        let cut = error(&json[..json.len() / 2]);
        assert!(cut.starts_with("policy: "), "{cut}");
    }

    #[test]
    fn both_notations_name_the_same_place() {
        let head = "schema = 'mfa-policy/1'\nid = 'p'\nversion = '1'\neffective_from = 2026-02-01\n";
        let last = "[[tier]]\nid = 'all'\nenrol = { allow = 'totp' }\n";
        let wave = "[[rollout.wave]]\nid = 'x'\n";
        let tier = "[[tier]]\nid = 'x'\nmatch = { role = 'x' }\nenrol = { allow = 'totp' }\n";
        for (text, path, message) in [
            // unknown fields
            ("nope = 1", "nope", "unknown field"),
            (
                &format!("{wave}enforce_from = 2026-01-01\nmatch = {{ any = [{{ all = [{{ rol = 'x' }}] }}] }}"),
                "rollout.wave[0].match.any[0].all[0].rol",
                "unknown field `rol`",
            ),
            (
                &format!("{tier}phase_out = [{{ methods = 'voice', after = 2026-01-01, before = 1 }}]"),
                "tier[0].phase_out[0].before",
                "unknown field `before`",
            ),
            // wrong types
            ("timezone = 5", "timezone", "invalid type: integer `5`"),
            ("approved_by = 'x'", "approved_by", "invalid type: string"),
            ("approved_by = [1]", "approved_by[0]", "invalid type: integer `1`"),
            ("approved_by = [{ a = 1 }]", "approved_by[0]", "invalid type: map"),
            ("ticket = []", "ticket", "invalid type: sequence"),
            ("sets = 3", "sets", "invalid type: integer `3`"),
            ("sets.a = 5", "sets.a", "invalid type: integer `5`"),
            ("sets.a = ['totp', 5]", "sets.a[1]", "invalid type: integer `5`"),
            ("stage = { n = 1 }", "stage", "invalid type: map"),
            ("[[step_up]]\nid = 'x'\nmatch = 5", "step_up[0].match", "invalid type: integer `5`"),
            ("[[stage]]\nn = 300\nfrom = 'deadline'\neffect = 'block'", "stage[0].n", "invalid value: integer `300`"),
            ("[[stage]]\nn = 1\nfrom = 'deadline'\neffect = 'x'", "stage[0].effect", "unknown variant `x`"),
            (&format!("{wave}enforce_from = true"), "rollout.wave[0].enforce_from", "invalid type: boolean"),
            (
                &format!("{wave}enforce_from = 2026-01-01\nmatch = {{ region = ['a', 4] }}"),
                "rollout.wave[0].match.region[1]",
                "invalid type: integer `4`",
            ),
            // a list is no table, and an empty one no condition that everyone fulfils
            ("[[app]]\nid = 'x'\nmatch = []", "app[0].match", "invalid type: sequence, expected a table"),
            ("[[app]]\nid = 'x'\nrequire = []", "app[0].require", "invalid type: sequence, expected a table"),
            ("app = [[]]", "app[0]", "invalid type: sequence, expected a table"),
            ("rollout = []", "rollout", "invalid type: sequence, expected a table"),
            ("[[app]]\nid = 'x'\nmatch = { not = [] }", "app[0].match.not", "invalid type: sequence, expected a table"),
            (
                "[[app]]\nid = 'x'\nmatch = { any = [[]] }",
                "app[0].match.any[0]",
                "invalid type: sequence, expected a table",
            ),
            ("[[app]]\nid = 'x'\nmatch = { all = {} }", "app[0].match.all", "invalid type: map, expected a sequence"),
            // missing fields
            ("[[app]]\neffect = 'block'", "app[0]", "missing field `id`"),
            ("[exceptions]\ncriteria = 'x'\napprovals = 1", "exceptions", "missing field `max_duration`"),
            (&format!("{tier}phase_out = [{{ methods = 'voice' }}]"), "tier[0].phase_out[0]", "missing field `after`"),
            // values with a notation
            ("timezone = 'Mars'", "timezone", "unknown time zone `Mars`"),
            ("[[app]]\nid = 'x'\nrequire = { max_age = '5m' }", "app[0].require.max_age", "`5m` is not"),
            (&format!("{tier}grace = 'P1M'"), "tier[0].grace", "`P1M` is not"),
            (&format!("{tier}control_test_every = 1"), "tier[0].control_test_every", "expected a duration"),
            ("[communication]\nremind_at = ['deadline', 'x']", "communication.remind_at[1]", "`x` is not"),
            (&format!("{wave}enforce_from = '2026-13-01'"), "rollout.wave[0].enforce_from", "`2026-13-01` is not"),
            (
                &format!("{tier}fallback = [{{ methods = ['voice', 'fax'] }}]"),
                "tier[0].fallback[0].methods[1]",
                "unknown method `fax`",
            ),
            (&format!("{tier}fallback = [{{ methods = 'fax' }}]"), "tier[0].fallback[0].methods", "unknown method"),
            // what is referred to
            ("sets.a = ['@b']\nsets.b = ['@a']", "sets.a", "set contains itself"),
            ("sets.a = ['@totp']", "sets.a", "unknown set `@totp`"),
            (
                "[sets]\nstrong = 'totp'\n[[app]]\nid = 'x'\nrequire = { allow = '@strnog' }",
                "app[0].require.allow",
                "unknown set `@strnog`, did you mean `strong`?",
            ),
            ("[[app]]\nid = 'x'\n[[app]]\nid = 'x'", "app[1].id", "`x` is used twice"),
            (&format!("{tier}{tier}"), "tier[1].id", "`x` is used twice"),
        ] {
            let toml = format!("{head}{text}\n{last}");
            let json = format!("{:#}", crate::policy::patch::written(&toml).unwrap());
            for text in [toml, json] {
                let error = Policy::parse(&text).unwrap_err();
                assert_eq!(error.path, path, "{error}\n{text}");
                assert!(error.message.contains(message), "{error}");
                // It is the value that is pointed at, or the table or the key.
                let at = text.lines().nth(error.line - 1).unwrap().chars().nth(error.column - 1).unwrap();
                assert!(!at.is_whitespace() && !",:]}=".contains(at), "{error}\n{text}");
            }
        }
        assert_eq!(error(&head.replace("id = 'p'\n", "")), "policy: at line 1, column 1: missing field `id`");
        assert_eq!(error(&format!("{head}{head}")), "policy: at line 5, column 1: duplicate key `schema`");
        let twice = error("{\"sets\": {\"a\": [\"totp\"],\n \"a\": [\"u2f\"]}}");
        assert_eq!(twice, "policy: sets.a at line 2, column 2: duplicate field `a`");
    }

    #[test]
    fn no_text_panics() {
        let json = Policy::parse(DEFAULT_POLICY).unwrap().canonical_json();
        for text in [DEFAULT_POLICY, &json] {
            for end in (0..text.len()).step_by(7) {
                let _ = Policy::parse(&text[..end]);
                let mut broken = text.to_owned();
                broken.replace_range(end..=end, "\u{e9}\"{[");
                let _ = Policy::parse(&broken);
            }
        }
        for text in ["", "{", "{}", "[]", "tier = []", "\"", "{\"a\":", "\u{feff}"] {
            Policy::parse(text).unwrap_err();
        }
        Policy::parse(&"[".repeat(100_000)).unwrap_err();
        Policy::parse(&format!("{{\"a\":{}", "[".repeat(100_000))).unwrap_err();
        Policy::parse(&format!("a = {}", "[".repeat(100_000))).unwrap_err();
    }

    const SMALL: &str = r#"{
        "schema": "mfa-policy/1", "id": "p", "version": "1", "effective_from": "2026-01-01",
        "tier": [{"id": "all", "enrol": {"allow": ["totp"]}}]
    }"#;

    #[test]
    fn sets_nest_and_refer_forward() {
        let sets = r#""sets": {"a": ["@b", "@b"], "b": ["@c", "push"], "c": "u2f", "d": []}, "tier""#;
        let text = SMALL.replace("\"tier\"", sets).replace("[\"totp\"]", "[\"@a\", \"totp\", \"@d\"]");
        let policy = Policy::parse(&text).unwrap();
        let mask = Method::Push.bit() | Method::U2f.bit() | Method::Totp.bit();
        assert_eq!(policy.tier[0].enrol.allow.as_ref().unwrap().mask(), mask);

        let chain = |length: usize| {
            let mut sets: Vec<_> = (0..length).map(|n| format!("\"s{n:04}\": [\"@s{:04}\"]", n + 1)).collect();
            sets.push(format!("\"s{length:04}\": [\"totp\"]"));
            SMALL.replace("\"tier\"", &format!("\"sets\": {{{}}}, \"tier\"", sets.join(",")))
        };
        Policy::parse(&chain(60)).unwrap();
        assert!(error(&chain(5000)).contains("too deeply"));
    }
}
