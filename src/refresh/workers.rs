//! Who does what is due. A worker that has to wait long for one item leaves it to itself and takes the next, so that a
//! store that hangs holds up its own items and nobody else's.

use std::fmt::Debug;
use std::hash::Hash;
use std::pin::Pin;
use std::time::Duration;

use futures::StreamExt;
use futures::channel::mpsc;
use futures::future::{join, join_all};
use futures::stream::FuturesUnordered;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::queue::Queue;

/// How many workers do nothing but urgent items, so that a new object never waits behind refreshes.
const RESERVED: usize = 4;

/// How long a worker stays with one item. What works takes less.
const LONG: Duration = Duration::from_secs(1);

/// How many items may be left to themselves at once; beyond, workers wait.
const MOST: usize = 256;

/// An item that is being done.
type Doing<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Does what is in the queue, for ever: so many items at once, and besides those that wait long.
pub async fn work<'a, T, F>(queue: &'a Queue<T>, workers: usize, does: impl Fn(T) -> F + Send + Sync + 'a)
where
    T: Clone + Eq + Hash + Ord + Debug + Send + Sync + 'a,
    F: Future<Output = ()> + Send + 'a,
{
    let places = Semaphore::new(MOST);
    let (leave, left) = mpsc::unbounded::<Doing<'_>>();
    let worker = async |only_urgent: bool| {
        loop {
            let item = queue.next(only_urgent).await;
            let doing = does(item.clone());
            let mut doing = Box::pin(async move {
                doing.await;
                queue.done(&item);
            });
            if timeout(LONG, &mut doing).await.is_ok() {
                continue;
            }
            match places.try_acquire() {
                Ok(place) => {
                    let _ = leave.unbounded_send(Box::pin(async move {
                        doing.await;
                        drop(place);
                    }));
                }
                Err(_) => doing.await,
            }
        }
    };
    let reserved = (0..RESERVED).map(|_| worker(true));
    let workers = (0..workers.max(1)).map(|_| worker(false));
    join(join_all(reserved.chain(workers)), all(left)).await;
}

/// Does what is left, all at once.
async fn all(mut left: mpsc::UnboundedReceiver<Doing<'_>>) {
    let mut doing = FuturesUnordered::new();
    loop {
        tokio::select! {
            Some(next) = left.next() => doing.push(next),
            Some(()) = doing.next() => {}
            else => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tokio::time::{Instant, sleep};

    use super::super::queue::Priority;
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
