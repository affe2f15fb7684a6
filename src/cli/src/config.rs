//! Configuration: flags, else `MFA_*` variables, else `mfa.toml`, else defaults.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::ScalarValue;
use datafusion::prelude::SessionConfig;
use mfa_core::catalog::{Param, VIEWS};
use mfa_datafusion::Session;
use mfa_datafusion::lake::{Damaged, Lake};

use crate::answer::{Answer, Format};
use crate::arguments::Arguments;
use crate::{Outcome, arguments, nearest, say};

/// Keys that are no settings of views, and what they are.
const KEYS: &[(&str, &str)] = &[
    ("lake", "the lake to ask"),
    ("policy", "a policy document to judge by"),
    ("format", "how answers are written"),
    ("threads", "threads"),
];

/// A value and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Value {
    text: Option<String>,
    origin: String,
}

/// What holds for this run.
#[derive(Debug)]
pub(crate) struct Config {
    values: BTreeMap<String, Value>,
    output: Option<PathBuf>,
    pub(crate) damaged: Damaged,
    pub(crate) quiet: bool,
}

/// The settings of the views, each once.
pub(crate) fn settings() -> Vec<&'static Param> {
    let mut params: Vec<&Param> = Vec::new();
    for param in VIEWS.iter().flat_map(|view| &view.params) {
        if param.name != "policy" && params.iter().all(|known| known.name != param.name) {
            params.push(param);
        }
    }
    params
}

fn keys() -> Vec<&'static str> {
    KEYS.iter().map(|(name, _)| *name).chain(settings().iter().map(|param| param.name)).collect()
}

impl Config {
    pub(crate) fn resolve(arguments: &Arguments) -> Result<Self> {
        let global = &arguments.global;
        let mut values: BTreeMap<String, Value> = BTreeMap::new();
        for key in keys() {
            let default = settings().iter().find(|param| param.name == key).map(|param| param.default.to_owned());
            values.insert(key.to_owned(), Value { text: default, origin: "default".to_owned() });
        }
        let named = global.config.clone().or_else(|| env::var_os("MFA_CONFIG").map(PathBuf::from));
        let file = named.clone().unwrap_or_else(|| PathBuf::from("mfa.toml"));
        if named.is_some() || file.exists() {
            read_file(&file, &mut values)?;
        }
        for (key, value) in &mut values {
            let variable = format!("MFA_{}", key.to_ascii_uppercase());
            match env::var(&variable) {
                Ok(text) if !text.is_empty() => *value = Value { text: Some(text), origin: variable },
                Ok(_) | Err(env::VarError::NotPresent) => {}
                Err(env::VarError::NotUnicode(_)) => bail!("{variable} is not valid UTF-8"),
            }
        }
        let mut flag = |key: &str, flag: &str, text: &Option<String>| {
            if let Some(text) = text {
                values.insert(key.to_owned(), Value { text: Some(text.clone()), origin: flag.to_owned() });
            }
        };
        flag("lake", "--lake", &global.lake);
        flag("as_of", "--as-of", &global.as_of);
        flag("policy", "--policy", &global.policy);
        flag("format", "--format", &global.format);
        flag("threads", "--threads", &global.threads);
        for pair in &global.settings {
            let (key, text) = pair.split_once('=').with_context(|| format!("--set {pair}: write NAME=VALUE"))?;
            known_setting(key)?;
            flag(key, "--set", &Some(text.to_owned()));
        }
        let damaged = if global.skip_damaged { Damaged::LeaveOut } else { Damaged::Refuse };
        let config = Self { values, output: global.output.clone(), damaged, quiet: global.quiet };
        config.threads()?;
        config.format()?;
        Ok(config)
    }

    fn get(&self, key: &str) -> Option<&str> {
        self.values.get(key).and_then(|value| value.text.as_deref())
    }

    /// The lake that is configured.
    pub(crate) fn lake(&self) -> Option<&str> {
        self.get("lake")
    }

    /// The instant to judge at; none is now.
    pub(crate) fn as_of(&self) -> Option<&str> {
        let value = self.values.get("as_of")?;
        value.text.as_deref().filter(|_| value.origin != "default")
    }

    pub(crate) fn threads(&self) -> Result<usize> {
        match self.get("threads") {
            Some(text) => match text.parse() {
                Ok(threads) if threads > 0 => Ok(threads),
                _ => bail!("threads = {text}: write a number from 1 on"),
            },
            None => Ok(std::thread::available_parallelism().map_or(1, usize::from)),
        }
    }

    fn format(&self) -> Result<Option<Format>> {
        self.get("format").map(Format::named).transpose()
    }

