//! Quay, by the chapter "Keyless authentication with robot accounts" of its manual.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use latchkey_api::generator::RemoteKind;
use latchkey_provider::{Cluster, ErrorKind};
use latchkey_testbed::{CertificateAuthority, Proxy, free_port};
use serde_json::{Value, json};
use std::sync::Arc;
use wiremock::{MockServer, Request};

use super::{Answer, Generator, asked, basic, serve, texts};
use crate::accounts::{Accounts, ISSUER, trusted};
use crate::rs256::{KEY, OTHER, now};

const AUDIENCE: &str = "quay";

/// One robot account, `shop+puller`, federated with the ServiceAccount `builder`.
fn quay(request: &Request) -> Answer {
    if (request.method.as_str(), request.url.path()) != ("GET", "/oauth2/federation/robot/token") {
        return Err((404, "Not Found"));
    }
    let (robot, token) = basic(request).ok_or((401, "missing auth"))?;
    let claims = trusted(&token, AUDIENCE).map_err(|why| (401, why))?;
    if robot != "shop+puller" || claims["sub"] != "system:serviceaccount:team:builder" {
        return Err((401, "Token does not match robot"));
    }
    Ok((200, json!({ "token": access() })))
}

fn access() -> String {
    KEY.sign(&json!({ "alg": "RS256" }), &json!({ "iss": "quay", "exp": 1_800_000_000_u64 }))
}

fn spec(server: &MockServer) -> Value {
    json!({
        "url": server.uri(), "robotAccount": "shop+puller",
        "serviceAccountRef": { "name": "builder", "audiences": [AUDIENCE] },
    })
}

fn generator(spec: &Value, cluster: Arc<dyn Cluster>) -> Generator {
    Generator::new(RemoteKind::Quay, spec, cluster)
}

#[tokio::test]
async fn exchanges_a_service_accounts_token() {
    let server = serve(quay).await;
    let made = generator(&spec(&server), Accounts::good()).make().await.unwrap();
    let (registry, made_texts) = (server.address().to_string(), texts(&made));
    assert_eq!(made_texts["registry"], registry);
    assert_eq!(made_texts["expiry"], "1800000000");
    let auth = String::from_utf8(STANDARD.decode(made_texts["auth"]).unwrap()).unwrap();
    let (robot, token) = auth.split_once(':').unwrap();
    assert_eq!(robot, "shop+puller");
    assert_eq!(KEY.verified(token).unwrap()["iss"], "quay");
    assert_eq!((made_texts.len(), &made.state), (3, &None));
}

#[tokio::test]
async fn says_whom_quay_does_not_take() {
    let server = serve(quay).await;
    let fields = "robotAccount, serviceAccountRef: ";
    for (field, value) in [
        ("robotAccount", json!("shop+pusher")),
        ("serviceAccountRef", json!({ "name": "builder", "audiences": ["cloudsmith"] })),
        ("serviceAccountRef", json!({ "name": "builder" })),
    ] {
        let mut spec = spec(&server);
        spec[field] = value;
        generator(&spec, Accounts::good()).refuses(ErrorKind::Unauthenticated, fields).await;
    }
    for claims in [
        json!({ "sub": "system:serviceaccount:team:other" }),
        json!({ "iss": "https://other.example" }),
        json!({ "exp": now() - 1 }),
    ] {
        let cluster = Accounts::claiming_to(claims);
        generator(&spec(&server), cluster).refuses(ErrorKind::Unauthenticated, fields).await;
    }
}

#[tokio::test]
async fn a_token_that_was_refused_is_not_shown_again() {
    let server = serve(quay).await;
    let accounts = Arc::new(Accounts::with(&[]).claiming(json!({ "exp": 1 })));
    generator(&spec(&server), accounts.clone()).refuses(ErrorKind::Unauthenticated, "robotAccount").await;
    assert_eq!(*accounts.objects.forgotten.lock().unwrap(), ["team"]);
}

#[tokio::test]
async fn a_service_account_is_one_of_the_own_namespace_whatever_the_generator_says() {
    let server = serve(quay).await;
    let mut spec = spec(&server);
    spec["serviceAccountRef"]["namespace"] = json!("other");
    generator(&spec, Accounts::good()).make().await.unwrap();
    assert_eq!(asked(&server).await, 1);
    spec["serviceAccountRef"] = json!({ "name": "nobody", "namespace": "other" });
    generator(&spec, Accounts::good()).refuses(ErrorKind::Credentials, "serviceAccountRef: ").await;
    assert_eq!(asked(&server).await, 1);
}

#[tokio::test]
async fn a_bare_host_is_asked_with_tls_and_has_to_be_trusted() {
    let authority = CertificateAuthority::new("unknown").unwrap();
    let pair = authority.server(&["127.0.0.1"]).unwrap();
    let proxy = Proxy::start_tls(([127, 0, 0, 1], free_port()).into(), &pair).unwrap();
    for url in [proxy.addr().to_string(), format!("https://{}", proxy.addr())] {
        let spec = json!({ "url": url, "robotAccount": "a+b", "serviceAccountRef": { "name": "builder" } });
        let begin = format!("cannot reach Quay at https://{}: ", proxy.addr());
        generator(&spec, Accounts::good()).refuses(ErrorKind::Unavailable, &begin).await;
    }
    assert_eq!((proxy.accepted(), proxy.received().len()), (2, 0), "nothing was sent in the clear");
}

#[tokio::test]
async fn a_token_without_an_end_is_none() {
    let endless = KEY.sign(&json!({ "alg": "RS256" }), &json!({ "iss": "quay" }));
    for token in [endless, "c4n4ry".to_owned(), String::new()] {
        let server = serve(move |_| Ok((200, json!({ "token": token })))).await;
        generator(&spec(&server), Accounts::good()).refuses(ErrorKind::InvalidValue, "Quay at ").await;
    }
}

#[test]
fn the_doubles_trust_no_token_that_the_services_would_not() {
    let good = json!({ "iss": ISSUER, "aud": [AUDIENCE], "exp": now() + 60 });
    let rs256 = json!({ "alg": "RS256" });
    assert!(trusted(&KEY.sign(&rs256, &good), AUDIENCE).is_ok());
    assert!(trusted(&OTHER.sign(&rs256, &good), AUDIENCE).is_err());
    for (claim, value) in [("iss", json!("x")), ("aud", json!(["x"])), ("exp", json!(now() - 1))] {
        let mut claims = good.clone();
        claims[claim] = value;
        assert!(trusted(&KEY.sign(&rs256, &claims), AUDIENCE).is_err(), "{claims}");
    }
}
