//! What has happened, as the API server remembers it: every version of every Secret, and who asked for what.

use serde_json::Value;

use super::{Namespace, SYSTEM};

/// One version of a Secret.
#[derive(Debug, Clone)]
pub struct Version {
    /// `ADDED`, `MODIFIED` or `DELETED`.
    pub change: String,
    /// The Secret as it was then.
    pub secret: Value,
}

impl Version {
    /// The mark of an admission, if it bears one.
    pub fn pending(&self) -> Option<&str> {
        self.secret["metadata"]["annotations"]["latchkey.dev/pending"].as_str()
    }

    /// Its owner references; none is an empty list.
    pub fn owners(&self) -> Vec<Value> {
        self.secret["metadata"]["ownerReferences"].as_array().cloned().unwrap_or_default()
    }
}

impl Namespace<'_> {
    /// Every version of this Secret since the namespace was made, as a watch from then on tells it.
    pub fn history(&self, secret: &str) -> Vec<Version> {
        let namespace = self.world.get(&format!("/api/v1/namespaces/{}", self.name)).expect("the namespace");
        let since = namespace["metadata"]["resourceVersion"].as_str().expect("a version");
        let watch = format!(
            "/api/v1/namespaces/{}/secrets?watch=1&timeoutSeconds=1&resourceVersion={since}&fieldSelector=metadata.name%3D{secret}",
            self.name
        );
        let said = self.kubectl(&["get", "--raw", &watch]).good();
        let events = said.out.lines().filter(|line| !line.trim().is_empty());
        let events = events.map(|line| serde_json::from_str::<Value>(line).expect("an event of the watch"));
        let version = |event: Value| Version {
            change: event["type"].as_str().unwrap_or_default().to_owned(),
            secret: event["object"].clone(),
        };
        events.map(version).collect()
    }

    /// The kinds of changes of [`Self::history`].
    pub fn changes(&self, secret: &str) -> Vec<String> {
        self.history(secret).into_iter().map(|version| version.change).collect()
    }

    /// What latchkey has written in this namespace, dry runs left out: `create secrets`, `patch externalsecrets/status`.
    pub fn writes(&self) -> Vec<String> {
        let log = std::fs::read_to_string(self.world.cluster.audit_log()).expect("the audit log");
        let here = format!("\"namespace\":{:?}", self.name);
        let lines = log.lines().filter(|line| line.contains(&here));
        let events = lines.filter_map(|line| serde_json::from_str::<Value>(line).ok());
        events.filter(is_write_of_latchkey).map(|event| what(&event)).collect()
    }
}

fn is_write_of_latchkey(event: &Value) -> bool {
    let text = |path: &str| event.pointer(path).and_then(Value::as_str).unwrap_or_default();
    text("/user/username") == format!("system:serviceaccount:{SYSTEM}:latchkey")
        && ["create", "update", "patch", "delete", "deletecollection"].contains(&text("/verb"))
        && !text("/requestURI").contains("dryRun=All")
        && text("/objectRef/subresource") != "token"
}

fn what(event: &Value) -> String {
    let text = |path: &str| event.pointer(path).and_then(Value::as_str).unwrap_or_default();
    match text("/objectRef/subresource") {
        "" => format!("{} {}", text("/verb"), text("/objectRef/resource")),
        part => format!("{} {}/{part}", text("/verb"), text("/objectRef/resource")),
    }
}
