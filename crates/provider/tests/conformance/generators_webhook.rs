//! The generator that asks any server: one of the test's own.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use latchkey_api::generator::{Remote, RemoteKind};
use latchkey_provider::generate::Made;
use latchkey_provider::observe::Unobserved;
use latchkey_provider::{Connector, Error, ErrorKind, SecretBytes};
use latchkey_testbed::{CertificateAuthority, Proxy};
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::fixture::{NAMESPACE, Objects};

async fn serve(answer: impl Fn(&Request) -> ResponseTemplate + Send + Sync + 'static) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(answer).mount(&server).await;
    server
}

async fn make(server: &MockServer, change: Value) -> Result<Made, Error> {
    make_of(Objects::default(), server, change).await
}

async fn make_of(objects: Objects, server: &MockServer, change: Value) -> Result<Made, Error> {
    objects.put_secret("webhook-login", &[("user", "a b&c"), ("token", "c4n4ry\n"), ("host", "c4n4ry")]);
    objects.put_secret("other", &[("token", "c4n4ry")]);
    let mut spec = json!({
        "url": format!("{}/creds?user={{{{ .login.user | urlquery }}}}", server.uri()),
        "headers": { "Authorization": "Bearer {{ .login.token }}", "X-Plain": "yes" },
        "secrets": [{ "name": "login", "secretRef": { "name": "webhook-login" } }],
        "result": {},
    });
    spec.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    let connector = Connector::new(Arc::new(objects), Arc::new(Unobserved));
    connector.generate(&Remote::read(RemoteKind::Webhook, &spec).unwrap(), NAMESPACE).await
}

fn text<'a>(made: &'a Made, key: &str) -> Option<&'a str> {
    made.data.get(key).and_then(SecretBytes::expose_str)
}

#[tokio::test]
async fn address_headers_and_body_are_templates() {
    let server = serve(|request| {
        let header = |name| request.headers.get(name).and_then(|value| value.to_str().ok());
        let right = header("authorization") == Some("Bearer c4n4ry")
            && header("x-plain") == Some("yes")
            && request.url.query() == Some("user=a+b%26c")
            && request.method.as_str() == "POST"
            && request.body == b"{\"for\":\"a b&c\"}";
        match right {
            true => ResponseTemplate::new(201).set_body_json(json!({ "data": { "key": "value", "n": 1 } })),
            false => ResponseTemplate::new(400).set_body_string(format!("{request:?}")),
        }
    })
    .await;
    let change = json!({
        "method": "POST", "body": r#"{"for":"{{ .login.user }}"}"#, "result": { "jsonPath": "$.data" },
    });
    let made = make(&server, change).await.unwrap();
    assert_eq!((text(&made, "key"), text(&made, "n"), made.data.len()), (Some("value"), Some("1"), 2));
}

#[tokio::test]
async fn a_secret_may_hold_any_part_of_the_address_which_is_guarded_and_not_said() {
    let server =
        serve(|request| ResponseTemplate::new(200).set_body_json(json!({ "at": request.url.path() }))).await;
    let asked = async |base: &str, url: &str| {
        let objects = Objects::default();
        objects.put_secret("webhook-cfg", &[("url", base), ("host", &server.address().to_string())]);
        let elsewhere = json!({ "name": "webhook-cfg", "namespace": "ignored" });
        let secrets = json!([{ "name": "cfg", "secretRef": elsewhere }]);
        make_of(objects, &server, json!({ "url": url, "headers": {}, "secrets": secrets })).await
    };
    let all = asked(&server.uri(), "{{ .cfg.url }}/a").await.unwrap();
    assert_eq!(text(&all, "at"), Some("/a"));
    let host = asked("", "http://{{ .cfg.host }}/b").await.unwrap();
    assert_eq!(text(&host, "at"), Some("/b"));
    let metadata = asked("http://169.254.169.254", "{{ .cfg.url }}/latest").await.unwrap_err();
    assert_eq!(metadata.kind, ErrorKind::EndpointRefused, "{metadata}");
    assert!(!metadata.message.contains("169.254.169.254"), "{metadata}");
    let user = asked("http://c4n4ry:x@127.0.0.1:1", "{{ .cfg.url }}/").await.unwrap_err();
    assert!(user.kind == ErrorKind::InvalidConfig && !user.message.contains("c4n4ry"), "{user}");
}

#[tokio::test]
async fn what_the_server_answers_instead_is_told_by_its_status_alone() {
    for (status, kind) in [
        (401, ErrorKind::Unauthenticated),
        (403, ErrorKind::Forbidden),
        (404, ErrorKind::InvalidRequest),
        (304, ErrorKind::InvalidConfig),
        (302, ErrorKind::InvalidConfig),
        (429, ErrorKind::RateLimited),
        (503, ErrorKind::Unavailable),
    ] {
        let echo = move |request: &Request| {
            ResponseTemplate::new(status)
                .insert_header("location", "/elsewhere")
                .set_body_string(format!("c4n4ry {request:?}"))
        };
        let server = serve(echo).await;
        let error = make(&server, json!({})).await.unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert!(!format!("{error:?}").contains("c4n4ry"), "{error}");
        assert_eq!(server.received_requests().await.unwrap().len(), 1, "no redirect is followed");
    }
}

