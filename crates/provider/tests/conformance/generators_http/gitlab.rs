//! GitLab, by <https://docs.gitlab.com/api/deploy_tokens/>.

use std::sync::{Arc, Mutex};

use futures::FutureExt as _;
use latchkey_api::generator::RemoteKind;
use latchkey_provider::ErrorKind;
use serde_json::{Value, json};
use wiremock::{MockServer, Request};

use super::{Answer, Generator, asked, fails, header, login, segments, serve, texts, until};

const SCOPES: [&str; 7] = [
    "read_repository",
    "read_registry",
    "write_registry",
    "read_package_registry",
    "write_package_registry",
    "read_virtual_registry",
    "write_virtual_registry",
];

/// A GitLab with the project `shop/web` of number 7, the group `shop` of number 8, and a project `hidden` that the token does
/// not see.
#[derive(Default)]
struct Gitlab {
    /// Whose each deploy token is, by number less one; none is deleted.
    tokens: Mutex<Vec<Option<&'static str>>>,
}

impl Gitlab {
    fn answer(&self, request: &Request) -> Answer {
        let path = segments(request);
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let ["sub", "api", "v4", kind, id, "deploy_tokens", rest @ ..] = path.as_slice() else {
            return Err((404, "404 Not Found"));
        };
        let may_write = match header(request, "private-token") {
            Some("glpat-c4n4ry-maintainer") => true,
            Some("glpat-c4n4ry-developer") => false,
            _ => return Err((401, "401 Unauthorized")),
        };
        let owner = match (*kind, *id) {
            ("projects", "7" | "shop/web") => "project",
            ("groups", "8" | "shop") => "group",
            _ => return Err((404, "404 Not Found")),
        };
        match (request.method.as_str(), rest) {
            _ if !may_write => Err((403, "403 Forbidden")),
            ("POST", []) => self.create(owner, request),
            ("DELETE", [number]) => self.delete(owner, number),
            _ => Err((405, "405 Method Not Allowed")),
        }
    }

    fn create(&self, owner: &'static str, request: &Request) -> Answer {
        if header(request, "content-type") != Some("application/json") {
            return Err((415, "The provided content-type is not supported."));
        }
        let wanted: Value = request.body_json().map_err(|_| (400, "message: invalid JSON"))?;
        valid(&wanted).map_err(|why| (400, why))?;
        let mut tokens = self.tokens.lock().unwrap();
        tokens.push(Some(owner));
        let number = tokens.len();
        let username = wanted.get("username").cloned();
        let username = username.unwrap_or_else(|| format!("gitlab+deploy-token-{number}").into());
        let token = format!("gldt-c4n4ry-{number}");
        Ok((
            201,
            json!({
                "id": number, "name": wanted["name"], "username": username, "token": token, "revoked": false,
                "expires_at": wanted.get("expires_at"), "expired": false, "scopes": wanted["scopes"],
            }),
        ))
    }

    fn delete(&self, owner: &str, number: &str) -> Answer {
        let number: usize = number.parse().map_err(|_| (400, "token_id is invalid"))?;
        let mut tokens = self.tokens.lock().unwrap();
        let token = number.checked_sub(1).and_then(|at| tokens.get_mut(at));
        match token.filter(|token| **token == Some(owner)) {
            Some(token) => *token = None,
            None => return Err((404, "404 Not Found")),
        }
        Ok((204, Value::Null))
    }

    fn there(&self) -> Vec<Option<&'static str>> {
        self.tokens.lock().unwrap().clone()
    }
}

fn valid(wanted: &Value) -> Result<(), &'static str> {
    let text = |field: &str| wanted.get(field).map(|value| value.as_str().unwrap_or_default());
    let is_user = |name: &str| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || ".+_-".contains(c))
    };
    let is_time =
        |time: &str| time.len() >= 10 && time.as_bytes()[4] == b'-' && time[..4].parse::<u16>().is_ok();
    let scopes = wanted["scopes"].as_array().ok_or("scopes is missing")?;
    match () {
        () if text("name").is_none_or(str::is_empty) => Err("name is missing"),
        () if scopes.is_empty() => Err("Scopes can't be blank"),
        () if !scopes.iter().all(|scope| SCOPES.iter().any(|known| scope == known)) => {
            Err("scopes does not have a valid value")
        }
        () if text("username").is_some_and(|name| !is_user(name)) => Err("Username can contain only letters"),
        () if text("expires_at").is_some_and(|time| !is_time(time)) => Err("expires_at is invalid"),
        () => Ok(()),
    }
}

