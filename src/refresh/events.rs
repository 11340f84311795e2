//! Events on ExternalSecrets and stores, in ESO's words.

use k8s_openapi::api::core::v1::ObjectReference;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use kube::{Client, Resource};
use latchkey_api::external_secret::{ExternalSecret, StoreKind};

use crate::engine::plan::StoreKey;
use crate::engine::stores::Store;
use crate::engine::{MissingEntry, Outcome, Written};
use crate::failpoint::{self, Step};

/// Event notes are at most this long (1 KiB) in the API.
const LONGEST: usize = 1024;

/// Writes events; one that cannot be written is logged and forgotten.
#[derive(Clone)]
pub struct Events {
    recorder: Recorder,
}

impl Events {
    /// As this replica.
    pub fn new(client: Client, instance: &str) -> Self {
        let reporter = Reporter { controller: "latchkey".into(), instance: Some(instance.to_owned()) };
        Self { recorder: Recorder::new(client, reporter) }
    }

    /// What a sync did.
    pub async fn synced(&self, object: &ExternalSecret, outcome: &Outcome) {
        let about = object.object_ref(&());
        let done = match outcome.written {
            Written::Created => Some(("Created", "secret created")),
            Written::Updated => Some(("Updated", "secret updated")),
            Written::Deleted => Some(("Deleted", "secret deleted due to DeletionPolicy=Delete")),
            Written::Unchanged
            | Written::Retained
            | Written::TargetMissing
            | Written::NotWanted
            | Written::Deferred
            | Written::Overtaken => None,
        };
        if let Some((reason, note)) = done {
            self.normal(&about, reason, note.to_owned()).await;
        }
        for _ in &outcome.orphans_deleted {
            self.normal(&about, "Deleted", "secret deleted because it was orphaned".to_owned()).await;
        }
        for MissingEntry { index, key, in_data: _ } in &outcome.missing {
            // ESO says `dataFrom` of `data` entries too, and whoever parses its events relies on it.
            let note = format!("secret does not exist at provider using spec.dataFrom[{index}] (key={key})");
            self.normal(&about, "MissingProviderSecret", note).await;
        }
    }

    /// Why a sync failed.
    pub async fn failed(&self, object: &ExternalSecret, text: &str) {
        self.write(EventType::Warning, &object.object_ref(&()), "UpdateFailed", text.to_owned()).await;
    }

    /// What a store's validation told, where that has changed.
    pub async fn store(&self, store: &Store, reason: &str, valid: bool, text: &str) {
        let StoreKey { kind, namespace, name } = &store.key;
        let about = ObjectReference {
            api_version: Some(format!("{}/{}", latchkey_api::GROUP, latchkey_api::VERSION)),
            kind: Some(match kind {
                StoreKind::SecretStore => "SecretStore".into(),
                StoreKind::ClusterSecretStore => "ClusterSecretStore".into(),
            }),
            name: Some(name.clone()),
            namespace: namespace.clone(),
            uid: Some(store.uid.clone()),
            ..ObjectReference::default()
        };
        let type_ = if valid { EventType::Normal } else { EventType::Warning };
        self.write(type_, &about, reason, text.to_owned()).await;
    }

    async fn normal(&self, about: &ObjectReference, reason: &str, note: String) {
        self.write(EventType::Normal, about, reason, note).await;
    }

    async fn write(&self, type_: EventType, about: &ObjectReference, reason: &str, mut note: String) {
        let end =
            (0..=LONGEST.min(note.len())).rev().find(|at| note.is_char_boundary(*at)).unwrap_or_default();
        note.truncate(end);
        let event = Event {
            type_,
            reason: reason.to_owned(),
            note: Some(note),
            action: reason.to_owned(),
            secondary: None,
        };
        let publish = self.recorder.publish(&event, about);
        let of = |part: &Option<String>| part.clone().unwrap_or_default();
        let (namespace, name) = (of(&about.namespace), of(&about.name));
        if let Err(error) = failpoint::around(Step::Event, &namespace, &name, publish).await {
            tracing::debug!(%error, reason, "cannot write an event");
        }
    }
}
