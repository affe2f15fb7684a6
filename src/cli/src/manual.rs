//! `mfa completions` and `mfa man`.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result};
use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::Outcome;
use crate::arguments::Arguments;

pub(crate) fn completions(shell: Shell) -> Result<Outcome> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "mfa", &mut script);
    io::stdout().write_all(&script)?;
    Ok(Outcome::Success)
}

pub(crate) fn pages(folder: Option<&Path>) -> Result<Outcome> {
    let command = Arguments::command();
    match folder {
        Some(folder) => {
            let cannot = || format!("cannot write to '{}'", folder.display());
            fs::create_dir_all(folder).with_context(cannot)?;
            clap_mangen::generate_to(command, folder).with_context(cannot)?;
        }
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(command).render(&mut page)?;
            io::stdout().write_all(&page)?;
        }
    }
    Ok(Outcome::Success)
}
