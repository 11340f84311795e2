//! Requests about Secrets, made so that no value gets into a log.
//!
//! `kube::Api` logs the body of an answer that it cannot parse, and the text of every refusal, which may quote a label's
//! value or what an admission webhook says of the data. Hence the requests are sent as they are and the answers read here.
//! Where an answer's data is not needed it is not asked for: the API server is told to send the metadata alone.

use http::header::ACCEPT;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{DeleteParams, GetParams, ListParams, Patch, PatchParams, PostParams, Preconditions};
use kube::client::Body;
use kube::core::{PartialObjectMeta, Request, Status};
use kube::{Client, Resource};
use latchkey_provider::SecretBytes;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::super::desired::{Sealed, Version};
use super::super::job::Effects;
use crate::api_server::METADATA_ALONE;

/// Why a request came to nothing.
#[derive(Debug)]
pub enum Failure {
    /// The API server said no.
    Refused(Box<Status>),
    /// It could not be asked, or could not be understood.
    Unreachable(String),
}

impl Failure {
    /// Whether there is no such Secret (any more).
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused(status) if status.code == 404)
    }

    /// Whether somebody else was faster: a conflict, or a Secret that exists already.
    pub fn is_race(&self) -> bool {
        matches!(self, Self::Refused(status) if status.code == 409)
    }
}

/// The Secrets of the cluster.
#[derive(Clone)]
pub struct Secrets(Client);

/// How a write is made: under which name, and whether in earnest.
#[derive(Debug, Clone, Copy)]
pub struct Manner<'a> {
    /// The field manager.
    pub manager: &'a str,
    /// Whether it is kept.
    pub effects: Effects,
}

impl Manner<'_> {
    fn post(self) -> PostParams {
        PostParams { dry_run: self.is_dry(), field_manager: Some(self.manager.to_owned()) }
    }

    fn is_dry(self) -> bool {
        self.effects == Effects::DryRun
    }
}

impl Secrets {
    /// All Secrets that the client may see.
    pub fn new(client: Client) -> Self {
        Self(client)
    }

    /// The Secret, with its data.
    pub async fn get(&self, namespace: &str, name: &str) -> Result<Option<Sealed>, Failure> {
        let request = requests(namespace).get(name, &GetParams::default());
        present(self.read::<Secret>(request).await.map(Sealed::new))
    }

    /// The Secret's metadata.
    pub async fn metadata(&self, namespace: &str, name: &str) -> Result<Option<ObjectMeta>, Failure> {
        let request = requests(namespace).get_metadata(name, &GetParams::default());
        present(self.read_metadata(request).await)
    }

    /// The metadata of all Secrets of a namespace with this label.
    pub async fn labelled(
        &self,
        namespace: &str,
        label: &str,
        value: &str,
    ) -> Result<Vec<ObjectMeta>, Failure> {
        let params = ListParams::default().labels(&format!("{label}={value}"));
        let list: kube::api::ObjectList<PartialObjectMeta<Secret>> =
            self.read(requests(namespace).list_metadata(&params)).await?;
        Ok(list.items.into_iter().map(|item| item.metadata).collect())
    }

    /// Makes a Secret.
    pub async fn create(&self, secret: &Secret, manner: Manner<'_>) -> Result<ObjectMeta, Failure> {
        let namespace = secret.metadata.namespace.as_deref().unwrap_or_default();
        self.read_metadata(requests(namespace).create(&manner.post(), body(secret)?)).await
    }

    /// Replaces a Secret whose resourceVersion is still that of `secret`.
    pub async fn replace(&self, secret: &Secret, manner: Manner<'_>) -> Result<ObjectMeta, Failure> {
        let ObjectMeta { namespace, name, .. } = &secret.metadata;
        let requests = requests(namespace.as_deref().unwrap_or_default());
        let name = name.as_deref().unwrap_or_default();
        self.read_metadata(requests.replace(name, &manner.post(), body(secret)?)).await
    }

    /// Changes a Secret's metadata by a merge patch.
    pub async fn patch(
        &self,
        namespace: &str,
        name: &str,
        patch: &Value,
        manner: Manner<'_>,
    ) -> Result<ObjectMeta, Failure> {
        let params = PatchParams {
            dry_run: manner.is_dry(),
            field_manager: Some(manner.manager.to_owned()),
            ..PatchParams::default()
        };
        self.read_metadata(requests(namespace).patch_metadata(name, &params, &Patch::Merge(patch))).await
    }

    /// Deletes just this version of a Secret.
    pub async fn delete(
        &self,
        namespace: &str,
        name: &str,
        version: Version,
        effects: Effects,
    ) -> Result<(), Failure> {
        let Version { uid, resource_version } = version;
        let params = DeleteParams {
            dry_run: effects == Effects::DryRun,
            preconditions: Some(Preconditions { uid, resource_version }),
            ..DeleteParams::default()
        };
        self.send(requests(namespace).delete(name, &params)).await.map(drop)
    }

    async fn read_metadata(&self, request: Built) -> Result<ObjectMeta, Failure> {
        let mut request = request.map_err(unbuildable)?;
        request.headers_mut().insert(ACCEPT, METADATA_ALONE);
        self.read::<PartialObjectMeta<Secret>>(Ok(request)).await.map(|object| object.metadata)
    }

    async fn read<T: DeserializeOwned>(&self, request: Built) -> Result<T, Failure> {
        let answer = self.send(request).await?;
        // serde's message may quote what it could not read; its place says enough.
        serde_json::from_slice(answer.expose()).map_err(|error| {
            Failure::Unreachable(format!("its answer cannot be read (at byte {})", error.column()))
        })
    }

    /// Sends a request. The answer may hold values.
    pub async fn send(&self, request: Built) -> Result<SecretBytes, Failure> {
        let request = request.map_err(unbuildable)?;
        let response = self.0.send(request.map(Body::from)).await.map_err(unreachable)?;
        let code = response.status();
        let answer = response.into_body().collect_bytes().await.map_err(unreachable)?;
        let answer = SecretBytes::new(Vec::from(answer));
        if code.is_success() { Ok(answer) } else { Err(refused(code.as_u16(), &answer)) }
    }
}

/// A request, as kube builds it.
pub type Built = Result<http::Request<Vec<u8>>, kube::core::request::Error>;

fn requests(namespace: &str) -> Request {
    Request::new(Secret::url_path(&(), Some(namespace)))
}

fn body(secret: &Secret) -> Result<Vec<u8>, Failure> {
    serde_json::to_vec(secret).map_err(|_| Failure::Unreachable("the Secret cannot be serialised".to_owned()))
}

fn present<T>(read: Result<T, Failure>) -> Result<Option<T>, Failure> {
    match read {
        Ok(found) => Ok(Some(found)),
        Err(failure) if failure.is_not_found() => Ok(None),
        Err(failure) => Err(failure),
    }
}

fn refused(code: u16, answer: &SecretBytes) -> Failure {
    // A proxy in between does not answer with a Status; its code says enough.
    let status: Status = serde_json::from_slice(answer.expose()).unwrap_or_else(|_| Status::failure("", ""));
    Failure::Refused(Box::new(status.with_code(code)))
}

fn unbuildable(error: kube::core::request::Error) -> Failure {
    Failure::Unreachable(error.to_string())
}

/// The innermost cause says what is wrong: connection refused, certificate expired.
fn unreachable(error: kube::Error) -> Failure {
    let mut cause: &dyn std::error::Error = &error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    Failure::Unreachable(cause.to_string())
}
