//! Rules of roles, taken apart into single rights, and who used which.

use std::fmt;

use serde_json::{Value, json};

use crate::install::cluster::Cluster;
use crate::support::SYSTEM;

/// One right: one verb on one resource, of any object or of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The path of the role that it is from.
    pub role: String,
    pub group: String,
    /// With its subresource, as in `externalsecrets/status`.
    pub resource: String,
    pub verb: String,
    pub name: Option<String>,
}

impl Grant {
    /// The namespace of the role; none for a ClusterRole.
    fn place(&self) -> Option<&str> {
        self.role.split("/namespaces/").nth(1)?.split('/').next()
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.verb, self.resource)?;
        self.name.as_ref().map_or(Ok(()), |name| write!(f, "/{name}"))
    }
}

/// The path of a role; without a namespace that of a ClusterRole.
pub fn role(namespace: Option<&str>, name: &str) -> String {
    let place = namespace.map_or("clusterroles".to_owned(), |ns| format!("namespaces/{ns}/roles"));
    format!("/apis/rbac.authorization.k8s.io/v1/{place}/{name}")
}

fn texts(rule: &Value, field: &str) -> Vec<String> {
    let list = rule[field].as_array().into_iter().flatten();
    list.map(|text| text.as_str().expect("a text").to_owned()).collect()
}

/// The rights of a role.
pub fn grants(cluster: &Cluster, role: &str) -> Vec<Grant> {
    let object = cluster.get(role).unwrap_or_else(|| panic!("no {role}"));
    let mut grants = Vec::new();
    for rule in object["rules"].as_array().expect("rules") {
        let names = texts(rule, "resourceNames");
        let names: Vec<Option<String>> =
            if names.is_empty() { vec![None] } else { names.into_iter().map(Some).collect() };
        for (group, resource, verb, name) in product(rule, &names) {
            grants.push(Grant { role: role.to_owned(), group, resource, verb, name });
        }
    }
    assert!(!grants.iter().any(|grant| grant.to_string().contains('*')), "no right is for everything");
    grants
}

fn product(rule: &Value, names: &[Option<String>]) -> Vec<(String, String, String, Option<String>)> {
    let mut all = Vec::new();
    for group in texts(rule, "apiGroups") {
        for resource in texts(rule, "resources") {
            for verb in texts(rule, "verbs") {
                let each =
                    names.iter().map(|name| (group.clone(), resource.clone(), verb.clone(), name.clone()));
                all.extend(each);
            }
        }
    }
    all
}

/// Gives a role all of these rights but one.
pub fn without(cluster: &Cluster, all: &[Grant], one: &Grant) {
    let kept = all.iter().filter(|grant| grant.role == one.role && *grant != one);
    let rules: Vec<Value> = kept.map(rule).collect();
    set_rules(cluster, &one.role, json!(rules));
}

/// A rule with this right alone.
pub fn rule(grant: &Grant) -> Value {
    let Grant { role: _, group, resource, verb, name } = grant;
    let mut rule = json!({ "apiGroups": [group], "resources": [resource], "verbs": [verb] });
    if let Some(name) = name {
        rule["resourceNames"] = json!([name]);
    }
    rule
}

/// Puts these rules into a role.
pub fn set_rules(cluster: &Cluster, role: &str, rules: Value) {
    let mut object = cluster.get(role).expect("the role");
    object["rules"] = rules;
    cluster.0.api("PUT", role, &object).expect("the role is changed");
}

/// Whether the API server lets latchkey do this now: where the role is, or in this namespace for a ClusterRole.
pub fn may(cluster: &Cluster, grant: &Grant, namespace: &str) -> bool {
    let (resource, subresource) = grant.resource.split_once('/').unwrap_or((&grant.resource, ""));
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
        "spec": {
            "user": format!("system:serviceaccount:{SYSTEM}:latchkey"),
            "groups": ["system:serviceaccounts", "system:authenticated"],
            "resourceAttributes": {
                "group": grant.group, "resource": resource, "subresource": subresource, "verb": grant.verb,
                "name": grant.name, "namespace": grant.place().unwrap_or(namespace),
            },
        },
    });
    let answer = cluster.0.api("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", &review);
    answer.expect("an answer")["status"]["allowed"] == true
}

/// What latchkey asked for of the API server since it runs, from the audit log.
pub fn asked(cluster: &Cluster) -> Vec<Value> {
    let user = format!("system:serviceaccount:{SYSTEM}:latchkey");
    let log = std::fs::read_to_string(cluster.0.audit_log()).expect("the audit log");
    let events = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()); // the last may be half
    events.filter(|event| event["user"]["username"] == user.as_str()).collect()
}

/// Whether this request is one that takes the right.
pub fn takes(event: &Value, grant: &Grant) -> bool {
    let (resource, subresource) = grant.resource.split_once('/').unwrap_or((&grant.resource, ""));
    let is = |field: &str, wanted: &str| event["objectRef"][field].as_str().unwrap_or_default() == wanted;
    is("apiGroup", &grant.group)
        && is("resource", resource)
        && is("subresource", subresource)
        && event["verb"] == grant.verb.as_str()
        && grant.name.as_ref().is_none_or(|name| is("name", name))
        && grant.place().is_none_or(|place| is("namespace", place))
}

/// Those that the API server never was asked for by latchkey.
pub fn unused(cluster: &Cluster, all: &[Grant]) -> Vec<String> {
    let asked = asked(cluster);
    let used = |grant: &&Grant| asked.iter().any(|event| takes(event, grant));
    all.iter().filter(|grant| !used(grant)).map(ToString::to_string).collect()
}

/// Whether the API server refused the request for want of a right.
pub fn was_forbidden(event: &Value) -> bool {
    event["annotations"]["authorization.k8s.io/decision"] == "forbid"
}
