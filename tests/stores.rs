//! Stores: what can never work is refused, what does not work says why, and whoever waits for one is woken.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::manifests::{cluster_store, external_secret, fake, one, store, vault};
use crate::support::{Namespace, condition, world};

const OTHER_NAMESPACE: &str =
    "namespace should either be empty or match the namespace of the SecretStore for a namespaced SecretStore";

/// The store `app` of the namespace.
fn stored(ns: &Namespace<'_>) -> Option<Value> {
    ns.world.get(&format!("/apis/external-secrets.io/v1/namespaces/{}/secretstores/app", ns.name))
}

/// Waits until the store `app` says this.
fn wait(ns: &Namespace<'_>, status: &str, reason: &str, message: &str) {
    ns.world.wait(&format!("{status} {reason} {message}"), Duration::from_secs(20), || {
        condition(&stored(ns)?).filter(|is| *is == (status.into(), reason.into(), message.into()))
    });
}

/// An ExternalSecret `app` that reads the key `db` of the SecretStore `app`.
fn reader(spec: Value) -> String {
    let mut object = external_secret("app", "", spec);
    object["spec"]["secretStoreRef"] = json!({ "name": "app" });
    object.to_string()
}

fn db() -> Value {
    json!({ "data": [{ "secretKey": "a", "remoteRef": { "key": "db" } }] })
}

/// Specifications of SecretStores that can never work, and ESO's words for why.
fn invalid() -> Vec<(Value, String)> {
    let of = |provider: Value| json!({ "provider": provider });
    let elsewhere = json!({ "name": "s", "key": "k", "namespace": "elsewhere" });
    let own = json!({ "name": "s", "key": "k" });
    let mut negative = of(fake(&[("a", "b")]));
    negative["refreshInterval"] = json!(-1);
    let mut pattern = of(fake(&[("a", "b")]));
    pattern["conditions"] = json!([{ "namespaceRegexes": ["["] }]);
    vec![
        (
            of(vault("http://v", json!({ "tokenSecretRef": elsewhere }))),
            format!("invalid Auth.TokenSecretRef: {OTHER_NAMESPACE}"),
        ),
        (
            of(vault("http://v", json!({ "appRole": { "path": "approle", "secretRef": own } }))),
            "invalid Auth.AppRole: neither `roleId` nor `roleRef` was supplied".into(),
        ),
        (
            of(json!({ "aws": { "service": "SecretsManager", "region": "no region" } })),
            "region not found: no region".into(),
        ),
        (of(fake(&[("", "b")])), "key must be set in data 0".into()),
        (negative, "invalid refreshInterval \"-1\": must not be negative".into()),
        (pattern, "failed to compile 0th namespace regex in 0th condition: missing closing ]".into()),
    ]
}

#[test]
fn what_can_never_work_is_refused_in_esos_words_at_create_and_update() {
    let ns = Namespace::new(world(), "store-invalid");
    let mut object = store("app", json!({}));
    let refused = |object: &Value, why: &str| {
        let said = ns.apply(&object.to_string()).refused();
        let text = format!("denied the request: SecretStore {}/app: {why}", ns.name);
        assert!(said.err.trim_end().ends_with(&text), "got {said}instead of {text}");
    };
    for (spec, why) in invalid() {
        object["spec"] = spec;
        refused(&object, &why);
        assert_eq!(stored(&ns), None);
    }
    ns.apply(&store("app", fake(&[("db", "1")])).to_string()).good();
    let before = stored(&ns).expect("it")["spec"].clone();
    for (spec, why) in invalid() {
        object["spec"] = spec;
        refused(&object, &why);
        assert_eq!(stored(&ns).expect("it")["spec"], before);
    }
}

#[test]
fn a_provider_that_is_not_read_is_warned_of_and_the_status_says_so() {
    let ns = Namespace::new(world(), "store-unsupported");
    let said = ns.apply(&store("app", json!({ "gcpsm": { "projectID": "p" } })).to_string()).good();
    let expected = format!(
        "SecretStore {}/app: store app uses the provider \"gcpsm\", which is not supported: nothing that uses it is synced",
        ns.name
    );
    assert_eq!(said.warnings(), [expected], "{said}");
    wait(&ns, "False", "InvalidProviderConfig", "not supported by this version");
    let said = ns.apply(&reader(db())).good();
    let [warning] = said.warnings()[..] else { panic!("not one warning: {said}") };
    assert!(warning.contains("SecretStore \"app\" cannot be used") && warning.contains("gcpsm"), "{said}");
}

