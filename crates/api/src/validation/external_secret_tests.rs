use super::super::ignored_fields;
use super::*;
use serde_json::{Value, json};

/// A good ExternalSecret, with the fields of `change` laid over its spec.
fn spec(change: Value) -> ExternalSecretSpec {
    let mut spec = json!({
        "secretStoreRef": { "name": "vault" },
        "data": [{ "secretKey": "a", "remoteRef": { "key": "app" } }]
    });
    for (key, value) in change.as_object().cloned().unwrap_or_default() {
        spec[key] = value;
    }
    serde_json::from_value(spec).expect("the fields of the type")
}

fn accepts(change: Value) {
    assert_eq!(validate_external_secret(&spec(change.clone())), [], "{change}");
}

fn rejects(change: Value, messages: &[&str]) {
    let found: Vec<_> =
        validate_external_secret(&spec(change.clone())).iter().map(ToString::to_string).collect();
    assert_eq!(found, messages, "{change}");
}

#[test]
fn accepts_a_good_one() {
    accepts(json!({}));
}

#[test]
fn rejects_one_that_asks_for_nothing() {
    rejects(json!({ "data": [] }), &["either data or dataFrom should be specified"]);
}

#[test]
fn rejects_deleting_what_is_not_its_own() {
    let message = "deletionPolicy=Delete must not be used when the controller doesn't own the secret. Please set creationPolicy=Owner";
    for policy in ["Merge", "None", "CreateOrMerge"] {
        rejects(json!({ "target": { "creationPolicy": policy, "deletionPolicy": "Delete" } }), &[message]);
    }
    for policy in ["Owner", "Orphan"] {
        accepts(json!({ "target": { "creationPolicy": policy, "deletionPolicy": "Delete" } }));
    }
}

#[test]
fn rejects_merging_into_no_secret() {
    let message =
        "deletionPolicy=Merge must not be used with creationPolicy=None. There is no Secret to merge with";
    rejects(json!({ "target": { "creationPolicy": "None", "deletionPolicy": "Merge" } }), &[message]);
    accepts(json!({ "target": { "creationPolicy": "None" } }));
}

#[test]
fn an_entry_of_data_from_has_one_source() {
    let (extract, find) = (json!({ "key": "app" }), json!({ "name": { "regexp": ".*" } }));
    let generator = json!({ "generatorRef": { "kind": "UUID", "name": "u" } });
    let store = json!({ "storeRef": { "name": "other" } });
    for entry in [
        json!({ "extract": extract }),
        json!({ "find": find }),
        json!({ "sourceRef": generator }),
        json!({ "extract": extract, "sourceRef": store }),
        json!({ "find": find, "sourceRef": store }),
    ] {
        accepts(json!({ "data": [], "dataFrom": [entry] }));
    }
    let message = "extract, find, or generatorRef cannot be set at the same time";
    for entry in [
        json!({ "extract": extract, "find": find }),
        json!({ "extract": extract, "sourceRef": generator }),
        json!({ "find": find, "sourceRef": generator }),
    ] {
        rejects(json!({ "dataFrom": [entry] }), &[message]);
    }
    rejects(json!({ "dataFrom": [{}] }), &["either extract, find, or sourceRef must be set to dataFrom"]);
    rejects(
        json!({ "dataFrom": [{ "extract": extract, "sourceRef": {} }] }),
        &["generatorRef or storeRef must be set when using sourceRef in dataFrom"],
    );
}

#[test]
fn a_key_is_duplicate_only_if_the_secret_is_retained() {
    let entry = json!({ "secretKey": "a", "remoteRef": { "key": "app" } });
    let twice = json!([entry, entry]);
    rejects(json!({ "data": twice }), &["duplicate secretKey found: a"]);
    rejects(
        json!({ "data": twice, "target": { "deletionPolicy": "Retain" } }),
        &["duplicate secretKey found: a"],
    );
    accepts(json!({ "data": twice, "target": { "deletionPolicy": "Delete" } }));
}

