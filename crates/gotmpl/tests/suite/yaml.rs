//! YAML that is read and written ends, whatever it is; what is written reads as what it was.

use latchkey_gotmpl::yaml::{YamlError, read, read_map, read_strings, write};
use latchkey_gotmpl::{Budget, Bytes, Limit, Limits, List, Map, Value};
use proptest::prelude::*;

fn budget() -> Budget<'static> {
    Budget::new(Limits::default())
}

fn written(value: &Value) -> String {
    let bytes = write(value, &budget()).expect("it is within its limits").expect("it can be written");
    String::from_utf8(bytes.to_vec()).expect("YAML is text")
}

/// Whether two values print alike.
fn same(left: &Value, right: &Value) -> bool {
    let shown =
        |value| latchkey_gotmpl::sprintf(b"%#v", &[Value::clone(value)], &budget()).expect("it prints");
    shown(left) == shown(right)
}

#[test]
fn names_that_multiply_end() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..30 {
        let names = vec![format!("*a{}", level - 1); 10].join(", ");
        text += &format!("a{level}: &a{level} [{names}]\n");
    }
    let outcome = read(text.as_bytes(), &budget()).map(|_| ());
    assert!(matches!(outcome, Err(YamlError::Limit(Limit::Steps(_) | Limit::Memory(_)))), "{outcome:?}");
    let merged =
        text.replace('[', "{<<: [").replace(']', "]}").replace("x, x, x, x, x, x, x, x, x, x", "{b: c}");
    let outcome = read_map(merged.as_bytes(), &budget()).map(|_| ());
    assert!(matches!(outcome, Err(YamlError::Limit(_))), "{outcome:?}");
}

#[test]
fn depth_ends() {
    let depth = Limits::default().depth;
    for text in [
        "[".repeat(depth + 1) + &"]".repeat(depth + 1),
        "- ".repeat(200_000),
        "[".repeat(200_000),
        "{a: ".repeat(200_000),
        "? ".repeat(200_000),
    ] {
        let outcome = read(text.as_bytes(), &budget()).map(|_| ());
        assert!(outcome.is_err(), "{}", &text[..20]);
    }
    let deep = (0..=depth).fold(Value::Nil, |value, _| List::any(vec![value]).into());
    assert_eq!(write(&deep, &budget()).map(|_| ()), Err(YamlError::Limit(Limit::Depth(depth))));
    let fits = "[".repeat(depth - 1) + &"]".repeat(depth - 1);
    assert!(read(fits.as_bytes(), &budget()).is_ok());
}

#[test]
fn memory_and_steps_end() {
    let small = Budget::new(Limits { memory: 1000, ..Limits::default() });
    assert_eq!(read(&b"- a\n".repeat(1000), &small).map(|_| ()), Err(YamlError::Limit(Limit::Memory(1000))));
    let small = Budget::new(Limits { memory: 1000, ..Limits::default() });
    let long = Value::str("x\n".repeat(600));
    assert_eq!(write(&long, &small).map(|_| ()), Err(YamlError::Limit(Limit::Memory(1000))));
    let small = Budget::new(Limits { steps: 100, ..Limits::default() });
    assert_eq!(read(&b"- a\n".repeat(1000), &small).map(|_| ()), Err(YamlError::Limit(Limit::Steps(100))));
}

#[test]
fn a_map_of_strings_has_the_last_of_equal_keys() {
    let map = read_strings(b"a: 1\n'a': yes\n\"b\": 010\n", &budget()).expect("a map");
    let pairs: Vec<_> = map.iter().map(|(key, value)| [key.to_vec(), value.to_vec()].concat()).collect();
    assert_eq!(pairs, [b"atrue".to_vec(), b"b8".to_vec()]);
}

#[test]
fn no_error_shows_the_text() {
    for text in [
        "hunter2",
        "- hunter2",
        "a: [hunter2]",
        "a: {b: hunter2}",
        "a: hunter2: x",
        "a: 'hunter2",
        "? [hunter2]\n: x",
        "*hunter2",
        "a: !!int hunter2",
        "!hunter2!x y",
    ] {
        let error = read_strings(text.as_bytes(), &budget()).expect_err(text).to_string();
        assert!(!error.contains("hunter2"), "{error}");
    }
}

/// A value that JSON has, without numbers that are no floats.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Nil),
        any::<bool>().prop_map(Value::Bool),
        any::<f64>()
            .prop_filter("JSON has no others", |float| float.is_finite() && *float != 0.0)
            .prop_map(Value::Float),
        (-1000i32..1000)
            .prop_map(|number| Value::Float(f64::from(number)))
            .prop_filter("no -0", |value| matches!(value, Value::Float(float) if *float != 0.0)),
        text().prop_map(|text| Value::str(text.as_bytes())),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(|items| List::any(items).into()),
            proptest::collection::vec((text(), inner), 0..5).prop_map(|entries| {
                Map::any(entries.into_iter().map(|(key, value)| (Bytes::from(key), value))).into()
            }),
        ]
    })
}

/// Text with what makes YAML hard, other than `<<`: Go does not quote that key, and then takes it for a merge.
fn text() -> impl Strategy<Value = String> {
    let words = [
        "yes",
        "null",
        "1",
        "0x1",
        "1e3",
        "- ",
        ": ",
        " #",
        "\n",
        "\n\n",
        "  ",
        "\t",
        "'",
        "\"",
        "\\",
        "é",
        "😀",
        "\u{1}",
        "word ",
        "---",
        "{",
        "]",
        "&",
        "*",
        "!",
        "|",
        "%",
        "2001-01-01",
        "1:30",
        "~",
        "<a",
    ];
    prop_oneof![
        proptest::collection::vec(proptest::sample::select(words.to_vec()), 0..40)
            .prop_map(|words| words.concat()),
        "[ -~]{0,30}",
    ]
    .prop_filter("Go reads it as a merge", |text| text != "<<")
}

proptest! {
    #[test]
    fn what_is_written_reads_as_what_it_was(value in value()) {
        let text = written(&value);
        match read(text.as_bytes(), &budget()) {
            Ok(read) => prop_assert!(same(&read, &value), "{}", text),
            Err(error) => prop_assert!(false, "{}: {}", error, text),
        }
    }

    #[test]
    fn no_text_panics(text in "([-a-c0-9:\\[\\]{}#&*!|>'%@? \n.,_\t\"<~+]|é|!!int |<<: |&a |\\*a |---\n){0,40}") {
        let _ = read(text.as_bytes(), &budget());
        let _ = read_map(text.as_bytes(), &budget());
        let _ = read_strings(text.as_bytes(), &budget());
    }

    #[test]
    fn no_bytes_panic(bytes: Vec<u8>) {
        let _ = read(&bytes, &budget());
        let _ = write(&Value::str(&bytes), &budget());
    }
}
