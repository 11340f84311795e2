//! The background process of `up`: the components' owner.

use std::path::Path;

use anyhow::{Result, anyhow};
use latchkey_testbed::{ControlPlane, ControlPlaneOptions, Moto, MotoOptions, Vault, VaultOptions};

use super::environment::exports;
use super::{Part, session};

/// Starts the components, says so by writing the environment file, and stays until it is killed. It need not clean up:
/// the components stop because it is gone.
pub(super) fn hold(with: &[Part], dir: &Path) -> Result<()> {
    let folder = |part: Part| with.contains(&part).then(|| dir.join(part.name()));
    let (cluster, vault, moto) = std::thread::scope(|scope| {
        let cluster = folder(Part::ControlPlane).map(|dir| {
            scope.spawn(|| ControlPlane::start(ControlPlaneOptions { dir: Some(dir), ..Default::default() }))
        });
        let vault = folder(Part::Vault)
            .map(|dir| scope.spawn(|| Vault::start(VaultOptions { dir: Some(dir), ..Default::default() })));
        let moto = folder(Part::Moto).map(|dir| scope.spawn(|| Moto::start(MotoOptions { dir: Some(dir) })));
        anyhow::Ok((joined(cluster)?, joined(vault)?, joined(moto)?))
    })?;
    if let (Some(vault), Some(cluster)) = (&vault, &cluster) {
        vault.enable_kubernetes_auth(cluster)?;
    }
    session::publish(dir, &exports(cluster.as_ref(), vault.as_ref(), moto.as_ref())?)?;
    loop {
        std::thread::park();
    }
}

fn joined<T>(thread: Option<std::thread::ScopedJoinHandle<'_, Result<T>>>) -> Result<Option<T>> {
    thread.map(|thread| thread.join().unwrap_or_else(|_| Err(anyhow!("a start panicked")))).transpose()
}
