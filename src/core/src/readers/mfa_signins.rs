//! Sign-ins of any provider, recognised record by record.
//!
//! A light pass over the keys decides whose record it is, unless the reader of the previous record's log takes it; the
//! reader of that log does the rest, so a record reads the same here as there. A record that nobody claims is a reject.

use std::cell::Cell;

use super::recognise::Probe;
use super::{Category, Layout, Parse, Reader, Reject, duo_auth_log, entra_signins, json, okta_system_log};
use crate::model::{Provider, SignIn};

pub(super) const READER: Reader = Reader {
    name: "read_mfa_signins",
    summary: "Sign-in logs of any provider mfa reads, told apart record by record",
    layout: Layout::Json,
    example: "read_mfa_signins(['sample_data/entra/signins-*.gz', 'sample_data/duo/*'])",
    parse: &[Parse::SignIn(parse)],
};

type ParseSignIn = for<'a> fn(&'a [u8]) -> Result<Option<SignIn<'a>>, Reject>;

/// A sign-in log, and how its records are recognised.
struct Log {
    provider: Provider,
    claims: fn(&Probe<'_>) -> bool,
    parse: ParseSignIn,
}

/// The logs, the surest to recognise first.
const LOGS: &[Log] = &[
    Log { provider: Provider::Okta, claims: okta_system_log::claims, parse: okta_system_log::parse },
    Log { provider: Provider::Duo, claims: duo_auth_log::claims, parse: duo_auth_log::parse },
    Log { provider: Provider::Entra, claims: entra_signins::claims, parse: entra_signins::parse },
];

thread_local! {
    /// The log of the previous record: most files hold one log, whose reader then needs no other look at the record.
    static PREVIOUS: Cell<usize> = const { Cell::new(0) };
}

/// One record of any of the logs.
pub(super) fn parse(record: &[u8]) -> Result<Option<SignIn<'_>>, Reject> {
    // Only a row is taken from the guess: each reader gives rows for records of its own log alone. All else is decided by
    // whose record it is, so the guess changes how fast a record is read, never how.
    let previous = &LOGS[PREVIOUS.get()];
    if let Ok(Some(row)) = (previous.parse)(record) {
        return Ok(Some(row));
    }
    let probe: Probe<'_> = json::parse(record)?;
    match LOGS.iter().position(|log| (log.claims)(&probe)) {
        Some(log) => {
            PREVIOUS.set(log);
            (LOGS[log].parse)(record)
        }
        None => Err(Reject::at(Category::WrongProvider, 0)),
    }
}

/// Why one record could not be normalised.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NormalizeSignInError {
    /// The name is of no provider whose sign-ins are read.
    #[error("unknown provider '{name}': known are {known}")]
    UnknownProvider {
        /// The name asked for.
        name: String,
        /// The names there are, with commas between them.
        known: String,
    },
    /// The record was not read.
    #[error("{provider}: {}{} at byte {}", reject.category.explain(), column(reject), reject.offset)]
    Reject {
        /// The provider asked for.
        provider: &'static str,
        /// Why and where.
        reject: Reject,
    },
}

fn column(reject: &Reject) -> String {
    reject.column.as_ref().map(|column| format!(" ({column})")).unwrap_or_default()
}

