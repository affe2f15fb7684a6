//! The saved questions, as files.

use std::path::Path;
use std::{fs, io};

/// Every file in `queries/` below `root`, by its path from there: path and text.
pub(crate) fn read(root: &Path) -> io::Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    for topic in fs::read_dir(root.join("queries"))? {
        for file in fs::read_dir(topic?.path())? {
            files.push(file?.path());
        }
    }
    files.sort();
    let relative = |path: &Path| path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/");
    files.iter().map(|path| Ok((relative(path), fs::read_to_string(path)?))).collect()
}
