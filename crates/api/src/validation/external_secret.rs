//! What is wrong with an ExternalSecret.

use super::privileged::validate_template;
use crate::duration::{DurationError, GoDuration};
use crate::external_secret::{
    CreationPolicy, DataFromEntry, DeletionPolicy, ExternalSecretSpec, MergePolicy, SyncWindow,
};
use crate::schedule::{Schedule, ScheduleError};
use std::collections::BTreeSet;

/// One thing that is wrong with an ExternalSecret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// It asks for nothing.
    #[error("either data or dataFrom should be specified")]
    NoData,
    /// It would delete a Secret that is not its own.
    #[error(
        "deletionPolicy=Delete must not be used when the controller doesn't own the secret. Please set creationPolicy=Owner"
    )]
    DeleteWithoutOwner,
    /// It would remove keys from a Secret that it does not write.
    #[error(
        "deletionPolicy=Merge must not be used with creationPolicy=None. There is no Secret to merge with"
    )]
    MergeWithoutSecret,
    /// An entry of dataFrom has more than one source.
    #[error("extract, find, or generatorRef cannot be set at the same time")]
    TwoSources,
    /// An entry of dataFrom has no source.
    #[error("either extract, find, or sourceRef must be set to dataFrom")]
    NoSource,
    /// An entry of dataFrom has an empty sourceRef.
    #[error("generatorRef or storeRef must be set when using sourceRef in dataFrom")]
    EmptySourceRef,
    /// Two entries of data have the same key.
    #[error("duplicate secretKey found: {0}")]
    DuplicateKey(String),
    /// The Secret would be given a token that acts for a ServiceAccount.
    #[error(
        r#"template.type="kubernetes.io/service-account-token" with annotation "kubernetes.io/service-account.name" is not allowed"#
    )]
    ServiceAccountToken,
    /// The same, by an annotation that a template renders.
    #[error(
        r#"template.type="kubernetes.io/service-account-token" with templateFrom target="Annotations" is not allowed"#
    )]
    ServiceAccountTokenAnnotations,
    /// The Secret would let machines join the cluster.
    #[error(r#"template.type="bootstrap.kubernetes.io/token" is not allowed"#)]
    BootstrapToken,
    /// A template would write a field of a Secret that is none of the three.
    #[error(
        r#"templateFrom target={0:?} is not allowed when targeting a Secret, must be one of "Data", "Annotations" or "Labels""#
    )]
    TemplateTarget(String),
    /// The refresh interval is no duration.
    #[error("invalid refreshInterval {text:?}: {source}")]
    RefreshInterval {
        /// What it is.
        text: String,
        /// Why it is no duration.
        source: DurationError,
    },
    /// When a sync window opens is no schedule.
    #[error("invalid schedule {text:?} in sync window {index}: {source}")]
    SyncSchedule {
        /// Which window, from 0.
        index: usize,
        /// What it is.
        text: String,
        /// Why it is no schedule.
        source: ScheduleError,
    },
    /// The length of a sync window is no duration.
    #[error("invalid duration {text:?} in sync window {index}: {source}")]
    SyncWindow {
        /// Which window, from 0.
        index: usize,
        /// What it is.
        text: String,
        /// Why it is no duration.
        source: DurationError,
    },
}

impl Invalid {
    /// The field that it is about; where it is about entries of a list, the list.
    pub fn field(&self) -> &'static str {
        match self {
            Self::NoData => "spec",
            Self::DeleteWithoutOwner | Self::MergeWithoutSecret => "spec.target.deletionPolicy",
            Self::TwoSources | Self::NoSource | Self::EmptySourceRef => "spec.dataFrom",
            Self::DuplicateKey(_) => "spec.data",
            Self::ServiceAccountToken | Self::ServiceAccountTokenAnnotations | Self::BootstrapToken => {
                "spec.target.template.type"
            }
            Self::TemplateTarget(_) => "spec.target.template.templateFrom",
            Self::RefreshInterval { .. } => "spec.refreshInterval",
            Self::SyncSchedule { .. } | Self::SyncWindow { .. } => "spec.syncWindows",
        }
    }

    /// What to do about it, where the operator's own words do not say it.
    pub fn remedy(&self) -> Option<&'static str> {
        match self {
            Self::NoData => Some("say in one of them what to read"),
            Self::MergeWithoutSecret => Some("remove spec.target.deletionPolicy"),
            Self::TwoSources => Some("write an entry of spec.dataFrom for each"),
            Self::NoSource => Some("add one to each entry"),
            Self::EmptySourceRef => Some("add one, or remove sourceRef"),
            Self::DuplicateKey(_) => Some("remove one of its entries in spec.data, or rename it"),
            Self::ServiceAccountToken | Self::ServiceAccountTokenAnnotations | Self::BootstrapToken => {
                Some("such a Secret would give rights; choose another type")
            }
            Self::RefreshInterval { .. } => Some("write spec.refreshInterval as \"30s\", \"15m\" or \"24h\""),
            Self::SyncSchedule { .. } => {
                Some("write minute, hour, day, month and weekday, as in \"0 22 * * 1-5\"")
            }
            Self::SyncWindow { .. } => Some("write it as \"30m\" or \"8h\""),
            Self::DeleteWithoutOwner | Self::TemplateTarget(_) => None,
        }
    }

    /// The operator's words, and what to do.
    pub fn advice(&self) -> String {
        match self.remedy() {
            Some(remedy) => format!("{self}; {remedy}"),
            None => self.to_string(),
        }
    }
}

