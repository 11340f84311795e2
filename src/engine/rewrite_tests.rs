use super::*;
use crate::engine::ErrorKind;

fn values(given: &[(&str, &str)]) -> Data {
    given.iter().map(|(key, value)| ((*key).to_owned(), (*value).into())).collect()
}

fn regexp(source: &str, target: &str) -> Rewrite {
    let regexp = RewriteRegexp { source: source.to_owned(), target: target.to_owned() };
    Rewrite { regexp: Some(regexp), ..Rewrite::default() }
}

fn merge(merge: RewriteMerge) -> Rewrite {
    Rewrite { merge: Some(merge), ..Rewrite::default() }
}

fn lenient(priority: &[&str]) -> RewriteMerge {
    RewriteMerge {
        conflict_policy: Some(MergeConflictPolicy::Ignore),
        priority: priority.iter().map(|key| (*key).to_owned()).collect(),
        ..RewriteMerge::default()
    }
}

fn into(into: &str, rest: RewriteMerge) -> RewriteMerge {
    RewriteMerge { strategy: Some(MergeStrategy::JSON), into: Some(into.to_owned()), ..rest }
}

fn apply(all: &[Rewrite], given: &[(&str, &str)]) -> Result<Data, MergeError> {
    let parsed = Rewriting::parse_all("spec.dataFrom[0].rewrite", all).expect("a good rewrite");
    parsed.iter().try_fold(values(given), |values, rewriting| rewriting.apply(values))
}

#[test]
fn keys_are_rewritten_one_step_after_the_other() {
    let steps = [regexp("my/(.*?)/bar/(.*)", "$1-$2"), regexp("-", "_"), regexp("ass", "***")];
    let rewritten = apply(&steps, &[("my/app/bar/key", "1"), ("my/app/bar/password", "2"), ("x", "3")]);
    assert_eq!(rewritten, Ok(values(&[("app_key", "1"), ("app_p***word", "2"), ("x", "3")])));
}

#[test]
fn of_two_keys_that_become_one_the_later_stays() {
    assert_eq!(apply(&[regexp("[ab]", "")], &[("a", "1"), ("b", "2")]), Ok(values(&[("", "2")])));
}

const MONGO: &str = r#"{"username": "foz", "password": "baz"}"#;
const REDIS: &str = r#"{"host": "redis", "port": 6379, "tls": true, "no": null}"#;

#[test]
fn merging_takes_objects_apart() {
    let joined =
        apply(&[merge(RewriteMerge::default())], &[("mongo", MONGO), ("redis", REDIS), ("nil", "null")]);
    let want = [
        ("username", "foz"),
        ("password", "baz"),
        ("host", "redis"),
        ("port", "6379"),
        ("tls", "true"),
        ("no", ""),
    ];
    assert_eq!(joined, Ok(values(&want)));
}

