//! Pushing: into Secrets that were created here, each write in place of the very version that was read.

use async_trait::async_trait;
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::{DeleteParams, PostParams, Preconditions};

use super::failure::Doing;
use super::joined::{Held, Spec};
use super::store::Store;
use super::value;
use crate::{Content, EntryRef, Error, ErrorKind, Existing, Push, Pushed, Remote, Writer, push};

impl Store {
    fn what(&self, remote: &Remote) -> String {
        format!("secret {:?} in namespace {:?}", remote.key, self.namespace)
    }

    /// The Secret, if there is one.
    async fn held(&self, remote: &Remote) -> Result<Option<Held>, Error> {
        let of = EntryRef::new(remote.key.clone());
        let name = value::secret_name(&of)?;
        let get = |client| {
            let api = Api::<Secret>::namespaced(client, &self.namespace);
            async move { api.get(name).await.map(Held) }
        };
        match self.call("GetSecret", Doing::Get, &self.what(remote), get).await {
            Ok(secret) => Ok(Some(secret)),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn create(&self, remote: &Remote, secret: &Held) -> Result<(), Error> {
        let create = |client| {
            let (api, secret) = (Api::<Secret>::namespaced(client, &self.namespace), secret.clone());
            async move { api.create(&PostParams::default(), &secret.0).await.map(Held) }
        };
        self.call("CreateSecret", Doing::Write, &self.what(remote), create).await.map(drop)
    }

    /// The server refuses it if what was read is no longer the latest.
    async fn replace(&self, remote: &Remote, secret: &Held) -> Result<(), Error> {
        let name = remote.key.as_str();
        let replace = |client| {
            let (api, secret) = (Api::<Secret>::namespaced(client, &self.namespace), secret.clone());
            async move { api.replace(name, &PostParams::default(), &secret.0).await.map(Held) }
        };
        self.call("UpdateSecret", Doing::Write, &self.what(remote), replace).await.map(drop)
    }

    async fn remove(&self, remote: &Remote, secret: &Held) -> Result<(), Error> {
        let metadata = &secret.0.metadata;
        let preconditions =
            Preconditions { uid: metadata.uid.clone(), resource_version: metadata.resource_version.clone() };
        let params = DeleteParams { preconditions: Some(preconditions), ..DeleteParams::default() };
        let name = remote.key.as_str();
        let delete = |client| {
            let (api, params) = (Api::<Secret>::namespaced(client, &self.namespace), params.clone());
            async move { api.delete(name, &params).await.map(|answer| answer.map_left(Held)) }
        };
        match self.call("DeleteSecret", Doing::Delete, &self.what(remote), delete).await {
            Err(error) if error.kind != ErrorKind::NotFound => Err(error),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Whether this can be pushed into this store.
    fn check(&self, push: &Push, spec: &Spec) -> Result<(), Error> {
        if let (None, Content::One(_)) = (push.remote.part(), &push.content) {
            let text = "requires property in RemoteRef to push secret value if secret key is defined";
            return Err(Error::new(ErrorKind::InvalidRequest, text));
        }
        if !spec.remote_namespace.is_empty() && spec.remote_namespace != self.namespace {
            let text = format!(
                "the push metadata's remoteNamespace {:?} is not that of the store, and another one is not supported",
                spec.remote_namespace
            );
            return Err(Error::new(ErrorKind::Unsupported, text));
        }
        Ok(())
    }
}

#[async_trait]
impl Writer for Store {
    async fn push(&self, push: &Push) -> Result<Pushed, Error> {
        let spec = Spec::of(push)?;
        self.check(push, &spec)?;
        let Some(there) = self.held(&push.remote).await? else {
            let mut new = Held::default().with(push, &spec)?;
            new.0.metadata.name = Some(push.remote.key.clone());
            new.mark(true);
            self.create(&push.remote, &new).await?;
            return Ok(Pushed::Created);
        };
        if !there.is_marked() && !push.known {
            let place = format!("namespace {:?} of kubernetes at {}", self.namespace, self.shown());
            return Err(push::not_managed(&push.remote, &place));
        }
        let new = there.with(push, &spec)?;
        if new.same(&there) {
            return Ok(Pushed::Unchanged);
        }
        self.replace(&push.remote, &new).await?;
        Ok(Pushed::Updated)
    }

    async fn delete(&self, remote: &Remote, known: bool) -> Result<(), Error> {
        let Some(mut there) = self.held(remote).await? else { return Ok(()) };
        if !there.is_marked() && !known {
            return Ok(());
        }
        match remote.part() {
            Some(property) if !there.has(property) => Ok(()),
            Some(property) if there.remove(property) => self.replace(remote, &there).await,
            Some(_) | None => self.remove(remote, &there).await,
        }
    }

    async fn existing(&self, remote: &Remote) -> Result<Existing, Error> {
        let has = |secret: &Held| remote.part().is_none_or(|property| secret.has(property));
        let there = self.held(remote).await?.filter(has);
        Ok(there.map_or(Existing::Missing, |secret| Existing::by(secret.is_marked())))
    }
}
