//! Values that a log names inside the record: Google's parameters, Microsoft's properties, Keycloak's details.
//!
//! They come as `[{"name": …, "value": …}]`, as `{"name": value}`, or as either in a string. Exports write a column for each,
//! and Log Analytics adds a letter for the type to its name.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::json::{self, IntoOwned, Slot, Text, shape};

/// The text, or the texts, of one value. An object in it is nothing.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Texts<'a>(pub(super) Vec<Cow<'a, str>>);

impl Slot for Texts<'_> {
    fn is_unset(&self) -> bool {
        self.0.is_empty()
    }
}

impl IntoOwned for Texts<'_> {
    type Owned = Texts<'static>;
    fn into_owned(self) -> Texts<'static> {
        Texts(self.0.into_iter().map(|text| Cow::Owned(text.into_owned())).collect())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Texts<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextsVisitor;
        impl<'de> Visitor<'de> for TextsVisitor {
            type Value = Texts<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Texts<'de>, E> {
                Ok(Texts(if text.is_empty() { Vec::new() } else { vec![Cow::Borrowed(text)] }))
            }
            fn visit_str<E>(self, text: &str) -> Result<Texts<'de>, E> {
                Ok(Texts(if text.is_empty() { Vec::new() } else { vec![Cow::Owned(text.to_owned())] }))
            }
            fn visit_bool<E>(self, value: bool) -> Result<Texts<'de>, E> {
                Ok(Texts(vec![Cow::Borrowed(if value { "true" } else { "false" })]))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Texts<'de>, E> {
                Ok(Texts(vec![Cow::Owned(value.to_string())]))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Texts<'de>, E> {
                Ok(Texts(vec![Cow::Owned(value.to_string())]))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Texts<'de>, E> {
                Ok(Texts(vec![Cow::Owned(value.to_string())]))
            }
            fn visit_unit<E>(self) -> Result<Texts<'de>, E> {
                Ok(Texts::default())
            }
            fn visit_none<E>(self) -> Result<Texts<'de>, E> {
                Ok(Texts::default())
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Texts<'de>, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = seq.next_element::<Text<'de>>()? {
                    texts.extend(text.0);
                }
                Ok(Texts(texts))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Texts<'de>, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Texts::default())
            }
        }
        deserializer.deserialize_any(TextsVisitor)
    }
}

shape! {
    /// One of the values.
    pub(super) struct Property<'a> {
        name: Text<'a> = "name" | "key" | "displayName",
        value: Texts<'a> = "value" | "newValue" | "boolValue" | "intValue" | "multiValue" | "multiStrValue" | "multiIntValue",
        old: Text<'a> = "oldValue",
    }
}

/// The values by name.
#[derive(Debug, Default, Clone)]
pub(super) struct Properties<'a>(Vec<Property<'a>>);

impl<'a> Properties<'a> {
    /// The values that a line of text names.
    pub(super) fn from_pairs(pairs: Vec<(String, String)>) -> Self {
        let property = |(name, value)| Property {
            name: Text(Some(Cow::Owned(name))),
            value: Texts(vec![Cow::Owned(value)]),
            ..Property::default()
        };
        Self(pairs.into_iter().map(property).collect())
    }

    fn find(&self, name: &str) -> Option<&Property<'a>> {
        self.0.iter().find(|property| property.name.as_str().is_some_and(|known| is_named(known, name)))
    }

    /// The first text of the value of that name.
    pub(super) fn text(&self, name: &str) -> Option<&Cow<'a, str>> {
        self.find(name)?.value.0.first()
    }

    /// The same, borrowed.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.text(name).map(AsRef::as_ref)
    }

    /// All its texts.
    pub(super) fn all(&self, name: &str) -> &[Cow<'a, str>] {
        self.find(name).map_or(&[], |property| &property.value.0)
    }

    /// The same as a boolean.
    pub(super) fn bool(&self, name: &str) -> Option<bool> {
        Text(Some(Cow::Borrowed(self.get(name)?))).as_bool()
    }

    /// What it was before.
    pub(super) fn old(&self, name: &str) -> Option<&str> {
        self.find(name)?.old.as_str()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    fn from_text(text: &str) -> Result<Properties<'static>, super::Reject> {
        let properties: Properties<'_> = json::parse_any(text.as_bytes())?;
        Ok(properties.into_owned())
    }
}

/// Whether a column has that name, but for the letter of its type.
fn is_named(known: &str, name: &str) -> bool {
    let (start, rest) = match known.get(..name.len()) {
        Some(start) => (start, &known[name.len()..]),
        None => return false,
    };
    start.eq_ignore_ascii_case(name) && matches!(rest, "" | "_s" | "_b" | "_d" | "_t" | "_g")
}

impl Slot for Properties<'_> {
    fn is_unset(&self) -> bool {
        self.0.is_empty()
    }
}

impl IntoOwned for Properties<'_> {
    type Owned = Properties<'static>;
    fn into_owned(self) -> Properties<'static> {
        Properties(self.0.into_iter().map(IntoOwned::into_owned).collect())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Properties<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PropertiesVisitor;
        impl<'de> Visitor<'de> for PropertiesVisitor {
            type Value = Properties<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("properties")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut list = Vec::new();
                while let Some(property) = seq.next_element()? {
                    list.push(property);
                }
                Ok(Properties(list))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut list = Vec::new();
                while let Some((name, value)) = map.next_entry::<Text<'de>, Texts<'de>>()? {
                    list.push(Property { name, value, ..Property::default() });
                }
                Ok(Properties(list))
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
                if !json::looks_like_json(text) {
                    return Ok(Properties::default());
                }
                Properties::from_text(text).map_err(json::embedded)
            }
            json::nothing_else!(Properties::default(); visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64);
        }
        deserializer.deserialize_any(PropertiesVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_every_form() {
        for text in [
            r#"[{"name":"a","value":"x"},{"name":"m","multiValue":["p","q"]},{"name":"b","boolValue":true}]"#,
            r#"[{"Name":"A","NewValue":"x","OldValue":"w"},{"name":"m","value":["p",null,"q"]},{"key":"b","value":"True"}]"#,
            r#"{"a":"x","m":["p","q"],"b":true,"other":{"a":"y"}}"#,
            r#"{"a_s":"x","m_s":["p","q"],"b_b":"yes"}"#,
            r#""{\"a\":\"x\",\"m\":[\"p\",\"q\"],\"b\":1}""#,
        ] {
            let properties: Properties<'_> = json::parse_any(text.as_bytes()).expect("reads");
            assert_eq!((properties.get("a"), properties.bool("b")), (Some("x"), Some(true)), "{text}");
            assert_eq!(properties.all("m"), ["p", "q"], "{text}");
            assert!(!properties.has("x") && properties.all("x").is_empty(), "{text}");
        }
        for text in ["null", "1", "true", r#""x""#, "[]", "{}", "[1,[2]]", r#"[{"name":null,"value":"x"}]"#] {
            let properties: Properties<'_> = json::parse_any(text.as_bytes()).expect("reads");
            assert_eq!(properties.get("a"), None, "{text}");
        }
    }
}
