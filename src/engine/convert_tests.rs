use proptest::prelude::*;

use super::*;

fn values(keys: &[&str]) -> Data {
    keys.iter().map(|key| ((*key).to_owned(), SecretBytes::from(*key))).collect()
}

fn keys(values: &Data) -> Vec<&str> {
    values.keys().map(String::as_str).collect()
}

#[test]
fn what_a_key_cannot_have_is_replaced() {
    use ConversionStrategy::{Default, Unicode};
    for (strategy, name, want) in [
        (Default, "foo$bar%baz*bing", "foo_bar_baz_bing"),
        (Default, "/foo/bar/", "_foo_bar_"),
        (Default, "naïve-ключ.٣", "naïve-ключ.٣"), // letters and numbers of all scripts
        (Default, "a\u{301}", "a_"),               // a combining mark is neither
        (Default, "Ⅷ½", "Ⅷ½"),
        (Default, "", ""),
        (Unicode, "😀foo😁", "_U1f600_foo_U1f601_"),
        (Unicode, "some-array[0].entity", "some-array_U005b_0_U005d_.entity"),
        (Unicode, "a b", "a_U0020_b"),
    ] {
        assert_eq!(convert(strategy, name), want, "{name}");
    }
}

#[test]
fn two_names_of_one_key_collide() {
    let collision = convert_keys(ConversionStrategy::Default, values(&["a$b", "a%b"]));
    assert_eq!(collision, Err(KeyError::Collision("a_b".to_owned())));
    assert!(convert_keys(ConversionStrategy::Unicode, values(&["a$b", "a%b"])).is_ok());
}

#[test]
fn an_empty_key_is_dropped_without_a_word() {
    assert_eq!(valid_keys(values(&["", "a"])).map(|values| keys(&values).join(",")), Ok("a".to_owned()));
}

#[test]
fn a_key_that_is_none_is_named() {
    assert_eq!(valid_keys(values(&["a", "b/c"])), Err(KeyError::Character('/', "b/c".to_owned())));
    let long = "x".repeat(254);
    assert_eq!(valid_keys(values(&[&long])), Err(KeyError::TooLong(254)));
    assert!(valid_keys(values(&["ключ"])).is_ok());
}

#[test]
fn only_what_the_api_server_takes_is_written() {
    let check = |key: &str| writable_keys([key.to_owned()].iter());
    for key in ["a", "A-b_c.d", ".a", "a..b"] {
        assert_eq!(check(key), Ok(()), "{key}");
    }
    assert_eq!(check("ключ"), Err(KeyError::Character('к', "ключ".to_owned())));
    for key in ["", ".", "..", "..a"] {
        assert_eq!(check(key), Err(KeyError::Impossible(key.to_owned())));
    }
}

proptest! {
    #[test]
    fn a_converted_key_is_valid(name in "\\PC{0,40}") {
        for strategy in [ConversionStrategy::Default, ConversionStrategy::Unicode] {
            let converted = convert_keys(strategy, values(&[&name])).expect("one key collides with none");
            prop_assert!(matches!(valid_keys(converted), Ok(_) | Err(KeyError::TooLong(_))));
        }
    }

    #[test]
    fn conversion_twice_changes_nothing(name: String) {
        let once = convert(ConversionStrategy::Default, &name).into_owned();
        prop_assert_eq!(convert(ConversionStrategy::Default, &once).into_owned(), once);
    }
}
