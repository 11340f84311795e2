use latchkey_provider::SecretBytes;
use serde_json::{Value, json};

use super::*;
use crate::engine::ErrorKind;

fn plan(target: Value) -> Plan {
    let object = json!({
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": {
            "name": "db",
            "namespace": "shop",
            "labels": {"app": "db"},
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}\n"},
        },
        "spec": {
            "secretStoreRef": {"name": "aws"},
            "target": target,
            "data": [{"secretKey": "a", "remoteRef": {"key": "k"}}],
        },
    });
    let object: latchkey_api::ExternalSecret = serde_json::from_value(object).expect("an ExternalSecret");
    Plan::try_from(&object).unwrap_or_else(|error| panic!("{error}"))
}

fn values(given: &[(&str, &str)]) -> Data {
    given.iter().map(|(key, value)| ((*key).to_owned(), SecretBytes::from(*value))).collect()
}

fn rendered_from(target: Value, given: &[(&str, &str)], objects: &Objects) -> Result<Rendered, Error> {
    render(
        &plan(target),
        Selected { data: values(given), missing: Vec::new(), made: Default::default() },
        Ok(objects),
    )
}

fn rendered(target: Value) -> Rendered {
    rendered_from(target, &[("a", "1"), ("b", "2")], &Objects::new()).expect("rendered")
}

fn pairs(data: &Data) -> String {
    let pairs: Vec<_> =
        data.iter().map(|(key, value)| format!("{key}={}", value.expose_str().unwrap_or("?"))).collect();
    pairs.join(" ")
}

#[test]
fn without_a_template_the_metadata_is_copied_byte_for_byte() {
    let rendered = rendered(json!({}));
    assert_eq!(pairs(&rendered.data), "a=1 b=2");
    assert_eq!(rendered.labels["app"], "db");
    assert_eq!(rendered.annotations["kubectl.kubernetes.io/last-applied-configuration"], "{}\n");
    assert_eq!((rendered.type_, rendered.provider_empty), (None, false));
}

#[test]
fn an_empty_template_copies_no_metadata_and_keeps_the_values() {
    let rendered = rendered(json!({"template": {}}));
    assert!(rendered.labels.is_empty() && rendered.annotations.is_empty());
    assert_eq!(pairs(&rendered.data), "a=1 b=2");
}

#[test]
fn a_template_gives_type_metadata_and_finalizers() {
    let metadata = json!({"labels": {"l": "x"}, "annotations": {"n": "y"}, "finalizers": ["example.com/f"]});
    let rendered = rendered(json!({"template": {"type": "example.com/pair", "metadata": metadata}}));
    assert_eq!(rendered.type_.as_deref(), Some("example.com/pair"));
    assert_eq!((rendered.labels["l"].as_str(), rendered.annotations["n"].as_str()), ("x", "y"));
    assert_eq!(rendered.finalizers, ["example.com/f"]);
    assert_eq!(pairs(&rendered.data), "a=1 b=2");
}

#[test]
fn an_empty_type_is_none() {
    for deletion in ["Retain", "Merge"] {
        let target = json!({"deletionPolicy": deletion, "template": {"type": ""}});
        for given in [&[("a", "1")][..], &[]] {
            let rendered = rendered_from(target.clone(), given, &Objects::new()).expect("rendered");
            assert_eq!(rendered.type_, None, "{target} {given:?}");
        }
    }
}

#[test]
fn templates_replace_the_values_or_join_them() {
    let data = json!({"a": "plain", "c": "3"});
    assert_eq!(pairs(&rendered(json!({"template": {"data": data}})).data), "a=plain c=3");
    let merged = rendered(json!({"template": {"data": data, "mergePolicy": "Merge"}}));
    assert_eq!(pairs(&merged.data), "a=plain b=2 c=3");
}

#[test]
fn later_templates_win() {
    let from = json!([
        {"literal": "a: yes\nb: from\nc: 010\n"},
        {"literal": "b: Zm9v", "valuesDecodingStrategy": "Base64"},
        {"literal": "l: one\nm: two", "target": "labels"},
    ]);
    let template = json!({"templateFrom": from, "data": {"a": "own"}, "metadata": {"labels": {"m": "own"}}});
    let rendered = rendered(json!({"template": template}));
    assert_eq!(pairs(&rendered.data), "a=own b=foo c=8");
    assert_eq!((rendered.labels["l"].as_str(), rendered.labels["m"].as_str()), ("one", "own"));
}

