//! What a store names in the cluster, by ESO's rules and in its words.

use std::collections::BTreeMap;
use std::sync::Arc;

use latchkey_api::provider::{CaProvider, CaProviderType, SecretKeySelector};
use latchkey_api::store::StoreKind;
use latchkey_provider::observe::Unobserved;
use latchkey_provider::{Connector, ErrorKind, Scope, credentials};
use latchkey_testbed::CertificateAuthority;
use serde_json::json;

use crate::fixture::{NAMESPACE, Objects, scope, spec};

fn selector(name: &str, key: &str) -> SecretKeySelector {
    SecretKeySelector { name: Some(name.to_owned()), key: Some(key.to_owned()), namespace: None }
}

fn objects() -> Objects {
    let objects = Objects::default();
    objects.put_secret("login", &[("token", " c4n4ry\n"), ("blank", "\n"), ("password", "p")]);
    objects
}

async fn rejects(selector: &SecretKeySelector, want: &str) {
    let error = credentials::token(&objects(), &scope(), selector, None).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Credentials);
    assert!(error.message.contains(want) && !error.message.contains("c4n4ry"), "{error}");
}

#[tokio::test]
async fn a_token_loses_the_newline_that_an_editor_left() {
    let objects = objects();
    let login = selector("login", "token");
    let token = credentials::token(&objects, &scope(), &login, None).await.unwrap();
    assert_eq!(token.expose_str(), Some("c4n4ry"));
    let verbatim = credentials::secret_key(&objects, &scope(), &login, None).await.unwrap();
    assert_eq!(verbatim.expose_str(), Some(" c4n4ry\n"));
}

#[tokio::test]
async fn a_field_may_have_a_default_key() {
    let login = SecretKeySelector { key: None, ..selector("login", "") };
    let read = credentials::token(&objects(), &scope(), &login, Some("password")).await.unwrap();
    assert_eq!(read.expose_str(), Some("p"));
}

#[tokio::test]
async fn what_is_missing_is_named() {
    rejects(
        &selector("nobody", "token"),
        "cannot get Kubernetes secret \"nobody\" from namespace \"team\": ",
    )
    .await;
    rejects(&selector("login", "nobody"), "cannot find secret data for key: \"nobody\"").await;
    rejects(&selector("login", "blank"), "key \"blank\" of Kubernetes secret \"login\" is empty").await;
    rejects(&SecretKeySelector { key: None, ..selector("login", "") }, "has no key").await;
    rejects(&SecretKeySelector { name: None, ..selector("", "token") }, "has no name").await;
}

#[tokio::test]
async fn a_store_reads_its_own_namespace_and_a_cluster_store_any() {
    let elsewhere = SecretKeySelector { namespace: Some("other".to_owned()), ..selector("login", "token") };
    let error = credentials::token(&objects(), &scope(), &elsewhere, None).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidConfig);

    let cluster = Scope { kind: StoreKind::ClusterSecretStore, store_namespace: None, ..scope() };
    let named = SecretKeySelector { namespace: Some(NAMESPACE.to_owned()), ..selector("login", "token") };
    let validating = Scope { namespace: None, ..cluster.clone() };
    assert!(credentials::token(&objects(), &validating, &named, None).await.is_ok());
    let referent = selector("login", "token");
    assert!(credentials::token(&objects(), &cluster, &referent, None).await.is_ok());
    let error = credentials::token(&objects(), &validating, &referent, None).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Referent);
}

#[tokio::test]
async fn a_ca_comes_from_the_store_a_secret_or_a_config_map() {
    let pem = CertificateAuthority::new("test").unwrap().pem().to_owned();
    let mut objects = objects();
    objects.put_secret("ca", &[("ca.crt", &pem)]);
    let data = BTreeMap::from([("ca.crt".to_owned(), pem.clone()), ("none".to_owned(), "c4n4ry".to_owned())]);
    objects.config_maps.insert((NAMESPACE.to_owned(), "ca".to_owned()), data);
    let from = |type_, key: &str| CaProvider {
        type_,
        name: "ca".to_owned(),
        key: Some(key.to_owned()),
        namespace: None,
    };
    for type_ in [CaProviderType::Secret, CaProviderType::ConfigMap] {
        let found = credentials::ca(&objects, &scope(), None, Some(&from(type_, "ca.crt"))).await.unwrap();
        assert_eq!(found.as_deref(), Some(pem.as_bytes()));
    }
    let config_map = from(CaProviderType::ConfigMap, "none");
    let bundle = credentials::ca(&objects, &scope(), Some(pem.as_bytes()), Some(&config_map)).await.unwrap();
    assert_eq!(bundle.as_deref(), Some(pem.as_bytes()), "the bundle comes first");
    let error = credentials::ca(&objects, &scope(), None, Some(&config_map)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidConfig);
    assert!(!error.message.contains("c4n4ry"), "{error}");
    assert_eq!(credentials::ca(&objects, &scope(), None, None).await, Ok(None));
}

#[tokio::test]
async fn a_provider_that_is_not_there_is_named() {
    let connector = Connector::new(Arc::new(Objects::default()), Arc::new(Unobserved));
    let error = connector.connect(&spec(json!({ "gcpsm": {} })), &scope()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unsupported);
    assert_eq!(error.message, "provider \"gcpsm\" is not supported by this version");
    for block in [json!({}), json!({ "gcpsm": {}, "fake": { "data": [] } })] {
        let error = connector.connect(&spec(block), &scope()).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidConfig);
    }
}
