//! Every way to log in that this Vault has.

use latchkey_provider::{ErrorKind, Validation};
use latchkey_testbed::{CertificateAuthority, ListenerTls};
use serde_json::{Value, json};
use std::sync::Once;

use super::{Bench, own_vault, reference, store, token_auth, vault, with};
use crate::fixture::NAMESPACE;
use crate::live::{control_plane, service_account};

/// Reads by this login, and validates.
async fn works(bench: &Bench) {
    vault().put("secret/logins/a", &json!({ "v": "read" })).unwrap();
    assert_eq!(bench.value("logins/a", "v").await.as_deref(), Ok("read"));
    assert_eq!(bench.connection.provider.validate().await, Ok(Validation::Ready));
    assert_eq!(bench.calls.succeeded("Login"), 1);
}

/// Fails to log in, for this reason.
async fn refused(bench: &Bench, reason: &str) {
    for error in [
        bench.entry(&reference("logins/a")).await.unwrap_err(),
        bench.connection.provider.validate().await.unwrap_err(),
    ] {
        assert_eq!(error.kind, ErrorKind::Unauthenticated, "{error}");
        assert!(error.message.contains(reason), "{error}");
        assert!(!error.message.contains("c4n4ry"), "{error}");
    }
}

#[tokio::test]
async fn app_role() {
    let role = vault().enable_approle("logins", &["reader"]).unwrap();
    let auth =
        |id: &str| json!({ "appRole": { "roleId": id, "secretRef": { "name": "creds", "key": "id" } } });
    works(&Bench::new(store(auth(&role.role_id)), &[("id", &format!("{}\n", role.secret_id))]).await).await;
    refused(
        &Bench::new(store(auth(&role.role_id)), &[("id", "c4n4ry")]).await,
        "role id or secret id is wrong",
    )
    .await;
    refused(&Bench::new(store(auth("nobody")), &[("id", "c4n4ry")]).await, "role id or secret id is wrong")
        .await;
}

#[tokio::test]
async fn user_and_password() {
    vault().api("POST", "sys/auth/people", &json!({ "type": "userpass" })).unwrap();
    let user = json!({ "password": "right c4n4ry", "token_policies": ["reader"] });
    vault().api("POST", "auth/people/users/ann", &user).unwrap();
    let auth = json!({ "userPass": { "path": "people", "username": "ann", "secretRef": { "name": "creds", "key": "p" } } });
    works(&Bench::new(store(auth.clone()), &[("p", "right c4n4ry")]).await).await;
    refused(&Bench::new(store(auth), &[("p", "wrong c4n4ry")]).await, "user name or password is wrong").await;
}

/// Vault tells nobody what is mounted who is not logged in.
#[tokio::test]
async fn a_method_that_is_not_mounted_is_named() {
    let auth = json!({ "ldap": { "username": "ann", "secretRef": { "name": "creds", "key": "p" } } });
    refused(
        &Bench::new(store(auth), &[("p", "c4n4ry")]).await,
        "mount \"ldap\": wrong credentials, or no such",
    )
    .await;
}

#[tokio::test]
async fn without_auth_vault_asks_for_a_token() {
    let bench = Bench::new(json!({ "server": vault().addr(), "path": "secret" }), &[]).await;
    refused(&bench, "asks for a token, and the store has no auth").await;
}

#[tokio::test]
async fn kubernetes_by_a_requested_token() {
    kubernetes_auth();
    service_account("logins-kube");
    let role = |name, audience| {
        vault().kubernetes_role(name, (NAMESPACE, "logins-kube"), audience, &["reader"]).unwrap();
    };
    role("logins", None);
    role("logins-aud", Some("https://vault.example"));
    let auth = |role: &str, audiences: &[&str]| {
        let account = json!({ "name": "logins-kube", "audiences": audiences });
        store(json!({ "kubernetes": { "role": role, "serviceAccountRef": account } }))
    };
    works(&Bench::new(auth("logins", &[]), &[]).await).await;
    let bench = Bench::new(auth("logins-aud", &["https://vault.example"]), &[]).await;
    works(&bench).await;
    assert_eq!(*bench.cluster.0.tokens.lock().unwrap(), [["https://vault.example"]]);
    refused(
        &Bench::new(auth("logins-aud", &["elsewhere"]), &[]).await,
        "kubernetes login at mount \"kubernetes\"",
    )
    .await;
    refused(&Bench::new(auth("nobody", &[]), &[]).await, "there is no such role").await;
}

