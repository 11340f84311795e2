//! Which requests the API server need not even call for, in CEL.
//!
//! A condition that fails to evaluate skips the webhook (or, with `failurePolicy: Fail`, refuses the request), so every
//! field that may be missing is asked for with `has` first.

use serde_json::{Value, json};

/// What a ServiceAccount is called as a user.
const SERVICE_ACCOUNT: &str = "system:serviceaccount:";

/// For ExternalSecrets and stores, reviewed by a latchkey that runs in this namespace and is known by this username.
pub(super) fn of_custom_resources(namespace: &str, username: &str) -> Vec<Value> {
    let changed = ["spec", "metadata.labels", "metadata.annotations"].map(changed).join(" || ");
    let mut conditions = vec![
        condition("not-being-deleted", "!has(object.metadata.deletionTimestamp)"),
        condition("something-changed", &format!("request.operation != 'UPDATE' || {changed}")),
    ];
    conditions.extend(not_by_ourselves(username));
    conditions.extend(is_installed(namespace, username));
    conditions
}

/// For Pods, likewise.
pub(super) fn of_pods(namespace: &str, username: &str) -> Vec<Value> {
    let mirror =
        "has(object.metadata.annotations) && 'kubernetes.io/config.mirror' in object.metadata.annotations";
    let mut conditions = vec![
        condition("not-a-mirror", &format!("!({mirror})")),
        condition("names-a-secret", &names_a_secret()),
    ];
    conditions.extend(is_installed(namespace, username));
    conditions
}

fn condition(name: &str, expression: &str) -> Value {
    json!({ "name": name, "expression": expression })
}

/// Our own writes need no review. Only a ServiceAccount is ours alone: who starts latchkey on a laptop, with the
/// credentials of `kubectl`, wants what he applies to be reviewed.
fn not_by_ourselves(username: &str) -> Option<Value> {
    let quoted = Value::from(username);
    username
        .starts_with(SERVICE_ACCOUNT)
        .then(|| condition("not-by-latchkey", &format!("request.userInfo.username != {quoted}")))
}

/// A configuration that was left behind holds up nobody, whatever its failurePolicy: where latchkey's rights in its own
/// namespace have gone (it was uninstalled, or its namespace was deleted), the API server does not call. The right asked
/// about is one that no latchkey can do without: to renew its Lease.
fn is_installed(namespace: &str, username: &str) -> Option<Value> {
    let (account_namespace, account) = username.strip_prefix(SERVICE_ACCOUNT)?.split_once(':')?;
    let quoted = |text: &str| Value::from(text).to_string();
    let (of, namespace) = ([account_namespace, account].map(quoted).join(", "), quoted(namespace));
    let lease = format!(
        "group(\"coordination.k8s.io\").resource(\"leases\").namespace({namespace}).name(\"latchkey\")"
    );
    let expression = format!("authorizer.serviceAccount({of}).{lease}.check(\"update\").allowed()");
    Some(condition("latchkey-is-installed", &expression))
}

/// Whether a part of the object is not what it was.
fn changed(path: &str) -> String {
    let part = |object: &str| format!("(has({object}.{path}) ? {object}.{path} : {{}})");
    format!("{} != {}", part("object"), part("oldObject"))
}

/// Ephemeral containers are left out: a Pod cannot be created with them.
fn names_a_secret() -> String {
    let spec = "object.spec";
    let env = some("c.env", "e", "has(e.valueFrom) && has(e.valueFrom.secretKeyRef)");
    let env_from = some("c.envFrom", "f", "has(f.secretRef)");
    let container = format!("({env}) || ({env_from})");
    let projected = some("v.projected.sources", "s", "has(s.secret)");
    [
        some(&format!("{spec}.containers"), "c", &container),
        some(&format!("{spec}.initContainers"), "c", &container),
        some(&format!("{spec}.volumes"), "v", &format!("has(v.secret) || (has(v.projected) && {projected})")),
        format!("has({spec}.imagePullSecrets) && size({spec}.imagePullSecrets) > 0"),
    ]
    .map(|alternative| format!("({alternative})"))
    .join(" || ")
}

/// Whether a list is there and has an item for which this is true.
fn some(list: &str, item: &str, test: &str) -> String {
    format!("has({list}) && {list}.exists({item}, {test})")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(conditions: &[Value]) -> Vec<&str> {
        conditions.iter().filter_map(|condition| condition["name"].as_str()).collect()
    }

    #[test]
    fn only_a_service_accounts_own_writes_are_left_out() {
        let of = of_custom_resources("latchkey-system", "system:serviceaccount:latchkey-system:latchkey");
        let all = ["not-being-deleted", "something-changed", "not-by-latchkey", "latchkey-is-installed"];
        assert_eq!(names(&of), all);
        let expression = r#"request.userInfo.username != "system:serviceaccount:latchkey-system:latchkey""#;
        assert_eq!(of[2]["expression"], expression);
        assert_eq!(
            names(&of_custom_resources("latchkey-system", "kubernetes-admin")),
            ["not-being-deleted", "something-changed"]
        );
    }

    #[test]
    fn only_a_service_account_can_be_asked_about() {
        let of = of_pods("keys", "system:serviceaccount:robots:latchkey");
        let expression = "authorizer.serviceAccount(\"robots\", \"latchkey\").group(\"coordination.k8s.io\")\
                          .resource(\"leases\").namespace(\"keys\").name(\"latchkey\").check(\"update\").allowed()";
        assert_eq!(of.last().map(|last| &last["expression"]), Some(&json!(expression)));
        assert_eq!(names(&of_pods("keys", "kubernetes-admin")), ["not-a-mirror", "names-a-secret"]);
    }

    #[test]
    fn an_update_counts_if_spec_labels_or_annotations_differ() {
        let spec = "(has(object.spec) ? object.spec : {}) != (has(oldObject.spec) ? oldObject.spec : {})";
        assert_eq!(changed("spec"), spec);
    }
}
