//! What is measured of connections.

use std::sync::Arc;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::{Metrics, register};

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The client closed it.
    Closed,
    /// It broke, or what came over it was not HTTP.
    Broken,
    /// The TLS handshake failed or took too long.
    Handshake,
    /// It was not used for a long while.
    Idle,
    /// Somebody else got its place.
    Evicted,
    /// latchkey was told to end.
    Drained,
    /// It had not ended when latchkey had to.
    Cut,
}

impl Ended {
    fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Broken => "broken",
            Self::Handshake => "handshake",
            Self::Idle => "idle",
            Self::Evicted => "evicted",
            Self::Drained => "drained",
            Self::Cut => "cut",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Of {
    server: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct How {
    server: &'static str,
    why: &'static str,
}

#[derive(Debug)]
pub(super) struct Connections {
    open: Family<Of, Gauge>,
    ended: Family<How, Counter>,
}

impl Connections {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let ended = "Connections that have ended, by why";
        Self {
            open: register(registry, "latchkey_connections", "Connections of clients that are open"),
            ended: register(registry, "latchkey_connections_ended", ended),
        }
    }
}

impl Metrics {
    /// Counts a connection of this server until the guard is dropped.
    pub fn connection(self: &Arc<Self>, server: &'static str) -> Connection {
        self.connections.open.get_or_create(&Of { server }).inc();
        Connection { metrics: Arc::clone(self), server, ended: Ended::Cut }
    }
}

/// An open connection, until it is dropped.
#[derive(Debug)]
#[must_use = "it counts until it is dropped"]
pub struct Connection {
    metrics: Arc<Metrics>,
    server: &'static str,
    ended: Ended,
}

impl Connection {
    /// How it has ended.
    pub fn ended(&mut self, ended: Ended) {
        self.ended = ended;
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let (server, why) = (self.server, self.ended.as_str());
        self.metrics.connections.open.get_or_create(&Of { server }).dec();
        self.metrics.connections.ended.get_or_create(&How { server, why }).inc();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_counted_while_it_is_open_and_once_it_has_ended() {
        let metrics = Arc::new(Metrics::new());
        let mut open = metrics.connection("webhook");
        assert!(metrics.render().contains("latchkey_connections{server=\"webhook\"} 1\n"));
        open.ended(Ended::Idle);
        drop(open);
        let page = metrics.render();
        assert!(page.contains("latchkey_connections{server=\"webhook\"} 0\n"), "{page}");
        assert!(
            page.contains("latchkey_connections_ended_total{server=\"webhook\",why=\"idle\"} 1\n"),
            "{page}"
        );
    }
}
