//! `conversionStrategy: ReverseUnicode`: what an ExternalSecret's `Unicode` has made of a name becomes the name again.

use std::sync::LazyLock;

use latchkey_api::push_secret::PushConversion;
use regex::{Captures, Regex};

use crate::engine::convert::Data;

/// ESO's pattern.
static ESCAPED: LazyLock<Regex> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the pattern is a constant, compiled by every test run")]
    Regex::new("_U([0-9a-fA-F]{4,5})_").expect("a valid pattern")
});

/// The data under the names that are matched and pushed.
///
/// # Errors
/// The name that two keys become.
pub(super) fn reversed(strategy: PushConversion, data: &Data) -> Result<Data, String> {
    match strategy {
        PushConversion::None => Ok(data.clone()),
        PushConversion::ReverseUnicode => {
            let mut out = Data::new();
            for (key, value) in data {
                let name = name(key);
                if out.insert(name.clone(), value.clone()).is_some() {
                    return Err(name);
                }
            }
            Ok(out)
        }
    }
}

/// A number that is no character stays as it is written.
fn name(key: &str) -> String {
    let character = |found: &Captures<'_>| {
        let number = u32::from_str_radix(&found[1], 16).ok().and_then(char::from_u32);
        number.map_or_else(|| found[0].to_owned(), String::from)
    };
    ESCAPED.replace_all(key, character).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_characters_come_back_and_others_stay() {
        for (key, want) in [
            ("a_U002f_b", "a/b"),
            ("_U1f600__U0020_", "\u{1f600} "),
            ("_Ud800_", "_Ud800_"),
            ("plain_U12_", "plain_U12_"),
        ] {
            assert_eq!(name(key), want);
        }
        let two = Data::from([("a_U002f_b".to_owned(), "1".into()), ("a/b".to_owned(), "2".into())]);
        assert_eq!(reversed(PushConversion::ReverseUnicode, &two).err().as_deref(), Some("a/b"));
    }
}
