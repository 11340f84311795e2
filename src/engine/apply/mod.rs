//! Writing the Secret: read once, decide, write with what was read as precondition, and once more if somebody was faster.

#[cfg(test)]
pub(super) mod double;
mod orphans;
mod refusal;
#[cfg(test)]
mod tests;
mod verify;
mod wire;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Client;
use latchkey_api::external_secret::{CreationPolicy, ExternalSecret};
use tokio::time::{sleep, timeout_at};

pub use orphans::Known;
pub(super) use refusal::{Attempt, causes};
pub(super) use wire::{Failure, Manner, Secrets};

use super::desired::ownership::DATA_HASH;
use super::desired::{Claim, Desired, Sealed, Wanted, desired};
use super::error::{Error, ErrorKind};
use super::hash;
use super::job::{Deadline, Effects, Stage};
use super::manifest::Kinds;
use super::outcome::{SecretState, Written};
use super::render::Rendered;
use crate::failpoint::{self, Step};

/// How often somebody else may be faster before it is given up.
pub(super) const ATTEMPTS: u32 = 5;

/// The only one who writes Secrets.
#[derive(Clone)]
pub struct SecretWriter {
    pub(super) secrets: Secrets,
    pub(super) known: Arc<dyn Known>,
    pub(super) kinds: Kinds,
}

impl fmt::Debug for SecretWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretWriter").finish_non_exhaustive()
    }
}

/// One write.
#[derive(Debug, Clone, Copy)]
pub struct Write<'a> {
    /// What the ExternalSecret gives its Secret.
    pub rendered: &'a Rendered,
    /// The ExternalSecret.
    pub external_secret: &'a ExternalSecret,
    /// Where in its life it is.
    pub stage: Stage,
    /// The `resourceVersion` of the stored object that it is to replace.
    pub over: Option<&'a str>,
    /// Whether in earnest. A dry run sends the same request with `dryRun=All`, so that quota, validation and policies of
    /// the Secret are proven too.
    pub effects: Effects,
    /// The age of the oldest value used, where the cache gave it.
    pub cached: Option<Duration>,
}

/// What a write did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// What became of the target.
    pub written: Written,
    /// The target as it is now, if it is there.
    pub secret: Option<SecretState>,
    /// Other Secrets that were deleted because the target's name had changed.
    pub orphans_deleted: Vec<String>,
    /// What the author should know.
    pub notes: Vec<String>,
}

/// Why an attempt came to nothing.
enum Miss {
    /// Somebody else was faster: read again.
    Raced,
    Failed(Error),
}

impl From<Error> for Miss {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl SecretWriter {
    /// A writer that uses this client, and asks it for everything.
    pub fn new(client: Client) -> Self {
        Self { secrets: Secrets::new(client), known: Arc::new(orphans::Unknown), kinds: Kinds::default() }
    }

    /// A writer of a core that only looks: whatever it is asked, nothing leaves the process.
    pub fn nowhere() -> Self {
        let refuse = |_: http::Request<kube::client::Body>| async {
            Err::<http::Response<kube::client::Body>, _>(std::io::Error::other("nothing is written here"))
        };
        Self::new(Client::new(tower::service_fn(refuse), "default"))
    }

    /// The same, which does not ask for what is known.
    #[must_use]
    pub fn knowing(self, known: Arc<dyn Known>) -> Self {
        Self { known, ..self }
    }

    /// Makes the target what is wanted.
    ///
    /// # Errors
    /// The target is somebody else's or must not be changed, the API server refuses the write or cannot be asked, or the
    /// deadline passes.
    pub async fn apply(&self, write: &Write<'_>, deadline: Deadline) -> Result<Applied, Error> {
        let name = &write.rendered.name;
        timeout_at(deadline.instant(), self.attempts(write)).await.unwrap_or_else(|_| {
            let why = format!("time ran out before the API server had answered for Secret {name:?}");
            Err(Error::new(ErrorKind::Deadline, why))
        })
    }

    async fn attempts(&self, write: &Write<'_>) -> Result<Applied, Error> {
        if let Some(applied) = self.made_unseen(write).await? {
            return Ok(applied);
        }
        for attempt in 0..ATTEMPTS {
            match self.attempt(write).await {
                Ok(applied) => return Ok(applied),
                Err(Miss::Failed(error)) => return Err(error),
                Err(Miss::Raced) => sleep(pause(attempt)).await,
            }
        }
        Err(always_raced(&write.rendered.name))
    }

    /// The Secret of a new ExternalSecret is not there as a rule: it is made without a look. None if it is there, or if it
    /// cannot be made for another reason: a quota or a policy may refuse to make a Secret that only has to be changed.
    async fn made_unseen(&self, write: &Write<'_>) -> Result<Option<Applied>, Error> {
        let makes = match write.rendered.creation {
            CreationPolicy::Owner | CreationPolicy::Orphan | CreationPolicy::CreateOrMerge => true,
            CreationPolicy::Merge | CreationPolicy::None => false,
        };
        if !makes || write.stage != Stage::Create {
            return Ok(None);
        }
        let Ok(Desired::Create(secret)) = write.desired(None) else { return Ok(None) };
        match self.send(write, &secret, "create").await {
            Ok(metadata) => Ok(Some(applied(Written::Created, Some(write.state_after(&secret, metadata))))),
            Err(Failure::Refused(_)) => Ok(None),
            Err(failure) => Err(write.failed("create", failure)),
        }
    }

