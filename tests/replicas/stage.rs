//! Where replicas come and go.

use std::sync::{Mutex, MutexGuard, OnceLock};
use std::time::Duration;

use crate::support::{Latchkey, Options};

pub use crate::support::{SHORT_LEASE, Stage};

/// The stage that these tests share.
pub fn stage() -> MutexGuard<'static, Stage> {
    static STAGE: OnceLock<Mutex<Stage>> = OnceLock::new();
    Stage::shared(&STAGE)
}

impl Stage {
    /// So many replicas, which are ready, all behind the splitter; one of them leads, and is the first.
    pub fn replicas<const N: usize>(&self, flags: &[&str]) -> [Latchkey; N] {
        let start = |_| {
            Latchkey::start(
                &self.world.cluster,
                &self.world.moto,
                Options {
                    flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
                    webhook_url: Some(format!("https://127.0.0.1:{}", self.splitter.port)),
                    ..Options::default()
                },
            )
        };
        let mut replicas = [(); N].map(start);
        replicas.iter().for_each(Latchkey::wait_ready);
        self.splitter.send_to(&replicas.each_ref().map(|replica| replica.webhook_port));
        let leader = self
            .world
            .wait("a leader", Duration::from_secs(30), || replicas.iter().position(Latchkey::leads));
        replicas.swap(0, leader);
        replicas
    }

    /// The Lease's holder; empty if it was given up.
    pub fn holder(&self) -> String {
        let path = "/apis/coordination.k8s.io/v1/namespaces/latchkey-system/leases/latchkey";
        let lease = self.world.get(path).expect("the Lease");
        lease["spec"]["holderIdentity"].as_str().unwrap_or_default().to_owned()
    }
}
