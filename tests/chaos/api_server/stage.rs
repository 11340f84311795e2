//! A control plane of this area's own, and replicas that ask it through gates.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use latchkey_testbed::{ApiGate, Asked};
use serde_json::{Value, json};

use crate::support::{Latchkey, Namespace, Options, manifests};

pub use crate::support::{SHORT_LEASE, Stage};

/// Far longer than anything here takes on a busy machine.
pub const LIMIT: Duration = Duration::from_secs(90);

/// The stage that these tests share.
pub fn stage() -> MutexGuard<'static, Stage> {
    static STAGE: OnceLock<Mutex<Stage>> = OnceLock::new();
    Stage::shared(&STAGE)
}

/// A replica, and the gate through which it asks.
pub struct Gated {
    pub latchkey: Latchkey,
    pub gate: Arc<ApiGate>,
}

impl Stage {
    /// A replica that is not ready yet, behind a gate that passes everything on.
    pub fn begin(&self, flags: &[&str]) -> Gated {
        let gate = Arc::new(ApiGate::start(&self.world.cluster).expect("a gate"));
        self.begin_behind(gate, flags)
    }

    /// The same behind this gate.
    pub fn begin_behind(&self, gate: Arc<ApiGate>, flags: &[&str]) -> Gated {
        let options = Options {
            flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
            webhook_url: Some(format!("https://127.0.0.1:{}", self.splitter.port)),
            gate: Some(Arc::clone(&gate)),
            ..Options::default()
        };
        let latchkey = Latchkey::start(&self.world.cluster, &self.world.moto, options);
        Gated { latchkey, gate }
    }

    /// So many replicas, ready, each behind a gate of its own; one leads, and is the first.
    pub fn gated<const N: usize>(&self, flags: &[&str]) -> [Gated; N] {
        let mut replicas = [(); N].map(|()| self.begin(flags));
        replicas.iter().for_each(|replica| replica.latchkey.wait_ready());
        self.serve_by(&replicas.each_ref());
        let leads = || replicas.iter().position(|replica| replica.latchkey.leads());
        let leader = self.world.wait("a leader", LIMIT, leads);
        replicas.swap(0, leader);
        replicas
    }

    /// The API server's reviews go to these from now on.
    pub fn serve_by(&self, replicas: &[&Gated]) {
        let ports: Vec<u16> = replicas.iter().map(|replica| replica.latchkey.webhook_port).collect();
        self.splitter.send_to(&ports);
    }
}

/// How often `matches` holds for what was asked, a second, over a time that is waited for now.
pub fn rate(gate: &ApiGate, time: Duration, matches: impl Fn(&Asked) -> bool) -> f64 {
    let start = Instant::now();
    gate.forget();
    std::thread::sleep(time);
    gate.count(matches) as f64 / start.elapsed().as_secs_f64()
}

/// The same, once it is no more than `most`: pauses have to grow first, and on a busy machine that takes longer. What is asked in
/// a hot loop never comes to that.
#[track_caller]
pub fn settles(gate: &ApiGate, what: &str, most: f64, time: Duration) -> f64 {
    let start = Instant::now();
    loop {
        let seen = rate(gate, time, |_| true);
        if seen <= most {
            return seen;
        }
        assert!(start.elapsed() < LIMIT, "{seen} requests a second {what}: {}", asked(gate));
    }
}

/// What was asked how often.
fn asked(gate: &ApiGate) -> String {
    let mut counts = std::collections::BTreeMap::<String, usize>::new();
    gate.asked().iter().for_each(|asked| *counts.entry(asked.what()).or_default() += 1);
    format!("{counts:?}")
}

/// So many names.
pub fn names(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|place| format!("{prefix}-{place}")).collect()
}

/// ExternalSecrets that are read from AWS, each with a remote secret of its name.
pub struct Objects<'a> {
    pub ns: &'a Namespace<'a>,
    pub names: Vec<String>,
}

impl<'a> Objects<'a> {
    /// Applies so many with this `refreshInterval`, and expects nothing of them.
    pub fn apply(ns: &'a Namespace<'a>, names: Vec<String>, interval: &str) -> Self {
        let objects = Self { ns, names };
        objects.put("one");
        let spec = json!({ "refreshInterval": interval });
        let all: Vec<Value> = objects.names.iter().map(|name| ns.of(name, name, spec.clone())).collect();
        ns.apply(&manifests::list(&all)).good();
        objects
    }

    /// Gives all remote secrets this value.
    pub fn put(&self, value: &str) {
        self.names.iter().for_each(|name| self.ns.put(name, value));
    }

    /// Waits until every one is as it should be; how long that took.
    pub fn well(&self, value: &str) -> Duration {
        let start = Instant::now();
        let mut ill = None;
        let well = latchkey_testbed::wait_for("all to be well", LIMIT, || {
            ill = self.first_ill(value);
            Ok(ill.is_none().then_some(()))
        });
        assert!(well.is_ok(), "{ill:?}");
        start.elapsed()
    }

    /// The first that is not as it should be, and why. Two lists tell, however many there are.
    fn first_ill(&self, value: &str) -> Option<(String, String)> {
        let objects = self.by_name("/apis/external-secrets.io/v1", "externalsecrets");
        let secrets = self.by_name("/api/v1", "secrets");
        self.names.iter().find_map(|name| {
            is_well(objects.get(name), secrets.get(name), value).err().map(|why| (name.clone(), why))
        })
    }

    fn by_name(&self, api: &str, resource: &str) -> HashMap<String, Value> {
        let list = self.ns.world.get(&format!("{api}/namespaces/{}/{resource}", self.ns.name));
        let items = list.as_ref().and_then(|list| list["items"].as_array()).into_iter().flatten();
        items
            .map(|item| (item["metadata"]["name"].as_str().unwrap_or_default().to_owned(), item.clone()))
            .collect()
    }

    /// The uids of the Secrets: whoever loses one and makes it again changes it.
    pub fn uids(&self) -> Vec<Value> {
        let uid = |name: &String| self.ns.secret(name).expect("a Secret")["metadata"]["uid"].clone();
        self.names.iter().map(uid).collect()
    }
}

/// Synced as it is stored, with this value, by its one owner and without a mark; or why not.
fn is_well(object: Option<&Value>, secret: Option<&Value>, value: &str) -> Result<(), String> {
    let object = object.ok_or("no ExternalSecret")?;
    let secret = secret.ok_or("no Secret")?;
    let version = crate::support::synced_resource_version(object);
    if object["status"]["syncedResourceVersion"] != version.as_str() {
        return Err(format!("not synced: {}", object["status"]));
    }
    let ready = crate::support::condition(object).ok_or("no condition")?;
    if ready.0 != "True" {
        return Err(format!("{ready:?}"));
    }
    let metadata = &secret["metadata"];
    let owners = metadata["ownerReferences"].as_array().cloned().unwrap_or_default();
    if owners.len() != 1 || owners[0]["uid"] != object["metadata"]["uid"] {
        return Err(format!("owners: {owners:?}"));
    }
    if !metadata["annotations"]["latchkey.dev/pending"].is_null() {
        return Err("still marked".to_owned());
    }
    match secret["data"]["value"].as_str() {
        Some(is) if is == BASE64_STANDARD.encode(value) => Ok(()),
        other => Err(format!("value {other:?}")),
    }
}
