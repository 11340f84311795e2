//! A control plane where replicas come and go.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use super::{Options, Splitter, World};

/// A Lease that is over soon, for tests that take its holder away.
pub const SHORT_LEASE: [&str; 2] = ["--lease-duration=3s", "--lease-retry-period=500ms"];

/// The world, and what stands in front of the replicas.
pub struct Stage {
    pub world: World,
    pub splitter: Splitter,
}

impl Stage {
    /// A world without a latchkey; whoever holds it has it alone. It is shared, since starting one takes long.
    pub fn shared(stage: &'static OnceLock<Mutex<Self>>) -> MutexGuard<'static, Self> {
        let stage = stage.get_or_init(|| {
            let mut world = World::start(Options::default());
            world.latchkey.kill();
            Mutex::new(Self { world, splitter: Splitter::start() })
        });
        stage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
