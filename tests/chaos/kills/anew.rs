//! ExternalSecrets that are deleted and made anew, renamed, given another store or a generated name, many at once.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::kept::{Expected, told, value};
use super::watch::Watch;
use crate::chaos::{Row, scale};
use crate::support::{Namespace, manifests, world};

/// How many hands there are at once.
const HANDS: usize = 8;

/// Does it for each number below `count`, by several hands at once.
fn by_many_hands(count: usize, work: impl Fn(usize) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..HANDS {
            scope.spawn(|| {
                while let Some(n) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|n| *n < count) {
                    work(n);
                }
            });
        }
    });
}

fn path(ns: &Namespace<'_>, name: &str) -> String {
    format!("/apis/external-secrets.io/v1/namespaces/{}/externalsecrets{name}", ns.name)
}

/// Makes them and waits until all are synced; their names.
fn synced(ns: &Namespace<'_>, count: usize, spec: &Value) -> Vec<String> {
    let names: Vec<String> = (0..count).map(|n| format!("db-{n}")).collect();
    let objects: Vec<Value> = names.iter().map(|name| ns.of(name, "one", spec.clone())).collect();
    ns.apply(&manifests::list(&objects)).silent();
    names.iter().for_each(|name| drop(ns.wait_synced(name)));
    names
}

fn with_two_keys(prefix: &str) -> Namespace<'static> {
    let ns = Namespace::with_aws(world(), prefix);
    ns.put("one", "one");
    ns.put("two", "two");
    ns
}

#[test]
fn what_is_deleted_and_made_anew_within_a_second_ends_with_the_new_ones_secret() {
    let count = scale(16, 50);
    let ns = with_two_keys("anew");
    let watch = Watch::start(&ns);
    let names = synced(&ns, count, &json!({}));
    let longest = Mutex::new((Duration::ZERO, Duration::ZERO));
    by_many_hands(count, |n| {
        let name = &names[n];
        let start = Instant::now();
        ns.world.cluster.api("DELETE", &path(&ns, &format!("/{name}")), &Value::Null).expect("deleted");
        ns.world.cluster.api("POST", &path(&ns, ""), &ns.of(name, "two", json!({}))).expect("made anew");
        let between = start.elapsed();
        assert_eq!(ns.value(name, "value").as_deref(), Some("two"), "{name}, when it has been made anew");
        Expected { name, secret: name, before: None, value: "two" }.wait(&ns);
        let mut longest = longest.lock().expect("nobody has failed");
        *longest = (longest.0.max(between), longest.1.max(start.elapsed()));
    });
    let mut replaced = 0;
    for name in &names {
        let versions = watch.of(name);
        let new = versions.iter().position(|version| value(&version.secret).as_deref() == Some("two"));
        let after = &versions[new.expect("the new one")..];
        let kept = |change: &str| change != "DELETED";
        let right = after.iter().all(|v| kept(&v.change) && value(&v.secret).as_deref() == Some("two"));
        assert!(right, "{name}: {}", told(&versions));
        replaced += usize::from(versions.iter().all(|version| kept(&version.change)));
        Expected { name, secret: name, before: None, value: "two" }.wait(&ns);
    }
    let (between, well_after) = longest.into_inner().expect("nobody has failed");
    let row = Row {
        area: "kills",
        fault: "an ExternalSecret is deleted and made anew with another specification",
        test: "kills::anew::what_is_deleted_and_made_anew_within_a_second_ends_with_the_new_ones_secret",
        tried: format!(
            "{count} objects, {HANDS} at once, at most {:.2} s between the two",
            between.as_secs_f64()
        ),
        seen: format!(
            "each new value there at once and from then on; owner the new one; {replaced} Secrets outlived the change"
        ),
        well_after: Some(well_after),
    };
    row.write();
}

