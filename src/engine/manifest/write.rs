//! Writing the object: read, decide, write with what was read as precondition.

use kube::api::{DeleteParams, GetParams, PostParams, Preconditions};
use kube::core::Request;
use serde_json::Value;
use tokio::time::{sleep, timeout_at};

use super::desired::{Desired, desired};
use super::{Manifest, Resource};
use crate::engine::apply::{ATTEMPTS, Applied, Failure, SecretWriter, Write, causes, pause};
use crate::engine::desired::{Claim, Version};
use crate::engine::error::{Error, ErrorKind};
use crate::engine::hash;
use crate::engine::job::{Deadline, Effects};
use crate::engine::outcome::Written;
use crate::engine::render::Rendered;

enum Miss {
    Raced,
    /// The API server does not know of the resource, or of the namespace.
    Gone(Error),
    Failed(Error),
}

impl From<Error> for Miss {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl SecretWriter {
    /// Makes the object what is wanted; while the ExternalSecret is being admitted, proves by a dry run that it can be.
    ///
    /// # Errors
    /// As with a Secret.
    pub async fn apply_manifest(
        &self,
        write: &Write<'_>,
        manifest: &Manifest,
        deadline: Deadline,
    ) -> Result<Applied, Error> {
        let named = format!("{} {:?}", manifest.of.kind, write.rendered.name);
        let mut applied = timeout_at(deadline.instant(), self.manifest_attempts(write, manifest))
            .await
            .unwrap_or_else(|_| {
                let why = format!("time ran out before the API server had answered for {named}");
                Err(Error::new(ErrorKind::Deadline, why))
            })?;
        let changes = matches!(applied.written, Written::Created | Written::Updated | Written::Deleted);
        if write.stage.is_admission() && changes {
            applied.written = Written::Deferred;
            if write.effects == Effects::Apply {
                applied.notes.push(format!("{named} is written once this ExternalSecret is stored"));
            }
        }
        Ok(applied)
    }

    async fn manifest_attempts(&self, write: &Write<'_>, manifest: &Manifest) -> Result<Applied, Error> {
        let Rendered { namespace, name, .. } = write.rendered;
        let kind = &manifest.of.kind;
        for attempt in 0..ATTEMPTS {
            let resource = self.resource(&manifest.of).await?;
            let target = Target { resource: &resource, kind, namespace, name };
            match self.manifest_attempt(write, manifest, target).await {
                Ok(applied) => return Ok(applied),
                Err(Miss::Failed(error)) => return Err(error),
                Err(Miss::Gone(error)) => {
                    self.forget_resource(&manifest.of);
                    if attempt > 0 {
                        return Err(error);
                    }
                }
                Err(Miss::Raced) => sleep(pause(attempt)).await,
            }
        }
        let why = format!("{kind} {name:?} is changed by somebody else again and again");
        Err(Error::new(ErrorKind::Cluster, why))
    }

    async fn manifest_attempt(
        &self,
        write: &Write<'_>,
        manifest: &Manifest,
        target: Target<'_>,
    ) -> Result<Applied, Miss> {
        let existing = self.manifest_read(target).await?;
        let claim = Claim::of(write.external_secret, write.stage);
        let dry_run = write.stage.is_admission() || write.effects == Effects::DryRun;
        let manager = hash::field_manager(&write.rendered.external_secret);
        let params = PostParams { dry_run, field_manager: Some(manager) };
        let body = |object: &Value| serde_json::to_vec(object).unwrap_or_default();
        let mut orphans_deleted = Vec::new();
        let (verb, request, written) = match desired(existing.as_ref(), write.rendered, manifest, &claim)? {
            Desired::Nothing(written) => return Ok(applied(written, orphans_deleted)),
            Desired::Create(object) => {
                orphans_deleted = self.delete_former(write, target).await?;
                ("create", target.requests().create(&params, body(&object)), Written::Created)
            }
            Desired::Update(object) => {
                orphans_deleted = self.delete_former(write, target).await?;
                ("update", target.requests().replace(target.name, &params, body(&object)), Written::Updated)
            }
            Desired::Delete(version) => (
                "delete",
                target.requests().delete(target.name, &deletion(version, dry_run)),
                Written::Deleted,
            ),
        };
        match self.secrets.send(request).await {
            Ok(_) => Ok(applied(written, orphans_deleted)),
            Err(failure) if failure.is_race() || (verb == "update" && failure.is_not_found()) => {
                Err(Miss::Raced)
            }
            Err(failure) if verb == "delete" && failure.is_not_found() => {
                Ok(applied(written, orphans_deleted))
            }
            Err(failure) if failure.is_not_found() => Err(Miss::Gone(target.failed(verb, failure))),
            Err(failure) => Err(target.failed(verb, failure).into()),
        }
    }

    async fn manifest_read(&self, target: Target<'_>) -> Result<Option<Value>, Miss> {
        match self.secrets.send(target.requests().get(target.name, &GetParams::default())).await {
            Ok(answer) => serde_json::from_slice(answer.expose()).map(Some).map_err(|_| {
                Miss::Failed(Error::new(ErrorKind::Cluster, "the API server's answer cannot be read"))
            }),
            Err(failure) if failure.is_not_found() => Ok(None),
            Err(failure) => Err(target.failed("get", failure).into()),
        }
    }
}

fn applied(written: Written, orphans_deleted: Vec<String>) -> Applied {
    Applied { written, secret: None, orphans_deleted, notes: Vec::new() }
}

/// One object.
#[derive(Clone, Copy)]
pub(super) struct Target<'a> {
    pub resource: &'a Resource,
    pub kind: &'a str,
    pub namespace: &'a str,
    pub name: &'a str,
}

impl Target<'_> {
    pub fn requests(self) -> Request {
        let Resource { root, plural, .. } = self.resource;
        Request::new(format!("{root}/namespaces/{}/{plural}", self.namespace))
    }

    pub fn failed(self, verb: &str, failure: Failure) -> Error {
        let Resource { group, plural, .. } = self.resource;
        let what = if group.is_empty() { plural.clone() } else { format!("{plural}.{group}") };
        match &failure {
            Failure::Refused(status) if status.code == 403 && status.message.contains(" cannot ") => {
                let why = format!(
                    "latchkey has no right to {verb} {what} in namespace {:?}; list them with this verb in the chart's \
                     genericTargets.resources",
                    self.namespace
                );
                Error::new(ErrorKind::WriteRefused, why)
            }
            Failure::Refused(_) | Failure::Unreachable(_) => failed(verb, self.kind, self.name, failure),
        }
    }
}

pub(super) fn deletion(version: Version, dry_run: bool) -> DeleteParams {
    let Version { uid, resource_version } = version;
    let preconditions = Some(Preconditions { uid, resource_version });
    DeleteParams { dry_run, preconditions, ..DeleteParams::default() }
}

/// The API server's own text may quote what it refuses: only fields and reasons are told.
pub(super) fn failed(verb: &str, kind: &str, name: &str, failure: Failure) -> Error {
    match failure {
        Failure::Unreachable(why) => {
            Error::new(ErrorKind::Cluster, format!("the API server cannot be asked: {why}"))
        }
        Failure::Refused(status) => {
            let error = match status.code {
                401 | 408 | 429 | 500.. => ErrorKind::Cluster,
                _ => ErrorKind::WriteRefused,
            };
            let causes = causes(&status);
            Error::new(
                error,
                format!(
                    "the API server refuses to {verb} {kind} {name:?}: {causes}; correct spec.target, or see its audit log"
                ),
            )
        }
    }
}

#[cfg(test)]
#[path = "write_tests.rs"]
mod tests;
