//! `ExternalSecret`: which remote values go into which Secret, and how fresh they are kept.

mod data;
mod rewrite;
mod source;
mod status;
mod target;

pub use data::{
    ConversionStrategy, DataEntry, DataFromEntry, DecodingStrategy, Find, FindName, MetadataPolicy,
    NullBytePolicy, RemoteRef,
};
pub use rewrite::{
    MergeConflictPolicy, MergePriorityPolicy, MergeStrategy, Rewrite, RewriteMerge, RewriteRegexp,
    RewriteTransform,
};
pub use source::{GENERATOR_KINDS, GeneratorRef, SourceRef};
pub use status::{Binding, Condition, ExternalSecretStatus};
pub use target::{
    CreationPolicy, DeletionPolicy, EngineVersion, ManifestRef, MergePolicy, Target, Template, TemplateAs,
    TemplateFrom, TemplateMetadata, TemplateRef, TemplateRefItem,
};

use crate::duration::{DurationError, GoDuration};
use crate::patterns::{SCHEDULE, SUBDOMAIN};
pub use crate::store::StoreKind;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What an ExternalSecret asks for.
// Columns repeat their type, each in its own list.
#[allow(clippy::duplicated_attributes)]
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[kube(
    group = "external-secrets.io",
    version = "v1",
    kind = "ExternalSecret",
    namespaced,
    status = "ExternalSecretStatus",
    schema = "disabled",
    derive = "PartialEq",
    derive = "Default",
    shortname = "es",
    category = "external-secrets",
    selectable = ".spec.secretStoreRef.name",
    selectable = ".spec.secretStoreRef.kind",
    selectable = ".spec.target.name",
    selectable = ".spec.refreshInterval",
    printcolumn(name = "StoreType", type_ = "string", json_path = ".spec.secretStoreRef.kind"),
    printcolumn(name = "Store", type_ = "string", json_path = ".spec.secretStoreRef.name"),
    printcolumn(name = "Refresh Interval", type_ = "string", json_path = ".spec.refreshInterval"),
    printcolumn(
        name = "Status",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Ready")].reason"#
    ),
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Ready")].status"#
    ),
    printcolumn(name = "Last Sync", type_ = "date", json_path = ".status.refreshTime")
)]
#[serde(rename_all = "camelCase")]
pub struct ExternalSecretSpec {
    /// The store from which values are read, unless an entry names another one in its sourceRef.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_store_ref: Option<StoreRef>,

    /// When the Secret is written again: Periodic (the default) every refreshInterval, OnChange when this object's
    /// spec, labels or annotations change, CreatedOnce never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_policy: Option<RefreshPolicy>,

    /// How old the values may become before they are read again, as a Go duration such as "30s", "15m" or "1h30m0s".
    /// Zero reads them once. Default: "1h0m0s".
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "1h0m0s"))]
    pub refresh_interval: Option<String>,

    /// Times at which periodic refreshes are allowed or held back, in UTC. First syncs and changes are not held back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sync_windows: Option<SyncWindows>,

    /// The Secret to write.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = {"creationPolicy": "Owner", "deletionPolicy": "Retain"}))]
    pub target: Option<Target>,

    /// Single values, each under a key of the Secret. They are written after dataFrom and win over it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data: Vec<DataEntry>,

    /// Whole sets of keys and values. Later entries win over earlier ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data_from: Vec<DataFromEntry>,
}

/// A SecretStore or ClusterSecretStore, by name.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StoreRef {
    /// Name of the store.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = SUBDOMAIN), length(min = 1, max = 253))]
    pub name: Option<String>,

    /// SecretStore (the default), which lives in the namespace of the ExternalSecret, or ClusterSecretStore.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<StoreKind>,

    /// Accepted so that older manifests apply; it has no effect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

impl StoreRef {
    /// The kind that is meant: an absent one is a SecretStore.
    pub fn kind(&self) -> StoreKind {
        self.kind.unwrap_or_default()
    }
}

/// When an ExternalSecret is synced again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum RefreshPolicy {
    /// Once, and never again.
    CreatedOnce,
    /// Every refreshInterval.
    #[default]
    Periodic,
    /// When the ExternalSecret itself changes.
    OnChange,
}

/// Times at which periodic refreshes may or may not happen.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SyncWindows {
    /// allow: refresh only while a window is open. deny: refresh only while none is.
    pub kind: SyncWindowKind,

    /// The windows; at least one.
    #[schemars(length(min = 1))]
    pub windows: Vec<SyncWindow>,
}

/// What an open window means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SyncWindowKind {
    /// Refreshes happen only inside a window.
    Allow,
    /// Refreshes happen only outside of all windows.
    Deny,
}

/// One recurring window.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SyncWindow {
    /// When the window opens, in UTC: five fields of cron, or @hourly, @daily, "@every 6h" and so on.
    #[schemars(regex(pattern = SCHEDULE), length(min = 1))]
    pub schedule: String,

    /// How long it stays open, as a Go duration such as "8h".
    pub duration: String,
}

impl ExternalSecretSpec {
    /// The refresh policy that is meant: an absent one is Periodic.
    pub fn refresh_policy(&self) -> RefreshPolicy {
        self.refresh_policy.unwrap_or_default()
    }

    /// The refresh interval that is meant: an absent one is an hour.
    pub fn refresh_interval(&self) -> Result<GoDuration, DurationError> {
        self.refresh_interval.as_deref().map_or(Ok(GoDuration::HOUR), GoDuration::parse)
    }

    /// The creation policy that is meant: an absent one is Owner.
    pub fn creation_policy(&self) -> CreationPolicy {
        self.target.as_ref().and_then(|target| target.creation_policy).unwrap_or_default()
    }

    /// The deletion policy that is meant: an absent one is Retain.
    pub fn deletion_policy(&self) -> DeletionPolicy {
        self.target.as_ref().and_then(|target| target.deletion_policy).unwrap_or_default()
    }

    /// The generators that `dataFrom` names, each with the index of its entry.
    pub fn generators(&self) -> impl Iterator<Item = (usize, &GeneratorRef)> {
        self.data_from
            .iter()
            .enumerate()
            .filter_map(|(index, entry)| Some((index, entry.source_ref.as_ref()?.generator_ref.as_ref()?)))
    }

    /// The name of the Secret: the target's, or else that of the ExternalSecret.
    pub fn target_name<'a>(&'a self, external_secret: &'a str) -> &'a str {
        self.target.as_ref().and_then(|target| target.name.as_deref()).unwrap_or(external_secret)
    }
}