/// The first document's own fields, in both versions; the second apply of either says `unchanged`.
#[test]
fn fields_of_old_manifests_are_kept_and_warned_of_in_both_versions() {
    let world = world();
    world.moto.put_secret("stores/old", r#"{"a":"1"}"#).expect("put");
    for version in ["v1beta1", "v1"] {
        let ns = Namespace::new(world, "store-old");
        let auth = json!({ "jwt": { "serviceAccountToken": "" } });
        let mut object = store(
            "app",
            json!({ "aws": { "service": "SecretsManager", "region": "us-east-1", "auth": auth } }),
        );
        object["apiVersion"] = json!(format!("external-secrets.io/{version}"));
        let said = ns.apply(&object.to_string()).good();
        let field = "spec.provider.aws.auth.jwt.serviceAccountToken has no effect; it is accepted for old manifests only";
        assert_eq!(said.warnings(), [format!("SecretStore {}/app: {field}", ns.name)], "{said}");
        let again = ns.apply(&object.to_string()).silent();
        assert!(again.out.contains("unchanged"), "{again}");
        assert_eq!(stored(&ns).expect("it")["spec"]["provider"]["aws"]["auth"], auth);
        wait(&ns, "True", "Valid", "store validated");

        let mut object = external_secret("app", "", one("stores/old", "a"));
        object["apiVersion"] = json!(format!("external-secrets.io/{version}"));
        object["spec"]["secretStoreRef"] = json!({ "name": "app", "key": "app" });
        let said = ns.apply(&object.to_string()).good();
        let field = "spec.secretStoreRef.key has no effect; it is accepted for old manifests only";
        assert_eq!(said.warnings(), [format!("ExternalSecret {}/app: {field}", ns.name)], "{said}");
        assert!(ns.apply(&object.to_string()).silent().out.contains("unchanged"));
        assert_eq!(ns.value("app", "a").as_deref(), Some("1"));
    }
}

#[test]
fn a_valid_store_says_so_with_its_capabilities_an_event_and_no_finalizer() {
    let ns = Namespace::new(world(), "store-valid");
    ns.apply(&store("app", fake(&[("db", "1")])).to_string()).good();
    wait(&ns, "True", "Valid", "store validated");
    let object = stored(&ns).expect("it");
    assert_eq!(object["status"]["capabilities"], "ReadOnly");
    assert_eq!(object["metadata"]["finalizers"], Value::Null);
    ns.wait_event("app", "Valid", "store validated");
}

#[test]
fn credentials_that_come_later_make_the_store_valid_and_its_readers_ready() {
    let world = world();
    let ns = Namespace::new(world, "store-later");
    world.vault.put(&format!("secret/{}", ns.name), &json!({ "a": "1" })).expect("put");
    let auth = json!({ "tokenSecretRef": { "name": "vault-token", "key": "token" } });
    ns.apply(&store("app", vault(&world.vault.addr(), auth)).to_string()).silent();
    wait(&ns, "False", "InvalidProviderConfig", "unable to create client");
    assert_eq!(ns.apply(&reader(one(&ns.name, "a"))).good().warnings().len(), 1);
    ns.wait_ready("app", "False", "SecretSyncedError");

    ns.token("wrong");
    world.wait("a token that is refused", Duration::from_secs(35), || {
        condition(&stored(&ns)?).filter(|(.., message)| message == "unable to validate store")
    });
    ns.token(world.vault.root_token());
    world.wait("a token that is good", Duration::from_secs(35), || {
        condition(&stored(&ns)?).filter(|(status, ..)| status == "True")
    });
    world.wait("the Secret", Duration::from_secs(5), || ns.value("app", "a"));
    ns.wait_ready("app", "True", "SecretSynced");
}

#[test]
fn a_store_made_after_its_readers_wakes_them_at_once() {
    let ns = Namespace::new(world(), "store-after");
    assert_eq!(ns.apply(&reader(db())).good().warnings().len(), 1);
    let mut cluster = external_secret("cluster", &ns.name, db());
    cluster["metadata"]["annotations"] = json!({ "latchkey.dev/failure-mode": "deny" });
    assert_eq!(ns.apply(&cluster.to_string()).good().warnings().len(), 1);
    ns.wait_ready("app", "False", "SecretSyncedError");
    ns.wait_ready("cluster", "False", "SecretSyncedError");

    for (object, secret) in [
        (store("app", fake(&[("db", "1")])), "app"),
        (cluster_store(&ns.name, fake(&[("db", "2")])), "cluster"),
    ] {
        ns.apply(&object.to_string()).good();
        ns.world.wait(secret, Duration::from_secs(2), || ns.value(secret, "a"));
    }
}

#[test]
fn a_changed_store_is_used_as_it_is_now() {
    let ns = Namespace::new(world(), "store-changed");
    for round in ["1", "2", "3"] {
        ns.apply(&store("app", fake(&[("db", round)])).to_string()).good();
        match round {
            "1" => ns.apply(&reader(db())).silent(),
            _ => ns.force_sync("app").silent(),
        };
        assert_eq!(ns.value("app", "a").as_deref(), Some(round));
    }
}

#[test]
fn a_deleted_store_takes_no_secret_away() {
    let ns = Namespace::new(world(), "store-deleted");
    ns.apply(&store("app", fake(&[("db", "1")])).to_string()).good();
    ns.apply(&reader(db())).silent();
    ns.wait_ready("app", "True", "SecretSynced");
    ns.kubectl(&["delete", "secretstore", "app"]).good();
    let said = ns.force_sync("app").good();
    assert!(said.warnings().concat().contains("SecretStore \"app\" not found"), "{said}");
    ns.wait_ready("app", "False", "SecretSyncedError");
    assert_eq!(ns.value("app", "a").as_deref(), Some("1"));
}
