//! What of sprig's functions no table of Go's can hold: limits, randomness, and silence about values.

use std::collections::BTreeSet;

use latchkey_gotmpl::{ExecErrorKind, Limit, Limits, Options, Template, Value, library};
use proptest::prelude::*;

use super::certificates::rendered;
use super::{oracle, world};

/// The limit that a template of the library passes.
fn exceeds(text: &str, limits: &Limits<'_>) -> Option<Limit> {
    let template = Template::parse("t", text, &Options::default(), &library::external_secrets());
    let template = template.unwrap_or_else(|error| panic!("{text}: {error}"));
    let error = template.execute(&world::data("any"), limits).err()?;
    if let ExecErrorKind::Limit(limit) = error.kind() { Some(*limit) } else { panic!("{error}") }
}

#[test]
fn what_grows_is_taken_from_the_memory() {
    for text in [
        "{{repeat 9223372036854775807 \"a\" | len}}",
        "{{indent 1000000000 \"a\" | len}}",
        "{{randAlpha 1000000000 | len}}",
        "{{randBytes 1000000000 | len}}",
        "{{$x := \"ab\"}}{{range 40}}{{$x = replace \"\" $x $x}}{{end}}",
        "{{$x := \"ab\"}}{{range 40}}{{$x = regexReplaceAll \"(.*)\" $x \"$1$1$1\"}}{{end}}",
        "{{$x := \"ab\"}}{{range 40}}{{$x = join $x (splitList \"\" $x)}}{{end}}",
        "{{$x := list 1}}{{range 40}}{{$x = concat $x $x}}{{end}}",
        "{{$x := \"\\\\\"}}{{range 40}}{{$x = toJson $x}}{{end}}",
        "{{$x := \"a\"}}{{range 80}}{{$x = b64enc $x}}{{end}}",
    ] {
        let limits = Limits { memory: 1 << 20, steps: 100_000_000, ..Limits::default() };
        assert_eq!(exceeds(text, &limits), Some(Limit::Memory(1 << 20)), "{text}");
    }
}

#[test]
fn what_takes_long_is_taken_from_the_steps() {
    let limits = Limits { memory: usize::MAX, steps: 100_000, ..Limits::default() };
    for text in [
        "{{until 9223372036854775807 | len}}",
        "{{seq 1 9223372036854775806 | len}}",
        "{{untilStep 0 -9223372036854775808 -1 | len}}",
        "{{range 100}}{{bcrypt \"a\" | len}}{{end}}",
        "{{range 100}}{{derivePassword 1 \"pin\" \"a\" \"b\" \"c\"}}{{end}}",
        "{{$x := repeat 100000 \"a\"}}{{range 1000}}{{regexMatch \"b\" $x}}{{end}}",
        "{{$x := repeat 1000000 \"a\"}}{{range 1000}}{{contains \"b\" $x}}{{end}}",
        "{{$x := until 1000}}{{uniq $x}}",
    ] {
        assert_eq!(exceeds(text, &limits), Some(Limit::Steps(100_000)), "{text}");
    }
}

#[test]
fn nesting_ends_at_its_limit() {
    for text in [
        "{{$x := list 1}}{{range 1000}}{{$x = list $x}}{{end}}{{toJson $x}}",
        "{{$x := list 1}}{{range 1000}}{{$x = list $x}}{{end}}{{deepCopy $x}}",
        "{{$x := list 1}}{{range 1000}}{{$x = list $x}}{{end}}{{deepEqual $x (list $x)}}{{deepEqual $x (deepCopy $x)}}",
        "{{fromJson (repeat 1000 \"[\")}}",
    ] {
        assert_eq!(exceeds(text, &Limits::default()), Some(Limit::Depth(Limits::default().depth)), "{text}");
    }
}

#[test]
fn go_and_this_read_each_others_hashes() {
    // Made by Go's bcrypt of "correct horse".
    let of_go = "$2a$10$qWpFxZJDVS2cN/et4.OLrO675FeicM8aYl4Fa.rIILH2CB6mUB4lW";
    assert!(bcrypt::verify("correct horse", of_go).expect("it is a hash"));
    let own = rendered("{{bcrypt \"correct horse\"}}").expect("it renders");
    assert!(own.starts_with("$2a$10$") && bcrypt::verify("correct horse", &own).expect("it is a hash"));
}

