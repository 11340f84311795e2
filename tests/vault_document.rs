//! The second document: one ClusterSecretStore by token, and ExternalSecrets of several namespaces out of Vault.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::manifests::{all_of, one};
use crate::support::{Namespace, SYSTEM, World, repository, world};

/// The policy of a token that may read everything below a path.
pub fn may_read(world: &World, policy: &str, path: &str) {
    let hcl = format!("path \"secret/data/{path}/*\" {{ capabilities = [\"read\"] }}");
    world.vault.policy(policy, &hcl).expect("a policy");
}

fn database(password: &str) -> Value {
    json!({ "username": "db_user", "password": password })
}

fn pairs(pairs: &[(&str, &str)]) -> Option<BTreeMap<String, String>> {
    Some(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
}

fn example(file: &str) -> String {
    std::fs::read_to_string(repository().join("examples/vault").join(file)).expect("the example")
}

/// The folder of the documents' own manifests, where somebody has put one beside the repository.
fn originals() -> Option<PathBuf> {
    let siblings = std::fs::read_dir(repository().parent()?).ok()?;
    siblings.flatten().map(|sibling| sibling.path().join("seed-manifests")).find(|folder| folder.is_dir())
}

const IN_CLUSTER: &str = "http://vault.vault.svc.cluster.local:8200";

#[test]
fn a_cluster_store_by_token_secret_becomes_ready() {
    let world = world();
    let ns = Namespace::new(world, "vault-ready");
    may_read(world, &ns.name, &ns.name);
    ns.vault_store(&world.vault.addr(), &world.vault.token(&[&ns.name], "1h").expect("a token"));

    let said = ns.kubectl(&["get", "css", &ns.name, "--no-headers"]).good();
    let columns: Vec<&str> = said.out.split_whitespace().skip(2).collect();
    assert_eq!(columns, ["Valid", "ReadWrite", "True"], "{said}");
}

#[test]
fn several_namespaces_share_one_store_and_each_secret_is_there_when_apply_returns() {
    let world = world();
    let namespaces = ["vault-shared", "vault-team", "vault-team"].map(|prefix| Namespace::new(world, prefix));
    let store = &namespaces[0].name;
    world.vault.put(&format!("secret/{store}/myapp"), &database("of-all")).expect("put");
    namespaces[0].vault_store(&world.vault.addr(), world.vault.root_token());

    for ns in &namespaces {
        let manifest = example("externalsecrets.yaml")
            .replace("namespace: team-a", &format!("namespace: {}", ns.name))
            .replace("name: vault\n", &format!("name: {store}\n"))
            .replace("prod/myapp", &format!("{store}/myapp"));
        world.apply(&manifest).silent();
        assert_eq!(ns.values("myapp"), pairs(&[("DB_PASSWORD", "of-all"), ("DB_USERNAME", "db_user")]));
        assert_eq!(ns.values("myapp-all"), pairs(&[("password", "of-all"), ("username", "db_user")]));
        assert!(world.apply(&manifest).silent().out.lines().all(|line| line.ends_with("unchanged")));
    }
    for ns in &namespaces {
        ns.wait_ready("myapp", "True", "SecretSynced");
        ns.wait_ready("myapp-all", "True", "SecretSynced");
    }
}

#[test]
fn the_documents_own_manifests_work_with_nothing_but_the_server_replaced() {
    let world = world();
    let folder = originals();
    let text = |original: &str, example_file: &str| match &folder {
        Some(folder) => std::fs::read_to_string(folder.join(original)).expect("the original"),
        None => example(example_file),
    };
    world.vault.put("secret/prod/myapp", &database("of-prod")).expect("put");
    let token = format!("--from-literal=token={}", world.vault.root_token());
    world.kubectl(&["create", "namespace", "team-a"], "").good();
    world.kubectl(&["-n", SYSTEM, "create", "secret", "generic", "vault-token", &token], "").good();

    let store = text("vault-clustersecretstore.yaml", "clustersecretstore.yaml");
    let manifest = store.replace(IN_CLUSTER, &world.vault.addr());
    assert_ne!(manifest, store, "the server's address is what was expected");
    world.apply(&manifest).silent();
    world.apply(&text("vault-externalsecret.yaml", "externalsecrets.yaml")).silent();

    let value = |secret: &str, key: &str| {
        let object = world.get(&format!("/api/v1/namespaces/team-a/secrets/{secret}"))?;
        Some(object["data"][key].as_str()?.to_owned())
    };
    assert_eq!(value("myapp", "DB_USERNAME").as_deref(), Some("ZGJfdXNlcg=="));
    assert_eq!(value("myapp", "DB_PASSWORD").as_deref(), Some("b2YtcHJvZA=="));
    assert_eq!(value("myapp-all", "password").as_deref(), Some("b2YtcHJvZA=="));
}

#[test]
fn a_token_that_was_replaced_in_its_secret_is_used_by_the_next_sync() {
    let world = world();
    let ns = Namespace::new(world, "vault-token");
    may_read(world, &ns.name, &ns.name);
    let path = format!("secret/{}/app", ns.name);
    world.vault.put(&path, &database("first")).expect("put");
    let [old, new] = [(); 2].map(|()| world.vault.token(&[&ns.name], "1h").expect("a token"));
    ns.vault_store(&world.vault.addr(), &old);
    ns.external("app", one(&format!("{}/app", ns.name), "password")).silent();
    assert_eq!(ns.value("app", "password").as_deref(), Some("first"));

    ns.token(&new);
    world.vault.api("POST", "auth/token/revoke", &json!({ "token": old })).expect("revoked");
    world.vault.put(&path, &database("second")).expect("put");
    ns.force_sync("app").silent();
    assert_eq!(ns.value("app", "password").as_deref(), Some("second"));
}

#[test]
fn a_revoked_token_is_told_of_and_a_new_one_in_its_secret_repairs_everything() {
    let world = world();
    let ns = Namespace::new(world, "vault-revoked");
    may_read(world, &ns.name, &ns.name);
    let path = format!("secret/{}/app", ns.name);
    world.vault.put(&path, &database("first")).expect("put");
    let [old, new] = [(); 2].map(|()| world.vault.token(&[&ns.name], "1h").expect("a token"));
    ns.vault_store(&world.vault.addr(), &old);
    ns.external("app", one(&format!("{}/app", ns.name), "password")).silent();

    world.vault.api("POST", "auth/token/revoke", &json!({ "token": old })).expect("revoked");
    let said = ns.force_sync("app").good();
    let warning = said.warnings().concat();
    assert!(warning.contains("refuses the store's token: revoked, expired or wrong"), "{said}");
    assert!(warning.contains(&world.vault.addr()) && warning.contains(&ns.name), "{said}");
    assert_eq!(ns.value("app", "password").as_deref(), Some("first"));
    ns.wait_ready("app", "False", "SecretSyncedError");
    ns.wait_store("False", "InvalidProviderConfig");

    world.vault.put(&path, &database("second")).expect("put");
    ns.token(&new);
    ns.wait_store("True", "Valid");
    ns.wait_value("app", "password", "second");
    ns.wait_ready("app", "True", "SecretSynced");
}

#[test]
fn a_value_that_was_just_put_is_there_when_annotate_returns() {
    let world = world();
    let ns = Namespace::new(world, "vault-force");
    let path = format!("secret/{}/app", ns.name);
    world.vault.put(&path, &database("0")).expect("put");
    ns.vault_store(&world.vault.addr(), world.vault.root_token());
    ns.external("app", all_of(&format!("{}/app", ns.name))).silent();

    for round in 1..=5 {
        let value = round.to_string();
        let assignment = format!("password={value}");
        let put =
            world.vault.cli(["kv", "put", &path, &assignment]).expect("vault").output().expect("it runs");
        assert!(put.status.success(), "{}", String::from_utf8_lossy(&put.stderr));
        ns.force_sync("app").silent();
        assert_eq!(ns.values("app"), pairs(&[("password", &value)]), "`kv put` leaves only what it names");
    }
    ns.wait_ready("app", "True", "SecretSynced");
}

#[test]
fn a_rotation_reaches_the_secret_within_the_refresh_interval() {
    let world = world();
    let ns = Namespace::new(world, "vault-interval");
    let path = format!("secret/{}/app", ns.name);
    world.vault.put(&path, &database("first")).expect("put");
    ns.vault_store(&world.vault.addr(), world.vault.root_token());
    let mut spec = one(&format!("{}/app", ns.name), "password");
    spec["refreshInterval"] = json!("2s");
    ns.external("app", spec).silent();

    world.vault.put(&path, &database("second")).expect("put");
    world.wait("the second value", Duration::from_secs(5), || {
        ns.value("app", "password").filter(|value| value == "second")
    });
}
