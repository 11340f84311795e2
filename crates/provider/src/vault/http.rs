//! Sends requests to Vault, over a connection that trusts as the store says.
//!
//! It sees what ESO's rules need: the list of errors, the headers of each answer (`X-Vault-Index`, `Retry-After`), and
//! numbers as they were written. Nothing that came from outside is unwrapped: the URL, the headers and the token are
//! checked before.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use serde::Deserialize;
use serde::de::IgnoredAny;
use url::Url;

use super::consistency::Seen;
use super::failure::{Purpose, Refusal};
use super::request::Request;
use super::server;
use crate::guard::{Guard, Ports, Refused, Resolver};
use crate::observe::Observer;
use crate::tls::Tls;
use crate::{Error, ErrorKind, SecretBytes, limit, transport};

/// The provider's name in metrics.
pub const PROVIDER: &str = "HashiCorp/Vault";

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// Pauses before a lagging node (412) is asked again.
const CATCH_UP: [Duration; 2] = [Duration::from_millis(200), Duration::from_millis(600)];

const TOKEN: HeaderName = HeaderName::from_static("x-vault-token");
const NAMESPACE: HeaderName = HeaderName::from_static("x-vault-namespace");
const INDEX: HeaderName = HeaderName::from_static("x-vault-index");
const REQUEST: HeaderName = HeaderName::from_static("x-vault-request");

/// One request, and on whose behalf.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// ESO's name for it in metrics.
    pub name: &'static str,
    /// What it is for.
    pub purpose: Purpose<'a>,
    /// What is asked.
    pub request: &'a Request,
    /// The namespace of Vault.
    pub namespace: Option<&'a HeaderValue>,
    /// Whose token.
    pub token: Option<&'a SecretBytes>,
}

/// What Vault has under a path.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// A document.
    Found(SecretBytes),
    /// Nothing (404); of a deleted version Vault tells the time of its deletion there, which nobody needs.
    Missing,
}

/// A client for one Vault.
#[derive(Debug)]
pub struct Http {
    client: reqwest::Client,
    server: Url,
    shows_certificate: bool,
    headers: HeaderMap,
    seen: Option<Seen>,
    observer: Arc<dyn Observer>,
}

