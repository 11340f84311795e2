//! PushSecrets, ClusterPushSecrets, and the Secrets that are pushed: those are watched, metadata only, as long as there is a PushSecret.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use k8s_openapi::api::core::v1::Secret;
use kube::core::PartialObjectMeta;
use kube::runtime::watcher;
use kube::{Api, Client};
use latchkey_api::push_secret::PushSecretSelector;
use latchkey_api::{ClusterPushSecret, PushSecret};
use tokio::sync::Notify;

use super::each::{Each, each};
use super::follow::{self, Sink, follow, trimmed};
use super::rows::is_edited;
use super::table::{Key, Table};
use super::{Change, Lookup};
use crate::engine::selector::selects;

/// What is known of PushSecrets.
#[derive(Debug, Default)]
pub(super) struct Pushes {
    objects: Table<PushSecret>,
    fans: Table<ClusterPushSecret>,
    sources: Table<SourceRow>,
    /// There has been a PushSecret.
    needed: Notify,
    /// The sources are all in memory, so that one that comes is new.
    listed: AtomicBool,
}

/// What is known of a Secret that may be pushed.
#[derive(Debug, PartialEq)]
pub struct SourceRow {
    resource_version: String,
    labels: BTreeMap<String, String>,
}

impl Lookup {
    /// All PushSecrets.
    pub fn push_secrets(&self) -> Vec<(Key, Arc<PushSecret>)> {
        self.pushes.objects.all()
    }

    /// The PushSecret of this name.
    pub fn push_secret(&self, key: &Key) -> Option<Arc<PushSecret>> {
        self.pushes.objects.get(key)
    }

    /// All ClusterPushSecrets.
    pub fn cluster_push_secrets(&self) -> Vec<(Key, Arc<ClusterPushSecret>)> {
        self.pushes.fans.all()
    }

    /// The ClusterPushSecret of this name.
    pub fn cluster_push_secret(&self, name: &str) -> Option<Arc<ClusterPushSecret>> {
        self.pushes.fans.get(&Key::new("", name))
    }

    /// The PushSecrets that the ClusterPushSecret with this uid has made.
    pub fn pushes_made_by(&self, uid: &str) -> Vec<Key> {
        let is_made = |object: &PushSecret| {
            let owners = object.metadata.owner_references.iter().flatten();
            owners.into_iter().any(|owner| owner.controller == Some(true) && owner.uid == uid)
        };
        let all = self.pushes.objects.all().into_iter();
        all.filter(|(_, object)| is_made(object)).map(|(key, _)| key).collect()
    }

    /// Keeps the watches of what is served.
    pub(super) async fn follow_pushes(self: &Arc<Self>, client: &Client) {
        let (objects, fans) = (PushSecrets(Arc::clone(self)), ClusterPushSecrets(Arc::clone(self)));
        if !self.scope.push_secrets {
            objects.filled();
            return fans.filled();
        }
        let api: Api<Each<PushSecret>> = self.in_scope(client);
        let secrets: Api<PartialObjectMeta<Secret>> = self.in_scope(client);
        let sources = Sources(Arc::clone(self));
        let makers: Api<Each<ClusterPushSecret>> = Api::all(client.clone());
        tokio::join!(
            async {
                match self.scope.fans_pushes_out() {
                    true => {
                        follow(|| trimmed(each(watcher(makers.clone(), follow::config()))), &fans).await;
                    }
                    false => fans.filled(),
                }
            },
            follow(|| trimmed(each(watcher(api.clone(), follow::config()))), &objects),
            async {
                self.pushes.needed.notified().await;
                follow(|| trimmed(watcher(secrets.clone(), follow::config())), &sources).await;
            },
        );
    }

