//! Writes what of the documentation comes from the code into a folder: `make docs`.

use std::path::PathBuf;

use mfa_core::policy::{LintRule, schema};

fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(std::env::args_os().nth(1).unwrap_or_else(|| "docs".into()));
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("mfa-policy.schema.json"), schema::json_schema())?;
    std::fs::write(folder.join("policy-lint.md"), LintRule::documentation())
}
