//! `dataFrom.find`: many secrets by name, by path and by tags, their names made into keys.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::manifests::{external_secret, fake, list, store};
use crate::support::{Namespace, Remote, world};

/// A spec that has this `dataFrom`.
fn from(entries: Value) -> Value {
    json!({ "dataFrom": entries })
}

/// A namespace with a store at Vault, and secrets below a folder of its own.
fn shop(prefix: &str, names: &[&str]) -> Remote {
    let remote = Remote::start(prefix);
    names.iter().for_each(|name| remote.put(name, name));
    remote
}

/// An ExternalSecret `all` of a SecretStore.
fn of_store(store: &str, spec: Value) -> Value {
    let mut object = external_secret("all", store, spec);
    object["spec"]["secretStoreRef"]["kind"] = json!("SecretStore");
    object
}

fn keys(ns: &Namespace<'_>, secret: &str) -> Vec<String> {
    ns.values(secret).unwrap_or_default().into_keys().collect()
}

#[test]
fn secrets_by_name_are_keys_when_apply_returns() {
    let remote = shop("find-name", &["db/user", "db/password", "mail"]);
    let folder = &remote.ns.name;
    let find = json!([{
        "find": { "path": folder, "name": { "regexp": "/db/" } },
        "rewrite": [{ "regexp": { "source": ".*/db/(.*)", "target": "db-$1" } }],
    }]);
    remote.ns.external("all", from(find)).silent();
    assert_eq!(remote.ns.value("all", "db-user").as_deref(), Some(r#"{"value":"db/user"}"#));
    assert_eq!(remote.ns.value("all", "db-password").as_deref(), Some(r#"{"value":"db/password"}"#));
    assert_eq!(keys(&remote.ns, "all"), ["db-password", "db-user"]);
    remote.ns.wait_ready("all", "True", "SecretSynced");
}

#[test]
fn names_that_are_no_keys_are_converted_where_nothing_rewrites_them() {
    let remote = shop("find-convert", &["a~b/c"]);
    let find = |strategy: &str| {
        let find =
            json!({ "path": remote.ns.name, "name": { "regexp": "." }, "conversionStrategy": strategy });
        from(json!([{ "find": find }]))
    };
    remote.ns.external("default", find("Default")).silent();
    assert_eq!(keys(&remote.ns, "default"), [format!("{}_a_b_c", remote.ns.name)]);
    remote.ns.external("unicode", find("Unicode")).silent();
    assert_eq!(keys(&remote.ns, "unicode"), [format!("{}_U002f_a_U007e_b_U002f_c", remote.ns.name)]);
}

#[test]
fn a_secret_that_is_added_or_removed_later_comes_and_goes_with_the_refresh() {
    let remote = shop("find-later", &["one"]);
    let mut spec = from(json!([{
        "find": { "path": remote.ns.name, "name": { "regexp": "." } },
        "rewrite": [{ "regexp": { "source": ".*/", "target": "" } }],
    }]));
    spec["refreshInterval"] = json!("2s");
    remote.ns.external("all", spec).silent();
    assert_eq!(keys(&remote.ns, "all"), ["one"]);
    remote.put("two", "2");
    remote.ns.wait_value("all", "two", r#"{"value":"2"}"#);
    remote
        .ns
        .world
        .vault
        .api("DELETE", &format!("secret/metadata/{}/one", remote.ns.name), &Value::Null)
        .expect("deleted");
    let gone = || (keys(&remote.ns, "all") == ["two"]).then_some(());
    remote.ns.world.wait("the key to go", Duration::from_secs(60), gone);
}

#[test]
fn what_is_found_is_merged_by_later_entries() {
    let remote = shop("find-order", &["a", "b"]);
    let found = json!({
        "find": { "path": remote.ns.name, "name": { "regexp": "." } },
        "rewrite": [{ "regexp": { "source": ".*/", "target": "" } }],
    });
    let extracted = json!({ "extract": { "key": format!("{}/a", remote.ns.name) }, "rewrite": [{ "regexp": { "source": "value", "target": "b" } }] });
    remote.ns.external("all", from(json!([found, extracted]))).silent();
    assert_eq!(remote.ns.value("all", "a").as_deref(), Some(r#"{"value":"a"}"#));
    assert_eq!(remote.ns.value("all", "b").as_deref(), Some("a"), "the later entry wins");
}

#[test]
fn secrets_of_aws_are_found_by_tags() {
    let world = world();
    let ns = Namespace::with_aws(world, "find-aws");
    for (name, team) in [("a", "shop"), ("b", "shop"), ("c", "bank")] {
        ns.put(name, name);
        let tags = json!([{ "Key": format!("{}-team", ns.name), "Value": team }]);
        world
            .moto
            .secrets_manager("TagResource", &json!({ "SecretId": ns.key(name), "Tags": tags }))
            .expect("tagged");
    }
    let find = json!([{
        "find": { "tags": { format!("{}-team", ns.name): "shop" } },
        "rewrite": [{ "regexp": { "source": ".*/", "target": "" } }],
    }]);
    let object = of_store("aws", from(find));
    ns.apply(&object.to_string()).silent();
    assert_eq!((ns.value("all", "a"), ns.value("all", "b")), (Some("a".into()), Some("b".into())));
    assert_eq!(keys(&ns, "all"), ["a", "b"]);
}

#[test]
fn a_store_that_is_not_searched_like_that_says_how_it_is() {
    let world = world();
    let ns = Namespace::new(world, "find-none");
    let object = of_store("fake", from(json!([{ "find": { "tags": { "a": "b" } } }])));
    let said = ns.apply(&list(&[store("fake", fake(&[("a", "1")])), object])).good();
    let [_, warning] = said.warnings()[..] else {
        panic!("not one warning beside that of fake stores: {said}")
    };
    for part in ["spec.dataFrom[0].find", "searched by name alone", "correct spec.dataFrom[0].find"] {
        assert!(warning.contains(part), "no {part:?} in {warning}");
    }
}