#[tokio::test]
async fn kubernetes_by_a_token_in_a_secret_or_the_pods_own() {
    kubernetes_auth();
    service_account("logins-fixed");
    vault().kubernetes_role("logins-fixed", (NAMESPACE, "logins-fixed"), None, &["reader"]).unwrap();
    let token = control_plane().service_account_token(NAMESPACE, "logins-fixed", &[]).unwrap();
    let auth = json!({ "kubernetes": { "role": "logins-fixed", "secretRef": { "name": "creds" } } });
    works(&Bench::new(store(auth.clone()), &[("token", &token)]).await).await;
    let other = control_plane().service_account_token(NAMESPACE, "default", &[]).unwrap();
    refused(&Bench::new(store(auth), &[("token", &other)]).await, "does not allow this ServiceAccount").await;
    let pod = Bench::new(store(json!({ "kubernetes": { "role": "logins-fixed" } })), &[]).await;
    let error = pod.entry(&reference("a")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Credentials, "this is no pod: {error}");
}

#[tokio::test]
async fn jwt_by_the_api_servers_keys() {
    vault().enable_jwt_auth(control_plane()).unwrap();
    service_account("logins-jwt");
    vault().jwt_role("logins", (NAMESPACE, "logins-jwt"), "vault", &["reader"]).unwrap();
    let auth = |more: Value| {
        let token = with(json!({ "serviceAccountRef": { "name": "logins-jwt" } }), more);
        store(json!({ "jwt": { "role": "logins", "kubernetesServiceAccountToken": token } }))
    };
    let bench = Bench::new(auth(json!({})), &[]).await;
    works(&bench).await;
    assert_eq!(*bench.cluster.0.tokens.lock().unwrap(), [["vault"]]);
    refused(&Bench::new(auth(json!({ "audiences": ["elsewhere"] })), &[]).await, "audience").await;
    let token = control_plane().service_account_token(NAMESPACE, "logins-jwt", &["vault"]).unwrap();
    let fixed = json!({ "jwt": { "role": "logins", "secretRef": { "name": "creds", "key": "jwt" } } });
    works(&Bench::new(store(fixed.clone()), &[("jwt", &token)]).await).await;
    refused(
        &Bench::new(store(fixed), &[("jwt", "c4n4ry.c4n4ry.c4n4ry")]).await,
        "jwt login at mount \"jwt\"",
    )
    .await;
}

#[tokio::test]
async fn client_certificate() {
    let vault = own_vault(ListenerTls::Server);
    vault.policy("reader", r#"path "secret/data/*" { capabilities = ["read"] }"#).unwrap();
    vault.put("secret/logins/a", &json!({ "v": "read" })).unwrap();
    vault.api("POST", "sys/auth/cert", &json!({ "type": "cert" })).unwrap();
    let role = json!({ "certificate": vault.ca_pem().unwrap(), "token_policies": ["reader"] });
    vault.api("POST", "auth/cert/certs/latchkey", &role).unwrap();
    let pem = |text: &str| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, text);
    let auth = json!({ "cert": {
        "vaultRole": "latchkey", "clientCert": { "name": "creds", "key": "crt" }, "secretRef": { "name": "creds", "key": "key" },
    } });
    let store = json!({ "server": vault.addr(), "path": "secret", "caBundle": pem(vault.ca_pem().unwrap()), "auth": auth });
    let pair = vault.client_pair().unwrap();
    let bench = Bench::new(store.clone(), &[("crt", &pair.certificate), ("key", &pair.key)]).await;
    assert_eq!(bench.value("logins/a", "v").await.as_deref(), Ok("read"));
    let stranger = CertificateAuthority::new("stranger").unwrap().client("latchkey", None).unwrap();
    let bench = Bench::new(store, &[("crt", &stranger.certificate), ("key", &stranger.key)]).await;
    let error = bench.entry(&reference("logins/a")).await.unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Unauthenticated | ErrorKind::Unavailable), "{error}");
}

#[tokio::test]
async fn methods_that_are_not_supported_say_so() {
    for (method, auth) in
        [("iam", json!({ "iam": { "vaultRole": "a" } })), ("gcp", json!({ "gcp": { "role": "a" } }))]
    {
        let error = Bench::try_new(store(auth), &[]).await.err().unwrap();
        assert_eq!(error.kind, ErrorKind::Unsupported);
        assert!(error.message.contains(method), "{error}");
    }
    let error = Bench::try_new(store(json!({})), &[]).await.err().unwrap();
    assert_eq!(error.kind, ErrorKind::InvalidConfig, "{error}");
    let error = Bench::try_new(store(token_auth()), &[("other", "key")]).await.err().unwrap();
    assert_eq!(error.kind, ErrorKind::Credentials, "{error}");
}

fn kubernetes_auth() {
    static ENABLED: Once = Once::new();
    ENABLED.call_once(|| vault().enable_kubernetes_auth(control_plane()).unwrap());
}
