//! A lake: the input relations as Parquet files in a folder, which `mfa load` fills and a [`Session`] reads.
//!
//! ```text
//! lake/
//!   manifest.json                                     which files count
//!   signins/provider=entra/day=2026-10-01/….parquet   one file a day, sorted by time
//!   identities/source=read_entra_users/….parquet
//!   exceptions/source=list/….parquet
//! ```

mod load;
mod manifest;
mod parquet;
mod recognise;
mod signins;
mod table;
mod tables;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::error::DataFusionError;
use mfa_core::catalog::{CONTRACT, SqlFile};
use mfa_core::model::{Row as _, SignIn};

pub use load::{Account, Load, Progress, Report, Silent};
pub use manifest::Damage;

use crate::Session;
use crate::writer::{data_type, timestamptz};
use manifest::{Manifest, READING};
use table::LakeTable;

/// What can go wrong with a lake.
#[derive(Debug, thiserror::Error)]
pub enum LakeError {
    /// There is none.
    #[error("there is no lake in '{path}'; make one: mfa load <paths> --into {path}")]
    Missing {
        /// Where it was looked for.
        path: String,
    },
    /// The folder holds something else.
    #[error("'{path}' is not empty and no lake, since it has no manifest.json; load into a folder of its own")]
    NotALake {
        /// The folder.
        path: String,
    },
    /// The manifest cannot be understood.
    #[error("'{path}' is not the manifest of a lake: {what}")]
    Manifest {
        /// The file.
        path: String,
        /// Why not.
        what: String,
    },
    /// Files are torn, or do not belong to it.
    #[error("the lake is damaged: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Damaged(Vec<Damage>),
    /// Another load is at it.
    #[error("another load is writing to '{path}'")]
    Busy {
        /// The lake.
        path: String,
    },
    /// What is to be loaded cannot be.
    #[error("{0}")]
    Input(String),
    /// More records could not be read than are tolerated.
    #[error("{rejects} records were rejected, more than the {max} that --max-rejects allows; the lake is as it was")]
    TooManyRejects {
        /// How many.
        rejects: u64,
        /// How many are tolerated.
        max: u64,
        /// What was rejected.
        report: Box<Report>,
    },
    /// The file system refused something.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// Why it failed.
        source: io::Error,
    },
    /// The engine refused something.
    #[error(transparent)]
    Engine(#[from] DataFusionError),
}

impl LakeError {
    fn io(what: impl Into<String>, source: io::Error) -> Self {
        Self::Io { what: what.into(), source }
    }
}

/// A lake, as it was when it was opened.
#[derive(Debug)]
pub struct Lake {
    root: PathBuf,
    manifest: Manifest,
    left_out: Vec<Damage>,
    /// Keeps loads from deleting what is read.
    _reading: Option<File>,
}

/// What to do about damaged files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damaged {
    /// Fail, and name them.
    Refuse,
    /// Leave them out.
    LeaveOut,
}

impl Lake {
    /// Opens a lake.
    ///
    /// # Errors
    /// When there is none, or it is damaged.
    pub fn open(root: &Path, damaged: Damaged) -> Result<Self, LakeError> {
        // Held before the manifest is read, so that its files stay; a lake that cannot be written to has no loads either.
        let reading = match File::open(root.join(READING)) {
            Ok(file) => {
                file.lock_shared().map_err(|error| LakeError::io("cannot lock the lake", error))?;
                Some(file)
            }
            Err(_) => None,
        };
        let mut manifest =
            Manifest::read(root)?.ok_or_else(|| LakeError::Missing { path: root.display().to_string() })?;
        let left_out = manifest.damages(root)?;
        if !left_out.is_empty() && damaged == Damaged::Refuse {
            return Err(LakeError::Damaged(left_out));
        }
        for files in manifest.relations.values_mut() {
            files.retain(|file| left_out.iter().all(|damage| damage.path != file.path));
        }
        let root = root.canonicalize().map_err(|error| LakeError::io("cannot open the lake", error))?;
        Ok(Self { root, manifest, left_out, _reading: reading })
    }

    /// The files that were left out.
    pub fn left_out(&self) -> &[Damage] {
        &self.left_out
    }

    /// Counts the loads that changed something.
    pub fn generation(&self) -> u64 {
        self.manifest.generation
    }

    /// The relations that are loaded, with their rows.
    pub fn relations(&self) -> impl Iterator<Item = (&str, u64)> {
        self.manifest
            .relations
            .iter()
            .map(|(name, files)| (name.as_str(), files.iter().map(|file| file.rows).sum::<u64>()))
    }

    /// Brings its relations to a session, as tables. What is not loaded stays unknown there.
    ///
    /// # Errors
    /// A relation that is of no contract.
    pub fn register(&self, session: &Session) -> Result<(), LakeError> {
        for (name, files) in &self.manifest.relations {
            let table = LakeTable::new(&self.root, contract(name)?, files)?;
            session.context().register_table(name.as_str(), Arc::new(table))?;
        }
        Ok(())
    }
}

/// A relation of the contract.
fn contract(name: &str) -> Result<&'static SqlFile, LakeError> {
    CONTRACT
        .iter()
        .find(|file| file.name == name)
        .ok_or_else(|| LakeError::Input(format!("{name} is no relation of the contract")))
}

/// The columns of a relation.
fn schema(relation: &SqlFile) -> SchemaRef {
    let fields = relation.columns.iter().map(|column| {
        let ty = match column.ty {
            "BOOLEAN" => DataType::Boolean,
            "BIGINT" => DataType::Int64,
            "INTEGER" => DataType::Int32,
            "DOUBLE" => DataType::Float64,
            "DATE" => DataType::Date32,
            "TIMESTAMPTZ" => timestamptz(),
            "VARCHAR[]" => DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true))),
            "VARCHAR" => DataType::Utf8,
            // The one nested type is that of a column of sign-ins.
            _ => SignIn::COLUMNS
                .iter()
                .find(|known| known.name == column.name)
                .map_or(DataType::Utf8, |known| data_type(&known.kind.into())),
        };
        Field::new(column.name, ty, true)
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_of_the_contract_is_known() {
        for relation in CONTRACT.iter() {
            for (column, field) in relation.columns.iter().zip(schema(relation).fields()) {
                assert_eq!(column.ty == "VARCHAR", *field.data_type() == DataType::Utf8, "{}", column.name);
            }
        }
    }
}