/// Reads one sign-in record of the provider of that name, in any case, or of the provider it turns out to be of (`auto`).
///
/// `None` is a record of the log that is no sign-in.
///
/// # Errors
/// The name is unknown, or the record cannot be read.
pub fn normalize_signin<'a>(provider: &str, record: &'a [u8]) -> Result<Option<SignIn<'a>>, NormalizeSignInError> {
    const AUTO: &str = "auto";
    let name = provider.trim();
    let (provider, parse): (_, ParseSignIn) = if name.eq_ignore_ascii_case(AUTO) {
        (AUTO, parse)
    } else if let Some(log) = LOGS.iter().find(|log| log.provider.as_str().eq_ignore_ascii_case(name)) {
        (log.provider.as_str(), log.parse)
    } else {
        let mut known: Vec<_> = LOGS.iter().map(|log| log.provider.as_str()).chain([AUTO]).collect();
        known.sort_unstable();
        return Err(NormalizeSignInError::UnknownProvider { name: name.to_owned(), known: known.join(", ") });
    };
    parse(record).map_err(|reject| NormalizeSignInError::Reject { provider, reject })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_reads_the_same_after_any_other() {
        let records = [ENTRA, ENTRA_EXPORT, ENTRA_AUDIT, OKTA, "{}", "{"];
        for record in records {
            let alone = parse(record.as_bytes());
            for before in records {
                let _ = parse(before.as_bytes());
                assert_eq!(parse(record.as_bytes()), alone, "{record} after {before}");
            }
        }
    }

    #[test]
    fn only_one_reader_takes_a_record() {
        for record in [ENTRA, ENTRA_EXPORT, OKTA] {
            let takers = LOGS.iter().filter(|log| matches!((log.parse)(record.as_bytes()), Ok(Some(_)))).count();
            assert_eq!(takers, 1, "{record}");
        }
    }

    const ENTRA: &str = r#"{"id":"e1","createdDateTime":"2024-01-01T00:00:00Z","appId":"a","userId":"u",
        "status":{"errorCode":0},"ipAddress":"1.1.1.1"}"#;
    const ENTRA_EXPORT: &str = r#"{"time":"2024-01-01T00:00:00Z","category":"SignInLogs","resultType":"0",
        "properties":{"id":"e2","createdDateTime":"2024-01-01T00:00:00Z","appId":"a","status":{"errorCode":0}}}"#;
    const ENTRA_AUDIT: &str = r#"{"time":"2024-01-01T00:00:00Z","category":"AuditLogs","operationName":"Update user"}"#;
    const OKTA: &str = r#"{"uuid":"o1","published":"2024-01-01T00:00:00Z","eventType":"user.session.start",
        "actor":{"id":"00u1","type":"User"},"outcome":{"result":"SUCCESS"}}"#;
    const OKTA_STREAM: &str = r#"{"version":"0","id":"x","detail-type":"SystemLog","time":"2024-01-01T00:00:00Z",
        "detail":{"uuid":"o2","published":"2024-01-01T00:00:00Z","eventType":"user.session.start"}}"#;
    const OKTA_ENROLMENT: &str =
        r#"{"uuid":"o3","published":"2024-01-01T00:00:00Z","eventType":"user.mfa.factor.activate"}"#;
    const DUO: &str = r#"{"txid":"d1","timestamp":1597671838,"event_type":"authentication","result":"success",
        "access_device":{"ip":"1.1.1.1"},"eventtype":"authentication"}"#;
    const DUO_1: &str =
        r#"{"timestamp":1340217024,"factor":"Duo Push","integration":"x","result":"SUCCESS","username":"a"}"#;

    #[test]
    fn every_record_finds_its_reader() {
        for (record, provider, id) in [
            (ENTRA, "entra", Some("e1")),
            (ENTRA_EXPORT, "entra", Some("e2")),
            (OKTA, "okta", Some("o1")),
            (OKTA_STREAM, "okta", Some("o2")),
            (DUO, "duo", Some("d1")),
            (DUO_1, "duo", None),
        ] {
            let row = parse(record.as_bytes()).expect("reads").expect("is a sign-in");
            assert_eq!(row.provider, Some(provider), "{record}");
            assert_eq!(normalize_signin("AUTO", record.as_bytes()), Ok(Some(row.clone())));
            assert_eq!(normalize_signin(provider, record.as_bytes()), Ok(Some(row.clone())));
            if id.is_some() {
                assert_eq!(row.event_id.as_deref(), id);
            }
        }
        for record in [ENTRA_AUDIT, OKTA_ENROLMENT] {
            assert_eq!(parse(record.as_bytes()), Ok(None), "{record}");
        }
    }

    #[test]
    fn keys_in_lower_case_are_recognised() {
        for record in [ENTRA, ENTRA_EXPORT, OKTA, DUO] {
            // Only the keys; the values are compared in any case, too.
            let lower = record.to_lowercase();
            let row = parse(lower.as_bytes()).expect("reads").expect("is a sign-in");
            let expected = parse(record.as_bytes()).expect("reads").expect("is a sign-in");
            assert_eq!((row.provider, row.outcome), (expected.provider, expected.outcome));
        }
    }

    #[test]
    fn what_nobody_claims() {
        for (record, category) in [
            (r#"{"eventName":"ConsoleLogin","eventType":"AwsConsoleSignIn"}"#, Category::WrongProvider),
            (r#"{"category":"shoes","time":"now"}"#, Category::WrongProvider),
            ("{}", Category::WrongProvider),
            ("[1]", Category::NotAnObject),
            (r#"{"uuid":"#, Category::Truncated),
        ] {
            assert_eq!(parse(record.as_bytes()).map_err(|reject| reject.category), Err(category), "{record}");
        }
        // A record of one provider is a reject for the reader of another.
        for (record, provider) in [(ENTRA, "okta"), (OKTA, "duo"), (DUO, "okta"), (DUO, "entra"), (OKTA, "entra")] {
            let error = normalize_signin(provider, record.as_bytes()).expect_err("is a reject");
            assert_eq!(error.to_string(), format!("{provider}: a record of another log at byte 0"), "{record}");
        }
    }

    #[test]
    fn an_unknown_provider_is_told_the_known_ones() {
        let error = normalize_signin("Oktaa", OKTA.as_bytes()).expect_err("is unknown");
        assert_eq!(error.to_string(), "unknown provider 'Oktaa': known are auto, duo, entra, okta");
    }
}
