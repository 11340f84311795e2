//! What cannot be synced is said at the prompt, in one warning or as a denial, with object, store, key and remedy.

use latchkey_testbed::free_port;
use serde_json::{Value, json};

use crate::support::manifests::{all_of, cluster_store, fake, one, store, vault};
use crate::support::{CANARY, Failing, Namespace, world};
use crate::vault_document::may_read;

const NO_DATA: &str = "could not get secret data from provider";

/// A namespace with a store at Vault, by a token that may read `NAMESPACE/*`, where `app` has values.
fn prepared(prefix: &str) -> Namespace<'static> {
    let world = world();
    let ns = Namespace::new(world, prefix);
    may_read(world, &ns.name, &ns.name);
    let values = json!({ "password": format!("{CANARY}-1"), "not/a key": format!("{CANARY}-2"), "nul": format!("{CANARY}\0") });
    world.vault.put(&format!("secret/{}/app", ns.name), &values).expect("put");
    ns.vault_store(&world.vault.addr(), &world.vault.token(&[&ns.name], "1h").expect("a token"));
    ns
}

/// A namespace with a ClusterSecretStore that has these other fields, and a value `db`.
fn with_store(prefix: &str, change: impl FnOnce(&str, &mut Value)) -> Namespace<'static> {
    let ns = Namespace::new(world(), prefix);
    let mut object = cluster_store(&ns.name, fake(&[("db", CANARY)]));
    change(&ns.name, &mut object["spec"]);
    ns.apply(&object.to_string()).good();
    ns
}

/// How a message names an entry of Vault.
fn entry(ns: &Namespace<'_>, field: &str, key: &str) -> String {
    format!("{field}: secret \"{}/{key}\" of ClusterSecretStore \"{}\"", ns.name, ns.name)
}

#[test]
fn a_missing_key() {
    let ns = prepared("no-key");
    let (name, server) = (&ns.name, world().vault.addr());
    let says = format!(
        "spec.data[0]: secret \"{name}/nope\" does not exist in ClusterSecretStore \"{name}\" at {server} (HTTP 404); \
         create it there, or correct remoteRef.key"
    );
    Failing::new(&ns, one(&format!("{name}/nope"), "password"), &says).warns_or_denies(NO_DATA);
}

#[test]
fn a_missing_property() {
    let ns = prepared("no-property");
    let says = format!(
        "{} at {} has no property \"pasword\"; correct remoteRef.property, or add it there",
        entry(&ns, "spec.data[0]", "app"),
        world().vault.addr(),
    );
    Failing::new(&ns, one(&format!("{}/app", ns.name), "pasword"), &says).warns_or_denies(NO_DATA);
}

#[test]
fn a_missing_permission() {
    let ns = prepared("no-permission");
    let name = &ns.name;
    world().vault.put(&format!("secret/other/{name}"), &json!({ "password": CANARY })).expect("put");
    let says = format!(
        "spec.dataFrom[0].extract: secret \"other/{name}\" of ClusterSecretStore \"{name}\": vault at {} denies reading \
         \"secret/data/other/{name}\": no policy of the token allows it (HTTP 403); \
         allow the store's credentials to read it, or correct extract.key",
        world().vault.addr(),
    );
    Failing::new(&ns, all_of(&format!("other/{name}")), &says).warns_or_denies(NO_DATA);
}

#[test]
fn a_store_that_cannot_be_reached() {
    let ns = Namespace::new(world(), "no-server");
    let server = format!("http://127.0.0.1:{}", free_port());
    ns.token(CANARY);
    let auth = json!({ "tokenSecretRef": { "name": "vault-token", "namespace": ns.name, "key": "token" } });
    ns.apply(&cluster_store(&ns.name, vault(&server, auth)).to_string()).silent();
    let says = format!(
        "spec.data[0]: secret \"app\" of ClusterSecretStore \"{}\": cannot connect to vault at {server}: \
         connection refused; check that the store is up and can be reached",
        ns.name,
    );
    let condition = format!("{NO_DATA}: {says}"); // whoever sees many fail at once looks there first
    Failing::new(&ns, one("app", "password"), &says).warns_or_denies(&condition);
}

#[test]
fn credentials_that_are_not_there() {
    let ns = Namespace::new(world(), "no-credentials");
    let auth = json!({ "tokenSecretRef": { "name": "nobody", "namespace": ns.name, "key": "token" } });
    ns.apply(&cluster_store(&ns.name, vault("http://127.0.0.1:1", auth)).to_string()).silent();
    let says = format!(
        "ClusterSecretStore \"{0}\" cannot be used: cannot get Kubernetes secret \"nobody\" from namespace \"{0}\": \
         not found; correct the credentials that the store names",
        ns.name,
    );
    Failing::new(&ns, one("app", "password"), &says).warns_or_denies(NO_DATA);
}

