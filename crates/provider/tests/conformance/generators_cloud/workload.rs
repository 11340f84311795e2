//! Access tokens of Google Cloud for ServiceAccounts of a cluster that it knows.

use std::sync::Arc;

use latchkey_api::generator::RemoteKind;
use latchkey_provider::ErrorKind;
use latchkey_provider::generate::Endpoints;
use serde_json::{Value, json};

use super::google::{EMAIL, EXPIRES, POOL, start};
use super::{Generator, asked, texts};
use crate::accounts::Accounts;
use crate::rs256::now;

const FIELD: &str = "auth.workloadIdentity.serviceAccountRef: ";

const ANNOTATION: &str = "iam.gke.io/gcp-service-account";

fn identity() -> Value {
    json!({
        "serviceAccountRef": { "name": "builder" }, "clusterLocation": "europe-west1", "clusterName": "shop",
        "clusterProjectID": "project",
    })
}

fn gcr(identity: &Value, cluster: &Arc<Accounts>, endpoints: &Endpoints) -> Generator {
    let spec = json!({ "projectID": "registry", "auth": { "workloadIdentity": identity } });
    Generator::new(RemoteKind::Gcr, &spec, cluster.clone(), endpoints.clone())
}

#[tokio::test]
async fn a_service_account_stands_for_itself_or_impersonates_another() {
    let (server, endpoints) = start().await;
    let cluster = Arc::new(Accounts::with(&[]));
    let before = now();
    let made = gcr(&identity(), &cluster, &endpoints).make().await;
    assert_eq!(texts(&made)["password"], "sts-c4n4ry");
    assert!(texts(&made)["expiry"].parse::<u64>().unwrap() >= before + 3600);
    assert_eq!(*cluster.objects.tokens.lock().unwrap(), [[POOL]]);

    let cluster = Arc::new(Accounts::with(&[(ANNOTATION, EMAIL)]));
    let made = gcr(&identity(), &cluster, &endpoints).make().await;
    let texts = texts(&made);
    assert_eq!((texts["username"], texts["password"]), ("oauth2accesstoken", "3600-c4n4ry"));
    assert_eq!((texts["expiry"], texts.len()), (EXPIRES.1, 3));
    let impersonation = format!("/v1/projects/-/serviceAccounts/{EMAIL}:generateAccessToken");
    assert_eq!(asked(&server).await, ["/v1/token", "/v1/token", impersonation.as_str()]);
}

#[tokio::test]
async fn whom_google_does_not_trust_is_named() {
    let (_server, endpoints) = start().await;
    for claims in [
        json!({ "exp": now() - 1 }),
        json!({ "iss": "https://c4n4ry.example" }),
        json!({ "sub": "system:serviceaccount:team:c4n4ry" }),
        json!({ "aud": ["https://kubernetes.default.svc"] }),
    ] {
        let cluster = Arc::new(Accounts::with(&[]).claiming(claims));
        gcr(&identity(), &cluster, &endpoints).refuses(ErrorKind::Unauthenticated, FIELD).await;
    }
    let other = "c4n4ry@project.iam.gserviceaccount.com";
    for (accounts, kind) in [
        (Accounts::default(), ErrorKind::Credentials),
        (Accounts::with(&[(ANNOTATION, other)]), ErrorKind::Forbidden),
        (Accounts::with(&[(ANNOTATION, "c4n4ry/a@b")]), ErrorKind::InvalidConfig),
    ] {
        gcr(&identity(), &Arc::new(accounts), &endpoints).refuses(kind, FIELD).await;
    }
}

#[tokio::test]
async fn the_cluster_is_what_the_generator_says_or_else_the_machine() {
    let (server, endpoints) = start().await;
    let cluster = Arc::new(Accounts::with(&[]));
    let known = json!({ "serviceAccountRef": { "name": "builder" }, "clusterProjectID": "project" });
    gcr(&known, &cluster, &endpoints).make().await;
    let attribute = |key: &str| format!("/computeMetadata/v1/instance/attributes/{key}");
    let expected = [attribute("cluster-location"), attribute("cluster-name"), "/v1/token".to_owned()];
    assert_eq!(asked(&server).await, expected);

    let guarded = Endpoints { google_metadata: None, ..endpoints.clone() };
    let begin = "auth.workloadIdentity.clusterLocation is not given: ";
    gcr(&known, &cluster, &guarded).refuses(ErrorKind::EndpointRefused, begin).await;

    for (field, value, kind, begin) in [
        ("clusterName", "other", ErrorKind::Unauthenticated, FIELD),
        ("clusterProjectID", "", ErrorKind::Unauthenticated, FIELD), // that of the registry then
        ("clusterLocation", "a/b", ErrorKind::InvalidConfig, "auth.workloadIdentity.clusterLocation "),
    ] {
        let mut identity = identity();
        identity[field] = value.into();
        gcr(&identity, &cluster, &endpoints).refuses(kind, begin).await;
    }
}