#[test]
fn a_changed_target_takes_the_former_one_away_under_owner_and_leaves_it_under_orphan() {
    let count = scale(8, 50);
    for (policy, stays) in [("Owner", false), ("Orphan", true)] {
        let ns = with_two_keys(&format!("renamed-{}", policy.to_lowercase()));
        let names = synced(&ns, count, &json!({ "target": { "creationPolicy": policy } }));
        by_many_hands(count, |n| {
            let (name, secret) = (&names[n], format!("{}-renamed", names[n]));
            let target = json!({ "target": { "name": secret, "creationPolicy": policy } });
            ns.apply(&ns.of(name, "two", target).to_string()).silent();
            assert_eq!(ns.value(&secret, "value").as_deref(), Some("two"), "{secret}, when apply returns");
        });
        for name in &names {
            ns.wait_synced(name);
            let secret = ns.wait_secret(&format!("{name}-renamed"), |secret| {
                secret["metadata"]["annotations"]["latchkey.dev/pending"].is_null()
            });
            let owners = secret["metadata"]["ownerReferences"].as_array().map_or(0, Vec::len);
            assert_eq!(owners, usize::from(!stays), "{name}: {secret}");
            match stays {
                true => assert_eq!(ns.value(name, "value").as_deref(), Some("one"), "{name} under {policy}"),
                false => ns.wait_gone(name, Duration::from_secs(30)),
            }
        }
    }
    let row = Row {
        area: "kills",
        fault: "spec.target.name is changed",
        test: "kills::anew::a_changed_target_takes_the_former_one_away_under_owner_and_leaves_it_under_orphan",
        tried: format!("{count} objects under Owner, {count} under Orphan"),
        seen: "the new Secret there when apply returned; the former one gone under Owner, kept under Orphan"
            .into(),
        well_after: None,
    };
    row.write();
}

#[test]
fn a_changed_store_is_its_values_when_apply_returns_again_and_again() {
    let (count, turns) = (scale(4, 16), scale(4, 8));
    let ns = Namespace::new(world(), "store-swapped");
    let stores = ["of-here", "of-there"];
    for name in stores {
        ns.apply(&manifests::store(name, manifests::fake(&[("key", name)])).to_string()).good(); // it warns that a fake is no store
    }
    let watch = Watch::start(&ns);
    let object = |n: usize, turn: usize| {
        let mut object = manifests::external_secret(&format!("db-{n}"), "", json!({}));
        object["spec"]["secretStoreRef"] = json!({ "kind": "SecretStore", "name": stores[turn % 2] });
        object["spec"]["data"] = json!([{ "secretKey": "value", "remoteRef": { "key": "key" } }]);
        object.to_string()
    };
    by_many_hands(count, |n| {
        for turn in 0..turns {
            ns.apply(&object(n, turn)).silent();
            assert_eq!(
                ns.value(&format!("db-{n}"), "value").as_deref(),
                Some(stores[turn % 2]),
                "{n} {turn}"
            );
        }
    });
    for n in 0..count {
        let name = format!("db-{n}");
        Expected { name: &name, secret: &name, before: None, value: stores[(turns - 1) % 2] }.wait(&ns);
        let mut values: Vec<_> = watch.of(&name).iter().map(|version| value(&version.secret)).collect();
        values.dedup();
        assert_eq!(values.len(), turns, "{name} went back to a store that it had left: {values:?}");
    }
    let row = Row {
        area: "kills",
        fault: "spec.secretStoreRef is changed to and fro",
        test: "kills::anew::a_changed_store_is_its_values_when_apply_returns_again_and_again",
        tried: format!("{} changes of {count} objects at once", count * turns),
        seen: "the values of the store that was named last when apply returned, and never those of another again".into(),
        well_after: None,
    };
    row.write();
}

#[test]
fn generated_names_get_their_secrets_from_the_refresher_however_many_come_at_once() {
    let count = scale(8, 50);
    let ns = with_two_keys("generated");
    let longest = Mutex::new(Duration::ZERO);
    by_many_hands(count, |_| {
        let mut object = ns.of("", "one", json!({}));
        object["metadata"] = json!({ "generateName": "db-" });
        let start = Instant::now();
        let stored = ns.world.cluster.api("POST", &path(&ns, ""), &object).expect("it is admitted");
        let name = stored["metadata"]["name"].as_str().expect("a name");
        Expected { name, secret: name, before: None, value: "one" }.wait(&ns);
        let mut longest = longest.lock().expect("nobody has failed");
        *longest = (*longest).max(start.elapsed());
    });
    let row = Row {
        area: "kills",
        fault: "ExternalSecrets with generateName, which have no name while they are admitted",
        test: "kills::anew::generated_names_get_their_secrets_from_the_refresher_however_many_come_at_once",
        tried: format!("{count} objects, {HANDS} at once"),
        seen: "each Secret made and owned by the refresher".into(),
        well_after: Some(longest.into_inner().expect("nobody has failed")),
    };
    row.write();
}
