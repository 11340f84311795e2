//! Who the store shows up as: a bearer token, and the client that carries it.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper_timeout::TimeoutConnector;
use hyper_util::client::legacy;
use hyper_util::rt::TokioExecutor;
use kube::client::{Body, ClientBuilder, ConfigExt};
use kube::{Client, Config};
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;
use tower::util::MapResponseLayer;
use tower::{BoxError, ServiceBuilder};

use super::failure;
use super::server::Server;
use crate::digest::Digest;
use crate::guard::{Dialer, Guard};
use crate::{Cluster, Error, SecretBytes, limit};

/// Where the bearer token comes from.
pub enum Bearer {
    /// There is none: a client certificate, or nothing at all.
    Nothing,
    /// A Secret.
    Fixed(SecretBytes),
    /// A ServiceAccount, for which a token is requested, again and again before it expires.
    ServiceAccount {
        /// Who is asked.
        cluster: Arc<dyn Cluster>,
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// The token's audiences; none means the API server's own.
        audiences: Vec<String>,
        /// How long it should last.
        expires: Duration,
    },
}

impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("Nothing"),
            Self::Fixed(_) => f.write_str("Fixed"),
            Self::ServiceAccount { namespace, name, .. } => write!(f, "ServiceAccount({namespace}/{name})"),
        }
    }
}

impl Bearer {
    /// Takes this bearer into a digest: by content, or by whose token is requested.
    pub fn digest(&self, digest: Digest) -> Digest {
        match self {
            Self::Nothing => digest,
            Self::Fixed(token) => digest.part("token", token.expose()),
            Self::ServiceAccount { cluster: _, namespace, name, audiences, expires } => {
                let account = digest.part("account namespace", namespace).part("account", name);
                let account =
                    audiences.iter().fold(account, |digest, audience| digest.part("audience", audience));
                account.part("expires", expires.as_secs().to_be_bytes())
            }
        }
    }
}

/// The clients of one store, one after the other: a new token needs a new one.
pub struct Access {
    server: Server,
    config: Config,
    bearer: Bearer,
    guard: Guard,
    live: Mutex<Option<Live>>,
}

struct Live {
    client: Client,
    renew_at: Option<Instant>,
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { server, config: _, bearer, guard: _, live: _ } = self;
        f.debug_struct("Access").field("server", server).field("bearer", bearer).finish_non_exhaustive()
    }
}

impl Access {
    /// Access to a server; no token is requested yet.
    ///
    /// # Errors
    /// Those of [`Server::config`], and of a fixed token or a client certificate that no client can be made of.
    pub fn new(server: Server, bearer: Bearer, guard: Guard) -> Result<Self, Error> {
        let config = server.config()?;
        let live = match &bearer {
            Bearer::Nothing => Some(client(&server, config.clone(), &guard, None)?),
            Bearer::Fixed(token) => Some(client(&server, config.clone(), &guard, Some(token))?),
            Bearer::ServiceAccount { .. } => None,
        };
        let live = live.map(|client| Live { client, renew_at: None });
        Ok(Self { server, config, bearer, guard, live: Mutex::new(live) })
    }

    /// The server's address as it is shown.
    pub fn shown(&self) -> String {
        self.server.shown()
    }

    /// A client with a token that is good as far as is known.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Credentials`] and [`crate::ErrorKind::ClusterApi`] of the token's request.
    pub async fn client(&self) -> Result<Client, Error> {
        let mut live = self.live.lock().await;
        match live.as_ref() {
            Some(Live { client, renew_at }) if renew_at.is_none_or(|at| Instant::now() < at) => {
                Ok(client.clone())
            }
            _ => self.renewed(&mut live).await,
        }
    }

    /// A client with another token, after the server has refused the one at hand; none if there is no other.
    ///
    /// # Errors
    /// As for [`Access::client`].
    pub async fn fresh(&self) -> Result<Option<Client>, Error> {
        let Bearer::ServiceAccount { cluster, namespace, .. } = &self.bearer else { return Ok(None) };
        let mut live = self.live.lock().await;
        cluster.forget(namespace);
        self.renewed(&mut live).await.map(Some)
    }

    async fn renewed(&self, live: &mut Option<Live>) -> Result<Client, Error> {
        let Bearer::ServiceAccount { cluster, namespace, name, audiences, expires } = &self.bearer else {
            return client(&self.server, self.config.clone(), &self.guard, None);
        };
        let token = cluster.service_account_token(namespace, name, audiences, *expires).await?;
        let client = client(&self.server, self.config.clone(), &self.guard, Some(&token))?;
        let lives = remaining(&token).unwrap_or(*expires);
        *live = Some(Live { client: client.clone(), renew_at: Some(Instant::now() + lives * 2 / 3) });
        Ok(client)
    }
}

fn client(
    server: &Server,
    mut config: Config,
    guard: &Guard,
    token: Option<&SecretBytes>,
) -> Result<Client, Error> {
    if let Some(token) = token {
        config.auth_info.token = Some(failure::bearer(token)?.to_owned().into());
    }
    guarded(&config, Dialer(guard.clone())).map_err(|error| failure::no_client(&server.shown(), &error))
}

/// kube's own client but for who connects. It follows no redirect.
fn guarded(config: &Config, dialer: Dialer) -> kube::Result<Client> {
    let mut connector = TimeoutConnector::new(config.rustls_https_connector_with_connector(dialer)?);
    connector.set_connect_timeout(config.connect_timeout);
    connector.set_read_timeout(config.read_timeout);
    connector.set_write_timeout(config.write_timeout);
    connector.set_reset_reader_on_write(config.reset_reader_on_write);
    let http: legacy::Client<_, Body> = legacy::Builder::new(TokioExecutor::new()).build(connector);
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .option_layer(config.auth_layer()?)
        .map_err(BoxError::from)
        .service(http);
    Ok(ClientBuilder::new(service, config.default_namespace.clone())
        .with_layer(&MapResponseLayer::new(limit::limited))
        .build())
}

/// How long a JWT is still good; the API server may have given another life than was asked for.
fn remaining(token: &SecretBytes) -> Option<Duration> {
    #[derive(Deserialize)]
    struct Claims {
        exp: u64,
    }
    let claims = token.expose_str()?.split('.').nth(1)?;
    let Claims { exp } = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    Some(Duration::from_secs(exp).saturating_sub(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_life_of_a_token() {
        let token = |claims: &str| SecretBytes::from(format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims)));
        assert_eq!(remaining(&token(r#"{"exp":1}"#)), Some(Duration::ZERO));
        assert!(
            remaining(&token(r#"{"exp":99999999999}"#)).is_some_and(|life| life > Duration::from_secs(3600))
        );
        assert_eq!(remaining(&token("{}")), None);
        assert_eq!(remaining(&"opaque".into()), None);
    }
}
