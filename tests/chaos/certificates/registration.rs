//! Somebody edits the webhook's registration, or takes it away.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::load::{Objects, during, prepare};
use super::replica::Replica;
use super::stage::strict;
use crate::chaos::{Row, scale};
use crate::install::cluster::{Cluster, WEBHOOKS};
use crate::support::Splitter;

fn path() -> String {
    format!("{WEBHOOKS}/latchkey")
}

/// The webhooks as they are registered.
fn webhooks(cluster: &Cluster) -> Value {
    cluster.get(&path()).map(|mut configuration| configuration["webhooks"].take()).unwrap_or_default()
}

/// Edits as `kubectl edit` does; another's edit in between is waited out.
fn edit(cluster: &Cluster, edit: impl Fn(&mut Value)) {
    cluster.wait("an edit", || {
        let mut configuration = cluster.get(&path())?;
        edit(&mut configuration["webhooks"]);
        cluster.0.api("PUT", &path(), &configuration).ok()
    });
}

fn started(cluster: &Cluster) -> Replica {
    let front = Splitter::start();
    let replica = Replica::start(cluster, front.port, None, &["--failure-policy=Fail".to_owned()]).ready();
    front.send_to(&[replica.port]);
    prepare(cluster);
    replica
}

/// What somebody does to the webhooks.
type Edit = fn(&mut Value);

/// What breaks it.
const EDITS: [(&str, Edit); 7] = [
    ("caBundle emptied", |webhooks| each(webhooks, |w| remove(&mut w["clientConfig"], "caBundle"))),
    ("url changed", |webhooks| {
        each(webhooks, |w| w["clientConfig"]["url"] = json!("https://127.0.0.1:1/review"))
    }),
    ("service in the place of the url", |webhooks| {
        each(webhooks, |w| {
            remove(&mut w["clientConfig"], "url");
            w["clientConfig"]["service"] = json!({ "namespace": "default", "name": "nobody" });
        });
    }),
    ("rules changed", |webhooks| each(webhooks, |w| w["rules"][0]["operations"] = json!(["DELETE"]))),
    ("conditions taken away", |webhooks| each(webhooks, |w| remove(w, "matchConditions"))),
    ("never asked again", |webhooks| each(webhooks, |w| w["reinvocationPolicy"] = json!("Never"))),
    ("a webhook taken away", |webhooks| drop(webhooks.as_array_mut().expect("webhooks").remove(0))),
];

fn each(webhooks: &mut Value, edit: impl Fn(&mut Value)) {
    webhooks.as_array_mut().expect("webhooks").iter_mut().for_each(edit);
}

fn remove(object: &mut Value, field: &str) {
    object.as_object_mut().expect("an object").remove(field);
}

#[test]
fn an_edited_registration_is_put_right_and_a_deleted_one_comes_back() {
    let cluster = strict();
    put_right(&cluster);
    let replica = started(&cluster);
    left_alone(&cluster);
    deleted(&cluster, &replica);
}

fn put_right(cluster: &Cluster) {
    let (mut times, rounds) = (Vec::new(), scale(1, 5));
    for _ in 0..rounds {
        let _replica = started(cluster);
        let whole = sorted(webhooks(cluster));
        for (name, breaks) in EDITS {
            edit(cluster, breaks);
            let start = Instant::now();
            cluster.wait(name, || (sorted(webhooks(cluster)) == whole).then_some(()));
            times.push(start.elapsed());
        }
    }
    times.sort();
    Row {
        area: "certificates",
        fault: "the registration edited: caBundle, url, service, rules, conditions, reinvocation, a webhook removed",
        test: "certificates::registration::an_edited_registration_is_put_right_and_a_deleted_one_comes_back",
        tried: format!("{} edits, {rounds} of each", times.len()),
        seen: format!("each put right, half of them within {} ms", times[times.len() / 2].as_millis()),
        well_after: times.last().copied(),
    }
    .write();
}

/// By name: a webhook that is added again comes last.
fn sorted(mut webhooks: Value) -> Value {
    webhooks
        .as_array_mut()
        .into_iter()
        .for_each(|list| list.sort_by_key(|webhook| webhook["name"].to_string()));
    webhooks
}

fn left_alone(cluster: &Cluster) {
    let condition = json!({ "name": "not-by-flux", "expression": "request.userInfo.username != 'flux'" });
    edit(cluster, |webhooks| {
        each(webhooks, |webhook| {
            webhook["timeoutSeconds"] = json!(9);
            webhook["failurePolicy"] = json!("Ignore");
            webhook["namespaceSelector"] = json!({ "matchLabels": { "secrets": "yes" } });
            webhook["objectSelector"] = json!({ "matchLabels": { "secrets": "yes" } });
            webhook["matchConditions"].as_array_mut().expect("conditions").push(condition.clone());
        });
    });
    let wanted = webhooks(cluster);
    // That latchkey has looked at it shows in what it mends of it.
    edit(cluster, |webhooks| each(webhooks, |webhook| remove(&mut webhook["clientConfig"], "caBundle")));
    cluster.wait("the CA", || cluster.ca_bundle());
    assert_eq!(webhooks(cluster), wanted);
    Row {
        area: "certificates",
        fault: "the registration's timeout, failure policy, selectors and further conditions set otherwise",
        test: "certificates::registration::an_edited_registration_is_put_right_and_a_deleted_one_comes_back",
        tried: "once".to_owned(),
        seen: "all stay, also when the CA beside them is put back".to_owned(),
        well_after: None,
    }
    .write();
}

fn deleted(cluster: &Cluster, replica: &Replica) {
    cluster.0.api("DELETE", &path(), &Value::Null).expect("deleted");
    cluster.wait("a word of it", || replica.log().contains("helm upgrade puts it back").then_some(()));
    assert_eq!(cluster.get(&path()), None, "the chart gives no right to make one");

    // With the right, as in `docs/operations.md`: at once, each time.
    let rule = json!({
        "apiGroups": ["admissionregistration.k8s.io"], "resources": ["mutatingwebhookconfigurations"],
        "verbs": ["create"],
    });
    let named =
        |kind: &str| json!({ "apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": "registrar" });
    let account =
        json!({ "kind": "ServiceAccount", "name": "latchkey", "namespace": crate::support::SYSTEM });
    let rbac = "/apis/rbac.authorization.k8s.io/v1";
    let role = json!({ "metadata": { "name": "registrar" }, "rules": [rule] });
    cluster.0.create(&format!("{rbac}/clusterroles"), &role).expect("a role");
    let binding = json!({ "metadata": { "name": "registrar" }, "roleRef": named("ClusterRole"), "subjects": [account] });
    cluster.0.create(&format!("{rbac}/clusterrolebindings"), &binding).expect("a binding");
    cluster.wait("the registration", || cluster.get(&path()));

    let (times, mut longest) = (scale(2, 4), Duration::ZERO);
    for _ in 0..times {
        cluster.0.api("DELETE", &path(), &Value::Null).expect("deleted");
        let start = Instant::now();
        cluster.wait("the registration", || cluster.ca_bundle());
        longest = longest.max(start.elapsed());
    }
    let asked = during(cluster, Objects::All, &[replica], || std::thread::sleep(Duration::from_secs(5)));
    Row {
        area: "certificates",
        fault: "the registration deleted",
        test: "certificates::registration::an_edited_registration_is_put_right_and_a_deleted_one_comes_back",
        tried: format!("once without the right to make one, {times} times with it"),
        seen: format!(
            "without: said in the log, applies go on; with: made again, then {}",
            asked.none_refused()
        ),
        well_after: Some(longest),
    }
    .write();
}
