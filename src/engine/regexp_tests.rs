use proptest::prelude::*;

use super::*;

/// What `ReplaceAllString` gives in Go.
fn replaced(pattern: &str, text: &str, with: &str) -> String {
    let compiled = compile(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
    compiled.replace_all(text, with).into_owned()
}

#[test]
fn patterns_match_what_they_match_in_go() {
    for (pattern, matches, misses) in [
        (r"^\d$", "7", "٣"), // classes are ASCII
        (r"^\w$", "k", "é"),
        (r"^\s$", " ", "\u{a0}"),
        (r"^\s$", "\u{c}", "\u{b}"), // no vertical tab
        (r"^[\w-]+$", "a-b", "é"),
        (r"^[^\D]$", "7", "a"),
        (r"^[\W]$", "é", "a"),
        (r"\bfoo\b", "éfoo", "foot"), // é is no word character
        (r"^a\Bb$", "ab", "a"),
        (r"^\Qa.b\E.$", "a.bc", "axbc"),
        (r"^\Q[", "[", "x"),
        (r"^\141\0$", "a\0", "a"),
        (r"^a{,2}$", "a{,2}", "aa"), // literal braces
        (r"^a{2,3}$", "aa", "a"),
        (r"^{{x}}$", "{{x}}", "x"),
        (r"^[[]$", "[", "]"),
        (r"^[]a]$", "]", "["),
        (r"^[a&&b]+$", "a&b", "c"), // no operators in classes
        (r"^[a~~b-]+$", "a~-", "c"),
        (r"^[+--b]$", ",", "x"), // from plus to dash
        (r"^[[:alpha:]_]+$", "a_", "1"),
        (r"^[^[:^alpha:]]$", "a", "1"),
        (r"^\<b\>$", "<b>", "b"),
        (r"^\p{^Greek}$", "a", "α"),
        (r"^\pL$", "é", "1"),
        (r"^\x41\x{1F600}$", "A😀", "A"),
        (r"(?i)^AB$", "ab", "b"),
        (r"^(?P<x>a)(?<y>b)(?:c)$", "abc", "ab"),
    ] {
        let compiled = compile(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
        assert!(compiled.is_match(matches), "{pattern} does not match {matches:?}");
        assert!(!compiled.is_match(misses), "{pattern} matches {misses:?}");
    }
}

#[test]
fn replacements_are_gos() {
    for (pattern, text, with, want) in [
        ("f(.*)o", "foodaloo", "a_$1", "a_oodalo"),
        ("f(?P<content>.*)o", "floo", "${content}_${1}", "lo_lo"),
        ("(a)", "a", "$1W", ""), // the group is named 1W, and there is none
        ("(a)", "a", "${1}W", "aW"),
        ("a", "a", "$$1", "$1"),
        ("a*", "baaac", "x", "xbxcx"),
        ("my/(.*?)/bar/(.*)", "my/app/bar/key", "$1-$2", "app-key"),
        ("-", "foo-bar", "_", "foo_bar"),
    ] {
        assert_eq!(replaced(pattern, text, with), want, "{pattern} {text}");
    }
}

#[test]
fn what_go_does_not_take_is_refused() {
    for pattern in [
        "(",
        "a)",
        "[a",
        "[z-a]",
        r"\",
        r"\1",
        r"\C",
        r"\8",
        r"\_x\y",
        "(?x)a",
        "(?R)a",
        "(?=a)",
        "*",
        r"\xZZ",
        r"\x{110000}",
        r"\p{Nope}",
        "[a-\\d]",
        r"\é",
        "a**", // a repetition of a repetition
        "a{1001}",
        "(?:a{2}){3}{4}",
    ] {
        let error = compile(pattern).expect_err(pattern);
        assert!(!error.contains('\n') && !error.is_empty(), "{pattern}: {error}");
    }
}

proptest! {
    #[test]
    fn no_pattern_panics(pattern in r"[\\\[\](){}^$.*+?|a-c0-9:&~<>=!PQExpdw é-]{0,24}", text: String) {
        if let Ok(compiled) = compile(&pattern) {
            compiled.replace_all(&text, "$1");
        }
    }

    #[test]
    fn a_quoted_text_matches_itself(text in r"[^\\]{0,20}") {
        let compiled = compile(&format!("^\\Q{text}\\E$")).expect("quoted");
        prop_assert!(compiled.is_match(&text));
    }
}