fn with_objects() -> Value {
    let items = json!([{"key": "conf"}, {"key": "map", "templateAs": "KeysAndValues"}]);
    let from = json!([{"configMap": {"name": "cm", "items": items}}, {"secret": {"name": "s", "items": [{"key": "conf"}]}}]);
    json!({"template": {"templateFrom": from}})
}

#[test]
fn templates_may_stand_in_objects() {
    let target = with_objects();
    let needed: Vec<_> = objects(plan(target.clone()).target.template.as_ref()).into_iter().collect();
    let object = |kind, name: &str| Object { kind, name: name.to_owned() };
    assert_eq!(needed, [object(ObjectKind::ConfigMap, "cm"), object(ObjectKind::Secret, "s")]);
    let mut read =
        Objects::from([(needed[0].clone(), Some(values(&[("conf", "text"), ("map", "x: 1.50")])))]);
    read.insert(needed[1].clone(), None);
    let absent = rendered_from(target.clone(), &[("a", "1")], &read).expect_err("the Secret does not exist");
    assert!(
        absent.kind == ErrorKind::Template && absent.message.contains("Secret \"s\" not found"),
        "{absent}"
    );
    read.insert(needed[1].clone(), Some(values(&[("conf", "later")])));
    let rendered = rendered_from(target, &[("a", "1")], &read).expect("rendered");
    assert_eq!(pairs(&rendered.data), "conf=later x=1.5");
}

#[test]
fn a_template_that_is_a_secret_is_not_quoted() {
    let secret = Object { kind: ObjectKind::Secret, name: "s".to_owned() };
    for text in ["{{ canary }}", "{{ .canary }}", "{{ if canary", "canary"] {
        let item = json!([{"key": "conf", "templateAs": "KeysAndValues"}]);
        let target = json!({"template": {"templateFrom": [{"secret": {"name": "s", "items": item}}]}});
        let read = Objects::from([(secret.clone(), Some(values(&[("conf", text)])))]);
        let error = rendered_from(target, &[("a", "1")], &read).expect_err("no map of keys and values");
        assert!(!error.message.contains("canary"), "{error}");
        assert!(error.message.contains("templateFrom[0].secret Secret \"s\" key \"conf\""), "{error}");
    }
}

/// What is said of keys that this text renders, in a literal, in a ConfigMap and in a Secret.
fn said_of_keys(text: &str, source: Value) -> Vec<String> {
    let given = [("a", "hunter2/s3cret")];
    let items = json!([{"key": "conf", "templateAs": "KeysAndValues"}]);
    let places = [
        json!({"literal": text}),
        json!({"configMap": {"name": "o", "items": items}}),
        json!({"secret": {"name": "o", "items": items}}),
    ];
    let object = |kind| (Object { kind, name: "o".to_owned() }, Some(values(&[("conf", text)])));
    let read = Objects::from([object(ObjectKind::ConfigMap), object(ObjectKind::Secret)]);
    let said = places.into_iter().map(|mut place| {
        json_patch::merge(&mut place, &source);
        let target = json!({"template": {"templateFrom": [place]}});
        let error = rendered_from(target, &given, &read).expect_err("no key of a Secret");
        assert_eq!(error.kind, ErrorKind::Template, "{error}");
        error.message
    });
    said.collect()
}

#[test]
fn a_key_that_a_template_renders_is_never_quoted() {
    let long = format!("hunter2{}: a", "x".repeat(300));
    for (text, source, what) in [
        ("{{ .a }}: app", json!({}), "a key that it renders has another character"),
        ("postgres://hunter2@h/db: 1", json!({}), "a key that it renders has another character"),
        (&*long, json!({}), "a key that it renders has 307 bytes"),
        ("..hunter2: a", json!({}), "a key that it renders is none that a Secret can have"),
        (
            "{{ .a }}: app!",
            json!({"valuesDecodingStrategy": "Base64"}),
            "a value that it renders is not Base64",
        ),
    ] {
        let said = said_of_keys(text, source);
        assert!(said[0].starts_with("spec.target.template.templateFrom[0].literal: "), "{said:?}");
        assert!(said[0].contains(what) && said[1].contains(what), "{said:?}");
        assert!(said[2].contains("why is not said"), "{said:?}");
        assert!(said.iter().all(|said| !said.contains("hunter2") && !said.contains("rewrite")), "{said:?}");
    }
}

