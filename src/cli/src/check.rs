//! `mfa check`: measures against bounds, for scripts and pipelines.

use anyhow::{Context as _, Result, bail};
use datafusion::arrow::array::{Array as _, AsArray as _};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Float64Type};
use serde::Serialize;
use serde_json::Value;

use crate::arguments::Check;
use crate::config::Config;
use crate::{Outcome, nearest, say, sql};

/// A number that the views give. NULL is unknown, which holds no bound.
struct Measure {
    name: &'static str,
    about: &'static str,
    /// Optional inputs without which it would be no more than the absence of data.
    needs: &'static [&'static str],
    sql: &'static str,
}

/// Counts are unknown without accounts or sign-ins to count in.
const MEASURES: &[Measure] = &[
    Measure {
        name: "registration_coverage",
        about: "share of enabled people with a registered factor that their tier accepts, today",
        needs: &[],
        sql: "select cast(sum(c.registered_users) as double) / nullif(sum(c.users), 0) from mfa_registration_coverage as c \
              inner join (select max(day) as day from mfa_registration_coverage) as l on l.day = c.day",
    },
    Measure {
        name: "effective_coverage",
        about: "share of successful interactive sign-ins of people that MFA protected, last 30 days",
        needs: &[],
        sql: "select cast(sum(c.protected_signins) as double) / nullif(sum(c.signins), 0) from mfa_effective_coverage as c \
              cross join (select max(day) as day from mfa_effective_coverage) as l where c.day > l.day - cast(30 as integer)",
    },
    Measure {
        name: "unknown_signins",
        about: "share of those sign-ins of which the log does not say whether MFA protected them",
        needs: &[],
        sql: "select cast(sum(c.unknown_signins) as double) / nullif(sum(c.signins), 0) from mfa_effective_coverage as c \
              cross join (select max(day) as day from mfa_effective_coverage) as l where c.day > l.day - cast(30 as integer)",
    },
    Measure {
        name: "open_gaps",
        about: "findings of mfa_gaps",
        needs: &["mfa_factors"],
        sql: "select count(*) from mfa_gaps",
    },
    Measure {
        name: "open_critical_gaps",
        about: "findings of severity critical",
        needs: &["mfa_factors"],
        sql: "select count(*) from mfa_gaps where severity = 'critical'",
    },
    Measure {
        name: "open_high_gaps",
        about: "findings of severity high",
        needs: &["mfa_factors"],
        sql: "select count(*) from mfa_gaps where severity = 'high'",
    },
    Measure {
        name: "open_medium_gaps",
        about: "findings of severity medium",
        needs: &["mfa_factors"],
        sql: "select count(*) from mfa_gaps where severity = 'medium'",
    },
    Measure {
        name: "open_low_gaps",
        about: "findings of severity low",
        needs: &["mfa_factors"],
        sql: "select count(*) from mfa_gaps where severity = 'low'",
    },
    Measure {
        name: "overdue_accounts",
        about: "enabled accounts whose enrolment is overdue",
        needs: &["mfa_factors"],
        sql: "select count(*) from mfa_compliance where is_enabled and enrolment = 'overdue'",
    },
    Measure {
        name: "unknown_accounts",
        about: "enabled accounts of which it is unknown whether they comply",
        needs: &[],
        sql: "select count(*) from mfa_compliance where is_enabled and enrolment = 'unknown'",
    },
    Measure {
        name: "expired_exceptions",
        about: "exceptions past their end that nobody closed",
        needs: &["mfa_exceptions"],
        sql: "select count(*) from mfa_exceptions_status where status = 'expired'",
    },
    Measure {
        name: "overdue_exceptions",
        about: "exceptions past their end, or whose attestation is overdue",
        needs: &["mfa_exceptions"],
        sql: "select count(*) from mfa_exceptions_status where status in ('expired', 'attestation_overdue')",
    },
    Measure {
        name: "invalid_exceptions",
        about: "exceptions within their dates that do not hold by the policy",
        needs: &["mfa_exceptions"],
        sql: "select count(*) from mfa_exceptions_status where status in \
              ('incomplete', 'forbidden', 'unapproved', 'too_long', 'attestation_overdue')",
    },
    Measure {
        name: "exceptions_used_after_expiry",
        about: "exceptions with sign-ins let through after their end",
        needs: &["mfa_exceptions"],
        sql: "select count(*) from mfa_exceptions_status where signins_after_expiry > 0",
    },
    Measure {
        name: "waves_not_ready",
        about: "waves that are not enforced and that the enforce gate does not call ready",
        needs: &[],
        sql: "select count(*) from mfa_enforce_gate where wave is not null and verdict not in ('ready', 'already_enforced')",
    },
    Measure {
        name: "lowest_gate_success_rate",
        about: "lowest share, of all waves, of sign-ins that would be let in as they were",
        needs: &[],
        sql: "select case when count(*) = count(success_rate) then min(success_rate) end from mfa_enforce_gate where wave is not null",
    },
];

