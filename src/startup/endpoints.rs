//! Which addresses stores may have latchkey call: the operator's rules, and latchkey's own addresses.

use std::net::IpAddr;
use std::time::Duration;

use latchkey_provider::guard::{Guard, Own};
use tokio::net::TcpListener;

use crate::config::Config;

/// How long the cluster's DNS may take for the address of latchkey's own Service.
const LOOKUP: Duration = Duration::from_secs(1);

/// The guard of an installation that listens there.
pub(super) async fn guard(config: &Config, listeners: &[&TcpListener]) -> Guard {
    let listening = listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect();
    let (service, namespace) = (&config.registration.service_name, &config.namespace);
    let own = Own::new(listening).behind(service, namespace, service_ip(service, namespace).await);
    let guard = Guard::new(config.allow_endpoints.clone(), own);
    if !config.allow_endpoints.is_empty() {
        tracing::info!(allowed = %guard, "stores may name addresses that are called for none otherwise");
    }
    guard
}

/// As the kubelet tells each Pod of its namespace, else as the cluster's DNS tells.
async fn service_ip(service: &str, namespace: &str) -> Option<IpAddr> {
    let variable = format!("{}_SERVICE_HOST", service.replace('-', "_").to_ascii_uppercase());
    if let Some(ip) = std::env::var(variable).ok().and_then(|ip| ip.parse().ok()) {
        return Some(ip);
    }
    std::env::var_os("KUBERNETES_SERVICE_HOST")?; // outside of a cluster nobody knows the name
    let name = format!("{service}.{namespace}.svc");
    let looked_up = tokio::time::timeout(LOOKUP, tokio::net::lookup_host((name, 443))).await;
    looked_up.ok()?.ok()?.next().map(|address| address.ip().to_canonical())
}
