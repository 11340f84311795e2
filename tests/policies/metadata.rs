//! Labels and annotations of the Secret.

use serde_json::{Value, json};

use crate::support::{Namespace, world};

/// Without the bookkeeping of ESO's own.
fn others(secret: &Value, field: &str) -> Vec<(String, String)> {
    let entries = secret["metadata"][field].as_object().into_iter().flatten();
    let entries = entries.filter(|(key, _)| !key.starts_with("reconcile.external-secrets.io/"));
    entries.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned())).collect()
}

#[test]
fn without_a_template_all_labels_and_annotations_are_copied() {
    let ns = Namespace::with_aws(world(), "copied");
    ns.put("db", "one");
    let mut object = ns.of("db", "db", json!({}));
    object["metadata"]["labels"] = json!({ "team": "a" });
    object["metadata"]["annotations"] = json!({ "argocd.argoproj.io/tracking-id": "app:es:db" });
    ns.apply(&object.to_string()).silent();
    ns.wait_synced("db");
    let stored = ns.external_secret("db").expect("it");
    let secret = ns.wait_secret("db", |secret| secret["metadata"]["ownerReferences"].is_array());
    for field in ["labels", "annotations"] {
        assert_eq!(others(&secret, field), others(&stored, field), "{field}");
    }

    object["metadata"]["labels"] = json!({ "stage": "b" });
    ns.apply(&object.to_string()).silent();
    let secret = ns.secret("db").expect("the Secret");
    assert_eq!(others(&secret, "labels"), [("stage".to_owned(), "b".to_owned())], "a label that went goes");
}

#[test]
fn labels_that_went_go_for_long_names_too() {
    let ns = Namespace::with_aws(world(), "copied-long");
    ns.put("db", "one");
    let name = "a-name-that-is-longer-than-27-bytes";
    let mut object = ns.of(name, "db", json!({}));
    object["metadata"]["labels"] = json!({ "team": "a" });
    ns.apply(&object.to_string()).silent();
    object["metadata"]["labels"] = json!({ "stage": "b" });
    ns.apply(&object.to_string()).silent();
    let secret = ns.secret(name).expect("the Secret");
    assert_eq!(others(&secret, "labels"), [("stage".to_owned(), "b".to_owned())]);
}

#[test]
fn others_labels_and_annotations_stay() {
    let ns = Namespace::with_aws(world(), "others");
    ns.put("db", "one");
    ns.apply(&ns.of("db", "db", json!({})).to_string()).silent();
    ns.wait_ready("db", "True", "SecretSynced");
    ns.kubectl(&["label", "secret", "db", "theirs=stays"]).good();
    ns.kubectl(&["annotate", "secret", "db", "theirs=stays"]).good();
    ns.put("db", "two");
    ns.kubectl(&["annotate", "externalsecret", "db", "force-sync=1"]).silent();
    ns.wait_synced("db");
    let secret = ns.secret("db").expect("the Secret");
    assert_eq!(secret["metadata"]["labels"]["theirs"], "stays");
    assert_eq!(secret["metadata"]["annotations"]["theirs"], "stays");
}
