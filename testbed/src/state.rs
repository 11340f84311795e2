//! State folders, ports and tokens: what each start of a component needs anew.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};

/// Removes the folder when the owner is gone without having run this crate's destructors: libtest drops no static.
const SWEEP: &str = include_str!("sweep.sh");

/// A folder for one start of a component: its data, keys and logs.
#[derive(Debug)]
pub(crate) struct StateDir {
    path: PathBuf,
    sweeper: Option<Child>,
}

impl StateDir {
    /// The folder `path` if one is given, which then stays; else a new one, removed when this is dropped or this process
    /// has died. `LATCHKEY_TESTBED_KEEP=1` keeps it.
    pub(crate) fn new(name: &str, path: Option<&Path>) -> Result<Self> {
        if let Some(path) = path {
            std::fs::create_dir_all(path).with_context(|| format!("cannot create {}", path.display()))?;
            return Ok(Self { path: path.canonicalize()?, sweeper: None });
        }
        let dir = tempfile::Builder::new().prefix(&format!("latchkey-{name}-")).tempdir()?;
        let path = dir.keep().canonicalize()?;
        if std::env::var_os("LATCHKEY_TESTBED_KEEP").is_some_and(|keep| keep == "1") {
            crate::cache::say(&format!("state of {name} is kept in {}", path.display()));
            return Ok(Self { path, sweeper: None });
        }
        let mut sweeper = Command::new("sh");
        sweeper.args(["-c", SWEEP, "sweep"]).arg(&path).process_group(0);
        // A reader of the owner's output must not have to wait for the sweeper.
        sweeper.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let sweeper = sweeper.spawn().context("cannot start sh to guard the state folder")?;
        Ok(Self { path, sweeper: Some(sweeper) })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for StateDir {
    fn drop(&mut self) {
        if let Some(mut sweeper) = self.sweeper.take() {
            // `wait` closes the pipe first, which is the sweeper's sign to begin.
            let _ = sweeper.wait();
        }
    }
}

/// A loopback port on which nothing listens now.
///
/// It lies below the range from which systems take the ports of outgoing connections, so that none of those can take it
/// before the component binds it; and it is drawn at random, so that test processes do not race for the same one.
#[must_use]
pub fn free_port() -> u16 {
    const FIRST: u16 = 15_000;
    const COUNT: u16 = 15_000;
    static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    loop {
        let drawn: [u8; 2] = random();
        let port = FIRST + u16::from_le_bytes(drawn) % COUNT;
        // Whoever was given one may not listen on it yet.
        let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
        if given.len() > usize::from(COUNT / 2) {
            given.clear();
        }
        if given.insert(port) && TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

/// 32 hexadecimal digits that nobody else knows.
#[must_use]
pub fn random_token() -> String {
    hex(&random::<16>())
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).expect("the operating system has random numbers");
    bytes
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
