//! Tokens for an Azure Container Registry.

use std::sync::Arc;

use latchkey_api::generator::RemoteKind;
use latchkey_provider::generate::Endpoints;
use latchkey_provider::{Cluster, ErrorKind};
use serde_json::{Value, json};

use super::azure::{CLIENT, REGISTRY, RESOURCE, SECRET, TENANT, start};
use super::{Generator, asked, texts};
use crate::accounts::Accounts;
use crate::fixture::NAMESPACE;
use crate::rs256::now;

const SERVICE_ACCOUNT: &str = "auth.workloadIdentity.serviceAccountRef: ";

fn acr(spec: &Value, cluster: &Arc<impl Cluster + 'static>, endpoints: &Endpoints) -> Generator {
    Generator::new(RemoteKind::Acr, spec, cluster.clone(), endpoints.clone())
}

/// A cluster with the Secret of a service principal.
fn principal(client: &str, secret: &str) -> Arc<Accounts> {
    let accounts = Accounts::default();
    accounts.objects.put_secret("azure", &[("id", client), ("secret", secret)]);
    Arc::new(accounts)
}

fn by_principal() -> Value {
    let key = |key| json!({ "name": "azure", "key": key });
    let reference = json!({ "clientId": key("id"), "clientSecret": key("secret") });
    json!({
        "registry": REGISTRY, "tenantId": TENANT, "auth": { "servicePrincipal": { "secretRef": reference } },
    })
}

fn by_service_account() -> Value {
    json!({
        "registry": REGISTRY, "auth": { "workloadIdentity": { "serviceAccountRef": { "name": "builder" } } },
    })
}

fn by_machine(identity: &str) -> Value {
    json!({ "registry": REGISTRY, "auth": { "managedIdentity": { "identityId": identity } } })
}

/// The annotations of a ServiceAccount.
fn federated(client: &str, tenant: &str) -> Accounts {
    Accounts::with(&[
        ("azure.workload.identity/client-id", client),
        ("azure.workload.identity/tenant-id", tenant),
    ])
}

/// The same with these fields set.
fn with(mut spec: Value, fields: &Value) -> Value {
    for (field, value) in fields.as_object().unwrap() {
        spec[field] = value.clone();
    }
    spec
}

#[tokio::test]
async fn a_service_principal_gets_a_refresh_token_and_one_for_a_scope() {
    let (server, endpoints) = start().await;
    let cluster = principal(CLIENT, "secret-c4n4ry\n"); // as files have it
    let made = acr(&by_principal(), &cluster, &endpoints).make().await;
    let texts_ = texts(&made);
    assert_eq!(texts_["username"], "00000000-0000-0000-0000-000000000000");
    assert_eq!(texts_["password"], "refresh-c4n4ry");
    assert_eq!((texts_.len(), &made.state), (2, &None));
    let login = format!("/{TENANT}/oauth2/v2.0/token");
    assert_eq!(asked(&server).await, [login.as_str(), "/oauth2/exchange"]);

    let scoped = with(by_principal(), &json!({ "scope": "repository:shop:pull,push" }));
    assert_eq!(texts(&acr(&scoped, &cluster, &endpoints).make().await)["password"], "access-c4n4ry");
    let beyond = with(by_principal(), &json!({ "scope": "registry:catalog:*" }));
    acr(&beyond, &cluster, &endpoints).refuses(ErrorKind::Forbidden, "registry: ").await;
}