#[test]
fn priority_wins_in_its_order() {
    let given = [("a", r#"{"host":"a","x":1.50}"#), ("b", r#"{"host":"b"}"#), ("c", r#"{"host":"c"}"#)];
    let joined = apply(&[merge(lenient(&["c", "a"]))], &given);
    assert_eq!(joined, Ok(values(&[("host", "a"), ("x", "1.5")])));
    let joined = apply(&[merge(lenient(&[]))], &given);
    assert_eq!(joined, Ok(values(&[("host", "c"), ("x", "1.5")])));
}

#[test]
fn a_joined_object_stands_beside_the_rest() {
    let given = [("a", r#"{"z":"<","n":{"b":1,"a":2}}"#), ("b", r#"{"z":">"}"#)];
    let joined = apply(&[merge(into("all", lenient(&["a"])))], &given).expect("joined");
    assert_eq!(joined.len(), 3);
    assert_eq!(joined["all"].expose_str(), Some(r#"{"n":{"a":2,"b":1},"z":"<"}"#));
}

#[test]
fn merging_twice_works() {
    let steps = [merge(into("merged", lenient(&["a"]))), merge(lenient(&["b"]))];
    let given = [("a", r#"{"host":"a","port":123}"#), ("b", r#"{"host":"b"}"#)];
    assert_eq!(apply(&steps, &given), Ok(values(&[("host", "b"), ("port", "123")])));
}

#[test]
fn what_cannot_be_merged_is_named_without_its_value() {
    let strict = RewriteMerge { priority: vec!["gone".to_owned()], ..RewriteMerge::default() };
    for (merging, given, want) in [
        (strict, ("a", "{}"), MergeError::MissingPriority("gone".to_owned())),
        (RewriteMerge::default(), ("a", "hunter2"), MergeError::NotAnObject("a".to_owned())),
        (RewriteMerge::default(), ("a", "[1]"), MergeError::NotAnObject("a".to_owned())),
        (RewriteMerge::default(), ("a", r#"{"j":1E400}"#), MergeError::Number("a".to_owned())),
        (into("k", lenient(&["a"])), ("a", r#"{"j":[-1E400]}"#), MergeError::Number("a".to_owned())),
    ] {
        assert_eq!(apply(&[merge(merging)], &[given]), Err(want));
    }
    let conflict = apply(&[merge(RewriteMerge::default())], &[("a", r#"{"x":1}"#), ("b", r#"{"x":2}"#)]);
    assert_eq!(conflict, Err(MergeError::Conflicts(vec!["x".to_owned()])));
}

#[test]
fn a_missing_priority_may_be_passed_over() {
    let policy =
        RewriteMerge { priority_policy: Some(MergePriorityPolicy::IgnoreNotFound), ..lenient(&["gone"]) };
    assert_eq!(apply(&[merge(policy)], &[("a", r#"{"x":1}"#)]), Ok(values(&[("x", "1")])));
}

fn transform(template: &str) -> Rewrite {
    Rewrite { transform: Some(RewriteTransform { template: template.to_owned() }), ..Rewrite::default() }
}

#[test]
fn a_template_makes_keys_of_keys() {
    let given = &[("a", "1"), ("b", "2")];
    assert_eq!(apply(&[transform("pre-{{ .value }}")], given), Ok(values(&[("pre-a", "1"), ("pre-b", "2")])));
    assert_eq!(
        apply(&[transform("{{ if eq .value \"a\" }}x{{ else }}{{ .value }}{{ end }}")], given),
        Ok(values(&[("b", "2"), ("x", "1")]))
    );
    assert_eq!(apply(&[transform("same")], given), Ok(values(&[("same", "2")])), "the later one stays");
    assert_eq!(
        apply(&[transform("{{ .nope }}")], &[("a", "1")]),
        Ok(values(&[("<no value>", "1")])),
        "as in ESO"
    );
    let failed = apply(&[transform("{{ index .value 7 }}")], &[("a", "1")]);
    assert!(matches!(failed, Err(MergeError::Transform(key, _)) if key == "a"));
    let long = "{{ .value }}".repeat(40);
    let steps = [transform(&long), transform(&long), transform(&long)];
    assert_eq!(apply(&steps, &[("abc", "1")]), Err(MergeError::TooLarge));
}

#[test]
fn what_can_never_work_does_not_parse() {
    let no_into = merge(RewriteMerge { strategy: Some(MergeStrategy::JSON), ..RewriteMerge::default() });
    for (rewrite, kind) in [
        (regexp("(", ""), ErrorKind::InvalidSpec),
        (no_into, ErrorKind::InvalidSpec),
        (transform("{{ .value"), ErrorKind::Template),
    ] {
        let error = Rewriting::parse_all("spec.dataFrom[1].rewrite", &[Rewrite::default(), rewrite])
            .expect_err("refused");
        assert_eq!(error.kind, kind);
        assert!(error.message.contains("spec.dataFrom[1].rewrite[1]"), "{error}");
    }
}
