//! Which files are the lake.
//!
//! A data file never changes. The manifest names those that count, and is replaced as a whole by a rename, so a lake is
//! as it was before a load or as it is after it, whenever the load ends.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::LakeError;

/// The file that names the others.
pub(super) const MANIFEST: &str = "manifest.json";

/// Held by the one load that may write. It ends with the process that holds it.
pub(super) const LOADING: &str = ".loading";

/// Held, shared, by who reads: a load deletes what it replaced only when nobody does.
pub(super) const READING: &str = ".reading";

/// Where files are written before they count.
pub(super) const ASIDE: &str = ".aside";

const FORMAT: &str = "mfa-lake/1";

/// The live files of a lake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    format: String,
    /// Counts the loads that changed something.
    pub(super) generation: u64,
    /// By contract relation.
    pub(super) relations: BTreeMap<String, Vec<DataFile>>,
}

/// A Parquet file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DataFile {
    /// Below the lake, with `/`.
    pub(super) path: String,
    pub(super) rows: u64,
    pub(super) bytes: u64,
    /// What its rows have in common, by which a load finds the files it may have to change.
    pub(super) partition: Vec<String>,
    /// First and last instant of the sign-ins in it, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) times: Option<(i64, i64)>,
}

/// A file that is not as the lake left it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// Below the lake.
    pub path: String,
    /// What is wrong with it.
    pub what: String,
}

impl std::fmt::Display for Damage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "'{}': {}", self.path, self.what)
    }
}

impl Default for Manifest {
    fn default() -> Self {
        Self { format: FORMAT.to_owned(), generation: 0, relations: BTreeMap::new() }
    }
}

impl Manifest {
    /// The manifest of a lake; nothing where there is none.
    pub(super) fn read(root: &Path) -> Result<Option<Self>, LakeError> {
        let path = root.join(MANIFEST);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            Err(error) => return Err(LakeError::io(format!("cannot read '{}'", path.display()), error)),
        };
        let not_ours = |what: String| LakeError::Manifest { path: path.display().to_string(), what };
        let manifest: Self = serde_json::from_slice(&bytes)
            .map_err(|error| not_ours(format!("line {}, column {}", error.line(), error.column())))?;
        if manifest.format != FORMAT {
            return Err(not_ours(format!("its format is not {FORMAT}, which this mfa reads")));
        }
        Ok(Some(manifest))
    }

    /// Puts it in the place of the manifest that is there, at once.
    pub(super) fn replace(&self, root: &Path) -> Result<(), LakeError> {
        let path = root.join(MANIFEST);
        let aside = root.join(ASIDE).join(MANIFEST);
        let write = || -> io::Result<()> {
            fs::create_dir_all(root.join(ASIDE))?;
            let mut file = File::create(&aside)?;
            serde_json::to_writer_pretty(io::BufWriter::new(&file), self).map_err(io::Error::from)?;
            file.write_all(b"\n")?;
            file.sync_all()?;
            fs::rename(&aside, &path)?;
            sync_folder(root)
        };
        write().map_err(|error| LakeError::io(format!("cannot write '{}'", path.display()), error))
    }

    /// The files of a relation.
    pub(super) fn files(&self, relation: &str) -> &[DataFile] {
        self.relations.get(relation).map_or(&[], Vec::as_slice)
    }

    /// What is damaged: files that are gone, cut short or changed, and files that nobody loaded.
    pub(super) fn damages(&self, root: &Path) -> Result<Vec<Damage>, LakeError> {
        let mut damages = Vec::new();
        for file in self.relations.values().flatten() {
            if let Err(what) = check(&root.join(&file.path), file.bytes) {
                damages.push(Damage { path: file.path.clone(), what });
            }
        }
        for path in self.others(root)? {
            if !is_ours(&path) {
                let what = "no load of this lake wrote it".to_owned();
                damages.push(Damage { path: below(root, &path), what });
            }
        }
        Ok(damages)
    }

    /// The files in the folders of the lake that it does not name.
    pub(super) fn others(&self, root: &Path) -> Result<Vec<PathBuf>, LakeError> {
        let known: HashSet<_> = self.relations.values().flatten().map(|file| root.join(&file.path)).collect();
        let mut others = Vec::new();
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            let cannot = |error| LakeError::io(format!("cannot look into '{}'", folder.display()), error);
            for entry in fs::read_dir(&folder).map_err(cannot)? {
                let entry = entry.map_err(cannot)?;
                let path = entry.path();
                let is_top = folder == root;
                if entry.file_type().map_err(cannot)?.is_dir() {
                    if !(is_top && entry.file_name() == ASIDE) {
                        folders.push(path);
                    }
                    continue;
                }
                let is_own = is_top && [MANIFEST, LOADING, READING].iter().any(|own| entry.file_name() == **own);
                if !is_own && !known.contains(&path) {
                    others.push(path);
                }
            }
        }
        others.sort();
        Ok(others)
    }
}

/// Whether a load gave the file its name: what it wrote and never counted may be deleted.
pub(super) fn is_ours(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let parts: Vec<_> = name.strip_suffix(".parquet").unwrap_or_default().split('-').collect();
    let [load, generation, unique] = parts.as_slice() else {
        return false;
    };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    *load == "load" && is_number(generation) && is_number(unique)
}

/// Whether a file is the Parquet file that was written.
fn check(path: &Path, bytes: u64) -> Result<(), String> {
    const MAGIC: &[u8; 4] = b"PAR1";
    let mut file = File::open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => "it is gone".to_owned(),
        _ => error.to_string(),
    })?;
    let found = file.metadata().map_err(|error| error.to_string())?.len();
    if found != bytes {
        return Err(format!("it has {found} bytes and had {bytes}"));
    }
    let mut tail = [0; 8];
    let read = file.seek(SeekFrom::End(-8)).and_then(|_| file.read_exact(&mut tail));
    let footer = u32::from_le_bytes([tail[0], tail[1], tail[2], tail[3]]);
    if read.is_err() || tail[4..] != MAGIC[..] || u64::from(footer) + 12 > bytes {
        return Err("it does not end as a Parquet file does".to_owned());
    }
    Ok(())
}

/// A path below the lake, as the manifest has it.
pub(super) fn below(root: &Path, path: &Path) -> String {
    let below = path.strip_prefix(root).unwrap_or(path);
    below.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// Makes the names in a folder last.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_loads_are_ours() {
        for (name, expected) in [
            ("load-00000c-18a5f0-3.parquet", false),
            ("load-00000c-18a5f03.parquet", true),
            ("load-00000c-.parquet", false),
            ("load--1.parquet", false),
            ("part-0-1.parquet", false),
            ("load-0-1.csv", false),
            ("x.parquet", false),
        ] {
            assert_eq!(is_ours(Path::new(name)), expected, "{name}");
        }
    }
}
