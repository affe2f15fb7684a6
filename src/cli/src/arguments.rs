//! The arguments.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

const EXAMPLES: &str = "\
Examples:
  mfa load logs/ --into lake                           normalise what is in a folder, and keep it as Parquet
  mfa query run worst_gaps --lake lake                 ask a question that is already written
  mfa sql 'from mfa_gaps limit 5' --lake lake          ask one of your own
  mfa check --lake lake --min registration_coverage=0.95 --max open_critical_gaps=0

Settings come from flags, else MFA_* variables, else mfa.toml, else defaults: mfa config show.
Exit codes: 0 success, 1 a check does not hold, 2 an error.";

/// MFA remediation over identity-provider logs: adoption, gaps, policy decisions and exceptions as plain SQL.
#[derive(Debug, Parser)]
#[command(name = "mfa", version, after_help = EXAMPLES, max_term_width = 110, propagate_version = false)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, Args, Default)]
pub(crate) struct Global {
    /// The lake to ask (MFA_LAKE)
    #[arg(long, global = true, value_name = "FOLDER")]
    pub(crate) lake: Option<String>,
    /// The instant to judge at, such as 2026-03-31; default now (MFA_AS_OF)
    #[arg(long, global = true, value_name = "TIME")]
    pub(crate) as_of: Option<String>,
    /// A policy document to judge by, instead of the one in force in the lake (MFA_POLICY)
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) policy: Option<String>,
    /// A setting of the views, such as gap_window_days=60; again for more
    #[arg(long = "set", global = true, value_name = "NAME=VALUE")]
    pub(crate) settings: Vec<String>,
    /// table, csv, json, jsonl, markdown or parquet; default by the name of --output, else table on a terminal and csv in a
    /// pipe (MFA_FORMAT)
    #[arg(long, short, global = true, value_name = "FORMAT")]
    pub(crate) format: Option<String>,
    /// Write the answer to this file instead of standard output; it appears when it is complete
    #[arg(long, short, global = true, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Threads; default one for each processor (MFA_THREADS)
    #[arg(long, global = true, value_name = "N")]
    pub(crate) threads: Option<String>,
    /// Leave out files of the lake that are torn or do not belong to it, instead of failing
    #[arg(long, global = true)]
    pub(crate) skip_damaged: bool,
    /// No progress and no remarks
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// The configuration file; default mfa.toml in the current folder (MFA_CONFIG)
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Normalise logs and lists of any provider into a lake
    #[command(after_help = "\
Logs are told by their records, lists by their name (exceptions.csv) or columns, policies by their text; a policy whose
file is called proposed is the one that is proposed. Loading the same again changes nothing; late records go to their day. Whatever happens, the lake is as before or complete.

Examples:
  mfa load logs/ hr/people.csv --into lake
  mfa load 'okta/*.ndjson.gz' --into lake --max-rejects 100 --format json")]
    Load(Load),
    /// List, show or run the questions that are already written
    #[command(after_help = "\
Examples:
  mfa query list
  mfa query run gaps_of_department --lake lake --as-of 2026-03-31 --format markdown
  mfa query run worst_gaps --lake lake --param gap_window_days=7")]
    Query(Query),
    /// Run SQL, over a lake or over logs as they are
    #[command(
        args_conflicts_with_subcommands = true,
        after_help = "\
Examples:
  mfa sql 'select provider, count(*) from mfa_signins group by 1' --lake lake
  mfa sql \"from read_mfa_signins('logs/*.gz') limit 3\" --format jsonl
  mfa sql 'from mfa_signins where user_principal = $who' --param who=ana@example.com --lake lake
  mfa sql install | duckdb company.duckdb"
    )]
    Sql(Sql),
    /// Compare measures with bounds: 0 when all hold, 1 when one does not, 2 when they cannot be asked
    #[command(after_help = "\
What is unknown does not hold. The summary is JSON.

