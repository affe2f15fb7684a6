//! Embeds the saved questions, so that a new file in `queries/` is all that a new question takes.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = Path::new(&env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("../../queries");
    println!("cargo::rerun-if-changed={}", root.display());
    let mut files = Vec::new();
    for folder in fs::read_dir(&root)? {
        let folder = folder?.path();
        if folder.is_dir() {
            println!("cargo::rerun-if-changed={}", folder.display());
            for file in fs::read_dir(folder)? {
                files.push(file?.path());
            }
        }
    }
    files.retain(|file| file.extension().is_some_and(|extension| extension == "sql"));
    files.sort();
    let mut code = String::from("&[\n");
    for file in files {
        let topic = file.parent().and_then(Path::file_name).unwrap_or_default();
        let _ = writeln!(code, "    ({topic:?}, include_str!({:?})),", file.canonicalize()?);
    }
    code.push_str("]\n");
    let out = PathBuf::from(env::var("OUT_DIR").map_err(io::Error::other)?);
    fs::write(out.join("questions.rs"), code)
}
