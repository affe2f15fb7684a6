//! `mfa`: MFA remediation on the command line, over logs and a lake of Parquet files.
//!
//! Each subcommand is one call of a library: this crate reads arguments and configuration, and writes answers. Data goes to
//! standard output, everything else to standard error. 0 is success, 1 a check that does not hold, 2 an error.

mod answer;
mod arguments;
mod check;
mod config;
mod functions;
mod install;
mod lake;
mod manual;
mod policy;
mod questions;
mod sql;

use std::io;
use std::process::ExitCode;

use clap::Parser as _;

use arguments::{Arguments, Command};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What a command ends with.
pub(crate) enum Outcome {
    /// All is well.
    Success,
    /// What was checked does not hold.
    Failed,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(Outcome::Success) => ExitCode::SUCCESS,
        Ok(Outcome::Failed) => ExitCode::from(1),
        // Whoever reads has read enough.
        Err(error) if is_closed(&error) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("mfa: {}", message(&error)));
            ExitCode::from(2)
        }
    }
}

fn run(arguments: Arguments) -> anyhow::Result<Outcome> {
    let config = config::Config::resolve(&arguments)?;
    match arguments.command {
        Command::Load(load) => lake::load(&load, &config),
        Command::Query(query) => questions::run(&query, &config),
        Command::Sql(sql) => sql::run(&sql, &config),
        Command::Check(check) => check::run(&check, &config),
        Command::Policy(policy) => policy::run(&policy, &config),
        Command::Functions(functions) => functions::run(&functions, &config),
        Command::Config(show) => config::run(&show, &config),
        Command::Completions { shell } => manual::completions(shell),
        Command::Man { folder } => manual::pages(folder.as_deref()),
    }
}

/// Writes a message to standard error, if anybody listens.
pub(crate) fn say(message: &str) {
    use io::Write as _;
    let _ = writeln!(io::stderr(), "{message}");
}

/// An error with its causes; of the engine's errors what they say, without their class.
fn message(error: &anyhow::Error) -> String {
    let mut parts: Vec<String> = Vec::new();
    for cause in error.chain() {
        let part = match cause.downcast_ref::<datafusion::error::DataFusionError>() {
            Some(error) => error.find_root().message().into_owned(),
            None => cause.to_string(),
        };
        if parts.iter().all(|known| !known.contains(&part)) {
            parts.push(part);
        }
    }
    parts.join(": ")
}

fn is_closed(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io = cause.downcast_ref::<io::Error>();
        let csv = cause.downcast_ref::<csv::Error>().and_then(|error| match error.kind() {
            csv::ErrorKind::Io(error) => Some(error),
            _ => None,
        });
        io.or(csv).is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}

/// The names nearest to one that does not exist, as the end of a message.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<_> = known.into_iter().collect();
    let mut near: Vec<_> = known
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), *candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().max(3) / 3 || candidate.contains(name))
        .collect();
    near.sort_unstable();
    near.dedup();
    if near.is_empty() {
        format!("there are {}", known.join(", "))
    } else {
        format!("did you mean {}?", near.iter().take(3).map(|(_, name)| *name).collect::<Vec<_>>().join(", "))
    }
}