#[test]
fn rejects_secrets_that_give_rights() {
    let token = "kubernetes.io/service-account-token";
    let name = json!({ "annotations": { "kubernetes.io/service-account.name": "admin" } });
    rejects(
        json!({ "target": { "template": { "type": token, "metadata": name } } }),
        &[
            r#"template.type="kubernetes.io/service-account-token" with annotation "kubernetes.io/service-account.name" is not allowed"#,
        ],
    );
    for target in ["Annotations", "annotations"] {
        rejects(
            json!({ "target": { "template": { "type": token, "templateFrom": [{ "literal": "x", "target": target }] } } }),
            &[
                r#"template.type="kubernetes.io/service-account-token" with templateFrom target="Annotations" is not allowed"#,
            ],
        );
    }
    accepts(json!({ "target": { "template": { "type": token } } }));
    accepts(json!({ "target": { "template": { "type": "kubernetes.io/tls", "metadata": name } } }));
    rejects(
        json!({ "target": { "template": { "type": "bootstrap.kubernetes.io/token" } } }),
        &[r#"template.type="bootstrap.kubernetes.io/token" is not allowed"#],
    );
}

#[test]
fn a_template_writes_only_three_fields_of_a_secret() {
    let with = |target: Value, manifest: Value| {
        let template = json!({ "templateFrom": [{ "literal": "x", "target": target }] });
        json!({ "target": { "template": template, "manifest": manifest } })
    };
    for target in ["", "Data", "data", "LABELS", "Annotations"] {
        accepts(with(json!(target), Value::Null));
    }
    let message = r#"templateFrom target="metadata.ownerReferences" is not allowed when targeting a Secret, must be one of "Data", "Annotations" or "Labels""#;
    rejects(with(json!("metadata.ownerReferences"), Value::Null), &[message]);
    rejects(
        with(json!("metadata.ownerReferences"), json!({ "apiVersion": "v1", "kind": "Secret" })),
        &[message],
    );
    accepts(with(json!("spec.x"), json!({ "apiVersion": "v1", "kind": "ConfigMap" })));
}

#[test]
fn durations_are_gos() {
    accepts(json!({ "refreshInterval": "1h0m0s" }));
    accepts(json!({ "refreshInterval": "0" }));
    accepts(json!({ "refreshInterval": "-1m" }));
    rejects(
        json!({ "refreshInterval": "1d" }),
        &[r#"invalid refreshInterval "1d": time: unknown unit "d" in duration "1d""#],
    );
    rejects(
        json!({ "syncWindows": { "kind": "deny", "windows": [{ "schedule": "@daily", "duration": "8" }] } }),
        &[r#"invalid duration "8" in sync window 0: time: missing unit in duration "8""#],
    );
}

#[test]
fn schedules_are_crons() {
    let window = |schedule: &str| json!({ "syncWindows": { "kind": "allow", "windows": [{ "schedule": schedule, "duration": "8h" }] } });
    accepts(window("0 22 * * 1-5"));
    accepts(window("@every 6h"));
    rejects(
        window("0 24 * * *"),
        &[r#"invalid schedule "0 24 * * *" in sync window 0: end of range (24) above maximum (23): 24"#],
    );
}

#[test]
fn tells_all_that_is_wrong_at_once() {
    rejects(
        json!({ "data": [], "target": { "creationPolicy": "None", "deletionPolicy": "Merge" } }),
        &[
            "deletionPolicy=Merge must not be used with creationPolicy=None. There is no Secret to merge with",
            "either data or dataFrom should be specified",
        ],
    );
}

#[test]
fn says_what_will_fail_or_has_no_effect() {
    let said = |target: Value| questionable(&spec(json!({ "target": target }))).collect::<Vec<_>>();
    let map = json!({ "apiVersion": "v1", "kind": "ConfigMap" });
    let merging = json!({ "mergePolicy": "Merge", "data": { "a": "b" } });
    assert!(said(json!({ "deletionPolicy": "Delete", "creationPolicy": "Orphan" }))[0].contains("Orphan"));
    assert!(said(json!({ "manifest": map, "template": merging }))[0].contains("mergePolicy"));
    assert!(said(json!({ "template": merging })).is_empty() && said(json!({ "manifest": map })).is_empty());
}

#[test]
fn names_the_field_that_has_no_effect() {
    assert_eq!(ignored_fields(&spec(json!({}))), Vec::<&str>::new());
    let old = spec(json!({ "secretStoreRef": { "name": "a", "key": "a" } }));
    assert_eq!(ignored_fields(&old), ["spec.secretStoreRef.key"]);
}
