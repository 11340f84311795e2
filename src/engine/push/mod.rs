//! PushSecrets: from a Secret of the cluster to remote stores.
//!
//! `Source → wanted → push`: what is pushed is made of the Secret (or by a generator) and the template, then it is worked out
//! what goes where, then each thing is pushed. Nothing is remembered here: what was pushed is in the PushSecret's status.

mod carried;
mod places;
mod reverse;
mod templated;
mod wanted;

#[cfg(test)]
mod memory_tests;
#[cfg(test)]
mod tests;

use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use kube::Resource as _;
use latchkey_api::PushSecret;
use latchkey_api::external_secret::{GeneratorRef, Template};
use latchkey_api::push_secret::PushSecretSpec;
use latchkey_provider::{EntryRef, Existing, Provider, Push, Pushed, Remote, SourceMetadata, Writer};
use tokio::time::{Instant, timeout_at};

use super::changed::UnderWay;
use super::convert::Data;
use super::generators::remote::Line;
use super::generators::states::Owner;
use super::plan::{GeneratorKey, StoreKey};
use super::resolve::Opened;
use super::{Deadline, Engine, Error, ErrorKind, message, work};

pub use carried::carried;
pub use places::{Present, all_meant, meant, names};
use templated::templated;
pub use wanted::{One, Place, place, remote, wanted};

/// What is pushed: keys and values, and what the Secret is that holds them.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// Keys and values.
    pub data: Data,
    /// Its type, and what it carries beside that, as far as it is pushed.
    pub metadata: SourceMetadata,
}

/// The Secret that is named to be pushed, unless it is left to labels which ones are.
pub fn named(spec: &PushSecretSpec) -> Option<&str> {
    let name = spec.selector.secret.as_ref()?.name.as_deref();
    name.filter(|name| !name.is_empty())
}

/// What a generator has made to be pushed.
#[derive(Debug)]
pub struct Made {
    /// The values.
    pub source: Source,
    /// When it was made.
    pub at: Instant,
    books: Vec<Line>,
}

impl Made {
    /// Whether a service keeps it until it is told otherwise.
    pub fn is_kept(&self) -> bool {
        !self.books.is_empty()
    }
}

fn owner(of: &PushSecret) -> Owner {
    let metadata = &of.metadata;
    Owner {
        api_version: PushSecret::api_version(&()).into_owned(),
        kind: PushSecret::kind(&()).into_owned(),
        name: metadata.name.clone().unwrap_or_default(),
        uid: metadata.uid.clone().unwrap_or_default(),
    }
}

/// What has come of pushing one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Came {
    /// The store was written to.
    Written,
    /// It was there already, and may have been pushed from here: it is the same, or has the mark and stays as it is.
    There,
    /// Somebody else's is there, and stays.
    Foreign,
}

/// Where a PushSecret names its stores.
const FIELD: &str = "spec.secretStoreRefs";

/// A store that is open to be written to.
#[derive(Debug)]
pub struct Door {
    opened: Opened,
    namespace: String,
}

impl Engine {
    /// What a generator makes for a PushSecret of this namespace. It is to be said what has [become](Engine::became) of it.
    ///
    /// # Errors
    /// Those of generators.
    pub async fn generated_source(
        &self,
        (namespace, of): (&str, &PushSecret),
        reference: &GeneratorRef,
        deadline: Deadline,
    ) -> Result<Made, Error> {
        let at = "spec.selector.generatorRef";
        let key = GeneratorKey::of(reference, namespace)
            .ok_or_else(|| message::generator_kind(at, &reference.kind))?;
        let (owner, mut books) = (owner(of), Vec::new());
        let making = self.generated((namespace, &owner), &key, at, &mut books);
        let late = |_| Err(message::generator_too_late(&key));
        match timeout_at(deadline.instant(), making).await.unwrap_or_else(late) {
            Ok(data) => Ok(Made { source: Source { data, ..Source::default() }, at: Instant::now(), books }),
            Err(error) => {
                self.close(books, false).await; // nobody has it
                Err(error)
            }
        }
    }

    /// It is in use, at all stores: what was in use before goes after a while.
    pub async fn became(&self, made: Made) {
        self.close(made.books, true).await;
    }

    /// What the template of a PushSecret makes of its source; the source itself without one.
    ///
    /// # Errors
    /// A template that fails, or stands in an object that cannot be read.
    pub async fn templated_source(
        &self,
        namespace: &str,
        template: Option<&Template>,
        source: Source,
        deadline: Deadline,
    ) -> Result<Source, Error> {
        let Some(template) = template else { return Ok(source) };
        let objects = self.template_objects(namespace, Some(template), deadline).await?;
        work::aside(|| templated(template, source, &objects))
    }

