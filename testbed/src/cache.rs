//! Where built components are kept between runs.

use std::fs::{File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::state::hex;

/// A folder with one entry per component and content of its pins.
#[derive(Debug, Clone)]
pub struct Cache {
    root: PathBuf,
}

impl Cache {
    #[must_use]
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// `$LATCHKEY_TESTBED_CACHE`, or `latchkey-testbed` in the user's cache folder.
    ///
    /// # Errors
    /// When neither of `LATCHKEY_TESTBED_CACHE`, `XDG_CACHE_HOME` and `HOME` is set.
    pub fn of_user() -> Result<Self> {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let root = set("LATCHKEY_TESTBED_CACHE")
            .or_else(|| Some(set("XDG_CACHE_HOME")?.join("latchkey-testbed")))
            .or_else(|| Some(set("HOME")?.join(".cache/latchkey-testbed")));
        Ok(Self::at(root.context("no folder to keep built components in: set LATCHKEY_TESTBED_CACHE")?))
    }

    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where the entry is or will be.
    #[must_use]
    pub fn entry(&self, name: &str, key: &str) -> PathBuf {
        self.root.join(format!("{name}-{key}"))
    }

    /// The entry, which `build` fills if it is not there yet. `build` gets a folder of its own, which takes its place in
    /// the cache only once it is whole; no two processes build at the same time.
    ///
    /// # Errors
    /// When `build` fails, and when the cache folder cannot be written.
    pub fn obtain(&self, name: &str, key: &str, build: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
        let entry = self.entry(name, key);
        if entry.exists() {
            return Ok(entry);
        }
        std::fs::create_dir_all(&self.root)
            .with_context(|| format!("cannot create {}", self.root.display()))?;
        let _lock = self.lock()?;
        if entry.exists() {
            return Ok(entry); // Built by the process that held the lock.
        }
        let building = tempfile::Builder::new().prefix(".building-").tempdir_in(&self.root)?;
        build(building.path())?;
        let built = building.keep();
        std::fs::rename(&built, &entry).with_context(|| format!("cannot move into {}", entry.display()))?;
        Ok(entry)
    }

    /// One lock for all components: two builds at once would only slow each other down. The system releases it when the
    /// process ends, however it ends.
    fn lock(&self) -> Result<File> {
        let path = self.root.join("build.lock");
        let file = File::options().create(true).append(true).open(&path);
        let file = file.with_context(|| format!("cannot write {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => say("waiting for another process that is building a component…"),
            Err(TryLockError::Error(error)) => return Err(error).context("cannot lock the cache"),
        }
        file.lock().context("cannot lock the cache")?;
        Ok(file)
    }
}

/// The key of an entry: a digest of everything that decides its content, each part delimited by its length.
pub(crate) fn key<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut digest = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    for part in parts {
        digest.update(&(part.len() as u64).to_le_bytes());
        digest.update(part.as_bytes());
    }
    hex(&digest.finish().as_ref()[..8])
}

/// A line on standard error, past libtest's capture: a first build takes minutes, and silence would look like a hang.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "latchkey-testbed: {line}");
}
