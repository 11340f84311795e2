use serde_json::{Value, json};

use super::*;

/// A good PushSecret, with the fields of `change` laid over its spec.
fn spec(change: Value) -> PushSecretSpec {
    let mut spec = json!({
        "secretStoreRefs": [{ "name": "vault" }],
        "selector": { "secret": { "name": "app" } },
        "data": [{ "match": { "secretKey": "a", "remoteRef": { "remoteKey": "app", "property": "a" } } }]
    });
    for (key, value) in change.as_object().cloned().unwrap_or_default() {
        spec[key] = value;
    }
    serde_json::from_value(spec).expect("the fields of the type")
}

fn accepts(change: Value) {
    assert_eq!(validate_push_secret("spec", &spec(change.clone())), [], "{change}");
}

#[track_caller]
fn rejects(change: Value, messages: &[&str]) {
    let found = validate_push_secret("spec", &spec(change.clone()));
    let found: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert_eq!(found, messages, "{change}");
}

fn entry(remote_key: &str, property: Option<&str>) -> Value {
    json!({ "match": { "remoteRef": { "remoteKey": remote_key, "property": property } } })
}

#[test]
fn accepts_good_ones() {
    accepts(json!({}));
    accepts(json!({ "refreshInterval": "0", "deletionPolicy": "Delete", "updatePolicy": "IfNotExists" }));
    accepts(json!({ "selector": { "generatorRef": { "kind": "Password", "name": "p" } } }));
    accepts(json!({ "selector": { "secret": { "selector": { "matchLabels": { "a": "b" } } } } }));
    accepts(json!({ "secretStoreRefs": [{ "labelSelector": {} }, { "name": "a", "labelSelector": {} }] }));
}

#[test]
fn something_goes_somewhere() {
    rejects(
        json!({ "data": [] }),
        &["spec pushes nothing: either data or dataTo should be specified; add an entry"],
    );
    rejects(
        json!({ "secretStoreRefs": [] }),
        &["spec.secretStoreRefs is empty, so nothing would be pushed; name a store"],
    );
    accepts(json!({ "data": [], "dataTo": [{ "storeRef": { "name": "vault" } }] }));
}

#[test]
fn what_is_pushed_is_one_thing() {
    let generator = json!({ "kind": "Password", "name": "p" });
    for (selector, message) in [
        (json!({}), "spec.selector selects nothing to push; set secret or generatorRef"),
        (
            json!({ "secret": { "name": "a" }, "generatorRef": generator }),
            "spec.selector selects both a secret and a generatorRef; keep one of them",
        ),
        (json!({ "secret": {} }), "spec.selector.secret selects no Secret; set name or selector"),
        (json!({ "secret": { "name": "" } }), "spec.selector.secret selects no Secret; set name or selector"),
        (
            json!({ "secret": { "name": "a", "selector": {} } }),
            "spec.selector.secret selects by both name and selector; keep one of them",
        ),
    ] {
        rejects(json!({ "selector": selector }), &[message]);
    }
}

#[test]
fn a_store_is_named_or_labelled() {
    let message = |field: &str| {
        format!("{field} names no store: storeRef must specify either name or labelSelector; set one of them")
    };
    let stores =
        json!({ "secretStoreRefs": [{ "name": "a" }, { "kind": "ClusterSecretStore" }, { "name": "" }] });
    rejects(stores, &[&message("spec.secretStoreRefs[1]"), &message("spec.secretStoreRefs[2]")]);
    for store in [json!({}), json!({ "storeRef": {} }), json!({ "storeRef": { "kind": "SecretStore" } })] {
        rejects(json!({ "dataTo": [store] }), &[&message("spec.dataTo[0].storeRef")]);
    }
}

#[test]
fn the_store_of_data_to_is_one_that_is_pushed_to() {
    let to =
        |stores: Value, store: Value| json!({ "secretStoreRefs": stores, "dataTo": [{ "storeRef": store }] });
    accepts(to(json!([{ "name": "a", "kind": "SecretStore" }]), json!({ "name": "a" })));
    accepts(to(json!([{ "labelSelector": {} }]), json!({ "name": "a" })));
    accepts(to(json!([{ "name": "a" }]), json!({ "labelSelector": {} })));
    let message = |kind: &str| {
        format!(
            "spec.dataTo[0].storeRef names {kind} \"a\", which is not found in secretStoreRefs; add it there, or correct the name"
        )
    };
    rejects(to(json!([{ "name": "b" }]), json!({ "name": "a" })), &[&message("SecretStore")]);
    let cluster = json!({ "name": "a", "kind": "ClusterSecretStore" });
    rejects(
        to(json!([{ "name": "a" }, { "labelSelector": {} }]), cluster),
        &[&message("ClusterSecretStore")],
    );
}

