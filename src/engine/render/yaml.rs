//! A rendered text as a map of strings, as `sigs.k8s.io/yaml` reads it into Go's `map[string]string`.

use std::collections::BTreeMap;

use latchkey_gotmpl::{Budget, yaml};
use latchkey_provider::SecretBytes;

use super::template;

/// Reads the map. Nothing at all is an empty map.
///
/// # Errors
/// What is wrong, in Go's words where they do not show the text; or it takes too much.
pub fn string_map(text: &[u8]) -> Result<BTreeMap<String, SecretBytes>, String> {
    let map =
        yaml::read_strings(text, &Budget::new(template::limits())).map_err(|error| error.to_string())?;
    let entries = map.into_iter();
    Ok(entries
        .map(|(key, value)| (String::from_utf8_lossy(&key).into_owned(), value.to_vec().into()))
        .collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The map with its values in the open.
    fn string_map(text: &str) -> Result<BTreeMap<String, String>, String> {
        let shown = |value: SecretBytes| String::from_utf8_lossy(value.expose()).into_owned();
        super::string_map(text.as_bytes())
            .map(|map| map.into_iter().map(|(key, value)| (key, shown(value))).collect())
    }

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