async fn gitlab() -> (Arc<Gitlab>, MockServer) {
    let gitlab = Arc::new(Gitlab::default());
    let answering = gitlab.clone();
    (gitlab, serve(move |request| answering.answer(request)).await)
}

fn spec(server: &MockServer) -> Value {
    json!({
        "url": format!("{}/sub/", server.uri()), "projectID": "shop/web", "name": "pull",
        "scopes": ["read_registry"], "auth": { "token": { "secretRef": { "name": "login", "key": "token" } } },
    })
}

fn generator(spec: &Value) -> Generator {
    let tokens = [
        ("token", "glpat-c4n4ry-maintainer\n"),
        ("developer", "glpat-c4n4ry-developer"),
        ("wrong", "glpat-c4n4ry"),
        ("unfit", "glpat\nc4n4ry"),
    ];
    Generator::new(RemoteKind::Gitlab, spec, login(&tokens))
}

#[tokio::test]
async fn makes_a_deploy_token_of_a_project_and_revokes_it() {
    let (gitlab, server) = gitlab().await;
    let spec = spec(&server);
    let (first, second) = (generator(&spec).make().await.unwrap(), generator(&spec).make().await.unwrap());
    let wanted = [("username", "gitlab+deploy-token-1"), ("token", "gldt-c4n4ry-1")];
    assert_eq!(texts(&first), wanted.into());
    let state = json!({ "url": spec["url"], "projectID": "shop/web", "tokenID": 1 });
    assert_eq!(first.state, Some(state.clone()), "as ESO writes it");
    generator(&spec).revoke(&state).await.unwrap();
    assert_eq!(gitlab.there(), [None, Some("project")], "the other one stays");
    generator(&spec).revoke(&state).await.unwrap();
    generator(&spec).revoke(&second.state.unwrap()).await.unwrap();
    assert_eq!(gitlab.there(), [None, None]);
}

#[tokio::test]
async fn makes_a_deploy_token_of_a_group_as_it_is_asked_for() {
    let (gitlab, server) = gitlab().await;
    let mut spec = spec(&server);
    (spec["projectID"], spec["groupID"]) = (json!(""), json!("8"));
    (spec["username"], spec["expiresAt"]) = (json!("puller"), json!("2030-01-02T03:04:05Z"));
    spec["scopes"] = json!(SCOPES);
    let made = generator(&spec).make().await.unwrap();
    assert_eq!(texts(&made)["username"], "puller");
    assert_eq!(made.state, Some(json!({ "url": spec["url"], "groupID": "8", "tokenID": 1 })));
    assert_eq!(gitlab.there(), [Some("group")]);
    let sent: Value = server.received_requests().await.unwrap()[0].body_json().unwrap();
    let wanted = json!({
        "name": "pull", "username": "puller", "expires_at": "2030-01-02T03:04:05Z", "scopes": SCOPES,
    });
    assert_eq!(sent, wanted);
}

#[tokio::test]
async fn revokes_where_the_token_was_made_whatever_the_generator_says_by_now() {
    let (gitlab, server) = gitlab().await;
    let mut spec = spec(&server);
    let state = generator(&spec).make().await.unwrap().state.unwrap();
    (spec["projectID"], spec["url"]) = (json!("hidden"), json!("http://127.0.0.1:1"));
    generator(&spec).revoke(&state).await.unwrap();
    assert_eq!(gitlab.there(), [None]);
}

