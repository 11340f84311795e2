use super::*;

fn path(property: &str) -> Result<Vec<String>, ErrorKind> {
    let remote = Remote { key: "app".to_owned(), property: Some(property.to_owned()) };
    steps(property, &remote).map_err(|error| error.kind)
}

fn after_set(json: &str, property: &str, text: &str) -> Option<String> {
    set(json, &path(property).unwrap(), text).map(|json| json.to_string())
}

fn after_remove(json: &str, property: &str) -> Option<String> {
    remove(json, &path(property).unwrap()).map(|json| json.to_string())
}

#[test]
fn a_path_makes_objects_on_its_way() {
    for (json, property, want) in [
        ("{}", "a", r#"{"a":"v"}"#),
        (r#"{"n":1.0}"#, "a.b.c", r#"{"n":1.0,"a":{"b":{"c":"v"}}}"#),
        (r#"{"a":{"x":1}}"#, "a.b", r#"{"a":{"x":1,"b":"v"}}"#),
        ("{}", r"a\.b", r#"{"a.b":"v"}"#),
        ("{}", r#"a\"b"#, r#"{"a\"b":"v"}"#),
    ] {
        assert_eq!(after_set(json, property, "v").as_deref(), Some(want), "{json} {property}");
    }
    assert_eq!(after_set(r#"{"a":"text"}"#, "a.b", "v"), None);
    assert_eq!(after_set(r#"{"a":[1]}"#, "a.0", "v"), None);
}

#[test]
fn everything_else_keeps_its_bytes() {
    let json = " { \"z\" : 1.50,\n  \"a\":\"old\" ,\"o\":{ \"y\":[1, 2], \"x\":\"<\" } }\n";
    for (property, want) in [
        ("a", " { \"z\" : 1.50,\n  \"a\":\"v\" ,\"o\":{ \"y\":[1, 2], \"x\":\"<\" } }\n"),
        ("o.x", " { \"z\" : 1.50,\n  \"a\":\"old\" ,\"o\":{ \"y\":[1, 2], \"x\":\"v\" } }\n"),
        ("o.y", " { \"z\" : 1.50,\n  \"a\":\"old\" ,\"o\":{ \"y\":\"v\", \"x\":\"<\" } }\n"),
        ("b", "{ \"z\" : 1.50,\n  \"a\":\"old\" ,\"o\":{ \"y\":[1, 2], \"x\":\"<\" } ,\"b\":\"v\"}"),
        ("o.b", " { \"z\" : 1.50,\n  \"a\":\"old\" ,\"o\":{ \"y\":[1, 2], \"x\":\"<\" ,\"b\":\"v\"} }\n"),
    ] {
        assert_eq!(after_set(json, property, "v").as_deref(), Some(want), "{property}");
    }
    assert_eq!(after_set(r#"{"a":1,"a":2}"#, "a", "v").as_deref(), Some(r#"{"a":"v","a":2}"#));
    assert_eq!(after_set(r#"{"\u0061":1}"#, "a", "v").as_deref(), Some(r#"{"\u0061":"v"}"#));
}

#[test]
fn text_is_escaped_as_sjson_escapes_it() {
    for (text, want) in [
        ("<a>&b", "<a>&b"),
        ("<\"", r#"\u003c\""#),
        ("é>", r"é\u003e"),
        ("&\n\u{1}", r"\u0026\n\u0001"),
        ("\u{2028}\\", r"\u2028\\"),
        ("\u{7f}<", "\u{7f}<"),
    ] {
        let want = format!("{{\"a\":\"{want}\"}}");
        assert_eq!(after_set("{}", "a", text), Some(want), "{text:?}");
    }
}

#[test]
fn what_becomes_empty_goes() {
    for (json, property, want) in [
        (r#"{"a":{"b":{"c":1}}}"#, "a.b.c", "{}"),
        (r#"{"a":{"b":1,"c":2}}"#, "a.b", r#"{"a":{"c":2}}"#),
        (r#"{ "z":1 , "a":{"b":1} , "n":1.50 }"#, "a.b", r#"{ "z":1 , "n":1.50 }"#),
        (r#"{ "a" : 1 , "n":1.50 }"#, "a", r#"{ "n":1.50 }"#),
        (r#"{ "n":1.50 , "a" : "," }"#, "a", r#"{ "n":1.50 }"#),
        (r#"{"a":1,"b":2,"a":3}"#, "a", r#"{"b":2}"#),
    ] {
        assert_eq!(after_remove(json, property).as_deref(), Some(want), "{json} {property}");
    }
    assert_eq!((after_remove(r#"{"a":1}"#, "b"), after_remove(r#"{"a":1}"#, "a.b")), (None, None));
    assert_eq!(get(r#"{"a":{"b": "v"}}"#, &path("a.b").unwrap()), Some("\"v\""));
    assert_eq!(has_members(" { } ").zip(has_members(r#"{"a":1}"#)), Some((false, true)));
    for json in ["", "null", "[]", "\"a\"", "{", "{} {}", r#"{"a":}"#] {
        assert_eq!(has_members(json), None, "{json}");
    }
}

#[test]
fn a_path_that_names_many_places_or_none_is_refused() {
    for property in ["a.*", "a.#", "a..b", ".", "a|b", "@this", r"a\", "a?"] {
        assert_eq!(path(property), Err(ErrorKind::InvalidRequest), "{property}");
    }
}
