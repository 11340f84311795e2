//! How many connections there may be at once. Whoever comes when all places are taken gets that of the connection with
//! the least claim to it: clients that open connections and send nothing, or very slowly, cannot keep the API server out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::activity::Activity;

/// The places of one listener.
#[derive(Debug)]
pub struct Places {
    limit: usize,
    taken: Mutex<Taken>,
    freed: Notify,
}

#[derive(Debug, Default)]
struct Taken {
    next: u64,
    by: BTreeMap<u64, (Arc<Activity>, CancellationToken)>,
}

impl Places {
    /// So many.
    pub fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit, taken: Mutex::default(), freed: Notify::new() })
    }

    /// A place for a connection that was accepted now. Waits only while an answer is being worked out in each.
    pub async fn take(self: &Arc<Self>) -> Place {
        loop {
            let freed = self.freed.notified();
            if let Some(place) = self.try_take() {
                return place;
            }
            freed.await;
        }
    }

    fn try_take(self: &Arc<Self>) -> Option<Place> {
        let mut taken = self.taken();
        if taken.by.len() >= self.limit {
            taken.evict_one()?;
        }
        let (id, activity, evicted) = (taken.next, Activity::new(), CancellationToken::new());
        taken.next += 1;
        taken.by.insert(id, (Arc::clone(&activity), evicted.clone()));
        Some(Place { places: Arc::clone(self), id, activity, evicted })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    /// Of the connections with equal claims, the one that was accepted first.
    fn evict_one(&mut self) -> Option<()> {
        let claims = self.by.iter().filter_map(|(id, (activity, _))| Some((activity.claim()?, *id)));
        let (_, id) = claims.min()?;
        let (_, evicted) = self.by.remove(&id)?;
        evicted.cancel();
        Some(())
    }
}

/// One connection's place, until it is dropped.
#[derive(Debug)]
pub struct Place {
    places: Arc<Places>,
    id: u64,
    /// What goes on on the connection.
    pub activity: Arc<Activity>,
    /// Cancelled when somebody else gets the place.
    pub evicted: CancellationToken,
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.places.taken().by.remove(&self.id).is_some() {
            self.places.freed.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::super::activity::Asked;
    use super::*;

    fn works(place: &Place) -> Asked {
        let asked = place.activity.asked();
        asked.is_whole();
        asked
    }

    #[tokio::test]
    async fn whoever_has_said_least_makes_room() {
        let places = Places::new(3);
        let (first, second, third) = (places.take().await, places.take().await, places.take().await);
        drop(works(&first));
        let _answer = works(&third);
        let fourth = places.take().await;
        let evicted = [&first, &second, &third, &fourth].map(|place| place.evicted.is_cancelled());
        assert_eq!(evicted, [false, true, false, false], "the one that has not asked");
        let _answer_too = works(&fourth);
        let fifth = places.take().await;
        assert!(first.evicted.is_cancelled(), "then the one that is idle");
        let _and_this = works(&fifth);
        assert!(places.take().now_or_never().is_none(), "nobody's answer is given up");
    }

    #[tokio::test]
    async fn a_place_that_is_given_up_is_free() {
        let places = Places::new(1);
        let first = places.take().await;
        let answer = works(&first);
        let next = tokio::spawn({
            let places = Arc::clone(&places);
            async move { places.take().await }
        });
        tokio::task::yield_now().await;
        drop(answer);
        drop(first);
        let place = next.await.expect("no panic");
        assert!(!place.evicted.is_cancelled());
        drop(place);
        assert!(places.taken().by.is_empty());
    }
}
