//! The header of a SQL file: its documentation, as data.
//!
//! ```sql
//! -- mfa_gaps
//! --
//! -- What is missing, per account.
//! --
//! -- @area    assess
//! -- @param   as_of  TIMESTAMPTZ  now()  last instant counted
//! -- @column  rule   VARCHAR      which rule found it
//! ```
//!
//! An input says which rows it belongs to, a detection which technique it finds and how it differs from published ones:
//!
//! ```sql
//! -- @references manager -> mfa_identities (user_principal)
//! -- @mitre      T1621 Multi-Factor Authentication Request Generation
//! -- @equivalent sigma:e40f4962-b02b-4192-9bfe-245f7ece1f99 "Multifactor Authentication Denied" - one event; here five
//! -- @equivalent none - nobody publishes one, since …
//! -- @preset     elastic fatigue_denies 5, fatigue_minutes 10 - which of its rules has these numbers
//! ```

/// A SQL file with its header taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlFile {
    /// Name of the relation.
    pub name: &'static str,
    /// First paragraph.
    pub summary: String,
    /// The paragraphs after it.
    pub details: String,
    /// `@param`, in order.
    pub params: Vec<Param>,
    /// `@column`, in order.
    pub columns: Vec<ColumnDoc>,
    /// `@references`, in order.
    pub references: Vec<Reference>,
    /// `@mitre`, in order: the id of an ATT&CK technique and its name.
    pub techniques: Vec<(&'static str, &'static str)>,
    /// `@equivalent`, in order.
    pub equivalents: Vec<Equivalent>,
    /// `@preset`, in order.
    pub presets: Vec<Preset>,
    /// All other tags, in order.
    pub tags: Vec<(&'static str, String)>,
    /// What follows the header.
    pub body: &'static str,
}

/// A parameter of a view; the session sets it as `mfa_<name>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Param {
    /// Name, without `mfa_`.
    pub name: &'static str,
    /// SQL type.
    pub ty: &'static str,
    /// Expression used when the session sets nothing.
    pub default: &'static str,
    /// What it means.
    pub doc: &'static str,
}

/// A column of a view or of an input relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnDoc {
    /// Name.
    pub name: &'static str,
    /// SQL type.
    pub ty: &'static str,
    /// What it holds.
    pub doc: &'static str,
}

/// Columns that name a row of an input relation. Nothing enforces it: what is named may not be loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The columns.
    pub columns: Vec<&'static str>,
    /// The relation they name a row of.
    pub relation: &'static str,
    /// Its columns, in the same order.
    pub to: Vec<&'static str>,
}

/// A published detection that looks for the same, or the reason why there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Equivalent {
    /// Who publishes it, and its id there; `None` where nobody does.
    pub rule: Option<(&'static str, &'static str)>,
    /// Its name, where it has one beside the id.
    pub name: Option<&'static str>,
    /// What is different here, and why.
    pub difference: &'static str,
}

/// The thresholds that a publisher has for the same detection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preset {
    /// The publisher.
    pub name: &'static str,
    /// Parameters of the view and their values there.
    pub values: Vec<(&'static str, &'static str)>,
    /// Which of its rules has them.
    pub source: &'static str,
}

impl Preset {
    fn parse(text: &'static str) -> Option<Self> {
        let (settings, source) = text.split_once(" - ")?;
        let (name, settings) = split(settings);
        let values = settings.split(',').map(|setting| setting.trim().split_once(' ')).collect::<Option<_>>()?;
        Some(Self { name, values, source })
    }
}

impl Reference {
    fn parse(text: &'static str) -> Option<Self> {
        let list = |text: &'static str| text.split(',').map(str::trim).collect::<Vec<_>>();
        let (columns, target) = text.split_once("->")?;
        let columns = list(columns);
        let (relation, to) = match target.trim().split_once('(') {
            Some((relation, to)) => (relation.trim(), list(to.trim_end().strip_suffix(')')?)),
            None => (target.trim(), columns.clone()),
        };
        (columns.len() == to.len()).then_some(Self { columns, relation, to })
    }
}

impl Equivalent {
    fn parse(text: &'static str) -> Option<Self> {
        let (rule, rest) = text.split_once(' ')?;
        let (name, difference) = match rest.strip_prefix('"') {
            Some(rest) => rest.split_once("\" - ").map(|(name, difference)| (Some(name), difference))?,
            None => (None, rest.strip_prefix("- ")?),
        };
        let rule = if rule == "none" { None } else { Some(rule.split_once(':')?) };
        Some(Self { rule, name, difference })
    }
}

