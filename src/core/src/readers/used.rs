//! What was used in an attempt, and what it proves.

use std::borrow::Cow;

use super::contains;
use crate::model::method::Kinds;
use crate::model::{Method, Provider, SignIn, Timestamp};

/// The methods of an attempt, in order used, and which of them was the first factor and which the second.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Used<'a> {
    list: Vec<(Cow<'a, str>, Method)>,
    pub(super) first: Option<Method>,
    pub(super) second: Option<Method>,
}

impl<'a> Used<'a> {
    /// The methods of a whole attempt. A password is the first factor wherever it stands; what only repeats knowledge is no
    /// second one.
    pub(super) fn in_order(list: Vec<(Cow<'a, str>, Method)>) -> Self {
        let first = list.iter().position(|(_, method)| *method == Method::Password).unwrap_or(0);
        let second = list
            .iter()
            .enumerate()
            .find(|(at, (_, method))| *at != first && method.kinds() != Kinds::Knowledge)
            .map(|(_, (_, method))| *method);
        Self { first: list.get(first).map(|(_, method)| *method), second, list }
    }

    /// A first factor alone.
    pub(super) fn first(raw: impl Into<Cow<'a, str>>, method: Method) -> Self {
        Self { list: vec![(raw.into(), method)], first: Some(method), second: None }
    }

    /// The same with a second factor beside it.
    pub(super) fn and(mut self, raw: impl Into<Cow<'a, str>>, method: Method) -> Self {
        self.list.push((raw.into(), method));
        self.second = Some(method);
        self
    }

    /// A check of one more factor. Knowledge is no second factor, whatever the event is called.
    pub(super) fn second(raw: impl Into<Cow<'a, str>>, method: Method) -> Self {
        let is_second = method.kinds() != Kinds::Knowledge;
        let (first, second) = if is_second { (None, Some(method)) } else { (Some(method), None) };
        Self { list: vec![(raw.into(), method)], first, second }
    }

    /// Whether it is factors of two kinds, or one method that is both.
    pub(super) fn is_multi_factor(&self) -> bool {
        let has = |wanted: &[Kinds]| self.list.iter().any(|(_, method)| wanted.contains(&method.kinds()));
        let is_claimed = self.list.iter().any(|(_, method)| *method == Method::FedMfa);
        let possesses = has(&[Kinds::WeakPossession, Kinds::Possession, Kinds::Recovery]);
        has(&[Kinds::VerifiedPossession]) || is_claimed || (has(&[Kinds::Knowledge]) && possesses)
    }

    /// Writes them into a row whose outcome is known.
    pub(super) fn fill(self, row: &mut SignIn<'a>) {
        let decisive = self.second.or(self.first).filter(|method| *method != Method::Unknown);
        if row.outcome == Some("success") {
            row.is_phishing_resistant = decisive.map(Method::is_phishing_resistant);
        }
        if self.second == Some(Method::PushNumber) {
            row.number_matching = Some(true);
        }
        row.first_factor = self.first.map(Method::as_str);
        row.second_factor = self.second.map(Method::as_str);
        let mut methods: Vec<_> = self.list.iter().map(|(_, method)| Cow::Borrowed(method.as_str())).collect();
        methods.dedup();
        row.methods = Some(methods);
        row.methods_raw = Some(self.list.into_iter().map(|(raw, _)| raw).collect());
    }
}

/// The method by the provider's name for it; a name nobody knows is a method all the same.
pub(super) fn method(provider: Provider, spelling: &str) -> Method {
    Method::from_spelling(Some(provider), spelling).unwrap_or(Method::Unknown)
}

/// A row of which no more is known than whose and when.
pub(super) fn unknown<'a>(provider: Provider, event_time: Timestamp) -> SignIn<'a> {
    SignIn {
        event_time: Some(event_time),
        provider: Some(provider.as_str()),
        surface: Some("unknown"),
        outcome: Some("unknown"),
        mfa_requirement: Some("unknown"),
        mfa_result: Some("unknown"),
        mfa_satisfied_by: Some("unknown"),
        ..SignIn::default()
    }
}

/// What is no value: several logs write a word where they do not know.
pub(super) fn known(text: Option<Cow<'_, str>>) -> Option<Cow<'_, str>> {
    const NOTHING: &[&str] = &["-", "n/a", "null", "none", "unknown", "undefined", "not available", "(null)"];
    text.filter(|text| !NOTHING.iter().any(|word| text.trim().eq_ignore_ascii_case(word)))
}

/// Whether a user agent is a browser's, which all begin alike.
pub(super) fn surface(agent: Option<&str>) -> &'static str {
    if agent.is_some_and(|agent| agent.starts_with("Mozilla/")) { "browser" } else { "unknown" }
}

/// What the words of a failure are about, in any log that has words only.
pub(super) fn failure_category(reason: &str) -> &'static str {
    const WORDS: &[(&str, &[&str])] = &[
        ("account_locked", &["locked", "lockout", "too many", "too_many", "temporarily"]),
        ("account_disabled", &["disabled", "inactive", "suspended", "deactivated"]),
        ("not_enrolled", &["not_enrolled", "not enrolled", "enroll"]),
        ("risk_blocked", &["risk", "suspicious", "breach", "leak", "threat", "fraud", "phishing", "impossible"]),
        (
            "mfa_failed",
            &["mfa", "otp", "second factor", "second_factor", "two-factor", "2fa", "multi-factor", "passcode"],
        ),
        (
            "policy_blocked",
            &[
                "policy",
                "not allowed",
                "not_allowed",
                "blocked",
                "restricted",
                "denied",
                "unauthorized",
                "not authorized",
            ],
        ),
        (
            "bad_credentials",
            &["password", "credential", "unknown user", "not found", "not_found", "no such user", "invalid user"],
        ),
    ];
    WORDS
        .iter()
        .find(|(_, words)| words.iter().any(|word| contains(reason, word)))
        .map_or("other", |(category, _)| *category)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Method::*;

