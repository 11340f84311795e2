//! Generators: values that are made rather than read, and made once.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Namespace, Said, world};

const API: &str = "generators.external-secrets.io/v1alpha1";

fn generator(kind: &str, name: &str, spec: Value) -> String {
    json!({ "apiVersion": API, "kind": kind, "metadata": { "name": name }, "spec": spec }).to_string()
}

/// An ExternalSecret of nothing but this generator; `change` has other fields of its specification.
fn of(name: &str, kind: &str, generator: &str, change: Value) -> Value {
    let reference = json!({ "apiVersion": API, "kind": kind, "name": generator });
    let mut object = json!({
        "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": { "name": name },
        "spec": { "refreshInterval": "1h", "dataFrom": [{ "sourceRef": { "generatorRef": reference } }] },
    });
    for (field, value) in change.as_object().into_iter().flatten() {
        object["spec"][field] = value.clone();
    }
    object
}

/// A namespace with a Password generator `strong`.
fn shop(prefix: &str) -> Namespace<'static> {
    let ns = Namespace::new(world(), prefix);
    ns.apply(&generator("Password", "strong", json!({ "length": 32 }))).good();
    ns
}

/// The command did what was asked, and a warning says this.
#[track_caller]
fn warned(said: &Said, text: &str) {
    assert!(said.ok && said.warnings().iter().any(|warning| warning.contains(text)), "{said}");
}

#[track_caller]
fn password(ns: &Namespace<'_>, secret: &str) -> String {
    ns.value(secret, "password").expect("a password")
}

#[test]
fn a_password_is_there_when_apply_returns_and_another_for_each_external_secret() {
    let ns = shop("gen-password");
    ns.apply(&of("one", "Password", "strong", json!({})).to_string()).silent();
    ns.apply(&of("two", "Password", "strong", json!({})).to_string()).silent();
    let (one, two) = (password(&ns, "one"), password(&ns, "two"));
    assert_eq!((one.len(), two.len()), (32, 32));
    assert_ne!(one, two);
    ns.wait_ready("one", "True", "SecretSynced");
    assert_eq!(password(&ns, "one"), one, "adopted as it was written");
}

#[test]
fn each_kind_that_needs_nothing_remote_gives_its_keys() {
    let ns = shop("gen-kinds");
    let seed = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "seed" },
        "stringData": { "seed": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" },
    });
    ns.apply(&seed.to_string()).good();
    let mfa =
        json!({ "secret": { "name": "seed", "key": "seed" }, "when": "1970-01-01T00:00:59Z", "length": 8 });
    for (kind, spec) in [
        ("UUID", json!({})),
        ("Fake", json!({ "data": { "user": "admin" } })),
        ("MFA", mfa),
        ("SSHKey", json!({ "keyType": "ed25519", "comment": "me@shop" })),
    ] {
        ns.apply(&generator(kind, "made", spec)).good();
        ns.apply(&of(&kind.to_lowercase(), kind, "made", json!({})).to_string()).silent();
    }
    assert_eq!(ns.value("uuid", "uuid").map(|uuid| uuid.len()), Some(36));
    assert_eq!(ns.value("fake", "user").as_deref(), Some("admin"));
    assert_eq!(ns.value("mfa", "token").as_deref(), Some("94287082"), "RFC 6238, appendix B");
    assert_eq!(ns.value("mfa", "timeLeft").as_deref(), Some("1"));
    let (private, public) = (ns.value("sshkey", "privateKey"), ns.value("sshkey", "publicKey"));
    assert!(private.is_some_and(|key| key.starts_with("-----BEGIN OPENSSH PRIVATE KEY-----\n")));
    assert!(public.is_some_and(|key| key.starts_with("ssh-ed25519 ") && key.ends_with(" me@shop\n")));
}

