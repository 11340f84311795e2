//! Writing the object: read, decide, write with what was read as precondition.

use http::Request as HttpRequest;
use kube::api::{DeleteParams, GetParams, PostParams, Preconditions};
use kube::core::Request;
use latchkey_api::external_secret::ManifestRef;
use serde_json::Value;
use tokio::time::{sleep, timeout_at};

use super::Manifest;
use super::desired::{Desired, desired};
use crate::engine::apply::{ATTEMPTS, Applied, Failure, SecretWriter, Write, causes, pause};
use crate::engine::desired::{Claim, Version};
use crate::engine::error::{Error, ErrorKind};
use crate::engine::hash;
use crate::engine::job::{Deadline, Effects};
use crate::engine::outcome::Written;
use crate::engine::render::Rendered;

/// A kind of object as the API server serves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// Its group; empty for the core's.
    pub group: String,
    /// Its name in URLs and roles, in the plural.
    pub plural: String,
    root: String,
}

enum Miss {
    Raced,
    Failed(Error),
}

impl SecretWriter {
    /// The resource of a kind.
    ///
    /// # Errors
    /// The API server does not serve it, or not in namespaces, or cannot be asked.
    pub async fn resource(&self, of: &ManifestRef) -> Result<Resource, Error> {
        let ManifestRef { api_version, kind } = of;
        let group = api_version.split_once('/').map_or("", |(group, _)| group).to_owned();
        let root =
            if group.is_empty() { format!("/api/{api_version}") } else { format!("/apis/{api_version}") };
        let refused = |why: &str| {
            Error::new(
                ErrorKind::WriteRefused,
                format!("spec.target.manifest: {kind} of {api_version:?} {why}"),
            )
        };
        let unserved = || refused("is not served by this cluster; correct it, or install its CRD");
        let request = HttpRequest::get(&root).body(Vec::new());
        let request = request.map_err(|_| unserved())?;
        let listed = match self.secrets.send(Ok(request)).await {
            Ok(answer) => serde_json::from_slice::<Value>(answer.expose()).unwrap_or_default(),
            Err(failure) if failure.is_not_found() => return Err(unserved()),
            Err(failure) => return Err(failed("find", kind, "", failure)),
        };
        let mut resources = listed["resources"].as_array().into_iter().flatten();
        let own = |entry: &&Value| {
            entry["kind"] == *kind && entry["name"].as_str().is_some_and(|name| !name.contains('/'))
        };
        let found = resources.find(own).ok_or_else(unserved)?;
        if found["namespaced"] != true {
            return Err(refused("belongs to no namespace, and an ExternalSecret writes in its own only"));
        }
        let plural = found["name"].as_str().unwrap_or_default().to_owned();
        Ok(Resource { group, plural, root })
    }

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
        let resource = self.resource(&manifest.of).await?;
        let target = Target { resource: &resource, kind: &manifest.of.kind, namespace, name };
        for attempt in 0..ATTEMPTS {
            match self.manifest_attempt(write, manifest, target).await {
                Ok(written) => {
                    return Ok(Applied {
                        written,
                        secret: None,
                        orphans_deleted: Vec::new(),
                        notes: Vec::new(),
                    });
                }
                Err(Miss::Failed(error)) => return Err(error),
                Err(Miss::Raced) => sleep(pause(attempt)).await,
            }
        }
        let why = format!("{} {name:?} is changed by somebody else again and again", manifest.of.kind);
        Err(Error::new(ErrorKind::Cluster, why))
    }

    async fn manifest_attempt(
        &self,
        write: &Write<'_>,
        manifest: &Manifest,
        target: Target<'_>,
    ) -> Result<Written, Miss> {
        let existing = self.manifest_read(target).await?;
        let claim = Claim::of(write.external_secret, write.stage);
        let dry_run = write.stage.is_admission() || write.effects == Effects::DryRun;
        let manager = hash::field_manager(&write.rendered.external_secret);
        let params = PostParams { dry_run, field_manager: Some(manager) };
        let body = |object: &Value| serde_json::to_vec(object).unwrap_or_default();
        let (verb, request, written) = match desired(existing.as_ref(), write.rendered, manifest, &claim)
            .map_err(Miss::Failed)?
        {
            Desired::Nothing(written) => return Ok(written),
            Desired::Create(object) => {
                ("create", target.requests().create(&params, body(&object)), Written::Created)
            }
            Desired::Update(object) => {
                ("update", target.requests().replace(target.name, &params, body(&object)), Written::Updated)
            }
            Desired::Delete(version) => (
                "delete",
                target.requests().delete(target.name, &deletion(version, dry_run)),
                Written::Deleted,
            ),
        };
        match self.secrets.send(request).await {
            Ok(_) => Ok(written),
            Err(failure) if failure.is_race() || (verb == "update" && failure.is_not_found()) => {
                Err(Miss::Raced)
            }
            Err(failure) if verb == "delete" && failure.is_not_found() => Ok(written),
            Err(failure) => Err(target.missed(verb, failure)),
        }
    }

    async fn manifest_read(&self, target: Target<'_>) -> Result<Option<Value>, Miss> {
        match self.secrets.send(target.requests().get(target.name, &GetParams::default())).await {
            Ok(answer) => serde_json::from_slice(answer.expose()).map(Some).map_err(|_| {
                Miss::Failed(Error::new(ErrorKind::Cluster, "the API server's answer cannot be read"))
            }),
            Err(failure) if failure.is_not_found() => Ok(None),
            Err(failure) => Err(target.missed("get", failure)),
        }
    }
}

#[derive(Clone, Copy)]
struct Target<'a> {
    resource: &'a Resource,
    kind: &'a str,
    namespace: &'a str,
    name: &'a str,
}

impl Target<'_> {
    fn requests(self) -> Request {
        let Resource { root, plural, .. } = self.resource;
        Request::new(format!("{root}/namespaces/{}/{plural}", self.namespace))
    }

    fn missed(self, verb: &str, failure: Failure) -> Miss {
        let Resource { group, plural, .. } = self.resource;
        let what = if group.is_empty() { plural.clone() } else { format!("{plural}.{group}") };
        match &failure {
            Failure::Refused(status) if status.code == 403 && status.message.contains(" cannot ") => {
                let why = format!(
                    "latchkey has no right to {verb} {what} in namespace {:?}; list them with this verb in the chart's \
                     genericTargets.resources",
                    self.namespace
                );
                Miss::Failed(Error::new(ErrorKind::WriteRefused, why))
            }
            Failure::Refused(_) | Failure::Unreachable(_) => {
                Miss::Failed(failed(verb, self.kind, self.name, failure))
            }
        }
    }
}

fn deletion(version: Version, dry_run: bool) -> DeleteParams {
    let Version { uid, resource_version } = version;
    let preconditions = Some(Preconditions { uid, resource_version });
    DeleteParams { dry_run, preconditions, ..DeleteParams::default() }
}

/// The API server's own text may quote what it refuses: only fields and reasons are told.
fn failed(verb: &str, kind: &str, name: &str, failure: Failure) -> Error {
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
