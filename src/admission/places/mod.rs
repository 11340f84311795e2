//! Places for the syncs of admission: so many at once, a bounded time of waiting for one, and nothing falls over when more
//! come than there is room for. Who gets none is admitted, and synced in the background.

mod room;

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::engine::Deadline;
use room::{Coming, Room, Turn};
pub use room::{Patience, Store};

/// Dry runs have one place for so many of the others'.
const DRY: usize = 4;

/// For whom a sync is made; each has places of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lane {
    /// An ExternalSecret.
    ExternalSecrets,
    /// A Pod.
    Pods,
    /// Either of them, in a dry run.
    DryRuns,
}

/// There was no place in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Busy;

type Waiting = Room<oneshot::Sender<Place>>;

/// All places.
#[derive(Debug)]
pub struct Places {
    external_secrets: Arc<Mutex<Waiting>>,
    pods: Arc<Mutex<Waiting>>,
    dry_runs: Arc<Mutex<Waiting>>,
}

/// A place; it is free again when this is dropped.
#[derive(Debug)]
#[must_use = "the place is free again once this is dropped"]
pub struct Place {
    room: Arc<Mutex<Waiting>>,
    store: Store,
    position: usize,
    since: Instant,
    deadline: Instant,
}

/// Somebody in the queue; gives up when it is dropped.
struct Queued<'a> {
    room: &'a Mutex<Waiting>,
    number: u64,
}

impl Places {
    /// So many for ExternalSecrets, as many for Pods, a quarter of that for dry runs.
    pub fn new(places: NonZeroUsize) -> Self {
        let room = |places| Arc::new(Mutex::new(Room::new(places)));
        let places = places.get();
        let dry_runs = places.div_ceil(DRY);
        Self { external_secrets: room(places), pods: room(places), dry_runs: room(dry_runs) }
    }

    /// Waits for a place as long as `patience` allows.
    ///
    /// # Errors
    /// There is none in time.
    pub async fn enter(
        &self,
        lane: Lane,
        store: Store,
        deadline: Deadline,
        patience: Patience,
    ) -> Result<Place, Busy> {
        if lane == Lane::DryRuns && self.somebody_waits() {
            return Err(Busy);
        }
        let room = self.room(lane);
        let (since, deadline) = (Instant::now(), deadline.instant());
        let (told, mut place) = oneshot::channel();
        let coming = lock(room).come(&store, (since, deadline), patience, || told);
        match coming {
            Coming::In(position) => Ok(Place { room: Arc::clone(room), store, position, since, deadline }),
            Coming::Away => Err(Busy),
            Coming::Waits(number) => {
                let queued = Queued { room, number };
                let wait = patience.of(deadline.saturating_duration_since(since));
                let waited = tokio::time::timeout(wait, &mut place).await;
                drop(queued);
                match waited {
                    Ok(answer) => answer.map_err(|_| Busy),
                    Err(_) => place.try_recv().map_err(|_| Busy), // it may have come at the last moment
                }
            }
        }
    }

    /// Whether anybody waits for a place who is in earnest. A dry run gives way to them.
    fn somebody_waits(&self) -> bool {
        [&self.external_secrets, &self.pods].iter().any(|room| lock(room).waiting() > 0)
    }

    fn room(&self, lane: Lane) -> &Arc<Mutex<Waiting>> {
        match lane {
            Lane::ExternalSecrets => &self.external_secrets,
            Lane::Pods => &self.pods,
            Lane::DryRuns => &self.dry_runs,
        }
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        lock(self.room).give_up(self.number);
    }
}

impl Drop for Place {
    /// Hands the place on. One that was too late counts double, so that fewer are let in next.
    fn drop(&mut self) {
        let took = self.since.elapsed();
        let took = if Instant::now() >= self.deadline { took * 2 } else { took };
        let mut room = lock(&self.room);
        room.leave(&self.store, self.position, took);
        loop {
            let Some(turn) = room.turn(Instant::now()) else { return };
            let Turn::In { told, store, position, deadline } = turn else { continue };
            let since = Instant::now();
            let place = Self { room: Arc::clone(&self.room), store, position, since, deadline };
            drop(room);
            drop(told.send(place)); // who has given up meanwhile drops it, which hands it on
            room = lock(&self.room);
        }
    }
}

fn lock(room: &Mutex<Waiting>) -> MutexGuard<'_, Waiting> {
    room.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn places(count: usize) -> Places {
        Places::new(NonZeroUsize::new(count).expect("some"))
    }

    async fn enter(places: &Places, lane: Lane, patience: Patience) -> Result<Place, Busy> {
        places.enter(lane, None, Deadline::after(Duration::from_secs(4)), patience).await
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_gets_the_place_of_who_leaves() {
        let places = places(1);
        let first = enter(&places, Lane::Pods, Patience::Half).await.expect("a place");
        let (second, ()) = tokio::join!(enter(&places, Lane::Pods, Patience::Half), async { drop(first) });
        assert!(second.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_longer_than_its_patience() {
        let places = places(1);
        let _first = enter(&places, Lane::ExternalSecrets, Patience::Half).await.expect("a place");
        for (patience, waits) in [(Patience::Half, 2_000), (Patience::Fifth, 800), (Patience::Most, 3_200)] {
            let began = Instant::now();
            assert_eq!(enter(&places, Lane::ExternalSecrets, patience).await.err(), Some(Busy));
            let waited = began.elapsed().as_millis();
            assert!((waits..=waits + 1).contains(&waited), "{patience:?}: {waited} ms");
        }
        assert_eq!(lock(&places.external_secrets).waiting(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_review_that_is_given_up_gives_its_place_on() {
        let places = places(1);
        let first = enter(&places, Lane::Pods, Patience::Most).await.expect("a place");
        {
            let mut second = Box::pin(enter(&places, Lane::Pods, Patience::Most));
            assert!(futures::poll!(&mut second).is_pending());
            drop(first); // the place is the second's now, which never looks
        }
        assert!(enter(&places, Lane::Pods, Patience::Half).await.is_ok());
        assert_eq!(lock(&places.pods).taken(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn lanes_do_not_share_places_and_dry_runs_give_way() {
        let places = places(1);
        let first = enter(&places, Lane::ExternalSecrets, Patience::Half).await.expect("a place");
        assert!(enter(&places, Lane::Pods, Patience::Half).await.is_ok());
        assert!(enter(&places, Lane::DryRuns, Patience::Fifth).await.is_ok());
        let mut waits = Box::pin(enter(&places, Lane::ExternalSecrets, Patience::Half));
        assert!(futures::poll!(&mut waits).is_pending());
        assert_eq!(enter(&places, Lane::DryRuns, Patience::Fifth).await.err(), Some(Busy));
        drop(first);
        assert!(waits.await.is_ok());
        assert!(enter(&places, Lane::DryRuns, Patience::Fifth).await.is_ok());
    }
}
