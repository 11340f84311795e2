//! The provider itself: reading, looking up properties, validating.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use futures::StreamExt;
use http::HeaderValue;
use latchkey_api::provider::vault::VaultKvVersion;

use super::failure::Purpose;
use super::http::{Answer, Call, Http, PROVIDER};
use super::request::{ReadMount, Request};
use super::session::Keeper;
use super::{mount, path, value};
use crate::{Entry, EntryRef, Error, ErrorKind, Provider, SecretBytes, Validation, Writer};

/// Reads under way at once for one batch.
const CONCURRENCY: usize = 8;

/// What a request does with a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Nothing, it is read.
    Read,
    /// Writes it.
    Write,
    /// Deletes it, or part of it.
    Delete,
}

/// A connected Vault.
#[derive(Debug)]
pub struct Store {
    http: Arc<Http>,
    keeper: Keeper,
    pub(super) mount: Option<String>,
    pub(super) version: VaultKvVersion,
    namespace: Option<HeaderValue>,
}

impl Store {
    /// A store that reads in this mount (none: each key begins with its own) and namespace.
    pub fn new(
        http: Arc<Http>,
        keeper: Keeper,
        mount: Option<String>,
        version: VaultKvVersion,
        namespace: Option<HeaderValue>,
    ) -> Self {
        Self { http, keeper, mount, version, namespace }
    }

    async fn entry(&self, of: &EntryRef) -> Result<Entry, Error> {
        let mount = self.mount.as_deref();
        if let Some(listing) = &of.listing {
            return self.list(listing).await;
        }
        if of.metadata {
            let request = path::metadata(mount, self.version, &of.key)?;
            return value::metadata(of, &self.read(&request).await?).map(Entry::Value);
        }
        let request = path::data(mount, self.version, &of.key, &of.version)?;
        value::data(of, self.version, &self.read(&request).await?).map(Entry::Value)
    }

    pub(super) async fn read(&self, request: &Request) -> Result<Answer, Error> {
        self.call(Action::Read, request).await
    }

    /// Makes a request. If Vault refuses the token of a login, once more with a fresh one; nothing is done twice by that.
    pub(super) async fn call(&self, action: Action, request: &Request) -> Result<Answer, Error> {
        let token = self.keeper.token().await?;
        match self.call_as(action, request, token.as_ref()).await {
            Err(error) if is_refusal(error.kind) => {
                let fresh = self.other_token(token, error).await?;
                self.call_as(action, request, Some(&fresh)).await
            }
            outcome => outcome,
        }
    }

    /// See [`Keeper::has_young_token`].
    #[cfg(feature = "generators")]
    pub(super) fn has_young_token(&self) -> bool {
        self.keeper.has_young_token()
    }

    /// The server as it is shown.
    pub(super) fn server(&self) -> &str {
        self.http.server()
    }

    /// Whether a refusal is the token's fault; if it is, a fresh token. Vault answers 403 for both, and only newer ones add
    /// "invalid token", so the token is looked up.
    async fn other_token(&self, token: Option<SecretBytes>, refusal: Error) -> Result<SecretBytes, Error> {
        let token = token.ok_or_else(|| self.no_token())?;
        if refusal.kind == ErrorKind::Forbidden {
            match self.keeper.look_up(Some(&token)).await {
                Ok(()) => return Err(refusal),
                Err(unknown) if unknown.kind == ErrorKind::Forbidden && !self.keeper.logs_in() => {
                    return Err(refusal);
                }
                Err(bad) if is_refusal(bad.kind) => {}
                Err(trouble) => return Err(trouble),
            }
        }
        self.keeper.replace(&token).await?.ok_or_else(|| self.refused_token())
    }

    async fn call_as(
        &self,
        action: Action,
        request: &Request,
        token: Option<&SecretBytes>,
    ) -> Result<Answer, Error> {
        let path = request.path();
        let (name, purpose) = match action {
            Action::Read => ("ReadSecretData", Purpose::Read(&path)),
            Action::Write => ("WriteSecretData", Purpose::Write(&path)),
            Action::Delete => ("DeleteSecret", Purpose::Write(&path)),
        };
        let namespace = self.namespace.as_ref();
        self.http.send(Call { name, purpose, request, namespace, token }).await
    }

    fn refused_token(&self) -> Error {
        let text =
            format!("vault at {} refuses the store's token: revoked, expired or wrong", self.http.server());
        Error::new(ErrorKind::Unauthenticated, text).with_code("HTTP 403")
    }

    fn no_token(&self) -> Error {
        Error::new(
            ErrorKind::Unauthenticated,
            format!("vault at {} asks for a token, and the store has no auth", self.http.server()),
        )
    }

    /// Whether the token is good; a login that has just worked proves it.
    async fn check_token(&self) -> Result<(), Error> {
        let token = self.keeper.token().await?;
        match (self.keeper.look_up(token.as_ref()).await, token) {
            (Ok(()), _) => Ok(()),
            (Err(error), Some(token)) if self.keeper.logs_in() && is_refusal(error.kind) => {
                self.keeper.replace(&token).await.map(drop)
            }
            (Err(error), None) if is_refusal(error.kind) => Err(self.no_token()),
            (Err(error), Some(_)) if error.kind == ErrorKind::Forbidden => Err(self.refused_token()),
            (Err(error), _) => Err(error),
        }
    }

    /// Whether the mount is what the store says. Only a definite answer counts: many tokens may not ask.
    async fn check_mount(&self) -> Result<(), Error> {
        let Some(mount) = self.mount.as_deref() else { return Ok(()) };
        let request = Request::of(&ReadMount { mount: mount.to_owned() })?;
        let token = self.keeper.token().await?;
        match self.call_as(Action::Read, &request, token.as_ref()).await {
            Ok(Answer::Found(body)) => mount::check(body.expose(), mount, self.version),
            Err(error) if error.kind.is_transient() => Err(error),
            Ok(Answer::Missing) | Err(_) => Ok(()),
        }
    }
}

fn is_refusal(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Forbidden | ErrorKind::Unauthenticated)
}

#[async_trait]
impl Provider for Store {
    fn name(&self) -> &'static str {
        PROVIDER
    }

    fn location(&self) -> String {
        self.http.server().to_owned()
    }

    fn resolved_key(&self, entry: &EntryRef) -> String {
        path::resolved(self.mount.as_deref(), self.version, &entry.key)
    }

    async fn fetch(&self, entries: &[EntryRef]) -> Vec<Result<Entry, Error>> {
        let reads = entries.iter().cloned().map(|of| async move { self.entry(&of).await });
        futures::stream::iter(reads).buffered(CONCURRENCY).collect().await
    }

    fn value(&self, of: &EntryRef, entry: &Entry, property: Option<&str>) -> Result<SecretBytes, Error> {
        value::value(of, value::document(of, entry)?, property)
    }

    fn map(
        &self,
        of: &EntryRef,
        entry: &Entry,
        property: Option<&str>,
    ) -> Result<BTreeMap<String, SecretBytes>, Error> {
        value::map(of, value::document(of, entry)?, property)
    }

    async fn validate(&self) -> Result<Validation, Error> {
        self.check_token().await?;
        self.check_mount().await?;
        Ok(Validation::Ready)
    }

    fn writer(&self) -> Option<&dyn Writer> {
        Some(self)
    }
}
