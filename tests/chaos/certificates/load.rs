//! Applies and handshakes without a pause, while something is done to certificates.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use super::replica::{Replica, registered};
use crate::install::cluster::Cluster;

const GROUP: &str = "/apis/external-secrets.io/v1/namespaces/default";

/// What was asked meanwhile, and how it went.
#[derive(Debug, Default)]
pub struct Asked {
    /// Applies through the API server that were admitted.
    pub applies: AtomicUsize,
    /// TLS handshakes with a replica, by who believes what is registered, that went well.
    pub handshakes: AtomicUsize,
    refused: Mutex<Vec<String>>,
    over: AtomicBool,
}

impl Asked {
    fn count(&self, good: &AtomicUsize, went: Result<(), String>) {
        match went {
            Ok(()) => {
                good.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) => self.refused.lock().expect("a list").push(error),
        }
    }

    fn goes_on(&self) -> bool {
        !self.over.load(Ordering::Relaxed)
    }

    /// `412 applies, 96 handshakes, 0 refused`, after having made sure of the 0.
    #[track_caller]
    pub fn none_refused(&self) -> String {
        let refused = self.refused.lock().expect("a list");
        assert!(refused.is_empty(), "{} refused, first: {}", refused.len(), refused[0]);
        let (applies, handshakes) =
            (self.applies.load(Ordering::Relaxed), self.handshakes.load(Ordering::Relaxed));
        assert!(applies > 10 && handshakes > 0, "only {applies} applies and {handshakes} handshakes");
        format!("{applies} applies and {handshakes} handshakes, 0 refused")
    }
}

/// What is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Objects {
    /// Stores and ExternalSecrets; of the latter every tenth in earnest.
    All,
    /// Dry runs of stores, which latchkey answers without the API server.
    Stores,
}

/// Makes a store, and waits until an apply that latchkey must answer is admitted.
pub fn prepare(cluster: &Cluster) {
    cluster.wait("admission", || apply(cluster, Objects::Stores, 0).ok());
    cluster.0.create(&format!("{GROUP}/secretstores"), &store("fake")).expect("a store");
    cluster.wait("a sync", || apply(cluster, Objects::All, 3).ok());
}

/// Applies one after the other, and shakes hands with each replica, while `work` is done and for a moment after.
pub fn during(cluster: &Cluster, objects: Objects, replicas: &[&Replica], work: impl FnOnce()) -> Asked {
    let asked = Asked::default();
    std::thread::scope(|scope| {
        scope.spawn(|| applies(cluster, objects, &asked));
        scope.spawn(|| handshakes(cluster, replicas, &asked));
        // Ends the threads if the work panics, too.
        let end = End(&asked);
        work();
        std::thread::sleep(Duration::from_millis(500));
        drop(end);
    });
    asked
}

struct End<'a>(&'a Asked);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.over.store(true, Ordering::Relaxed);
    }
}

fn applies(cluster: &Cluster, objects: Objects, asked: &Asked) {
    static NEXT: AtomicUsize = AtomicUsize::new(4);
    while asked.goes_on() {
        asked.count(&asked.applies, apply(cluster, objects, NEXT.fetch_add(1, Ordering::Relaxed)));
    }
}

/// Who reads the registration and then shakes hands must never find a certificate that is not of a registered CA.
fn handshakes(cluster: &Cluster, replicas: &[&Replica], asked: &Asked) {
    while asked.goes_on() {
        for replica in replicas {
            let Some(bundle) = registered(cluster) else { continue };
            let went = replica.is_trusted_by(&bundle);
            let error = || format!("the certificate at port {} is not of\n{bundle}", replica.port);
            asked.count(&asked.handshakes, went.then_some(()).ok_or_else(error));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn apply(cluster: &Cluster, objects: Objects, number: usize) -> Result<(), String> {
    let (kind, object) = match objects {
        Objects::All if number % 2 == 1 => ("externalsecrets", external_secret(number)),
        Objects::All | Objects::Stores => ("secretstores", store("asked")),
    };
    let dry = if kind == "externalsecrets" && number % 20 == 1 { "" } else { "?dryRun=All" };
    cluster
        .0
        .api("POST", &format!("{GROUP}/{kind}{dry}"), &object)
        .map(drop)
        .map_err(|error| format!("{error:#}"))
}

fn store(name: &str) -> Value {
    json!({
        "apiVersion": "external-secrets.io/v1", "kind": "SecretStore", "metadata": { "name": name },
        "spec": { "provider": { "fake": { "data": [{ "key": "a", "value": "b" }] } } },
    })
}

fn external_secret(number: usize) -> Value {
    json!({
        "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret",
        "metadata": { "name": format!("asked-{number}") },
        "spec": { "secretStoreRef": { "name": "fake" }, "data": [{ "secretKey": "a", "remoteRef": { "key": "a" } }] },
    })
}
