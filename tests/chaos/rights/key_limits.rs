//! Users who try to read a key that the store does not let their namespace name.

use std::net::SocketAddr;

use latchkey_testbed::Proxy;
use serde_json::{Value, json};

use super::super::Row;
use crate::support::manifests::{cluster_store, external_secret, vault};
use crate::support::{Namespace, world};

/// Every spelling of a key that is not the namespace's own.
fn attempts(ns: &str) -> Vec<Value> {
    let data = |key: &str| json!({ "data": [{ "secretKey": "a", "remoteRef": { "key": key } }] });
    let mut attempts: Vec<Value> = [
        "other/db".to_owned(),
        "secret/other/db".to_owned(),
        "secret/data/other/db".to_owned(),
        "/other/db".to_owned(),
        format!("{ns}/../other/db"),
        format!("{ns}x/db"),
        ns.to_owned(),
        "*".to_owned(),
        format!("{ns}%2F..%2F..%2Fother/db"),
    ]
    .iter()
    .map(|key| data(key))
    .collect();
    attempts.push(json!({ "dataFrom": [{ "extract": { "key": "other/db" } }] }));
    attempts.push(json!({ "data": [
        { "secretKey": "a", "remoteRef": { "key": format!("{ns}/db") } },
        { "secretKey": "b", "remoteRef": { "key": "other/db" } },
    ] }));
    let mut metadata = data("other/db");
    metadata["data"][0]["remoteRef"]["metadataPolicy"] = json!("Fetch");
    attempts.push(metadata);
    attempts
}

/// A ClusterSecretStore at Vault behind a proxy that counts, in this namespace's name.
fn limited(ns: &Namespace<'_>, proxy: &Proxy, limits: Value) {
    ns.token(ns.world.vault.root_token());
    let auth = json!({ "tokenSecretRef": { "name": "vault-token", "namespace": ns.name, "key": "token" } });
    let mut store = cluster_store(&ns.name, vault(&proxy.url(), auth));
    for (place, limit) in limits.as_object().expect("limits") {
        match place.as_str() {
            "annotation" => store["metadata"]["annotations"] = json!({ "latchkey.dev/allowed-keys": limit }),
            _ => store["spec"]["allowedKeys"] = limit.clone(),
        }
    }
    ns.apply(&store.to_string()).good();
    ns.wait_store("True", "Valid");
}

fn reads(proxy: &Proxy) -> usize {
    proxy.count(|request| request.path.contains("/data/") || request.path.contains("/metadata/"))
}

fn nothing_else_is_read(prefix: &str, limits: impl Fn(&str) -> Value) -> usize {
    let ns = Namespace::new(world(), prefix);
    let proxy = Proxy::start(vault_address(&ns)).expect("a proxy");
    for key in [format!("{}/db", ns.name), "other/db".to_owned(), format!("{}x/db", ns.name)] {
        ns.world.vault.put(&format!("secret/{}", key), &json!({ "password": "1" })).expect("written");
    }
    limited(&ns, &proxy, limits(&ns.name));
    let attempts = attempts(&ns.name);
    for (number, spec) in attempts.iter().enumerate() {
        let mut object = external_secret(&format!("app-{number}"), &ns.name, spec.clone());
        object["metadata"]["annotations"] = json!({ "latchkey.dev/failure-mode": "deny" });
        let said = ns.apply(&object.to_string()).refused();
        let limit = format!("does not let namespace {:?} name the key", ns.name);
        let leaves_the_mount = said.err.contains("is no path inside a mount of Vault");
        assert!(said.err.contains(&limit) || leaves_the_mount, "{said}");
        assert_eq!(ns.secret(&format!("app-{number}")), None);
    }
    assert_eq!(reads(&proxy), 0, "something was read");
    let own =
        json!({ "data": [{ "secretKey": "a", "remoteRef": { "key": format!("secret/{}/db", ns.name) } }] });
    ns.external("own", own).silent();
    assert_eq!(reads(&proxy), 1);
    attempts.len()
}

fn vault_address(ns: &Namespace<'_>) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], ns.world.vault.port()))
}

#[test]
fn a_key_that_is_not_allowed_is_refused_and_never_read() {
    let by_annotation = |_: &str| json!({ "annotation": "{namespace}/*" });
    let by_field = |ns: &str| {
        json!({ "field": [
            { "namespaces": [ns], "keys": ["{namespace}/*"] },
            { "namespaces": ["other"], "keys": ["*"] },
        ] })
    };
    let both =
        |_: &str| json!({ "annotation": "{namespace}/*,other/*", "field": [{ "keys": ["{namespace}/*"] }] });
    let tried = nothing_else_is_read("limits-annotation", by_annotation)
        + nothing_else_is_read("limits-field", by_field)
        + nothing_else_is_read("limits-both", both);
    let row = Row {
        area: "rights",
        fault: "a user names a remote key that the store does not allow his namespace",
        test: "rights::key_limits::a_key_that_is_not_allowed_is_refused_and_never_read",
        tried: format!("{tried} spellings and ways, by annotation, by field, by both"),
        seen: "each refused before a request went to the store".into(),
        well_after: None,
    };
    row.write();
}

#[test]
fn a_limit_that_comes_later_leaves_the_secret_and_a_lifted_one_is_noticed_at_once() {
    let ns = Namespace::new(world(), "limits-later");
    let proxy = Proxy::start(vault_address(&ns)).expect("a proxy");
    ns.world.vault.put("secret/later/db", &json!({ "password": "1" })).expect("written");
    limited(&ns, &proxy, json!({ "annotation": "*" }));
    let spec =
        json!({ "data": [{ "secretKey": "a", "remoteRef": { "key": "later/db", "property": "password" } }] });
    ns.external("app", spec).silent();
    let annotate = |patterns: &str| {
        let annotation = format!("latchkey.dev/allowed-keys={patterns}");
        ns.kubectl(&["annotate", "clustersecretstore", &ns.name, &annotation, "--overwrite"])
    };
    annotate("none/*").good();
    let said = ns.force_sync("app").good();
    assert!(said.warnings().iter().any(|warning| warning.contains("only \"none/*\"")), "{said}");
    ns.wait_ready("app", "False", "SecretSyncedError");
    assert_eq!(ns.value("app", "a").as_deref(), Some("1"));
    annotate("later/*").silent();
    ns.wait_ready("app", "True", "SecretSynced");
    let said = annotate("").good();
    assert!(said.warnings().iter().any(|warning| warning.contains("holds no pattern")), "{said}");
}
