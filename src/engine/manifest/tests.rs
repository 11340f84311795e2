use latchkey_api::external_secret::{ExternalSecret, ManifestRef};
use serde_json::{Value, json};

use super::*;
use crate::engine::convert::Data;
use crate::engine::plan::Plan;
use crate::engine::render::{Objects, render};
use crate::engine::select::Selected;

fn of(api_version: &str, kind: &str) -> ManifestRef {
    ManifestRef { api_version: api_version.into(), kind: kind.into() }
}

#[test]
fn what_decides_over_rights_and_what_is_no_version_is_refused() {
    for (api_version, kind) in [
        ("v1", "Secret"),
        ("rbac.authorization.k8s.io/v1", "Role"),
        ("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration"),
        ("external-secrets.io/v1", "ExternalSecret"),
        ("generators.external-secrets.io/v1alpha1", "Password"),
        ("../../api/v1/namespaces/kube-system", "Secret"),
        ("a/b/c", "X"),
        ("..", "X"),
        ("v2", "X"),
        ("", "X"),
    ] {
        let error = check(&of(api_version, kind)).expect_err(api_version);
        assert!(error.message.starts_with("spec.target.manifest: "), "{error}");
    }
    for (api_version, kind) in
        [("v1", "ConfigMap"), ("apps/v1", "Deployment"), ("a.example.com/v1beta1", "X")]
    {
        assert_eq!(check(&of(api_version, kind)), Ok(()));
    }
}

#[test]
fn the_debug_text_of_a_manifest_holds_no_value() {
    let set = Set { at: "x".into(), path: Path::keys(&["spec"]), value: json!("canary"), merges: false };
    let text = format!("{:?}", Manifest { of: of("v1", "ConfigMap"), sets: vec![set] });
    assert_eq!(text, "v1 ConfigMap [redacted]");
}

#[test]
fn yaml_keeps_its_types() {
    let read = json::read(b"a: 1\nb: yes\nc: [x, 1.5]\nd: {e: null}\nf: '7'\n").expect("yaml");
    assert_eq!(read, json!({"a": 1, "b": true, "c": ["x", 1.5], "d": {"e": null}, "f": "7"}));
    assert!(!json::read(b"a: [canary").expect_err("no yaml").contains("canary"));
}

#[test]
fn a_digest_is_of_what_go_prints() {
    let digest = crate::engine::hash::content(&json!({"b": [1, "x", null], "a": {"c": true}}));
    let printed = crate::engine::hash::content(&Value::String("map[a:map[c:true] b:[1 x <nil>]]".into()));
    assert_eq!(digest, printed);
}

/// What `make` gives of `{user: app, port: 5432}` under a target like this, as the object that `render` prints.
fn made(target: Value) -> Result<Value, String> {
    let object: ExternalSecret = serde_json::from_value(json!({
        "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret",
        "metadata": { "name": "app", "namespace": "shop", "labels": { "l": "1" } },
        "spec": {
            "secretStoreRef": { "name": "s" }, "target": target,
            "dataFrom": [{ "extract": { "key": "db" } }],
        },
    }))
    .expect("an ExternalSecret");
    let plan = Plan::try_from(&object).map_err(|error| error.to_string())?;
    let data = Data::from([("user".to_owned(), "app".into()), ("port".to_owned(), "5432".into())]);
    let selected = Selected { data, missing: Vec::new(), made: Default::default() };
    let rendered = render(&plan, selected, Ok(&Objects::new())).map_err(|error| error.to_string())?;
    super::object(&rendered, rendered.manifest.as_ref().expect("a manifest"))
        .map_err(|error| error.to_string())
}

#[test]
fn values_and_templates_stand_where_external_secrets_operator_puts_them() {
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap"});
    let own = json!({"apiVersion": "a.example.com/v1", "kind": "X"});
    let literal = |target: &str, text: &str| json!({"templateFrom": [{"target": target, "literal": text}]});
    for (manifest, template, field, wanted) in [
        (&map, json!(null), "data", json!({"user": "app", "port": "5432"})),
        (&own, json!(null), "spec", json!({"data": {"user": "app", "port": "5432"}})),
        (&own, json!({"metadata": {"labels": {}}}), "spec", json!({"data": {"user": "app", "port": "5432"}})),
        (&own, json!({"data": {"k": "{{ .user }}"}}), "data", json!({"k": "app"})),
        (&own, json!({"data": {"k": "{{ .user }}"}}), "spec", json!(null)),
        (&map, json!({"data": {"k": "v"}, "mergePolicy": "Merge"}), "data", json!({"k": "v"})),
        (&own, literal("Data", "p: {{ .port }}"), "data", json!({"p": "5432"})),
        (&own, literal("spec.a[0].b", "p: {{ .port }}"), "spec", json!({"a": [{"b": {"p": 5432}}]})),
        (&own, literal("spec", "p: '{{ .port }}'"), "spec", json!({"p": "5432"})),
        (&map, literal("Data", "p: {{ .port }}"), "data", json!({"p": "5432"})),
    ] {
        let object = made(json!({"manifest": manifest, "template": template})).expect("an object");
        assert_eq!(object[field], wanted, "{template}");
        assert_eq!(object["metadata"]["labels"].is_object(), template.is_null(), "{template}");
    }
}

#[test]
fn what_is_no_text_is_named_by_its_key_only_where_that_is_written() {
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap"});
    let literal = json!({"literal": "'{{ .user }}': /w==", "valuesDecodingStrategy": "Base64"});
    let error = made(json!({"manifest": map, "template": {"templateFrom": [literal]}})).expect_err("no text");
    let (at, what) = ("spec.target.template.templateFrom[0].literal", "a value that it renders is not text");
    assert!(error.starts_with(at) && error.contains(what) && !error.contains("app"), "{error}");
    let template = json!({"data": {"k": "{{ b64dec \"/w==\" }}"}});
    let error = made(json!({"manifest": map, "template": template})).expect_err("no text");
    assert!(error.starts_with("the value under \"k\" is not text"), "{error}");
}

#[test]
fn a_template_writes_neither_what_the_object_is_nor_whose() {
    for target in ["metadata.ownerReferences", "kind", "apiVersion", "status.x", "spec..x", "spec[x]"] {
        let template = json!({"templateFrom": [{"target": target, "literal": "a: b"}]});
        let manifest = json!({"apiVersion": "a.example.com/v1", "kind": "X"});
        let error = made(json!({"manifest": manifest, "template": template})).expect_err(target);
        assert!(error.starts_with("spec.target.template.templateFrom[0].target: "), "{error}");
    }
}