#[test]
fn random_characters_are_all_there_and_none_other() {
    for (function, expected) in
        [("randAlpha", 52), ("randAlphaNum", 62), ("randNumeric", 10), ("randAscii", 95)]
    {
        let text = rendered(&format!("{{{{{function} 20000}}}}")).expect("it renders");
        assert_eq!(text.chars().collect::<BTreeSet<_>>().len(), expected, "{function}");
    }
    let numbers = rendered("{{range 500}}{{randInt -2 3}} {{end}}").expect("it renders");
    assert_eq!(
        numbers.split_whitespace().collect::<BTreeSet<_>>(),
        BTreeSet::from(["-2", "-1", "0", "1", "2"])
    );
}

/// What a template of the library gives for a map whose values no error may tell.
fn with_canary(text: &str) -> Option<String> {
    let template = Template::parse("t", text, &Options::default(), &library::external_secrets()).ok()?;
    let keys = [
        "s", "empty", "i", "f", "t", "list", "ints", "strs", "map", "smap", "lists", "none", "nothing",
        "void",
    ];
    let data = Value::string_map(keys.map(|key| (key, format!("CANARY{key}"))));
    template
        .execute(&data, &Limits { steps: 200_000, ..Limits::default() })
        .err()
        .map(|error| format!("{error} {error:?}"))
}

#[test]
fn no_error_of_a_function_shows_a_value() {
    let cases = oracle::tables(&oracle::own());
    let texts = cases
        .iter()
        .filter(|case| case["functions"] == "library")
        .filter_map(|case| case["template"].as_str());
    // What `fail` says is the template's own wish.
    let errors: Vec<String> = texts.filter(|text| !text.contains("fail")).filter_map(with_canary).collect();
    assert!(errors.len() > 500, "only {} errors", errors.len());
    assert!(errors.iter().all(|error| !error.contains("CANARY")));
}

#[test]
fn every_function_that_is_promised_is_there() {
    let functions = library::external_secrets();
    let names = include_str!("sprig_names.txt").split_whitespace();
    let missing: Vec<&str> = names.filter(|name| !functions.contains(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(["env", "expandenv", "getHostByName"].iter().all(|name| !functions.contains(name)));
}

proptest! {
    #[test]
    fn no_function_panics(index in 0_usize..400, args in proptest::collection::vec(argument(), 0..5)) {
        let functions = library::external_secrets();
        let names: Vec<&str> = functions.names().filter(|name| !name.starts_with("gen")).collect();
        let text = format!("{{{{{} {}}}}}", names[index % names.len()], args.join(" "));
        if let Ok(template) = Template::parse("t", &text, &Options::default(), &functions) {
            let _ = template.execute(&world::data("any"), &Limits { steps: 20_000, ..Limits::default() });
        }
    }
}

/// Something that a function may be given.
fn argument() -> impl Strategy<Value = String> {
    let fixed = [
        "nil",
        "true",
        "0",
        "-1",
        "3",
        "9223372036854775807",
        "-9223372036854775808",
        "1e300",
        "-0.5",
        "\"\"",
        "\"a\"",
        "\"\\xff\"",
        ".list",
        ".none",
        ".strs",
        ".ints",
        ".map",
        ".void",
        ".smap",
        ".nothing",
        "now",
        "(semver \"1.2.3\")",
        "(float64 \"nan\")",
        "\"2006-01-02T15:04:05.999Z07:00\"",
        "\"2024-02-30\"",
        "\"http://[::1%25x]:1/%zz?#\"",
        "\">=1.2 || ~3\"",
        "\"(?P<a>x*)+$\"",
        "\"${a}$1$\"",
        "(list nil (dict \"a\" nil))",
        "\"{\\\"a\\\":[1,{}]}\"",
        "\"1h2.5m\"",
        "\"AAAAAAAAAAAAAAAAAAAAAAAA\"",
    ];
    prop_oneof![
        proptest::sample::select(fixed.map(str::to_owned).to_vec()),
        any::<String>().prop_map(|text| format!("{text:?}"))
    ]
}
