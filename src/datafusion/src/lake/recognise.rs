//! What a file is: a log, a list, a policy, or nothing that is loaded.
//!
//! Logs are told by what their records look like, whatever the file is called. Lists of a contract relation are told by
//! their name (`exceptions.csv`, `mfa_exceptions.parquet`) or by their columns.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use mfa_core::catalog::{CONTRACT, SqlFile};
use mfa_core::model::{Identity, Row as _};
use mfa_core::readers::framing::{Position, Stream};
use mfa_core::readers::{Category, Layout, Parse, READERS, Reader, Record, Reject};

use super::LakeError;
use super::manifest::MANIFEST;

/// Records that are looked at.
const LOOKED_AT: usize = 100;

/// Characters by which a TOML or JSON file is known to be a policy.
const POLICY: &str = "mfa-policy/";

/// A file that is to be loaded.
#[derive(Debug, Clone)]
pub(super) struct Input {
    /// As it was named, or found below what was named.
    pub(super) path: String,
    pub(super) bytes: u64,
    pub(super) kind: Kind,
}

/// What a file is.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    /// A log or a list that a reader reads.
    Log(&'static Reader),
    /// Rows of a contract relation, as text.
    List(&'static SqlFile, Layout),
    /// Rows of a contract relation.
    Parquet(&'static SqlFile),
    /// A policy document: of mfa_policies, or the proposed one.
    Policy(&'static SqlFile),
    /// Nothing that is loaded, and why.
    Other(String),
}

/// The files that are named, and those below the folders that are named, each with what it is.
///
/// # Errors
/// A path that names nothing, or a file that was named itself and is nothing that is loaded.
pub(super) fn find(paths: &[String], lake: &Path) -> Result<Vec<Input>, LakeError> {
    let mut inputs: Vec<Input> = Vec::new();
    for path in paths {
        let (found, is_named) = if Path::new(path).is_dir() {
            (walk(Path::new(path), lake)?, false)
        } else {
            let (files, _) = mfa_files::find(&[Some(path.clone())]).map_err(LakeError::Input)?;
            (files.into_iter().map(PathBuf::from).collect(), Path::new(path).exists())
        };
        for file in found {
            let input = look(&file)?;
            if let (Kind::Other(why), true) = (&input.kind, is_named) {
                return Err(LakeError::Input(format!("cannot load '{}': {why}", input.path)));
            }
            if inputs.iter().all(|known| known.path != input.path) {
                inputs.push(input);
            }
        }
    }
    Ok(inputs)
}

/// The files below a folder, in order. Hidden ones are nobody's logs, and a lake is not loaded into a lake.
fn walk(folder: &Path, lake: &Path) -> Result<Vec<PathBuf>, LakeError> {
    let cannot = |error| LakeError::io(format!("cannot look into '{}'", folder.display()), error);
    let mut entries = fs::read_dir(folder).map_err(cannot)?.collect::<Result<Vec<_>, _>>().map_err(cannot)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    let is_lake = entries.iter().any(|entry| entry.file_name() == MANIFEST)
        && super::Manifest::read(folder).is_ok_and(|manifest| manifest.is_some());
    if is_lake || same(folder, lake) {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with(['.', '_']) {
            continue;
        }
        // A link to a folder may lead back to where it is.
        let is_link = entry.file_type().map_err(cannot)?.is_symlink();
        if path.is_dir() {
            if !is_link {
                files.extend(walk(&path, lake)?);
            }
        } else {
            files.push(path);
        }
    }
    Ok(files)
}

fn same(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// What a file is.
fn look(path: &Path) -> Result<Input, LakeError> {
    let name = path.to_string_lossy().into_owned();
    let cannot = |error: std::io::Error| LakeError::Input(mfa_files::cannot_open(&name, &error));
    let metadata = fs::metadata(path).map_err(cannot)?;
    // What cannot be read twice cannot be looked at first.
    let kind = if metadata.is_file() {
        kind(path).map_err(cannot)?
    } else {
        Kind::Other("it is a pipe or a device; write it to a file first".to_owned())
    };
    Ok(Input { path: name, bytes: metadata.len(), kind })
}

fn kind(path: &Path) -> std::io::Result<Kind> {
    let file_name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let plain = file_name.strip_suffix(".gz").or_else(|| file_name.strip_suffix(".zst")).unwrap_or(&file_name);
    let (stem, extension) = plain.rsplit_once('.').unwrap_or((plain, ""));
    let named = relation_named(stem);
    match extension {
        "parquet" => {
            return Ok(match named {
                Some(relation) => Kind::Parquet(relation),
                None => Kind::Other("a Parquet file has to be named like the relation it holds".to_owned()),
            });
        }
        "toml" => return policy(path, stem),
        "csv" => return csv(path, named),
        // What is written for people and programs may begin with a bracket, too.
        "md" | "py" | "sql" | "sh" | "html" | "rs" => {
            return Ok(Kind::Other(format!("a file of type {extension} is no log")));
        }
        _ => {}
    }
    if stem.starts_with("mfa_")
        && let Some(relation) = named
    {
        return Ok(Kind::List(relation, Layout::Json));
    }
    let kind = log(path, Layout::Json)?;
    match (kind, named) {
        (Some(reader), _) => Ok(Kind::Log(reader)),
        (None, Some(relation)) => Ok(Kind::List(relation, Layout::Json)),
        (None, None) => match policy(path, stem)? {
            Kind::Other(_) => Ok(Kind::Other("no record that a reader of mfa knows".to_owned())),
            policy => Ok(policy),
        },
    }
}

/// The relation a file is named after, with or without `mfa_`.
fn relation_named(stem: &str) -> Option<&'static SqlFile> {
    let stem = stem.replace('-', "_");
    CONTRACT.iter().find(|relation| relation.name == stem || relation.name.strip_prefix("mfa_") == Some(&*stem))
}

fn policy(path: &Path, stem: &str) -> std::io::Result<Kind> {
    // A policy is a page or two.
    const LARGEST: u64 = 1 << 20;
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST).read_to_end(&mut bytes)?;
    let relation = if stem.contains("proposed") { "mfa_proposed_policy" } else { "mfa_policies" };
    let relation = CONTRACT.iter().find(|file| file.name == relation);
    Ok(match (memchr_text(&bytes, POLICY), relation) {
        (true, Some(relation)) => Kind::Policy(relation),
        _ => Kind::Other("no policy of mfa".to_owned()),
    })
}

fn memchr_text(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// The reader of a log in that layout: the one that takes most of its first records.
fn log(path: &Path, layout: Layout) -> std::io::Result<Option<&'static Reader>> {
    const ANY_SIGNINS: &str = "read_mfa_signins";
    let readers: Vec<_> = READERS
        .iter()
        .filter(|reader| reader.layout == layout)
        // What a mapping reads is for whoever writes the mapping to say.
        .filter(|reader| !matches!(reader.parse[0], Parse::Mapping(_)))
        .collect();
    let mut taken = vec![(0u32, 0u32); readers.len()];
    let mut stream = Stream::open(File::open(path)?, layout)?;
    let Some(block) = stream.next_block(Vec::new())? else {
        return Ok(None);
    };
    let mut position = Position::default();
    for _ in 0..LOOKED_AT {
        let Some(piece) = block.next(&mut position) else {
            break;
        };
        let Ok(record @ Record::Json(bytes)) = piece.content else {
            continue;
        };
        for (reader, (rows, belong)) in readers.iter().zip(&mut taken) {
            let outcome = match reader.parse[0] {
                Parse::SignIn(parse) => parse(bytes).map(|row| usize::from(row.is_some())),
                Parse::Identities(parse) => parse(record).map(|rows| rows.len()),
                Parse::Factors(parse) => parse(record).map(|rows| rows.len()),
                Parse::FactorEvents(parse) => parse(record).map(|rows| rows.len()),
                Parse::CaPolicies(parse) => parse(record).map(|rows| rows.len()),
                Parse::Mapping(_) | Parse::Mapped(_) => Err(Reject::at(Category::WrongProvider, 0)),
            };
            match outcome {
                Ok(0) => *belong += 1,
                Ok(_) => *rows += 1,
                // Of this log, and not as it should be.
                Err(Reject {
                    category: Category::MissingField | Category::InvalidTimestamp | Category::NumberOutOfRange,
                    ..
                }) => *belong += 1,
                Err(_) => {}
            }
        }
    }
    let best = readers
        .iter()
        .zip(taken)
        .filter(|(_, taken)| *taken != (0, 0))
        // The reader of all sign-in logs also takes files that mix them.
        .max_by_key(|(reader, taken)| (*taken, reader.name == ANY_SIGNINS));
    Ok(best.map(|(reader, _)| *reader))
}

/// What a table of text is, by its name and its columns.
fn csv(path: &Path, named: Option<&'static SqlFile>) -> std::io::Result<Kind> {
    let mut stream = Stream::open(File::open(path)?, Layout::Csv)?;
    let block = stream.next_block(Vec::new())?;
    let piece = block.as_ref().and_then(|block| block.next(&mut Position::default()));
    let header: Vec<String> = match piece.map(|piece| piece.content) {
        Some(Ok(Record::Csv(header, _))) => header.iter().map(column_name).collect(),
        // Without a line there is nothing to go by but the name.
        _ => Vec::new(),
    };
    let has = |name: &str| header.iter().any(|column| column == name);
    let reader = |name: &str| READERS.iter().find(|reader| reader.name == name);
    if has("arn")
        && has("mfa_active")
        && let Some(reader) = reader("read_aws_credential_report")
    {
        return Ok(Kind::Log(reader));
    }
    // Logs that come as tables of text, their lines read as objects.
    if named.is_none()
        && let Some(reader) = log(path, Layout::Any)?
    {
        return Ok(Kind::Log(reader));
    }
    // The reader of people knows many names for the columns of mfa_identities.
    let people = reader("read_mfa_identities").map(Kind::Log);
    if let (Some(relation), Some(people)) = (named, &people) {
        return Ok(if relation.name == "mfa_identities" { people.clone() } else { Kind::List(relation, Layout::Csv) });
    }
    let by_columns = CONTRACT.iter().find(|relation| {
        let is_known = |column: &String| relation.columns.iter().any(|known| known.name == column.as_str());
        relation.name != "mfa_identities"
            && relation.columns.len() > 1
            && key(relation).all(has)
            && header.iter().all(is_known)
    });
    if let Some(relation) = by_columns {
        return Ok(Kind::List(relation, Layout::Csv));
    }
    const IDS: &[&str] = &["identity_id", "user_principal", "user_principal_name", "upn", "login", "username", "email"];
    const USUAL: &[&str] = &["name", "first_name", "last_name", "employee_type", "status", "title", "hire_date"];
    let about_people = |column: &&String| {
        USUAL.contains(&column.as_str())
            || IDS.contains(&column.as_str())
            || Identity::COLUMNS.iter().any(|known| known.name == column.as_str())
    };
    if IDS.iter().any(|id| has(id))
        && header.iter().filter(about_people).count() >= 3
        && let Some(people) = people
    {
        return Ok(people);
    }
    Ok(Kind::Other("neither its name nor its columns are those of a relation of the contract".to_owned()))
}

/// A column of a table of text, as the contract spells columns.
pub(super) fn column_name(column: &[u8]) -> String {
    let text = String::from_utf8_lossy(column);
    let text = text.trim_start_matches('\u{feff}').trim();
    text.chars().map(|letter| if letter == ' ' || letter == '-' { '_' } else { letter.to_ascii_lowercase() }).collect()
}

/// The columns of the key of a relation.
pub(super) fn key(relation: &SqlFile) -> impl Iterator<Item = &str> {
    relation.tag("key").unwrap_or_default().split(',').map(str::trim).filter(|column| !column.is_empty())
}
