//! Every version of every Secret of a namespace, as a watch sees them while a test runs.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use serde_json::Value;

use crate::support::{Namespace, Version};

/// When it was seen, and what.
type Seen = (Instant, Version);

/// A watch on the Secrets of one namespace; it ends when this is dropped.
pub struct Watch {
    kubectl: Child,
    seen: Arc<Mutex<BTreeMap<String, Vec<Seen>>>>,
}

impl Watch {
    /// From now on.
    pub fn start(ns: &Namespace<'_>) -> Self {
        let namespace = ns.world.get(&format!("/api/v1/namespaces/{}", ns.name)).expect("the namespace");
        let since = namespace["metadata"]["resourceVersion"].as_str().expect("a version");
        let path = format!(
            "/api/v1/namespaces/{}/secrets?watch=1&timeoutSeconds=3600&resourceVersion={since}",
            ns.name
        );
        let mut command = ns.world.cluster.kubectl(["get", "--raw", &path]).expect("kubectl");
        let mut kubectl = command.stdout(Stdio::piped()).stdin(Stdio::null()).spawn().expect("kubectl");
        let out = BufReader::new(kubectl.stdout.take().expect("its output"));
        let seen = Arc::<Mutex<BTreeMap<String, Vec<Seen>>>>::default();
        let into = Arc::clone(&seen);
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                let Ok(mut event) = serde_json::from_str::<Value>(&line) else { continue };
                let change = event["type"].as_str().unwrap_or_default().to_owned();
                let secret = event["object"].take();
                let name = secret["metadata"]["name"].as_str().unwrap_or_default().to_owned();
                let mut seen = into.lock().unwrap_or_else(PoisonError::into_inner);
                seen.entry(name).or_default().push((Instant::now(), Version { change, secret }));
            }
        });
        Self { kubectl, seen }
    }

    /// What has been seen of a Secret so far.
    pub fn of(&self, secret: &str) -> Vec<Version> {
        self.timed(secret).into_iter().map(|(_, version)| version).collect()
    }

    /// The same with the moments at which it was seen.
    pub fn timed(&self, secret: &str) -> Vec<Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).get(secret).cloned().unwrap_or_default()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.kubectl.kill(); // it may have ended by itself
        let _ = self.kubectl.wait();
    }
}
