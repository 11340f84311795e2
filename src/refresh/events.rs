//! Events on ExternalSecrets and stores, in ESO's words. They are written aside: whoever tells of something does not wait
//! until the API server has taken it; and where much happens at once they are written after it, as each is one more write.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::unfold;
use k8s_openapi::api::core::v1::ObjectReference;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use kube::{Client, Resource};
use latchkey_api::PushSecret;
use latchkey_api::external_secret::{ExternalSecret, StoreKind};
use tokio::sync::{Mutex, mpsc, watch};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::push::Outcome as Pushed;
use crate::engine::plan::StoreKey;
use crate::engine::stores::Store;
use crate::engine::{MissingEntry, Outcome, Written};
use crate::failpoint::{self, Step};
use crate::metrics::Metrics;
use crate::telemetry::chain;

/// Event notes are at most this long (1 KiB) in the API.
const LONGEST: usize = 1024;

/// How many wait to be written at most; more are dropped.
const WAITING: usize = 8_192;

/// How many are remembered at most: each takes some kilobytes. One that comes again after that many others is a new event
/// instead of one more in a series.
const REMEMBERED: usize = 500;

/// How many are written at once.
const AT_ONCE: usize = 4;

/// They are written once nothing has been told for this long,
const CALM: Duration = Duration::from_millis(200);

/// or once they have waited for this long.
const LATEST: Duration = Duration::from_secs(30);

/// How long one may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long those that wait at the end may take.
const PARTING: Duration = Duration::from_secs(1);

/// One event, what it is about, and when it was told.
type Told = (Event, ObjectReference, Instant);

/// Writes events; one that cannot be written is logged and forgotten.
pub struct Events {
    recorder: std::sync::Mutex<Remembering>,
    metrics: Arc<Metrics>,
    tell: mpsc::Sender<Told>,
    told: Mutex<mpsc::Receiver<Told>>,
    last: watch::Sender<Instant>,
}

/// A recorder remembers each event for minutes, to count it up when it comes again. This one forgets all once they are many.
struct Remembering {
    recorder: Recorder,
    events: usize,
    client: Client,
    reporter: Reporter,
}

impl Remembering {
    /// The recorder for one more event.
    fn next(&mut self) -> Recorder {
        if self.events >= REMEMBERED {
            self.recorder = Recorder::new(self.client.clone(), self.reporter.clone());
            self.events = 0;
        }
        self.events += 1;
        self.recorder.clone()
    }
}

impl Events {
    /// As this replica. [`Events::run`] writes what is told.
    pub fn new(client: Client, instance: &str, metrics: Arc<Metrics>) -> Self {
        let reporter = Reporter { controller: "latchkey".into(), instance: Some(instance.to_owned()) };
        let ((tell, told), last) = (mpsc::channel(WAITING), watch::Sender::new(Instant::now()));
        let recorder = Recorder::new(client.clone(), reporter.clone());
        let recorder = std::sync::Mutex::new(Remembering { recorder, events: 0, client, reporter });
        Self { recorder, metrics, tell, told: Mutex::new(told), last }
    }

    /// Writes what is told, until `end`; then what waits still, as far as that can be done soon.
    pub async fn run(&self, end: &CancellationToken) {
        let told = unfold(self.told.lock().await, async |mut told| {
            let next = tokio::select! {
                next = told.recv() => next,
                () = end.cancelled() => told.try_recv().ok(),
            };
            Some((next?, told))
        });
        let late = told.for_each_concurrent(AT_ONCE, async |told| {
            tokio::select! {
                () = calm(&self.last, told.2 + LATEST) => (),
                () = end.cancelled() => (),
            }
            self.write(told).await;
        });
        tokio::select! {
            () = late => (),
            () = async { end.cancelled().await; tokio::time::sleep(PARTING).await } => (),
        }
    }

    /// What a sync did.
    pub fn synced(&self, object: &ExternalSecret, outcome: &Outcome) {
        let about = object.object_ref(&());
        let done = match outcome.written {
            Written::Created => Some(("Created", "secret created")),
            Written::Updated => Some(("Updated", "secret updated")),
            Written::Deleted => Some(("Deleted", "secret deleted due to DeletionPolicy=Delete")),
            Written::Unchanged
            | Written::Retained
            | Written::TargetMissing
            | Written::NotWanted
            | Written::Deferred
            | Written::Overtaken => None,
        };
        if let Some((reason, note)) = done {
            let target = object.spec.target.as_ref();
            let note = match target.and_then(|target| target.manifest.as_ref()) {
                Some(of) => {
                    let name = object.spec.target_name(object.metadata.name.as_deref().unwrap_or_default());
                    format!("{reason} {} {name}", of.kind)
                }
                None => note.to_owned(),
            };
            self.normal(&about, reason, note);
        }
        let generic = object.spec.target.as_ref().is_some_and(|target| target.manifest.is_some());
        let orphan = if generic { "resource" } else { "secret" };
        for _ in &outcome.orphans_deleted {
            self.normal(&about, "Deleted", format!("{orphan} deleted because it was orphaned"));
        }
        for missing in &outcome.missing {
            self.normal(&about, "MissingProviderSecret", not_there(missing));
        }
    }

