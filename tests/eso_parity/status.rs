//! Status, events and columns.

use serde_json::{Value, json};

use crate::support::{Namespace, synced_resource_version, world};

#[test]
fn the_status_after_a_sync_is_esos() {
    let ns = Namespace::with_aws(world(), "status");
    ns.put("db", "one");
    let mut object = ns.of("db", "db", json!({ "target": { "name": "other" } }));
    object["metadata"]["labels"] = json!({ "a": "b", "c": "d" });
    ns.apply(&object.to_string()).silent();
    let stored = ns.wait_synced("db");
    let status = &stored["status"];
    assert_eq!(status["binding"], json!({ "name": "other" }));
    assert_eq!(status["syncedResourceVersion"], synced_resource_version(&stored).as_str());
    is_time(&status["refreshTime"]);
    let conditions = status["conditions"].as_array().expect("conditions");
    assert_eq!(conditions.len(), 1, "{conditions:?}");
    let mut condition = conditions[0].clone();
    is_time(&condition["lastTransitionTime"]);
    condition["lastTransitionTime"] = Value::Null;
    let expected = json!({
        "type": "Ready", "status": "True", "reason": "SecretSynced", "message": "secret synced",
        "lastTransitionTime": null,
    });
    assert_eq!(condition, expected);
    let fields: Vec<&String> = status.as_object().expect("a status").keys().collect();
    assert_eq!(fields, ["binding", "conditions", "refreshTime", "syncedResourceVersion"]);
}

/// RFC 3339 in whole seconds, as Go writes `metav1.Time`.
fn is_time(value: &Value) {
    let text = value.as_str().expect("a time");
    assert!(text.len() == "2026-01-01T00:00:00Z".len() && text.ends_with('Z'), "{text}");
}

#[test]
fn a_failure_keeps_what_was_synced_last_and_flips_the_time_of_transition_once() {
    let ns = Namespace::with_aws(world(), "status-failed");
    ns.put("db", "one");
    ns.apply(&ns.of("db", "db", json!({})).to_string()).silent();
    let synced = ns.wait_synced("db");
    ns.world.moto.delete_secret(&ns.key("db")).expect("moto deletes");
    ns.kubectl(&["annotate", "externalsecret", "db", "force-sync=1"]).good();
    ns.wait_ready("db", "False", "SecretSyncedError");
    let failed = ns.external_secret("db").expect("it");
    for field in ["refreshTime", "syncedResourceVersion", "binding"] {
        assert_eq!(failed["status"][field], synced["status"][field], "{field}");
    }
    let (.., message) = ns.ready("db").expect("a condition");
    assert_eq!(message, "could not get secret data from provider");

    let since = failed["status"]["conditions"][0]["lastTransitionTime"].clone();
    ns.kubectl(&["annotate", "externalsecret", "db", "force-sync=2", "--overwrite"]).good();
    ns.world.wait("a second failure", std::time::Duration::from_secs(20), || {
        let error = ns
            .world
            .latchkey
            .metric(&format!("externalsecret_sync_calls_error{{name=\"db\",namespace=\"{}\"}}", ns.name));
        (error >= 2.0).then_some(())
    });
    let again = ns.external_secret("db").expect("it");
    assert_eq!(again["status"]["conditions"][0]["lastTransitionTime"], since);
}

#[test]
fn events_have_esos_types_reasons_and_messages() {
    let ns = Namespace::with_aws(world(), "events");
    ns.put("db", "one");
    ns.apply(&ns.of("db", "db", json!({})).to_string()).silent();
    ns.wait_event("db", "Created", "secret created");
    ns.put("db", "two");
    ns.kubectl(&["annotate", "externalsecret", "db", "force-sync=1"]).silent();
    ns.wait_event("db", "Updated", "secret updated");
    ns.world.moto.delete_secret(&ns.key("db")).expect("moto deletes");
    ns.kubectl(&["annotate", "externalsecret", "db", "force-sync=2", "--overwrite"]).good();
    ns.wait_ready("db", "False", "SecretSyncedError");
    let failed = ns.world.wait("an event of the failure", std::time::Duration::from_secs(20), || {
        ns.events("db").into_iter().find(|(_, reason, _)| reason == "UpdateFailed")
    });
    assert_eq!(failed.0, "Warning");
    assert!(failed.2.contains(&ns.key("db")), "details are in the event: {failed:?}");
    let normal = ns.events("db").into_iter().filter(|(type_, ..)| type_ == "Normal").count();
    assert_eq!(normal, 2, "{:?}", ns.events("db"));
}

#[test]
fn kubectl_get_has_esos_columns() {
    let ns = Namespace::with_aws(world(), "columns");
    ns.put("db", "one");
    ns.apply(&ns.of("db", "db", json!({})).to_string()).silent();
    ns.wait_ready("db", "True", "SecretSynced");
    let columns =
        |said: &str| said.split("  ").map(str::trim).filter(|c| !c.is_empty()).map(str::to_owned).collect();
    let table = ns.kubectl(&["get", "es"]).good().out;
    let mut lines = table.lines();
    let header: Vec<String> = columns(lines.next().expect("a header"));
    assert_eq!(header, ["NAME", "STORETYPE", "STORE", "REFRESH INTERVAL", "STATUS", "READY", "LAST SYNC"]);
    let row: Vec<String> = columns(lines.next().expect("a row"));
    assert_eq!(row[..6], ["db", "SecretStore", "aws", "1h", "SecretSynced", "True"]);

    let stores = ns.kubectl(&["get", "ss"]).good().out;
    let header: Vec<String> = columns(stores.lines().next().expect("a header"));
    assert_eq!(header, ["NAME", "AGE", "STATUS", "CAPABILITIES", "READY"]);
    ns.world.wait("a valid store", std::time::Duration::from_secs(20), || {
        let stores = ns.kubectl(&["get", "ss"]).good().out;
        let row: Vec<String> = columns(stores.lines().nth(1)?);
        (row[2..] == ["Valid", "ReadWrite", "True"]).then_some(())
    });
}
