//! Access tokens of Google Cloud for identities of somebody else's that it trusts.

use std::sync::Arc;

use latchkey_api::generator::RemoteKind;
use latchkey_provider::ErrorKind;
use latchkey_provider::generate::Endpoints;
use serde_json::{Value, json};

use super::google::{EMAIL, EXPIRES, OTHER_PROVIDER, PROVIDER, start};
use super::{Generator, asked, texts};
use crate::accounts::Accounts;
use crate::fixture::NAMESPACE;

const AT: &str = "auth.workloadIdentityFederation";

const ANNOTATION: &str = "iam.gke.io/gcp-service-account";

fn gcr(federation: &Value, accounts: Accounts, endpoints: &Endpoints) -> Generator {
    let spec = json!({ "projectID": "project", "auth": { "workloadIdentityFederation": federation } });
    Generator::new(RemoteKind::Gcr, &spec, Arc::new(accounts), endpoints.clone())
}

fn by_service_account() -> Value {
    json!({ "audience": PROVIDER, "serviceAccountRef": { "name": "builder" } })
}

/// What `gcloud iam workload-identity-pools create-cred-config` writes.
fn external(source: &str) -> Value {
    json!({
        "type": "external_account", "audience": OTHER_PROVIDER,
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": "https://sts.googleapis.com/v1/token",
        "credential_source": { "url": source, "headers": { "X-Key": "header-c4n4ry" } },
    })
}

fn impersonating(email: &str) -> Value {
    format!("https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{email}:generateAccessToken")
        .into()
}

/// A cluster with this configuration in a ConfigMap.
fn keeping(config: &str) -> Accounts {
    let mut accounts = Accounts::default();
    let data = [("config.json".to_owned(), config.to_owned())];
    accounts.objects.config_maps.insert((NAMESPACE.to_owned(), "google".to_owned()), data.into());
    accounts
}

fn by_config(endpoint: &str) -> Value {
    json!({ "credConfig": { "name": "google", "key": "config.json" }, "externalTokenEndpoint": endpoint })
}

#[tokio::test]
async fn a_service_account_of_any_cluster_gets_a_token() {
    let (_server, endpoints) = start().await;
    let made = gcr(&by_service_account(), Accounts::with(&[]), &endpoints).make().await;
    assert_eq!(texts(&made)["password"], "sts-c4n4ry");

    let mut own = by_service_account();
    own["serviceAccountRef"]["audiences"] = json!(["own-audience"]);
    gcr(&own, Accounts::with(&[]), &endpoints).make().await;
    own["serviceAccountRef"]["audiences"] = json!(["other"]);
    let wrong = gcr(&own, Accounts::with(&[]), &endpoints);
    wrong.refuses(ErrorKind::Unauthenticated, &format!("{AT}.serviceAccountRef: ")).await;
}

#[tokio::test]
async fn the_service_account_to_impersonate_is_the_fields_or_the_annotations() {
    let (_server, endpoints) = start().await;
    let annotated = || Accounts::with(&[(ANNOTATION, EMAIL)]);
    let made = gcr(&by_service_account(), annotated(), &endpoints).make().await;
    assert_eq!((texts(&made)["password"], texts(&made)["expiry"]), ("3600-c4n4ry", EXPIRES.1));

    let mut spec = by_service_account();
    spec["gcpServiceAccountEmail"] = json!(EMAIL);
    let other = Accounts::with(&[(ANNOTATION, "c4n4ry@project.iam.gserviceaccount.com")]);
    assert_eq!(texts(&gcr(&spec, other, &endpoints).make().await)["password"], "3600-c4n4ry");
    spec["gcpServiceAccountEmail"] = json!("shop");
    let begin = format!("{AT}.gcpServiceAccountEmail is not ");
    gcr(&spec, annotated(), &endpoints).refuses(ErrorKind::InvalidConfig, &begin).await;
}