    /// The PushSecrets that push a Secret of this name and these labels.
    fn pushing(&self, secret: &Key, rows: [Option<&SourceRow>; 2]) -> Vec<Key> {
        let pushes = |key: &Key, object: &PushSecret| {
            let Some(PushSecretSelector { name, selector }) = &object.spec.selector.secret else {
                return false;
            };
            let is_labelled =
                |row: &SourceRow| selector.as_ref().is_some_and(|selector| selects(selector, &row.labels));
            key.namespace() == secret.namespace()
                && match name.as_deref().filter(|name| !name.is_empty()) {
                    Some(name) => name == secret.name(),
                    None => rows.into_iter().flatten().any(is_labelled),
                }
        };
        let all = self.pushes.objects.all().into_iter();
        all.filter(|(key, object)| pushes(key, object)).map(|(key, _)| key).collect()
    }
}

/// The sink of the PushSecrets' watch.
struct PushSecrets(Arc<Lookup>);

impl Sink for PushSecrets {
    type Object = PushSecret;
    type Row = PushSecret;

    fn what(&self) -> &'static str {
        "PushSecrets"
    }

    fn table(&self) -> &Table<PushSecret> {
        &self.0.pushes.objects
    }

    fn row(&self, object: PushSecret) -> Option<(Key, PushSecret)> {
        Some((Key::new(object.metadata.namespace.as_ref()?, object.metadata.name.as_ref()?), object))
    }

    fn changed(&self, key: &Key, before: Option<Arc<PushSecret>>, now: Option<Arc<PushSecret>>) {
        if now.is_some() {
            self.0.pushes.needed.notify_one();
        }
        let edited = match (before, now) {
            (Some(was), Some(is)) => is_edited(&was.metadata, &is.metadata),
            _ => true,
        };
        self.0.tell(Change::PushSecret { key: key.clone(), edited });
    }

    fn filled(&self) {
        self.0.filled(self.what());
    }
}

/// The sink of the ClusterPushSecrets' watch.
struct ClusterPushSecrets(Arc<Lookup>);

impl Sink for ClusterPushSecrets {
    type Object = ClusterPushSecret;
    type Row = ClusterPushSecret;

    fn what(&self) -> &'static str {
        "ClusterPushSecrets"
    }

    fn table(&self) -> &Table<ClusterPushSecret> {
        &self.0.pushes.fans
    }

    fn row(&self, object: ClusterPushSecret) -> Option<(Key, ClusterPushSecret)> {
        Some((Key::new("", object.metadata.name.as_ref()?), object))
    }

    fn changed(&self, key: &Key, _: Option<Arc<ClusterPushSecret>>, _: Option<Arc<ClusterPushSecret>>) {
        self.0.tell(Change::ClusterPushSecret { name: key.name().to_owned() });
    }

    fn filled(&self) {
        self.0.filled(self.what());
    }
}

/// The sink of the watch of Secrets that may be pushed.
struct Sources(Arc<Lookup>);

impl Sink for Sources {
    type Object = PartialObjectMeta<Secret>;
    type Row = SourceRow;

    fn what(&self) -> &'static str {
        "Secrets that may be pushed"
    }

    fn table(&self) -> &Table<SourceRow> {
        &self.0.pushes.sources
    }

    fn row(&self, object: PartialObjectMeta<Secret>) -> Option<(Key, SourceRow)> {
        let metadata = object.metadata;
        let key = Key::new(metadata.namespace?, metadata.name?);
        let resource_version = metadata.resource_version.unwrap_or_default();
        Some((key, SourceRow { resource_version, labels: metadata.labels.unwrap_or_default() }))
    }

    fn changed(&self, key: &Key, before: Option<Arc<SourceRow>>, now: Option<Arc<SourceRow>>) {
        let is_listed = self.0.pushes.listed.load(Ordering::Relaxed);
        if before == now || (before.is_none() && !is_listed) {
            return;
        }
        for push in self.0.pushing(key, [before.as_deref(), now.as_deref()]) {
            self.0.tell(Change::Source { push });
        }
    }

    fn filled(&self) {
        self.0.pushes.listed.store(true, Ordering::Relaxed);
    }
}