    fn used(methods: &[Method]) -> Used<'static> {
        Used::in_order(methods.iter().map(|method| (Cow::Borrowed(method.as_str()), *method)).collect())
    }

    #[test]
    fn a_password_is_never_the_second_factor() {
        for (methods, first, second, is_multi_factor) in [
            (&[Password, Push] as &[_], Some(Password), Some(Push), true),
            (&[Push, Password], Some(Password), Some(Push), true),
            (&[Password, Question], Some(Password), None, false),
            (&[Password, Password], Some(Password), None, false),
            (&[PasskeySync], Some(PasskeySync), None, true),
            (&[Push], Some(Push), None, false),
            (&[Push, SmsOtp], Some(Push), Some(SmsOtp), false),
            (&[Password, BackupCode], Some(Password), Some(BackupCode), true),
            (&[Password, Unknown], Some(Password), Some(Unknown), false),
            (&[FedMfa], Some(FedMfa), None, true),
            (&[], None, None, false),
        ] {
            let used = used(methods);
            assert_eq!(
                (used.first, used.second, used.is_multi_factor()),
                (first, second, is_multi_factor),
                "{methods:?}"
            );
        }
        assert_eq!(Used::second("password", Password).second, None);
        assert_eq!(Used::second("push", Push).second, Some(Push));
    }

    #[test]
    fn what_a_failure_is_about() {
        for (reason, category) in [
            ("invalid_user_credentials", "bad_credentials"),
            ("Wrong email or PASSWORD.", "bad_credentials"),
            ("user_temporarily_disabled", "account_locked"),
            ("Inactive user", "account_disabled"),
            ("Invalid OTP", "mfa_failed"),
            ("access_denied", "policy_blocked"),
            ("something else", "other"),
            ("", "other"),
        ] {
            assert_eq!(failure_category(reason), category, "{reason}");
        }
    }
}
