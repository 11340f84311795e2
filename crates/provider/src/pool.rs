//! Live connections by identity.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::connect::Identity;
use crate::{Error, Provider};

/// A connection that nobody asked for in this time is closed: its credentials may have been rotated away.
const IDLE: Duration = Duration::from_secs(10 * 60);

/// Beyond this many, the one unused for longest goes. Stores times namespaces, for stores that read credentials from
/// the namespace that uses them.
const MOST: usize = 1024;

/// Connections in use, each with the time of its last use.
#[derive(Debug, Default)]
pub struct Pool {
    slots: Mutex<HashMap<Identity, Slot>>,
}

#[derive(Debug)]
struct Slot {
    connection: Arc<Mutex<Option<Arc<dyn Provider>>>>,
    used: Instant,
}

impl Pool {
    /// The connection of this identity; `connect` makes it if there is none, once for all who ask meanwhile.
    ///
    /// # Errors
    /// Those of `connect`; they are not kept.
    pub fn get(
        &self,
        identity: Identity,
        connect: impl FnOnce() -> Result<Arc<dyn Provider>, Error>,
    ) -> Result<Arc<dyn Provider>, Error> {
        let slot = self.slot(identity);
        let mut connection = lock(&slot); // only those wait who want this very connection
        match &*connection {
            Some(provider) => Ok(provider.clone()),
            None => Ok(connection.insert(connect()?).clone()),
        }
    }

    /// Closes what has not been used for this long; without a time, for as long as a connection may be unused at all.
    pub fn tend(&self, unused: Option<Duration>) {
        let (now, unused) = (Instant::now(), unused.unwrap_or(IDLE));
        lock(&self.slots).retain(|_, slot| now.duration_since(slot.used) < unused);
    }

    fn slot(&self, identity: Identity) -> Arc<Mutex<Option<Arc<dyn Provider>>>> {
        let now = Instant::now();
        let mut slots = lock(&self.slots);
        if !slots.contains_key(&identity) {
            slots.retain(|_, slot| now.duration_since(slot.used) < IDLE);
            make_room(&mut slots);
        }
        let slot = slots.entry(identity).or_insert_with(|| Slot { connection: Arc::default(), used: now });
        slot.used = now;
        slot.connection.clone()
    }
}

fn make_room(slots: &mut HashMap<Identity, Slot>) {
    if slots.len() < MOST {
        return;
    }
    let oldest = slots.iter().min_by_key(|(_, slot)| slot.used).map(|(identity, _)| *identity);
    if let Some(oldest) = oldest {
        slots.remove(&oldest);
    }
}

/// A panic while connecting leaves a slot empty, not unusable.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use async_trait::async_trait;

    use super::*;
    use crate::{Entry, EntryRef, ErrorKind, SecretBytes, Validation};

    #[derive(Debug)]
    struct Nothing;

    #[async_trait]
    impl Provider for Nothing {
        fn name(&self) -> &'static str {
            "Nothing"
        }

        fn location(&self) -> String {
            String::new()
        }

        async fn fetch(&self, _: &[EntryRef]) -> Vec<Result<Entry, Error>> {
            Vec::new()
        }

        fn value(&self, _: &EntryRef, _: &Entry, _: Option<&str>) -> Result<SecretBytes, Error> {
            Ok(SecretBytes::default())
        }

        fn map(
            &self,
            _: &EntryRef,
            _: &Entry,
            _: Option<&str>,
        ) -> Result<BTreeMap<String, SecretBytes>, Error> {
            Ok(BTreeMap::new())
        }

        async fn validate(&self) -> Result<Validation, Error> {
            Ok(Validation::Ready)
        }
    }

    fn identity(number: usize) -> Identity {
        let mut bytes = [0; 28];
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        Identity(bytes)
    }

    fn connects(pool: &Pool, number: usize) -> bool {
        let mut connected = false;
        let connect = || {
            connected = true;
            Ok(Arc::new(Nothing) as Arc<dyn Provider>)
        };
        pool.get(identity(number), connect).unwrap();
        connected
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_made_once_and_lives_while_it_is_used() {
        let pool = Pool::default();
        assert!(connects(&pool, 1));
        for _ in 0..3 {
            tokio::time::advance(IDLE - Duration::from_secs(1)).await;
            assert!(!connects(&pool, 1));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_connection_goes() {
        let pool = Pool::default();
        connects(&pool, 1);
        tokio::time::advance(IDLE).await;
        connects(&pool, 2);
        assert!(connects(&pool, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_unused_goes_without_anybody_connecting() {
        let pool = Pool::default();
        let held = || lock(&pool.slots).len();
        connects(&pool, 1);
        tokio::time::advance(Duration::from_secs(20)).await;
        connects(&pool, 2);
        pool.tend(None);
        assert_eq!(held(), 2);
        pool.tend(Some(Duration::from_secs(10)));
        assert_eq!(held(), 1);
        tokio::time::advance(IDLE).await;
        pool.tend(None);
        assert_eq!(held(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn there_are_never_more_than_the_bound() {
        let pool = Pool::default();
        for number in 0..MOST + 10 {
            connects(&pool, number);
            tokio::time::advance(Duration::from_millis(1)).await;
        }
        assert_eq!(lock(&pool.slots).len(), MOST);
        assert!(connects(&pool, 0) && !connects(&pool, MOST + 9));
    }

    #[tokio::test]
    async fn a_failure_is_not_kept() {
        let pool = Pool::default();
        let failure = pool.get(identity(1), || Err(Error::new(ErrorKind::Credentials, "no")));
        assert!(failure.is_err() && connects(&pool, 1));
    }
}
