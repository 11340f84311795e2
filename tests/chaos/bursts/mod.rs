//! More at once than there is room for: bursts of applies, Pods, dry runs, deletions, restarts, and a store that is slower than
//! what is asked of it. In a world of their own, whose API server refuses an ExternalSecret that latchkey does not answer for.

mod applies;
mod crowd;
mod deletion;
mod dry_runs;
mod overload;
mod pods;
mod restart;
mod stores;
mod stub;
mod updates;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, RwLock};
use std::time::Duration;

use latchkey_testbed::http;
use serde_json::{Value, json};

use crate::chaos::Row;
use crate::support::{Namespace, Options, World, manifests};
use crowd::{Answer, Sent};

/// The world of all bursts. Who changes what the API server does without an answer holds [`POLICY`] alone.
pub fn stage() -> &'static World {
    static STAGE: OnceLock<World> = OnceLock::new();
    STAGE.get_or_init(|| {
        let flags = ["--failure-policy=Fail", "--log=info"].map(str::to_owned).to_vec();
        World::start(Options { flags, ..Options::default() })
    })
}

/// Held by each test, alone by who changes the failure policy.
pub static POLICY: RwLock<()> = RwLock::new(());

/// Where ExternalSecrets of a namespace are.
pub fn collection(ns: &Namespace<'_>) -> String {
    format!("/apis/external-secrets.io/v1/namespaces/{}/externalsecrets", ns.name)
}

/// Where a Secret of a namespace is.
pub fn secret(ns: &Namespace<'_>, name: &str) -> String {
    format!("/api/v1/namespaces/{}/secrets/{name}", ns.name)
}

/// An ExternalSecret `name` that reads the property `value` of a key in the store of the namespace's name.
pub fn object(ns: &Namespace<'_>, name: &str, key: &str, interval: &str) -> Value {
    let mut spec = manifests::one(key, "value");
    spec["refreshInterval"] = json!(interval);
    manifests::external_secret(name, &ns.name, spec)
}

/// The creation of such a one, whose Secret must be there then.
pub fn creation(ns: &Namespace<'_>, name: &str, key: &str, interval: &str) -> Sent {
    Sent::create(&collection(ns), object(ns, name, key, interval)).then(secret(ns, name))
}

/// What is listed at this path.
pub fn list(world: &World, path: &str) -> Vec<Value> {
    let list = world.get(path).unwrap_or_else(|| panic!("no list at {path}"));
    list["items"].as_array().cloned().unwrap_or_default()
}

/// Waits until so many ExternalSecrets of the namespace are Ready.
pub fn wait_all_ready(ns: &Namespace<'_>, count: usize, limit: Duration) {
    ns.world.wait(&format!("{count} that are Ready"), limit, || {
        std::thread::sleep(Duration::from_millis(300));
        let ready = list(ns.world, &collection(ns)).iter().filter(|object| is_ready(object)).count();
        (ready == count).then_some(())
    });
}

fn is_ready(object: &Value) -> bool {
    crate::support::condition(object).is_some_and(|(status, ..)| status == "True")
}

/// Names and values of the Secrets of a namespace that latchkey manages.
pub fn secrets(ns: &Namespace<'_>) -> Vec<(String, String)> {
    let managed = "labelSelector=reconcile.external-secrets.io%2Fmanaged%3Dtrue";
    let secrets = list(ns.world, &format!("/api/v1/namespaces/{}/secrets?{managed}", ns.name));
    let text = |value: &Value| {
        use base64::Engine as _;
        let bytes = base64::prelude::BASE64_STANDARD.decode(value.as_str().unwrap_or_default());
        String::from_utf8_lossy(&bytes.expect("base64")).into_owned()
    };
    let one = |secret: &Value| {
        (secret["metadata"]["name"].as_str().unwrap_or_default().to_owned(), text(&secret["data"]["value"]))
    };
    secrets.iter().map(one).collect()
}

/// That all went well; the first that did not is shown.
#[track_caller]
pub fn all_good(answers: &[Answer]) {
    let bad: Vec<&Answer> = answers.iter().filter(|answer| !answer.is_good()).collect();
    assert!(bad.is_empty(), "{} of {} failed: {:?}", bad.len(), answers.len(), bad.first());
}

/// Writes the row down, and shows it to whoever looks at the tests' output.
pub fn keep(row: Row) {
    eprintln!("{row:?}");
    row.write();
}

/// That the API server had an answer of latchkey's for each of these.
#[track_caller]
pub fn all_answered(answers: &[Answer]) {
    let lost = answers.iter().filter(|answer| answer.text.contains("failed calling webhook"));
    let lost: Vec<&Answer> = lost.collect();
    assert!(lost.is_empty(), "{} of {} were lost: {:?}", lost.len(), answers.len(), lost.first());
}

/// How often the API server got no answer of a webhook of latchkey's, by its own account.
pub fn unanswered(world: &World) -> f64 {
    let token = world.cluster.user_token("admin").expect("admin");
    let port = world.cluster.url().rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    let client = http::Client::tls(port, world.cluster.ca_pem(), None).expect("a client");
    let client = client.header("Authorization", &format!("Bearer {token}"));
    let page = client.request("GET", "/metrics", &[]).expect("metrics").text();
    let failed = |line: &&str| {
        line.contains("latchkey.dev")
            && (line.starts_with("apiserver_admission_webhook_fail_open_count")
                || (line.starts_with("apiserver_admission_webhook_rejection_count")
                    && !line.contains(r#"error_type="no_error""#)))
    };
    page.lines().filter(failed).filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
}

/// Looks at the process's memory until it is asked.
pub struct Peak {
    stop: Arc<AtomicBool>,
    watching: std::thread::JoinHandle<f64>,
}

impl Peak {
    /// From now on.
    pub fn watch(world: &'static World) -> Self {
        let stop = Arc::<AtomicBool>::default();
        let stopped = Arc::clone(&stop);
        let watching = std::thread::spawn(move || {
            let mut most = 0.0_f64;
            while !stopped.load(Ordering::Relaxed) {
                most = most.max(resident(world));
                std::thread::sleep(Duration::from_millis(200));
            }
            most
        });
        Self { stop, watching }
    }

    /// The most that it was, in MiB.
    pub fn most(self) -> f64 {
        self.stop.store(true, Ordering::Relaxed);
        self.watching.join().expect("it watches")
    }
}

/// The memory that latchkey holds, in MiB; zero if it does not say.
pub fn resident(world: &World) -> f64 {
    let page = world.latchkey.admin("/metrics").map(|page| page.text()).unwrap_or_default();
    let line = page.lines().find(|line| line.starts_with("process_resident_memory_bytes"));
    line.and_then(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).unwrap_or_default()
        / f64::from(1 << 20)
}
