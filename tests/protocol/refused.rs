//! F2: after our answer others may still refuse the object. What was written for it does not stay.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Namespace, world};

/// The promise is 90 s from the refusal.
const LIMIT: Duration = Duration::from_secs(90);

/// All at once, as each takes a minute.
#[test]
fn f2_what_was_refused_after_our_answer_leaves_nothing_behind_90_seconds_later() {
    let (quota, policy) = (refused_by_quota(), refused_by_policy());
    let update = refused_update();
    let merged = refused_merge();
    quota.wait_gone("db", LIMIT);
    policy.wait_gone("db", LIMIT);
    update.world.wait("the stored values", LIMIT, || {
        let secret = update.secret("db").expect("it stays");
        secret["metadata"]["annotations"]["latchkey.dev/pending"].is_null().then_some(())
    });
    assert_eq!(update.value("db", "value").as_deref(), Some("1"), "what is stored counts");
    merged.world.wait("the merged key's end", LIMIT, || {
        let values = merged.values("shared").expect("others' keys stay");
        (values.len() == 1 && values.contains_key("theirs")).then_some(())
    });
}

fn refused_by_quota() -> Namespace<'static> {
    let ns = Namespace::with_aws(world(), "quota");
    ns.put("db", "one");
    let quota = json!({
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": { "name": "none" },
        "spec": { "hard": { "count/externalsecrets.external-secrets.io": "0" } },
    });
    ns.apply(&quota.to_string()).good();
    let path = format!("/api/v1/namespaces/{}/resourcequotas/none", ns.name);
    ns.world.wait("the quota", Duration::from_secs(30), || {
        ns.world.get(&path).filter(|quota| !quota["status"]["hard"].is_null())
    });
    let said = ns.apply(&ns.of("db", "db", json!({})).to_string()).refused();
    assert!(said.err.contains("exceeded quota"), "{said}");
    assert!(ns.secret("db").is_some(), "the fact: we had written already");
    ns
}

fn refused_by_policy() -> Namespace<'static> {
    let ns = Namespace::with_aws(world(), "policy");
    ns.put("db", "one");
    refuse(&ns, "false");
    let said = ns.apply(&ns.of("db", "db", json!({})).to_string()).refused();
    assert!(said.err.contains("ValidatingAdmissionPolicy"), "{said}");
    assert!(ns.secret("db").is_some(), "the fact: we had written already");
    ns
}

fn refused_update() -> Namespace<'static> {
    let ns = Namespace::with_aws(world(), "policy-update");
    ns.put("one", "1");
    ns.put("two", "2");
    ns.apply(&ns.of("db", "one", json!({})).to_string()).silent();
    ns.wait_ready("db", "True", "SecretSynced");
    refuse(&ns, "object.metadata.name == 'db' && object.spec.data[0].remoteRef.key.endsWith('one')");
    ns.apply(&ns.of("db", "two", json!({})).to_string()).refused();
    assert_eq!(ns.value("db", "value").as_deref(), Some("2"), "the fact: we had written already");
    ns
}

/// An ExternalSecret that merges into a Secret of another one is refused: its key goes, the other's stays.
fn refused_merge() -> Namespace<'static> {
    let ns = Namespace::with_aws(world(), "policy-merge");
    ns.put("one", "1");
    ns.put("two", "2");
    let merging = |name: &str, key: &str, remote: &str| {
        let target = json!({ "name": "shared", "creationPolicy": "CreateOrMerge" });
        ns.of(name, remote, json!({ "target": target, "data": [ns.entry(key, remote)] })).to_string()
    };
    ns.apply(&merging("first", "theirs", "one")).silent();
    ns.wait_ready("first", "True", "SecretSynced");
    refuse(&ns, "object.metadata.name == 'first'");
    ns.apply(&merging("second", "ours", "two")).refused();
    assert_eq!(ns.values("shared").expect("the Secret").len(), 2, "the fact: we had written already");
    ns
}

/// Refuses ExternalSecrets of this namespace for which this CEL expression is false; returns when that is in force.
pub fn refuse(ns: &Namespace<'_>, unless: &str) {
    let name = format!("refuse-{}", ns.name);
    let policy = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
        "metadata": { "name": name },
        "spec": {
            "matchConstraints": { "resourceRules": [{
                "apiGroups": ["external-secrets.io"], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"],
                "resources": ["externalsecrets"],
            }]},
            "validations": [{ "expression": unless, "message": "not here" }],
        },
    });
    let binding = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": { "name": name },
        "spec": {
            "policyName": name, "validationActions": ["Deny"],
            "matchResources": { "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": ns.name } } },
        },
    });
    ns.apply(&json!({ "apiVersion": "v1", "kind": "List", "items": [policy, binding] }).to_string()).good();
    // The probe has a name that no test uses, and reads nothing.
    let mut probe = ns.of("probe", "none", json!({ "target": { "creationPolicy": "None" } }));
    probe["spec"]["data"] = Value::Null;
    probe["spec"]["dataFrom"] = json!([{ "extract": { "key": "probe" } }]);
    probe["spec"]["data"] = json!([{ "secretKey": "probe", "remoteRef": { "key": "probe" } }]);
    ns.world.wait("the policy", Duration::from_secs(30), || {
        let said = ns.dry_run(&probe.to_string());
        (!said.ok && said.err.contains("not here")).then_some(())
    });
}
