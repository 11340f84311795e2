//! A rendered text as a map of strings, as `sigs.k8s.io/yaml` reads it into Go's `map[string]string`: YAML 1.1, and
//! every scalar becomes a string again (`yes` is `true`, `010` is `8`, `1.10` is `1.1`).

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_saphyr::options::{DuplicateKeyPolicy, NonFiniteFloatPolicy};

/// Reads the map. Nothing at all is an empty map.
///
/// # Errors
/// What is wrong and in which line, without a word of the text.
pub fn string_map(text: &str) -> Result<BTreeMap<String, String>, String> {
    let options = serde_saphyr::options! {
        legacy_octal_numbers: true,
        duplicate_keys: DuplicateKeyPolicy::LastWins,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        with_snippet: false,
    };
    match serde_saphyr::from_str_with_options::<Root>(text, options) {
        Ok(Root(map)) => Ok(map),
        Err(error) => Err(match error.location() {
            Some(at) => format!("line {} cannot be read", at.line()),
            None => "it cannot be read".to_owned(),
        }),
    }
}

struct Root(BTreeMap<String, String>);

impl<'de> Deserialize<'de> for Root {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RootVisitor)
    }
}

struct RootVisitor;

impl<'de> Visitor<'de> for RootVisitor {
    type Value = Root;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_unit<E>(self) -> Result<Root, E> {
        Ok(Root(BTreeMap::new()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Root, A::Error> {
        let mut map = BTreeMap::new();
        while let Some((Scalar(key), Scalar(value))) = access.next_entry()? {
            map.insert(key, value);
        }
        Ok(Root(map))
    }
}

/// A scalar as Go prints it.
struct Scalar(String);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl Visitor<'_> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a single value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Scalar, E> {
        Ok(Scalar(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Scalar, E> {
        Ok(Scalar(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Scalar, E> {
        Ok(Scalar(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Scalar, E> {
        Ok(Scalar(go_float(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Scalar, E> {
        Ok(Scalar(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Scalar, E> {
        Ok(Scalar(String::new()))
    }
}

/// Go's `strconv.FormatFloat(value, 'g', -1, 32)`: rounded to 32 bits, with an exponent below 1e-4 and from 1e6 on.
#[expect(clippy::cast_possible_truncation, reason = "Go rounds to 32 bits here too")]
fn go_float(value: f64) -> String {
    let value = value as f32;
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let scientific = format!("{value:e}"); // 1.5e-7
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..6).contains(&exponent) {
        return value.to_string();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(scalar: &str) -> String {
        let map = string_map(&format!("k: {scalar}\n")).unwrap_or_else(|error| panic!("{scalar}: {error}"));
        map["k"].clone()
    }

    #[test]
    fn scalars_become_what_they_become_in_go() {
        for (scalar, want) in [
            ("plain", "plain"),
            ("yes", "true"),
            ("\"yes\"", "yes"),
            ("off", "false"),
            ("010", "8"),
            ("'010'", "010"),
            ("0x1F", "31"),
            ("1_000", "1000"),
            ("12345678901234567890", "12345678901234567890"),
            ("-5", "-5"),
            ("1.10", "1.1"),
            ("1.23456789012", "1.2345679"),
            ("1e3", "1000"),
            ("16777217.0", "1.6777216e+07"),
            ("null", ""),
            ("~", ""),
            ("", ""),
            ("2024-01-02", "2024-01-02"),
            ("|\n  a\n  b\n", "a\nb\n"),
        ] {
            assert_eq!(read(scalar), want, "{scalar}");
        }
    }

    #[test]
    fn keys_are_scalars_too() {
        let map = string_map("1: a\ntrue: b\n1.50: c\nx: 1\nx: 2\n").expect("a map");
        let pairs: Vec<_> = map.iter().map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(pairs, ["1=a", "1.5=c", "true=b", "x=2"]);
    }

    #[test]
    fn nothing_is_an_empty_map() {
        for text in ["", "\n", "# a remark\n", "null", "{}"] {
            assert_eq!(string_map(text), Ok(BTreeMap::new()), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_map_of_scalars_is_refused_without_quoting_it() {
        for text in [
            "hunter2",
            "- hunter2",
            "a: [hunter2]",
            "a: {b: hunter2}",
            "a: hunter2: x",
            "a: 'hunter2",
            "? [a]\n: hunter2",
        ] {
            let error = string_map(text).expect_err(text);
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in r"[-a-c0-9:\[\]{}#&*!|>'%@? \n.,_]{0,40}") {
            let _ = string_map(&text);
        }

        #[test]
        fn a_quoted_value_stays_itself(value in "[ -~]{0,20}") {
            let text = format!("k: '{}'", value.replace('\'', "''"));
            prop_assert_eq!(string_map(&text).map(|map| map["k"].clone()), Ok(value));
        }
    }
}
