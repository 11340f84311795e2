//! What the requests carry, seen by a proxy before the real Vault: namespaces, headers, replication state.

use std::sync::OnceLock;
use std::time::Duration;

use base64::Engine;
use latchkey_provider::ErrorKind;
use latchkey_testbed::{Proxy, Received, Reply, Rule};
use serde_json::{Value, json};

use super::{Bench, reference, store, token_auth, vault, with};

const PATH: &str = "/v1/secret/data/requests";

fn proxy() -> Proxy {
    static WRITTEN: OnceLock<()> = OnceLock::new();
    WRITTEN.get_or_init(|| vault().put("secret/requests", &json!({ "v": "1" })).unwrap());
    Proxy::start(([127, 0, 0, 1], vault().port()).into()).unwrap()
}

async fn through(proxy: &Proxy, auth: Value, more: Value, creds: &[(&str, &str)]) -> Bench {
    let store = with(store(auth), json!({ "server": proxy.url() }));
    Bench::new(with(store, more), creds).await
}

async fn root_through(proxy: &Proxy, more: Value) -> Bench {
    through(proxy, token_auth(), more, &[("token", vault().root_token())]).await
}

fn reads(proxy: &Proxy) -> Vec<Received> {
    proxy.received().into_iter().filter(|request| request.path == PATH).collect()
}

fn state(local: u64) -> String {
    base64::engine::general_purpose::STANDARD.encode(format!("v1:cluster:{local}:{local}:signature"))
}

#[tokio::test]
async fn namespaces_of_reading_and_of_logging_in_differ() {
    let proxy = proxy();
    // This Vault has no namespaces and refuses the header, so the proxy answers the login.
    let role =
        json!({ "auth": { "client_token": "hvs.t", "lease_duration": 3600, "renewable": true } }).to_string();
    proxy.add_rule(Rule::new(|request| request.path.ends_with("/login"), Reply::new(200, &role)));
    let secret = json!({ "data": { "data": { "v": "1" }, "metadata": {} } }).to_string();
    proxy.add_rule(Rule::new(|request| request.path == PATH, Reply::new(200, &secret)));
    let auth = json!({ "namespace": "admin",
        "appRole": { "roleId": "role", "secretRef": { "name": "creds", "key": "id" } } });
    let bench = through(&proxy, auth, json!({ "namespace": "admin/team" }), &[("id", "id")]).await;
    assert_eq!(bench.value("requests", "v").await.as_deref(), Ok("1"));
    let seen: Vec<_> = proxy
        .received()
        .into_iter()
        .map(|r| (r.path.clone(), r.header("x-vault-namespace").map(str::to_owned)))
        .collect();
    let want = [("/v1/auth/approle/login", "admin"), (PATH, "admin/team")];
    assert_eq!(seen, want.map(|(path, namespace)| (path.to_owned(), Some(namespace.to_owned()))));
}

#[tokio::test]
async fn who_waits_for_a_login_shares_its_failure() {
    let proxy = proxy();
    proxy.add_rule(Rule::new(|request| request.path.ends_with("/login"), Reply::new(500, "{}")));
    proxy.delay(Duration::from_millis(300));
    let auth = json!({ "appRole": { "roleId": "role", "secretRef": { "name": "creds", "key": "id" } } });
    let bench = through(&proxy, auth, json!({}), &[("id", "id")]).await;
    let references: Vec<_> = (0..5).map(|n| reference(&format!("requests/{n}"))).collect();
    for answer in bench.connection.provider.fetch(&references).await {
        assert_eq!(answer.unwrap_err().kind, ErrorKind::Unavailable);
    }
    assert_eq!(proxy.received().len(), 1);
    bench.entry(&references[0]).await.unwrap_err();
    assert_eq!(proxy.received().len(), 2, "who asks later tries anew");
}

#[tokio::test]
async fn headers_of_the_store_go_along() {
    let proxy = proxy();
    // This Vault is no cluster and refuses the header, so the proxy answers.
    let body = json!({ "data": { "data": { "v": "1" } } }).to_string();
    proxy.add_rule(Rule::new(|request| request.path == PATH, Reply::new(200, &body)).times(1));
    let more = json!({ "headers": { "X-Team": "a" }, "readYourWrites": true, "forwardInconsistent": true });
    let bench = root_through(&proxy, more).await;
    assert_eq!(bench.value("requests", "v").await.as_deref(), Ok("1"));
    let read = &reads(&proxy)[0];
    assert_eq!(read.header("x-team"), Some("a"));
    assert_eq!(read.header("x-vault-inconsistent"), Some("forward-active-node"));
    assert_eq!(read.header("x-vault-token"), Some(vault().root_token()));
    let bench = root_through(&proxy, json!({ "readYourWrites": true })).await;
    bench.value("requests", "v").await.unwrap();
    assert_eq!(reads(&proxy)[1].header("x-vault-inconsistent"), None, "ESO sends it with both flags only");
}

