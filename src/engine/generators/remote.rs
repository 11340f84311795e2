//! Generators that ask a service: when they may, and what comes of what was made.

use std::time::Duration;

use jiff::Timestamp;
use latchkey_api::external_secret::ExternalSecret;
use latchkey_api::generator::Remote;
use serde_json::Value;

use super::known::Known;
use super::memory::Asked;
use super::states::{self, Kept, Owner, Written};
use crate::engine::convert::Data;
use crate::engine::plan::{Generated, GeneratorKey};
use crate::engine::{Effects, Engine, Error, Job, Stage, message};

/// On whose behalf generators are asked, and how far that may go.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct Asking<'a> {
    /// Who asks.
    pub of: &'a ExternalSecret,
    /// Where in its life it is.
    pub stage: Stage,
    /// Whether in earnest.
    pub effects: Effects,
    /// How long ago a service may have made the value.
    pub max_age: Duration,
    /// Whether another value is wanted in place of the one that there is.
    pub renew: bool,
    /// The generators that have been read already.
    pub known: &'a Known,
}

impl<'a> Asking<'a> {
    /// As a sync has it.
    pub(in crate::engine) fn of(job: &'a Job) -> Self {
        let Job { external_secret, stage, effects, max_age, renew, generators, .. } = job;
        let (stage, effects, max_age) = (*stage, *effects, *max_age);
        Self { of: external_secret, stage, effects, max_age, renew: *renew, known: generators }
    }

    /// Why a service is not asked yet, if it is not: a dry run has it make nothing, and what it keeps is made for what is
    /// stored alone, as nobody could be named who owns it.
    pub(super) fn put_off(&self, entry: &Generated, generator: &Remote) -> Option<String> {
        let key = &entry.key;
        if self.effects == Effects::DryRun {
            return Some(message::generator_not_tried(key));
        }
        (self.stage.is_admission() && generator.kind().is_stateful()).then(|| message::generator_put_off(key))
    }

    fn owner(&self) -> Owner {
        let metadata = &self.of.metadata;
        Owner {
            api_version: format!("{}/{}", latchkey_api::GROUP, latchkey_api::VERSION),
            kind: "ExternalSecret".to_owned(),
            name: metadata.name.clone().unwrap_or_default(),
            uid: metadata.uid.clone().unwrap_or_default(),
        }
    }
}

/// Something that a service keeps and that has been written down, until it is known whether it is used.
#[derive(Debug)]
pub(in crate::engine) struct Line {
    written: Written,
    /// What is remembered of it once it is in use, if anything.
    remembered: Option<(Asked, Data)>,
}

impl Engine {
    /// What the service makes, or made for the same asker a moment ago. What it keeps is written down in `books` first.
    pub(super) async fn made_by_service(
        &self,
        asking: &Asking<'_>,
        (entry, generator, spec): (&Generated, &Remote, &Value),
        books: &mut Vec<Line>,
    ) -> Result<Data, Error> {
        let namespace = asking.of.metadata.namespace.as_deref().unwrap_or_default();
        let asked = Asked::new(asking.of, entry, generator);
        // What a service keeps is in use until another one is asked for, however old it is.
        let max_age = match (generator.kind().is_stateful(), asking.renew) {
            (true, true) => Duration::ZERO,
            (true, false) => Duration::MAX,
            (false, _) => asking.max_age,
        };
        if let Some(values) = self.inner.memory.get(&asked, max_age) {
            return Ok(values);
        }
        let made = self.inner.connector.generate(generator, namespace).await;
        let made = made.map_err(|why| message::generator_failed(&entry.key, &why))?;
        match made.state {
            None => self.inner.memory.keep(asked, &made.data, None),
            Some(state) => {
                let manifest = states::manifest(generator, &entry.key, namespace, spec);
                let kept = Kept::new(namespace, &asking.owner(), &entry.index.to_string(), manifest, state);
                let written = self.written_down(generator, &kept).await?;
                books.push(Line { written, remembered: Some((asked, made.data.clone())) });
            }
        }
        Ok(made.data)
    }