Examples:
  mfa check --lake lake --min registration_coverage=0.95 --max open_critical_gaps=0
  mfa check --list")]
    Check(Check),
    /// Check, show, compare and explain policies
    #[command(
        subcommand,
        after_help = "\
Examples:
  mfa policy lint policy.toml
  mfa policy diff proposed.toml --lake lake
  mfa policy explain ana@example.com --lake lake"
    )]
    Policy(Policy),
    /// List functions, readers, views, inputs and settings
    Functions(Functions),
    /// Show the configuration, and where each value comes from
    #[command(subcommand)]
    Config(Config),
    /// Print completions for a shell
    Completions {
        /// bash, elvish, fish, powershell or zsh
        shell: clap_complete::Shell,
    },
    /// Print the manual page, or write the pages of all commands to a folder
    Man {
        /// Where the pages go
        #[arg(long, value_name = "FOLDER")]
        folder: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Load {
    /// Files, patterns and folders
    #[arg(required = true, value_name = "PATHS")]
    pub(crate) paths: Vec<String>,
    /// The folder of the lake, made where there is none; default the lake that is configured
    #[arg(long, value_name = "LAKE")]
    pub(crate) into: Option<String>,
    /// Load nothing when more records than this are rejected, of all files together
    #[arg(long, value_name = "N")]
    pub(crate) max_rejects: Option<u64>,
    /// Empty a relation first, such as mfa_identities; again for more
    #[arg(long, value_name = "RELATION")]
    pub(crate) replace: Vec<String>,
    /// Fail when another load is at work, instead of waiting for it
    #[arg(long)]
    pub(crate) no_wait: bool,
    /// Mebibytes of sign-ins to keep in memory before they are written aside
    #[arg(long, value_name = "MIB", default_value_t = 1024)]
    pub(crate) memory: usize,
}

#[derive(Debug, Args)]
pub(crate) struct Query {
    #[command(subcommand)]
    pub(crate) action: QueryAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum QueryAction {
    /// List the questions
    List,
    /// Print a question with its header
    Show {
        /// Its name
        name: String,
    },
    /// Answer a question
    Run {
        /// Its name
        name: String,
        /// A parameter of the question, such as as_of=2026-03-31; again for more
        #[arg(long = "param", short, value_name = "NAME=VALUE")]
        params: Vec<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Sql {
    #[command(subcommand)]
    pub(crate) action: Option<SqlAction>,
    /// The statements; - reads them from standard input
    #[arg(required = true, value_name = "STATEMENT")]
    pub(crate) statement: Option<String>,
    /// A value for $NAME in the statement, or for a setting of that name; again for more
    #[arg(long = "param", short, value_name = "NAME=VALUE")]
    pub(crate) params: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SqlAction {
    /// Print the statements that store the views in a DuckDB file, for tools that list catalogs
    Install,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// A measure and the least it may be; again for more
    #[arg(long, value_name = "MEASURE=VALUE", required_unless_present_any = ["max", "list"])]
    pub(crate) min: Vec<String>,
    /// A measure and the most it may be; again for more
    #[arg(long, value_name = "MEASURE=VALUE")]
    pub(crate) max: Vec<String>,
    /// List the measures
    #[arg(long)]
    pub(crate) list: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Policy {
    /// What is suspicious in a document: 1 when there are errors
    Lint {
        /// The documents
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Fail on warnings, too
        #[arg(long)]
        strict: bool,
    },
    /// Print the policy in force: --policy, else that of the lake, else the one that is shipped
    Show {
        /// Its canonical form, JSON
        #[arg(long, conflicts_with_all = ["hash", "matrix"])]
        canonical: bool,
        /// Its hash
        #[arg(long, conflicts_with = "matrix")]
        hash: bool,
        /// What it requires of whom, where, as a table
        #[arg(long)]
        matrix: bool,
    },
    /// Who would be decided otherwise under a proposed policy
    Diff {
        /// The proposed document; default the one in the lake
        proposed: Option<PathBuf>,
    },
    /// Why the policy decides as it does about an account, rule by rule
    Explain {
        /// Login name or id of the account
        account: String,
    },
    /// Print the JSON Schema of policy documents
    Schema,
}

#[derive(Debug, Args)]
pub(crate) struct Functions {
    /// One of them, with all there is to say
    pub(crate) name: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Every value and where it comes from
    Show,
}
