use serde_json::{Value, json};

use super::*;

#[test]
fn a_star_stands_for_any_characters() {
    for (pattern, key) in [
        ("team-a/*", "team-a/db"),
        ("team-a/*", "team-a/x/y"),
        ("*", ""),
        ("*", "a/b"),
        ("a*b*c", "abbc"),
        ("a*b*c", "a/b/b/c"),
        ("a", "a"),
        ("*/public/*", "team-b/public/ca"),
        ("a**b", "ab"),
    ] {
        assert!(matches(pattern, key), "{pattern} {key}");
    }
    for (pattern, key) in [
        ("team-a/*", "team-ab/db"),
        ("team-a/*", "team-a"),
        ("team-a/*", "x/team-a/db"),
        ("a*a", "a"),
        ("a*b*c", "acb"),
        ("a", "ab"),
        ("", "a"),
        ("A", "a"),
    ] {
        assert!(!matches(pattern, key), "{pattern} {key}");
    }
}

#[test]
fn the_annotation_divides_by_commas_and_white_space() {
    assert_eq!(patterns("{namespace}/*, shared/*\n  x", "team-a"), ["team-a/*", "shared/*", "x"]);
    assert!(patterns(" ,\n", "team-a").is_empty());
}

fn of(rules: Value, namespace: &str, labels: &[(&str, &str)]) -> Vec<String> {
    let rules: Vec<AllowedKeys> = serde_json::from_value(rules).expect("rules");
    let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    of_rules(&rules, namespace, &labels)
}

#[test]
fn a_rule_is_for_everybody_or_for_those_it_names() {
    let rules = json!([
        { "keys": ["shared/*"] },
        { "namespaces": ["ops"], "keys": ["*"] },
        { "namespaceRegexes": ["^team-"], "keys": ["{namespace}/*"] },
        { "namespaceSelector": { "matchLabels": { "tier": "gold" } }, "keys": ["gold/*"] },
    ]);
    assert_eq!(of(rules.clone(), "ops", &[]), ["shared/*", "*"]);
    assert_eq!(of(rules.clone(), "team-a", &[]), ["shared/*", "team-a/*"]);
    assert_eq!(of(rules, "other", &[("tier", "gold")]), ["shared/*", "gold/*"]);
}

#[test]
fn whoever_no_rule_is_for_may_name_nothing() {
    assert!(of(json!([{ "namespaces": ["ops"], "keys": ["*"] }]), "team-a", &[]).is_empty());
}
