//! Does what is due, so many items at once. One that has to wait long is left to itself and another takes its place, so that
//! a store that hangs holds up its own items and nobody else's.

use std::fmt::Debug;
use std::hash::Hash;
use std::pin::Pin;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::time::timeout;

use super::queue::{Priority, Queue};

/// How many more items are done at once if they are urgent, so that a new object never waits behind refreshes.
const RESERVED: usize = 4;

/// How long an item has a place. What works takes less.
const LONG: Duration = Duration::from_secs(1);

/// How many items may be left to themselves at once; beyond, they keep their places.
const MOST: usize = 256;

/// An item that is being done.
type Doing<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// What has become of one.
enum End<'a> {
    /// It is done, and had a place.
    Done(Priority),
    /// It has a place still.
    Long(Priority, Doing<'a>),
    /// It is done, and had none any more.
    Left,
}

/// Who is being seen to.
#[derive(Debug, Default)]
struct Places {
    routine: usize,
    urgent: usize,
    left: usize,
}

impl Places {
    /// Which items there is a place for: urgent ones, all, or none.
    fn free(&self, workers: usize) -> Option<Priority> {
        let all = self.routine + self.urgent < workers + RESERVED;
        all.then_some(if self.routine < workers { Priority::Routine } else { Priority::Urgent })
    }

    fn of(&mut self, priority: Priority) -> &mut usize {
        match priority {
            Priority::Routine => &mut self.routine,
            Priority::Urgent => &mut self.urgent,
        }
    }
}

/// Does what is in the queue, for ever: so many items at once, and besides those that wait long.
pub async fn work<'a, T, F>(queue: &'a Queue<T>, workers: usize, does: impl Fn(T) -> F + Send + Sync + 'a)
where
    T: Clone + Eq + Hash + Ord + Debug + Send + Sync + 'a,
    F: Future<Output = ()> + Send + 'a,
{
    let workers = workers.max(1);
    let (mut places, mut doing) = (Places::default(), FuturesUnordered::new());
    loop {
        while let Some(wanted) = places.free(workers)
            && let Some((item, priority)) = queue.take(wanted)
        {
            *places.of(priority) += 1;
            let does = does(item.clone());
            let done = Box::pin(async move {
                does.await;
                queue.done(&item);
            });
            doing.push(begin(priority, done));
        }
        let wanted = places.free(workers);
        let changed = async {
            match wanted {
                Some(wanted) => queue.changed(wanted).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            Some(end) = doing.next() => doing.extend(places.ended(end)),
            () = changed => (),
        }
    }
}

type Ending<'a> = Pin<Box<dyn Future<Output = End<'a>> + Send + 'a>>;

/// Does an item, as long as that does not take long.
fn begin(priority: Priority, mut doing: Doing<'_>) -> Ending<'_> {
    Box::pin(async move {
        match timeout(LONG, &mut doing).await {
            Ok(()) => End::Done(priority),
            Err(_) => End::Long(priority, doing),
        }
    })
}

impl Places {
    /// Takes back a place, of what is done and of what takes long. What is left to do of it.
    fn ended<'a>(&mut self, end: End<'a>) -> Option<Ending<'a>> {
        match end {
            End::Left => self.left -= 1,
            End::Done(priority) => *self.of(priority) -= 1,
            End::Long(priority, doing) if self.left < MOST => {
                *self.of(priority) -= 1;
                self.left += 1;
                return Some(Box::pin(async move {
                    doing.await;
                    End::Left
                }));
            }
            End::Long(priority, doing) => {
                return Some(Box::pin(async move {
                    doing.await;
                    End::Done(priority)
                }));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tokio::time::{Instant, sleep};

    use super::*;

    /// Items below 100 hang; when the others were done.
    async fn done_of(items: impl Iterator<Item = u32>, until: Duration) -> Vec<(u32, Duration)> {
        let (queue, done, start) = (Queue::default(), Mutex::new(Vec::new()), Instant::now());
        items.for_each(|item| queue.add(item, Duration::ZERO, Priority::Urgent));
        let does = async |item: u32| {
            if item < 100 {
                sleep(Duration::from_secs(30)).await;
            }
            done.lock().expect("whole").push((item, start.elapsed()));
        };
        let _ = timeout(until, work(&queue, 2, |item| Box::pin(does(item)))).await;
        done.into_inner().expect("whole")
    }

    #[tokio::test(start_paused = true)]
    async fn what_hangs_holds_up_nobody_else_for_long() {
        let done = done_of((0..12).chain([100]), Duration::from_secs(20)).await;
        assert!(matches!(done[..], [(100, took)] if took < Duration::from_secs(4)), "{done:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_left_to_itself_is_done_all_the_same() {
        let done = done_of(0..12, Duration::from_secs(40)).await;
        assert_eq!(done.len(), 12);
    }
}
