//! The core itself.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use kube::ResourceExt;
use latchkey_api::external_secret::{ExternalSecret, ManifestRef};
use latchkey_provider::Cluster;
use tokio::time::{Instant, MissedTickBehavior};

use super::apply::{Applied, SecretWriter, Write};
use super::cache::EntryCache;
use super::changed::Changes;
use super::fetch::{Observer, Shared, Terms};
use super::flight::Flights;
use super::generators::memory::Memory;
use super::generators::remote::{Asking, Line};
use super::generators::states::{NoStates, States};
use super::generators::{Generation, Known};
use super::manifest;
use super::plan::{Plan, StoreKey};
use super::render::{Rendered, render, takes_long};
use super::resolve::Connect;
use super::select::select;
use super::settings::Settings;
use super::standing::Standings;
use super::stores::Stores;
use super::{Beside, Deadline, Effects, Error, ErrorKind, Job, Lane, Outcome, Stage, work};
use crate::failpoint::{self, Step};

/// How often memory is tidied up.
const TICK: Duration = Duration::from_secs(10);

/// What the steps before the write give.
enum Rendering {
    /// What the Secret is to hold, the age of the oldest value used, if one is older than the sync, and what is to be said at the
    /// prompt.
    Done(Box<Rendered>, Option<Duration>, Vec<String>),
    /// Nothing yet, for this reason; after it comes what else there is to say.
    PutOff(Vec<String>),
}

/// The sync core. Clones are the same core.
#[derive(Debug, Clone)]
pub struct Engine {
    pub(super) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) stores: Arc<dyn Stores>,
    pub(super) connector: Arc<dyn Connect>,
    pub(super) cluster: Arc<dyn Cluster>,
    pub(super) writer: SecretWriter,
    pub(super) standings: Standings,
    pub(super) shared: Arc<Shared>,
    pub(super) memory: Memory,
    pub(super) states: Arc<dyn States>,
}

impl Engine {
    /// A core that knows nothing yet. Its [`Engine::housekeeping`] has to be run beside it.
    pub fn new(
        stores: Arc<dyn Stores>,
        connector: impl Connect + 'static,
        cluster: Arc<dyn Cluster>,
        writer: SecretWriter,
        settings: Settings,
        observer: Arc<dyn Observer>,
    ) -> Self {
        let cache = EntryCache::new(settings.cache_bytes);
        let (flights, changes) = (Flights::default(), Changes::default());
        let shared = Arc::new(Shared { settings, cache, flights, changes, observer });
        let connector = Arc::new(connector);
        let (standings, memory, states) = (Standings::default(), Memory::default(), Arc::new(NoStates));
        Self {
            inner: Arc::new(Inner { stores, connector, cluster, writer, standings, shared, memory, states }),
        }
    }

