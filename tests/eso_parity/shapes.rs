//! ExternalSecrets of each shape that makes another Secret, and that Secret as ESO's `mutationFunc` leaves it.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::support::{Namespace, object_hash};

/// One shape.
pub(super) struct Shape {
    /// Of the ExternalSecret and of its Secret.
    pub(super) name: &'static str,
    pub(super) external_secret: Value,
    /// What the Secret holds.
    data: BTreeMap<&'static str, &'static str>,
    /// Labels and annotations of a template, rendered. Without one those of the ExternalSecret are copied.
    pub(super) template: Option<Value>,
    /// Whether it belongs to the ExternalSecret.
    pub(super) owned: bool,
    /// Whether the Secret was there before, with the key `own`.
    pub(super) found: bool,
    kind: &'static str,
    immutable: Value,
}

impl Shape {
    fn new(ns: &Namespace<'_>, name: &'static str, spec: Value) -> Self {
        let mut external_secret = ns.of(name, "db", spec);
        external_secret["metadata"]["labels"] = json!({ "team": "a" });
        let data = BTreeMap::from([("value", "bar")]);
        Self {
            name,
            external_secret,
            data,
            template: None,
            owned: true,
            found: false,
            kind: "Opaque",
            immutable: Value::Null,
        }
    }

    /// Once made, nothing of such a Secret changes.
    pub(super) fn is_frozen(&self) -> bool {
        self.immutable == true
    }

    /// The Secret as ESO leaves it for this ExternalSecret as it is stored.
    pub(super) fn secret_of_eso(&self, stored: &Value, namespace: &str) -> Value {
        let metadata = self.template.as_ref().unwrap_or(&stored["metadata"]);
        let of = |field: &str| metadata[field].as_object().cloned().unwrap_or_default();
        let (mut labels, mut annotations) = (of("labels"), of("annotations"));
        annotations.insert("reconcile.external-secrets.io/data-hash".to_owned(), json!(self.data_hash()));
        labels.insert("reconcile.external-secrets.io/managed".to_owned(), json!("true"));
        let mut owners = Value::Null;
        if self.owned {
            let by = object_hash(&format!("{namespace}/{}", self.name));
            labels.insert("reconcile.external-secrets.io/created-by".to_owned(), json!(by));
            owners = json!([{
                "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "name": self.name,
                "uid": stored["metadata"]["uid"], "controller": true, "blockOwnerDeletion": true,
            }]);
        }
        let data =
            self.data.iter().map(|(key, value)| ((*key).to_owned(), json!(BASE64_STANDARD.encode(value))));
        json!({
            "apiVersion": "v1", "kind": "Secret", "type": self.kind, "immutable": self.immutable,
            "data": data.collect::<serde_json::Map<_, _>>(),
            "metadata": {
                "name": self.name, "labels": labels, "annotations": annotations, "ownerReferences": owners,
            },
        })
    }

    /// Of the data as Go prints it: keys in order, values as bytes in decimals.
    fn data_hash(&self) -> String {
        let bytes = |value: &str| value.bytes().map(|byte| byte.to_string()).collect::<Vec<_>>().join(" ");
        let entries = self.data.iter().map(|(key, value)| format!("{key}:[{}]", bytes(value)));
        object_hash(&format!("map[{}]", entries.collect::<Vec<_>>().join(" ")))
    }
}

/// All of them, in a namespace whose key `db` holds `bar` and whose key `pair` holds two values.
pub(super) fn shapes(ns: &Namespace<'_>) -> Vec<Shape> {
    let of = |name, spec| Shape::new(ns, name, spec);
    let pair = json!([{ "extract": { "key": ns.key("pair") } }]);
    let template = json!({
        "metadata": { "labels": { "app": "{{ .value }}" }, "annotations": { "note": "of {{ .value }}" } },
        "data": { "line": "value={{ .value }}" },
    });
    let typed = json!({
        "type": "kubernetes.io/basic-auth", "data": { "username": "app", "password": "{{ .value }}" },
    });
    vec![
        of("db", json!({})),
        of("a-name-that-is-longer-than-27-bytes", json!({})),
        Shape { owned: false, ..of("orphan", json!({ "target": { "creationPolicy": "Orphan" } })) },
        Shape {
            owned: false,
            found: true,
            data: BTreeMap::from([("own", "kept"), ("value", "bar")]),
            ..of("merged", json!({ "target": { "creationPolicy": "Merge" } }))
        },
        Shape { immutable: json!(true), ..of("frozen", json!({ "target": { "immutable": true } })) },
        Shape {
            data: BTreeMap::from([("a", "1"), ("b", "2")]),
            ..of("extracted", json!({ "data": null, "dataFrom": pair }))
        },
        Shape { template: Some(json!({})), ..of("bare", json!({ "target": { "template": {} } })) },
        Shape {
            template: Some(json!({ "labels": { "app": "bar" }, "annotations": { "note": "of bar" } })),
            data: BTreeMap::from([("line", "value=bar")]),
            ..of("templated", json!({ "target": { "template": template } }))
        },
        Shape {
            template: Some(json!({})),
            data: BTreeMap::from([("password", "bar"), ("username", "app")]),
            kind: "kubernetes.io/basic-auth",
            ..of("typed", json!({ "target": { "template": typed } }))
        },
    ]
}
