//! A Vault that is sealed, down, or not to be trusted.

use latchkey_provider::ErrorKind;
use latchkey_testbed::{CertificateAuthority, ListenerTls};
use serde_json::{Value, json};

use super::{Bench, own_vault, reference, token_auth};

fn encoded(pem: &str) -> String {
    base64::Engine::encode(&base64::engine::general_purpose::STANDARD, pem)
}

/// Reading and validating fail, and say this.
async fn fails(bench: &Bench, kind: ErrorKind, says: &str) {
    for error in [
        bench.entry(&reference("a")).await.unwrap_err(),
        bench.connection.provider.validate().await.unwrap_err(),
    ] {
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.message.contains(says), "{error}");
    }
}

#[tokio::test]
async fn a_sealed_or_stopped_vault_is_unavailable_and_comes_back() {
    let vault = own_vault(ListenerTls::Off);
    vault.put("secret/a", &json!({ "v": "1" })).unwrap();
    let store = json!({ "server": vault.addr(), "path": "secret", "auth": token_auth() });
    let bench = Bench::new(store, &[("token", vault.root_token())]).await;
    assert_eq!(bench.value("a", "v").await.as_deref(), Ok("1"));
    vault.seal().unwrap();
    fails(&bench, ErrorKind::Unavailable, &format!("vault at {} is sealed", vault.addr())).await;
    vault.unseal().unwrap();
    assert_eq!(bench.value("a", "v").await.as_deref(), Ok("1"));
    vault.stop();
    let refused = format!("cannot connect to vault at {}: connection refused", vault.addr());
    fails(&bench, ErrorKind::Unavailable, &refused).await;
    vault.start_again().unwrap();
    assert_eq!(bench.value("a", "v").await.as_deref(), Ok("1"));
}

#[tokio::test]
async fn a_vault_is_trusted_by_the_stores_authority_alone() {
    let vault = own_vault(ListenerTls::Server);
    vault.put("secret/a", &json!({ "v": "1" })).unwrap();
    let bench = async |more: Value| {
        let store = json!({ "server": vault.addr(), "path": "secret", "auth": token_auth() });
        Bench::new(
            super::with(store, more),
            &[("token", vault.root_token()), ("ca", vault.ca_pem().unwrap())],
        )
        .await
    };
    let trusted = bench(json!({ "caBundle": encoded(vault.ca_pem().unwrap()) })).await;
    assert_eq!(trusted.value("a", "v").await.as_deref(), Ok("1"));
    let trusted = bench(json!({ "caProvider": { "type": "Secret", "name": "creds", "key": "ca" } })).await;
    assert_eq!(trusted.value("a", "v").await.as_deref(), Ok("1"));
    let unknown = "signed by an authority that is not known here: the store needs a caBundle";
    fails(&bench(json!({})).await, ErrorKind::Unavailable, unknown).await;
    let stranger = CertificateAuthority::new("stranger").unwrap();
    fails(&bench(json!({ "caBundle": encoded(stranger.pem()) })).await, ErrorKind::Unavailable, unknown)
        .await;
    let plain = bench(json!({ "server": vault.addr().replace("https", "http") })).await;
    fails(&plain, ErrorKind::InvalidConfig, "speaks https, the store's server says http").await;
}

#[tokio::test]
async fn a_vault_that_asks_for_a_client_certificate_gets_it() {
    let vault = own_vault(ListenerTls::Mutual);
    vault.put("secret/a", &json!({ "v": "1" })).unwrap();
    let pair = vault.client_pair().unwrap();
    let creds = [("token", vault.root_token()), ("tls.crt", &pair.certificate), ("tls.key", &pair.key)];
    let store = json!({ "server": vault.addr(), "path": "secret", "caBundle": encoded(vault.ca_pem().unwrap()),
        "auth": token_auth() });
    let tls = json!({ "tls": { "certSecretRef": { "name": "creds" }, "keySecretRef": { "name": "creds" } } });
    let bench = Bench::new(super::with(store.clone(), tls), &creds).await;
    assert_eq!(bench.value("a", "v").await.as_deref(), Ok("1"));
    fails(&Bench::new(store, &creds).await, ErrorKind::Unavailable, "asks for a client certificate").await;
}

#[tokio::test]
async fn a_host_without_an_address_is_unavailable() {
    let store = json!({ "server": "http://vault.invalid:8200", "path": "secret", "auth": token_auth() });
    let bench = Bench::new(store, &[("token", "t")]).await;
    fails(&bench, ErrorKind::Unavailable, "cannot connect to vault at http://vault.invalid:8200").await;
}

#[tokio::test]
async fn a_server_that_is_none_is_told_before_any_request() {
    for server in ["", "vault:8200", "ftp://vault", "http://user:c4n4ry@vault:8200"] {
        let store = json!({ "server": server, "auth": token_auth() });
        let error = Bench::try_new(store, &[("token", "t")]).await.err().unwrap();
        assert_eq!(error.kind, ErrorKind::InvalidConfig, "{server}: {error}");
        assert!(!error.message.contains("c4n4ry"), "{error}");
    }
}
