//! Keys that are written twice: by two entries of an ExternalSecret, or by two ExternalSecrets.

use std::collections::{BTreeMap, BTreeSet};

use latchkey_api::external_secret::{CreationPolicy, DeletionPolicy, ExternalSecretSpec, MergePolicy};

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

/// An object that is written: its namespace, its kind by group and name, its name.
pub(super) type Written<'a> = (Option<&'a str>, (&'a str, &'a str), &'a str);

pub(super) fn written<'a>(object: &'a Object, plan: &'a Plan) -> Written<'a> {
    (object.namespace(), kind_of(plan), &plan.target.name)
}

/// Who writes which key of which object first.
pub(super) type Writers<'a> = BTreeMap<(Written<'a>, &'a str), &'a Object>;

/// Keys that another ExternalSecret puts into the same object: each writes its own over the other's at every refresh. Where two
/// own it, that is said already.
pub(super) fn merged<'a>(object: &'a Object, plan: &'a Plan, writers: &mut Writers<'a>) -> Vec<Finding> {
    match plan.target.creation {
        CreationPolicy::Merge | CreationPolicy::CreateOrMerge => {}
        CreationPolicy::Owner | CreationPolicy::Orphan | CreationPolicy::None => return Vec::new(),
    }
    let target = written(object, plan);
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

/// The keys that are known without asking a store: those of a template, and those of `data` unless the template's stand in their
/// place.
fn keys_of(plan: &Plan) -> BTreeSet<&str> {
    let template = plan.target.template.as_ref();
    let given = || template.and_then(|template| template.data.as_ref()).into_iter().flat_map(BTreeMap::keys);
    let replaces = template.is_some_and(|template| {
        let makes = given().next().is_some() || !template.template_from.is_empty();
        makes && template.merge_policy != Some(MergePolicy::Merge)
    });
    let fetched = plan.sources.iter().filter(|_| !replaces).filter_map(|source| key_of(&source.take));
    given().map(String::as_str).chain(fetched).collect()
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