impl SqlFile {
    /// Takes the header of `text` apart. A malformed header is a mistake in this repository, found by the tests.
    ///
    /// # Errors
    /// What is malformed.
    pub fn parse(text: &'static str) -> Result<Self, String> {
        let body_at = text
            .lines()
            .take_while(|line| line.starts_with("--"))
            .map(|line| line.len() + 1)
            .sum::<usize>()
            .min(text.len());
        let mut lines = text[..body_at].lines().map(|line| line[2..].trim());
        let name = lines.next().filter(|name| !name.is_empty()).ok_or("the header has no name")?;
        let mut file = Self {
            name,
            summary: String::new(),
            details: String::new(),
            params: Vec::new(),
            columns: Vec::new(),
            references: Vec::new(),
            techniques: Vec::new(),
            equivalents: Vec::new(),
            presets: Vec::new(),
            tags: Vec::new(),
            body: text[body_at..].trim(),
        };
        let mut prose = String::new();
        for line in lines {
            let Some(tag) = line.strip_prefix('@') else {
                if !file.tags.is_empty() || !file.columns.is_empty() {
                    return Err(format!("{name}: text after a tag: {line}"));
                }
                prose.push_str(line);
                prose.push('\n');
                continue;
            };
            let (tag, rest) = split(tag);
            match tag {
                "param" => {
                    let (param, rest) = split(rest);
                    let (ty, rest) = split(rest);
                    let (default, doc) = rest
                        .split_once("  ")
                        .ok_or_else(|| format!("{name}: @param {param} needs a default, two spaces, a text"))?;
                    file.params.push(Param { name: param, ty, default, doc: doc.trim() });
                }
                "column" => {
                    let (column, rest) = split(rest);
                    let (ty, doc) = split_type(rest);
                    file.columns.push(ColumnDoc { name: column, ty, doc });
                }
                "references" => {
                    let reference = Reference::parse(rest);
                    file.references
                        .push(reference.ok_or_else(|| format!("{name}: @references is columns -> relation"))?);
                }
                "mitre" => file.techniques.push(split(rest)),
                "equivalent" => {
                    let equivalent = Equivalent::parse(rest);
                    file.equivalents.push(
                        equivalent
                            .ok_or_else(|| format!("{name}: @equivalent is publisher:id \"name\" - difference"))?,
                    );
                }
                "preset" => {
                    let preset = Preset::parse(rest);
                    file.presets.push(
                        preset.ok_or_else(|| format!("{name}: @preset is publisher parameter value, … - source"))?,
                    );
                }
                tag => file.tags.push((tag, rest.to_owned())),
            }
        }
        let (summary, details) = prose.trim().split_once("\n\n").unwrap_or((prose.trim(), ""));
        file.summary = summary.replace('\n', " ");
        file.details = details.trim().to_owned();
        Ok(file)
    }

    /// A query with its columns and no rows.
    pub fn no_rows(&self) -> String {
        let columns: Vec<_> =
            self.columns.iter().map(|column| format!("cast(null as {}) as {}", column.ty, column.name)).collect();
        format!("select {} where false", columns.join(", "))
    }

    /// The columns of its key.
    pub fn key(&self) -> Vec<&str> {
        self.tag("key").map(|key| key.split(", ").collect()).unwrap_or_default()
    }

    /// The text of a tag.
    pub fn tag(&self, tag: &str) -> Option<&str> {
        self.tags.iter().find(|(name, _)| *name == tag).map(|(_, text)| text.as_str())
    }
}

/// The first word, and what follows it.
fn split(text: &'static str) -> (&'static str, &'static str) {
    let text = text.trim();
    let (first, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (first, rest.trim_start())
}

/// The first word, or all up to the bracket that closes one opened in it: `STRUCT(a VARCHAR, b BOOLEAN)[]`.
fn split_type(text: &'static str) -> (&'static str, &'static str) {
    let mut depth = 0usize;
    for (at, character) in text.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            character if character.is_whitespace() && depth == 0 => return (&text[..at], text[at..].trim_start()),
            _ => {}
        }
    }
    (text, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_taken_apart() {
        let file = SqlFile::parse(
            "-- mfa_x\n--\n-- What it\n-- is.\n--\n-- More.\n--\n-- @area   assess\n-- @param  as_of  TIMESTAMPTZ  now()  last instant\n\
             -- @column s  STRUCT(a VARCHAR, b BOOLEAN)[]  both\n\nselect 1\n",
        )
        .unwrap();
        assert_eq!(
            (file.name, file.summary.as_str(), file.details.as_str(), file.body),
            ("mfa_x", "What it is.", "More.", "select 1")
        );
        assert_eq!(file.params, [Param { name: "as_of", ty: "TIMESTAMPTZ", default: "now()", doc: "last instant" }]);
        assert_eq!(file.columns, [ColumnDoc { name: "s", ty: "STRUCT(a VARCHAR, b BOOLEAN)[]", doc: "both" }]);
        assert_eq!(file.tag("area"), Some("assess"));
    }

    #[test]
    fn references_and_equivalents_are_taken_apart() {
        let file = SqlFile::parse(
            "-- mfa_x\n--\n-- X.\n--\n-- @references a, b -> mfa_y\n-- @references c -> mfa_y (a)\n-- @mitre T1621 Some Name\n\
             -- @equivalent p:1 \"Its - Name\" - more - much more\n-- @equivalent p:2 - less\n-- @equivalent none - why\n-- @preset p a 5, b 10 - rule p:1 - or p:2\n\nselect 1\n",
        )
        .unwrap();
        assert_eq!(
            file.references,
            [
                Reference { columns: vec!["a", "b"], relation: "mfa_y", to: vec!["a", "b"] },
                Reference { columns: vec!["c"], relation: "mfa_y", to: vec!["a"] },
            ]
        );
        assert_eq!(file.techniques, [("T1621", "Some Name")]);
        assert_eq!(
            file.equivalents,
            [
                Equivalent { rule: Some(("p", "1")), name: Some("Its - Name"), difference: "more - much more" },
                Equivalent { rule: Some(("p", "2")), name: None, difference: "less" },
                Equivalent { rule: None, name: None, difference: "why" },
            ]
        );
        assert_eq!(
            file.presets,
            [Preset { name: "p", values: vec![("a", "5"), ("b", "10")], source: "rule p:1 - or p:2" }]
        );
        for tag in [
            "@preset p a 5",
            "@preset p a - one",
            "@references a, b",
            "@references a, b -> mfa_y (a)",
            "@equivalent p:1",
            "@equivalent p - less",
            "@equivalent p:1 \"x - less",
        ] {
            assert!(SqlFile::parse(format!("-- mfa_x\n--\n-- X.\n--\n-- {tag}\n").leak()).is_err(), "{tag}");
        }
    }
}
