//! Starts the real components and latchkey, once for all tests, and talks to them as a user does: with kubectl.

mod aws;
mod balancer;
mod failing;
pub mod gitlab;
mod history;
mod kinds;
mod labeller;
mod latchkey;
mod local_server;
pub mod manifests;
mod namespace;
mod quoter;
mod remote;
mod said;
mod splitter;
mod stage;
mod vault_store;
mod watching;

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use latchkey_testbed::{ControlPlane, ControlPlaneOptions, Moto, MotoOptions, Vault, VaultOptions, wait_for};
use serde_json::Value;

pub use balancer::Balancer;
pub use failing::{CANARY, Failing};
pub use history::Version;
pub use kinds::{Kind, anything};
pub use labeller::Labeller;
pub use latchkey::{Latchkey, Options};
pub use local_server::LocalServer;
pub use namespace::{Namespace, condition};
pub use quoter::Quoter;
pub use remote::Remote;
pub use said::Said;
pub use splitter::Splitter;
pub use stage::{SHORT_LEASE, Stage};
pub use watching::{object_hash, synced_resource_version};

/// The namespace that latchkey is installed in.
pub const SYSTEM: &str = "latchkey-system";

/// Everything that runs.
pub struct World {
    /// The API server and its like.
    pub cluster: ControlPlane,
    /// KV v2 at `secret/`, v1 at `kv1/`.
    pub vault: Vault,
    /// AWS Secrets Manager.
    pub moto: Moto,
    /// The replica that serves them.
    pub latchkey: Latchkey,
}

/// The world that all tests share.
pub fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| World::start(Options::default()))
}

impl World {
    /// A world of one's own, for tests that break things.
    pub fn start(options: Options) -> Self {
        let (cluster, vault, moto) = std::thread::scope(|scope| {
            let cluster = scope.spawn(|| cluster_with_chart().expect("a control plane with the chart"));
            let vault = scope.spawn(|| Vault::start(VaultOptions::default()).expect("a Vault"));
            let moto = Moto::start(MotoOptions::default()).expect("moto");
            (cluster.join().expect("a control plane"), vault.join().expect("a Vault"), moto)
        });
        let latchkey = Latchkey::start(&cluster, &moto, options);
        latchkey.wait_ready();
        Self { cluster, vault, moto, latchkey }
    }

    /// Runs kubectl as admin, with this on its standard input.
    pub fn kubectl(&self, args: &[&str], input: &str) -> Said {
        Said::run(self.cluster.kubectl(args).expect("kubectl"), input)
    }

    /// `kubectl apply -f -`
    pub fn apply(&self, manifest: &str) -> Said {
        self.kubectl(&["apply", "-f", "-"], manifest)
    }

    /// An object, as the API server has it now.
    pub fn get(&self, path: &str) -> Option<Value> {
        self.cluster.api("GET", path, &Value::Null).ok()
    }

    /// Waits until `ready` gives something; panics with what was waited for.
    pub fn wait<T>(&self, what: &str, limit: Duration, mut ready: impl FnMut() -> Option<T>) -> T {
        wait_for(what, limit, || Ok(ready())).unwrap_or_else(|error| panic!("{error}"))
    }
}

/// Where the repository is.
pub fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A control plane that the chart is installed into, by Helm as a user would.
fn cluster_with_chart() -> anyhow::Result<ControlPlane> {
    // The garbage collector looks for new kinds every 30 s only; started after the CRDs it knows them at once.
    let cluster =
        ControlPlane::start(ControlPlaneOptions { controller_manager: false, ..Default::default() })?;
    let chart = repository().join("manifests/chart");
    let chart = chart.to_str().expect("a path in UTF-8");
    let install = ["install", "latchkey", chart, "--namespace", SYSTEM, "--create-namespace"];
    let said = Said::run(cluster.helm(install)?, "");
    anyhow::ensure!(said.ok, "helm install failed: {said}");
    cluster.start_controller_manager()?;
    Ok(cluster)
}
