//! One watch, kept for ever, that fills one table.

use std::collections::HashSet;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use futures::{Stream, StreamExt, pin_mut};
use kube::runtime::watcher::{self, Event};
use kube::runtime::{WatchStreamExt, utils::StreamBackoff};
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

/// Follows a watch until the stream ends, which it never does: errors are retried with backoff and jitter, a lost watch is
/// listed anew. Gives up nothing it has: while the API server is away the table stays as it was.
pub async fn follow<S: Sink>(stream: impl Stream<Item = watcher::Result<Event<S::Object>>> + Send, sink: &S) {
    let stream = StreamBackoff::new(stream, watcher::DefaultBackoff::default());
    pin_mut!(stream);
    let mut listed = HashSet::new();
    let mut complained = None;
    while let Some(event) = stream.next().await {
        match event {
            Ok(event) => {
                complained = None;
                take(event, sink, &mut listed);
            }
            Err(error) => complain(sink.what(), &error, &mut complained),
        }
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
fn complain(what: &'static str, error: &watcher::Error, last: &mut Option<std::time::Instant>) {
    if last.is_some_and(|said| said.elapsed() < Duration::from_mins(1)) {
        return;
    }
    *last = Some(std::time::Instant::now());
    warn!(what, %error, "cannot watch; if the kind is missing, install it: latchkey crds | kubectl apply -f -");
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
