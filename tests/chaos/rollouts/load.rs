//! Applies through the API server at a steady rate, whose answers are kept.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use latchkey_testbed::ControlPlane;
use reqwest::{Certificate, Client};
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::support::manifests;

/// How many clients take turns, each with connections of its own.
const CLIENTS: usize = 4;

/// How many may be without an answer.
const AT_ONCE: usize = 32;

/// How many objects are applied in turn, and how often each before others take their place.
const OBJECTS: usize = 100; // more than are without an answer: none is changed twice at once
const ROUNDS: usize = 50;

/// What became of the applies.
#[derive(Debug, Default, Clone)]
pub struct Seen {
    /// How many were answered.
    pub applied: usize,
    /// Answers other than "created" and "configured".
    pub refused: Vec<String>,
    /// How many the API server itself gave up on, after 34 s: the machine is too busy for it.
    pub late: usize,
    /// What was said besides.
    pub warned: Vec<String>,
    /// The longest that one took.
    pub slowest: Duration,
    /// How many objects there are.
    pub objects: usize,
    /// For how long applies were sent.
    pub lasted: Duration,
}

impl Seen {
    /// Applies a second.
    pub fn rate(&self) -> f64 {
        self.applied as f64 / self.lasted.as_secs_f64().max(0.001)
    }
}

/// Applies until it is ended.
pub struct Load {
    stop: Arc<AtomicBool>,
    seen: Arc<Mutex<Seen>>,
    thread: JoinHandle<()>,
}

struct Target {
    clients: Vec<Client>,
    token: String,
    objects: String,
    store: String,
}

impl Load {
    /// Begins to apply ExternalSecrets of this ClusterSecretStore in the namespace of its name.
    pub fn start(cluster: &ControlPlane, store: &str, per_second: u32) -> Self {
        latchkey::startup::install_crypto_provider();
        let authority = Certificate::from_pem(cluster.ca_pem().as_bytes()).expect("the API server's CA");
        let client = |_| Client::builder().tls_certs_only([authority.clone()]).build().expect("a client");
        let target = Target {
            clients: (0..CLIENTS).map(client).collect(),
            token: cluster.user_token("admin").expect("the admin's token").to_owned(),
            objects: format!(
                "{}/apis/external-secrets.io/v1/namespaces/{store}/externalsecrets",
                cluster.url()
            ),
            store: store.to_owned(),
        };
        let (stop, seen) = (Arc::<AtomicBool>::default(), Arc::<Mutex<Seen>>::default());
        let (stopped, noted) = (Arc::clone(&stop), Arc::clone(&seen));
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(applies(target, per_second, &stopped, &noted));
        });
        Self { stop, seen, thread }
    }

    /// What was seen so far.
    pub fn seen(&self) -> Seen {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends it when what was sent is answered.
    pub fn end(self) -> Seen {
        self.stop.store(true, Ordering::SeqCst);
        let Self { seen, thread, .. } = self;
        thread.join().expect("the clients end");
        seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn applies(target: Target, per_second: u32, stop: &AtomicBool, seen: &Arc<Mutex<Seen>>) {
    let (target, start, mut sent) = (Arc::new(target), Instant::now(), AtomicUsize::new(0));
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / per_second);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut open = JoinSet::new();
    while !stop.load(Ordering::SeqCst) {
        ticks.tick().await;
        if open.len() >= AT_ONCE {
            open.join_next().await; // a busy machine gets fewer, not ever more at once
        }
        let (target, seen, number) = (Arc::clone(&target), Arc::clone(seen), *sent.get_mut());
        *sent.get_mut() += 1;
        open.spawn(async move {
            let began = Instant::now();
            let answer = apply(&target, number).await;
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.applied += 1;
            seen.slowest = seen.slowest.max(began.elapsed());
            seen.objects = seen.objects.max(object(number) + 1);
            match answer {
                Ok(warnings) => seen.warned.extend(warnings),
                Err(late) if late.contains("request did not complete within requested timeout") => {
                    seen.late += 1;
                }
                Err(refused) => seen.refused.push(refused),
            }
        });
        while open.try_join_next().is_some() {}
    }
    open.join_all().await;
    seen.lock().unwrap_or_else(PoisonError::into_inner).lasted = start.elapsed();
}

fn object(number: usize) -> usize {
    number / (OBJECTS * ROUNDS) * OBJECTS + number % OBJECTS
}

/// `kubectl apply --server-side` of an object whose annotation is another each time.
async fn apply(target: &Target, number: usize) -> Result<Vec<String>, String> {
    let name = format!("db-{}", object(number));
    let spec = manifests::one("key", "value");
    let mut manifest = manifests::external_secret(&name, &target.store, spec);
    manifest["metadata"]["annotations"] = json!({ "round": number.to_string() });
    let url = format!("{}/{name}?fieldManager=load&force=true", target.objects);
    let request = target.clients[number % CLIENTS]
        .patch(url)
        .bearer_auth(&target.token)
        .header("content-type", "application/apply-patch+yaml")
        .body(manifest.to_string());
    let answer = request.send().await.map_err(|error| format!("{name}: {error:?}"))?;
    let status = answer.status();
    let warnings = answer.headers().get_all("warning").iter();
    let warnings = warnings.map(|text| String::from_utf8_lossy(text.as_bytes()).into_owned()).collect();
    let text = answer.text().await.unwrap_or_default();
    if status.is_success() { Ok(warnings) } else { Err(format!("{name}: {status} {text}")) }
}
