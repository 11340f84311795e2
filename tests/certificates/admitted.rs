//! Requests that latchkey has to answer, one after the other.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anyhow::Result;
use serde_json::json;

use crate::install::cluster::Cluster;

const STORES: &str = "/apis/external-secrets.io/v1/namespaces/default/secretstores";

/// Creates stores as a dry run: refused if latchkey does not answer.
pub struct Admitted<'a>(&'a Cluster);

impl<'a> Admitted<'a> {
    /// Waits until the API server knows that it has to ask.
    pub fn prepare(cluster: &'a Cluster) -> Self {
        let admitted = Self(cluster);
        cluster.wait("admission", || admitted.try_one().ok());
        admitted
    }

    /// One request.
    pub fn try_one(&self) -> Result<()> {
        let store = json!({
            "apiVersion": "external-secrets.io/v1", "kind": "SecretStore", "metadata": { "name": "asked" },
            "spec": { "provider": { "fake": { "data": [{ "key": "a", "value": "b" }] } } },
        });
        self.0.0.api("POST", &format!("{STORES}?dryRun=All"), &store).map(drop)
    }

    /// None of the requests that are made meanwhile is refused, nor any of the next twenty.
    pub fn go_on_while(&self, work: impl FnOnce()) {
        let (over, made) = (AtomicBool::new(false), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            let requests = scope.spawn(|| {
                let mut left = 20;
                while left > 0 {
                    self.try_one().expect("admitted");
                    made.fetch_add(1, Ordering::Relaxed);
                    left -= usize::from(over.load(Ordering::Relaxed));
                }
            });
            work();
            over.store(true, Ordering::Relaxed);
            requests.join().expect("nothing was refused");
        });
        assert!(made.load(Ordering::Relaxed) > 20, "nothing was asked meanwhile");
    }
}