impl Http {
    /// A client that trusts as `tls` says and sends `headers` along; with `read_your_writes` also the newest
    /// replication state that it has seen.
    ///
    /// # Errors
    /// Those of [`Tls::client_config`].
    pub fn new(
        tls: &Tls,
        server: Url,
        mut headers: HeaderMap,
        read_your_writes: bool,
        observer: Arc<dyn Observer>,
        guard: Guard,
    ) -> Result<Self, Error> {
        headers.insert(REQUEST, HeaderValue::from_static("true")); // what a Vault Agent with SSRF protection asks for
        let ports = Ports::new(server.port_or_known_default().unwrap_or_default());
        let client = tls
            .http_client()?
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT)
            .redirect(server::redirects(guard.clone(), ports.clone()))
            .dns_resolver(Resolver { guard, ports })
            .build()
            .map_err(|_| {
                Error::new(ErrorKind::InvalidConfig, "no HTTP client can be made of the store's settings")
            })?;
        let seen = read_your_writes.then(Seen::default);
        Ok(Self { client, server, shows_certificate: tls.client.is_some(), headers, seen, observer })
    }

    /// The server as it is shown.
    pub fn server(&self) -> &str {
        server::shown(&self.server)
    }

    /// Makes the request; a node that lags behind is asked up to three times.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`] if there is no answer, else by [`Refusal::error`].
    pub async fn send(&self, call: Call<'_>) -> Result<Answer, Error> {
        for pause in CATCH_UP {
            match self.send_once(call).await {
                Ok(Err(refusal)) if refusal.status == StatusCode::PRECONDITION_FAILED => {
                    tokio::time::sleep(pause).await
                }
                outcome => return self.outcome(call, outcome),
            }
        }
        self.outcome(call, self.send_once(call).await)
    }

    fn outcome(
        &self,
        call: Call<'_>,
        outcome: Result<Result<Answer, Refusal>, Error>,
    ) -> Result<Answer, Error> {
        outcome?.map_err(|refusal| refusal.error(self.server(), call.purpose))
    }

    async fn send_once(&self, call: Call<'_>) -> Result<Result<Answer, Refusal>, Error> {
        let began = Instant::now();
        let mut sent = self.client.execute(self.request(call)?).await;
        if sent.as_ref().is_err_and(|error| call.request.method == Method::GET && is_stale(error)) {
            sent = self.client.execute(self.request(call)?).await;
        }
        let answer = match sent {
            Ok(response) => self.read(response).await,
            Err(error) => Err(self.unreachable(&error)),
        };
        self.observer.call(PROVIDER, call.name, matches!(answer, Ok(Ok(_))), began.elapsed());
        answer
    }

    fn request(&self, call: Call<'_>) -> Result<reqwest::Request, Error> {
        let Request { method, body, .. } = call.request;
        let mut request = reqwest::Request::new(method.clone(), call.request.url(&self.server)?);
        *request.headers_mut() = self.request_headers(call)?;
        *request.body_mut() = (!body.is_empty()).then(|| body.to_vec().into());
        Ok(request)
    }

    fn request_headers(&self, call: Call<'_>) -> Result<HeaderMap, Error> {
        let mut headers = self.headers.clone();
        if let Some(namespace) = call.namespace {
            headers.insert(NAMESPACE, namespace.clone());
        }
        if let Some(token) = call.token {
            headers.insert(TOKEN, sensitive(token)?);
        }
        for index in self.seen.iter().flat_map(Seen::headers) {
            headers.extend(HeaderValue::from_str(&index).ok().map(|value| (INDEX, value)));
        }
        Ok(headers)
    }

    async fn read(&self, response: reqwest::Response) -> Result<Result<Answer, Refusal>, Error> {
        let (status, retry_after) = (response.status(), transport::retry_after(response.headers()));
        if let (Some(seen), Some(Ok(index))) =
            (&self.seen, response.headers().get(INDEX).map(HeaderValue::to_str))
        {
            seen.record(index);
        }
        let place = format!("vault at {}", self.server());
        let body = limit::body(response, &place, |error| self.unreachable(error)).await?;
        if status.is_success() {
            return self.document(body).map(|found| Ok(Answer::Found(found)));
        }
        let refusal = Refusal { status, errors: errors(body.expose()), retry_after };
        Ok(if refusal.is_mere_absence() { Ok(Answer::Missing) } else { Err(refusal) })
    }

    /// Vault speaks JSON, or says nothing: anything else comes from something in between.
    fn document(&self, body: SecretBytes) -> Result<SecretBytes, Error> {
        if body.is_empty() || serde_json::from_slice::<IgnoredAny>(body.expose()).is_ok() {
            return Ok(body);
        }
        let text = format!("what answers at {} is not vault, or only part of its answer", self.server());
        Err(Error::new(ErrorKind::Unavailable, text))
    }

    /// In TLS 1.3 a server that misses a client certificate lets the handshake pass and closes the connection then.
    fn hint(&self) -> &'static str {
        let may_want_one = self.server.scheme() == "https" && !self.shows_certificate;
        if may_want_one { "; perhaps it asks for a client certificate" } else { "" }
    }

    fn unreachable(&self, error: &reqwest::Error) -> Error {
        let server = self.server();
        if let Some(refused) = Refused::among(error) {
            let elsewhere = !refused.is_of(self.server.host_str().unwrap_or_default());
            let place = match error.is_redirect() || elsewhere {
                true => format!("where vault at {server} redirects to"),
                false => format!("vault at {server}"),
            };
            return refused.error(&place);
        }
        let text = if error.is_redirect() {
            format!("vault at {server} redirects more than once, or from https to http")
        } else if error.is_timeout() && !error.is_connect() {
            format!("vault at {server} did not answer within {} s", REQUEST_TIMEOUT.as_secs())
        } else if error.is_timeout() {
            format!("cannot connect to vault at {server}: no answer within {} s", CONNECT_TIMEOUT.as_secs())
        } else if error.is_connect() {
            format!("cannot connect to vault at {server}: {}", transport::why(error))
        } else {
            format!("the connection to vault at {server} broke: {}{}", transport::why(error), self.hint())
        };
        Error::new(ErrorKind::Unavailable, text)
    }
}

/// Whether a connection that was kept open broke before an answer: the server may have been restarted meanwhile.
fn is_stale(error: &reqwest::Error) -> bool {
    error.is_request() && !error.is_connect() && !error.is_timeout() && !error.is_redirect()
}

/// A credential as a header's value, without the line break that often ends a file.
fn sensitive(token: &SecretBytes) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_bytes(token.expose().trim_ascii()).map_err(|_| {
        Error::new(ErrorKind::Credentials, "the token for vault holds characters that no token has")
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// Vault's list of errors; a body that is not Vault's is one error by itself.
fn errors(body: &[u8]) -> Vec<String> {
    #[derive(Deserialize)]
    struct Body {
        #[serde(default)]
        errors: Vec<String>,
        #[serde(default)]
        warnings: Option<Vec<String>>,
    }
    match serde_json::from_slice::<Body>(body) {
        Ok(Body { errors, warnings }) => errors.into_iter().chain(warnings.unwrap_or_default()).collect(),
        Err(_) => vec![String::from_utf8_lossy(body).into_owned()],
    }
}