    /// Opens a store for a PushSecret of this namespace.
    ///
    /// # Errors
    /// Those of a store that is not there, not allowed or cannot be connected, and of one that can only be read.
    pub async fn open_door(&self, namespace: &str, key: &StoreKey) -> Result<Door, Error> {
        let opened = self.open_for(namespace, key, FIELD).await?;
        Self::door(opened, namespace, key)
    }

    /// The same to remove what was pushed: a store will do as well that was deleted a moment ago, with its PushSecrets.
    ///
    /// # Errors
    /// Those of [`Self::open_door`].
    pub async fn open_door_once_more(&self, namespace: &str, key: &StoreKey) -> Result<Door, Error> {
        let opened = match self.open_for(namespace, key, FIELD).await {
            Err(error) if error.kind == ErrorKind::StoreNotFound => match self.inner.stores.departed(key) {
                Some(store) => self.open_store(namespace, store).await?,
                None => return Err(error),
            },
            opened => opened?,
        };
        Self::door(opened, namespace, key)
    }

    fn door(opened: Opened, namespace: &str, key: &StoreKey) -> Result<Door, Error> {
        match opened.reader.provider.writer() {
            Some(_) => Ok(Door { opened, namespace: namespace.to_owned() }),
            None => Err(message::store_read_only(key, opened.reader.provider.name())),
        }
    }

    /// Pushes one thing. With `keep` what is there already stays, whosever it is; that is no error.
    ///
    /// # Errors
    /// The key is none that the namespace may name, or the store does not take it.
    pub async fn push(&self, door: &Door, push: &Push, keep: bool) -> Result<Came, Error> {
        self.admit_push(door, &push.remote).await?;
        let pushing = async {
            let writer = door.writer()?;
            match if keep { writer.existing(&push.remote).await? } else { Existing::Missing } {
                Existing::Managed => Ok(Came::There),
                Existing::Foreign => Ok(Came::Foreign),
                Existing::Missing => writer.push(push).await.map(|pushed| match pushed {
                    Pushed::Created | Pushed::Updated => Came::Written,
                    Pushed::Unchanged => Came::There,
                }),
            }
        };
        let under_way = self.writing(door, &push.remote);
        let came = self.through(door, pushing).await;
        if !matches!(came, Ok(Came::There | Came::Foreign)) {
            self.forget(door, &push.remote).await;
        }
        drop(under_way);
        came.map_err(|why| message::not_pushed(door.key(), &push.remote, &why))
    }

    /// Removes what was pushed.
    ///
    /// # Errors
    /// The key is none that the namespace may name, or the store does not let it be removed.
    pub async fn withdraw(&self, door: &Door, remote: &Remote) -> Result<(), Error> {
        self.admit_push(door, remote).await?;
        let removing = async { door.writer()?.delete(remote, true).await };
        let under_way = self.writing(door, remote);
        let removed = self.through(door, removing).await;
        self.forget(door, remote).await;
        drop(under_way);
        removed.map_err(|why| message::not_withdrawn(door.key(), remote, &why))
    }

    /// Whoever reads it meanwhile reads the store: it may have been written before that is known here.
    fn writing(&self, door: &Door, remote: &Remote) -> UnderWay<'_> {
        let key = door.provider().resolved_key(&EntryRef::new(remote.key.as_str()));
        self.inner.shared.changes.writing(&door.opened.store.uid, &key)
    }

    /// Whoever reads it from now on sees what was written. What failed may have been written all the same.
    async fn forget(&self, door: &Door, remote: &Remote) {
        let entry = EntryRef::new(remote.key.as_str());
        self.inner.shared.forget(&door.opened.store.uid, &entry, door.provider()).await;
    }

    async fn admit_push(&self, door: &Door, remote: &Remote) -> Result<(), Error> {
        let limits = self.limits(&door.namespace, &door.opened.store).await?;
        let key = door.provider().resolved_key(&EntryRef::new(remote.key.as_str()));
        if limits.allow(&key) {
            Ok(())
        } else {
            Err(message::push_denied(door.key(), remote, &door.namespace))
        }
    }

    /// One call of the provider's code, which may neither hang nor take the process with it.
    async fn through<T>(
        &self,
        door: &Door,
        call: impl Future<Output = Result<T, latchkey_provider::Error>> + Send,
    ) -> Result<T, latchkey_provider::Error> {
        let limit = self.inner.shared.settings.call_limit;
        match tokio::time::timeout(limit, AssertUnwindSafe(call).catch_unwind()).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(super::guarded::defect(door.provider())),
            Err(_) => Err(super::guarded::silent(door.provider(), limit)),
        }
    }
}

impl Door {
    fn key(&self) -> &StoreKey {
        &self.opened.store.key
    }

    fn provider(&self) -> &dyn Provider {
        &*self.opened.reader.provider
    }

    fn writer(&self) -> Result<&dyn Writer, latchkey_provider::Error> {
        let provider = self.provider();
        provider.writer().ok_or_else(|| super::guarded::defect(provider))
    }
}
