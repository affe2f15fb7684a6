//! What the CSV readers share: a line of a table, asked by the names of its columns.

use std::borrow::Cow;

use super::json::Text;
use super::{Category, Record, Reject, time};
use crate::model::Timestamp;

/// A line with the header it belongs to.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    header: &'a csv::ByteRecord,
    fields: &'a csv::ByteRecord,
}

impl<'a> Line<'a> {
    pub(super) fn of(record: Record<'a>) -> Result<Self, Reject> {
        match record {
            Record::Csv(header, fields) => Ok(Self { header, fields }),
            Record::Json(_) => Err(Reject::at(Category::Syntax, 0)),
        }
    }

    /// Whether the table has a column of that name.
    pub(super) fn has(self, name: &str) -> bool {
        self.header.iter().any(|column| is_named(column, name))
    }

    /// The field of the first of these columns that is there and not empty.
    pub(super) fn text(self, names: &[&'static str]) -> Result<Option<Cow<'a, str>>, Reject> {
        for name in names {
            for (column, field) in self.header.iter().zip(self.fields.iter()) {
                let field = field.trim_ascii();
                if field.is_empty() || !is_named(column, name) {
                    continue;
                }
                return match std::str::from_utf8(field) {
                    Ok(text) => Ok(Some(Cow::Borrowed(text))),
                    Err(_) => Err(Reject::at(Category::InvalidUtf8, 0).in_column(*name)),
                };
            }
        }
        Ok(None)
    }

    /// The same as a boolean; a word that is none is unknown.
    pub(super) fn bool(self, names: &[&'static str]) -> Result<Option<bool>, Reject> {
        Ok(Text(self.text(names)?).as_bool())
    }

    /// The same as a time; words for "never" and "not known" are nothing.
    pub(super) fn time(self, names: &[&'static str]) -> Result<Option<Timestamp>, Reject> {
        const NOTHING: &[&str] =
            &["n/a", "na", "none", "null", "never", "no_information", "not_supported", "-", "unknown"];
        let Some(text) = self.text(names)? else {
            return Ok(None);
        };
        if NOTHING.iter().any(|word| text.eq_ignore_ascii_case(word)) {
            return Ok(None);
        }
        // A small number is a day in a spreadsheet's calendar, or anything else, but no time since 1970.
        let epoch = || text.parse().ok().filter(|number: &f64| *number >= 1e8).and_then(time::from_epoch);
        match time::parse(&text).or_else(epoch) {
            Some(time) => Ok(Some(time)),
            None => {
                Err(Reject::at(Category::InvalidTimestamp, 0).in_column(names.first().copied().unwrap_or_default()))
            }
        }
    }
}

/// Whether a column has that name: case, spaces and punctuation do not matter, nor does a byte order mark.
fn is_named(column: &[u8], name: &str) -> bool {
    fn letters(text: &[u8]) -> impl Iterator<Item = u8> {
        text.iter().filter(|byte| byte.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase)
    }
    letters(column).eq(letters(name.as_bytes()))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Runs `check` over every line of a table.
    pub(in crate::readers) fn lines(table: &str, mut check: impl FnMut(Record<'_>)) {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(table.as_bytes());
        let header = reader.byte_headers().expect("has a header").clone();
        for line in reader.byte_records() {
            check(Record::Csv(&header, &line.expect("is a line")));
        }
    }

    #[test]
    fn columns_are_found_by_any_spelling() {
        lines("\u{feff}Employee ID,  Hire-Date ,e.mail\n 7 ,2024-01-02,\n", |record| {
            let line = Line::of(record).expect("is a line");
            assert_eq!(line.text(&["employee_id"]), Ok(Some("7".into())));
            assert_eq!(line.text(&["email", "employee_id"]), Ok(Some("7".into())));
            assert_eq!(line.text(&["name"]), Ok(None));
            assert_eq!(line.time(&["hire_date"]), Ok(time::parse("2024-01-02")));
            assert!(line.has("Email") && !line.has("mail"));
        });
    }

    #[test]
    fn times() {
        for (text, expected) in [
            ("N/A", Ok(None)),
            ("no_information", Ok(None)),
            ("1597671838", Ok(time::from_epoch(1_597_671_838.0))),
            ("45123", Err(Category::InvalidTimestamp)),
            ("31.12.2024", Err(Category::InvalidTimestamp)),
        ] {
            lines(&format!("at,x\n{text},\n"), |record| {
                let found = Line::of(record).and_then(|line| line.time(&["at"]));
                assert_eq!(found.map_err(|reject| reject.category), expected, "{text}");
            });
        }
    }
}
