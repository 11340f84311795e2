//! Who may come in, who waits, who is turned away. Pure: time comes in as numbers.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use crate::engine::plan::StoreKey;

/// So many of one store may always be inside, whatever was measured: else nothing would be measured any more. No more
/// before anything was. As many as a store is called at once for those who wait at a prompt.
const FEW: usize = 8;

/// So many may wait for each place; more only take memory.
const WAITING: usize = 8;

/// How many stores without anybody inside are remembered before they are forgotten.
const REMEMBERED: usize = 1_000;

/// The store that a sync reads; none where its ExternalSecret names none.
pub type Store = Option<StoreKey>;

/// How long somebody is ready to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Patience {
    /// Up to half of the time that is left, if what was measured gives hope.
    Half,
    /// A fifth of it.
    Fifth,
    /// Most of it, whatever was measured: a refusal is all that is left, and has to be in time.
    Most,
}

impl Patience {
    /// Of the time that is left.
    pub fn of(self, left: Duration) -> Duration {
        match self {
            Self::Half => left / 2,
            Self::Fifth => left / 5,
            Self::Most => left * 4 / 5,
        }
    }
}

/// What is known of one store's syncs.
#[derive(Debug, Default, Clone, Copy)]
struct Share {
    inside: usize,
    waiting: usize,
    /// What each one inside adds to the time that the next one takes: the time from entering to leaving, divided by how
    /// many were inside. It tells a store that is asked so many times at once from one that is asked so many times a second.
    cost: Option<Duration>,
}

impl Share {
    /// How long a sync takes that has so many before it.
    fn after(self, others: usize) -> Duration {
        let position = u32::try_from(others + 1).unwrap_or(u32::MAX);
        self.cost.unwrap_or_default().saturating_mul(position)
    }
}

/// Somebody who waits.
#[derive(Debug)]
struct Waiter<T> {
    number: u64,
    store: Store,
    deadline: Instant,
    patience: Patience,
    told: T,
}

/// What becomes of somebody who comes.
#[derive(Debug, PartialEq, Eq)]
pub enum Coming {
    /// Inside, as so many-th of its store.
    In(usize),
    /// It waits, under this number.
    Waits(u64),
    /// There is no place that it would get in time.
    Away,
}

/// What becomes of somebody who waited.
#[derive(Debug)]
pub enum Turn<T> {
    /// Inside, as so many-th of its store.
    In {
        /// How it is told.
        told: T,
        /// Its store.
        store: Store,
        /// As so many-th.
        position: usize,
        /// When it has to be done.
        deadline: Instant,
    },
    /// Its time would not be enough any more.
    Away,
}

/// A number of places. `T` is how somebody who waits is told.
///
/// One store may have as many of them as are still free, so that one that is slow leaves half of them to others, and two
/// that are slow a quarter.
#[derive(Debug)]
pub struct Room<T> {
    places: usize,
    taken: usize,
    shares: HashMap<Store, Share>,
    waiting: VecDeque<Waiter<T>>,
    next: u64,
}

impl<T> Room<T> {
    /// With so many places, all free.
    pub fn new(places: usize) -> Self {
        Self { places, taken: 0, shares: HashMap::new(), waiting: VecDeque::new(), next: 0 }
    }

    /// How many are inside.
    #[cfg(test)]
    pub fn taken(&self) -> usize {
        self.taken
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Somebody comes for this store, and has to be done by the deadline. `told` is made only if it waits.
    pub fn come(
        &mut self,
        store: &Store,
        (now, deadline): (Instant, Instant),
        patience: Patience,
        told: impl FnOnce() -> T,
    ) -> Coming {
        let share = self.known(store);
        let left = deadline.saturating_duration_since(now);
        if share.waiting == 0 && self.has_place(share, left) {
            return Coming::In(self.let_in(store));
        }
        let hopeless = share.after(share.inside + share.waiting) > left.mul_f64(0.9);
        if self.waiting.len() >= self.places * WAITING || (hopeless && patience != Patience::Most) {
            return Coming::Away;
        }
        let number = self.next;
        self.next += 1;
        self.share(store).waiting += 1;
        self.waiting.push_back(Waiter { number, store: store.clone(), deadline, patience, told: told() });
        Coming::Waits(number)
    }

    fn has_place(&self, share: Share, left: Duration) -> bool {
        let fits = share.inside < FEW || (share.cost.is_some() && share.after(share.inside) <= left / 2);
        share.inside < self.places.saturating_sub(self.taken) && fits
    }

    fn let_in(&mut self, store: &Store) -> usize {
        self.taken += 1;
        let share = self.share(store);
        share.inside += 1;
        share.inside
    }

    fn share(&mut self, store: &Store) -> &mut Share {
        if self.shares.len() > REMEMBERED {
            self.shares.retain(|_, share| share.inside + share.waiting > 0);
        }
        self.shares.entry(store.clone()).or_default()
    }

    /// Somebody leaves who came in as so many-th and `took` so long.
    pub fn leave(&mut self, store: &Store, position: usize, took: Duration) {
        self.taken = self.taken.saturating_sub(1);
        let share = self.share(store);
        share.inside = share.inside.saturating_sub(1);
        let sample = took / u32::try_from(position.max(1)).unwrap_or(u32::MAX);
        share.cost = Some(share.cost.map_or(sample, |cost| cost * 3 / 4 + sample / 4));
    }

    /// Whoever has waited long enough and has a turn, if anybody has: to be asked until nobody has.
    pub fn turn(&mut self, now: Instant) -> Option<Turn<T>> {
        let place = self.first_in_turn(now)?;
        let waiter = self.waiting.remove(place)?;
        let late = self.is_late(&waiter, now);
        let Waiter { store, deadline, told, .. } = waiter;
        let share = self.share(&store);
        share.waiting = share.waiting.saturating_sub(1);
        if late {
            return Some(Turn::Away);
        }
        let position = self.let_in(&store);
        Some(Turn::In { told, store, position, deadline })
    }

    /// The first for whom there is a place, or no hope any more. Within a store nobody overtakes.
    fn first_in_turn(&self, now: Instant) -> Option<usize> {
        let mut passed_over: Vec<&Store> = Vec::new();
        for (place, waiter) in self.waiting.iter().enumerate() {
            if self.taken >= self.places {
                return None;
            }
            if passed_over.contains(&&waiter.store) {
                continue;
            }
            let left = waiter.deadline.saturating_duration_since(now);
            if self.has_place(self.known(&waiter.store), left) || self.is_late(waiter, now) {
                return Some(place);
            }
            passed_over.push(&waiter.store);
        }
        None
    }

    fn is_late(&self, waiter: &Waiter<T>, now: Instant) -> bool {
        let share = self.known(&waiter.store);
        let left = waiter.deadline.saturating_duration_since(now);
        waiter.patience != Patience::Most && share.inside >= FEW && share.after(share.inside) > left
    }

    fn known(&self, store: &Store) -> Share {
        self.shares.get(store).copied().unwrap_or_default()
    }

    /// Somebody gives up waiting; nothing happens if it has had its turn.
    pub fn give_up(&mut self, number: u64) {
        let Some(place) = self.waiting.iter().position(|waiter| waiter.number == number) else { return };
        if let Some(Waiter { store, .. }) = self.waiting.remove(place) {
            let share = self.share(&store);
            share.waiting = share.waiting.saturating_sub(1);
        }
    }
}

#[cfg(test)]
#[path = "room_tests.rs"]
mod tests;
