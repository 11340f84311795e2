//! Users who try to have a Secret made or filled that the control plane takes for a credential of its own.

use serde_json::{Value, json};

use super::super::Row;
use crate::support::manifests::{external_secret, fake, one, store};
use crate::support::{Namespace, world};

const ACCOUNT_TOKEN: &str = "kubernetes.io/service-account-token";
const BOOTSTRAP: &str = "bootstrap.kubernetes.io/token";
const ACCOUNT: &str = "kubernetes.io/service-account.name";

fn reader(name: &str, target: Value) -> Value {
    let mut spec = one("db", "password");
    spec["target"] = target;
    let mut object = external_secret(name, "", spec);
    object["spec"]["secretStoreRef"] = json!({ "name": "own" });
    object
}

/// Every way to ask for one in a template.
fn templates() -> Vec<Value> {
    let from = |target: &str| json!([{ "target": target, "literal": format!("{ACCOUNT}: default") }]);
    vec![
        json!({ "type": ACCOUNT_TOKEN }),
        json!({ "type": ACCOUNT_TOKEN, "metadata": { "annotations": { ACCOUNT: "default" } } }),
        json!({ "type": ACCOUNT_TOKEN, "templateFrom": from("Annotations") }),
        json!({ "type": ACCOUNT_TOKEN, "templateFrom": from("annotations"), "mergePolicy": "Merge" }),
        json!({ "type": BOOTSTRAP }),
        json!({ "type": BOOTSTRAP, "data": { "token-id": "abcdef" } }),
    ]
}

#[test]
fn a_privileged_secret_is_neither_made_nor_written() {
    let ns = Namespace::new(world(), "privileged");
    ns.apply(&store("own", fake(&[("db", r#"{"password":"1"}"#)])).to_string()).good();
    let mut tried = 0;
    for (number, template) in templates().into_iter().enumerate() {
        for policy in ["Owner", "Orphan", "CreateOrMerge"] {
            let name = format!("made-{number}-{}", policy.to_lowercase());
            let target = json!({ "creationPolicy": policy, "template": template });
            not_made(&ns, &reader(&name, target), &name);
            tried += 1;
        }
    }
    tried += by_a_change(&ns);
    for type_ in [ACCOUNT_TOKEN, BOOTSTRAP] {
        tried += into_one_that_is_there(&ns, type_);
    }
    let row = Row {
        area: "rights",
        fault: "a user asks for a Secret of a privileged type, or to write into one",
        test: "rights::privileged::a_privileged_secret_is_neither_made_nor_written",
        tried: format!(
            "{tried} ways (templates, creation policies, changes of an ExternalSecret, Secrets that are there)"
        ),
        seen: "said at the prompt; none made, none written".into(),
        well_after: None,
    };
    row.write();
}

#[track_caller]
fn not_made(ns: &Namespace<'_>, object: &Value, secret: &str) {
    let said = ns.apply(&object.to_string());
    assert!(!said.ok || !said.warnings().is_empty(), "nobody was told: {said}");
    assert_eq!(ns.secret(secret), None, "{said}");
    if said.ok {
        ns.wait_ready(secret, "False", "SecretSyncedError");
        assert_eq!(ns.secret(secret), None);
    }
}

fn by_a_change(ns: &Namespace<'_>) -> usize {
    ns.apply(&reader("changed", json!({})).to_string()).silent();
    let templates = templates();
    for template in &templates {
        let said = ns.apply(&reader("changed", json!({ "template": template })).to_string());
        assert!(!said.ok || !said.warnings().is_empty(), "nobody was told: {said}");
        assert_eq!(ns.secret("changed").expect("it")["type"], "Opaque");
    }
    templates.len()
}

fn into_one_that_is_there(ns: &Namespace<'_>, type_: &str) -> usize {
    let name = format!("there-{}", if type_ == BOOTSTRAP { "bootstrap" } else { "account" });
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "type": type_,
        "metadata": { "name": name, "annotations": { ACCOUNT: "default" } },
    });
    ns.apply(&secret.to_string()).good();
    let uid = |secret: Value| secret["metadata"]["uid"].clone();
    let before = uid(ns.secret(&name).expect("it"));
    let policies = ["Owner", "Orphan", "Merge", "CreateOrMerge"];
    for policy in policies {
        let app = format!("{name}-{}", policy.to_lowercase());
        let said = ns.apply(&reader(&app, json!({ "name": name, "creationPolicy": policy })).to_string());
        assert!(!said.ok || !said.warnings().is_empty(), "nobody was told: {said}");
        if said.ok {
            ns.wait_ready(&app, "False", "SecretSyncedError");
        }
        let now = ns.secret(&name).expect("it");
        assert!(
            now["data"]["password"].is_null() && now["metadata"]["ownerReferences"].is_null(),
            "{policy}"
        );
        assert_eq!(uid(now), before);
    }
    policies.len()
}
