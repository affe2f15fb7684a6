//! What is wrong with a document, and where.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What is wrong with a policy document, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.of("policy"))]
pub struct PolicyError {
    /// Where in the document, such as `tier[2].enrol.allow`; empty for the document itself.
    pub path: String,
    /// Line of the text, from 1.
    pub line: usize,
    /// Character of the line, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
}

/// What is wrong at a path of the document; the text that gives it a line is not at hand.
pub(super) struct Fault {
    pub(super) path: String,
    pub(super) message: String,
}

/// The notation of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Notation {
    Toml,
    Json,
}

impl Notation {
    /// The notation of a text, and the text without a byte order mark.
    pub(super) fn of(text: &str) -> (&str, Self) {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        // A TOML document cannot begin with a brace, and a JSON one that is an object must.
        let notation = if text.trim_start().starts_with('{') { Self::Json } else { Self::Toml };
        (text, notation)
    }
}

impl PolicyError {
    /// The message of an error in a document of that name.
    pub(super) fn of(&self, document: &str) -> String {
        let Self { path, line, column, message } = self;
        let gap = if path.is_empty() { "" } else { " " };
        format!("{document}: {path}{gap}at line {line}, column {column}: {message}")
    }

    /// An error of the TOML parser.
    pub(super) fn of_toml(text: &str, error: &toml::de::Error) -> Self {
        // Without a span, or with an empty one at the start, it is the document that lacks something.
        match error.span() {
            None | Some(Range { start: 0, end: 0 }) => Self::new(text, String::new(), 0, error.message().to_owned()),
            Some(span) => {
                let path = innermost(text, Notation::Toml, span.start).map_or_else(String::new, |node| node.path);
                let mut message = error.message().to_owned();
                if let ("duplicate key", Some(key)) = (error.message(), text.get(span.clone())) {
                    message = format!("{message} `{key}`");
                }
                Self::new(text, path, span.start, message)
            }
        }
    }

    /// An error of serde_json.
    pub(super) fn of_json(text: &str, error: &serde_json::Error) -> Self {
        let mut offset = byte_of(text, error.line(), error.column());
        let message = error.to_string();
        let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message).to_owned();
        if ["invalid type: map", "invalid type: sequence"].iter().any(|kind| message.starts_with(kind)) {
            // Of a value that is not wanted at all nothing is read: it begins after the last byte that was.
            let rest = text.as_bytes().iter().skip(offset + 1);
            offset += 1 + rest.take_while(|byte| byte.is_ascii_whitespace()).count();
        }
        match innermost(text, Notation::Json, offset) {
            // What is wrong with a value is noticed at its end; it is looked for at its beginning.
            Some(node) if error.is_data() => Self::new(text, node.path, node.span.start, message),
            Some(node) => Self::new(text, node.path, offset, message),
            None => Self::new(text, String::new(), offset, message),
        }
    }

    /// An error found after parsing, at a path of the document.
    pub(super) fn at_path(text: &str, notation: Notation, fault: Fault) -> Self {
        let (_, offset) = Places::new(text, notation).nearest(&fault.path);
        Self::new(text, fault.path, offset, fault.message)
    }

    fn new(text: &str, path: String, offset: usize, message: String) -> Self {
        let (line, column) = Self::line_and_column(text, offset);
        Self { path, line, column, message }
    }

    /// The line and the character of it, from 1, of a byte.
    pub(super) fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }
}

/// The byte that a line and column of serde_json mean: the last one it read.
fn byte_of(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let byte = (start + column.saturating_sub(1)).min(text.len());
    (0..=byte).rev().find(|byte| text.is_char_boundary(*byte)).unwrap_or(0)
}

/// Where the values of a document are in its text.
pub(super) struct Places(Vec<Node>);

impl Places {
    pub(super) fn new(text: &str, notation: Notation) -> Self {
        Self(nodes(text, notation))
    }

    /// Path and byte of a value. One that is missing or has a default is not in the text: its nearest ancestor is.
    pub(super) fn nearest(&self, path: &str) -> (&str, usize) {
        self.0
            .iter()
            .filter(|node| {
                path.strip_prefix(&node.path)
                    .is_some_and(|rest| rest.is_empty() || node.path.is_empty() || rest.starts_with(['.', '[']))
            })
            .max_by_key(|node| node.path.len())
            .map_or(("", 0), |node| (&node.path, node.span.start))
    }
}

