//! Tokens: refused, revoked, renewed, replaced, given back.

use std::time::Duration;

use latchkey_provider::{ErrorKind, Validation};
use serde_json::json;

use crate::live::Log;

use super::{Bench, reference, store, token_auth, vault};

const DENIED: &str = "kv1-like/denied";

#[tokio::test]
async fn a_policy_that_lacks_the_path_forbids() {
    vault()
        .policy("tokens-nothing", r#"path "secret/data/tokens/none" { capabilities = ["list"] }"#)
        .unwrap();
    let token = vault().token(&["tokens-nothing"], "1h").unwrap();
    let bench = Bench::new(store(token_auth()), &[("token", &token)]).await;
    let error = bench.entry(&reference(DENIED)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Forbidden, "{error}");
    assert!(error.message.contains(DENIED), "{error}");
    assert_eq!(error.code.as_deref(), Some("HTTP 403"));
    assert_eq!(bench.connection.provider.validate().await, Ok(Validation::Ready));
}

#[tokio::test]
async fn a_token_without_the_default_policy_is_forbidden_not_unknown() {
    let request = json!({ "policies": ["reader"], "no_default_policy": true, "ttl": "1h" });
    let answer = vault().api("POST", "auth/token/create", &request).unwrap();
    let token = answer["auth"]["client_token"].as_str().unwrap();
    vault().put("secret/tokens/plain", &json!({ "v": "1" })).unwrap();
    let bench = Bench::new(store(token_auth()), &[("token", token)]).await;
    assert_eq!(bench.value("tokens/plain", "v").await.as_deref(), Ok("1"));
    let metadata = latchkey_provider::EntryRef { metadata: true, ..reference("tokens/plain") };
    let error = bench.entry(&metadata).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Forbidden, "{error}");
}

#[tokio::test]
async fn a_revoked_or_wrong_token_is_unauthenticated() {
    vault().put("secret/tokens/revoked", &json!({ "v": "1" })).unwrap();
    let token = vault().token(&["reader"], "1h").unwrap();
    let bench = Bench::new(store(token_auth()), &[("token", &format!("{token}\n"))]).await;
    assert_eq!(bench.value("tokens/revoked", "v").await.as_deref(), Ok("1"), "a line break does not matter");
    vault().api("POST", "auth/token/revoke", &json!({ "token": token })).unwrap();
    let wrong = Bench::new(store(token_auth()), &[("token", "hvs.c4n4ry")]).await;
    for bench in [bench, wrong] {
        for error in [
            bench.entry(&reference("tokens/revoked")).await.unwrap_err(),
            bench.connection.provider.validate().await.unwrap_err(),
        ] {
            assert_eq!(error.kind, ErrorKind::Unauthenticated, "{error}");
            assert!(!format!("{error:?}").contains("hvs."), "{error:?}");
        }
    }
}

#[tokio::test]
async fn a_token_that_no_header_can_hold_is_told() {
    let bench = Bench::new(store(token_auth()), &[("token", "a\nb")]).await;
    assert_eq!(bench.entry(&reference("a")).await.unwrap_err().kind, ErrorKind::Credentials);
}

#[tokio::test]
async fn a_new_token_is_another_identity() {
    let one = Bench::new(store(token_auth()), &[("token", "one")]).await.connection.identity;
    let same = Bench::new(store(token_auth()), &[("token", "one")]).await.connection.identity;
    let other = Bench::new(store(token_auth()), &[("token", "two")]).await.connection.identity;
    assert!(one == same && one != other);
}

