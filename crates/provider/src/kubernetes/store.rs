//! The provider itself: reading Secrets, validating.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use futures::StreamExt;
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, ResourceRule, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
    SelfSubjectRulesReview, SelfSubjectRulesReviewSpec,
};
use k8s_openapi::api::core::v1::Secret;
use kube::api::{ListParams, PostParams};
use kube::{Api, Client};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout};

use super::access::Access;
use super::failure::Doing;
use super::server::REQUEST_TIMEOUT;
use super::{failure, value};
use crate::listing::{self, Found, Listing};
use crate::observe::Observer;
use crate::property;
use crate::{Entry, EntryRef, Error, ErrorKind, Provider, SecretBytes, Validation, Writer};

const PROVIDER: &str = "Kubernetes";
/// Reads under way at once for one batch.
const CONCURRENCY: usize = 8;
/// How many Secrets one page of a list has.
const PAGE: u32 = 500;

/// A connected namespace of a cluster.
#[derive(Debug)]
pub struct Store {
    access: Access,
    pub(super) namespace: String,
    observer: Arc<dyn Observer>,
}

impl Store {
    /// A store that reads the Secrets of this namespace.
    pub fn new(access: Access, namespace: String, observer: Arc<dyn Observer>) -> Self {
        Self { access, namespace, observer }
    }

    /// The server's address as it is shown.
    pub(super) fn shown(&self) -> String {
        self.access.shown()
    }

    async fn entry(&self, of: &EntryRef) -> Result<Entry, Error> {
        if let Some(listing) = &of.listing {
            return self.list(listing).await;
        }
        let name = value::secret_name(of)?;
        let what = format!("secret {name:?} in namespace {:?}", self.namespace);
        let (api, name) = (self.namespace.clone(), name.to_owned());
        let get = move |client| {
            let (api, name) = (Api::<Secret>::namespaced(client, &api), name.clone());
            async move { api.get(&name).await }
        };
        let Secret { metadata, data, .. } = self.call("GetSecret", Doing::Get, &what, get).await?;
        if of.metadata {
            return Ok(Entry::Map(BTreeMap::from([
                ("labels".to_owned(), value::strings(of, metadata.labels.as_ref())?),
                ("annotations".to_owned(), value::strings(of, metadata.annotations.as_ref())?),
            ])));
        }
        let data = data.unwrap_or_default().into_iter().map(|(key, value)| (key, SecretBytes::new(value.0)));
        Ok(Entry::Map(data.collect()))
    }

    /// The names of the Secrets with these labels, or of all.
    async fn list(&self, listing: &Listing) -> Result<Entry, Error> {
        let selector: Vec<String> =
            listing.tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let params = ListParams::default().labels(&selector.join(",")).limit(PAGE);
        let what = format!("the list of secrets in namespace {:?}", self.namespace);
        let (mut found, mut token) = (Vec::new(), None);
        loop {
            let params = ListParams { continue_token: token, ..params.clone() };
            let get = |client| {
                let (api, params) = (Api::<Secret>::namespaced(client, &self.namespace), params.clone());
                async move { api.list_metadata(&params).await }
            };
            let page = self.call("ListSecrets", Doing::Get, &what, get).await?;
            let names = page.items.into_iter().filter_map(|secret| secret.metadata.name);
            found.extend(names.map(|name| Found { key: name.clone(), name, version: String::new() }));
            token = page.metadata.continue_.filter(|token| !token.is_empty());
            if token.is_none() || found.len() > listing::MOST {
                return listing::bounded(found);
            }
        }
    }

    /// Makes a request. If the server refuses the token of a ServiceAccount, once more with a fresh one.
    pub(super) async fn call<T, F>(
        &self,
        name: &'static str,
        doing: Doing,
        what: &str,
        request: impl Fn(Client) -> F + Send + Sync,
    ) -> Result<T, Error>
    where
        F: Future<Output = kube::Result<T>> + Send,
    {
        match self.once(name, doing, what, request(self.access.client().await?)).await {
            Err(error) if error.kind == ErrorKind::Unauthenticated => match self.access.fresh().await? {
                Some(client) => self.once(name, doing, what, request(client)).await,
                None => Err(error),
            },
            outcome => outcome,
        }
    }

    async fn once<T>(
        &self,
        name: &'static str,
        doing: Doing,
        what: &str,
        request: impl Future<Output = kube::Result<T>> + Send,
    ) -> Result<T, Error> {
        let began = Instant::now();
        let answer = timeout(REQUEST_TIMEOUT, request).await; // the client's own limit is between two bytes
        self.observer.call(PROVIDER, name, matches!(answer, Ok(Ok(_))), began.elapsed());
        let server = self.access.shown();
        match answer {
            Ok(answer) => answer.map_err(|error| failure::error(&server, doing, what, &error)),
            Err(_) => Err(failure::silent(&server, REQUEST_TIMEOUT)),
        }
    }

