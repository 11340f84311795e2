//! A store that no program with a limit on nesting can read: the watch must go on for all others.

use std::time::Duration;

use latchkey_hostile::{Random, words};
use serde_json::{Value, json};

use crate::chaos::Row;
use crate::support::manifests::{fake, store};
use crate::support::{Latchkey, Namespace, Options, condition, world};

fn stored(ns: &Namespace<'_>, name: &str) -> Option<Value> {
    ns.world.get(&format!("/apis/external-secrets.io/v1/namespaces/{}/secretstores/{name}", ns.name))
}

#[test]
fn a_store_nested_too_deep_holds_up_nobody_else() {
    let ns = Namespace::new(world(), "hostile-deep");
    let path = format!("/apis/external-secrets.io/v1/namespaces/{}/secretstores", ns.name);
    let mut seen = Vec::new();
    for depth in [100, 130, 1_000] {
        let inner = words::nested(&mut Random::new(2), depth);
        let object = store(
            &format!("deep-{depth}"),
            json!({ "gcpsm": { "projectID": "p", "auth": { "deep": inner } } }),
        );
        // The answer may be too deep for this client as well.
        let _ = ns.world.cluster.api("POST", &path, &object);
        let taken = ns.kubectl(&["get", "secretstore", &format!("deep-{depth}")]).ok;
        seen.push((depth, taken));
    }
    assert!(seen.iter().any(|(depth, taken)| *taken && *depth > 128), "the API server took none: {seen:?}");
    let began = std::time::Instant::now();
    ns.apply(&store("good", fake(&[("a", "b")])).to_string()).good();
    ns.world.wait("the status of a good store", Duration::from_secs(30), || condition(&stored(&ns, "good")?));
    let well_after = Some(began.elapsed());
    let flags = vec!["--register=false".to_owned()];
    let next = Latchkey::start(&ns.world.cluster, &ns.world.moto, Options { flags, ..Options::default() });
    next.wait_ready(); // its first list has them all
    Row {
        area: "hostile",
        fault: "a store is nested deeper than latchkey reads",
        test: "hostile::deep::a_store_nested_too_deep_holds_up_nobody_else",
        tried: format!("depths {:?}", seen.iter().map(|(depth, _)| depth).collect::<Vec<_>>()),
        seen: "left alone; stores beside it are validated as ever, and a replica that starts is ready"
            .to_owned(),
        well_after,
    }
    .write();
}
