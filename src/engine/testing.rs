//! Doubles for the core's tests: a provider that counts and can be made to fail, slow or panic, and a cluster around it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use latchkey_api::external_secret::ExternalSecret;
use latchkey_api::generator::Remote as Generator;
use latchkey_api::store::{SecretStoreSpec, StoreKind};
use latchkey_provider::cluster::ServiceAccount;
use latchkey_provider::connect::Identity;
use latchkey_provider::{
    Cluster, Connection, Entry, EntryRef, Error, ErrorKind, Existing, Found, Made, Provider, Push, Pushed,
    Remote as Place, Scope, SecretBytes, Validation, Writer,
};
use serde_json::json;
use tokio::time::Instant;

use super::apply::SecretWriter;
use super::fetch::{Observer, Terms, Unobserved};
use super::generators::Known;
use super::plan::{GeneratorKey, Plan, StoreKey};
use super::resolve::Connect;
use super::stores::{LookupFailed, Store, Stores};
use super::values::Values;
use super::{Deadline, Effects, Engine, Job, Lane, Settings, Stage, lock};

/// How the remote store behaves towards one entry.
#[derive(Debug, Clone)]
pub enum Mood {
    Good,
    Fails(ErrorKind),
    Panics,
}

/// The remote store, as all connections see it.
#[derive(Debug)]
pub struct Remote {
    /// The entries of each call.
    pub calls: Mutex<Vec<Vec<String>>>,
    pub moods: Mutex<BTreeMap<String, Mood>>,
    pub delay: Mutex<Duration>,
    pub max_batch: AtomicUsize,
    /// What it lists.
    pub listed: Mutex<Vec<String>>,
    /// What was pushed to it; every other entry holds its own name.
    pub pushed: Mutex<BTreeMap<String, SecretBytes>>,
    /// How many calls it takes within a second; zero: any number. And when it took its last ones.
    pub takes: AtomicUsize,
    pub taken: Mutex<Vec<Instant>>,
    /// The credentials that the store takes; zero: any.
    pub accepts: AtomicU8,
}

impl Default for Remote {
    fn default() -> Self {
        Self {
            calls: Mutex::default(),
            moods: Mutex::default(),
            delay: Mutex::new(Duration::from_millis(50)),
            max_batch: AtomicUsize::new(1),
            listed: Mutex::default(),
            pushed: Mutex::default(),
            takes: AtomicUsize::new(0),
            taken: Mutex::default(),
            accepts: AtomicU8::new(0),
        }
    }
}

impl Remote {
    /// How many calls there were.
    pub fn calls(&self) -> usize {
        lock(&self.calls).len()
    }

    /// How many entries each call had.
    pub fn sizes(&self) -> Vec<usize> {
        lock(&self.calls).iter().map(Vec::len).collect()
    }

    /// How it behaves from now on towards all entries that have no mood of their own.
    pub fn is(&self, mood: Mood) {
        self.towards("", mood);
    }

    /// How it behaves from now on towards this entry.
    pub fn towards(&self, key: &str, mood: Mood) {
        lock(&self.moods).insert(key.to_owned(), mood);
    }

    fn mood(&self, key: &str) -> Mood {
        let moods = lock(&self.moods);
        moods.get(key).or_else(|| moods.get("")).cloned().unwrap_or(Mood::Good)
    }

    /// Whether there have not been too many calls within the last second.
    fn takes_one_more(&self) -> bool {
        let (most, taken, now) = (self.takes.load(Ordering::SeqCst), &mut *lock(&self.taken), Instant::now());
        taken.retain(|at| now - *at < Duration::from_secs(1));
        let takes = most == 0 || taken.len() < most;
        taken.extend(takes.then_some(now));
        takes
    }

    fn answer(&self, key: &str, credentials: u8) -> Result<(), Error> {
        let accepts = self.accepts.load(Ordering::SeqCst);
        if accepts != 0 && accepts != credentials {
            return Err(Error::new(ErrorKind::Unauthenticated, "the double does not take these credentials"));
        }
        match self.mood(key) {
            Mood::Good => Ok(()),
            Mood::Fails(kind) => Err(Error::new(kind, format!("the double answers {kind:?}"))),
            Mood::Panics => panic!("the double panics"),
        }
    }
}

#[derive(Debug)]
struct Client {
    remote: Arc<Remote>,
    credentials: u8,
}

