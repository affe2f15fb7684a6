//! Writes what of the documentation comes from the code into a folder: `make docs`.

use std::path::{Path, PathBuf};
use std::{fs, io};

use mfa_core::docs;
use mfa_core::policy::schema;

mod questions;

fn main() -> io::Result<()> {
    let folder = PathBuf::from(std::env::args_os().nth(1).unwrap_or_else(|| "docs".into()));
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("mfa-policy.schema.json"), schema::json_schema())?;
    for (name, text) in docs::files(&questions::read(root)?).map_err(io::Error::other)? {
        fs::write(folder.join(name), text)?;
    }
    Ok(())
}
