use serde_json::{Value, json};

use super::*;

/// A good PushSecret, with the fields of `change` laid over its spec.
fn spec(change: Value) -> PushSecretSpec {
    let mut spec = json!({
        "secretStoreRefs": [{ "name": "vault" }],
        "selector": { "secret": { "name": "app" } },
        "data": [{ "match": { "secretKey": "a", "remoteRef": { "remoteKey": "app" } } }]
    });
    for (key, value) in change.as_object().cloned().unwrap_or_default() {
        spec[key] = value;
    }
    serde_json::from_value(spec).expect("the fields of the type")
}

#[track_caller]
fn finds(change: Value, texts: &[&str]) {
    assert_eq!(faults("spec", &spec(change)), texts);
}

#[test]
fn a_good_one_is_admitted_without_a_word() {
    finds(json!({}), &[]);
    let response = judged("PushSecret shop/app", &[]);
    assert_eq!((response.denied, response.warnings.len(), response.patch), (None, 0, None));
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let faults = faults("spec", &spec(json!({ "data": [], "refreshInterval": "1d" })));
    let denied = judged("PushSecret shop/app", &faults).denied.expect("a refusal");
    let text = "PushSecret shop/app: spec.refreshInterval \"1d\" is no duration: time: unknown unit \"d\" in duration \
                \"1d\"; write it as \"30s\", \"15m\" or \"1h\"; and spec pushes nothing: either data or dataTo should be \
                specified; add an entry";
    assert_eq!(denied, text);
}

#[test]
fn patterns_and_transforms_are_parsed() {
    let to = |more: Value| {
        let mut entry = json!({ "storeRef": { "name": "vault" } });
        entry.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        json!({ "dataTo": [{ "storeRef": { "name": "vault" } }, entry] })
    };
    finds(to(json!({ "match": { "regexp": "" } })), &[]);
    finds(
        to(json!({ "match": { "regexp": "db-(" } })),
        &["spec.dataTo[1].match.regexp is no regular expression: unclosed group; correct it (RE2 syntax)"],
    );
    finds(
        to(json!({ "rewrite": [{ "regexp": { "source": "db-(", "target": "" } }] })),
        &[
            "spec.dataTo[1].rewrite[0].regexp.source is no regular expression: unclosed group; correct it (RE2 syntax)",
        ],
    );
    finds(
        to(json!({ "rewrite": [{ "transform": { "template": "{{ .value" } }] })),
        &[
            "spec.dataTo[1].rewrite[0].transform.template: template: text:1: unclosed action (at column 9); correct the template",
        ],
    );
    let merge = json!({ "rewrite": [{ "merge": { "strategy": "JSON" } }] });
    let texts = faults("spec", &spec(to(merge)));
    assert!(texts.len() == 1 && texts[0].contains("exactly one of regexp or transform"), "{texts:?}");
}

#[test]
fn templates_are_parsed_and_their_place_is_the_push_secrets() {
    let template =
        json!({ "data": { "a": "{{ .any }}", "b": "{{ .b" }, "templateFrom": [{ "literal": "{{" }] });
    let texts = faults("spec.pushSecretSpec", &spec(json!({ "template": template })));
    let begins = [
        "spec.pushSecretSpec.template.templateFrom[0].literal: ",
        "spec.pushSecretSpec.template.data[\"b\"]: ",
    ];
    assert_eq!(texts.len(), begins.len(), "{texts:?}");
    for (text, begin) in texts.iter().zip(begins) {
        assert!(text.starts_with(begin), "{text}");
    }
}

#[test]
fn selectors_are_such() {
    let selector = json!({ "matchExpressions": [{ "key": "a", "operator": "Exists", "values": ["b"] }] });
    let why = "is no label selector: \"a\" with operator \"Exists\" takes no values; remove them, or write In or NotIn";
    let texts = faults(
        "spec",
        &spec(json!({
            "secretStoreRefs": [{ "name": "vault" }, { "labelSelector": selector }],
            "selector": { "secret": { "selector": selector } },
            "dataTo": [{ "storeRef": { "labelSelector": selector } }],
        })),
    );
    let fields = [
        "spec.secretStoreRefs[1].labelSelector",
        "spec.selector.secret.selector",
        "spec.dataTo[0].storeRef.labelSelector",
    ];
    assert_eq!(texts, fields.map(|field| format!("{field} {why}")));
}

fn asked(change: Value) -> Vec<String> {
    actions(&spec(change), Some("shop")).iter().map(ToString::to_string).collect()
}

#[test]
fn whoever_has_a_secret_pushed_must_be_able_to_read_it_and_to_use_the_stores() {
    let used = "use secretstores.external-secrets.io \"vault\" in namespace \"shop\"";
    assert_eq!(asked(json!({})), ["get secrets \"app\" in namespace \"shop\"", used]);
    let labels = json!({ "secret": { "selector": { "matchLabels": { "push": "yes" } } } });
    assert_eq!(asked(json!({ "selector": labels })), ["list secrets in namespace \"shop\"", used]);
    let generator = json!({ "generatorRef": { "kind": "Password", "name": "p" } });
    let made = "use passwords.generators.external-secrets.io \"p\" in namespace \"shop\"";
    assert_eq!(asked(json!({ "selector": generator })), [used, made]);
    let template = json!({ "templateFrom": [{ "secret": { "name": "texts", "items": [{ "key": "a" }] } }] });
    assert_eq!(
        asked(json!({ "template": template })),
        ["get secrets \"app\" in namespace \"shop\"", "get secrets \"texts\" in namespace \"shop\"", used]
    );
}

#[test]
fn whoever_leaves_the_stores_to_labels_must_be_able_to_use_all_of_them() {
    let labelled = json!([
        { "labelSelector": {}, "name": "vault" },
        { "labelSelector": {}, "kind": "ClusterSecretStore" },
        { "name": "all", "kind": "ClusterSecretStore" },
    ]);
    let stores = [
        "use secretstores.external-secrets.io in namespace \"shop\"",
        "use clustersecretstores.external-secrets.io",
        "use clustersecretstores.external-secrets.io \"all\"",
    ];
    assert_eq!(asked(json!({ "secretStoreRefs": labelled }))[1..], stores);
}
