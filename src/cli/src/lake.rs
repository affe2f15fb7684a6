//! `mfa load`.

use std::io::{self, IsTerminal as _};
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use mfa_core::catalog::CONTRACT;
use mfa_datafusion::lake::{LakeError, Load, Progress, Report};

use crate::answer::{numbers, texts};
use crate::config::Config;
use crate::{Outcome, arguments, nearest, say};

/// Rejects that are described on the terminal.
const DESCRIBED: usize = 10;

pub(crate) fn load(arguments: &arguments::Load, config: &Config) -> Result<Outcome> {
    let lake = arguments.into.as_deref().or(config.lake());
    let lake = lake.context("no lake is named: use --into, MFA_LAKE or lake in mfa.toml")?;
    let mut replace = Vec::new();
    for relation in &arguments.replace {
        let Some(known) = CONTRACT.iter().find(|known| short(known.name) == short(relation)) else {
            bail!(
                "there is no input {relation}; {}",
                nearest(short(relation), CONTRACT.iter().map(|known| short(known.name)))
            );
        };
        replace.push(known.name.to_owned());
    }
    let load = Load {
        paths: arguments.paths.clone(),
        max_rejects: arguments.max_rejects.unwrap_or(u64::MAX),
        wait: !arguments.no_wait,
        memory: arguments.memory << 20,
        threads: config.threads()?,
        replace,
        damaged: config.damaged,
    };
    let answer = config.answer()?;
    let began = Instant::now();
    let bar = Bar::new(config.quiet);
    let report = match load.run(Path::new(lake), &bar) {
        Ok(report) => report,
        Err(error) => {
            bar.0.finish_and_clear();
            if let LakeError::TooManyRejects { report, .. } = &error {
                describe(report);
            }
            return Err(error.into());
        }
    };
    bar.0.finish_and_clear();
    for damage in &report.left_out {
        say(&format!("mfa: left out {damage}"));
    }
    describe(&report);
    if !config.quiet {
        let added: u64 = report.accounts.iter().map(|account| account.added).sum();
        let replaced: u64 = report.accounts.iter().map(|account| account.replaced).sum();
        let what = match (added, replaced) {
            _ if !report.is_changed => "nothing new".to_owned(),
            (added, 0) => format!("{added} rows added"),
            (added, replaced) => format!("{added} rows added, {replaced} replaced"),
        };
        say(&format!("{lake}: {what}, {} rejected, {:.1} s", report.rejected(), began.elapsed().as_secs_f64()));
    }
    let accounts = &report.accounts;
    let count = |of: fn(&mfa_datafusion::lake::Account) -> u64| {
        numbers(accounts.iter().map(|account| account.skipped.is_none().then_some(of(account))))
    };
    answer.columns(
        &["file", "relation", "source", "records", "rows", "ignored", "rejects", "added", "replaced", "skipped"],
        vec![
            texts(accounts.iter().map(|account| Some(account.file.as_str()))),
            texts(accounts.iter().map(|account| account.relation)),
            texts(accounts.iter().map(|account| account.source)),
            count(|account| account.records),
            count(|account| account.rows),
            count(|account| account.ignored),
            count(|account| account.rejects),
            count(|account| account.added),
            count(|account| account.replaced),
            texts(accounts.iter().map(|account| account.skipped.as_deref())),
        ],
    )?;
    Ok(Outcome::Success)
}

/// A relation as it may be called.
fn short(relation: &str) -> &str {
    relation.strip_prefix("mfa_").unwrap_or(relation)
}

fn describe(report: &Report) {
    for (file, record, why) in report.rejects.iter().take(DESCRIBED) {
        say(&format!("mfa: rejected record {record} of {file}: {why}"));
    }
    let more = report.rejected().saturating_sub(DESCRIBED as u64);
    if more > 0 {
        say(&format!("mfa: rejected {more} more"));
    }
}

/// A bar on a terminal, and nothing elsewhere.
struct Bar(ProgressBar);

impl Bar {
    fn new(quiet: bool) -> Self {
        let is_shown = !quiet && io::stderr().is_terminal();
        let target = if is_shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        Self(ProgressBar::with_draw_target(None, target))
    }

    fn style(&self, template: &str) {
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.0.set_style(style);
        }
    }
}

impl Progress for Bar {
    fn waiting(&self) {
        say("mfa: waiting for another load to end");
    }

    fn reading(&self, bytes: u64) {
        self.style("reading {bar:30} {bytes} of {total_bytes}, {bytes_per_sec}");
        self.0.set_length(bytes);
    }

    fn read(&self, bytes: u64) {
        self.0.inc(bytes);
    }

    fn writing(&self, files: usize) {
        self.style("writing {bar:30} {pos} of {len} files");
        self.0.set_position(0);
        self.0.set_length(files as u64);
    }

    fn wrote(&self) {
        self.0.inc(1);
    }
}
