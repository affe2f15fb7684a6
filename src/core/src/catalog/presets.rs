//! Presets: the thresholds of a publisher in the place of ours, by one setting.

use super::header::SqlFile;

/// Whose thresholds there are. What they are stands in the headers of the detections.
pub const PRESETS: &[&str] = &["elastic", "panther", "sentinel", "splunk"];

/// The preset of a name, in any case.
///
/// # Errors
/// A name that is none; the message names the nearest, and all.
pub fn preset(name: &str) -> Result<&'static str, String> {
    let name = name.to_lowercase();
    if let Some(known) = PRESETS.iter().find(|known| **known == name) {
        return Ok(known);
    }
    let near = PRESETS
        .iter()
        .map(|known| (strsim::damerau_levenshtein(&name, known), known))
        .filter(|(distance, known)| *distance <= known.len() / 2)
        .min();
    let near = near.map(|(_, known)| format!(" Did you mean {known}?")).unwrap_or_default();
    Err(format!("mfa_preset is none of {}.{near}", PRESETS.join(", ")))
}

/// What a preset puts in the place of the default of a parameter; nothing where its publisher has no such threshold.
pub fn preset_value(view: &SqlFile, preset: &str, param: &str) -> Option<&'static str> {
    let of_view = view.presets.iter().find(|known| known.name == preset)?;
    of_view.values.iter().find(|(name, _)| *name == param).map(|(_, value)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::VIEWS;

    #[test]
    fn a_preset_sets_parameters_of_its_view() {
        for view in VIEWS.iter() {
            for preset in &view.presets {
                assert!(PRESETS.contains(&preset.name), "{}: {}", view.name, preset.name);
                let same = view.presets.iter().filter(|other| other.name == preset.name).count();
                assert_eq!(same, 1, "{}: {} twice", view.name, preset.name);
                for (name, value) in &preset.values {
                    assert!(view.params.iter().any(|param| param.name == *name), "{}: {name}", view.name);
                    assert!(value.parse::<f64>().is_ok(), "{}: {name} {value}", view.name);
                }
            }
            let takes = view.params.iter().any(|param| param.name == "preset");
            assert_eq!(takes, !view.presets.is_empty(), "{}: @param preset and @preset go together", view.name);
        }
        for name in PRESETS {
            assert!(
                VIEWS.iter().flat_map(|view| &view.presets).any(|preset| preset.name == *name),
                "{name} sets nothing"
            );
        }
    }

    #[test]
    fn a_name_that_is_none_names_the_nearest() {
        assert_eq!(preset("Elastic"), Ok("elastic"));
        assert_eq!(
            preset("elasitc").unwrap_err(),
            "mfa_preset is none of elastic, panther, sentinel, splunk. Did you mean elastic?"
        );
        assert_eq!(preset("qradar").unwrap_err(), "mfa_preset is none of elastic, panther, sentinel, splunk.");
        assert!(preset("").is_err());
    }
}
