//! Connections of their own for requests that carry values.
//!
//! A buffer of a connection keeps what passed through it last until something longer does, or the connection ends. What is
//! asked of the API server otherwise keeps its connections busy for ever, so values have others, which end soon after
//! they were used.

use std::time::Duration;

use hyper_timeout::TimeoutConnector;
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use kube::client::{Body, ClientBuilder, ConfigExt as _};
use kube::{Client, Config};
use tower::{BoxError, ServiceBuilder};

use super::kind::Kind;

/// How long a connection may be unused: a burst shares them, and a value is not in memory for long.
const IDLE: Duration = Duration::from_secs(5);

/// Whether a request's body or its answer may hold a value or a token.
pub(super) fn carries(kind: &Kind) -> bool {
    let one = !matches!(kind.verb, "watch" | "list");
    one && matches!(kind.resource.as_str(), "secrets" | "serviceaccounts/token")
}

/// kube's own client but for how long its connections may be unused. None behind a proxy: there it is the same as for all.
pub(super) fn client(config: &Config) -> kube::Result<Option<Client>> {
    if config.proxy_url.is_some() {
        return Ok(None);
    }
    let mut connector = TimeoutConnector::new(config.rustls_https_connector()?);
    connector.set_connect_timeout(config.connect_timeout);
    connector.set_read_timeout(config.read_timeout);
    connector.set_write_timeout(config.write_timeout);
    connector.set_reset_reader_on_write(config.reset_reader_on_write);
    let http: legacy::Client<_, Body> = legacy::Builder::new(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .build(connector);
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .option_layer(config.auth_layer()?)
        .layer(config.extra_headers_layer()?)
        .map_err(BoxError::from)
        .service(http);
    Ok(Some(ClientBuilder::new(service, config.default_namespace.clone()).build()))
}