#[async_trait]
impl Provider for Client {
    fn name(&self) -> &'static str {
        "Double"
    }

    fn location(&self) -> String {
        "double.test".to_owned()
    }

    fn max_batch(&self) -> usize {
        self.remote.max_batch.load(Ordering::SeqCst)
    }

    async fn fetch(&self, entries: &[EntryRef]) -> Vec<Result<Entry, Error>> {
        lock(&self.remote.calls).push(entries.iter().map(|entry| entry.key.clone()).collect());
        let pushed = lock(&self.remote.pushed).clone(); // the answer is what is there now, however long it is on its way
        let delay = *lock(&self.remote.delay);
        tokio::time::sleep(delay).await;
        if !self.remote.takes_one_more() {
            let refused = Error::new(ErrorKind::RateLimited, "the double takes no more");
            return entries.iter().map(|_| Err(refused.clone())).collect();
        }
        let answer = |entry: &EntryRef| {
            self.remote.answer(&entry.key, self.credentials)?;
            Ok(match entry.listing {
                Some(_) => Entry::List(lock(&self.remote.listed).iter().map(|name| found(name)).collect()),
                None => {
                    let own = || entry.key.as_str().into();
                    Entry::Value(pushed.get(&entry.key).cloned().unwrap_or_else(own))
                }
            })
        };
        entries.iter().map(answer).collect()
    }

    fn value(&self, _: &EntryRef, entry: &Entry, _: Option<&str>) -> Result<SecretBytes, Error> {
        match entry {
            Entry::Value(value) => Ok(value.clone()),
            Entry::Map(_) | Entry::List(_) => Err(Error::new(ErrorKind::InvalidValue, "no value")),
        }
    }

    fn map(&self, _: &EntryRef, _: &Entry, _: Option<&str>) -> Result<BTreeMap<String, SecretBytes>, Error> {
        Ok(BTreeMap::new())
    }

    async fn validate(&self) -> Result<Validation, Error> {
        self.remote.answer("", self.credentials).map(|()| Validation::Ready)
    }

    fn writer(&self) -> Option<&dyn Writer> {
        Some(self)
    }
}

#[async_trait]
impl Writer for Client {
    async fn push(&self, push: &Push) -> Result<Pushed, Error> {
        let value = push.content.value()?;
        let former = lock(&self.remote.pushed).insert(push.remote.key.clone(), value.clone());
        Ok(match former {
            None => Pushed::Created,
            Some(former) if former == value => Pushed::Unchanged,
            Some(_) => Pushed::Updated,
        })
    }

    async fn delete(&self, remote: &Place, _: bool) -> Result<(), Error> {
        lock(&self.remote.pushed).remove(&remote.key);
        Ok(())
    }

    async fn existing(&self, remote: &Place) -> Result<Existing, Error> {
        let is_there = lock(&self.remote.pushed).contains_key(&remote.key);
        Ok(if is_there { Existing::Managed } else { Existing::Missing })
    }
}

/// The job of a new ExternalSecret that is being admitted.
pub fn new(object: ExternalSecret) -> Job {
    Job {
        external_secret: Arc::new(object),
        stage: Stage::Create,
        effects: Effects::Apply,
        max_age: Duration::from_secs(5),
        since: None,
        lane: Lane::Admission,
        over: None,
        beside: None,
        renew: false,
        generators: Known::default(),
    }
}

fn found(name: &str) -> Found {
    Found { name: name.to_owned(), key: name.to_owned(), version: String::new() }
}

/// The cluster around the core: its stores, its credentials, and connections by them.
#[derive(Debug, Default)]
pub struct World {
    pub remote: Arc<Remote>,
    pub stores: Mutex<BTreeMap<StoreKey, Store>>,
    pub labels: Mutex<BTreeMap<String, String>>,
    /// Specifications of generators, by what they are called.
    pub generators: Mutex<BTreeMap<String, serde_json::Value>>,
    pub generators_fail: Mutex<Option<ErrorKind>>,
    /// The credentials in the cluster, and those that are remembered of them.
    pub credentials: AtomicU8,
    pub remembered: AtomicU8,
    pub forgotten: Mutex<Vec<String>>,
    pub connects: Mutex<Vec<Scope>>,
    pub connect_fails: Mutex<Option<ErrorKind>>,
    /// What services have made for generators, and what they were told to delete.
    pub made: AtomicUsize,
    pub revoked: Mutex<Vec<serde_json::Value>>,
}

#[async_trait]
impl Stores for World {
    async fn store(&self, key: &StoreKey) -> Result<Option<Arc<Store>>, LookupFailed> {
        Ok(lock(&self.stores).get(key).cloned().map(Arc::new))
    }

    async fn namespace_labels(&self, _: &str) -> Result<BTreeMap<String, String>, LookupFailed> {
        Ok(lock(&self.labels).clone())
    }

    async fn generator(&self, key: &GeneratorKey) -> Result<Option<serde_json::Value>, LookupFailed> {
        Ok(lock(&self.generators).get(&key.to_string()).cloned())
    }
}

#[derive(Debug)]
struct Connects(Arc<World>);

#[async_trait]
impl Connect for Connects {
    async fn connect(&self, _: &SecretStoreSpec, scope: &Scope) -> Result<Connection, Error> {
        lock(&self.0.connects).push(scope.clone());
        if let Some(kind) = *lock(&self.0.connect_fails) {
            return Err(Error::new(kind, "the double does not connect"));
        }
        let credentials = self.0.remembered.load(Ordering::SeqCst);
        let provider = Arc::new(Client { remote: Arc::clone(&self.0.remote), credentials });
        Ok(Connection { provider, identity: Identity([credentials; 28]) })
    }

