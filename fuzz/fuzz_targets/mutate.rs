//! Changes of a log that leave it a log: values, keys and levels of its JSON, where changed bytes are mostly no JSON any more.

use serde_json::{Map, Value};

/// Values that no log has, and some that one might.
const ODD: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "-1",
    "7",
    "1.5",
    "-0.0",
    "1e308",
    "1e-320",
    "9223372036854775807",
    "18446744073709551615",
    "1789041600",
    "1789041600000",
    "1e18",
    "[]",
    "{}",
    "[[]]",
    "[{}]",
    "\"\"",
    "\" \"",
    "\"0\"",
    "\"true\"",
    "\"yes\"",
    "\"NaN\"",
    "\"\\u0000\"",
    "\"\\ud83d\\ude00\"",
    "\"é\"",
    "\"İ\"",
    "\"ẞ\"",
    "\"{\"",
    "\"[]\"",
    "\"{}\"",
    "\"[{}]\"",
    "\"{\\\"a\\\":1}\"",
    "\"2026-06-01T08:30:00Z\"",
    "\"2026-06-01 08:30:00.1234567+15:59\"",
    "\"0001-01-01T00:00:00Z\"",
    "\"9999-12-31T23:59:60-15:59\"",
    "\"2026-02-30\"",
    "\"6/1/2026, 8:30:00 AM\"",
    "\"never\"",
    "\"::1\"",
    "\"192.0.2.1\"",
    "\"192.0.2.1:443\"",
    "\"a@b\"",
    "\"a,b;c|d\"",
];

/// A source of chance.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % sides.max(1)
    }
}

/// Another log than this one, if it is JSON.
pub(crate) fn json(file: &[u8], seed: u32) -> Option<Vec<u8>> {
    let mut dice = Dice(u64::from(seed).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let is_lines = file.first() == Some(&b'{') && file.contains(&b'\n');
    let mut values: Vec<Value> = if is_lines {
        let lines = file.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.map(serde_json::from_slice).collect::<Result<_, _>>().ok()?
    } else {
        vec![serde_json::from_slice(file).ok()?]
    };
    for _ in 0..=dice.roll(4) {
        let from = dice.roll(values.len());
        let other = pick(&mut values[from], &mut dice).clone();
        let at = dice.roll(values.len());
        change(&mut values[at], other, &mut dice);
    }
    if is_lines && dice.roll(8) == 0 {
        values.push(values[dice.roll(values.len())].clone());
    }
    if !is_lines && dice.roll(32) == 0 {
        let value = values.remove(0);
        values.push(Value::Array(vec![value.clone(), value]));
    }
    let lines: Vec<_> = values.iter().map(|value| serde_json::to_vec(value).unwrap_or_default()).collect();
    Some(lines.join(&b"\n"[..]))
}

/// Some value within a value.
fn pick<'v>(value: &'v mut Value, dice: &mut Dice) -> &'v mut Value {
    let inside = match value {
        Value::Array(values) => values.len(),
        Value::Object(members) => members.len(),
        _ => 0,
    };
    if inside == 0 || dice.roll(4) == 0 {
        return value;
    }
    let at = dice.roll(inside);
    match value {
        Value::Array(values) => pick(&mut values[at], dice),
        Value::Object(members) => match members.values_mut().nth(at) {
            Some(value) => pick(value, dice),
            None => unreachable!("there are as many"),
        },
        value => value,
    }
}

fn change(value: &mut Value, other: Value, dice: &mut Dice) {
    let value = pick(value, dice);
    match dice.roll(10) {
        0..3 => *value = serde_json::from_str(ODD[dice.roll(ODD.len())]).unwrap_or_default(),
        3 => *value = other,
        4 => *value = Value::String(value.to_string()),
        5 => *value = Value::Array(vec![value.take()]),
        6 => {
            // The other way about: what is in a text or a list.
            *value = match value.take() {
                Value::String(text) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
                Value::Array(mut values) if !values.is_empty() => values.swap_remove(0),
                value => value,
            }
        }
        _ => match value {
            Value::Object(members) => member(members, other, dice),
            Value::Array(values) if !values.is_empty() => {
                let at = dice.roll(values.len());
                match dice.roll(3) {
                    0 => drop(values.remove(at)),
                    1 => values.push(values[at].clone()),
                    _ => values.insert(at, other),
                }
            }
            Value::String(text) => {
                *text = match dice.roll(4) {
                    0 => text.to_uppercase(),
                    1 => format!(" {text} "),
                    2 => text.chars().take(dice.roll(text.len())).collect(),
                    _ => format!("{text}{}", other.as_str().unwrap_or("-")),
                }
            }
            value => *value = Value::String(value.to_string()),
        },
    }
}

fn member(members: &mut Map<String, Value>, other: Value, dice: &mut Dice) {
    let at = dice.roll(members.len());
    let Some(key) = members.keys().nth(at).cloned() else {
        members.insert("id".to_owned(), other);
        return;
    };
    match dice.roll(4) {
        0 => drop(members.remove(&key)),
        1 => {
            // An alias of the same key.
            members.insert(key.to_uppercase(), other);
        }
        2 => {
            members.insert(key, other);
        }
        _ => {
            if let Some(key) = other.as_object().and_then(|other| other.keys().next()) {
                members.insert(key.clone(), other[key].clone());
            }
        }
    }
}
