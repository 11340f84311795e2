//! Another mutating webhook that changes the specification, before latchkey or after it: what is stored counts.

use std::time::Duration;

use serde_json::{Value, json};

use super::kept::Expected;
use super::watch::Watch;
use crate::chaos::{Row, scale};
use crate::support::{Labeller, Namespace, world};

#[test]
fn what_another_webhook_makes_of_the_specification_is_what_the_secret_becomes() {
    let count = scale(3, 15);
    for order in ["aa", "zz"] {
        another_key(order, count);
        another_target(order);
    }
    let row = Row {
        area: "kills",
        fault: "another mutating webhook changes the key or the target, before latchkey or after it",
        test: "kills::changed_after_us::what_another_webhook_makes_of_the_specification_is_what_the_secret_becomes",
        tried: format!("{} objects", 2 * (count + 1)),
        seen:
            "the values and the target of what was stored, when apply returned; nothing left of what was not"
                .into(),
        well_after: None,
    };
    row.write();
}

fn another_key(order: &str, count: usize) {
    let ns = Namespace::with_aws(world(), &format!("changed-key-{order}"));
    ns.put("one", "one");
    ns.put("two", "two");
    let patch = json!([{ "op": "replace", "path": "/spec/data/0/remoteRef/key", "value": ns.key("two") }]);
    let _webhook = in_force(&ns, order, patch, "two");
    let watch = Watch::start(&ns);
    for n in 0..count {
        let name = format!("db-{n}");
        ns.apply(&ns.of(&name, "one", json!({})).to_string()).silent();
        assert_eq!(ns.value(&name, "value").as_deref(), Some("two"), "{name}, when apply returns");
        let expected = Expected { name: &name, secret: &name, before: Some("one"), value: "two" };
        expected.wait(&ns);
        expected.check(&ns, &watch);
    }
}

fn another_target(order: &str) {
    let ns = Namespace::with_aws(world(), &format!("changed-target-{order}"));
    ns.put("one", "one");
    let patch = json!([{ "op": "add", "path": "/spec/target", "value": { "name": "elsewhere" } }]);
    let _webhook = in_force(&ns, order, patch, "elsewhere");
    ns.apply(&ns.of("db", "one", json!({})).to_string()).silent();
    assert_eq!(ns.value("elsewhere", "value").as_deref(), Some("one"), "when apply returns");
    Expected { name: "db", secret: "elsewhere", before: None, value: "one" }.wait(&ns);
    ns.wait_gone("db", Duration::from_secs(30)); // of the review before the change
}

/// The API server takes a moment to hear of a webhook; who is asked shows by what a dry run gives.
fn in_force(ns: &Namespace<'_>, order: &str, patch: Value, shows: &str) -> Labeller {
    let webhook = Labeller::patching(ns, order, patch);
    ns.world.wait("the other webhook", Duration::from_secs(30), || {
        let args = ["create", "--dry-run=server", "-o", "jsonpath={.spec}", "-f", "-"];
        let said = ns.kubectl_with(&args, &ns.of("probe", "one", json!({})).to_string()).good();
        said.out.contains(shows).then_some(())
    });
    webhook
}
