//! Vault's logins, its engines and what can be asked of an entry, through the whole of latchkey.

use latchkey_testbed::{ListenerTls, Vault, VaultOptions};
use serde_json::{Value, json};

use crate::support::manifests::{cluster_store, external_secret, one, store, vault};
use crate::support::{Namespace, World, world};
use crate::vault_document::may_read;

/// A namespace whose policy reads `secret/data/NAMESPACE/*`, where `app` has a password.
fn prepared(world: &'static World, prefix: &str) -> Namespace<'static> {
    let ns = Namespace::new(world, prefix);
    may_read(world, &ns.name, &ns.name);
    world.vault.put(&format!("secret/{}/app", ns.name), &json!({ "password": "by-login" })).expect("put");
    ns
}

/// Makes the store with this way to log in, and sees an ExternalSecret synced through it at once.
fn syncs(ns: &Namespace<'_>, auth: Value) {
    let server = ns.world.vault.addr();
    ns.apply(&cluster_store(&ns.name, vault(&server, auth)).to_string()).silent();
    let data = json!({ "data": [entry(ns, "password", json!({ "property": "password" }))] });
    ns.external("app", data).silent();
    assert_eq!(ns.value("app", "password").as_deref(), Some("by-login"));
    ns.wait_store("True", "Valid");
    ns.wait_ready("app", "True", "SecretSynced");
}

/// An entry of `data` for the namespace's key `app`, with these fields of `remoteRef`.
fn entry(ns: &Namespace<'_>, secret_key: &str, mut reference: Value) -> Value {
    reference["key"] = json!(format!("{}/app", ns.name));
    json!({ "secretKey": secret_key, "remoteRef": reference })
}

#[test]
fn app_role() {
    let world = world();
    let ns = prepared(world, "login-approle");
    let role = world.vault.enable_approle(&ns.name, &[&ns.name]).expect("AppRole");
    let secret = format!("--from-literal=id={}", role.secret_id);
    ns.kubectl(&["create", "secret", "generic", "role", &secret]).good();
    let reference = json!({ "name": "role", "namespace": ns.name, "key": "id" });
    syncs(&ns, json!({ "appRole": { "path": "approle", "roleId": role.role_id, "secretRef": reference } }));
}

#[test]
fn a_service_account_by_kubernetes_auth() {
    let world = world();
    let ns = prepared(world, "login-kubernetes");
    world.vault.enable_kubernetes_auth(&world.cluster).expect("Kubernetes auth");
    world.vault.kubernetes_role(&ns.name, (&ns.name, "default"), None, &[&ns.name]).expect("a role");
    let account = json!({ "name": "default", "namespace": ns.name });
    syncs(&ns, json!({ "kubernetes": { "role": ns.name, "serviceAccountRef": account } }));
}

#[test]
fn a_service_account_by_jwt_auth() {
    let world = world();
    let ns = prepared(world, "login-jwt");
    world.vault.enable_jwt_auth(&world.cluster).expect("JWT auth");
    world.vault.jwt_role(&ns.name, (&ns.name, "default"), "vault", &[&ns.name]).expect("a role");
    let account = json!({ "name": "default", "namespace": ns.name });
    let token = json!({ "serviceAccountRef": account });
    syncs(&ns, json!({ "jwt": { "role": ns.name, "kubernetesServiceAccountToken": token } }));
}

#[test]
fn a_store_of_a_namespace_logs_in_with_a_secret_of_that_namespace() {
    let world = world();
    let ns = prepared(world, "login-own");
    ns.token(&world.vault.token(&[&ns.name], "1h").expect("a token"));
    let auth = json!({ "tokenSecretRef": { "name": "vault-token", "key": "token" } });
    ns.apply(&store("own", vault(&world.vault.addr(), auth)).to_string()).silent();
    let mut object =
        external_secret("app", "", json!({ "data": [entry(&ns, "p", json!({ "property": "password" }))] }));
    object["spec"]["secretStoreRef"] = json!({ "name": "own" });
    ns.apply(&object.to_string()).silent();
    assert_eq!(ns.value("app", "p").as_deref(), Some("by-login"));
}

#[test]
fn a_key_value_engine_of_version_1() {
    let world = world();
    let ns = Namespace::new(world, "vault-kv1");
    world.vault.put(&format!("kv1/{}/app", ns.name), &json!({ "user": "u", "port": 5432 })).expect("put");
    ns.token(world.vault.root_token());
    let auth = json!({ "tokenSecretRef": { "name": "vault-token", "namespace": ns.name, "key": "token" } });
    let mut provider = vault(&world.vault.addr(), auth);
    provider["vault"]["path"] = json!("kv1");
    provider["vault"]["version"] = json!("v1");
    ns.apply(&cluster_store(&ns.name, provider).to_string()).silent();
    ns.external("app", json!({ "dataFrom": [{ "extract": { "key": format!("{}/app", ns.name) } }] }))
        .silent();
    assert_eq!(ns.value("app", "user").as_deref(), Some("u"));
    assert_eq!(ns.value("app", "port").as_deref(), Some("5432"));
}

#[test]
fn versions_metadata_properties_and_whole_entries() {
    let world = world();
    let ns = prepared(world, "vault-entries");
    let path = format!("{}/app", ns.name);
    world
        .vault
        .put(&format!("secret/{path}"), &json!({ "password": "2nd", "at": { "host": "db", "port": 1 } }))
        .expect("put");
    let owner = json!({ "custom_metadata": { "owner": "team-a" } });
    world.vault.api("POST", &format!("secret/metadata/{path}"), &owner).expect("metadata");
    ns.vault_store(&world.vault.addr(), world.vault.root_token());

    let data = [
        entry(&ns, "first", json!({ "property": "password", "version": "1" })),
        entry(&ns, "now", json!({ "property": "password" })),
        entry(&ns, "host", json!({ "property": "at.host" })),
        entry(&ns, "whole", json!({})),
        entry(&ns, "owner", json!({ "property": "owner", "metadataPolicy": "Fetch" })),
    ];
    let from = json!([{ "extract": { "key": path, "property": "at" } }]);
    ns.external("app", json!({ "data": data, "dataFrom": from })).silent();
    let values = ns.values("app").expect("a Secret");
    let value = |key: &str| values.get(key).map(String::as_str);
    assert_eq!(value("first"), Some("by-login"));
    assert_eq!(value("now"), Some("2nd"));
    assert_eq!(value("host"), Some("db"));
    assert_eq!(value("whole"), Some(r#"{"at":{"host":"db","port":1},"password":"2nd"}"#));
    assert_eq!(value("owner"), Some("team-a"));
    assert_eq!(value("port"), Some("1"), "by dataFrom");
    assert_eq!(values.len(), 6, "{:?}", values.keys());
}

/// A store of the cluster that leaves the namespace of its credentials to its readers.
#[test]
fn each_namespace_reads_a_common_store_with_its_own_token() {
    let world = world();
    let (ns, other) = (prepared(world, "vault-referent"), Namespace::new(world, "vault-referent"));
    ns.token(&world.vault.token(&[&ns.name], "1h").expect("a token"));
    other.token(&world.vault.token(&["default"], "1h").expect("a token"));
    let auth = json!({ "tokenSecretRef": { "name": "vault-token", "key": "token" } });
    ns.apply(&cluster_store(&ns.name, vault(&world.vault.addr(), auth)).to_string()).silent();
    ns.wait_store("True", "Valid");

    let object =
        external_secret("app", &ns.name, json!({ "data": [entry(&ns, "a", json!({}))] })).to_string();
    ns.apply(&object).silent();
    assert_eq!(ns.value("app", "a").as_deref(), Some(r#"{"password":"by-login"}"#));
    let said = other.apply(&object).good();
    assert!(said.warnings().concat().contains("no policy of the token allows it"), "{said}");
    assert_eq!(other.secret("app"), None);
}

#[test]
fn a_private_authority_and_a_client_certificate() {
    let ns = Namespace::new(world(), "vault-tls");
    let options = VaultOptions { tls: ListenerTls::Mutual, ..VaultOptions::default() };
    let server = Vault::start(options).expect("a Vault");
    server.put("secret/app", &json!({ "password": "over-tls" })).expect("put");
    let pair = server.client_pair().expect("a certificate");
    let authority = format!("--from-literal=ca.crt={}", server.ca_pem().expect("an authority"));
    let (certificate, key) = (
        format!("--from-literal=tls.crt={}", pair.certificate),
        format!("--from-literal=tls.key={}", pair.key),
    );
    ns.kubectl(&["create", "configmap", "authority", &authority]).good();
    ns.kubectl(&["create", "secret", "generic", "client", &certificate, &key]).good();
    ns.token(server.root_token());

    let mut provider =
        vault(&server.addr(), json!({ "tokenSecretRef": { "name": "vault-token", "key": "token" } }));
    provider["vault"]["caProvider"] = json!({ "type": "ConfigMap", "name": "authority", "key": "ca.crt" });
    provider["vault"]["tls"] =
        json!({ "certSecretRef": { "name": "client" }, "keySecretRef": { "name": "client" } });
    ns.apply(&store("own", provider).to_string()).silent();
    let mut object = external_secret("app", "", one("app", "password"));
    object["spec"]["secretStoreRef"] = json!({ "name": "own" });
    ns.apply(&object.to_string()).silent();
    assert_eq!(ns.value("app", "password").as_deref(), Some("over-tls"));
}