/// An AppRole store and its Secret, for a role whose tokens live so long.
fn app_role(role: &str, ttl: &str, max_ttl: &str) -> (serde_json::Value, [(&'static str, String); 2]) {
    let granted = vault().enable_approle(role, &["reader"]).unwrap();
    let lives = json!({ "token_policies": ["reader"], "token_ttl": ttl, "token_max_ttl": max_ttl });
    vault().api("POST", &format!("auth/approle/role/{role}"), &lives).unwrap();
    let auth = json!({ "appRole": {
        "roleRef": { "name": "creds", "key": "role" }, "secretRef": { "name": "creds", "key": "secret" },
    } });
    (store(auth), [("role", granted.role_id), ("secret", granted.secret_id)])
}

/// Held by whoever counts logins: one of these tests revokes all that there are.
static LOGINS: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

async fn logged_in(role: &str, ttl: &str, max_ttl: &str) -> Bench {
    vault().put("secret/tokens/role", &json!({ "v": "1" })).unwrap();
    let (store, [(role_key, role_id), (secret_key, secret_id)]) = app_role(role, ttl, max_ttl);
    let bench = Bench::new(store, &[(role_key, &role_id), (secret_key, &secret_id)]).await;
    assert_eq!(bench.value("tokens/role", "v").await.as_deref(), Ok("1"));
    bench
}

async fn reads_after(bench: &Bench, pause: Duration) {
    tokio::time::sleep(pause).await;
    assert_eq!(bench.value("tokens/role", "v").await.as_deref(), Ok("1"));
}

#[tokio::test]
async fn one_login_serves_all_reads() {
    let _alone = LOGINS.lock().await;
    let bench = logged_in("tokens-once", "1h", "2h").await;
    for _ in 0..3 {
        reads_after(&bench, Duration::ZERO).await;
    }
    assert_eq!((bench.calls.succeeded("Login"), bench.calls.succeeded("ReadSecretData")), (1, 4));
}

#[tokio::test]
async fn a_login_is_renewed_at_two_thirds_of_its_lease() {
    let _alone = LOGINS.lock().await;
    let bench = logged_in("tokens-renewed", "9s", "1h").await;
    reads_after(&bench, Duration::from_millis(6_500)).await;
    reads_after(&bench, Duration::from_secs(4)).await;
    assert_eq!((bench.calls.succeeded("Login"), bench.calls.succeeded("RenewSelf")), (1, 1));
}

#[tokio::test]
async fn a_login_at_its_maximum_is_made_anew() {
    let _alone = LOGINS.lock().await;
    let bench = logged_in("tokens-maximum", "4s", "4s").await;
    reads_after(&bench, Duration::from_secs(3)).await;
    assert_eq!(bench.calls.succeeded("Login"), 2);
    reads_after(&bench, Duration::from_secs(5)).await;
    assert_eq!(bench.calls.succeeded("Login"), 3, "an expired one is not even tried");
}

#[tokio::test]
async fn a_revoked_login_is_made_anew_once_and_unseen() {
    let _alone = LOGINS.lock().await;
    let bench = logged_in("tokens-lost", "1h", "2h").await;
    let prefix = json!({});
    vault().api("POST", "sys/leases/revoke-prefix/auth/approle/login", &prefix).unwrap();
    reads_after(&bench, Duration::ZERO).await;
    assert_eq!(bench.calls.succeeded("Login"), 2);
    let error =
        bench.entry(&super::EntryRef { metadata: true, ..reference("tokens/role") }).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Forbidden);
    assert_eq!(bench.calls.succeeded("Login"), 2, "a policy is not mended by logging in");
}

#[tokio::test]
async fn a_login_is_given_back() {
    let _alone = LOGINS.lock().await;
    let bench = logged_in("tokens-back", "1h", "2h").await;
    let Bench { connection, calls, .. } = bench;
    drop(connection);
    for _ in 0..50 {
        if calls.succeeded("RevokeSelf") == 1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the token was not revoked");
}

#[tokio::test]
async fn no_value_or_credential_reaches_the_log() {
    let _alone = LOGINS.lock().await;
    vault().put("secret/tokens/role", &json!({ "v": "1", "c": "c4n4ry-value" })).unwrap();
    let (store, [(role_key, role_id), (secret_key, secret_id)]) = app_role("tokens-logged", "4s", "1h");
    let log = Log::start();
    let bench = Bench::new(store, &[(role_key, &role_id), (secret_key, &secret_id)]).await;
    assert_eq!(bench.value("tokens/role", "c").await.as_deref(), Ok("c4n4ry-value"));
    reads_after(&bench, Duration::from_secs(3)).await;
    bench.entry(&reference("tokens/nobody")).await.unwrap_err();
    tracing::debug!(?bench.connection, "shown whole");
    log.end(&["c4n4ry", "hvs.", &secret_id, &role_id]);
}
