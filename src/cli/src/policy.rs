//! `mfa policy`.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use datafusion::arrow::array::{Array as _, AsArray as _, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::catalog::MemTable;
use datafusion::common::ScalarValue;
use mfa_core::policy::{Compiled, DEFAULT_POLICY, Policy as Document, Severity};
use mfa_datafusion::Session;

use crate::arguments::Policy;
use crate::config::Config;
use crate::{Outcome, nearest, say, sql};

const SCHEMA: &str = include_str!("../../../docs/mfa-policy.schema.json");

/// What a proposed policy changes, the most people first.
const DIFF: &str = "select axis, provider, user_principal, department, old_would_decision, new_would_decision, old_enrolment, \
                    new_enrolment, reasons_gained, reasons_lost, accounts, signins from mfa_policy_diff where is_enabled \
                    order by axis asc nulls last, provider asc nulls last, user_principal asc nulls last, \
                    old_would_decision asc nulls last, new_would_decision asc nulls last";

/// Every rule about one account, as `mfa_explain` gives them.
const EXPLAIN: &str = "select provider, identity_id, e['section'] as section, e['rule'] as rule, e['applied'] as applied, \
                       e['reason'] as reason, e['satisfied'] as satisfied, e['asks'] as asks from ( \
                           select i.provider, i.identity_id, unnest(mfa_explain(i.subject, i.factors, null, null, i.exceptions, \
                               coalesce(cast(getvariable('mfa_as_of') as timestamptz), now()), p.document)) as e \
                           from mfa_account_inputs as i cross join mfa_policy_in_force as p \
                           where i.user_principal = lower($account) or i.identity_id = $account \
                       ) as explained";

pub(crate) fn run(policy: &Policy, config: &Config) -> Result<Outcome> {
    match policy {
        Policy::Lint { files, strict } => {
            let mut rows = Vec::new();
            let mut is_bad = false;
            for file in files {
                let text = read(file)?;
                for lint in Document::lint(&text) {
                    is_bad |= lint.severity == Severity::Error || (*strict && lint.severity == Severity::Warning);
                    rows.push(vec![
                        Some(file.display().to_string()),
                        Some(lint.severity.as_str().to_owned()),
                        Some(lint.rule.as_str().to_owned()),
                        Some(lint.path),
                        Some(lint.message),
                    ]);
                }
            }
            config.answer()?.rows(&["file", "severity", "rule", "path", "message"], rows)?;
            return Ok(if is_bad { Outcome::Failed } else { Outcome::Success });
        }
        Policy::Show { matrix: true, .. } => {
            let answer = config.answer()?;
            let (session, lake) = config.session(false)?;
            sql::answer(session, "select * from mfa_policy_matrix".to_owned(), Vec::new(), answer)?;
            drop(lake);
        }
        Policy::Show { canonical, hash, .. } => {
            let document = in_force(config)?;
            let compiled = || Compiled::parse(&document).context("the policy in force is not valid");
            let text = match (canonical, hash) {
                (true, _) => compiled()?.policy().canonical_json(),
                (_, true) => compiled()?.hash().to_owned(),
                _ => document,
            };
            config.answer()?.text(&text)?;
        }
        Policy::Diff { proposed } => {
            let answer = config.answer()?;
            let (session, lake) = config.session(true)?;
            if let Some(file) = proposed {
                propose(&session, &read(file)?, file)?;
            } else if lake.iter().flat_map(|lake| lake.relations()).all(|(name, _)| name != "mfa_proposed_policy") {
                bail!("no policy is proposed: name a document, or load one whose file is called proposed.toml");
            }
            let rows = sql::answer(session, DIFF.to_owned(), Vec::new(), answer)?;
            if rows == 0 && !config.quiet {
                say("mfa: nobody would be decided otherwise");
            }
        }
        Policy::Explain { account } => {
            let answer = config.answer()?;
            let (session, lake) = config.session(true)?;
            let params = vec![("account".to_owned(), ScalarValue::from(account.as_str()))];
            let found = sql::collect(&session, vec![(EXPLAIN.to_owned(), params)])?.remove(0)?;
            let rows: Vec<_> = found.iter().filter(|batch| batch.num_rows() > 0).collect();
            let Some(first) = rows.first() else {
                let known = "select distinct user_principal from mfa_account_inputs where user_principal is not null";
                let known = sql::collect(&session, vec![(known.to_owned(), Vec::new())])?.remove(0)?;
                let texts = known.iter().flat_map(|batch| batch.column(0).as_string::<i32>().iter().flatten());
                let mut near: Vec<_> = texts.map(|name| (strsim::damerau_levenshtein(account, name), name)).collect();
                near.sort_unstable();
                let near: Vec<_> = near.into_iter().take(3).map(|(_, name)| name).collect();
                bail!("there is no account {account}; {}", nearest(account, near));
            };
            let all = datafusion::arrow::compute::concat_batches(&first.schema(), rows)?;
            answer.batch(&all)?;
            drop(lake);
        }
        Policy::Schema => config.answer()?.text(SCHEMA)?,
    }
    Ok(Outcome::Success)
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read the policy '{}'", path.display()))
}

/// The document that decides.
fn in_force(config: &Config) -> Result<String> {
    if let Some(document) = config.policy()? {
        return Ok(document);
    }
    let (session, lake) = config.session(false)?;
    if lake.is_some() {
        let rows = sql::collect(&session, vec![("select document from mfa_policy_in_force".to_owned(), Vec::new())])?;
        for batch in rows.into_iter().next().context("no answer")?? {
            let documents = batch.column(0).as_string::<i32>();
            if !documents.is_empty() && !documents.is_null(0) {
                return Ok(documents.value(0).to_owned());
            }
        }
    }
    Ok(DEFAULT_POLICY.to_owned())
}

/// Puts a document in the place of the proposed one.
fn propose(session: &Session, document: &str, file: &Path) -> Result<()> {
    Compiled::parse(document).with_context(|| format!("'{}' is no valid policy", file.display()))?;
    let schema = Arc::new(Schema::new(vec![Field::new("document", DataType::Utf8, true)]));
    let batch = RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(StringArray::from(vec![document]))])?;
    let context = session.context();
    context.deregister_table("mfa_proposed_policy")?;
    context.register_table("mfa_proposed_policy", Arc::new(MemTable::try_new(schema, vec![vec![batch]])?))?;
    Ok(())
}
