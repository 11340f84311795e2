//! One watch, kept for ever, that fills one table.

use std::collections::HashSet;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use futures::{Stream, StreamExt};
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Event};
use tokio::time::Instant;
use tracing::{debug, warn};

use super::table::{Key, Table};

/// What a watch does with its objects.
pub trait Sink: Send + Sync {
    /// The objects of the watch.
    type Object: Send + Debug + 'static;
    /// What is kept of one.
    type Row: Send + Sync + 'static;

    /// What is watched, for logs: `ExternalSecrets`.
    fn what(&self) -> &'static str;
    /// Where rows are kept.
    fn table(&self) -> &Table<Self::Row>;
    /// What is kept of an object; none if it is nobody's business here.
    fn row(&self, object: Self::Object) -> Option<(Key, Self::Row)>;
    /// A row came, changed or went (`now` is none).
    fn changed(&self, key: &Key, before: Option<Arc<Self::Row>>, now: Option<Arc<Self::Row>>);
    /// The first full list is in the table.
    fn filled(&self);
}

/// Follows a watch for ever: errors are retried with backoff and jitter, a watch that was lost is taken up where it ended, and
/// listed anew where that is no longer possible. Gives up nothing it has: while the API server is away the table stays as
/// it was.
pub async fn follow<S, W>(open: impl Fn() -> W + Send, sink: &S)
where
    S: Sink,
    W: Stream<Item = watcher::Result<Event<S::Object>>> + Send,
{
    let mut stream = Box::pin(open());
    let mut listed = HashSet::new();
    let (mut complained, mut patience) = (None, Patience::default());
    loop {
        match stream.next().await {
            Some(Ok(event)) => {
                complained = None;
                take(event, sink, &mut listed);
            }
            Some(Err(error)) => {
                complain(sink.what(), &error, &mut complained);
                tokio::time::sleep(patience.wait(rand::random())).await;
                if is_gone(&error) {
                    stream = Box::pin(open());
                }
            }
            None => stream = Box::pin(open()), // it has no end of its own
        }
    }
}

/// Whether the API server has answered a watch with 410 before it began: kube would ask for the same version for ever.
fn is_gone(error: &watcher::Error) -> bool {
    matches!(error, watcher::Error::WatchStartFailed(kube::Error::Api(status)) if status.code == 410)
}

/// How long to wait after an error. Errors that follow one another within half a minute are in a row, whatever went well
/// between them: a list that works and a watch that never does is no success.
#[derive(Debug, Default)]
struct Patience {
    errors: u32,
    last: Option<Instant>,
}

impl Patience {
    const FIRST: Duration = Duration::from_millis(500);
    const LONGEST: Duration = Duration::from_secs(8);
    const APART: Duration = Duration::from_secs(30);

    /// The wait after one more error, `chance` being uniform in 0..1.
    fn wait(&mut self, chance: f64) -> Duration {
        let now = Instant::now();
        if self.last.replace(now).is_some_and(|last| now.duration_since(last) > Self::APART) {
            self.errors = 0;
        }
        self.errors = self.errors.saturating_add(1);
        let whole = Self::FIRST.saturating_mul(1 << (self.errors - 1).min(10)).min(Self::LONGEST);
        whole.mul_f64(0.5 + chance / 2.0)
    }
}

fn take<S: Sink>(event: Event<S::Object>, sink: &S, listed: &mut HashSet<Key>) {
    match event {
        Event::Init => listed.clear(),
        Event::InitApply(object) => {
            if let Some(key) = put(object, sink) {
                listed.insert(key);
            }
        }
        Event::InitDone => {
            for (key, before) in sink.table().retain(listed) {
                sink.changed(&key, Some(before), None);
            }
            *listed = HashSet::new();
            debug!(what = sink.what(), count = sink.table().len(), "listed");
            sink.filled();
        }
        Event::Apply(object) => {
            put(object, sink);
        }
        Event::Delete(object) => {
            if let Some((key, _)) = sink.row(object) {
                let before = sink.table().remove(&key);
                sink.changed(&key, before, None);
            }
        }
    }
}

fn put<S: Sink>(object: S::Object, sink: &S) -> Option<Key> {
    let (key, row) = sink.row(object)?;
    let row = Arc::new(row);
    let before = sink.table().put(key.clone(), Arc::clone(&row));
    sink.changed(&key, before, Some(row));
    Some(key)
}

/// Says once a minute at most that a watch does not work; with what to do where that is known.
fn complain(what: &'static str, error: &watcher::Error, last: &mut Option<Instant>) {
    if last.is_some_and(|said| said.elapsed() < Duration::from_mins(1)) {
        return;
    }
    *last = Some(Instant::now());
    warn!(what, %error, "cannot watch; if the kind is missing, install it: latchkey crds | kubectl apply -f -");
}

/// A watch is begun anew this often, and a little later if the API server does not end it itself: so long it may go unnoticed
/// that nothing comes because the way is broken.
const RENEWED: u32 = 60;

/// How all watches here are made.
pub fn config() -> watcher::Config {
    watcher::Config::default().timeout(RENEWED)
}

/// A watch whose objects lose their managedFields at once: they are half of an object's size and nobody here reads them.
pub fn trimmed<K>(
    stream: impl Stream<Item = watcher::Result<Event<K>>> + Send,
) -> impl Stream<Item = watcher::Result<Event<K>>> + Send
where
    K: kube::Resource + Send,
{
    stream.modify(|object| object.meta_mut().managed_fields = None)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use kube::core::Status;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_goes_well_between_two_errors_does_not_make_the_second_the_first() {
        let mut patience = Patience::default();
        let waits: Vec<_> = (0..6).map(|_| patience.wait(1.0).as_millis()).collect();
        assert_eq!(waits, [500, 1_000, 2_000, 4_000, 8_000, 8_000]);
        tokio::time::advance(Patience::APART + Duration::from_secs(1)).await;
        assert_eq!(patience.wait(0.0), Patience::FIRST / 2);
    }

    struct Names(Table<()>);

    impl Sink for Names {
        type Object = &'static str;
        type Row = ();

        fn what(&self) -> &'static str {
            "names"
        }

        fn table(&self) -> &Table<()> {
            &self.0
        }

        fn row(&self, object: &'static str) -> Option<(Key, ())> {
            Some((Key::new("", object), ()))
        }

        fn changed(&self, _: &Key, _: Option<Arc<()>>, _: Option<Arc<()>>) {}

        fn filled(&self) {}
    }

    fn refused(code: u16) -> watcher::Error {
        watcher::Error::WatchStartFailed(kube::Error::Api(Status::failure("", "").with_code(code).boxed()))
    }

    /// kube keeps the version that it was refused for; only a new watch lists anew.
    #[tokio::test(start_paused = true)]
    async fn a_watch_that_cannot_begin_at_its_version_is_listed_anew() {
        let opened = AtomicUsize::new(0);
        let open = || {
            let first = opened.fetch_add(1, Ordering::SeqCst) == 0;
            let list = |name| vec![Ok(Event::Init), Ok(Event::InitApply(name)), Ok(Event::InitDone)];
            let events = match first {
                true => list("old").into_iter().chain([Err(refused(503)), Err(refused(410))]).collect(),
                false => list("new"),
            };
            futures::stream::iter(events).chain(futures::stream::pending())
        };
        let names = Names(Table::default());
        let _ = tokio::time::timeout(Duration::from_secs(60), follow(open, &names)).await;
        assert_eq!(opened.load(Ordering::SeqCst), 2, "503 is no reason to list anew");
        assert!(names.0.get(&Key::new("", "new")).is_some() && names.0.len() == 1);
    }
}
