//! Keys that are written twice: by two entries of an ExternalSecret, or by two ExternalSecrets.

use std::collections::{BTreeMap, BTreeSet};

use latchkey_api::external_secret::{CreationPolicy, DeletionPolicy, ExternalSecretSpec};

use super::check::placed;
use super::finding::{Finding, Kind, Severity};
use crate::cli::manifests::Object;
use crate::engine::plan::{Plan, Take};

/// Keys that stand twice where that is no error: External Secrets Operator refuses them under `deletionPolicy: Retain` alone.
pub(super) fn twice(object: &Object, spec: &ExternalSecretSpec, at: &str) -> Vec<Finding> {
    if spec.deletion_policy() == DeletionPolicy::Retain {
        return Vec::new();
    }
    let mut first = BTreeMap::new();
    let again = spec.data.iter().enumerate().filter_map(|(index, entry)| {
        let earlier = *first.entry(&entry.secret_key).or_insert(index);
        let said = || {
            format!(
                "spec.data[{index}].secretKey: {:?} is that of spec.data[{earlier}] too, and the last one is taken; remove the \
                 other",
                entry.secret_key
            )
        };
        (earlier != index).then(|| Finding::of(object, Severity::Warning, Kind::DuplicateKey, placed(at, said())))
    });
    again.collect()
}

/// Who writes which key of which object first.
pub(super) type Writers<'a> = BTreeMap<((Option<&'a str>, (&'a str, &'a str), &'a str), &'a str), &'a Object>;

/// Keys that another ExternalSecret puts into the same object: each writes its own over the other's at every refresh. Where two
/// own it, that is said already.
pub(super) fn merged<'a>(object: &'a Object, plan: &'a Plan, writers: &mut Writers<'a>) -> Vec<Finding> {
    match plan.target.creation {
        CreationPolicy::Merge | CreationPolicy::CreateOrMerge => {}
        CreationPolicy::Owner | CreationPolicy::Orphan | CreationPolicy::None => return Vec::new(),
    }
    let target = (object.namespace(), kind_of(plan), plan.target.name.as_str());
    let mut findings = Vec::new();
    for key in keys_of(plan) {
        let writer = *writers.entry((target, key)).or_insert(object);
        if writer.name() != object.name() {
            let said = format!(
                "spec.target.name: {} puts a key {key:?} into the {} {:?} too ({}:{}); give each its own",
                writer.title(),
                kind_of(plan).1,
                plan.target.name,
                writer.file,
                writer.lines.of("")
            );
            findings.push(Finding::of(object, Severity::Warning, Kind::DuplicateKey, said));
        }
    }
    findings
}

/// The keys that are known without asking a store: those of a template, which stand in the place of others, or of `data`.
fn keys_of(plan: &Plan) -> BTreeSet<&str> {
    let of_template = plan.target.template.as_ref();
    let data = of_template.and_then(|template| template.data.as_ref());
    match data.filter(|data| !data.is_empty()) {
        Some(data) => data.keys().map(String::as_str).collect(),
        None => plan.sources.iter().filter_map(|source| key_of(&source.take)).collect(),
    }
}

fn key_of(take: &Take) -> Option<&str> {
    match take {
        Take::Value { secret_key, decoding: _, null_bytes: _ } => Some(secret_key),
        Take::Found { .. } | Take::Map { .. } => None, // only the store knows
    }
}

/// What kind of object a plan writes: its group and its name.
pub(super) fn kind_of(plan: &Plan) -> (&str, &str) {
    match &plan.target.manifest {
        Some(of) => (of.api_version.split_once('/').map_or("", |(group, _)| group), &of.kind),
        None => ("", "Secret"),
    }
}