#[test]
fn credentials_that_lack_the_key() {
    let ns = Namespace::new(world(), "no-token");
    ns.token(CANARY);
    let auth = json!({ "tokenSecretRef": { "name": "vault-token", "namespace": ns.name, "key": "tokn" } });
    ns.apply(&cluster_store(&ns.name, vault("http://127.0.0.1:1", auth)).to_string()).silent();
    let says = format!(
        "ClusterSecretStore \"{0}\" cannot be used: cannot find secret data for key: \"tokn\" in Kubernetes secret \
         \"vault-token\" from namespace \"{0}\"; correct the credentials that the store names",
        ns.name,
    );
    Failing::new(&ns, one("app", "password"), &says).warns_or_denies(NO_DATA);
}

/// So that one `kubectl apply -f all.yaml` works in any order, a store that is not there yet never refuses.
#[test]
fn an_unknown_store_only_ever_warns() {
    let ns = Namespace::new(world(), "no-store");
    let says =
        format!("ClusterSecretStore \"{}\" not found; create it, or correct spec.secretStoreRef", ns.name);
    Failing::new(&ns, one("app", "password"), &says).only_ever_warns(NO_DATA);
}

#[test]
fn a_store_of_another_namespace_is_not_there() {
    let (ns, other) = (Namespace::new(world(), "no-own-store"), Namespace::new(world(), "other-store"));
    other.apply(&store("theirs", fake(&[("app", CANARY)])).to_string()).good();
    let mut spec = one("app", "password");
    spec["secretStoreRef"] = json!({ "kind": "SecretStore", "name": "theirs" });
    let says = format!(
        "SecretStore \"theirs\" not found in namespace \"{}\"; create it, or correct spec.secretStoreRef",
        ns.name
    );
    Failing::new(&ns, spec, &says).only_ever_warns(NO_DATA);
}

/// The namespace is none that these conditions admit.
fn is_not_admitted(prefix: &str, condition: Value) {
    let ns = with_store(prefix, |_, spec| spec["conditions"] = json!([condition]));
    let says = format!(
        "ClusterSecretStore \"{0}\" is not allowed from namespace \"{0}\": denied by spec.conditions; \
         use a store of that namespace, or have the namespace admitted",
        ns.name,
    );
    let spec = json!({ "data": [{ "secretKey": "a", "remoteRef": { "key": "db" } }] });
    Failing::new(&ns, spec, &says).warns_or_denies(NO_DATA);
}

#[test]
fn a_store_that_admits_other_namespaces() {
    is_not_admitted("not-named", json!({ "namespaces": ["team-x"] }));
}

#[test]
fn a_store_that_admits_other_names() {
    is_not_admitted("not-matched", json!({ "namespaceRegexes": ["^team-[0-9]+$"] }));
}

#[test]
fn a_store_that_admits_other_labels() {
    is_not_admitted("not-labelled", json!({ "namespaceSelector": { "matchLabels": { "team": "x" } } }));
}

#[test]
fn a_store_admits_by_name_regular_expression_or_label() {
    for condition in [
        json!({ "namespaces": ["NAME"] }),
        json!({ "namespaceRegexes": ["nope", "^adm"] }),
        json!({ "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": "NAME" } } }),
    ] {
        let ns = with_store("admitted", |name, spec| {
            let condition = condition.to_string().replace("NAME", name);
            spec["conditions"] =
                json!([{ "namespaces": ["x"] }, serde_json::from_str::<Value>(&condition).unwrap()]);
        });
        ns.external("app", json!({ "data": [{ "secretKey": "a", "remoteRef": { "key": "db" } }] })).silent();
        assert_eq!(ns.value("app", "a").as_deref(), Some(CANARY));
    }
}

#[test]
fn a_value_that_is_not_in_base64() {
    let ns = prepared("not-base64");
    let mut spec = one(&format!("{}/app", ns.name), "password");
    spec["data"][0]["remoteRef"]["decodingStrategy"] = json!("Base64");
    let says = format!(
        "{}: the value for key \"password\" is not Base64; correct it there, or set remoteRef.decodingStrategy to None",
        entry(&ns, "spec.data[0]", "app"),
    );
    Failing::new(&ns, spec, &says).warns_or_denies(NO_DATA);
}

#[test]
fn a_value_with_null_bytes() {
    let ns = prepared("null-bytes");
    let mut spec = one(&format!("{}/app", ns.name), "nul");
    spec["data"][0]["remoteRef"]["nullBytePolicy"] = json!("Fail");
    let says = format!(
        "{}: the value for key \"nul\" contains null bytes; store it as text, or remove remoteRef.nullBytePolicy",
        entry(&ns, "spec.data[0]", "app"),
    );
    Failing::new(&ns, spec, &says).warns_or_denies(NO_DATA);
}

#[test]
fn keys_that_no_secret_can_have() {
    let ns = prepared("bad-keys");
    let mut spec = all_of(&format!("{}/app", ns.name));
    spec["dataFrom"][0]["rewrite"] = json!([{ "regexp": { "source": "^p", "target": "p" } }]);
    let says = format!(
        "{}: key \"not/a key\" has the character '/', and a Secret's has letters, digits, '-', '_' and '.' only; \
         use rewrite or conversionStrategy to change keys",
        entry(&ns, "spec.dataFrom[0].extract", "app"),
    );
    Failing::new(&ns, spec, &says).warns_or_denies(NO_DATA);
}
