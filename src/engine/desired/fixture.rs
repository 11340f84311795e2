//! A good default for tests: one ExternalSecret, what it renders to, and the API server's part.

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{
    FieldsV1, ManagedFieldsEntry, ObjectMeta, OwnerReference,
};
use latchkey_api::external_secret::{
    CreationPolicy, DeletionPolicy, ExternalSecret, ExternalSecretSpec, Target,
};
use latchkey_provider::SecretBytes;
use serde_json::{Map, Value, json};

use super::super::error::Error;
use super::super::hash;
use super::super::job::Stage;
use super::super::render::Rendered;
use super::{Desired, Sealed, Wanted, desired};

pub const MANAGER: &str = "externalsecrets.external-secrets.io/app";

/// One sync: change what the claim is about, then ask what is desired.
#[derive(Clone)]
pub struct Case {
    pub rendered: Rendered,
    pub external_secret: ExternalSecret,
    pub stage: Stage,
    pub replaces: Option<String>,
    pub existing: Option<Secret>,
}

pub fn now() -> Timestamp {
    "2026-08-08T10:00:00Z".parse().expect("a time")
}

/// ExternalSecret `app` in namespace `team`, stored, that gives Secret `db` one key; nothing exists.
pub fn case() -> Case {
    let mut external_secret = ExternalSecret::new("app", ExternalSecretSpec::default());
    external_secret.spec.target = Some(Target { name: Some("db".into()), ..Target::default() });
    external_secret.metadata.namespace = Some("team".into());
    external_secret.metadata.uid = Some("es-uid".into());
    external_secret.metadata.resource_version = Some("10".into());
    let rendered = Rendered {
        namespace: "team".into(),
        external_secret: "app".into(),
        name: "db".into(),
        creation: CreationPolicy::Owner,
        deletion: DeletionPolicy::Retain,
        immutable: false,
        type_: None,
        labels: strings(&[("tier", "backend")]),
        annotations: strings(&[("note", "n")]),
        finalizers: vec![],
        data: BTreeMap::from([("password".into(), SecretBytes::from("hunter2"))]),
        provider_empty: false,
        missing: vec![],
        doubts: vec![],
        made: Default::default(),
        computed: Default::default(),
        failed: None,
        renew: false,
        manifest: None,
    };
    Case { rendered, external_secret, stage: Stage::Stored, replaces: None, existing: None }
}

impl Case {
    pub fn at(mut self, stage: Stage) -> Self {
        self.stage = stage;
        self
    }

    /// As an update of this one, which is stored.
    pub fn replacing(mut self, stored: &ExternalSecret) -> Self {
        self.replaces = stored.metadata.resource_version.clone();
        self.at(Stage::Update)
    }

    pub fn under(mut self, creation: CreationPolicy) -> Self {
        self.rendered.creation = creation;
        let target = self.external_secret.spec.target.get_or_insert_default();
        target.creation_policy = Some(creation);
        self
    }

    pub fn over(mut self, existing: Secret) -> Self {
        self.existing = Some(existing);
        self
    }

    pub fn giving(mut self, data: &[(&str, &str)]) -> Self {
        let entry = |(key, value): &(&str, &str)| ((*key).to_owned(), SecretBytes::from(*value));
        self.rendered.data = data.iter().map(entry).collect();
        self
    }

    pub fn desired(&self) -> Result<Desired, Error> {
        let Self { rendered, external_secret, stage, replaces, existing } = self;
        let over = replaces.as_deref();
        let wanted = Wanted { rendered, external_secret, stage: *stage, over, now: now(), cached: None };
        desired(existing.as_ref(), &wanted)
    }

    /// What is written, as it stands in the cluster afterwards.
    pub fn written(&self) -> Secret {
        match self.desired() {
            Ok(Desired::Create(secret) | Desired::Update(secret)) => {
                stored(&secret, self.existing.as_ref(), &hash::field_manager(&self.rendered.external_secret))
            }
            other => panic!("nothing is written: {other:?}"),
        }
    }
}

/// The API server's part of a write: uid, resourceVersion, and who wrote which field.
pub fn stored(secret: &Sealed, before: Option<&Secret>, manager: &str) -> Secret {
    let mut stored = Secret::clone(secret);
    stored.metadata.uid = Some("secret-uid".into());
    stored.metadata.resource_version = Some("7".into());
    stored.type_.get_or_insert_with(|| "Opaque".into());
    let fields = json!({
        "f:data": changed(stored.data.as_ref(), before.and_then(|before| before.data.as_ref())),
        "f:metadata": {
            "f:labels": changed(stored.metadata.labels.as_ref(), before.and_then(|b| b.metadata.labels.as_ref())),
            "f:annotations":
                changed(stored.metadata.annotations.as_ref(), before.and_then(|b| b.metadata.annotations.as_ref())),
        },
    });
    let entry = ManagedFieldsEntry {
        manager: Some(manager.to_owned()),
        fields_v1: Some(FieldsV1(fields)),
        ..ManagedFieldsEntry::default()
    };
    stored.metadata.managed_fields.get_or_insert_default().push(entry);
    stored
}

fn changed<V: PartialEq>(now: Option<&BTreeMap<String, V>>, before: Option<&BTreeMap<String, V>>) -> Value {
    let none = BTreeMap::new();
    let before = before.unwrap_or(&none);
    let new = now.into_iter().flatten().filter(|(key, value)| before.get(*key) != Some(value));
    let fields: Map<String, Value> = new.map(|(key, _)| (format!("f:{key}"), json!({}))).collect();
    Value::Object(fields)
}

/// A Secret `db` that somebody made with kubectl.
pub fn foreign(data: &[(&str, &str)]) -> Secret {
    let mut secret = Sealed::default();
    secret.metadata.name = Some("db".into());
    secret.metadata.namespace = Some("team".into());
    let entry = |(key, value): &(&str, &str)| ((*key).to_owned(), ByteString(value.as_bytes().to_vec()));
    secret.data = Some(data.iter().map(entry).collect());
    stored(&secret, None, "kubectl-create")
}

/// The same, with the label of a managed one.
pub fn managed(data: &[(&str, &str)]) -> Secret {
    let mut secret = foreign(data);
    secret.metadata.labels = Some(strings(&[(super::ownership::MANAGED, "true")]));
    secret
}

pub fn owner(api_version: &str, kind: &str, name: &str, uid: &str) -> OwnerReference {
    OwnerReference {
        api_version: api_version.into(),
        kind: kind.into(),
        name: name.into(),
        uid: uid.into(),
        controller: Some(true),
        block_owner_deletion: Some(true),
    }
}

pub fn owned_by(mut secret: Secret, reference: OwnerReference) -> Secret {
    secret.metadata.owner_references = Some(vec![reference]);
    secret
}

pub fn strings(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
    entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// The data as text.
pub fn data(secret: &Secret) -> BTreeMap<String, String> {
    let entry = |(key, value): (&String, &ByteString)| {
        (key.clone(), String::from_utf8(value.0.clone()).expect("test values are text"))
    };
    secret.data.iter().flatten().map(entry).collect()
}

pub fn annotation<'a>(metadata: &'a ObjectMeta, key: &str) -> Option<&'a str> {
    metadata.annotations.as_ref()?.get(key).map(String::as_str)
}
