//! Property paths: `a.b`, `list.0`, `list.#.x`, `list.#(k=="v").x`, in the order of look-ups that a provider has.

use super::gjson::{self, Refused};
use crate::SecretBytes;

/// What a look-up comes to: a value, nothing, or a refusal to look.
pub type Found = Result<Option<SecretBytes>, Refused>;

/// What a gjson path names in a text.
///
/// # Errors
/// [`Refused`] for a path that takes too much.
pub fn lookup(text: &str, path: &str) -> Found {
    Ok(gjson::lookup(text.as_bytes(), path.as_bytes())?.map(SecretBytes::from))
}

/// A property by the order of AWS, GCP: a key that literally contains dots first, then the path.
///
/// # Errors
/// [`Refused`].
pub fn literal_then_path(json: &str, property: &str) -> Found {
    match literal(json, property)? {
        None => lookup(json, property),
        found => Ok(found),
    }
}

/// A property by the order of Azure: the path first, then a key that literally contains dots.
///
/// # Errors
/// [`Refused`].
pub fn path_then_literal(json: &str, property: &str) -> Found {
    match lookup(json, property)? {
        None => literal(json, property),
        found => Ok(found),
    }
}

/// The property with its dots escaped; wildcards and queries in it keep their meaning, as in ESO.
fn literal(json: &str, property: &str) -> Found {
    if !property.contains('.') {
        return Ok(None);
    }
    lookup(json, &property.replace('.', "\\."))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOC: &str = r#"{"user":"admin","n":1.50,"tiny":1e-7,"big":12345678901234567890,"exp":1E3,"no":null,
        "yes":true,"db":{"host": "h", "ports": [ 1, 2 ]},"db.host":"literal","a.b.c":"deep","esc":"a\u00e9\"\n",
        "list":[{"k":"x","v":1},{"k":"y","v":2.0}]}"#;

    fn found(property: &str) -> Option<String> {
        lookup(DOC, property).unwrap().map(|value| String::from_utf8_lossy(value.expose()).into_owned())
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
    fn what_is_almost_json_has_properties_too() {
        let bom = "\u{feff}{\"a\":\"x\",\"b\":[1,2,],}";
        for (path, want) in [("a", "x"), ("b.#", "2"), ("{a}", r#"{"a":"x"}"#)] {
            assert_eq!(lookup(bom, path), Ok(Some(SecretBytes::from(want))), "{path}");
        }
    }

    #[test]
    fn what_is_not_there_is_none() {
        for path in ["nobody", "user.x", "db.ports.9", "db.host.x", ""] {
            assert_eq!(found(path), None, "{path}");
        }
        for text in ["", "plain text", "{\"a\":", "42", "{\"b\":1,}"] {
            assert_eq!(lookup(text, "a").map(|value| value.is_some()), Ok(false), "{text}");
        }
    }

    #[test]
    fn a_literal_dotted_key_and_a_path_come_in_the_order_of_the_provider() {
        let text =
            |found: Found| String::from_utf8_lossy(found.unwrap().unwrap_or_default().expose()).into_owned();
        assert_eq!(text(literal_then_path(DOC, "db.host")), "literal");
        assert_eq!(text(path_then_literal(DOC, "db.host")), "h");
        assert_eq!(text(literal_then_path(DOC, "a.b.c")), "deep");
        assert_eq!(text(path_then_literal(DOC, "a.b.c")), "deep");
        assert_eq!(text(literal_then_path(DOC, "db.ports.0")), "1");
    }
}