#[tokio::test]
async fn says_which_service_principal_azure_does_not_take() {
    let (_server, endpoints) = start().await;
    for (client, secret, code) in [
        (CLIENT, "wrong-c4n4ry", "HTTP 401 invalid_client"),
        ("c4n4ry", SECRET, "HTTP 400 unauthorized_client"),
    ] {
        let cluster = principal(client, secret);
        let generator = acr(&by_principal(), &cluster, &endpoints);
        let error = generator.refuses(ErrorKind::Unauthenticated, "auth.servicePrincipal: ").await;
        assert_eq!(error.code.as_deref(), Some(code));
        assert_eq!(*cluster.objects.forgotten.lock().unwrap(), [NAMESPACE], "they are read anew");
    }
    let cluster = principal(CLIENT, SECRET);
    let elsewhere = with(by_principal(), &json!({ "tenantId": "other.example" }));
    let error = acr(&elsewhere, &cluster, &endpoints)
        .refuses(ErrorKind::InvalidRequest, "auth.servicePrincipal: ")
        .await;
    assert_eq!(error.code.as_deref(), Some("HTTP 400 invalid_request"));
}

#[tokio::test]
async fn a_service_account_is_exchanged() {
    let (_server, endpoints) = start().await;
    let cluster = Arc::new(federated(CLIENT, TENANT));
    let made = acr(&by_service_account(), &cluster, &endpoints).make().await;
    assert_eq!(texts(&made)["password"], "refresh-c4n4ry");
    assert_eq!(*cluster.objects.tokens.lock().unwrap(), [["api://AzureADTokenExchange"]]);

    let cluster = Arc::new(Accounts::with(&[("azure.workload.identity/client-id", CLIENT)]));
    let spec = with(by_service_account(), &json!({ "tenantId": TENANT }));
    acr(&spec, &cluster, &endpoints).make().await; // the tenant may stand in the generator
    let missing = acr(&by_service_account(), &cluster, &endpoints);
    missing.refuses(ErrorKind::Credentials, SERVICE_ACCOUNT).await;
}

#[tokio::test]
async fn a_service_account_that_azure_does_not_trust_is_named() {
    let (_server, endpoints) = start().await;
    for claims in [
        json!({ "exp": now() - 1 }),
        json!({ "iss": "https://c4n4ry.example" }),
        json!({ "sub": "system:serviceaccount:team:c4n4ry" }),
        json!({ "aud": ["https://kubernetes.default.svc"] }),
    ] {
        let cluster = Arc::new(federated(CLIENT, TENANT).claiming(claims));
        let generator = acr(&by_service_account(), &cluster, &endpoints);
        generator.refuses(ErrorKind::Unauthenticated, SERVICE_ACCOUNT).await;
    }
    for (accounts, kind) in [
        (Accounts::default(), ErrorKind::Credentials),
        (Accounts::with(&[]), ErrorKind::Credentials),
        (federated("c4n4ry", TENANT), ErrorKind::Unauthenticated),
        (federated(CLIENT, "other"), ErrorKind::InvalidRequest),
        (federated(CLIENT, "../c4n4ry"), ErrorKind::InvalidConfig),
        (federated(CLIENT, ".."), ErrorKind::InvalidConfig),
    ] {
        acr(&by_service_account(), &Arc::new(accounts), &endpoints).refuses(kind, SERVICE_ACCOUNT).await;
    }
}

#[tokio::test]
async fn a_machine_logs_in_with_one_of_its_identities() {
    let (_server, endpoints) = start().await;
    let cluster = Arc::new(Accounts::default());
    for identity in ["", CLIENT, RESOURCE] {
        let made = acr(&by_machine(identity), &cluster, &endpoints).make().await;
        assert_eq!(texts(&made)["password"], "refresh-c4n4ry", "{identity}");
    }
    let unknown = acr(&by_machine("c4n4ry"), &cluster, &endpoints);
    unknown.refuses(ErrorKind::InvalidRequest, "auth.managedIdentity: ").await;
}