#[test]
fn entries_are_rewritten_and_merged_in_their_order() {
    let ns = shop("gen-order");
    for (name, value) in [("first", "1"), ("second", "2")] {
        ns.apply(&generator("Fake", name, json!({ "data": { "a": value, name: value } }))).good();
    }
    let entry = |name: &str| json!({ "sourceRef": { "generatorRef": { "kind": "Fake", "name": name } } });
    let mut second = entry("second");
    second["rewrite"] = json!([{ "regexp": { "source": "^second$", "target": "renamed" } }]);
    let spec = json!({ "dataFrom": [entry("first"), second] });
    ns.apply(&of("all", "Fake", "first", spec).to_string()).silent();
    let values = ns.values("all").expect("a Secret");
    let values: Vec<_> = values.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    assert_eq!(values, [("a", "2"), ("first", "1"), ("renamed", "2")]);
}

#[test]
fn a_template_takes_what_was_made_and_keeps_it_too() {
    let ns = shop("gen-template");
    let url = json!({ "url": "https://me:{{ .password | urlquery }}@db" });
    let spec = json!({ "target": { "template": { "data": url } }, "refreshInterval": "0" });
    ns.apply(&of("db", "Password", "strong", spec.clone()).to_string()).silent();
    let first = ns.value("db", "url").expect("a URL");
    assert!(first.len() > "https://me:@db".len());
    ns.wait_ready("db", "True", "SecretSynced");
    ns.kubectl(&[
        "label",
        "secret",
        "db",
        "external-secrets.io/component-",
        "reconcile.external-secrets.io/managed-",
    ])
    .good();
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(ns.value("db", "url"), Some(first));
}

#[test]
fn a_generator_that_is_missing_is_said_at_the_prompt_and_in_the_status() {
    let ns = Namespace::new(world(), "gen-missing");
    let text = format!(
        "unable to get generator: Password \"gone\" not found in namespace {:?}; create it, or correct \
         spec.dataFrom[0].sourceRef.generatorRef",
        ns.name
    );
    warned(&ns.apply(&of("db", "Password", "gone", json!({})).to_string()), &text);
    ns.wait_ready("db", "False", "SecretSyncedError");
    ns.apply(&generator("Password", "gone", json!({}))).good();
    ns.wait_ready("db", "True", "SecretSynced");
    assert_eq!(password(&ns, "db").len(), 24);
}

#[test]
fn a_generator_that_cannot_make_what_it_says_names_its_field() {
    let ns = Namespace::new(world(), "gen-refuses");
    ns.apply(&generator("Password", "odd", json!({ "length": 4, "digits": 5 }))).good();
    let text = "error using generator: Password \"odd\": there are more digits and symbols than the length; \
                correct its spec.length";
    warned(&ns.apply(&of("db", "Password", "odd", json!({})).to_string()), text);
}

#[test]
fn a_kind_that_there_is_not_is_refused_at_apply() {
    let ns = Namespace::new(world(), "gen-unknown");
    let said = ns.apply(&of("db", "Passphrase", "p", json!({})).to_string());
    assert!(!said.ok && said.to_string().contains("Unsupported value: \"Passphrase\""), "{said}");
}

#[test]
fn a_cluster_generator_serves_every_namespace() {
    let ns = Namespace::new(world(), "gen-cluster");
    let spec = json!({ "kind": "Password", "generator": { "passwordSpec": { "length": 12, "secretKeys": ["pin"] } } });
    ns.world.kubectl(&["apply", "-f", "-"], &generator("ClusterGenerator", &ns.name, spec)).good();
    ns.apply(&of("db", "ClusterGenerator", &ns.name, json!({})).to_string()).silent();
    assert_eq!(ns.value("db", "pin").map(|pin| pin.len()), Some(12));
    let remote = json!({
        "kind": "BeyondtrustWorkloadCredentialsDynamicSecret",
        "generator": { "beyondtrustWorkloadCredentialsDynamicSecretSpec": { "url": "https://beyondtrust" } },
    });
    let name = format!("{}-remote", ns.name);
    ns.world.kubectl(&["apply", "-f", "-"], &generator("ClusterGenerator", &name, remote)).good();
    let text = format!(
        "ClusterGenerator {name:?}: the generator BeyondtrustWorkloadCredentialsDynamicSecret is not supported by this version \
         of latchkey"
    );
    warned(&ns.apply(&of("other", "ClusterGenerator", &name, json!({})).to_string()), &text);
    for name in [&ns.name, &name] {
        ns.world.kubectl(&["delete", "clustergenerator", name], "").good();
    }
}

