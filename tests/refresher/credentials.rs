//! Credentials that stores name are read when they are needed, so new ones are used without a restart.

use serde_json::json;

use crate::support::{Namespace, world};

/// The access keys that this remote secret was last asked for with, latest first.
fn latest(ns: &Namespace<'_>, name: &str) -> Option<String> {
    let quoted = format!("{:?}", ns.key(name));
    let received = ns.world.moto.proxy().received();
    let request = received.iter().rev().find(|it| String::from_utf8_lossy(&it.body).contains(&quoted))?;
    let credential = request.header("authorization")?.split_once("Credential=")?.1;
    Some(credential.split('/').next()?.to_owned())
}

fn credentials(ns: &Namespace<'_>, id: &str) {
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "keys" },
        "stringData": { "id": id, "secret": "testbed" },
    });
    ns.apply(&secret.to_string()).silent();
}

#[test]
fn replaced_credentials_are_used_for_the_next_refresh() {
    let ns = Namespace::new(world(), "credentials");
    ns.put("db", "one");
    let store = json!({
        "apiVersion": "external-secrets.io/v1", "kind": "SecretStore", "metadata": { "name": "aws" },
        "spec": { "provider": { "aws": { "service": "SecretsManager", "region": "us-east-1", "auth": { "secretRef": {
            "accessKeyIDSecretRef": { "name": "keys", "key": "id" },
            "secretAccessKeySecretRef": { "name": "keys", "key": "secret" },
        }}}}},
    });
    credentials(&ns, "AKIDFIRST");
    ns.apply(&store.to_string()).silent();
    ns.apply(&ns.of("db", "db", json!({ "refreshInterval": "2s" })).to_string()).silent();
    assert_eq!(latest(&ns, "db").as_deref(), Some("AKIDFIRST"));
    credentials(&ns, "AKIDSECOND");
    ns.world.wait("the new credentials", std::time::Duration::from_secs(10), || {
        latest(&ns, "db").filter(|id| id == "AKIDSECOND")
    });
    ns.put("db", "two");
    ns.wait_value("db", "value", "two");
}

#[test]
fn credentials_that_come_later_wake_whoever_waits_for_them() {
    let ns = Namespace::new(world(), "credentials-late");
    ns.put("db", "one");
    let store = json!({
        "apiVersion": "external-secrets.io/v1", "kind": "SecretStore", "metadata": { "name": "aws" },
        "spec": { "provider": { "aws": { "service": "SecretsManager", "region": "us-east-1", "auth": { "secretRef": {
            "accessKeyIDSecretRef": { "name": "keys", "key": "id" },
            "secretAccessKeySecretRef": { "name": "keys", "key": "secret" },
        }}}}},
    });
    ns.apply(&store.to_string()).silent();
    ns.apply(&ns.of("db", "db", json!({})).to_string()).good();
    ns.wait_ready("db", "False", "SecretSyncedError");
    credentials(&ns, "AKIDLATE");
    ns.wait_value("db", "value", "one");
    ns.wait_ready("db", "True", "SecretSynced");
}