    /// Says what is wrong with a generator that is not asked now, as far as that shows without its service.
    pub(super) async fn tried(
        &self,
        namespace: &str,
        key: &GeneratorKey,
        generator: &Remote,
    ) -> Result<(), Error> {
        let tried = self.inner.connector.try_generator(generator, namespace).await;
        tried.map_err(|why| message::generator_failed(key, &why))
    }

    /// What the service makes to be pushed. A value that is pushed is made for that, so nothing is remembered.
    pub(super) async fn made_to_be_pushed(
        &self,
        (namespace, owner): (&str, &Owner),
        (key, generator, spec): (&GeneratorKey, &Remote, &Value),
        books: &mut Vec<Line>,
    ) -> Result<Data, Error> {
        let made = self.inner.connector.generate(generator, namespace).await;
        let made = made.map_err(|why| message::generator_failed(key, &why))?;
        if let Some(state) = made.state {
            let manifest = states::manifest(generator, key, namespace, spec);
            let kept = Kept::new(namespace, owner, states::PUSHED, manifest, state);
            let written = self.written_down(generator, &kept).await?;
            books.push(Line { written, remembered: None });
        }
        Ok(made.data)
    }

    /// What cannot be written down is undone at once.
    async fn written_down(&self, generator: &Remote, kept: &Kept) -> Result<Written, Error> {
        match self.inner.states.write(kept).await {
            Ok(written) => Ok(written),
            Err(error) => {
                let undone = self.inner.connector.revoke(generator, &kept.state, &kept.namespace).await;
                if let Err(why) = undone {
                    tracing::warn!(%why, kind = generator.kind().name(), namespace = kept.namespace, "what a service has made could neither be written down nor undone");
                }
                Err(error)
            }
        }
    }

    /// Says what has become of what services keep: it is in use, and what was in use before goes after a while; or it is not,
    /// and goes at once.
    pub(in crate::engine) async fn close(&self, books: Vec<Line>, used: bool) {
        for Line { written, remembered } in books {
            let written = &written;
            if let Some((asked, values)) = remembered.filter(|_| used) {
                self.inner.memory.keep(asked, &values, Some(&written.name));
            }
            let said = match used {
                true => self.inner.states.supersede(written, self.end_of_grace()).await,
                false => self.inner.states.discard(written, Timestamp::now()).await,
            };
            if let Err(error) = said {
                tracing::warn!(state = written.name, namespace = written.namespace, %error, "cannot say what has become of it; the next use sees to it");
            }
        }
    }

    /// Nothing takes the place of what was written down under this name, and it is not in use any more: it goes after a while.
    ///
    /// # Errors
    /// The API server does not take it.
    pub async fn retire(&self, written: &Written) -> Result<(), Error> {
        self.inner.states.discard(written, self.end_of_grace()).await
    }

    /// When what is not in use any more may go.
    fn end_of_grace(&self) -> Timestamp {
        Timestamp::now() + self.inner.shared.settings.generator_gc_grace_period
    }

    /// Tells the service that what it made is of no use any more: by the generator's manifest of then.
    ///
    /// # Errors
    /// The manifest is none of a generator, or the service does not answer or refuses.
    pub async fn revoke(&self, namespace: &str, resource: &Value, state: &Value) -> Result<(), Error> {
        let (key, generator) = states::read(resource, namespace)?;
        let revoked = self.inner.connector.revoke(&generator, state, namespace).await;
        revoked.map_err(|why| message::generator_failed(&key, &why))
    }

    /// What this GeneratorState speaks of is of no use from now on: nobody is given it again.
    pub fn forget_made(&self, namespace: &str, state: &str) {
        self.inner.memory.forget(namespace, state);
    }
}

#[cfg(test)]
#[path = "remote_tests.rs"]
mod tests;