#[tokio::test]
async fn the_replication_state_is_sent_back() {
    for (more, sent) in [
        (json!({ "readYourWrites": true }), true),
        (json!({ "forwardInconsistent": true }), true),
        (json!({}), false),
    ] {
        let proxy = proxy();
        let body = json!({ "data": { "data": { "v": "1" } } }).to_string();
        let reply = |local| Reply::new(200, &body).header("x-vault-index", &state(local));
        proxy.add_rule(Rule::new(|request| request.path == PATH, reply(7)).times(1));
        let bench = root_through(&proxy, more).await;
        for _ in 0..2 {
            bench.value("requests", "v").await.unwrap();
        }
        let indices: Vec<_> =
            reads(&proxy).iter().map(|r| r.header("x-vault-index").map(str::to_owned)).collect();
        assert_eq!(indices, [None, sent.then(|| state(7))]);
    }
}

#[tokio::test]
async fn a_node_that_lags_behind_is_asked_again() {
    let proxy = proxy();
    let bench = root_through(&proxy, json!({ "readYourWrites": true })).await;
    proxy.fail_next(412, r#"{"errors":["required index state not present"]}"#, 2);
    assert_eq!(bench.value("requests", "v").await.as_deref(), Ok("1"));
    proxy.fail_next(412, r#"{"errors":["required index state not present"]}"#, 3);
    let error = bench.entry(&reference("requests")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable, "{error}");
}

#[tokio::test]
async fn the_rate_limit_says_how_long() {
    let proxy = proxy();
    let bench = root_through(&proxy, json!({})).await;
    let body = r#"{"errors":["request path \"secret\": rate limit quota exceeded"]}"#;
    proxy.add_rule(Rule::new(|_| true, Reply::new(429, body).header("retry-after", "7")).times(1));
    let error = bench.entry(&reference("requests")).await.unwrap_err();
    assert_eq!((error.kind, error.retry_after), (ErrorKind::RateLimited, Some(Duration::from_secs(7))));
}

#[tokio::test]
async fn a_standby_may_send_us_to_the_active_node_once() {
    let proxy = proxy();
    let bench = root_through(&proxy, json!({})).await;
    let active = format!("{}{PATH}", vault().addr());
    proxy.add_rule(Rule::new(|_| true, Reply::new(307, "").header("location", &active)).times(1));
    assert_eq!(bench.value("requests", "v").await.as_deref(), Ok("1"));
    let circle = format!("{}{PATH}", proxy.url());
    proxy.add_rule(Rule::new(|_| true, Reply::new(307, "").header("location", &circle)).times(5));
    let error = bench.entry(&reference("requests")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable, "{error}");
    assert!(error.message.contains("redirects"), "{error}");
}

#[tokio::test]
async fn what_breaks_or_is_no_vault_is_told() {
    let proxy = proxy();
    let bench = root_through(&proxy, json!({})).await;
    for (status, body, kind) in [
        (502, "<html>bad gateway</html>", ErrorKind::Unavailable),
        (500, r#"{"errors":["internal error"]}"#, ErrorKind::Unavailable),
        (200, "<html>welcome</html>", ErrorKind::Unavailable), // something in between, or half of an answer
        (200, "", ErrorKind::InvalidValue),
    ] {
        proxy.fail_next(status, body, 1);
        let error = bench.entry(&reference("requests")).await.unwrap_err();
        assert_eq!(error.kind, kind, "{status} {body}: {error}");
    }
    proxy.go_down();
    assert_eq!(bench.entry(&reference("requests")).await.unwrap_err().kind, ErrorKind::Unavailable);
}

#[tokio::test]
async fn a_trailing_path_of_the_server_is_kept() {
    let proxy = proxy();
    let body = json!({ "data": { "data": { "v": "1" } } }).to_string();
    proxy.add_rule(Rule::new(|request| request.path.starts_with("/behind/"), Reply::new(200, &body)));
    let bench = root_through(&proxy, json!({ "server": format!("{}/behind/", proxy.url()) })).await;
    bench.value("requests", "v").await.unwrap();
    assert_eq!(proxy.received()[0].path, format!("/behind{PATH}"));
}
