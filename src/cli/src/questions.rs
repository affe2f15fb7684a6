//! `mfa query`: the questions that are already written, in `queries/`.

use std::sync::LazyLock;

use anyhow::{Context as _, Result, bail};
use mfa_core::catalog::SqlFile;

use crate::arguments::{Query, QueryAction};
use crate::config::{Config, typed};
use crate::{Outcome, nearest, sql};

/// Topic and text of each.
const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/questions.rs"));

struct Question {
    topic: &'static str,
    text: &'static str,
    file: SqlFile,
}

static QUESTIONS: LazyLock<Vec<Question>> = LazyLock::new(|| {
    let parse =
        |(topic, text): &(&'static str, &'static str)| Some(Question { topic, text, file: SqlFile::parse(text).ok()? });
    FILES.iter().filter_map(parse).collect()
});

fn question(name: &str) -> Result<&'static Question> {
    let named = QUESTIONS.iter().find(|question| question.file.name == name);
    match named {
        Some(question) => Ok(question),
        None => {
            bail!("there is no question {name}; {}", nearest(name, QUESTIONS.iter().map(|known| known.file.name)))
        }
    }
}

pub(crate) fn run(query: &Query, config: &Config) -> Result<Outcome> {
    match &query.action {
        QueryAction::List => {
            let rows = QUESTIONS.iter().map(|question| {
                let params: Vec<_> = question.file.params.iter().map(|param| param.name).collect();
                vec![
                    Some(question.topic.to_owned()),
                    Some(question.file.name.to_owned()),
                    Some(question.file.summary.clone()),
                    Some(params.join(", ")),
                ]
            });
            config.answer()?.rows(&["topic", "name", "question", "params"], rows.collect())?;
        }
        QueryAction::Show { name } => config.answer()?.text(question(name)?.text)?,
        QueryAction::Run { name, params } => {
            let question = question(name)?;
            let answer = config.answer()?;
            let (session, lake) = config.session(true)?;
            for pair in params {
                let (key, text) = pair.split_once('=').with_context(|| format!("--param {pair}: write NAME=VALUE"))?;
                let known = question.file.params.iter().find(|param| param.name == key);
                let Some(param) = known else {
                    let names = question.file.params.iter().map(|param| param.name);
                    bail!("{name} has no parameter {key}; {}", nearest(key, names));
                };
                let value = typed(param.ty, text).with_context(|| format!("--param {key}"))?;
                session.set_variable(&format!("mfa_{key}"), value)?;
            }
            sql::answer(session, question.text.to_owned(), Vec::new(), answer)?;
            drop(lake);
        }
    }
    Ok(Outcome::Success)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_a_question() {
        assert!(FILES.len() >= 10);
        assert_eq!(QUESTIONS.len(), FILES.len());
    }
}
