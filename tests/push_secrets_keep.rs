//! `updatePolicy: IfNotExists`: what is there stays, and is this PushSecret's to remove only if it was pushed.

use serde_json::{Value, json};

use crate::push_secrets::{LIMIT, apply, entry, push, remote, scene, stored, wait_ready, wait_remote};
use crate::support::{Namespace, world};

fn synced(ns: &Namespace<'_>, name: &str) -> Value {
    let status = stored(ns, name).expect("it")["status"].clone();
    status["syncedPushSecrets"][format!("ClusterSecretStore/{}", ns.name)].clone()
}

#[test]
fn what_was_pushed_by_the_former_one_of_a_name_is_known_again_and_goes_with_it() {
    let ns = scene("push-anew");
    world().vault.put(&format!("secret/{}/theirs", ns.name), &json!({ "pass": "theirs" })).expect("put");
    let data = json!([entry(&ns, "password", "own", "pass"), entry(&ns, "password", "theirs", "pass")]);
    let spec =
        |deletion: &str| json!({ "data": data, "updatePolicy": "IfNotExists", "deletionPolicy": deletion });
    apply(&ns, &push(&ns, "app", spec("None"))).silent();
    wait_remote(&ns, "own", &json!({ "pass": "hunter2" }));
    wait_ready(&ns, "app", "True", "Synced");
    ns.kubectl(&["delete", "pushsecret", "app"]).good();

    apply(&ns, &push(&ns, "app", spec("Delete"))).silent();
    wait_ready(&ns, "app", "True", "Synced");
    let known = synced(&ns, "app");
    let keys: Vec<_> = known.as_object().expect("entries").keys().cloned().collect();
    assert_eq!(keys, [format!("{}/own/pass", ns.name)], "what has the mark, and not what is somebody else's");
    ns.kubectl(&["delete", "pushsecret", "app"]).good();
    world().wait("the end of own", LIMIT, || remote(&ns, "own").is_none().then_some(()));
    assert_eq!(remote(&ns, "theirs").map(|(data, _)| data), Some(json!({ "pass": "theirs" })));
}
