//! What an unknown table name that begins with `mfa_` stands for.

use super::header::{Param, SqlFile};
use super::presets::{PRESETS, preset_value};
use super::relations::{CONTRACT, VIEWS};
use crate::readers::READERS;

/// The meaning of a table name that the engine does not know.
#[derive(Debug)]
pub enum Relation {
    /// A virtual view.
    View(&'static SqlFile),
    /// An optional input that is not loaded: no rows of these columns.
    Empty(&'static SqlFile),
}

/// Finds what `name` stands for; `None` when the name is not ours.
///
/// # Errors
/// A required input that is not loaded, a function that is not called, or a name that does not exist: the message says
/// what to do.
pub fn resolve(name: &str) -> Result<Option<Relation>, String> {
    let name = name.to_ascii_lowercase();
    if READERS.iter().any(|reader| reader.name == name) {
        return Err(format!("{name} is a reader: call it with the path of a log, {name}('…')"));
    }
    if !name.starts_with("mfa_") {
        return Ok(None);
    }
    if let Some(view) = VIEWS.iter().find(|view| view.name == name) {
        return Ok(Some(Relation::View(view)));
    }
    if let Some(input) = CONTRACT.iter().find(|input| input.name == name) {
        if input.tag("required").is_none() {
            return Ok(Some(Relation::Empty(input)));
        }
        let load = input.tag("loads").unwrap_or_default();
        return Err(format!("{name} is not loaded: it is a required input. Load it, for example: {load}"));
    }
    if let Some(entry) = super::entries().into_iter().find(|entry| entry.name == name) {
        let kind = if entry.kind == "setting" { "setting" } else { "function" };
        let call = entry.signature.split(" →").next().unwrap_or_default();
        return Err(format!("{name} is a {kind}, not a relation: write {call}"));
    }
    Err(format!("there is no view {name}. {}", suggestion(&name)))
}

/// The names nearest to one that does not exist.
fn suggestion(name: &str) -> String {
    let mut names: Vec<_> = VIEWS
        .iter()
        .chain(CONTRACT.iter())
        .map(|file| (strsim::damerau_levenshtein(name, file.name), file.name))
        .filter(|(distance, known)| *distance <= known.len() / 3)
        .collect();
    names.sort_unstable();
    let near: Vec<_> = names.iter().take(3).map(|(_, name)| *name).collect();
    if near.is_empty() {
        "FROM mfa_functions() lists what there is".to_owned()
    } else {
        format!("Did you mean {}?", near.join(", "))
    }
}

/// The SQL of a view, each `$parameter` replaced by what `value` makes of it. Strings, quoted names and comments are left
/// alone.
pub fn substitute(view: &SqlFile, value: impl Fn(&Param) -> String) -> String {
    let body = view.body;
    let mut sql = String::with_capacity(body.len() * 2);
    let mut rest = body;
    while let Some(at) = rest.find(['$', '\'', '"', '-']) {
        sql.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = match rest.as_bytes()[0] {
            b'$' => {
                let end =
                    rest[1..].find(|c: char| !c.is_ascii_alphanumeric() && c != '_').map_or(rest.len(), |end| end + 1);
                match view.params.iter().find(|param| param.name == &rest[1..end]) {
                    Some(param) => sql.push_str(&value(param)),
                    None => sql.push_str(&rest[..end]),
                }
                rest = &rest[end..];
                continue;
            }
            b'-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            b'-' => 1,
            quote => rest[1..].find(char::from(quote)).map_or(rest.len(), |end| end + 2),
        };
        sql.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    sql.push_str(rest);
    sql
}

/// The SQL of a view for DuckDB: each parameter is what `SET VARIABLE mfa_<name> = …` says, else what the preset says that
/// `mfa_preset` names, else its default.
pub fn with_variables(view: &SqlFile) -> String {
    substitute(view, |param| {
        let set = format!("cast(getvariable('mfa_{}') as {})", param.name, param.ty);
        let cases: Vec<_> = PRESETS
            .iter()
            .filter_map(|preset| Some(format!("when '{preset}' then {}", preset_value(view, preset, param.name)?)))
            .collect();
        if cases.is_empty() {
            return format!("(coalesce({set}, {}))", param.default);
        }
        let preset = "mfa_preset(cast(getvariable('mfa_preset') as varchar))";
        format!("(coalesce({set}, case {preset} {} else {} end))", cases.join(" "), param.default)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_replaced_where_they_are_parameters() {
        let view = SqlFile::parse(
            "-- mfa_x\n--\n-- X.\n--\n-- @param  day  DATE  now()  d\n\nselect '$day', \"$day\", $day-1, $days -- $day's\nfrom t where a = $day",
        )
        .unwrap();
        let sql = substitute(&view, |param| format!("<{}>", param.name));
        assert_eq!(sql, "select '$day', \"$day\", <day>-1, $days -- $day's\nfrom t where a = <day>");
    }

    #[test]
    fn a_variable_comes_before_a_preset_and_that_before_the_default() {
        let view = SqlFile::parse(
            "-- mfa_x\n--\n-- X.\n--\n-- @param  a  INTEGER  5  n\n-- @param  b  INTEGER  6  n\n-- @preset splunk a 9 - p\n\nselect $a, $b",
        )
        .unwrap();
        assert_eq!(
            with_variables(&view),
            "select (coalesce(cast(getvariable('mfa_a') as INTEGER), case mfa_preset(cast(getvariable('mfa_preset') as varchar)) \
             when 'splunk' then 9 else 5 end)), (coalesce(cast(getvariable('mfa_b') as INTEGER), 6))"
        );
    }

    #[test]
    fn names_are_resolved() {
        assert!(resolve("orders").unwrap().is_none());
        assert!(matches!(resolve("MFA_Gaps"), Ok(Some(Relation::View(view))) if view.name == "mfa_gaps"));
        assert!(matches!(resolve("mfa_factors"), Ok(Some(Relation::Empty(_)))));
        let missing = resolve("mfa_signins").unwrap_err();
        assert!(missing.contains("create table mfa_signins"), "{missing}");
        let typo = resolve("mfa_gasp").unwrap_err();
        assert!(typo.contains("Did you mean mfa_gaps"), "{typo}");
        let function = resolve("mfa_functions").unwrap_err();
        assert!(function.contains("write mfa_functions()"), "{function}");
        let reader = resolve("read_okta_system_log").unwrap_err();
        assert!(reader.contains("read_okta_system_log('…')"), "{reader}");
        let setting = resolve("mfa_as_of").unwrap_err();
        assert!(setting.contains("SET VARIABLE mfa_as_of"), "{setting}");
    }
}
