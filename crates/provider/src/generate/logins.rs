//! Logins to Vault that generators share for a moment.
//!
//! What Vault makes ends with the token that it was made with, so a token that has lived for long is of no use; but whoever has a
//! hundred values made at once need not log in a hundred times.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::connect::Identity;
use crate::vault::Asker;

/// For how long a login is shared, if its token lives long enough; see [`Asker::is_young`].
const SHARED: Duration = Duration::from_secs(60);

/// The logins of the last minute. Other credentials, or another Vault, are another identity.
#[derive(Debug, Default)]
pub struct Logins(Mutex<HashMap<Identity, (Instant, Arc<Asker>)>>);

impl Logins {
    /// The login of this identity, if it is a fresh one; else one that is made now, for all who ask meanwhile.
    pub fn get(&self, identity: Identity, fresh: impl FnOnce() -> Arc<Asker>) -> Arc<Asker> {
        let now = Instant::now();
        let mut logins = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        logins.retain(|_, (made, asker)| now.duration_since(*made) < SHARED && asker.is_young());
        Arc::clone(&logins.entry(identity).or_insert_with(|| (now, fresh())).1)
    }

    /// Lets go of those that are not shared any more.
    pub fn tend(&self) {
        let now = Instant::now();
        let mut logins = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        logins.retain(|_, (made, _)| now.duration_since(*made) < SHARED);
    }
}
