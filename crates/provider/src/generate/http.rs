//! One request to a service, and its answer.
//!
//! Addresses are held against the guard, answers read up to a limit, redirects not followed: credentials are for the host that
//! the generator names. Nothing of a body ever gets into an error.

use std::time::{Duration, Instant};

use http::{HeaderMap, Method, StatusCode};
use serde::de::DeserializeOwned;
use url::Url;

use super::{World, unreadable};
use crate::guard::{Ports, Refused, Resolver};
use crate::tls::Tls;
use crate::{Error, ErrorKind, SecretBytes, limit, transport};

/// Who asks; GitHub refuses those who do not say.
const USER_AGENT: &str = concat!("latchkey/", env!("CARGO_PKG_VERSION"));

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// How long an answer may take where the generator does not say.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// A client for one server.
pub struct Http<'a> {
    client: reqwest::Client,
    world: &'a World<'a>,
    /// The server's name in messages, such as `GitHub at https://api.github.com`.
    place: String,
    /// Its name in metrics.
    name: &'static str,
}

/// What is asked.
pub struct Ask<'a> {
    /// The name of the call in metrics.
    pub call: &'static str,
    /// What is tried, for messages: `cannot make a deploy token`.
    pub doing: &'a str,
    /// Method of HTTP.
    pub method: Method,
    /// The address.
    pub url: Url,
    /// Headers; those with credentials are marked as sensitive.
    pub headers: HeaderMap,
    /// The body; none if it is empty.
    pub body: SecretBytes,
}

/// What was answered.
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The whole body.
    pub body: SecretBytes,
    /// How long the service asks to be left alone.
    pub retry_after: Option<Duration>,
}

impl<'a> Http<'a> {
    /// A client for the server of this address. `what` is the service's name in messages, `name` that in metrics.
    ///
    /// # Errors
    /// The address may not be called, or the certificates of `tls` are none.
    pub fn new(
        world: &'a World<'a>,
        (what, name): (&str, &'static str),
        server: &Url,
        tls: &Tls,
        timeout: Duration,
    ) -> Result<Self, Error> {
        let place = format!("{what} at {}", server.origin().ascii_serialization());
        world.guard.check_url(server).map_err(|refused| refused.error(&place))?;
        let ports = Ports::new(server.port_or_known_default().unwrap_or_default());
        let client = tls
            .http_client()?
            .user_agent(USER_AGENT)
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(timeout)
            .dns_resolver(Resolver { guard: world.guard.clone(), ports })
            .build()
            .map_err(|_| {
                Error::new(ErrorKind::InvalidConfig, format!("no HTTP client for {place} can be made"))
            })?;
        Ok(Self { client, world, place, name })
    }

    /// The server's name in messages.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Sends it and gives any answer.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`] if there is none, [`ErrorKind::EndpointRefused`], [`ErrorKind::InvalidValue`] if it is too
    /// large.
    pub async fn send(&self, ask: Ask<'_>) -> Result<Answer, Error> {
        self.world.trial.may_send()?;
        let mut request = reqwest::Request::new(ask.method, ask.url);
        *request.headers_mut() = ask.headers;
        *request.body_mut() = (!ask.body.is_empty()).then(|| ask.body.expose().to_vec().into());
        let began = Instant::now();
        let answer = match self.client.execute(request).await {
            Ok(response) => self.read(response).await,
            Err(error) => Err(self.unreachable(&error)),
        };
        let success = answer.as_ref().is_ok_and(|answer| answer.status.is_success());
        self.world.observer.call(self.name, ask.call, success, began.elapsed());
        answer
    }

    /// The same, and what the body of a good answer says as JSON.
    ///
    /// # Errors
    /// Those of [`Http::send`] and of a refusal, by its status.
    pub async fn json<T: DeserializeOwned>(&self, ask: Ask<'_>) -> Result<T, Error> {
        let doing = ask.doing.to_owned();
        let answer = self.send(ask).await?;
        if !answer.status.is_success() {
            return Err(self.refused(&doing, &answer));
        }
        serde_json::from_slice(answer.body.expose()).map_err(|_| unreadable(&self.place))
    }

    /// The error of an answer that is no success. What it says is not told: it may hold anything. Credentials that are not
    /// accepted are read anew the next time.
    pub fn refused(&self, doing: &str, answer: &Answer) -> Error {
        let status = answer.status.as_u16();
        if let (401, Some(namespace)) = (status, self.world.scope.namespace.as_deref()) {
            self.world.cluster.forget(namespace);
        }
        let (kind, what) = match status {
            401 => (ErrorKind::Unauthenticated, "does not accept the credentials"),
            403 => (ErrorKind::Forbidden, "does not permit it"),
            404 => (ErrorKind::InvalidRequest, "knows no such thing"),
            408 | 500..=599 => (ErrorKind::Unavailable, "failed to answer"),
            429 => (ErrorKind::RateLimited, "limits the rate of requests"),
            300..=399 => (ErrorKind::InvalidConfig, "redirects, which is not followed"),
            _ => (ErrorKind::InvalidRequest, "refuses"),
        };
        let error =
            Error::new(kind, format!("{doing}: {} {what}", self.place)).with_code(format!("HTTP {status}"));
        Error { retry_after: answer.retry_after, ..error }
    }

    async fn read(&self, response: reqwest::Response) -> Result<Answer, Error> {
        let (status, retry_after) = (response.status(), transport::retry_after(response.headers()));
        let body = limit::body(response, &self.place, |error| self.unreachable(error)).await?;
        Ok(Answer { status, body, retry_after })
    }

    fn unreachable(&self, error: &reqwest::Error) -> Error {
        let place = &self.place;
        if let Some(refused) = Refused::among(error) {
            return refused.error(place);
        }
        let text = match error.is_timeout() {
            true => format!("{place} does not answer in time"),
            false => format!("cannot reach {place}: {}", transport::why(error)),
        };
        Error::new(ErrorKind::Unavailable, text)
    }
}

/// An address that a generator gives, in this field below `spec`.
///
/// # Errors
/// It is none of http or https.
pub fn address(field: &str, text: &str) -> Result<Url, Error> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    url.ok_or_else(|| super::invalid(format!("{field} is no address of http:// or https://")))
}
