//! Grafana, by <https://grafana.com/docs/grafana/latest/developers/http_api/serviceaccount/>.

mod double;

use std::sync::Arc;

use futures::FutureExt as _;
use latchkey_api::generator::RemoteKind;
use latchkey_provider::ErrorKind;
use serde_json::{Value, json};
use wiremock::MockServer;

use self::double::{Account, Grafana, Trouble};
use super::{Generator, asked, fails, login, serve, texts, until};

async fn grafana() -> (Arc<Grafana>, MockServer) {
    let grafana = Arc::new(Grafana::default());
    let answering = grafana.clone();
    (grafana, serve(move |request| answering.answer(request)).await)
}

fn spec(server: &MockServer) -> Value {
    json!({
        "url": format!("{}/sub", server.uri()), "auth": { "token": { "name": "login", "key": "token" } },
        "serviceAccount": { "name": "My robot", "role": "Viewer" },
    })
}

fn generator(spec: &Value) -> Generator {
    let data = [
        ("token", "glsa_c4n4ry\n"),
        ("viewer", "glsa_c4n4ry_viewer"),
        ("wrong", "glsa_c4n4ry_wrong"),
        ("password", "c4n4ry-password"),
    ];
    Generator::new(RemoteKind::Grafana, spec, login(&data))
}

#[tokio::test]
async fn makes_the_account_once_and_a_token_each_time_and_revokes_that_one() {
    let (grafana, server) = grafana().await;
    let spec = spec(&server);
    let first = generator(&spec).make().await.unwrap();
    assert_eq!(texts(&first), [("login", "sa-1-my-robot"), ("token", "glsa_c4n4ry_1")].into());
    let state = json!({ "serviceAccount": { "id": 1, "login": "sa-1-my-robot", "tokenID": 1 } });
    assert_eq!(first.state, Some(state.clone()), "as ESO writes it");
    let second = generator(&spec).make().await.unwrap();
    assert_eq!(grafana.accounts(), [("My robot".to_owned(), "Viewer".to_owned())]);
    assert_eq!(grafana.tokens(), [1, 2]);
    generator(&spec).revoke(&state).await.unwrap();
    assert_eq!(grafana.tokens(), [2], "the other one stays");
    generator(&spec).revoke(&state).await.unwrap();
    generator(&spec).revoke(&second.state.unwrap()).await.unwrap();
    assert_eq!((grafana.tokens().len(), grafana.accounts().len()), (0, 1), "the account stays");
    grafana.remove_accounts();
    generator(&spec).revoke(&state).await.unwrap();
}

#[tokio::test]
async fn a_token_comes_before_a_user() {
    let (_, server) = grafana().await;
    let mut spec = spec(&server);
    let wrong = json!({ "name": "login", "key": "wrong" });
    spec["auth"]["basic"] = json!({ "username": "nobody", "password": wrong });
    generator(&spec).make().await.unwrap();
}

#[tokio::test]
async fn a_user_with_a_password_may_do_it_too() {
    let (grafana, server) = grafana().await;
    let mut spec = spec(&server);
    let password = json!({ "name": "login", "key": "password" });
    spec["auth"] = json!({ "basic": { "username": "admin", "password": password } });
    let state = generator(&spec).make().await.unwrap().state.unwrap();
    generator(&spec).revoke(&state).await.unwrap();
    assert!(grafana.tokens().is_empty());
    spec["auth"]["basic"]["username"] = "other".into();
    generator(&spec).refuses(ErrorKind::Unauthenticated, "auth: ").await;
}

#[tokio::test]
async fn finds_the_account_among_many_of_similar_names_with_whatever_role() {
    let (grafana, server) = grafana().await;
    for number in 0..1_200 {
        grafana.add(Account::new(&format!("My robot {number}"), "Viewer"));
    }
    grafana.add(Account::new("My robot", "Admin"));
    let made = generator(&spec(&server)).make().await.unwrap();
    assert_eq!(made.state.unwrap()["serviceAccount"]["id"], 1_201);
    assert_eq!(grafana.accounts().len(), 1_201);
}

#[tokio::test]
async fn an_account_that_somebody_makes_meanwhile_is_used() {
    let (grafana, server) = grafana().await;
    grafana.next(Trouble::MadeMeanwhile);
    let made = generator(&spec(&server)).make().await.unwrap();
    assert_eq!(made.state.unwrap()["serviceAccount"]["id"], 1);
    assert_eq!(grafana.accounts().len(), 1);
}

