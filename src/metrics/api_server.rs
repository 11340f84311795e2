//! What is asked of the API server.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::{Metrics, register};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Asked {
    verb: &'static str,
    /// One of the kinds that latchkey asks for, with its subresource.
    resource: String,
    code: String,
}

#[derive(Debug)]
pub(super) struct ApiServer {
    requests: Family<Asked, Counter>,
    reachable: Gauge,
    events_dropped: Counter,
}

impl ApiServer {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let r = registry;
        let reachable = "1 if the API server has answered one of the last requests";
        Self {
            requests: register(r, "latchkey_api_requests", "Requests to the API server"),
            reachable: register(r, "latchkey_api_server_reachable", reachable),
            events_dropped: register(r, "latchkey_events_dropped", "Events that could not be written"),
        }
    }
}

impl Metrics {
    /// A request was made; `code` is none if there was no answer.
    pub fn api_request(&self, verb: &'static str, resource: &str, code: Option<u16>) {
        let code = code.map_or_else(|| "none".to_owned(), |code| code.to_string());
        self.api_server.requests.get_or_create(&Asked { verb, resource: resource.to_owned(), code }).inc();
    }

    /// Whether the API server answers.
    pub fn api_server_reachable(&self, answers: bool) {
        self.api_server.reachable.set(answers.into());
    }

    /// An event could not be written.
    pub fn event_dropped(&self) {
        self.api_server.events_dropped.inc();
    }
}