#[tokio::test]
async fn an_external_accounts_token_is_fetched() {
    let (server, endpoints) = start().await;
    let url = format!("{}/subject/text", server.uri());
    let made = gcr(&by_config(&url), keeping(&external(&url).to_string()), &endpoints).make().await;
    assert_eq!(texts(&made)["password"], "sts-c4n4ry");
    assert_eq!(asked(&server).await, ["/subject/text", "/v1/token"]);

    let url = format!("{}/subject/json", server.uri());
    let mut config = external(&url);
    config["credential_source"]["format"] = json!({ "type": "json", "subject_token_field_name": "value" });
    config["service_account_impersonation_url"] = impersonating(EMAIL);
    config["service_account_impersonation"] = json!({ "token_lifetime_seconds": 900 });
    let made = gcr(&by_config(&url), keeping(&config.to_string()), &endpoints).make().await;
    assert_eq!((texts(&made)["password"], texts(&made)["expiry"]), ("900-c4n4ry", EXPIRES.1));

    config["credential_source"]["format"]["subject_token_field_name"] = json!("id");
    let not_text = gcr(&by_config(&url), keeping(&config.to_string()), &endpoints);
    not_text.refuses(ErrorKind::InvalidValue, "the source of tokens at ").await;
    config["credential_source"]["headers"] = json!({ "X-Key": "c4n4ry" });
    let unknown = gcr(&by_config(&url), keeping(&config.to_string()), &endpoints);
    unknown.refuses(ErrorKind::Forbidden, &format!("{AT}.credConfig: ")).await;
}

#[tokio::test]
async fn an_external_account_leads_nowhere_else() {
    let (server, endpoints) = start().await;
    let url = format!("{}/subject/text", server.uri());
    let begin = format!("{AT}.credConfig: the configuration ");
    for (pointer, value, why) in [
        ("/type", json!("service_account"), "is of another \"type\""),
        ("/token_url", json!("https://c4n4ry.example/v1/token"), "has another \"token_url\""),
        ("/client_id", json!("c4n4ry"), "has a \"client_id\""),
        ("/service_account_impersonation_url", json!("https://c4n4ry.example/"), "has a \"service_account"),
        ("/service_account_impersonation_url", impersonating("../c4n4ry"), "has a \"service_account"),
        ("/credential_source", Value::Null, "has no \"credential_source\""),
        ("/credential_source/file", json!("/var/run/c4n4ry"), "has a \"credential_source\" with \"file\""),
        ("/credential_source/executable", json!({ "command": "c4n4ry" }), "has a \"credential_source\" with"),
        ("/credential_source/environment_id", json!("aws1"), "has a \"credential_source\" with"),
        ("/credential_source/url", json!("https://c4n4ry.example/"), "has another \"url\""),
        ("/credential_source/format", json!({ "type": "json" }), "has no \"subject_token_field_name\""),
        ("/credential_source/format", json!({ "type": "c4n4ry" }), "has a format other than"),
    ] {
        let mut config = external(&url);
        let (parent, field) = pointer.rsplit_once('/').unwrap();
        config.pointer_mut(parent).unwrap()[field] = value;
        let generator = gcr(&by_config(&url), keeping(&config.to_string()), &endpoints);
        generator.refuses(ErrorKind::Credentials, &format!("{begin}{why}")).await;
    }
    let metadata = "http://169.254.169.254/c4n4ry";
    let generator = gcr(&by_config(metadata), keeping(&external(metadata).to_string()), &endpoints);
    generator.refuses(ErrorKind::EndpointRefused, &format!("{AT}.credConfig: ")).await;
    assert_eq!(asked(&server).await, [""; 0]);
}

#[tokio::test]
async fn says_which_field_does_not_fit() {
    let (server, endpoints) = start().await;
    let aws = json!({ "region": "eu-west-1", "awsCredentialsSecretRef": { "name": "aws" } });
    let both = json!({ "serviceAccountRef": { "name": "builder" }, "awsSecurityCredentials": aws });
    for (federation, kind, why) in [
        (json!({}), ErrorKind::InvalidConfig, " needs exactly one of "),
        (both, ErrorKind::InvalidConfig, " needs exactly one of "),
        (
            json!({ "awsSecurityCredentials": aws }),
            ErrorKind::Unsupported,
            ".awsSecurityCredentials is not supported",
        ),
        (
            json!({ "serviceAccountRef": { "name": "builder" } }),
            ErrorKind::InvalidConfig,
            ".audience is missing",
        ),
        (by_config(""), ErrorKind::Credentials, ".credConfig: the configuration is not the JSON"),
        (
            json!({ "credConfig": { "name": "google", "key": "no" } }),
            ErrorKind::Credentials,
            ".credConfig: config map \"google\" has no key \"no\"",
        ),
        (json!({ "credConfig": { "name": "no", "key": "no" } }), ErrorKind::Credentials, ".credConfig: "),
    ] {
        let generator = gcr(&federation, keeping("c4n4ry"), &endpoints);
        generator.refuses(kind, &format!("{AT}{why}")).await;
    }
    assert_eq!(asked(&server).await, [""; 0]);
}
