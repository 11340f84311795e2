//! `target.creationPolicy` Merge and CreateOrMerge.

use serde_json::{Value, json};

use crate::support::{Namespace, world};

/// An ExternalSecret that gives the Secret `shared` one key.
fn merging(ns: &Namespace<'_>, name: &str, policy: &str, interval: &str) -> Value {
    let target = json!({ "name": "shared", "creationPolicy": policy });
    let data = json!([ns.entry(name, name)]);
    ns.of(name, name, json!({ "refreshInterval": interval, "target": target, "data": data }))
}

#[test]
fn merge_waits_for_its_target_and_says_so() {
    let ns = Namespace::with_aws(world(), "merge-waits");
    ns.put("one", "1");
    ns.apply(&merging(&ns, "one", "Merge", "2s").to_string()).good();
    ns.wait_ready("one", "True", "SecretMissing");
    let (.., message) = ns.ready("one").expect("a condition");
    assert_eq!(message, "secret will not be created due to CreationPolicy=Merge");
    assert!(ns.secret("shared").is_none());

    ns.kubectl(&["create", "secret", "generic", "shared", "--from-literal=theirs=stays"]).good();
    ns.wait_value("shared", "one", "1"); // at the next interval
    assert_eq!(ns.value("shared", "theirs").as_deref(), Some("stays"));
    assert!(ns.secret("shared").expect("it")["metadata"]["ownerReferences"].is_null());
    ns.wait_ready("one", "True", "SecretSynced");
}

#[test]
fn two_merge_into_one_secret_and_each_has_its_own_keys() {
    let ns = Namespace::with_aws(world(), "two-merge");
    ns.put("one", "1");
    ns.put("two", "2");
    ns.put("three", "3");
    ns.apply(&merging(&ns, "one", "CreateOrMerge", "1h").to_string()).silent();
    ns.apply(&merging(&ns, "two", "Merge", "1h").to_string()).silent();
    for name in ["one", "two"] {
        ns.wait_ready(name, "True", "SecretSynced");
    }
    assert_eq!(
        ns.values("shared").expect("it").into_iter().collect::<Vec<_>>(),
        pairs(&[("one", "1"), ("two", "2")])
    );

    let mut other = merging(&ns, "one", "CreateOrMerge", "1h");
    other["spec"]["data"] = json!([ns.entry("three", "three")]);
    ns.apply(&other.to_string()).silent();
    let expected = pairs(&[("three", "3"), ("two", "2")]);
    assert_eq!(
        ns.values("shared").expect("it").into_iter().collect::<Vec<_>>(),
        expected,
        "the dropped key goes"
    );

    ns.kubectl(&["delete", "externalsecret", "two"]).good();
    ns.wait_synced("one");
    ns.wait_secret("shared", |secret| secret["metadata"]["annotations"]["latchkey.dev/pending"].is_null());
    assert_eq!(ns.values("shared").expect("it").len(), 2, "merged keys stay, as in ESO");
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn create_or_merge_makes_what_is_missing_and_merges_into_what_is_there() {
    let ns = Namespace::with_aws(world(), "create-or-merge");
    ns.put("one", "1");
    ns.kubectl(&["create", "secret", "generic", "shared", "--from-literal=theirs=stays"]).good();
    ns.apply(&merging(&ns, "one", "CreateOrMerge", "1h").to_string()).good();
    ns.wait_ready("one", "True", "SecretSynced");
    let expected = pairs(&[("one", "1"), ("theirs", "stays")]);
    assert_eq!(ns.values("shared").expect("it").into_iter().collect::<Vec<_>>(), expected);

    ns.kubectl(&["delete", "secret", "shared"]).good();
    ns.wait_value("shared", "one", "1"); // repaired at once
    assert_eq!(ns.values("shared").expect("it").len(), 1);
}

#[test]
fn a_key_that_is_dropped_from_the_spec_disappears() {
    let ns = Namespace::with_aws(world(), "dropped");
    ns.put("one", "1");
    ns.put("two", "2");
    let both = json!({ "data": [ns.entry("one", "one"), ns.entry("two", "two")] });
    ns.apply(&ns.of("db", "one", both).to_string()).silent();
    assert_eq!(ns.values("db").expect("it").len(), 2);
    ns.apply(&ns.of("db", "one", json!({ "data": [ns.entry("one", "one")] })).to_string()).silent();
    assert_eq!(ns.values("db").expect("it").keys().collect::<Vec<_>>(), ["one"]);
}
