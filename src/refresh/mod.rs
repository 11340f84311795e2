//! What happens without anybody waiting: one replica, by Lease, keeps Secrets fresh, repairs them, validates stores, writes
//! statuses and events, and takes back what admission wrote for objects that never were stored.

mod alone;
mod backoff;
mod events;
mod external_secret;
pub(crate) mod fan_out;
mod finalizer;
mod generator_states;
mod item;
mod lease;
mod push;
mod queue;
pub mod schedule;
mod secret;
mod status;
mod store;
mod sweep;
mod timetable;
mod unsaid;
mod workers;

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kube::Client;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info};

use crate::engine::Engine;
use crate::engine::apply::SecretWriter;
use crate::engine::plan::StoreKey;
use crate::lookup::{Change, Key, Lookup};
use crate::metrics::{Kind, Metrics};
use alone::Alone;
use backoff::Backoffs;
use events::Events;
use item::Item;
pub use lease::{Candidate, Election};
use push::Look;
use queue::{Priority, Queue};
use status::StatusWriter;
use unsaid::Unsaid;

/// Another's write is looked at after this: by then the echo of our own has been told apart.
const ECHO: Duration = Duration::from_millis(300);

/// What an edited store has given is read once more after this: whoever edits a store often edits it again.
const EDITED: Duration = Duration::from_secs(1);

/// How often it is looked for Secrets whose ExternalSecret never was stored.
const SWEEP: Duration = Duration::from_secs(10);

/// How the refresher works.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How many syncs run at once.
    pub concurrent: usize,
    /// How often a store is validated again where it does not say itself.
    pub store_requeue_interval: Duration,
    /// The leader election.
    pub candidate: Candidate,
}

/// The refresher of one replica.
pub struct Refresher {
    engine: Engine,
    writer: SecretWriter,
    lookup: Arc<Lookup>,
    metrics: Arc<Metrics>,
    statuses: StatusWriter,
    events: Events,
    client: Client,
    settings: Settings,
}

/// What a leader knows; it begins anew with each term.
struct Term<'a> {
    refresher: &'a Refresher,
    queue: Queue<Item>,
    alone: Alone,
    backoffs: Backoffs<Key>,
    store_backoffs: Backoffs<StoreKey>,
    secret_backoffs: Backoffs<Key>,
    push_backoffs: Backoffs<Key>,
    pushing: Alone,
    /// What is known of PushSecrets.
    pushes: push::Memory,
    unsaid: Unsaid,
    store_reports: Mutex<HashMap<StoreKey, String>>,
}

impl Refresher {
    /// A refresher that does not lead yet.
    pub fn new(
        engine: Engine,
        writer: SecretWriter,
        lookup: Arc<Lookup>,
        metrics: Arc<Metrics>,
        client: Client,
        settings: Settings,
    ) -> Self {
        let statuses = StatusWriter::new(client.clone());
        let events = Events::new(client.clone(), &settings.candidate.identity, Arc::clone(&metrics));
        Self { engine, writer, lookup, metrics, statuses, events, client, settings }
    }

    /// Leads whenever the Lease is this replica's, until `stop`; then gives the Lease up.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let end = CancellationToken::new();
        let part = async {
            Arc::clone(&self).take_part(stop).await;
            end.cancel();
        };
        tokio::join!(part, self.events.run(&end));
    }

    async fn take_part(self: Arc<Self>, stop: CancellationToken) {
        let mut election = Election::new(self.client.clone(), self.settings.candidate.clone());
        while !stop.is_cancelled() {
            tokio::select! {
                () = stop.cancelled() => break,
                () = election.acquire() => (),
            }
            self.metrics.leader(true);
            tokio::select! {
                () = stop.cancelled() => (),
                () = election.hold() => (),
                () = Arc::clone(&self).lead() => (),
            }
            self.metrics.leader(false);
            self.forget();
        }
        election.release().await;
    }

    /// What was measured of objects is the next leader's to say: a condition that stayed here would never change again.
    fn forget(&self) {
        for (key, _) in self.lookup.external_secrets() {
            self.metrics.forget(Kind::ExternalSecret, key.namespace(), key.name());
        }
        for row in self.lookup.all_stores() {
            let key = &row.store.key;
            self.metrics.forget(store::kind(key), store::namespace(key), &key.name);
        }
        for (key, _) in self.lookup.push_secrets() {
            self.metrics.forget(Kind::PushSecret, key.namespace(), key.name());
        }
        for (key, _) in self.lookup.cluster_external_secrets() {
            self.metrics.forget(Kind::ClusterExternalSecret, "", key.name());
        }
        for (key, _) in self.lookup.cluster_push_secrets() {
            self.metrics.forget(Kind::ClusterPushSecret, "", key.name());
        }
    }

    /// Leads until it is dropped.
    async fn lead(self: Arc<Self>) {
        let (sender, mut changes) = mpsc::unbounded_channel();
        self.lookup.listen(sender);
        let term = Term {
            refresher: &self,
            queue: Queue::default(),
            alone: Alone::default(),
            backoffs: Backoffs::default(),
            store_backoffs: Backoffs::default(),
            secret_backoffs: Backoffs::default(),
            push_backoffs: Backoffs::default(),
            pushing: Alone::default(),
            pushes: push::Memory::default(),
            unsaid: Unsaid::default(),
            store_reports: Mutex::default(),
        };
        term.begin();
        let listen = async {
            while let Some(change) = changes.recv().await {
                term.heard(change);
            }
        };
        let work = workers::work(&term.queue, self.settings.concurrent, |item| term.does(item));
        tokio::join!(listen, work);
    }
}