/// Everything that is wrong with an ExternalSecret, in the order in which External Secrets Operator finds it.
pub fn validate_external_secret(spec: &ExternalSecretSpec) -> Vec<Invalid> {
    let mut invalid = durations(spec);
    invalid.extend(policies(spec));
    if spec.data.is_empty() && spec.data_from.is_empty() {
        invalid.push(Invalid::NoData);
    }
    invalid.extend(validate_template(spec));
    invalid.extend(spec.data_from.iter().flat_map(data_from));
    if spec.deletion_policy() == DeletionPolicy::Retain {
        invalid.extend(duplicate_keys(spec));
    }
    invalid
}

fn durations(spec: &ExternalSecretSpec) -> Vec<Invalid> {
    let interval = spec.refresh_interval.iter().filter_map(|text| {
        let source = GoDuration::parse(text).err()?;
        Some(Invalid::RefreshInterval { text: text.clone(), source })
    });
    let windows = spec.sync_windows.iter().flat_map(|windows| windows.windows.iter().enumerate());
    interval.chain(windows.flat_map(|(index, window)| sync_window(index, window))).collect()
}

/// External Secrets Operator passes over a schedule that is none.
fn sync_window(index: usize, window: &SyncWindow) -> Vec<Invalid> {
    let SyncWindow { schedule, duration } = window;
    let schedule = Schedule::parse(schedule).err().map(|source| Invalid::SyncSchedule {
        index,
        text: schedule.clone(),
        source,
    });
    let duration = GoDuration::parse(duration).err().map(|source| Invalid::SyncWindow {
        index,
        text: duration.clone(),
        source,
    });
    schedule.into_iter().chain(duration).collect()
}

fn policies(spec: &ExternalSecretSpec) -> Option<Invalid> {
    match (spec.deletion_policy(), spec.creation_policy()) {
        (
            DeletionPolicy::Delete,
            CreationPolicy::Merge | CreationPolicy::None | CreationPolicy::CreateOrMerge,
        ) => Some(Invalid::DeleteWithoutOwner),
        (DeletionPolicy::Merge, CreationPolicy::None) => Some(Invalid::MergeWithoutSecret),
        // Delete with Orphan passes here and fails when there is something to delete, as it does with the operator.
        (DeletionPolicy::Delete | DeletionPolicy::Merge | DeletionPolicy::Retain, _) => None,
    }
}

/// What works until the day on which it does not: text for whoever applies it.
pub fn questionable(spec: &ExternalSecretSpec) -> impl Iterator<Item = &'static str> {
    let orphan =
        (spec.deletion_policy(), spec.creation_policy()) == (DeletionPolicy::Delete, CreationPolicy::Orphan);
    let orphan = orphan.then_some(
        "spec.target.deletionPolicy: Delete fails once the remote secret goes, as creationPolicy Orphan leaves the Secret without an owner; \
         use creationPolicy Owner, or deletionPolicy Retain",
    );
    let other = spec.target.as_ref().filter(|target| target.manifest.is_some());
    let template = other.and_then(|target| target.template.as_ref());
    let merges = template.is_some_and(|template| template.merge_policy == Some(MergePolicy::Merge));
    let merges = merges.then_some(
        "spec.target.template.mergePolicy: has no effect with target.manifest, as with External Secrets Operator; write what is to be kept \
         into the template",
    );
    orphan.into_iter().chain(merges)
}

fn data_from(entry: &DataFromEntry) -> Vec<Invalid> {
    let generator = entry.source_ref.as_ref().is_some_and(|source| source.generator_ref.is_some());
    let store = entry.source_ref.as_ref().is_some_and(|source| source.store_ref.is_some());
    let sources = [entry.extract.is_some(), entry.find.is_some(), generator];
    let mut invalid = Vec::new();
    if sources.iter().filter(|given| **given).count() > 1 {
        invalid.push(Invalid::TwoSources);
    }
    if entry.extract.is_none() && entry.find.is_none() && entry.source_ref.is_none() {
        invalid.push(Invalid::NoSource);
    }
    if entry.source_ref.is_some() && !generator && !store {
        invalid.push(Invalid::EmptySourceRef);
    }
    invalid
}

fn duplicate_keys(spec: &ExternalSecretSpec) -> Vec<Invalid> {
    let mut seen = BTreeSet::new();
    let keys = spec.data.iter().map(|entry| &entry.secret_key);
    keys.filter(|key| !seen.insert(*key)).cloned().map(Invalid::DuplicateKey).collect()
}

#[cfg(test)]
#[path = "external_secret_tests.rs"]
mod tests;
