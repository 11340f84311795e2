//! What was done and never answered.

use latchkey_testbed::Fault;
use serde_json::json;

use super::stage::{Gated, Objects, names};
use crate::chaos::{Row, scale};
use crate::support::Namespace;

/// Each write that an ExternalSecret takes; the answer to one of each is lost.
const WRITES: [&str; 6] = [
    "create secrets",
    "update secrets",
    "patch secrets",
    "patch externalsecrets/status",
    "create events",
    "update leases",
];

/// What was done and not answered is not done twice.
pub fn lost(only: &Gated, ns: &Namespace<'_>) {
    let rounds = scale(1, 5);
    for round in 0..rounds {
        for kind in WRITES {
            only.gate.next(1, move |asked| asked.is(kind), Fault::LoseAnswer);
        }
        let name = format!("lost-{round}");
        let objects = Objects::apply(ns, names(&name, 1), "1h");
        objects.well("one");
        // A change, so that a Secret is updated too.
        objects.put("two");
        let mut object = ns.of(&objects.names[0], &objects.names[0], json!({}));
        object["metadata"]["annotations"] = json!({ "force-sync": "1" });
        ns.apply(&object.to_string()).good();
        objects.well("two");
        let changes = ns.changes(&objects.names[0]);
        let added = changes.iter().filter(|change| *change == "ADDED").count();
        assert!(added == 1 && !changes.contains(&"DELETED".to_owned()), "{changes:?}");
        // Made, adopted, updated, adopted: what was done is found done.
        assert!(changes.len() <= 5, "{changes:?}");
        only.gate.behave();
    }
    Row {
        area: "api_server",
        fault: "the answer to a write is lost: of a Secret made, updated and adopted, a status, an event, the Lease",
        test: "api_server::hangs::answers_that_are_late_or_lost_or_never_come",
        tried: format!("{} answers", rounds * WRITES.len()),
        seen: "each Secret was made once, is owned by its ExternalSecret and has its value; statuses are right".to_owned(),
        well_after: None,
    }
    .write();
}
