//! The server's configuration file and certificates.

use std::path::Path;

use anyhow::Result;
use serde_json::json;

use super::ListenerTls;
use crate::pki::{CertificateAuthority, Pair};
use crate::state::free_port;

pub(super) const FILE: &str = "config.json";

/// What a listener with TLS and its clients need.
#[derive(Debug)]
pub(super) struct Tls {
    pub ca_pem: String,
    pub client: Pair,
    demand_client: bool,
}

impl Tls {
    /// Makes an authority and writes `ca`, `server` and `client` into the state folder.
    pub(super) fn new(wanted: ListenerTls, dir: &Path) -> Result<Option<Self>> {
        let demand_client = match wanted {
            ListenerTls::Off => return Ok(None),
            ListenerTls::Server => false,
            ListenerTls::Mutual => true,
        };
        let ca = CertificateAuthority::new("latchkey-testbed vault CA")?;
        ca.server(&["127.0.0.1", "localhost"])?.write(dir, "server")?;
        let client = ca.client("latchkey", None)?;
        client.write(dir, "client")?;
        std::fs::write(dir.join("ca.pem"), ca.pem())?;
        Ok(Some(Self { ca_pem: ca.pem().to_owned(), client, demand_client }))
    }
}

/// Integrated storage: of what the minimal build has, it alone keeps the data over a restart.
pub(super) fn write(dir: &Path, port: u16, tls: Option<&Tls>, plugins: &Path) -> Result<()> {
    let data = dir.join("data");
    std::fs::create_dir_all(&data)?;
    let cluster = format!("127.0.0.1:{}", free_port());
    let mut listener = json!({ "address": format!("127.0.0.1:{port}"), "cluster_address": cluster });
    match tls {
        None => listener["tls_disable"] = json!(true),
        Some(tls) => {
            listener["tls_cert_file"] = json!(dir.join("server.pem"));
            listener["tls_key_file"] = json!(dir.join("server.key"));
            listener["tls_client_ca_file"] = json!(dir.join("ca.pem"));
            listener["tls_require_and_verify_client_cert"] = json!(tls.demand_client);
        }
    }
    let scheme = if tls.is_some() { "https" } else { "http" };
    let config = json!({
        "storage": { "raft": { "path": data, "node_id": "testbed", "performance_multiplier": 1 } },
        "listener": { "tcp": listener },
        "api_addr": format!("{scheme}://127.0.0.1:{port}"),
        "cluster_addr": format!("https://{cluster}"),
        "disable_mlock": true, // Needs a privilege, and integrated storage advises against it.
        "plugin_directory": plugins,
    });
    Ok(std::fs::write(dir.join(FILE), config.to_string())?)
}