/// What to add to a message about an unknown word: the known one nearest to it, if one is near.
pub(super) fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, known).map_or_else(String::new, |known| format!(", did you mean `{known}`?"))
}

/// The known word nearest to another, if one is near.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // The distance takes the product of the lengths; no word that is near is long.
    let word = word.get(..word.len().min(64))?;
    known
        .into_iter()
        .map(|known| (strsim::damerau_levenshtein(word, known), known))
        .filter(|(distance, known)| *distance <= (known.len() / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// The innermost value or key at a byte of the text.
fn innermost(text: &str, notation: Notation, offset: usize) -> Option<Node> {
    nodes(text, notation)
        .into_iter()
        .filter(|node| node.span.contains(&offset))
        // Of two that begin and end together the inner one comes later.
        .min_by_key(|node| (node.span.len(), usize::MAX - node.path.len()))
}

struct Node {
    path: String,
    span: Range<usize>,
}

/// Every value of a document with its place in the text. Only called for an error, so it need not be quick. Of a
/// text that cannot be parsed it is what can.
fn nodes(text: &str, notation: Notation) -> Vec<Node> {
    let mut nodes = Vec::new();
    match notation {
        Notation::Toml => {
            let (table, _) = DeTable::parse_recoverable(text);
            toml_table(table.get_ref(), "", &mut nodes);
        }
        Notation::Json => {
            Json { text: text.as_bytes(), at: 0 }.value(String::new(), &mut nodes);
        }
    }
    nodes
}

fn toml_table(table: &DeTable<'_>, path: &str, nodes: &mut Vec<Node>) {
    for (key, value) in table {
        let path = child(path, key.get_ref());
        nodes.push(Node { path: path.clone(), span: key.span() });
        toml_value(value, path, nodes);
    }
}

fn toml_value(value: &Spanned<DeValue<'_>>, path: String, nodes: &mut Vec<Node>) {
    nodes.push(Node { path: path.clone(), span: value.span() });
    match value.get_ref() {
        DeValue::Table(table) => toml_table(table, &path, nodes),
        DeValue::Array(array) => {
            for (index, value) in array.iter().enumerate() {
                toml_value(value, format!("{path}[{index}]"), nodes);
            }
        }
        _ => {}
    }
}

fn child(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// Walks JSON that may be broken: it stops where it no longer understands.
struct Json<'t> {
    text: &'t [u8],
    at: usize,
}

impl Json<'_> {
    fn peek(&mut self) -> Option<u8> {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Nesting is bounded: the parser, which has its own limit, came first, and this stops no later.
    fn value(&mut self, path: String, nodes: &mut Vec<Node>) -> Option<()> {
        let first = self.peek()?;
        let node = nodes.len();
        nodes.push(Node { path: path.clone(), span: self.at..self.text.len() });
        if node > 0 && path.matches(['.', '[']).count() > 128 {
            return None;
        }
        match first {
            b'{' => {
                self.at += 1;
                while self.peek()? != b'}' {
                    let key_start = self.at;
                    let path = child(&path, &self.string()?);
                    nodes.push(Node { path: path.clone(), span: key_start..self.at });
                    self.take(b':').then_some(())?;
                    self.value(path, nodes)?;
                    self.take(b',');
                }
                self.at += 1;
            }
            b'[' => {
                self.at += 1;
                let mut index = 0;
                while self.peek()? != b']' {
                    self.value(format!("{path}[{index}]"), nodes)?;
                    self.take(b',');
                    index += 1;
                }
                self.at += 1;
            }
            b'"' => drop(self.string()?),
            _ => {
                let start = self.at;
                while self.text.get(self.at).is_some_and(|byte| !b",]} \t\r\n".contains(byte)) {
                    self.at += 1;
                }
                (self.at > start).then_some(())?;
            }
        }
        nodes[node].span.end = self.at;
        Some(())
    }

    fn string(&mut self) -> Option<String> {
        self.take(b'"').then_some(())?;
        let start = self.at;
        while *self.text.get(self.at)? != b'"' {
            self.at += 1 + usize::from(self.text[self.at] == b'\\');
        }
        let string = String::from_utf8_lossy(self.text.get(start..self.at)?).into_owned();
        self.at += 1;
        Some(string)
    }
}
