//! A refresh that takes long, and a newer version that is applied meanwhile: the older one's values do not come back.

use std::time::Duration;

use serde_json::{Value, json};

use super::kept::{Expected, told, value};
use super::watch::Watch;
use crate::chaos::{Row, scale};
use crate::support::{Remote, manifests};

/// How long the store takes for the older version's value.
const SLOW: Duration = Duration::from_secs(2);

#[test]
fn a_refresh_of_the_version_before_does_not_bring_back_its_values() {
    let times = scale(1, 2);
    for _ in 0..times {
        for slow in [Slow::Refresh, Slow::SecondLook] {
            changed_during("updated", slow, |remote, object| {
                remote.ns.apply(&object.to_string()).good();
            });
        }
        changed_during("made-anew", Slow::Refresh, |remote, object| {
            remote.ns.kubectl(&["delete", "externalsecret", "db"]).good();
            remote.ns.apply(&object.to_string()).good();
        });
    }
    let row = Row {
        area: "kills",
        fault: "an ExternalSecret is changed, or deleted and made anew, during a slow refresh of the version before",
        test: "kills::overtaken::a_refresh_of_the_version_before_does_not_bring_back_its_values",
        tried: format!("{} times, the store taking {} s", 3 * times, SLOW.as_secs()),
        seen: "the new value from the moment that apply returned".into(),
        well_after: None,
    };
    row.write();
}

/// Why the older version's value is read.
#[derive(Debug, Clone, Copy)]
enum Slow {
    /// Its interval is over.
    Refresh,
    /// It was made of a value that was read for another ExternalSecret, and is looked at once more.
    SecondLook,
}

fn changed_during(prefix: &str, slow: Slow, change: impl Fn(&Remote, &Value)) {
    let remote = Remote::start(prefix);
    let watch = Watch::start(&remote.ns);
    remote.ns.apply(&manifests::store("fast", manifests::fake(&[("key", "new")])).to_string()).good();
    match slow {
        Slow::Refresh => remote.synced_every("3s", "db", "old"),
        Slow::SecondLook => {
            remote.put("db", "old");
            for name in ["first", "db"] {
                remote.ns.external(name, remote.spec("db")).silent();
            }
            remote.ns.wait_synced("db");
        }
    }
    remote.put("db", "refreshed");
    remote.proxy.delay(SLOW);
    remote.proxy.forget();
    remote.ns.world.wait("a refresh", Duration::from_secs(30), || (remote.reads() > 0).then_some(()));

    let mut object = manifests::external_secret("db", "", json!({}));
    object["spec"]["secretStoreRef"] = json!({ "kind": "SecretStore", "name": "fast" });
    object["spec"]["data"] = json!([{ "secretKey": "value", "remoteRef": { "key": "key" } }]);
    change(&remote, &object);
    assert_eq!(remote.ns.value("db", "value").as_deref(), Some("new"), "when apply returns");
    let answered = std::time::Instant::now();
    remote
        .ns
        .world
        .wait("the refresh's end", Duration::from_secs(30), || (answered.elapsed() > 2 * SLOW).then_some(()));
    Expected { name: "db", secret: "db", before: None, value: "new" }.wait(&remote.ns);
    let versions = watch.of("db");
    let new = versions.iter().position(|version| value(&version.secret).as_deref() == Some("new"));
    let after = &versions[new.expect("the new value")..];
    let is_new = |secret: &Value| value(secret).as_deref() == Some("new");
    let right = after.iter().all(|version| version.change != "DELETED" && is_new(&version.secret));
    assert!(right, "{prefix}, {slow:?}: {}", told(&versions));
}
