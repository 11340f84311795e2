//! Every service that a generator asks, in one server of the test's own: it gives tokens to whoever asks, or refuses and says
//! in its refusal all that it was sent.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::support::LocalServer;

/// How it behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Gives what is asked for.
    Gives,
    /// Answers with this status, and with all that it was sent.
    Echoes(u16),
}

/// The server. It ends when this is dropped.
pub(super) struct Echo {
    server: LocalServer,
    shared: Arc<Mutex<Shared>>,
}

struct Shared {
    mode: Mode,
    token: String,
    value: String,
    sent: BTreeSet<String>,
    echoes: Vec<String>,
    withdrawals: usize,
}

/// What credentials are sent in: headers, and fields of forms and of JSON.
const HEADERS: [&str; 4] = ["authorization", "private-token", "x-vault-token", "x-amz-security-token"];
const FIELDS: [&str; 8] = [
    "access_token",
    "assertion",
    "client_assertion",
    "client_secret",
    "oidc_token",
    "refresh_token",
    "secret_id",
    "subject_token",
];

impl Echo {
    /// What it makes has this value in it; its tokens end in this text.
    pub(super) fn start(value: &str, random: &str) -> Self {
        let encode = |part: Value| BASE64_URL_SAFE_NO_PAD.encode(part.to_string());
        let token = format!(
            "{}.{}.{random}",
            encode(json!({ "alg": "none" })),
            encode(json!({ "exp": 4_000_000_000_u64 }))
        );
        let shared = Arc::new(Mutex::new(Shared {
            mode: Mode::Gives,
            token,
            value: value.to_owned(),
            sent: BTreeSet::new(),
            echoes: Vec::new(),
            withdrawals: 0,
        }));
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        Self { server: LocalServer::start(None, router), shared }
    }

    /// `http://127.0.0.1:PORT`.
    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.server.port)
    }

    pub(super) fn behave(&self, mode: Mode) {
        lock(&self.shared).mode = mode;
    }

    /// The token that it gives to everybody.
    pub(super) fn token(&self) -> String {
        lock(&self.shared).token.clone()
    }

    /// What it was sent as credentials.
    pub(super) fn sent(&self) -> Vec<String> {
        lock(&self.shared).sent.iter().cloned().collect()
    }

    /// What it has said when it refused.
    pub(super) fn echoes(&self) -> Vec<String> {
        lock(&self.shared).echoes.clone()
    }

    /// How often it was asked to take something back.
    pub(super) fn withdrawals(&self) -> usize {
        lock(&self.shared).withdrawals
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn answer(
    State(shared): State<Arc<Mutex<Shared>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let body = String::from_utf8_lossy(&body).into_owned();
    let mut shared = lock(&shared);
    shared.sent.extend(credentials(&headers, &body));
    shared.withdrawals += usize::from(method == Method::DELETE);
    match shared.mode {
        Mode::Gives => axum::Json(given(&shared.token, &shared.value)).into_response(),
        Mode::Echoes(status) => {
            let echo = echo(&uri, &headers, &body);
            shared.echoes.push(echo.clone());
            echoed(status, &echo)
        }
    }
}

fn credentials(headers: &HeaderMap, body: &str) -> Vec<String> {
    let header = |name: &&str| headers.get(*name).and_then(|value| value.to_str().ok());
    let of_headers =
        HEADERS.iter().filter_map(header).map(|text| text.rsplit(' ').next().unwrap_or(text).to_owned());
    let json: Value = serde_json::from_str(body).unwrap_or_default();
    let url = reqwest::Url::parse(&format!("http://a/?{body}")).expect("a URL");
    let form = url.query_pairs().filter(|(name, _)| FIELDS.contains(&name.as_ref()));
    let form: Vec<String> = form.map(|(_, value)| value.into_owned()).collect();
    let of_json = FIELDS.iter().filter_map(|name| json[*name].as_str()).map(str::to_owned);
    of_headers.chain(form).chain(of_json).filter(|text| text.len() >= 16).collect()
}

/// What any of the services answers, all at once.
fn given(token: &str, value: &str) -> Value {
    let login = BASE64_STANDARD.encode(format!("AWS:{token}"));
    json!({
        "id": 7, "name": "canary", "login": "sa-canary", "username": "canary", "token": token, "key": token,
        "access_token": token, "expires_in": 3600, "refresh_token": token,
        "accessToken": token, "expireTime": "2090-01-01T00:00:00Z",
        "totalCount": 0, "serviceAccounts": [],
        "authorizationData": [{
            "authorizationToken": login, "expiresAt": 4_000_000_000.0, "proxyEndpoint": "https://registry.example",
        }],
        "auth": { "client_token": token, "lease_duration": 3600, "renewable": false },
        "data": { "password": value },
    })
}

/// All that was sent.
fn echo(uri: &Uri, headers: &HeaderMap, body: &str) -> String {
    let header = |(name, value): (&HeaderName, &HeaderValue)| {
        format!("{name}: {}", String::from_utf8_lossy(value.as_bytes()))
    };
    let headers: Vec<String> = headers.iter().map(header).collect();
    format!("{} {uri} {body}", headers.join(" "))
}

/// Whatever could be repeated of a refusal has it; where it would send whoever follows, too.
fn echoed(status: u16, echo: &str) -> Response {
    let said = json!({
        "__type": "InvalidParameterException", "message": echo, "Message": echo, "error": echo,
        "error_description": echo, "errors": [echo], "code": echo, "detail": echo, "data": echo,
    });
    let mut response = (StatusCode::from_u16(status).expect("a status"), axum::Json(said)).into_response();
    let place: String = echo.chars().filter(|c| c.is_ascii_graphic()).collect();
    for (name, text) in [("location", format!("/{place}")), ("www-authenticate", format!("Bearer {place}"))] {
        if let Ok(value) = HeaderValue::from_str(&text) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
