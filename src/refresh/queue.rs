//! What is to be done and when: at most once at a time for each item, urgent before routine. One takes what is due, see
//! [`work`](super::workers::work).

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

/// Which of two items that are both due is taken first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Priority {
    /// Somebody waits: a new object, a change, a repair.
    Urgent,
    /// Its time has come.
    Routine,
}

/// When, and how urgent.
type Due = (Instant, Priority);

#[derive(Debug)]
struct Inner<T> {
    waiting: HashMap<T, Due>,
    urgent: BTreeSet<(Instant, T)>,
    routine: BTreeSet<(Instant, T)>,
    busy: HashSet<T>,
    after: HashMap<T, Due>,
}

/// A queue of items, each at most once, each done by one worker at a time.
#[derive(Debug)]
pub struct Queue<T> {
    inner: Mutex<Inner<T>>,
    changed: Notify,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        let inner = Inner {
            waiting: HashMap::new(),
            urgent: BTreeSet::new(),
            routine: BTreeSet::new(),
            busy: HashSet::new(),
            after: HashMap::new(),
        };
        Self { inner: Mutex::new(inner), changed: Notify::new() }
    }
}

impl<T: Clone + Eq + Hash + Ord> Inner<T> {
    fn lane(&mut self, priority: Priority) -> &mut BTreeSet<(Instant, T)> {
        match priority {
            Priority::Urgent => &mut self.urgent,
            Priority::Routine => &mut self.routine,
        }
    }

    /// An item that waits already keeps the sooner of the two times and the higher of the two priorities.
    fn add(&mut self, item: T, due: Due) {
        let due = match self.waiting.remove(&item) {
            Some((at, priority)) => {
                self.lane(priority).remove(&(at, item.clone()));
                (due.0.min(at), due.1.min(priority))
            }
            None => due,
        };
        self.lane(due.1).insert((due.0, item.clone()));
        self.waiting.insert(item, due);
    }

    fn take(&mut self, priority: Priority, now: Instant) -> Option<T> {
        let (at, _) = self.lane(priority).first()?;
        if *at > now {
            return None;
        }
        let (_, item) = self.lane(priority).pop_first()?;
        self.waiting.remove(&item);
        self.busy.insert(item.clone());
        Some(item)
    }
}

impl<T: Clone + Eq + Hash + Ord + Debug> Queue<T> {
    /// Asks for an item to be done after `delay`. If it is being done just now, it will be done once more.
    pub fn add(&self, item: T, delay: Duration, priority: Priority) {
        let due = (Instant::now() + delay, priority);
        let mut inner = self.lock();
        if inner.busy.contains(&item) {
            let sooner = inner.after.get(&item).map_or(due, |other| (due.0.min(other.0), due.1.min(other.1)));
            inner.after.insert(item, sooner);
            return;
        }
        inner.add(item, due);
        drop(inner);
        self.changed.notify_one();
    }

    /// An item that is due, urgent ones first; a routine one only if those are `wanted`. [`Queue::done`] has to
    /// follow.
    pub fn take(&self, wanted: Priority) -> Option<(T, Priority)> {
        let (now, mut inner) = (Instant::now(), self.lock());
        let mut lanes = [Priority::Urgent, Priority::Routine].into_iter().take_while(|lane| *lane <= wanted);
        lanes.find_map(|lane| Some((inner.take(lane, now)?, lane)))
    }

    /// Waits until there may be another item to take: one has been added, or is due.
    pub async fn changed(&self, wanted: Priority) {
        let due = {
            let inner = self.lock();
            let first = |lane: &BTreeSet<(Instant, T)>| lane.first().map(|(at, _)| *at);
            let routine = first(&inner.routine).filter(|_| wanted == Priority::Routine);
            first(&inner.urgent).into_iter().chain(routine).min()
        };
        let changed = self.changed.notified();
        match due {
            Some(at) => drop(timeout_at(at, changed).await),
            None => changed.await,
        }
    }

    /// The item has been done; what was asked of it meanwhile is queued now.
    pub fn done(&self, item: &T) {
        let mut inner = self.lock();
        inner.busy.remove(item);
        if let Some(due) = inner.after.remove(item) {
            inner.add(item.clone(), due);
        }
        drop(inner);
        self.changed.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Inner<T>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::ZERO;
    const SECOND: Duration = Duration::from_secs(1);

    /// The next item, once there is one.
    async fn next(queue: &Queue<&'static str>, wanted: Priority) -> &'static str {
        loop {
            match queue.take(wanted) {
                Some((item, _)) => return item,
                None => queue.changed(wanted).await,
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn urgent_goes_before_routine_and_sooner_before_later() {
        let queue = Queue::default();
        queue.add("routine", NOW, Priority::Routine);
        queue.add("later", SECOND, Priority::Urgent);
        queue.add("urgent", NOW, Priority::Urgent);
        for expected in ["urgent", "routine", "later"] {
            assert_eq!(next(&queue, Priority::Routine).await, expected);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_item_asked_for_twice_is_done_once_at_the_sooner_time() {
        let queue = Queue::default();
        queue.add("a", SECOND * 10, Priority::Routine);
        queue.add("a", SECOND, Priority::Urgent);
        let start = Instant::now();
        assert_eq!(next(&queue, Priority::Urgent).await, "a");
        assert_eq!(start.elapsed().as_secs(), 1);
        queue.done(&"a");
        assert!(queue.lock().waiting.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_asked_for_while_it_is_done_is_done_once_more() {
        let queue = Queue::default();
        queue.add("a", NOW, Priority::Urgent);
        assert_eq!(next(&queue, Priority::Routine).await, "a");
        queue.add("a", NOW, Priority::Urgent);
        assert!(queue.lock().waiting.is_empty(), "not by two workers at once");
        queue.done(&"a");
        assert_eq!(next(&queue, Priority::Routine).await, "a");
    }

    #[tokio::test(start_paused = true)]
    async fn who_wants_urgent_ones_is_not_woken_by_a_routine_one() {
        let queue = Queue::default();
        queue.add("routine", NOW, Priority::Routine);
        queue.add("urgent", SECOND, Priority::Urgent);
        assert_eq!(next(&queue, Priority::Urgent).await, "urgent");
        assert_eq!(queue.lock().waiting.len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn an_item_that_is_added_while_nobody_waits_is_not_missed() {
        let queue = Queue::default();
        queue.add("later", SECOND * 60, Priority::Urgent);
        let waiting = queue.changed(Priority::Routine);
        queue.add("sooner", NOW, Priority::Routine);
        tokio::time::timeout(SECOND, waiting).await.expect("it is told");
        assert_eq!(queue.take(Priority::Routine), Some(("sooner", Priority::Routine)));
    }
}