    /// The same, which writes down there what services keep of what they made. To be called before there are clones.
    #[must_use]
    pub fn keeping(mut self, states: Arc<dyn States>) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.inner) {
            inner.states = states;
        }
        self
    }

    /// Makes the Secret of one ExternalSecret what it has to be, or proves that it can be made so.
    ///
    /// # Errors
    /// Any kind; the message is for the prompt. A panic on the way stays here.
    pub async fn sync(&self, job: Job, deadline: Deadline) -> Result<Outcome, Error> {
        let syncing = AssertUnwindSafe(self.steps(job, deadline)).catch_unwind();
        syncing.await.unwrap_or_else(|_| Err(defect()))
    }

    async fn steps(&self, job: Job, deadline: Deadline) -> Result<Outcome, Error> {
        let mut books = Vec::new();
        let outcome = self.steps_booked(job, deadline, &mut books).await;
        let used = outcome.as_ref().is_ok_and(|outcome| outcome.written.is_in_place());
        self.close(books, used).await;
        outcome
    }

    async fn steps_booked(
        &self,
        job: Job,
        deadline: Deadline,
        books: &mut Vec<Line>,
    ) -> Result<Outcome, Error> {
        let now = Instant::now();
        let began = job.since.map_or(now, |since| since.min(now));
        let job = Job { max_age: job.max_age.max(now - began), ..job };
        let generic =
            job.external_secret.spec.target.as_ref().is_some_and(|target| target.manifest.is_some());
        if generic && !self.inner.shared.settings.generic_targets {
            return Err(manifest::disabled());
        }
        let terms = Terms { lane: job.lane, max_age: job.max_age, deadline };
        let asking = Asking::of(&job);
        let rendering = self.rendered(asking, terms, job.beside.as_ref(), began, books).await?;
        let (rendered, cached, mut remarks) = match rendering {
            Rendering::Done(rendered, cached, remarks) => (rendered, cached, remarks),
            Rendering::PutOff(notes) => return Ok(Outcome::put_off(notes)),
        };
        let Job { external_secret, stage, effects, over, renew, .. } = job;
        // What a service keeps is made to be used: nothing of it is left over.
        let rendered = Rendered { renew: renew || !books.is_empty(), ..*rendered };
        let (rendered_as, of, over) = (&rendered, &*external_secret, over.as_deref());
        let write = Write { rendered: rendered_as, external_secret: of, stage, over, effects, cached };
        let Applied { written, secret, orphans_deleted, notes } = match &rendered.manifest {
            Some(manifest) => self.inner.writer.apply_manifest(&write, manifest, deadline).await?,
            None => self.inner.writer.apply(&write, deadline).await?,
        };
        remarks.extend(notes);
        let notes = remarks;
        let (keys, missing, doubts) = (rendered.data.len(), rendered.missing, rendered.doubts);
        Ok(Outcome { written, secret, keys, cached, missing, orphans_deleted, notes, doubts })
    }

    /// The resource that such an object is, in a role's words.
    ///
    /// # Errors
    /// The API server does not serve it, or cannot be asked.
    pub async fn resource(&self, of: &ManifestRef) -> Result<manifest::Resource, Error> {
        manifest::check(of)?;
        self.inner.writer.resource(of).await
    }

    /// Whether objects that are not Secrets are written.
    pub fn writes_manifests(&self) -> bool {
        self.inner.shared.settings.generic_targets
    }

    /// What the ExternalSecret gives its Secret: every step of a sync but the write.
    ///
    /// # Errors
    /// Any kind that does not come of writing. A panic on the way stays here.
    pub async fn preview(&self, of: &ExternalSecret, deadline: Deadline) -> Result<Rendered, Error> {
        let (terms, mut books) =
            (Terms { lane: Lane::Admission, max_age: Duration::ZERO, deadline }, Vec::new());
        let asking = Asking {
            of,
            stage: Stage::Stored,
            effects: Effects::Apply,
            max_age: Duration::ZERO,
            renew: false,
            known: &Known::default(),
        };
        let steps =
            AssertUnwindSafe(self.rendered(asking, terms, None, Instant::now(), &mut books)).catch_unwind();
        match steps.await.unwrap_or_else(|_| Err(defect()))? {
            Rendering::Done(rendered, _, _) => match rendered.failed {
                Some(why) => Err(why),
                None => Ok(*rendered),
            },
            Rendering::PutOff(why) => Err(Error::new(ErrorKind::Generator, why.join("; "))),
        }
    }

    /// The steps before the write.
    async fn rendered(
        &self,
        asking: Asking<'_>,
        terms: Terms,
        beside: Option<&Beside>,
        began: Instant,
        books: &mut Vec<Line>,
    ) -> Result<Rendering, Error> {
        let of = asking.of;
        let plan = work::bounded(|| Plan::try_from(of))?;
        let (namespace, name) = (of.namespace().unwrap_or_default(), of.name_any());
        let fetch = self.fetch(&plan, terms, beside);
        let values = failpoint::around(Step::Fetch, &namespace, &name, fetch).await?;
        let cached = values.oldest(began);
        let (made, remarks) = match self.generate(&plan, &asking, terms.deadline, books).await? {
            Generation::Made(made, remarks) => (made, remarks),
            Generation::PutOff(why) => return Ok(Rendering::PutOff(why)),
        };
        let selected = work::bounded(|| select(&plan, &made, |source| values.of(source)))?;
        let objects =
            self.template_objects(&plan.namespace, plan.target.template.as_ref(), terms.deadline).await;
        let long = objects.as_ref().is_ok_and(|objects| takes_long(&plan, objects));
        let rendering = || render(&plan, selected, objects.as_ref().map_err(Clone::clone));
        let rendered = if long { work::aside(rendering) } else { work::bounded(rendering) }?;
        Ok(Rendering::Done(Box::new(rendered), cached, remarks))
    }

    /// How long the store will be left alone from now, and why, if it is known to be down.
    pub fn store_down(&self, key: &StoreKey) -> Option<(Duration, String)> {
        let down = self.inner.standings.get(key)?.breaker.down(Instant::now())?;
        Some((down.left, down.error.to_string()))
    }

    /// Tidies up memory, for ever.
    pub async fn housekeeping(self) {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut gone = Gone::default();
        loop {
            ticks.tick().await;
            self.leave_stores(&mut gone).await;
            self.inner.shared.cache.tend().await;
            self.inner.shared.flights.tend();
            self.inner.shared.changes.tend();
            self.inner.standings.tend();
            self.inner.memory.tend();
        }
    }

    /// A store that is gone or changed takes along what was read from it, and its connections with their credentials:
    /// those that nobody uses for a moment. Another store that shares one connects again.
    async fn leave_stores(&self, gone: &mut Gone) {
        let stores = self.inner.stores.present();
        if let Some(stores) = &stores {
            self.inner.shared.cache.keep_of(stores).await;
        }
        let unused = stores.is_some_and(|stores| gone.notice(stores)).then_some(TICK);
        self.inner.connector.tend(unused);
    }
}

/// Whether stores have gone lately.
#[derive(Debug, Default)]
struct Gone {
    stores: HashMap<String, i64>,
    ticks: u32,
}

impl Gone {
    /// Notes which stores there are. Whether one has gone or changed within the last two ticks: what it used just before
    /// has been unused for one of them by then.
    fn notice(&mut self, stores: HashMap<String, i64>) -> bool {
        let gone = self.stores.iter().any(|(uid, generation)| stores.get(uid) != Some(generation));
        self.ticks = if gone { 3 } else { self.ticks }.saturating_sub(1);
        self.stores = stores;
        gone || self.ticks > 0
    }
}

/// What is said of a panic. What it panicked with is not: that may hold a value.
fn defect() -> Error {
    let message =
        "the sync failed inside latchkey; this is a defect, please report it with the log of that moment";
    Error::new(ErrorKind::Unsupported, message)
}

#[cfg(test)]
#[path = "sync_tests.rs"]
mod tests;