impl Term<'_> {
    /// Everything there is, looked at once: most of it only finds its place in the schedule.
    fn begin(&self) {
        let lookup = &self.refresher.lookup;
        let stores = lookup.all_stores();
        let objects = lookup.external_secrets();
        info!(external_secrets = objects.len(), stores = stores.len(), "taking over");
        for row in stores {
            self.queue.add(Item::Store(row.store.key.clone()), Duration::ZERO, Priority::Routine);
        }
        let mut secrets: BTreeSet<Key> = lookup.secrets().into_iter().map(|(key, _)| key).collect();
        for (key, object) in objects {
            secrets.extend(secret::made_by(&object)); // it may be gone
            self.queue.add(Item::ExternalSecret(key), Duration::ZERO, Priority::Routine);
        }
        for (key, _) in lookup.cluster_external_secrets() {
            self.queue.add(Item::FanOut(key.name().to_owned()), Duration::ZERO, Priority::Routine);
        }
        for (key, _) in lookup.cluster_push_secrets() {
            self.queue.add(Item::FanPushesOut(key.name().to_owned()), Duration::ZERO, Priority::Routine);
        }
        for (key, _) in lookup.push_secrets() {
            self.queue.add(Item::Push(key, Look::Anew), Duration::ZERO, Priority::Routine);
        }
        for (place, key) in secrets.into_iter().enumerate() {
            // What was changed or deleted while nobody led is found at 50 a second.
            let delay = Duration::from_millis(20).saturating_mul(u32::try_from(place).unwrap_or(u32::MAX));
            self.queue.add(Item::Secret(key), ECHO + delay, Priority::Routine);
        }
        // At once: leaders that come and go fast would never get to it.
        self.queue.add(Item::Sweep, Duration::ZERO, Priority::Urgent);
        self.queue.add(Item::GeneratorStates, Duration::ZERO, Priority::Routine);
    }

    fn heard(&self, change: Change) {
        match change {
            Change::ExternalSecret { key, edited, .. } => {
                if edited {
                    self.fans_named(key.name());
                }
                self.queue.add(Item::ExternalSecret(key), Duration::ZERO, Priority::Urgent);
            }
            Change::ClusterExternalSecret { name } => {
                self.queue.add(Item::FanOut(name), Duration::ZERO, Priority::Urgent);
            }
            Change::ClusterPushSecret { name } => {
                self.queue.add(Item::FanPushesOut(name), Duration::ZERO, Priority::Urgent);
            }
            Change::PushSecret { key, edited } => {
                if edited {
                    self.fans_of_pushes_named(key.name());
                }
                self.queue.add(Item::Push(key, Look::Whether), Duration::ZERO, Priority::Urgent);
            }
            Change::Source { push } => {
                self.queue.add(Item::Push(push, Look::Now), Duration::ZERO, Priority::Urgent);
            }
            Change::Namespace { name } => self.fans_of(&name),
            Change::Secret { key, .. } => self.queue.add(Item::Secret(key), ECHO, Priority::Urgent),
            Change::Store { key, gone } => {
                if !gone {
                    self.wake(&key);
                    self.wake_pushes(&key);
                    self.queue.add(Item::Dependents(key.clone()), EDITED, Priority::Routine);
                }
                self.store_backoffs.clear(&key);
                self.queue.add(Item::Store(key), Duration::ZERO, Priority::Urgent);
            }
        }
    }

    /// Whoever failed and uses this store may try again.
    fn wake(&self, store: &StoreKey) {
        for key in self.refresher.lookup.using(store) {
            if self.backoffs.clear(&key) {
                self.queue.add(Item::ExternalSecret(key), Duration::ZERO, Priority::Urgent);
            }
        }
    }

    async fn does(&self, item: Item) {
        debug!(?item, "working");
        match &item {
            Item::ExternalSecret(key) => self.external_secret(key).await,
            Item::Verify(key, made) => self.verify(key, made.elapsed()).await,
            Item::Status(key) => self.say(key).await,
            Item::Secret(key) => self.secret(key).await,
            Item::Store(key) => self.store(key).await,
            Item::Dependents(key) => self.dependents(key).await,
            Item::Again(key) => self.verify(key, Duration::MAX).await,
            Item::FanOut(name) => self.fan_out(name).await,
            Item::FanPushesOut(name) => self.fan_pushes_out(name).await,
            Item::Push(key, look) => self.push_secret(key, *look).await,
            Item::GeneratorStates => self.generator_states().await,
            Item::Sweep => self.sweep().await,
        }
    }
}
