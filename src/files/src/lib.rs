//! Local files, as the readers of both engines take them: paths and patterns, and what to say when there is nothing.

use std::io;
use std::path::Path;

/// Resolves paths and patterns to files, and their size in all.
///
/// # Errors
/// A path that is NULL, names no file or a directory, or cannot be looked into.
pub fn find(paths: &[Option<String>]) -> Result<(Vec<String>, u64), String> {
    let mut found = Vec::new();
    if paths.is_empty() {
        return Err("the list of paths is empty".to_owned());
    }
    for path in paths {
        let Some(path) = path else {
            return Err("the path is NULL".to_owned());
        };
        if Path::new(path).exists() || !path.contains(['*', '?', '[']) {
            found.push(path.clone());
            continue;
        }
        let matches = glob::glob(path).map_err(|error| format!("'{path}' is not a valid pattern: {}", error.msg))?;
        let before = found.len();
        // What cannot be looked into may hold logs, so it is an error, not a silent loss.
        for entry in matches {
            let entry =
                entry.map_err(|error| format!("cannot read '{}': {}", error.path().display(), error.error()))?;
            if entry.is_file() {
                found.push(entry.to_string_lossy().into_owned());
            }
        }
        if found.len() == before {
            return Err(format!("no file matches '{path}'"));
        }
    }
    let mut bytes = 0;
    for path in &found {
        let metadata = std::fs::metadata(path).map_err(|error| cannot_open(path, &error))?;
        if metadata.is_dir() {
            return Err(format!(
                "'{path}' is a directory; name the files in it, for example '{}/*'",
                path.trim_end_matches('/')
            ));
        }
        bytes += metadata.len();
    }
    Ok((found, bytes))
}

/// What to say of a file that cannot be read.
pub fn cannot_open(path: &str, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => format!("no such file: '{path}'"),
        io::ErrorKind::PermissionDenied => format!("permission denied: '{path}'"),
        _ => format!("cannot read '{path}': {error}"),
    }
}

/// The mapping of a call: what is in a file whose name ends with `.toml`, or the text itself.
///
/// # Errors
/// The file cannot be read.
pub fn mapping(text: &str) -> Result<String, String> {
    if text.contains('\n') || !text.trim_end().ends_with(".toml") {
        return Ok(text.to_owned());
    }
    std::fs::read_to_string(text).map_err(|error| cannot_open(text, &error))
}