    async fn generate(&self, generator: &Generator, _: &str) -> Result<Made, Error> {
        let number = self.0.made.fetch_add(1, Ordering::SeqCst);
        let data =
            BTreeMap::from([("token".to_owned(), SecretBytes::from(format!("t{number}").into_bytes()))]);
        let state = generator.kind().is_stateful().then(|| json!({ "id": number }));
        Ok(Made { data, state })
    }

    async fn try_generator(&self, _: &Generator, _: &str) -> Result<(), Error> {
        match *lock(&self.0.generators_fail) {
            Some(kind) => Err(Error::new(kind, "the double asks nobody")),
            None => Ok(()),
        }
    }

    async fn revoke(&self, _: &Generator, state: &serde_json::Value, _: &str) -> Result<(), Error> {
        lock(&self.0.revoked).push(state.clone());
        Ok(())
    }
}

#[async_trait]
impl Cluster for World {
    async fn secret(&self, _: &str, _: &str) -> Result<BTreeMap<String, SecretBytes>, Error> {
        Err(Error::new(ErrorKind::Credentials, "there are no Secrets"))
    }

    async fn secret_labels(&self, _: &str, _: &str) -> Result<BTreeMap<String, String>, Error> {
        Err(Error::new(ErrorKind::Credentials, "there are no Secrets"))
    }

    async fn config_map(&self, _: &str, _: &str) -> Result<BTreeMap<String, String>, Error> {
        Err(Error::new(ErrorKind::Credentials, "there are no ConfigMaps"))
    }

    async fn service_account(&self, _: &str, _: &str) -> Result<ServiceAccount, Error> {
        Ok(ServiceAccount::default())
    }

    async fn service_account_token(
        &self,
        _: &str,
        _: &str,
        _: &[String],
        _: Duration,
    ) -> Result<SecretBytes, Error> {
        Ok(SecretBytes::default())
    }

    fn forget(&self, namespace: &str) {
        lock(&self.forgotten).push(namespace.to_owned());
        self.remembered.store(self.credentials.load(Ordering::SeqCst), Ordering::SeqCst);
    }
}

/// A core in such a cluster, which has one store, `store`, in the namespace `team`.
pub fn engine() -> (Engine, Arc<World>) {
    observed(Arc::new(Unobserved))
}

/// The same with somebody who counts.
pub fn observed(observer: Arc<dyn Observer>) -> (Engine, Arc<World>) {
    let world = Arc::new(World::default());
    lock(&world.stores).insert(store_key(), store(store_key(), SecretStoreSpec::default()));
    let settings = Settings::default();
    let connects = Connects(Arc::clone(&world));
    let (stores, cluster) = (world.clone(), world.clone());
    (Engine::new(stores, connects, cluster, SecretWriter::nowhere(), settings, observer), world)
}

/// A core in a cluster with this one store, and the providers as they are.
#[cfg(feature = "fake")]
pub fn real(spec: SecretStoreSpec) -> Engine {
    let world = Arc::new(World::default());
    lock(&world.stores).insert(store_key(), store(store_key(), spec));
    let connector =
        latchkey_provider::Connector::new(world.clone(), Arc::new(latchkey_provider::observe::Unobserved));
    Engine::new(
        world.clone(),
        connector,
        world,
        SecretWriter::nowhere(),
        Settings::default(),
        Arc::new(Unobserved),
    )
}

pub fn store_key() -> StoreKey {
    StoreKey { kind: StoreKind::SecretStore, namespace: Some("team".to_owned()), name: "store".to_owned() }
}

pub fn store(key: StoreKey, spec: SecretStoreSpec) -> Store {
    let uid = format!("uid of {}", key.name);
    Store { key, uid, generation: 1, spec, not_ready: None, allowed_keys: None }
}

/// An ExternalSecret in `team` that reads these keys of `store` and never writes.
pub fn external_secret(keys: &[&str]) -> ExternalSecret {
    let data: Vec<_> = keys
        .iter()
        .enumerate()
        .map(|(i, key)| json!({"secretKey": format!("k{i}"), "remoteRef": {"key": key}}))
        .collect();
    serde_json::from_value(json!({
        "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret",
        "metadata": {"name": "app", "namespace": "team"},
        "spec": {
            "secretStoreRef": {"name": "store"},
            "target": {"creationPolicy": "None"},
            "data": data,
        },
    }))
    .expect("it is an ExternalSecret")
}

pub fn plan(keys: &[&str]) -> Plan {
    Plan::try_from(&external_secret(keys)).expect("it is a good ExternalSecret")
}

/// What most callers ask: at a prompt, not older than five seconds, within ten.
pub fn terms() -> Terms {
    Terms {
        lane: Lane::Admission,
        max_age: Duration::from_secs(5),
        deadline: Deadline::after(Duration::from_secs(10)),
    }
}

/// Reads these keys; the first failure of an entry, if there is one.
pub async fn read(engine: &Engine, keys: &[&str], terms: Terms) -> Result<Values, ErrorKind> {
    let plan = plan(keys);
    let values = engine.fetch(&plan, terms, None).await.expect("the store can be opened");
    let failed =
        plan.sources.iter().find_map(|source| values.of(source)?.entry.err().map(|error| error.kind));
    failed.map_or(Ok(values), Err)
}