    async fn attempt(&self, write: &Write<'_>) -> Result<Applied, Miss> {
        let existing = self.read(write).await?;
        let before = existing.as_ref().map(|secret| state(&secret.metadata));
        match write.desired(existing.as_deref())? {
            Desired::Nothing(written) => Ok(applied(written, before)),
            Desired::Deferred(note) => {
                Ok(Applied { notes: vec![note], ..applied(Written::Deferred, before) })
            }
            Desired::Create(secret) => self.write(write, &secret, Written::Created).await,
            Desired::Update(secret) => self.write(write, &secret, Written::Updated).await,
            Desired::Delete(version) => {
                let Rendered { namespace, name, .. } = write.rendered;
                let delete = self.secrets.delete(namespace, name, version, write.effects);
                match write.step(delete).await {
                    Err(failure) if !failure.is_not_found() => Err(write.missed("delete", failure)),
                    _ => Ok(applied(Written::Deleted, None)),
                }
            }
        }
    }

    /// The target as it is. A policy that never writes needs not know.
    async fn read(&self, write: &Write<'_>) -> Result<Option<Sealed>, Miss> {
        let Rendered { namespace, name, creation, .. } = write.rendered;
        if *creation == CreationPolicy::None {
            return Ok(None);
        }
        self.secrets.get(namespace, name).await.map_err(|failure| write.missed("get", failure))
    }

    async fn write(&self, write: &Write<'_>, secret: &Sealed, written: Written) -> Result<Applied, Miss> {
        let orphans_deleted = self.delete_orphans(write).await?;
        let verb = if written == Written::Created { "create" } else { "update" };
        match self.send(write, secret, verb).await {
            Ok(metadata) => {
                let now = write.state_after(secret, metadata);
                Ok(Applied { orphans_deleted, ..applied(written, Some(now)) })
            }
            // It was deleted between reading and replacing: the next attempt makes it.
            Err(failure) if verb == "update" && failure.is_not_found() => Err(Miss::Raced),
            Err(failure) => Err(write.missed(verb, failure)),
        }
    }

    /// Sends the Secret, to be made or to replace the one that was read.
    async fn send(&self, write: &Write<'_>, secret: &Sealed, verb: &str) -> Result<ObjectMeta, Failure> {
        let manager = hash::field_manager(&write.rendered.external_secret);
        let manner = Manner { manager: &manager, effects: write.effects };
        match verb {
            "create" => write.step(self.secrets.create(secret, manner)).await,
            _ => write.step(self.secrets.replace(secret, manner)).await,
        }
    }

    /// Only where something is written: a changed name always is a write. Before it, as External Secrets Operator does: if
    /// this fails, the write is still due and both are tried again.
    async fn delete_orphans(&self, write: &Write<'_>) -> Result<Vec<String>, Error> {
        let owner = write.rendered.creation == CreationPolicy::Owner;
        if !owner || write.stage.is_admission() || write.effects == Effects::DryRun {
            return Ok(Vec::new());
        }
        let claim = Claim::of(write.external_secret, write.stage);
        self.delete_orphans_of(write.external_secret, &claim, &write.rendered.name).await
    }
}

impl Write<'_> {
    fn step<F: Future>(&self, request: F) -> impl Future<Output = F::Output> {
        let Rendered { namespace, external_secret, .. } = self.rendered;
        failpoint::around(Step::SecretWrite, namespace, external_secret, request)
    }

    fn missed(&self, verb: &'static str, failure: Failure) -> Miss {
        if failure.is_race() {
            return Miss::Raced;
        }
        Miss::Failed(self.failed(verb, failure))
    }

    fn failed(&self, verb: &'static str, failure: Failure) -> Error {
        let Rendered { namespace, name, .. } = self.rendered;
        Attempt { verb, namespace, name }.failed(failure)
    }

    /// What is to be done, if this is what is there.
    fn desired(&self, existing: Option<&Secret>) -> Result<Desired, Error> {
        let Write { rendered, external_secret, stage, over, cached, .. } = *self;
        desired(existing, &Wanted { rendered, external_secret, stage, over, now: Timestamp::now(), cached })
    }

    fn state_after(&self, sent: &Sealed, answer: ObjectMeta) -> SecretState {
        let resource_version = match self.effects {
            Effects::Apply => answer.resource_version.unwrap_or_default(),
            Effects::DryRun => String::new(),
        };
        SecretState { resource_version, ..state(&sent.metadata) }
    }
}

fn applied(written: Written, secret: Option<SecretState>) -> Applied {
    Applied { written, secret, orphans_deleted: Vec::new(), notes: Vec::new() }
}

/// A Secret as its metadata tell it.
pub(super) fn state(metadata: &ObjectMeta) -> SecretState {
    let annotations = metadata.annotations.as_ref();
    let data_hash = annotations.and_then(|annotations| annotations.get(DATA_HASH));
    SecretState {
        name: metadata.name.clone().unwrap_or_default(),
        data_hash: data_hash.cloned().unwrap_or_default(),
        resource_version: metadata.resource_version.clone().unwrap_or_default(),
    }
}

/// Longer each time: 10, 20, 40, 80 ms.
pub(super) fn pause(attempt: u32) -> Duration {
    Duration::from_millis(10 << attempt.min(6))
}

pub(super) fn always_raced(name: &str) -> Error {
    let why =
        format!("Secret {name:?} is changed by somebody else again and again, and could not be written");
    Error::new(ErrorKind::Cluster, why)
}