#[tokio::test]
async fn says_which_field_grafana_refuses() {
    let (grafana, server) = grafana().await;
    grafana.add(Account::new("my-robot", "Viewer")); // another name, and the same login
    let request = "serviceAccount.name, serviceAccount.role: ";
    generator(&spec(&server)).refuses(ErrorKind::InvalidRequest, request).await;
    for (field, value, kind, begin) in [
        ("/serviceAccount", json!({ "name": "a", "role": "viewer" }), ErrorKind::InvalidRequest, request),
        ("/serviceAccount", json!({ "name": "", "role": "Viewer" }), ErrorKind::InvalidRequest, request),
        ("/auth/token/key", json!("viewer"), ErrorKind::Forbidden, "auth: "),
        ("/auth/token/key", json!("wrong"), ErrorKind::Unauthenticated, "auth: "),
        ("/url", json!(server.uri()), ErrorKind::InvalidRequest, "url, serviceAccount.name: "),
    ] {
        let mut spec = spec(&server);
        *spec.pointer_mut(field).unwrap() = value;
        generator(&spec).refuses(kind, begin).await;
    }
    assert_eq!((grafana.accounts().len(), grafana.tokens().len()), (1, 0));
}

#[tokio::test]
async fn asks_nothing_with_what_cannot_be_right() {
    let (_, server) = grafana().await;
    for (field, value, kind, begin) in [
        ("/auth", json!({}), ErrorKind::InvalidConfig, "auth.token, auth.basic: one of them"),
        ("/auth/token/key", json!("nothing"), ErrorKind::Credentials, "auth.token: "),
        ("/url", json!("grafana.example"), ErrorKind::InvalidConfig, "url is no address"),
        ("/url", json!("http://169.254.169.254"), ErrorKind::EndpointRefused, "url: Grafana at "),
    ] {
        let mut spec = spec(&server);
        *spec.pointer_mut(field).unwrap() = value;
        generator(&spec).refuses(kind, begin).await;
    }
    assert_eq!(asked(&server).await, 0);
}

#[tokio::test]
async fn an_account_that_is_left_without_a_token_is_said_and_used_the_next_time() {
    let (grafana, server) = grafana().await;
    grafana.next(Trouble::NoToken);
    let error = generator(&spec(&server)).refuses(ErrorKind::InvalidRequest, "serviceAccount.name").await;
    assert!(error.message.contains("has been made, with login \"sa-1-my-robot\""), "{error}");
    grafana.next(Trouble::NoToken);
    let error = generator(&spec(&server)).refuses(ErrorKind::InvalidRequest, "serviceAccount.name").await;
    assert!(!error.message.contains("has been made"), "it was there before: {error}");
    generator(&spec(&server)).make().await.unwrap();
    assert_eq!((grafana.accounts().len(), grafana.tokens().len()), (1, 1));
}

#[tokio::test]
async fn a_token_whose_answer_is_lost_is_deleted() {
    let (grafana, server) = grafana().await;
    grafana.add(Account::new("My robot", "Viewer"));
    generator(&spec(&server)).make().await.unwrap();
    for (trouble, kind) in [
        (Trouble::AnswerLost, ErrorKind::Unavailable),
        (Trouble::AnswerUnreadable, ErrorKind::InvalidValue),
        (Trouble::AnswerWithoutKey, ErrorKind::InvalidValue),
    ] {
        grafana.next(trouble);
        let error = generator(&spec(&server)).refuses(kind, "").await;
        assert!(!error.message.contains("left"), "{error}");
        assert_eq!(grafana.tokens(), [1], "only the one that was there before");
    }
}

#[tokio::test]
async fn a_token_that_cannot_be_cleared_away_is_named() {
    let (grafana, server) = grafana().await;
    grafana.add(Account::new("My robot", "Viewer"));
    grafana.next(Trouble::AnswerLostForGood);
    let error = generator(&spec(&server)).refuses(ErrorKind::Unavailable, "").await;
    let name = grafana.token_names().remove(0);
    assert!(name.starts_with("latchkey-") && name.len() == 41, "{name}");
    assert!(error.message.ends_with(&format!("a token {name:?} of it may be left there")), "{error}");
}

#[tokio::test]
async fn what_is_not_revoked_is_said() {
    let (grafana, server) = grafana().await;
    let mut spec = spec(&server);
    let state = generator(&spec).make().await.unwrap().state.unwrap();
    for bad in [json!(null), json!({}), json!({ "serviceAccount": { "id": 1, "login": "a" } })] {
        fails(generator(&spec).revoke(&bad).await, ErrorKind::InvalidRequest, "the state is none");
    }
    spec["auth"]["token"]["key"] = "viewer".into();
    fails(generator(&spec).revoke(&state).await, ErrorKind::Forbidden, "auth: ");
    assert_eq!(grafana.tokens(), [1]);
}

#[tokio::test]
async fn a_token_for_somebody_who_has_gone_is_revoked_at_once() {
    let (grafana, server) = grafana().await;
    assert!(generator(&spec(&server)).make().now_or_never().is_none(), "its caller does not wait");
    until(|| grafana.made() == 1 && grafana.tokens().is_empty()).await;
}