struct Bound {
    measure: &'static Measure,
    bound: f64,
    is_min: bool,
}

/// What is written, as JSON.
#[derive(Serialize)]
struct Summary<'a> {
    passed: bool,
    lake: Option<&'a str>,
    generation: Option<u64>,
    as_of: Option<&'a str>,
    checks: Vec<Checked>,
}

#[derive(Serialize)]
struct Checked {
    measure: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    min: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max: Option<Value>,
    value: Option<Value>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

fn bound(pair: &str, is_min: bool) -> Result<Bound> {
    let (name, text) = pair
        .split_once('=')
        .with_context(|| format!("--{} {pair}: write MEASURE=VALUE", if is_min { "min" } else { "max" }))?;
    let Some(measure) = MEASURES.iter().find(|measure| measure.name == name) else {
        let names: Vec<_> = MEASURES.iter().map(|measure| measure.name).collect();
        bail!("there is no measure {name}; {} (mfa check --list)", nearest(name, names));
    };
    match text.parse::<f64>() {
        Ok(bound) if bound.is_finite() => Ok(Bound { measure, bound, is_min }),
        _ => bail!("{name}={text}: write a number"),
    }
}

pub(crate) fn run(check: &Check, config: &Config) -> Result<Outcome> {
    if check.list {
        let row = |measure: &Measure| vec![Some(measure.name.to_owned()), Some(measure.about.to_owned())];
        config.answer()?.rows(&["measure", "about"], MEASURES.iter().map(row).collect())?;
        return Ok(Outcome::Success);
    }
    let bounds = check.min.iter().map(|pair| bound(pair, true)).chain(check.max.iter().map(|pair| bound(pair, false)));
    let bounds = bounds.collect::<Result<Vec<_>>>()?;
    let answer = config.answer()?;
    let (session, lake) = config.session(true)?;
    let rows = |name: &str| {
        let mut relations = lake.iter().flat_map(|lake| lake.relations());
        relations.find(|(loaded, _)| *loaded == name).map(|(_, rows)| rows)
    };
    // Without accounts, or sign-ins, no count is an answer; a list that is loaded and empty says that there are none.
    let missing = |measure: &Measure| {
        let needed = ["mfa_identities", "mfa_signins"].into_iter().find(|name| rows(name).unwrap_or(0) == 0);
        needed.map(|name| (name, "has no rows")).or_else(|| {
            let optional = measure.needs.iter().find(|name| rows(name).is_none());
            optional.map(|name| (*name, "is not loaded"))
        })
    };
    let mut asked: Vec<&Measure> = Vec::new();
    for bound in &bounds {
        if missing(bound.measure).is_none() && asked.iter().all(|known| known.name != bound.measure.name) {
            asked.push(bound.measure);
        }
    }
    let answers = sql::collect(&session, asked.iter().map(|measure| (measure.sql.to_owned(), Vec::new())).collect())?;
    let mut values = Vec::new();
    for (measure, answer) in asked.iter().zip(answers) {
        let batches = answer.with_context(|| format!("cannot ask {}", measure.name))?;
        let value = match batches.iter().find(|batch| batch.num_rows() > 0) {
            Some(batch) => {
                let column = cast(batch.column(0), &DataType::Float64)?;
                (!column.is_null(0)).then(|| column.as_primitive::<Float64Type>().value(0))
            }
            None => None,
        };
        values.push((measure.name, value));
    }
    let mut checks = Vec::new();
    let mut is_passed = true;
    for bound in &bounds {
        let name = bound.measure.name;
        let value = values.iter().find(|(known, _)| *known == name).and_then(|(_, value)| *value);
        let (status, why) = match (value, missing(bound.measure)) {
            (_, Some((relation, why))) => ("unknown", Some(format!("{relation} {why}"))),
            (None, None) => ("unknown", Some("the data do not say".to_owned())),
            (Some(value), None) => {
                let holds = if bound.is_min { value >= bound.bound } else { value <= bound.bound };
                (if holds { "passed" } else { "failed" }, None)
            }
        };
        is_passed &= status == "passed";
        let relation = if bound.is_min { "min" } else { "max" };
        if status != "passed" && !config.quiet {
            let value = value.map_or("unknown".to_owned(), |value| number(value).to_string());
            let why = why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
            say(&format!("mfa: {name} is {value}, {relation} {}{why}", number(bound.bound)));
        }
        checks.push(Checked {
            measure: name,
            min: bound.is_min.then(|| number(bound.bound)),
            max: (!bound.is_min).then(|| number(bound.bound)),
            value: value.map(number),
            status,
            why,
        });
    }
    let generation = lake.as_ref().map(mfa_datafusion::lake::Lake::generation);
    let summary = Summary { passed: is_passed, lake: config.lake(), generation, as_of: config.as_of(), checks };
    answer.text(&serde_json::to_string_pretty(&summary)?)?;
    Ok(if is_passed { Outcome::Success } else { Outcome::Failed })
}

/// Counts as whole numbers.
fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 9e15 { Value::from(value as i64) } else { Value::from(value) }
}
