//! Access tokens of Google Cloud by a service account's key.

use std::sync::Arc;

use latchkey_api::generator::RemoteKind;
use latchkey_provider::ErrorKind;
use latchkey_provider::generate::Endpoints;
use serde_json::{Value, json};

use super::google::{EMAIL, start};
use super::{Generator, asked, texts};
use crate::accounts::Accounts;
use crate::fixture::NAMESPACE;
use crate::rs256::{KEY, Key, OTHER, now};

const FIELD: &str = "auth.secretRef.secretAccessKeySecretRef: ";

fn file(server: &str, key: &Key) -> Value {
    json!({
        "type": "service_account", "project_id": "project", "private_key_id": "key-1", "private_key": key.pem(),
        "client_email": EMAIL, "client_id": "1", "token_uri": format!("{server}/token"),
        "auth_uri": "https://accounts.google.com/o/oauth2/auth", "universe_domain": "googleapis.com",
    })
}

/// A cluster with this file in a Secret.
fn keeping(file: &str) -> Arc<Accounts> {
    let accounts = Accounts::default();
    accounts.objects.put_secret("google", &[("key.json", file)]);
    Arc::new(accounts)
}

fn gcr(cluster: &Arc<Accounts>, endpoints: &Endpoints) -> Generator {
    let selector = json!({ "name": "google", "key": "key.json" });
    let auth = json!({ "secretRef": { "secretAccessKeySecretRef": selector } });
    let spec = json!({ "projectID": "project", "auth": auth });
    Generator::new(RemoteKind::Gcr, &spec, cluster.clone(), endpoints.clone())
}

#[tokio::test]
async fn a_key_gets_a_token() {
    let (server, endpoints) = start().await;
    let cluster = keeping(&file(&server.uri(), &KEY).to_string());
    let before = now();
    let made = gcr(&cluster, &endpoints).make().await;
    let texts = texts(&made);
    assert_eq!((texts["username"], texts["password"]), ("oauth2accesstoken", "key-c4n4ry"));
    let expiry: u64 = texts["expiry"].parse().unwrap();
    assert!((before + 3599..=now() + 3599).contains(&expiry), "{expiry}");
    assert_eq!((texts.len(), &made.state), (3, &None));
    assert_eq!(asked(&server).await, ["/token"]);
}

#[tokio::test]
async fn a_key_that_google_does_not_take_is_named_and_read_anew() {
    let (server, endpoints) = start().await;
    let with = |field: &str, value: &str| {
        let mut file = file(&server.uri(), &KEY);
        file[field] = value.into();
        file
    };
    for file in [
        file(&server.uri(), &OTHER),
        with("private_key_id", "c4n4ry"),
        with("client_email", "c4n4ry@project.iam.gserviceaccount.com"),
        with("token_uri", &format!("{}/token?c4n4ry", server.uri())),
    ] {
        let cluster = keeping(&file.to_string());
        let error = gcr(&cluster, &endpoints).refuses(ErrorKind::Unauthenticated, FIELD).await;
        assert_eq!(error.code.as_deref(), Some("HTTP 400 invalid_grant"));
        assert_eq!(*cluster.objects.forgotten.lock().unwrap(), [NAMESPACE]);
    }
}

#[tokio::test]
async fn what_is_no_key_is_sent_nowhere() {
    let (server, endpoints) = start().await;
    let with = |field: &str, value: Value| {
        let mut file = file(&server.uri(), &KEY);
        file[field] = value;
        file.to_string()
    };
    for (file, kind, begin) in [
        ("c4n4ry".to_owned(), ErrorKind::Credentials, "the key is not the JSON"),
        (with("type", json!("authorized_user")), ErrorKind::Credentials, "the key is of another \"type\""),
        (with("client_email", json!("")), ErrorKind::Credentials, "the key has no \"client_email\""),
        (with("private_key", json!("c4n4ry")), ErrorKind::Credentials, "the private key is not"),
        (with("token_uri", json!("c4n4ry")), ErrorKind::InvalidConfig, "token_uri of the key is no address"),
        (with("token_uri", json!("http://169.254.169.254/c4n4ry")), ErrorKind::EndpointRefused, "Google at "),
    ] {
        gcr(&keeping(&file), &endpoints).refuses(kind, &format!("{FIELD}{begin}")).await;
    }
    gcr(&Arc::default(), &endpoints).refuses(ErrorKind::Credentials, FIELD).await;
    assert_eq!(asked(&server).await, [""; 0]);
}

#[tokio::test]
async fn the_first_way_that_is_given_is_taken() {
    let selector = json!({ "serviceAccountRef": { "name": "builder" } });
    for (auth, begin) in [
        (json!({}), "auth is empty: "),
        (
            json!({ "secretRef": {}, "workloadIdentity": selector, "workloadIdentityFederation": {} }),
            "auth.secretRef.secretAccessKeySecretRef is missing",
        ),
        (json!({ "secretRef": {} }), "auth.secretRef.secretAccessKeySecretRef is missing"),
    ] {
        let spec = json!({ "projectID": "project", "auth": auth });
        let cluster = Arc::new(Accounts::default());
        let generator = Generator::new(RemoteKind::Gcr, &spec, cluster, Endpoints::default());
        generator.refuses(ErrorKind::InvalidConfig, begin).await;
    }
}