#[test]
fn keys_that_are_written_are_told_from_those_that_are_rendered() {
    let from = json!([{"literal": "a: 1\nc: 1\nd: 1"}]);
    let template = json!({"templateFrom": from, "data": {"c": "own"}, "mergePolicy": "Merge"});
    let rendered = rendered(json!({"template": template}));
    assert_eq!(rendered.computed.into_iter().collect::<Vec<_>>(), ["a", "d"]);
    let template = json!({"data": {"a/b": "x"}});
    let error = rendered_from(json!({"template": template}), &[("a", "1")], &Objects::new());
    let error = error.expect_err("no key of a Secret");
    assert!(error.kind == ErrorKind::Value && error.message.contains("\"a/b\""), "{error}");
}

#[test]
fn what_is_wrong_with_a_target_that_is_kept_as_it_is_fails_nothing_yet() {
    let broken = [
        json!({"data": {"k": "{{ .a"}}),
        json!({"data": {"k": "{{ .nope }}"}}),
        json!({"data": {"k": "{{ .a | fail }}"}}),
        json!({"templateFrom": [{"configMap": {"name": "gone", "items": [{"key": "k"}]}}]}),
        json!({"templateFrom": [{"literal": "a/b: x"}]}),
    ];
    for template in broken {
        let target = json!({"immutable": true, "template": template});
        let rendered = rendered_from(target, &[("a", "1")], &Objects::new()).expect("rendered");
        let why = rendered.failed.expect("what is wrong");
        assert!(why.kind == ErrorKind::Template && rendered.data.is_empty(), "{why}");
    }
    let target = json!({"immutable": true});
    let keys = rendered_from(target.clone(), &[("ключ", "1")], &Objects::new()).expect("rendered");
    assert!(keys.failed.is_some_and(|why| why.kind == ErrorKind::Value));
    let unread = Error::new(ErrorKind::Cluster, "no answer");
    let selected = || Selected { data: values(&[("a", "1")]), missing: Vec::new(), made: Default::default() };
    let kept = render(&plan(target), selected(), Err(unread.clone())).expect("rendered");
    assert_eq!(kept.failed.as_ref(), Some(&unread));
    assert_eq!(render(&plan(json!({})), selected(), Err(unread.clone())).err(), Some(unread));
}

#[test]
fn a_template_that_is_not_needed_is_not_executed() {
    let nothing: &[(&str, &str)] = &[];
    for (target, runs) in [
        (json!({"deletionPolicy": "Retain"}), false),
        (json!({"deletionPolicy": "Delete"}), false),
        (json!({"deletionPolicy": "Merge"}), true),
        (json!({"creationPolicy": "None"}), false),
    ] {
        let mut target = target;
        json_patch::merge(&mut target, &with_objects());
        let outcome = rendered_from(target.clone(), nothing, &Objects::new());
        assert_eq!(outcome.is_err(), runs, "{target}");
        assert!(outcome.is_err() || outcome.is_ok_and(|rendered| rendered.provider_empty));
    }
}

#[test]
fn what_the_api_server_would_refuse_is_said_before() {
    let error = rendered_from(json!({}), &[("ключ", "1")], &Objects::new()).expect_err("no key of a Secret");
    assert!(error.kind == ErrorKind::Value && error.message.contains("ключ"), "{error}");
    let replaced = json!({"template": {"data": {"k": "plain"}}});
    assert!(rendered_from(replaced, &[("ключ", "1")], &Objects::new()).is_ok());
}

#[test]
fn a_literal_that_is_no_map_is_named_and_not_quoted() {
    let from = json!([{"literal": "- hunter2"}]);
    let error = rendered_from(json!({"template": {"templateFrom": from}}), &[("a", "1")], &Objects::new());
    let error = error.expect_err("no map");
    assert!(error.message.starts_with("spec.target.template.templateFrom[0].literal"), "{error}");
    assert!(error.kind == ErrorKind::Template && !error.message.contains("hunter2"), "{error}");
}