    /// Whether the rules that the server tells allow getting Secrets. It may not know all of them.
    async fn rules_allow(&self) -> Result<bool, Error> {
        let spec = SelfSubjectRulesReviewSpec { namespace: Some(self.namespace.clone()) };
        let review = SelfSubjectRulesReview { spec, ..SelfSubjectRulesReview::default() };
        let review = self.ask("CreateSelfSubjectRulesReview", &review).await?;
        Ok(review.status.is_some_and(|status| status.resource_rules.iter().any(gets_secrets)))
    }

    async fn access_allowed(&self) -> Result<bool, Error> {
        let attributes = ResourceAttributes {
            resource: Some("secrets".to_owned()),
            namespace: Some(self.namespace.clone()),
            verb: Some("get".to_owned()),
            ..ResourceAttributes::default()
        };
        let spec =
            SelfSubjectAccessReviewSpec { resource_attributes: Some(attributes), ..Default::default() };
        let review = SelfSubjectAccessReview { spec, ..SelfSubjectAccessReview::default() };
        let review = self.ask("CreateSelfSubjectAccessReview", &review).await?;
        Ok(review.status.is_some_and(|status| status.allowed))
    }

    async fn ask<K>(&self, name: &'static str, review: &K) -> Result<K, Error>
    where
        K: kube::Resource<DynamicType = ()> + Clone + Debug + Serialize + DeserializeOwned + Send + Sync,
    {
        let create = |client| {
            let review = review.clone();
            async move { Api::<K>::all(client).create(&PostParams::default(), &review).await }
        };
        self.call(name, Doing::Get, "a review of the store's rights", create).await
    }
}

/// ESO's reading of a rule.
fn gets_secrets(rule: &ResourceRule) -> bool {
    let ResourceRule { api_groups, resources, verbs, resource_names: _ } = rule;
    let has = |list: Option<&Vec<String>>, name: &str| {
        list.is_some_and(|list| list.iter().any(|item| item == name || item == "*"))
    };
    let any_group = api_groups.as_ref().is_none_or(Vec::is_empty);
    has(resources.as_ref(), "secrets")
        && has(Some(verbs), "get")
        && (any_group || has(api_groups.as_ref(), ""))
}

#[async_trait]
impl Provider for Store {
    fn name(&self) -> &'static str {
        PROVIDER
    }

    fn location(&self) -> String {
        self.access.shown()
    }

    /// Labels are asked for first, and then the name does not count.
    fn chooses_by_name(&self, listing: &Listing) -> bool {
        listing.tags.is_empty()
    }

    fn converts_found(&self) -> bool {
        true
    }

    async fn fetch(&self, entries: &[EntryRef]) -> Vec<Result<Entry, Error>> {
        let reads = entries.iter().cloned().map(|of| async move { self.entry(&of).await });
        futures::stream::iter(reads).buffered(CONCURRENCY).collect().await
    }

    fn value(&self, of: &EntryRef, entry: &Entry, property: Option<&str>) -> Result<SecretBytes, Error> {
        value::value(of, data(of, entry)?, property)
    }

    fn map(
        &self,
        of: &EntryRef,
        entry: &Entry,
        property: Option<&str>,
    ) -> Result<BTreeMap<String, SecretBytes>, Error> {
        value::map(of, data(of, entry)?, property)
    }

    /// As ESO: the rules that the server tells of, else the one question that matters. A server that lets nobody ask leaves it
    /// open.
    async fn validate(&self) -> Result<Validation, Error> {
        let allowed = match self.rules_allow().await {
            Ok(true) => Ok(true),
            Ok(false) => self.access_allowed().await,
            Err(error) => Err(error),
        };
        match allowed {
            Ok(true) => Ok(Validation::Ready),
            Ok(false) => Err(Error::new(ErrorKind::Forbidden, "client is not allowed to get secrets")),
            Err(error) if error.kind == ErrorKind::Forbidden => Ok(Validation::Undetermined),
            Err(error) => Err(error),
        }
    }

    fn writer(&self) -> Option<&dyn Writer> {
        Some(self)
    }
}

fn data<'a>(of: &EntryRef, entry: &'a Entry) -> Result<&'a value::Data, Error> {
    match entry {
        Entry::Map(data) => Ok(data),
        Entry::Value(_) | Entry::List(_) => Err(property::not_an_object(of, None)), // no entry of this provider
    }
}
