//! Which labels and annotations of a Secret go along when it is pushed.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use latchkey_provider::SourceMetadata;

/// What tells how the Secret came about and whose it is: on a copy it would be false, and who believes it may delete the copy.
const STAYS: [&str; 2] = ["kubectl.kubernetes.io/last-applied-configuration", "app.kubernetes.io/managed-by"];

/// The same of everything under these prefixes: latchkey's own books, those of External Secrets Operator, of Helm, Argo CD and Flux.
const STAYS_BELOW: [&str; 7] = [
    "latchkey.dev/",
    "reconcile.external-secrets.io/",
    "externalsecrets.external-secrets.io/",
    "meta.helm.sh/",
    "argocd.argoproj.io/",
    "kustomize.toolkit.fluxcd.io/",
    "helm.toolkit.fluxcd.io/",
];

/// What is pushed of a Secret's labels and annotations, and its type.
pub fn carried(metadata: &ObjectMeta, type_: Option<String>) -> SourceMetadata {
    let of = |all: &Option<BTreeMap<String, String>>| {
        let all = all.iter().flatten().filter(|(key, _)| goes_along(key));
        all.map(|(key, value)| (key.clone(), value.clone())).collect()
    };
    SourceMetadata { type_, labels: of(&metadata.labels), annotations: of(&metadata.annotations) }
}

fn goes_along(key: &str) -> bool {
    !STAYS.contains(&key) && !STAYS_BELOW.iter().any(|prefix| key.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::engine::pending::PENDING;

    #[test]
    fn books_stay_and_everything_else_goes_along() {
        let metadata: ObjectMeta = serde_json::from_value(json!({
            "labels": {
                "team": "a", "app.kubernetes.io/name": "db", "app.kubernetes.io/managed-by": "Helm",
                "reconcile.external-secrets.io/managed": "true", "reconcile.external-secrets.io/created-by": "x",
            },
            "annotations": {
                "note": "b", "reconcile.external-secrets.io/data-hash": "x", PENDING: "{}", "latchkey.dev/pushed": "true",
                "kubectl.kubernetes.io/last-applied-configuration": "{}",
                "meta.helm.sh/release-name": "x", "argocd.argoproj.io/tracking-id": "x",
                "kustomize.toolkit.fluxcd.io/name": "x",
            },
        }))
        .expect("metadata");
        let SourceMetadata { type_, labels, annotations } = carried(&metadata, Some("team/type".to_owned()));
        assert_eq!(type_.as_deref(), Some("team/type"));
        assert_eq!(json!(labels), json!({ "team": "a", "app.kubernetes.io/name": "db" }));
        assert_eq!(json!(annotations), json!({ "note": "b" }));
    }
}