#[tokio::test]
async fn a_machines_token_goes_to_azures_registries_alone_and_nobody_has_its_metadata_asked() {
    let (server, endpoints) = start().await;
    let cluster = Arc::new(Accounts::default());
    for registry in ["registry.example", "azurecr.io", "example.azurecr.io.example", "example.azurecr.cn"] {
        let spec = with(by_machine(""), &json!({ "registry": registry }));
        acr(&spec, &cluster, &endpoints).refuses(ErrorKind::InvalidConfig, "registry ").await;
    }
    let endpoints = Endpoints { azure_metadata: None, ..endpoints };
    let generator = acr(&by_machine(""), &cluster, &endpoints);
    let error = generator.refuses(ErrorKind::EndpointRefused, "auth.managedIdentity: ").await;
    assert!(error.message.contains("--allow-endpoints="), "{error}");
    assert_eq!(asked(&server).await, [""; 0]);
}

#[tokio::test]
async fn the_first_of_several_ways_is_taken() {
    let (_, endpoints) = start().await;
    let cluster = principal(CLIENT, SECRET);
    let mut all = by_principal();
    all["auth"]["managedIdentity"] = json!({ "identityId": "c4n4ry" });
    all["auth"]["workloadIdentity"] = json!({});
    let two = with(by_machine(""), &json!({ "auth": { "managedIdentity": {}, "workloadIdentity": {} } }));
    for spec in [all, two] {
        let made = acr(&spec, &cluster, &endpoints).make().await;
        assert_eq!(texts(&made)["password"], "refresh-c4n4ry", "{spec}");
    }
}

#[tokio::test]
async fn says_which_field_does_not_fit() {
    let (server, endpoints) = start().await;
    let cluster = principal(CLIENT, SECRET);
    for (fields, kind, begin) in [
        (json!({ "auth": {} }), ErrorKind::InvalidConfig, "auth needs one of "),
        (json!({ "tenantId": "" }), ErrorKind::InvalidConfig, "tenantId is missing"),
        (json!({ "tenantId": "a/b" }), ErrorKind::InvalidConfig, "auth.servicePrincipal: its tenant "),
        (
            json!({ "registry": "https://a.azurecr.io" }),
            ErrorKind::InvalidConfig,
            "registry is not the name ",
        ),
        (json!({ "environmentType": "AzureStackCloud" }), ErrorKind::Unsupported, "environmentType "),
        (
            json!({ "auth": { "workloadIdentity": {} } }),
            ErrorKind::InvalidConfig,
            "auth.workloadIdentity.serviceAccountRef is missing",
        ),
        (
            json!({ "auth": { "servicePrincipal": { "secretRef": {} } } }),
            ErrorKind::InvalidConfig,
            "auth.servicePrincipal.secretRef.clientId is missing",
        ),
        (
            json!({ "auth": { "servicePrincipal": { "secretRef": { "clientId": { "name": "no", "key": "id" } } } } }),
            ErrorKind::Credentials,
            "auth.servicePrincipal.secretRef.clientId: ",
        ),
    ] {
        acr(&with(by_principal(), &fields), &cluster, &endpoints).refuses(kind, begin).await;
    }
    assert_eq!(asked(&server).await, [""; 0]);
}

#[tokio::test]
async fn what_the_registry_refuses_is_said_of_the_registry() {
    let (server, endpoints) = start().await;
    let cluster = principal(CLIENT, SECRET);
    let other = with(by_principal(), &json!({ "registry": "other.azurecr.io" }));
    acr(&other, &cluster, &endpoints).refuses(ErrorKind::InvalidRequest, "registry: ").await;
    let gone = Endpoints { azure_registry: Some("http://127.0.0.1:1".to_owned()), ..endpoints.clone() };
    acr(&by_principal(), &cluster, &gone)
        .refuses(ErrorKind::Unavailable, "cannot reach the registry at ")
        .await;
    let local = Endpoints { azure_registry: None, ..endpoints };
    let metadata = with(by_principal(), &json!({ "registry": "169.254.169.254" }));
    let asked_before = asked(&server).await.len();
    acr(&metadata, &cluster, &local).refuses(ErrorKind::EndpointRefused, "registry: ").await;
    assert_eq!(asked(&server).await.len(), asked_before, "nobody logs in for it");
}
