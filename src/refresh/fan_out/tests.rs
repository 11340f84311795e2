use latchkey_api::{ClusterExternalSecret, ClusterPushSecret, ExternalSecret};
use serde_json::{Value, json};

use super::plan::{self, Step};
use crate::lookup::{Key, NamespaceRow};

fn fan(fields: Value) -> ClusterExternalSecret {
    let mut object = json!({
        "apiVersion": "external-secrets.io/v1", "kind": "ClusterExternalSecret",
        "metadata": { "name": "fan", "uid": "uid-of-fan", "annotations": { "external-secrets.io/force-sync": "7" } },
        "spec": { "externalSecretSpec": { "refreshInterval": "1h" } },
    });
    fields.as_object().into_iter().flatten().for_each(|(field, value)| object["spec"][field] = value.clone());
    serde_json::from_value(object).expect("a ClusterExternalSecret")
}

fn row(label: &str, is_leaving: bool) -> NamespaceRow {
    NamespaceRow { labels: [("team".to_owned(), label.to_owned())].into(), is_leaving }
}

#[test]
fn a_namespace_gets_one_by_any_selector_or_by_name_unless_it_is_leaving() {
    let selector = |label: &str| json!({ "matchLabels": { "team": label } });
    for (fields, wants) in [
        (json!({}), false),
        (json!({ "namespaceSelector": selector("a") }), true),
        (json!({ "namespaceSelectors": [selector("b"), selector("a")] }), true),
        (json!({ "namespaceSelectors": [selector("b")] }), false),
        (json!({ "namespaces": ["here"] }), true),
        (json!({ "namespaces": ["there"] }), false),
    ] {
        assert_eq!(plan::wants(&fan(fields.clone()), "here", &row("a", false)), wants, "{fields}");
        assert!(!plan::wants(&fan(fields.clone()), "here", &row("a", true)), "{fields}: it is leaving");
    }
}

#[test]
fn what_is_made_belongs_to_its_maker_and_has_what_it_gives() {
    let given = json!({ "labels": { "tier": "one" }, "annotations": { "note": "n" } });
    let fan = fan(json!({ "externalSecretName": "theirs", "externalSecretMetadata": given }));
    let made = plan::wanted(&fan, "here");
    let metadata = made.metadata.clone();
    assert_eq!((metadata.name.as_deref(), metadata.namespace.as_deref()), (Some("theirs"), Some("here")));
    assert_eq!(metadata.labels, Some([("tier".to_owned(), "one".to_owned())].into()));
    let annotations = metadata.annotations.expect("annotations");
    assert_eq!(annotations.get("external-secrets.io/force-sync").map(String::as_str), Some("7"));
    assert!(plan::is_owned(&fan, &made.metadata));
    assert_eq!(plan::step(&fan, "here", Some(&made)), Step::Nothing);
}

#[test]
fn what_differs_is_replaced_and_what_is_somebody_elses_stays() {
    let fan = fan(json!({}));
    let mut stale = plan::wanted(&fan, "here");
    stale.spec.refresh_interval = Some("2h".to_owned());
    stale.metadata.resource_version = Some("12".to_owned());
    stale.metadata.finalizers = Some(vec!["somebody/else".to_owned()]);
    let Step::Replace(next) = plan::step(&fan, "here", Some(&stale)) else { panic!("it is replaced") };
    assert_eq!(next.spec.refresh_interval.as_deref(), Some("1h"));
    assert_eq!(next.metadata.resource_version.as_deref(), Some("12"));
    assert_eq!(next.metadata.finalizers, stale.metadata.finalizers);
    let theirs = ExternalSecret::new("fan", Default::default());
    assert_eq!(plan::step(&fan, "here", Some(&theirs)), Step::Taken);
    assert!(matches!(plan::step(&fan, "here", None), Step::Create(_)));
}

#[test]
fn what_is_wanted_no_more_is_left_over() {
    let keys = |all: &[(&str, &str)]| all.iter().map(|(ns, name)| Key::new(ns, name)).collect::<Vec<_>>();
    let made = keys(&[("a", "fan"), ("b", "fan"), ("a", "before")]);
    assert_eq!(plan::left_over(made, "fan", &["a".to_owned()]), keys(&[("b", "fan"), ("a", "before")]));
}

#[test]
fn push_secrets_are_made_in_the_same_way() {
    let object = json!({
        "apiVersion": "external-secrets.io/v1alpha1", "kind": "ClusterPushSecret",
        "metadata": { "name": "fan", "uid": "u" },
        "spec": {
            "pushSecretSpec": { "secretStoreRefs": [{ "name": "vault" }], "selector": { "secret": { "name": "db" } } },
            "namespaceSelectors": [{}],
        },
    });
    let fan: ClusterPushSecret = serde_json::from_value(object).expect("a ClusterPushSecret");
    assert!(plan::wants(&fan, "any", &row("x", false)));
    let made = plan::wanted(&fan, "any");
    assert_eq!(made.spec, fan.spec.push_secret_spec);
    assert!(matches!(plan::step(&fan, "any", Some(&made)), Step::Nothing));
    let failed = latchkey_api::cluster_external_secret::FailedNamespace {
        namespace: "b".to_owned(),
        reason: Some("why".to_owned()),
    };
    let status =
        serde_json::to_value(plan::push_status(&fan, vec!["a".to_owned()], vec![failed])).expect("JSON");
    assert_eq!(status["pushSecretName"], "fan");
    assert_eq!(status["conditions"][0]["message"], "one or more namespaces failed");
}