#[tokio::test]
async fn what_is_not_revoked_is_said() {
    let (gitlab, server) = gitlab().await;
    let mut spec = spec(&server);
    let state = generator(&spec).make().await.unwrap().state.unwrap();
    for (key, kind) in [("developer", ErrorKind::Forbidden), ("wrong", ErrorKind::Unauthenticated)] {
        spec["auth"]["token"]["secretRef"]["key"] = key.into();
        fails(generator(&spec).revoke(&state).await, kind, "auth.token.secretRef: ");
    }
    for state in [json!(null), json!({}), json!({ "tokenID": "1" }), json!({ "url": "", "tokenID": -1 })] {
        fails(generator(&spec).revoke(&state).await, ErrorKind::InvalidRequest, "the state is none");
    }
    let nowhere = json!({ "url": "", "tokenID": 1 });
    fails(generator(&spec).revoke(&nowhere).await, ErrorKind::InvalidConfig, "projectID, groupID: ");
    assert_eq!(gitlab.there(), [Some("project")]);
}

#[tokio::test]
async fn says_which_field_gitlab_refuses() {
    let (gitlab, server) = gitlab().await;
    let request = "name, scopes, expiresAt, username: ";
    for (field, value, kind, begin) in [
        ("projectID", json!("hidden"), ErrorKind::InvalidRequest, "projectID, groupID: "),
        ("projectID", json!("7/../7"), ErrorKind::InvalidRequest, "projectID, groupID: "),
        ("name", json!(""), ErrorKind::InvalidRequest, request),
        ("username", json!("me@example"), ErrorKind::InvalidRequest, request),
        ("expiresAt", json!("tomorrow"), ErrorKind::InvalidRequest, request),
    ] {
        let mut spec = spec(&server);
        spec[field] = value;
        generator(&spec).refuses(kind, begin).await;
    }
    for (key, kind) in [("developer", ErrorKind::Forbidden), ("wrong", ErrorKind::Unauthenticated)] {
        let mut spec = spec(&server);
        spec["auth"]["token"]["secretRef"]["key"] = key.into();
        generator(&spec).refuses(kind, "auth.token.secretRef: ").await;
    }
    assert!(gitlab.there().is_empty());
}

#[tokio::test]
async fn asks_nothing_with_what_cannot_be_right() {
    let (_, server) = gitlab().await;
    for (field, value, kind, begin) in [
        ("groupID", json!("8"), ErrorKind::InvalidConfig, "projectID, groupID: exactly one"),
        ("projectID", json!(""), ErrorKind::InvalidConfig, "projectID, groupID: exactly one"),
        ("projectID", json!(".."), ErrorKind::InvalidConfig, "projectID "),
        ("scopes", json!([]), ErrorKind::InvalidConfig, "scopes "),
        ("url", json!("gitlab.example"), ErrorKind::InvalidConfig, "url is no address"),
    ] {
        let mut spec = spec(&server);
        spec[field] = value;
        generator(&spec).refuses(kind, begin).await;
    }
    for key in ["unfit", "nothing"] {
        let mut spec = spec(&server);
        spec["auth"]["token"]["secretRef"]["key"] = key.into();
        generator(&spec).refuses(ErrorKind::Credentials, "auth.token.secretRef: ").await;
    }
    assert_eq!(asked(&server).await, 0);
}

#[tokio::test]
async fn says_that_a_token_may_be_left_if_the_answer_is_lost() {
    let without_number = json!({ "username": "a", "token": "c4n4ry" });
    for (status, body, kind) in [
        (502, json!("c4n4ry"), ErrorKind::Unavailable),
        (201, without_number, ErrorKind::InvalidValue),
        (201, json!("c4n4ry"), ErrorKind::InvalidValue),
    ] {
        let server = serve(move |_| Ok((status, body.clone()))).await;
        let error = generator(&spec(&server)).refuses(kind, "").await;
        assert!(error.message.ends_with("look for \"pull\" and delete it there"), "{error}");
    }
}

#[tokio::test]
async fn a_token_for_somebody_who_has_gone_is_revoked_at_once() {
    let (gitlab, server) = gitlab().await;
    assert!(generator(&spec(&server)).make().now_or_never().is_none(), "its caller does not wait");
    until(|| gitlab.there() == [None]).await;
}