#[test]
fn two_entries_have_two_places() {
    accepts(
        json!({ "data": [entry("app", None), entry("app", Some("a")), entry("app", Some("b")), entry("b", None)] }),
    );
    rejects(
        json!({ "data": [entry("app", Some("a")), entry("b", None), entry("app", Some("a")), entry("b", Some(""))] }),
        &[
            "spec.data[2].match.remoteRef is where spec.data[0] goes already, property \"a\" of secret \"app\"; give one of them another remoteKey or property",
            "spec.data[3].match.remoteRef is where spec.data[1] goes already, secret \"b\"; give one of them another remoteKey or property",
        ],
    );
    rejects(
        json!({ "data": [entry("", None)] }),
        &["spec.data[0].match.remoteRef.remoteKey is empty; name the remote secret"],
    );
}

#[test]
fn the_interval_is_gos() {
    accepts(json!({ "refreshInterval": "1h30m" }));
    rejects(
        json!({ "refreshInterval": "1d" }),
        &[
            r#"spec.refreshInterval "1d" is no duration: time: unknown unit "d" in duration "1d"; write it as "30s", "15m" or "1h""#,
        ],
    );
}

#[test]
fn names_are_rewritten_where_there_are_many() {
    let to = |more: Value| {
        let mut entry = json!({ "storeRef": { "name": "vault" } });
        entry.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        json!({ "dataTo": [entry] })
    };
    let (regexp, transform) =
        (json!({ "source": "a", "target": "b" }), json!({ "template": "{{ .value }}" }));
    accepts(to(json!({ "rewrite": [{ "regexp": regexp }, { "transform": transform }] })));
    accepts(to(json!({ "remoteKey": "all" })));
    accepts(to(json!({ "remoteKey": "", "rewrite": [{ "regexp": regexp }] })));
    rejects(
        to(json!({ "remoteKey": "all", "rewrite": [{ "regexp": regexp }] })),
        &[
            "spec.dataTo[0] has both: remoteKey and rewrite are mutually exclusive: rewrite is only supported in per-key mode (without remoteKey); remove one of them",
        ],
    );
    for rewrite in [json!({}), json!({ "regexp": regexp, "transform": transform }), json!({ "merge": {} })] {
        let message = "spec.dataTo[0].rewrite[0] is not one change of the names: exactly one of regexp or transform must be set; write each as an item";
        rejects(to(json!({ "rewrite": [rewrite] })), &[message]);
    }
}

#[test]
fn metadata_have_esos_envelope() {
    let with = |metadata: Value| {
        let mut entry = entry("app", None);
        entry["metadata"] = metadata;
        json!({ "data": [entry] })
    };
    let (version, kind) = ("kubernetes.external-secrets.io/v1alpha1", "PushSecretMetadata");
    accepts(with(json!({ "apiVersion": version, "kind": kind, "spec": { "tags": { "a": "b" } } })));
    accepts(with(json!({ "apiVersion": version, "kind": kind })));
    accepts(with(Value::Null));
    let at = "spec.data[0].metadata";
    let is = |field: &str, wanted: &str| {
        format!("{at}.{field} has to be \"{wanted}\"; write it so, and the provider's settings into spec")
    };
    rejects(
        with(json!("canary")),
        &[&format!("{at} is no object; write a PushSecretMetadata with apiVersion, kind and spec")],
    );
    rejects(
        with(json!({ "secretPushFormat": "canary" })),
        &[
            &is("apiVersion", version),
            &is("kind", kind),
            &format!(
                "{at}.secretPushFormat is no field of a PushSecretMetadata; move it into spec, or remove it"
            ),
        ],
    );
    rejects(with(json!({ "apiVersion": "v1", "kind": kind, "spec": {} })), &[&is("apiVersion", version)]);
    rejects(
        with(json!({ "apiVersion": version, "kind": kind, "spec": ["canary"] })),
        &[&format!("{at}.spec is no object; write the provider's settings as its fields")],
    );
    let all = json!({ "dataTo": [{ "storeRef": { "name": "vault" }, "metadata": 1 }] });
    rejects(
        all,
        &["spec.dataTo[0].metadata is no object; write a PushSecretMetadata with apiVersion, kind and spec"],
    );
}

#[test]
fn a_field_is_named_where_it_stands() {
    let found = validate_push_secret("spec.pushSecretSpec", &spec(json!({ "data": [], "selector": {} })));
    let fields: Vec<_> = found.iter().map(|invalid| invalid.field.as_str()).collect();
    assert_eq!(fields, ["spec.pushSecretSpec.selector", "spec.pushSecretSpec"]);
}
