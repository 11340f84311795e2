//! What is built once is not built again, by nobody.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use latchkey_testbed::Cache;

fn build(dir: &Path) -> Result<()> {
    Ok(std::fs::write(dir.join("tool"), "built")?)
}

#[test]
fn builds_once_even_if_many_ask_at_the_same_time() -> Result<()> {
    let root = tempfile::tempdir()?;
    let builds = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let askers: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    // Each a cache of its own, hence a lock file handle of its own, as another process would have.
                    Cache::at(root.path()).obtain("tool", "1", |dir| {
                        builds.fetch_add(1, Ordering::SeqCst);
                        std::thread::sleep(Duration::from_millis(50));
                        build(dir)
                    })
                })
            })
            .collect();
        for asker in askers {
            let entry = asker.join().expect("no panic")?;
            ensure!(std::fs::read_to_string(entry.join("tool"))? == "built");
        }
        Ok(())
    })?;
    ensure!(builds.load(Ordering::SeqCst) == 1);
    Ok(())
}

#[test]
fn another_key_is_another_build() -> Result<()> {
    let root = tempfile::tempdir()?;
    let cache = Cache::at(root.path());
    let first = cache.obtain("tool", "1", build)?;
    let second = cache.obtain("tool", "2", build)?;
    ensure!(first != second && first.exists() && second.exists());
    Ok(())
}

#[test]
fn a_failed_build_leaves_nothing_behind() -> Result<()> {
    let root = tempfile::tempdir()?;
    let cache = Cache::at(root.path());
    let failed = cache.obtain("tool", "1", |dir| {
        build(dir)?;
        bail!("half way")
    });
    ensure!(failed.is_err());
    let left: Vec<_> = std::fs::read_dir(root.path())?.flatten().map(|entry| entry.file_name()).collect();
    ensure!(left == ["build.lock"], "{left:?}");
    ensure!(cache.obtain("tool", "1", build)?.exists());
    Ok(())
}
