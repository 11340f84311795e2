//! What is remembered of a store between two syncs: its budget, whether it is down, and its connections' queues.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use latchkey_provider::connect::Identity;
use latchkey_provider::{Entry, Error, ErrorKind};
use tokio::time::Instant;

use super::batch::Line;
use super::breaker::{Breaker, Pass};
use super::budget::{Bucket, PerLane};
use super::cache::LineKey;
use super::fetch::{Observer, Shared};
use super::lock;
use super::plan::StoreKey;
use super::stores::Store;

/// How long a store that nobody asks for is remembered.
const FORGOTTEN: Duration = Duration::from_secs(3600);

/// A store that has answered no call within this time refuses them all.
const LATELY: Duration = Duration::from_secs(1);

/// One store, as long as it is neither changed nor made again.
#[derive(Debug)]
pub struct Standing {
    /// The store's name.
    pub key: StoreKey,
    /// Whether it is known to be down.
    pub breaker: Breaker,
    /// How often it may be called.
    pub budget: PerLane<Bucket>,
    uid: Arc<str>,
    generation: i64,
    lines: Mutex<HashMap<Identity, Weak<Line>>>,
    asked: Mutex<Instant>,
    answered: Mutex<Option<Instant>>,
    observer: Arc<dyn Observer>,
}

impl Standing {
    fn new(store: &Store, shared: &Shared) -> Self {
        Self {
            key: store.key.clone(),
            breaker: Breaker::default(),
            budget: shared.settings.rates.map(Bucket::new),
            uid: store.uid.as_str().into(),
            generation: store.generation,
            lines: Mutex::default(),
            asked: Mutex::new(Instant::now()),
            answered: Mutex::default(),
            observer: Arc::clone(&shared.observer),
        }
    }

    fn is_of(&self, store: &Store) -> bool {
        *self.uid == *store.uid && self.generation == store.generation
    }

    /// The queues of the connection of this identity. They live as long as somebody holds them.
    pub fn line(self: &Arc<Self>, identity: Identity, shared: &Arc<Shared>) -> Arc<Line> {
        let lines = &mut *lock(&self.lines);
        if let Some(line) = lines.get(&identity).and_then(Weak::upgrade) {
            return line;
        }
        lines.retain(|_, line| line.strong_count() > 0);
        let key = LineKey { uid: Arc::clone(&self.uid), generation: self.generation, identity };
        let line = Arc::new(Line::new(key, Arc::clone(self), Arc::clone(shared)));
        lines.insert(identity, Arc::downgrade(&line));
        line
    }

    /// Notes what a call tells of the store's health: any answer shows that it is up.
    pub fn record(&self, answers: &[Result<Entry, Error>], pass: Pass) {
        let mut failure = None;
        for answer in answers {
            match answer.as_ref().map_err(Health::of) {
                Ok(_) | Err(Health::Up) => return self.answered(),
                Err(Health::Down(error)) => failure = failure.or(Some(error)),
                Err(Health::Unknown) => {}
            }
        }
        if let Some(error) = failure {
            self.failed(error, pass);
        }
    }

    /// A call has failed in a way that tells that the store does not work.
    pub fn failed(&self, error: &Error, pass: Pass) {
        if self.breaker.failed(error, pass, Instant::now()) {
            self.observer.down(&self.key, true);
        }
    }

    /// The store has refused a call that began then, as there are too many.
    pub fn slow_down(&self, began: Instant) {
        let (PerLane { admission, refresh, dry_run }, now) = (&self.budget, Instant::now());
        [admission, refresh, dry_run].into_iter().for_each(|lane| lane.slow_down(began, now));
    }

    /// Whether it answers some calls at least, as far as is known.
    pub fn answers(&self) -> bool {
        let now = Instant::now();
        (*lock(&self.answered)).is_none_or(|at| now.saturating_duration_since(at) < LATELY)
    }

    /// The store has answered, whatever it said.
    pub fn answered(&self) {
        *lock(&self.answered) = Some(Instant::now());
        if self.breaker.answered() {
            self.observer.down(&self.key, false);
        }
    }
}

impl Drop for Standing {
    fn drop(&mut self) {
        self.answered(); // nobody is left who could say so
    }
}

/// Whether the store refuses a call as there are too many, and does not say for how long.
pub fn is_one_too_many(error: &Error) -> bool {
    error.kind == ErrorKind::RateLimited && error.retry_after.is_none()
}

/// What an error tells of the health of the store that gave it.
enum Health<'a> {
    Up,
    Down(&'a Error),
    Unknown,
}

impl<'a> Health<'a> {
    fn of(error: &'a Error) -> Self {
        match error.kind {
            ErrorKind::RateLimited if is_one_too_many(error) => Self::Unknown, // so far: it is tried again
            ErrorKind::Unavailable | ErrorKind::RateLimited => Self::Down(error),
            ErrorKind::NotFound
            | ErrorKind::PropertyNotFound
            | ErrorKind::Forbidden
            | ErrorKind::Unauthenticated
            | ErrorKind::InvalidRequest
            | ErrorKind::NotManaged
            | ErrorKind::InvalidValue => Self::Up,
            ErrorKind::Credentials
            | ErrorKind::Referent
            | ErrorKind::InvalidConfig
            | ErrorKind::EndpointRefused
            | ErrorKind::ClusterApi
            | ErrorKind::Unsupported => Self::Unknown,
        }
    }
}

/// All stores that were asked for lately.
#[derive(Debug, Default)]
pub struct Standings(Mutex<HashMap<StoreKey, Arc<Standing>>>);

impl Standings {
    /// What is remembered of this store; nothing of it survives a change of its specification.
    pub fn of(&self, store: &Store, shared: &Shared) -> Arc<Standing> {
        let table = &mut *lock(&self.0);
        if let Some(standing) = table.get(&store.key).filter(|standing| standing.is_of(store)) {
            *lock(&standing.asked) = Instant::now();
            return Arc::clone(standing);
        }
        let standing = Arc::new(Standing::new(store, shared));
        table.insert(store.key.clone(), Arc::clone(&standing));
        standing
    }

    /// What is remembered of the store of this name.
    pub fn get(&self, key: &StoreKey) -> Option<Arc<Standing>> {
        lock(&self.0).get(key).cloned()
    }

    /// Forgets stores that nobody has asked for in a long time.
    pub fn tend(&self) {
        let now = Instant::now();
        lock(&self.0).retain(|_, standing| now.saturating_duration_since(*lock(&standing.asked)) < FORGOTTEN);
    }
}