#[tokio::test]
async fn who_is_slow_or_says_too_much_is_left() {
    let slow = serve(|_| ResponseTemplate::new(200).set_delay(Duration::from_secs(20))).await;
    let error = make(&slow, json!({ "timeout": "300ms" })).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable, "{error}");
    let large = serve(|_| ResponseTemplate::new(200).set_body_bytes(vec![b' '; 5 << 20])).await;
    let error = make(&large, json!({})).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidValue, "{error}");
}

#[tokio::test]
async fn what_cannot_work_is_refused_before_anything_is_asked() {
    let server = serve(|_| ResponseTemplate::new(200).set_body_json(json!({}))).await;
    let other = json!([{ "name": "login", "secretRef": { "name": "other" } }]);
    let missing = json!([{ "name": "login", "secretRef": { "name": "webhook-missing" } }]);
    let key = |key| json!({ "name": "webhook-login", "key": key });
    let ntlm = json!({ "usernameSecret": key("user"), "passwordSecret": key("token") });
    for (change, kind, says) in [
        (json!({ "secrets": other }), ErrorKind::Credentials, "external-secrets.io/type: webhook"),
        (json!({ "secrets": missing }), ErrorKind::Credentials, "secrets[0].secretRef"),
        (json!({ "url": "{{ .login.user | nope }}" }), ErrorKind::InvalidConfig, "url: "),
        (json!({ "url": "ftp://{{ .login.token }}" }), ErrorKind::InvalidConfig, "url is no address"),
        (json!({ "headers": { "a b": "c4n4ry" } }), ErrorKind::InvalidConfig, "headers[\"a b\"]"),
        (json!({ "url": "http://u:c4n4ry@127.0.0.1:1/" }), ErrorKind::InvalidConfig, "Authorization"),
        (json!({ "auth": { "ntlm": ntlm } }), ErrorKind::Unsupported, "auth.ntlm is not supported"),
        (json!({ "timeout": "soon" }), ErrorKind::InvalidConfig, "timeout"),
        (json!({ "method": "G T" }), ErrorKind::InvalidConfig, "method"),
    ] {
        let error = make(&server, change.clone()).await.unwrap_err();
        assert_eq!(error.kind, kind, "{change}: {error}");
        assert!(error.message.contains(says) && !error.message.contains("c4n4ry"), "{change}: {error}");
    }
    let hidden = make(&server, json!({ "url": "http://{{ .login.host }}.invalid/" })).await.unwrap_err();
    assert!(hidden.kind == ErrorKind::Unavailable && !hidden.message.contains("c4n4ry"), "{hidden}");
    let metadata = make(&server, json!({ "url": "http://169.254.169.254/latest" })).await.unwrap_err();
    assert_eq!(metadata.kind, ErrorKind::EndpointRefused, "{metadata}");
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_an_authority_of_its_own_is_trusted_by_bundle_secret_or_config_map_alone() {
    use base64::Engine as _;
    let server = serve(|_| ResponseTemplate::new(200).set_body_json(json!({ "key": "value" }))).await;
    let own = CertificateAuthority::new("the webhook's").unwrap();
    let other = CertificateAuthority::new("another").unwrap();
    let proxy = Proxy::start_tls(*server.address(), &own.server(&["127.0.0.1"]).unwrap()).unwrap();
    let base64 = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let asks = async |trust: Value| {
        let maps = [("own", own.pem()), ("other", other.pem())].map(|(name, pem)| {
            ((NAMESPACE.to_owned(), name.to_owned()), BTreeMap::from([("ca".to_owned(), pem.to_owned())]))
        });
        let objects = Objects { config_maps: maps.into(), ..Objects::default() };
        objects.put_secret("own", &[("ca", own.pem())]);
        objects.put_secret("none", &[("ca", "c4n4ry")]);
        let mut spec = json!({ "url": format!("{}/", proxy.url()) });
        spec.as_object_mut().unwrap().extend(trust.as_object().unwrap().clone());
        make_of(objects, &server, spec).await
    };
    let by = |kind: &str, name: &str| json!({ "caProvider": { "type": kind, "name": name, "key": "ca" } });
    for trust in [json!({ "caBundle": base64(own.pem()) }), by("Secret", "own"), by("ConfigMap", "own")] {
        let made = asks(trust.clone()).await.unwrap_or_else(|error| panic!("{trust}: {error}"));
        assert_eq!(text(&made, "key"), Some("value"));
    }
    let seen = server.received_requests().await.unwrap().len();
    assert_eq!(seen, 3);
    for (trust, kind) in [
        (json!({}), ErrorKind::Unavailable),
        (json!({ "caBundle": base64(other.pem()) }), ErrorKind::Unavailable),
        (by("ConfigMap", "other"), ErrorKind::Unavailable),
        (by("Secret", "none"), ErrorKind::InvalidConfig),
        (by("Secret", "nowhere"), ErrorKind::Credentials),
        (by("ConfigMap", "nowhere"), ErrorKind::Credentials),
    ] {
        let error = asks(trust.clone()).await.unwrap_err();
        assert_eq!(error.kind, kind, "{trust}: {error}");
        assert!(!format!("{error:?}").contains("c4n4ry"), "{error}");
    }
    assert_eq!(
        server.received_requests().await.unwrap().len(),
        seen,
        "nothing was sent to who is not trusted"
    );
}
