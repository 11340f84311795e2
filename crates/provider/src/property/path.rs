//! gjson paths: `a.b`, `list.0`, `list.#.x`, `list.#(k=="v").x`.

use gjson::Kind;
use serde::de::IgnoredAny;

use super::{gotext, lenient};
use crate::SecretBytes;

/// What a gjson path names in a JSON text: strings unquoted, objects and arrays as their own bytes, numbers as Go's
/// gjson prints them, null as nothing at all but present. `None` if the path names nothing.
pub fn lookup(json: &str, path: &str) -> Option<SecretBytes> {
    if !is_json(json, path) {
        return lenient::lookup(json, path); // the library may panic on what is not JSON
    }
    let found = gjson::get(json, path);
    if !found.exists() {
        return None;
    }
    Some(match found.kind() {
        Kind::Number => gotext::gjson_number(found.json()).into(),
        Kind::Null => SecretBytes::default(),
        Kind::True | Kind::False | Kind::String | Kind::Array | Kind::Object => found.str().into(),
    })
}

/// A property by the order of AWS, GCP: a key that literally contains dots first, then the path.
pub fn literal_then_path(json: &str, property: &str) -> Option<SecretBytes> {
    literal(json, property).or_else(|| lookup(json, property))
}

/// A property by the order of Azure: the path first, then a key that literally contains dots.
pub fn path_then_literal(json: &str, property: &str) -> Option<SecretBytes> {
    lookup(json, property).or_else(|| literal(json, property))
}

/// The property with its dots escaped; wildcards and queries in it keep their meaning, as in ESO.
fn literal(json: &str, property: &str) -> Option<SecretBytes> {
    if !property.contains('.') {
        return None;
    }
    lookup(json, &property.replace('.', "\\."))
}

fn is_json(text: &str, path: &str) -> bool {
    if path.starts_with("..") {
        return serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>().all(|line| line.is_ok());
    }
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOC: &str = r#"{"user":"admin","n":1.50,"tiny":1e-7,"big":12345678901234567890,"exp":1E3,"no":null,
        "yes":true,"db":{"host": "h", "ports": [ 1, 2 ]},"db.host":"literal","a.b.c":"deep","esc":"a\u00e9\"\n",
        "list":[{"k":"x","v":1},{"k":"y","v":2.0}]}"#;

    fn found(property: &str) -> Option<String> {
        lookup(DOC, property).map(|value| String::from_utf8_lossy(value.expose()).into_owned())
    }

    #[test]
    fn paths_name_what_gjson_names() {
        for (path, want) in [
            ("user", "admin"),
            ("n", "1.5"),
            ("tiny", "0.0000001"),
            ("exp", "1000"),
            ("big", "12345678901234567890"),
            ("no", ""),
            ("yes", "true"),
            ("db.host", "h"),
            ("db.ports.1", "2"),
            ("db.ports.#", "2"),
            ("db", r#"{"host": "h", "ports": [ 1, 2 ]}"#),
            ("db.ports", "[ 1, 2 ]"),
            ("esc", "aé\"\n"),
            ("list.#.k", r#"["x","y"]"#),
            (r#"list.#(k=="y").v"#, "2"),
            (r"db\.host", "literal"),
            ("us*", "admin"),
        ] {
            assert_eq!(found(path).as_deref(), Some(want), "{path}");
        }
    }

    #[test]
    fn what_is_not_there_is_none() {
        for path in ["nobody", "user.x", "db.ports.9", "db.host.x", ""] {
            assert_eq!(found(path), None, "{path}");
        }
        for text in ["", "plain text", "{\"a\":", "42", "{\"b\":1,}"] {
            assert!(lookup(text, "a").is_none(), "{text}");
        }
    }

    #[test]
    fn a_literal_dotted_key_and_a_path_come_in_the_order_of_the_provider() {
        let text = |value: Option<SecretBytes>| {
            String::from_utf8_lossy(value.unwrap_or_default().expose()).into_owned()
        };
        assert_eq!(text(literal_then_path(DOC, "db.host")), "literal");
        assert_eq!(text(path_then_literal(DOC, "db.host")), "h");
        assert_eq!(text(literal_then_path(DOC, "a.b.c")), "deep");
        assert_eq!(text(path_then_literal(DOC, "a.b.c")), "deep");
        assert_eq!(text(literal_then_path(DOC, "db.ports.0")), "1");
    }
}
