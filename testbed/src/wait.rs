//! Waiting for something outside this process.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// Far more than any component needs on an idle machine; other builds may have the cores.
pub(crate) const START: Duration = Duration::from_secs(120);

/// Asks `ready` every 25 ms until it returns a value.
///
/// # Errors
/// What `ready` fails with, at once; or, after `limit`, a sentence with `what` was waited for.
pub fn wait_for<T>(what: &str, limit: Duration, mut ready: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(value) = ready()? {
            return Ok(value);
        }
        if Instant::now() > deadline {
            bail!("{what} did not happen within {} s", limit.as_secs());
        }
        std::thread::sleep(Duration::from_millis(25));
    }
}