#[test]
fn a_dry_run_makes_nothing_that_stays() {
    let ns = shop("gen-dry");
    let object = of("db", "Password", "strong", json!({})).to_string();
    ns.dry_run(&object).silent();
    assert_eq!(ns.values("db"), None);
    ns.apply(&object).silent();
    let first = password(&ns, "db");
    let mut changed = of("db", "Password", "strong", json!({}));
    changed["metadata"]["labels"] = json!({ "a": "b" });
    ns.dry_run(&changed.to_string()).good();
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(password(&ns, "db"), first);
}

#[test]
fn a_password_is_made_once_however_often_it_is_applied() {
    let ns = shop("gen-once");
    let object = of("db", "Password", "strong", json!({})).to_string();
    ns.apply(&object).silent();
    let first = password(&ns, "db");
    for _ in 0..3 {
        ns.apply(&object).silent();
        assert_eq!(password(&ns, "db"), first);
    }
    ns.wait_ready("db", "True", "SecretSynced");
    std::thread::sleep(Duration::from_secs(6)); // what is new is verified after five seconds
    assert_eq!(password(&ns, "db"), first);
}

#[test]
fn an_external_secret_that_is_made_again_keeps_the_password_that_it_finds() {
    let ns = shop("gen-again");
    for (name, more) in [
        ("created-once", json!({ "refreshPolicy": "CreatedOnce" })),
        ("never", json!({ "refreshInterval": "0" })),
    ] {
        let mut spec = more;
        spec["target"] = json!({ "creationPolicy": "Orphan" });
        let object = of(name, "Password", "strong", spec).to_string();
        ns.apply(&object).silent();
        let first = password(&ns, name);
        ns.wait_ready(name, "True", "SecretSynced");
        ns.kubectl(&["delete", "externalsecret", name]).good();
        ns.apply(&object).good();
        ns.wait_ready(name, "True", "SecretSynced");
        assert_eq!(password(&ns, name), first, "{name}");
    }
}

#[test]
fn an_interval_of_zero_makes_no_other_and_a_repair_keeps_what_is_there() {
    let ns = shop("gen-zero");
    ns.apply(&of("db", "Password", "strong", json!({ "refreshInterval": "0" })).to_string()).silent();
    let first = password(&ns, "db");
    ns.wait_ready("db", "True", "SecretSynced");
    ns.kubectl(&["annotate", "externalsecret", "db", "force-sync=1"]).good();
    ns.kubectl(&["patch", "secret", "db", "-p", r#"{"stringData":{"foreign":"x"}}"#]).good();
    let repaired = || (ns.value("db", "foreign").is_none()).then_some(());
    ns.world.wait("the foreign key to go", Duration::from_secs(60), repaired);
    assert_eq!(password(&ns, "db"), first, "the repair keeps the password");

    ns.kubectl(&["patch", "secret", "db", "-p", r#"{"stringData":{"password":"guess"}}"#]).good();
    let replaced = || (password(&ns, "db") != "guess").then_some(());
    ns.world.wait("the password to be made anew", Duration::from_secs(60), replaced);
    assert_eq!(password(&ns, "db").len(), 32);
}

#[test]
fn each_refresh_makes_another() {
    let ns = shop("gen-refresh");
    ns.apply(&of("db", "Password", "strong", json!({ "refreshInterval": "3s" })).to_string()).silent();
    let mut seen = BTreeSet::new();
    let three = || {
        seen.insert(password(&ns, "db"));
        (seen.len() >= 3).then_some(())
    };
    ns.world.wait("two refreshes", Duration::from_secs(60), three);
}

#[test]
fn a_forced_sync_makes_another_once_the_change_is_stored() {
    let ns = shop("gen-force");
    ns.apply(&of("db", "Password", "strong", json!({})).to_string()).silent();
    let first = password(&ns, "db");
    ns.wait_ready("db", "True", "SecretSynced");
    let said = ns.kubectl(&["annotate", "externalsecret", "db", "force-sync=1"]);
    warned(&said, "new ones are written once this ExternalSecret is stored");
    let another = || (password(&ns, "db") != first).then_some(());
    ns.world.wait("another password", Duration::from_secs(30), another);
}
