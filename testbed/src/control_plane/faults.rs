//! Ways to hurt the control plane, and to heal it.

use std::net::SocketAddr;
use std::sync::atomic::Ordering;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::{ControlPlane, lock};
use crate::http::Client;

/// Where the filling of etcd lies, beside everything of Kubernetes (`latchkey-filling/`, and where that ends, in base64).
const FILLING: [&str; 2] = ["bGF0Y2hrZXktZmlsbGluZy8=", "bGF0Y2hrZXktZmlsbGluZzA="];

/// So many bytes of base64 are written at once: less than etcd's limit of a request.
const PIECE: usize = 1 << 20;

impl ControlPlane {
    /// Where the API server listens.
    #[must_use]
    pub fn api_server_addr(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.ports.api_server))
    }

    /// `SIGKILL` for the API server: whatever it was doing is half done.
    ///
    /// # Errors
    /// When it does not run.
    pub fn crash_api_server(&self) -> Result<()> {
        let mut api_server = lock(&self.api_server);
        api_server.as_mut().context("no API server runs")?.crash()?;
        *api_server = None;
        Ok(())
    }

    /// etcd is away; the API server still listens, and can neither read nor write.
    pub fn stop_etcd(&self) {
        *lock(&self.etcd) = None;
    }

    /// From its next start on etcd holds so many bytes at most.
    pub fn limit_etcd(&self, bytes: u64) {
        self.etcd_quota.store(bytes, Ordering::SeqCst);
    }

    /// Writes into etcd until it takes nothing more ([`Self::limit_etcd`]): from then on everything can be read and nothing
    /// written.
    ///
    /// # Errors
    /// When etcd does not answer, or never is full.
    pub fn fill_etcd(&self) -> Result<()> {
        let value = "A".repeat(PIECE);
        for place in 0..4_096 {
            let key = format!("{}{:04}", FILLING[0].trim_end_matches('='), place);
            let put = json!({ "key": padded(&key), "value": value });
            let answer = self.etcd_client().request("POST", "/v3/kv/put", put.to_string().as_bytes())?;
            if answer.text().contains("database space exceeded") {
                return Ok(());
            }
            ensure!(
                answer.is_success(),
                "etcd was to be filled and says {}: {}",
                answer.status,
                answer.text()
            );
        }
        anyhow::bail!("etcd is never full")
    }

    /// Undoes [`Self::fill_etcd`]: deletes what it wrote, compacts, defragments, and takes back the alarm.
    ///
    /// # Errors
    /// When etcd refuses any of it.
    pub fn empty_etcd(&self) -> Result<()> {
        let etcd = self.etcd_client();
        let range = json!({ "key": FILLING[0], "range_end": FILLING[1] });
        let deleted = etcd.json("POST", "/v3/kv/deleterange", &range)?;
        let revision = deleted["header"]["revision"].as_str().context("etcd names no revision")?;
        etcd.json("POST", "/v3/kv/compaction", &json!({ "revision": revision, "physical": true }))?;
        etcd.json("POST", "/v3/maintenance/defragment", &json!({}))?;
        let alarms = etcd.json("POST", "/v3/maintenance/alarm", &json!({ "action": "GET" }))?;
        for alarm in alarms["alarms"].as_array().into_iter().flatten() {
            let mut disarm = alarm.clone();
            disarm["action"] = Value::from("DEACTIVATE");
            etcd.json("POST", "/v3/maintenance/alarm", &disarm)?;
        }
        Ok(())
    }

    fn etcd_client(&self) -> Client {
        Client::plain(self.ports.etcd).header("Content-Type", "application/json")
    }
}

/// Base64 of whole groups needs no padding: the key is cut to them.
fn padded(key: &str) -> String {
    let mut key = key.to_owned();
    while !key.len().is_multiple_of(4) {
        key.push('A');
    }
    key
}
