//! Kinds of the tests' own, for what is written beside Secrets.

use serde_json::{Value, json};

use super::{World, manifests};

/// A kind: its name, which in small letters and with an `s` is its resource, its group, and what its objects look like.
pub struct Kind<'a> {
    pub name: &'a str,
    pub group: &'a str,
    /// The schema of whole objects.
    pub schema: Value,
}

/// Objects of which anything may be said.
pub fn anything() -> Value {
    json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true })
}

impl Kind<'_> {
    /// Its CustomResourceDefinition.
    pub fn definition(&self) -> Value {
        let Kind { name, group, schema } = self;
        let (singular, plural) = (name.to_lowercase(), self.plural());
        json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": { "name": format!("{plural}.{group}") },
            "spec": {
                "group": group, "scope": "Namespaced",
                "names": { "kind": name, "plural": plural, "singular": singular },
                "versions": [{ "name": "v1", "served": true, "storage": true, "schema": { "openAPIV3Schema": schema } }],
            },
        })
    }

    fn plural(&self) -> String {
        format!("{}s", self.name.to_lowercase())
    }
}

impl World {
    /// Has the API server serve a kind; latchkey may write objects of it and ConfigMaps, anywhere.
    pub fn serve_for_latchkey(&self, kind: &Kind<'_>) {
        let plural = kind.plural();
        let verbs = ["get", "list", "create", "update", "delete"];
        let role = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": { "name": "generic" },
            "rules": [
                { "apiGroups": [""], "resources": ["configmaps"], "verbs": verbs },
                { "apiGroups": [kind.group], "resources": [plural], "verbs": verbs },
            ],
        });
        let binding = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
            "metadata": { "name": "generic" },
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "generic" },
            "subjects": [{ "kind": "ServiceAccount", "name": "latchkey", "namespace": "latchkey-system" }],
        });
        self.apply(&manifests::list(&[kind.definition(), role, binding])).good();
        let served = format!("crd/{plural}.{}", kind.group);
        self.kubectl(&["wait", "--for=condition=Established", &served], "").good();
    }
}
