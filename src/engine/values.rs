//! From a plan to the remote values that it names: each store is opened once, all stores at the same time.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use latchkey_api::external_secret::Template;
use latchkey_provider::{EntryRef, ErrorKind, Provider, SecretBytes};
use tokio::time::Instant;

use super::convert::Data;
use super::fetch::Terms;
use super::find::Findings;
use super::flight::Answer;
use super::message;
use super::plan::{Plan, Source, StoreKey};
use super::render::{self, Object, ObjectKind, Objects};
use super::resolve::Opened;
use super::select::Fetched;
use super::{Beside, Deadline, Engine, Error};

/// What one store gave.
#[derive(Debug)]
struct Given {
    /// The client, which knows how a property is looked up in an entry.
    provider: Arc<dyn Provider>,
    /// What came of each entry.
    answers: HashMap<EntryRef, Answer>,
    /// What was found.
    found: Findings,
}

/// What all stores of a plan gave.
#[derive(Debug)]
pub struct Values(HashMap<StoreKey, Given>);

impl Values {
    /// What came of this source's entry.
    pub fn of(&self, source: &Source) -> Option<Fetched<'_>> {
        let Given { provider, answers, found } = self.0.get(&source.store)?;
        if source.entry.listing.is_some() {
            let entry = found.get(&source.at)?.as_ref();
            return Some(Fetched { provider: &**provider, entry });
        }
        let entry = answers.get(&source.entry)?.as_ref().map(|read| &*read.entry);
        Some(Fetched { provider: &**provider, entry })
    }

    /// The age, at that moment, of the oldest value whose read had begun before it; none if all were read since.
    pub fn oldest(&self, at: Instant) -> Option<Duration> {
        let answers = self.0.values().flat_map(|given| given.answers.values());
        let reads = answers.filter_map(|answer| answer.as_ref().ok());
        reads.filter(|read| read.started < at).map(|read| at - read.started).max()
    }
}

impl Engine {
    /// Everything that the plan names. A store that cannot be opened fails the whole; the first in the plan's order is
    /// named. What single entries fail with is in the answers.
    pub(super) async fn fetch(
        &self,
        plan: &Plan,
        terms: Terms,
        beside: Option<&Beside>,
    ) -> Result<Values, Error> {
        let wanted = by_store(plan);
        let fetching = wanted.iter().map(|(key, entries)| async {
            let beside =
                beside.filter(|beside| beside.store == *key).map_or(&[][..], |beside| &beside.entries);
            let one = self.fetch_store(plan, key, (entries, beside), terms);
            let fetched = tokio::time::timeout_at(terms.deadline.instant(), one).await;
            fetched.unwrap_or_else(|_| Err(message::too_late(key))).map(|fetched| (key.clone(), fetched))
        });
        let fetched: Result<_, _> = join_all(fetching).await.into_iter().collect();
        fetched.map(Values)
    }

    async fn fetch_store(
        &self,
        plan: &Plan,
        key: &StoreKey,
        (entries, beside): (&[EntryRef], &[EntryRef]),
        terms: Terms,
    ) -> Result<Given, Error> {
        let opening = tokio::time::timeout_at(terms.deadline.instant(), self.open(plan, key)).await;
        let mut opened = opening.unwrap_or_else(|_| Err(message::not_opened(key)))?;
        let limits = self.admit_keys(plan, &opened).await?;
        let beside = if limits.are_none() { beside } else { &[] };
        let answers = self.read_well(&mut opened, entries, beside, terms).await;
        let answers = entries.iter().cloned().zip(answers).collect();
        let found = self.find(plan, &mut opened, &answers, (&limits, terms)).await;
        Ok(Given { provider: opened.reader.provider, answers, found })
    }

    /// Reads, and once more where that may help.
    pub(super) async fn read_well(
        &self,
        opened: &mut Opened,
        entries: &[EntryRef],
        beside: &[EntryRef],
        terms: Terms,
    ) -> Vec<Answer> {
        let mut answers = self.inner.shared.read_with(&opened.reader, entries, beside, terms).await;
        self.log_in_again(opened, entries, terms, &mut answers).await;
        self.inner.shared.second_try(&opened.reader, entries, terms, &mut answers).await;
        answers
    }

    /// Once, with credentials that are read anew, if the store has refused those we had.
    async fn log_in_again(
        &self,
        opened: &mut Opened,
        entries: &[EntryRef],
        terms: Terms,
        answers: &mut [Answer],
    ) {
        let refused = |error: &latchkey_provider::Error| error.kind == ErrorKind::Unauthenticated;
        if !answers.iter().any(|answer| answer.as_ref().is_err_and(refused)) {
            return;
        }
        match self.reopen(opened).await {
            Ok(()) => self.inner.shared.read_again(&opened.reader, entries, terms, answers, refused).await,
            Err(error) => answers
                .iter_mut()
                .filter(|answer| answer.as_ref().is_err_and(refused))
                .for_each(|answer| *answer = Err(error.clone())),
        }
    }
}

impl Engine {
    /// The ConfigMaps and Secrets that hold the plan's templates.
    pub(super) async fn template_objects(
        &self,
        namespace: &str,
        template: Option<&Template>,
        deadline: Deadline,
    ) -> Result<Objects, Error> {
        let mut objects = Objects::new();
        for object in render::objects(template) {
            let reading = self.template_object(namespace, &object);
            let late = |_| Err(message::cluster(&unread(&object), "time ran out before it had answered"));
            let data = tokio::time::timeout_at(deadline.instant(), reading).await.unwrap_or_else(late)?;
            objects.insert(object, data);
        }
        Ok(objects)
    }

    /// Its data; none if there is no such object.
    async fn template_object(&self, namespace: &str, object: &Object) -> Result<Option<Data>, Error> {
        let cluster = &self.inner.cluster;
        let read = match object.kind {
            ObjectKind::ConfigMap => cluster
                .config_map(namespace, &object.name)
                .await
                .map(|texts| texts.into_iter().map(|(key, text)| (key, SecretBytes::from(text))).collect()),
            ObjectKind::Secret => cluster.secret(namespace, &object.name).await,
        };
        match read {
            Ok(data) => Ok(Some(data)),
            Err(error) if error.kind == ErrorKind::ClusterApi => {
                Err(message::cluster(&unread(object), &error.message))
            }
            Err(_) => Ok(None),
        }
    }
}

fn unread(object: &Object) -> String {
    format!("{} {:?} could not be read", object.kind, object.name)
}

/// The plan's entries by store, each once, both in the plan's order.
fn by_store(plan: &Plan) -> Vec<(StoreKey, Vec<EntryRef>)> {
    let mut wanted: Vec<(StoreKey, Vec<EntryRef>)> = Vec::new();
    for source in &plan.sources {
        match wanted.iter_mut().find(|(key, _)| *key == source.store) {
            Some((_, entries)) if entries.contains(&source.entry) => {}
            Some((_, entries)) => entries.push(source.entry.clone()),
            None => wanted.push((source.store.clone(), vec![source.entry.clone()])),
        }
    }
    wanted
}
