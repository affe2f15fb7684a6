//! What is wrong with a document, and where.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What is wrong with a policy document, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("policy: {path}{}at line {line}, column {column}: {message}", gap(.path))]
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

fn gap(path: &str) -> &'static str {
    if path.is_empty() { "" } else { " " }
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

impl PolicyError {
    /// An error the parser found at a byte of the text.
    pub(super) fn at_offset(text: &str, notation: Notation, offset: usize, message: &str) -> Self {
        let path = nodes(text, notation)
            .into_iter()
            .filter(|node| node.span.contains(&offset))
            // Of two that begin and end together the inner one comes later.
            .min_by_key(|node| (node.span.len(), usize::MAX - node.path.len()))
            .map_or_else(String::new, |node| node.path);
        Self::new(text, path, offset, message.to_owned())
    }

    /// An error found after parsing, at a path of the document.
    pub(super) fn at_path(text: &str, notation: Notation, fault: Fault) -> Self {
        // A value that is missing or has a default is not in the text: its nearest ancestor is.
        let offset = nodes(text, notation)
            .into_iter()
            .filter(|node| {
                fault
                    .path
                    .strip_prefix(&node.path)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.') || rest.starts_with('['))
            })
            .max_by_key(|node| node.path.len())
            .map_or(0, |node| node.span.start);
        Self::new(text, fault.path, offset, fault.message)
    }

    fn new(text: &str, path: String, offset: usize, message: String) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self { path, line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1, message }
    }
}

struct Node {
    path: String,
    span: Range<usize>,
}

/// Every value of a document with its place in the text. Only called for an error, so it need not be quick; what
/// cannot be parsed has no nodes.
fn nodes(text: &str, notation: Notation) -> Vec<Node> {
    let mut nodes = Vec::new();
    match notation {
        Notation::Toml => {
            if let Ok(table) = DeTable::parse(text) {
                toml_table(table.get_ref(), "", &mut nodes);
            }
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
                    let key = self.string()?;
                    self.take(b':').then_some(())?;
                    self.value(child(&path, &key), nodes)?;
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
