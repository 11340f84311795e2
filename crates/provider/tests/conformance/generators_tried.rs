//! What can be said of a generator without asking its service: of every kind that asks one.

use std::collections::BTreeMap;
use std::sync::Arc;

use latchkey_api::generator::{Remote, RemoteKind};
use latchkey_provider::observe::Unobserved;
use latchkey_provider::{Connector, Error, ErrorKind};
use serde_json::{Value, json};

use crate::fixture::{NAMESPACE, Objects};
use crate::rs256::KEY;

/// Nobody listens there: whoever sends something learns that.
const NOWHERE: &str = "http://127.0.0.1:1";

fn objects() -> Objects {
    let annotations = BTreeMap::from([
        ("azure.workload.identity/client-id".to_owned(), "client".to_owned()),
        ("azure.workload.identity/tenant-id".to_owned(), "tenant".to_owned()),
    ]);
    let account = ((NAMESPACE.to_owned(), "builder".to_owned()), (annotations, "c4n4ry".to_owned()));
    let objects = Objects { service_accounts: BTreeMap::from([account]), ..Objects::default() };
    objects.put_secret("webhook-login", &[("token", "c4n4ry"), ("pem", &KEY.pem())]);
    objects
}

/// A generator of each kind that could be asked, and what makes it one that could not.
fn generators() -> Vec<(RemoteKind, Value, Value, ErrorKind)> {
    let key = json!({ "name": "webhook-login", "key": "token" });
    let gone = json!({ "name": "gone", "key": "token" });
    let keys = |key: &Value| json!({ "secretRef": { "accessKeyIDSecretRef": key, "secretAccessKeySecretRef": key } });
    let account = |name: &str| json!({ "name": name });
    let by_account = |name: &str| json!({ "workloadIdentity": { "serviceAccountRef": account(name) } });
    let robot =
        |name: &str| json!({ "url": NOWHERE, "robotAccount": "a+b", "serviceAccountRef": account(name) });
    let gitlab = json!({
        "url": NOWHERE, "projectID": "1", "name": "ci", "scopes": ["read_registry"],
        "auth": { "token": { "secretRef": key } },
    });
    let grafana = json!({ "url": NOWHERE, "auth": { "token": key }, "serviceAccount": { "name": "n", "role": "Viewer" } });
    let pem = json!({ "name": "webhook-login", "key": "pem" });
    let github = |key: &Value| json!({ "privateKey": { "secretRef": key } });
    vec![
        (
            RemoteKind::Acr,
            json!({ "registry": "a.azurecr.io", "auth": by_account("builder") }),
            json!({ "auth": by_account("nobody") }),
            ErrorKind::Credentials,
        ),
        (
            RemoteKind::Cloudsmith,
            json!({ "apiUrl": NOWHERE, "orgSlug": "o", "serviceSlug": "s", "serviceAccountRef": account("builder") }),
            json!({ "serviceAccountRef": account("nobody") }),
            ErrorKind::Credentials,
        ),
        (
            RemoteKind::Ecr,
            json!({ "region": "eu-central-1", "auth": keys(&key), "role": "arn:aws:iam::123456789012:role/puller" }),
            json!({ "auth": keys(&gone) }),
            ErrorKind::Credentials,
        ),
        (
            RemoteKind::Gcr,
            json!({ "projectID": "p", "auth": { "workloadIdentity": {
                "serviceAccountRef": account("builder"), "clusterLocation": "l", "clusterName": "c",
            } } }),
            json!({ "auth": {} }),
            ErrorKind::InvalidConfig,
        ),
        (
            RemoteKind::Github,
            json!({ "url": NOWHERE, "appID": "1", "installID": "2", "auth": github(&pem) }),
            json!({ "auth": github(&key) }),
            ErrorKind::Credentials,
        ),
        (RemoteKind::Gitlab, gitlab, json!({ "scopes": [] }), ErrorKind::InvalidConfig),
        (RemoteKind::Grafana, grafana, json!({ "auth": { "token": gone } }), ErrorKind::Credentials),
        (RemoteKind::Quay, robot("builder"), robot("nobody"), ErrorKind::Credentials),
        (
            RemoteKind::Sts,
            json!({ "region": "eu-central-1", "auth": keys(&key) }),
            json!({ "region": "" }),
            ErrorKind::InvalidConfig,
        ),
        (
            RemoteKind::Vault,
            json!({ "provider": { "server": NOWHERE, "auth": { "tokenSecretRef": key } }, "path": "a/b" }),
            json!({ "path": "a/../b" }),
            ErrorKind::InvalidRequest,
        ),
        (
            RemoteKind::Webhook,
            json!({ "url": NOWHERE, "result": {}, "secrets": [{ "name": "login", "secretRef": key }] }),
            json!({ "url": "http://169.254.169.254" }),
            ErrorKind::EndpointRefused,
        ),
    ]
}

async fn tried(kind: RemoteKind, spec: &Value, objects: Arc<Objects>) -> Result<(), Error> {
    let connector = Connector::new(objects, Arc::new(Unobserved));
    connector.try_generator(&Remote::read(kind, spec).unwrap(), NAMESPACE).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_before_a_service_is_asked_is_said_without_asking_it() {
    let generators = generators();
    assert_eq!(generators.len(), RemoteKind::ALL.len());
    for (kind, spec, change, wrong) in generators {
        let objects = Arc::new(objects());
        tried(kind, &spec, objects.clone()).await.unwrap_or_else(|error| panic!("{kind:?}: {error}"));
        let mut spec = spec;
        spec.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let error = tried(kind, &spec, objects.clone()).await.unwrap_err();
        assert_eq!(error.kind, wrong, "{kind:?}: {error}");
        assert!(!format!("{error:?}").contains("c4n4ry"), "{error}");
        assert!(objects.tokens.lock().unwrap().is_empty(), "{kind:?}: no token is made for nothing");
    }
}