    /// Where answers go, and how they are written.
    pub(crate) fn answer(&self) -> Result<Answer> {
        Answer::new(self.format()?, self.output.clone())
    }

    /// The text of the policy document that is configured.
    pub(crate) fn policy(&self) -> Result<Option<String>> {
        let Some(path) = self.get("policy") else {
            return Ok(None);
        };
        fs::read_to_string(path).map(Some).with_context(|| format!("cannot read the policy '{path}'"))
    }

    /// Opens the lake that is configured.
    pub(crate) fn open_lake(&self) -> Result<Option<Lake>> {
        let Some(path) = self.lake() else {
            return Ok(None);
        };
        let lake = Lake::open(Path::new(path), self.damaged)?;
        for damage in lake.left_out() {
            say(&format!("mfa: left out {damage}"));
        }
        Ok(Some(lake))
    }

    /// A session over the lake, if one is configured, with all settings. The lake has to be kept as long as it is read.
    pub(crate) fn session(&self, needs_lake: bool) -> Result<(Session, Option<Lake>)> {
        let threads = self.threads()?;
        let session = Session::new(SessionConfig::new().with_target_partitions(threads))?;
        let lake = self.open_lake()?;
        match &lake {
            Some(lake) => lake.register(&session)?,
            None if needs_lake => {
                bail!(
                    "no lake is named: use --lake, MFA_LAKE or lake in mfa.toml; mfa load <paths> --into <lake> makes one"
                )
            }
            None => {}
        }
        for param in settings() {
            let value = &self.values[param.name];
            if let (Some(text), true) = (&value.text, value.origin != "default") {
                let typed = typed(param.ty, text).with_context(|| format!("{} ({})", param.name, value.origin))?;
                session.set_variable(&format!("mfa_{}", param.name), typed)?;
            }
        }
        if let Some(policy) = self.policy()? {
            session.set_variable("mfa_policy", ScalarValue::from(policy))?;
        }
        Ok((session, lake))
    }
}

fn known_setting(key: &str) -> Result<()> {
    let names: Vec<_> = settings().iter().map(|param| param.name).collect();
    if !names.contains(&key) {
        bail!("there is no setting {key}; {}", nearest(key, names));
    }
    Ok(())
}

fn read_file(path: &Path, values: &mut BTreeMap<String, Value>) -> Result<()> {
    let name = path.display();
    let text = fs::read_to_string(path).with_context(|| format!("cannot read the configuration '{name}'"))?;
    let table: toml::Table = text.parse().with_context(|| format!("'{name}' is not valid TOML"))?;
    for (key, value) in table {
        if !values.contains_key(&key) {
            bail!("'{name}': there is no {key}; {}", nearest(&key, keys()));
        }
        let text = match value {
            toml::Value::String(text) if matches!(key.as_str(), "lake" | "policy") => {
                // Paths in a file are seen from where the file is.
                path.parent().unwrap_or(Path::new("")).join(text).to_string_lossy().into_owned()
            }
            toml::Value::String(text) => text,
            toml::Value::Array(_) | toml::Value::Table(_) => bail!("'{name}': {key} has to be one value"),
            value => value.to_string(),
        };
        values.insert(key, Value { text: Some(text), origin: name.to_string() });
    }
    Ok(())
}

/// A text as a value of a SQL type.
pub(crate) fn typed(ty: &str, text: &str) -> Result<ScalarValue> {
    let data_type = match ty.to_ascii_uppercase().as_str() {
        "TIMESTAMPTZ" => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        "DATE" => DataType::Date32,
        "INTEGER" => DataType::Int32,
        "BIGINT" => DataType::Int64,
        "DOUBLE" => DataType::Float64,
        "BOOLEAN" => DataType::Boolean,
        _ => DataType::Utf8,
    };
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    let array = ScalarValue::from(text.trim()).to_array()?;
    match cast_with_options(&array, &data_type, &strict) {
        Ok(value) => Ok(ScalarValue::try_from_array(&value, 0)?),
        Err(_) => bail!("'{text}' is no {ty}"),
    }
}

/// `mfa config`.
pub(crate) fn run(_: &arguments::Config, config: &Config) -> Result<Outcome> {
    let mut rows = Vec::new();
    for (key, value) in &config.values {
        let about = KEYS
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, about)| *about)
            .or_else(|| settings().iter().find(|param| param.name == key).map(|param| param.doc));
        rows.push(vec![Some(key.clone()), value.text.clone(), Some(value.origin.clone()), about.map(str::to_owned)]);
    }
    config.answer()?.rows(&["name", "value", "from", "what"], rows)?;
    Ok(Outcome::Success)
}