    /// Why a sync failed.
    pub fn failed(&self, object: &ExternalSecret, text: &str) {
        self.tell(EventType::Warning, &object.object_ref(&()), "UpdateFailed", text.to_owned());
    }

    /// What has come of a push, where something has.
    pub(super) fn pushed(&self, object: &PushSecret, outcome: &Pushed) {
        if outcome.is_ready() && !outcome.changed {
            return;
        }
        let type_ = if outcome.is_ready() { EventType::Normal } else { EventType::Warning };
        self.tell(type_, &object.object_ref(&()), outcome.reason(), outcome.message(&object.spec));
    }

    /// A PushSecret went, and what it had pushed to these stores could not be removed.
    pub(super) fn left_behind(&self, object: &PushSecret, stores: &[&str]) {
        let text = format!("what was pushed to {} stays there: the store is gone", stores.join(", "));
        // A reason of its own: what comes again with the same one is only counted.
        self.tell(EventType::Warning, &object.object_ref(&()), "LeftBehind", text);
    }

    /// What a store's validation told, where that has changed.
    pub fn store(&self, store: &Store, reason: &str, valid: bool, text: &str) {
        let StoreKey { kind, namespace, name } = &store.key;
        let about = ObjectReference {
            api_version: Some(format!("{}/{}", latchkey_api::GROUP, latchkey_api::VERSION)),
            kind: Some(match kind {
                StoreKind::SecretStore => "SecretStore".into(),
                StoreKind::ClusterSecretStore => "ClusterSecretStore".into(),
            }),
            name: Some(name.clone()),
            namespace: namespace.clone(),
            uid: Some(store.uid.clone()),
            ..ObjectReference::default()
        };
        let type_ = if valid { EventType::Normal } else { EventType::Warning };
        self.tell(type_, &about, reason, text.to_owned());
    }

    fn normal(&self, about: &ObjectReference, reason: &str, note: String) {
        self.tell(EventType::Normal, about, reason, note);
    }

    fn tell(&self, type_: EventType, about: &ObjectReference, reason: &str, mut note: String) {
        let end =
            (0..=LONGEST.min(note.len())).rev().find(|at| note.is_char_boundary(*at)).unwrap_or_default();
        note.truncate(end);
        let event = Event {
            type_,
            reason: reason.to_owned(),
            note: Some(note),
            action: reason.to_owned(),
            secondary: None,
        };
        let now = Instant::now();
        self.last.send_replace(now);
        if self.tell.try_send((event, about.clone(), now)).is_err() {
            self.metrics.event_dropped(); // the API server takes none, or not fast enough
        }
    }

    async fn write(&self, (event, about, _): Told) {
        let recorder = self.recorder.lock().unwrap_or_else(PoisonError::into_inner).next();
        let publish = recorder.publish(&event, &about);
        let of = |part: &Option<String>| part.clone().unwrap_or_default();
        let (namespace, name) = (of(&about.namespace), of(&about.name));
        let publish = failpoint::around(Step::Event, &namespace, &name, publish);
        let why = match tokio::time::timeout(PATIENCE, publish).await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => chain(&error),
            Err(_) => "the API server does not answer".to_owned(),
        };
        self.metrics.event_dropped();
        tracing::debug!(error = why, reason = event.reason, "cannot write an event");
    }
}

/// ESO says `dataFrom` of `data` entries too, and whoever parses its events relies on it; the key it says of these alone.
fn not_there(MissingEntry { index, key, in_data }: &MissingEntry) -> String {
    let note = format!("secret does not exist at provider using spec.dataFrom[{index}]");
    if *in_data { format!("{note} (key={key})") } else { note }
}

/// Waits until nothing has been told for a moment, until this time at the latest.
async fn calm(last: &watch::Sender<Instant>, latest: Instant) {
    loop {
        let until = (*last.borrow() + CALM).min(latest);
        if until <= Instant::now() {
            return;
        }
        sleep_until(until).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_said_in_esos_words() {
        let said = |in_data| not_there(&MissingEntry { index: 1, key: "db".into(), in_data });
        assert_eq!(said(true), "secret does not exist at provider using spec.dataFrom[1] (key=db)");
        assert_eq!(said(false), "secret does not exist at provider using spec.dataFrom[1]");
    }

    #[tokio::test(start_paused = true)]
    async fn an_event_waits_while_more_is_told_but_not_for_ever() {
        let (begin, last) = (Instant::now(), watch::Sender::new(Instant::now()));
        calm(&last, begin + LATEST).await;
        assert_eq!(begin.elapsed(), CALM);
        let telling = async {
            loop {
                last.send_replace(Instant::now());
                tokio::time::sleep(CALM / 2).await;
            }
        };
        tokio::select! {
            biased;
            () = telling => (),
            () = calm(&last, begin + LATEST) => (),
        }
        assert_eq!(begin.elapsed(), LATEST);
    }
}
