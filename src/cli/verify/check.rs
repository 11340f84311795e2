//! Everything that is known to be wrong with an object before a cluster is asked.

use std::collections::{BTreeMap, BTreeSet};

use latchkey_api::ClusterExternalSecret;
use latchkey_api::external_secret::{
    CreationPolicy, DeletionPolicy, ExternalSecret, ExternalSecretSpec, MergePolicy, StoreKind,
};
use latchkey_api::push_secret::{ClusterPushSecret, PUSH_VERSION, PushSecret};
use latchkey_api::store::{ClusterSecretStore, SecretStore, SecretStoreSpec};
use latchkey_api::validation::{Ignored, ignored_fields, validate_external_secret, validate_store};
use latchkey_api::{GROUP, OLD_VERSION, VERSION};
use serde::de::DeserializeOwned;

use super::finding::{Finding, Kind, Severity};
use super::schema;
use crate::admission::cluster_external_secret::judge;
use crate::admission::store::bad_patterns;
use crate::admission::{cluster_push_secret, push_secret};
use crate::cli::manifests::Object;
use crate::engine::plan::{Plan, StoreKey, Take, pattern_faults, template_faults};
use crate::engine::render::Faults;
use crate::engine::work;

/// The namespace of an object that names none, as far as its plan needs one.
pub(crate) const NO_NAMESPACE: &str = "default";

/// One object as far as it was understood.
pub(super) enum Known {
    /// An ExternalSecret that can be planned.
    Plan(Box<Plan>),
    /// A store.
    Store(StoreKey),
}

/// What is wrong with one object, and what it is. Objects of other groups are nobody's business here.
pub(super) fn object(object: &Object) -> (Vec<Finding>, Option<Known>) {
    let Some((GROUP, version)) = object.text("/apiVersion").split_once('/') else {
        return (Vec::new(), None);
    };
    let kind = object.kind();
    let Some(faults) = schema::check(kind, &object.value) else {
        let said = format!("kind: latchkey does not serve {kind:?}: nobody here acts on it; remove it");
        return (vec![Finding::of(object, Severity::Error, Kind::Unserved, said)], None);
    };
    let (newest, versions): (_, &[&str]) = match kind {
        "PushSecret" | "ClusterPushSecret" => (PUSH_VERSION, &[PUSH_VERSION]),
        _ => (VERSION, &[VERSION, OLD_VERSION]),
    };
    if !versions.contains(&version) {
        let said =
            format!("apiVersion: latchkey does not serve {version:?} of this kind; write {GROUP}/{newest}");
        return (vec![Finding::of(object, Severity::Error, Kind::Unserved, said)], None);
    }
    let fault =
        |(kind, field, message)| Finding::of(object, Severity::Error, kind, format!("{field}: {message}"));
    let mut findings: Vec<_> = faults.into_iter().map(fault).collect();
    if findings.iter().any(|finding| finding.kind != Kind::UnknownField) {
        return (findings, None);
    }
    let (more, known) = work::bounded(|| match kind {
        "ExternalSecret" => typed(object, external_secret),
        "ClusterSecretStore" => typed(object, |object, store: ClusterSecretStore| {
            self::store(object, StoreKind::ClusterSecretStore, &store.spec)
        }),
        "ClusterExternalSecret" => typed(object, |object, fan: ClusterExternalSecret| {
            let wrong = judge(object.name(), &fan.spec).err();
            let said = |error| Finding::of(object, Severity::Error, Kind::of(&error), error.to_string());
            (wrong.into_iter().map(said).collect(), None)
        }),
        "PushSecret" => typed(object, |object, push: PushSecret| {
            sentences(object, push_secret::faults("spec", &push.spec))
        }),
        "ClusterPushSecret" => typed(object, |object, fan: ClusterPushSecret| {
            sentences(object, cluster_push_secret::faults(&fan.spec))
        }),
        _ => typed(object, |object, store: SecretStore| {
            self::store(object, StoreKind::SecretStore, &store.spec)
        }),
    });
    findings.extend(more);
    (findings, known)
}

type Checked = (Vec<Finding>, Option<Known>);

fn typed<T: DeserializeOwned>(object: &Object, then: impl FnOnce(&Object, T) -> Checked) -> Checked {
    match T::deserialize(&object.value) {
        Ok(read) => then(object, read),
        Err(_) => {
            let said = format!("it cannot be read as {}; compare it with the reference", object.kind());
            (vec![Finding::of(object, Severity::Error, Kind::WrongType, said)], None)
        }
    }
}

/// What admission would refuse it for.
fn sentences(object: &Object, said: Vec<String>) -> Checked {
    let found = |said| Finding::of(object, Severity::Error, Kind::InvalidSpec, said);
    (said.into_iter().map(found).collect(), None)
}

fn external_secret(object: &Object, mut read: ExternalSecret) -> Checked {
    let found = |severity, kind, said: String| Finding::of(object, severity, kind, said);
    let mut findings = Vec::new();
    let invalid = validate_external_secret(&read.spec);
    findings
        .extend(invalid.iter().map(|invalid| found(Severity::Error, Kind::InvalidSpec, invalid.to_string())));
    let Faults { broken, unfetched, doubts } = template_faults(&read.spec);
    findings.extend(broken.iter().map(|error| found(Severity::Error, Kind::of(error), error.to_string())));
    findings
        .extend(unfetched.iter().map(|error| found(Severity::Error, Kind::UnfetchedKey, error.to_string())));
    findings
        .extend(doubts.iter().map(|error| found(Severity::Warning, Kind::UnfetchedKey, error.to_string())));
    let patterns = pattern_faults(&read.spec);
    findings.extend(patterns.iter().map(|error| found(Severity::Error, Kind::Pattern, error.to_string())));
    findings.extend(ignored(object, &read.spec));
    findings.extend(twice(object, &read.spec));
    if read.metadata.name.is_none() && read.metadata.generate_name.is_some() {
        read.metadata.name.clone_from(&read.metadata.generate_name);
    }
    read.metadata.namespace.get_or_insert_with(|| NO_NAMESPACE.to_owned());
    match Plan::try_from(&read) {
        Ok(plan) => (findings, Some(Known::Plan(Box::new(plan)))),
        Err(error) => {
            // It is the first of those above, or one that only planning finds.
            let more = found(Severity::Error, Kind::of(&error), error.to_string());
            let known =
                findings.iter().any(|finding| finding.message == more.message && finding.field == more.field);
            findings.extend((!known && invalid.is_empty()).then_some(more));
            (findings, None)
        }
    }
}

fn store(object: &Object, kind: StoreKind, spec: &SecretStoreSpec) -> Checked {
    let found = |severity, kind, said: String| Finding::of(object, severity, kind, said);
    let namespace = match kind {
        StoreKind::SecretStore => Some(object.namespace().unwrap_or(NO_NAMESPACE)),
        StoreKind::ClusterSecretStore => None,
    };
    let validation = validate_store(kind, namespace, spec);
    let patterns = bad_patterns(spec).into_iter().map(|said| found(Severity::Error, Kind::Pattern, said));
    let errors =
        validation.errors.iter().map(|error| found(Severity::Error, Kind::InvalidSpec, error.to_string()));
    let warnings = validation.warnings.iter();
    let warnings = warnings.map(|warning| {
        found(Severity::Warning, Kind::Questionable, warning.message(object.name()).to_string())
    });
    let findings = patterns.chain(errors).chain(warnings).chain(ignored(object, spec)).collect();
    let key =
        StoreKey { kind, namespace: object.namespace().map(str::to_owned), name: object.name().to_owned() };
    (findings, Some(Known::Store(key)))
}

fn ignored(object: &Object, spec: &impl Ignored) -> Vec<Finding> {
    let found = |field: &&str| {
        let said = format!("{field}: has no effect; remove it");
        Finding::of(object, Severity::Warning, Kind::Questionable, said)
    };
    ignored_fields(spec).iter().map(found).collect()
}

/// Keys that stand twice where that is no error: External Secrets Operator refuses them under `deletionPolicy: Retain` alone.
fn twice(object: &Object, spec: &ExternalSecretSpec) -> Vec<Finding> {
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
        (earlier != index).then(|| Finding::of(object, Severity::Warning, Kind::DuplicateKey, said()))
    });
    again.collect()
}

/// What is wrong between the objects of a set.
pub(super) fn together(all: &[(&Object, Known)]) -> Vec<Finding> {
    let stores: Vec<_> = all
        .iter()
        .filter_map(|(_, known)| match known {
            Known::Store(key) => Some(key),
            Known::Plan(_) => None,
        })
        .collect();
    let mut owners: BTreeMap<Written<'_>, &Object> = BTreeMap::new();
    let mut writers = BTreeMap::new();
    let mut findings = Vec::new();
    for (object, known) in all {
        let Known::Plan(plan) = known else { continue };
        findings.extend(elsewhere(object, plan, &stores));
        findings.extend(merged(object, plan, &mut writers));
        if plan.target.creation != CreationPolicy::Owner {
            continue;
        }
        let owner = owners.entry(written(object, plan)).or_insert(object);
        if owner.name() != object.name() {
            let said = format!(
                "spec.target.name: the {} {:?} is owned by {} too ({}:{}); give each its own",
                kind_of(plan).1,
                plan.target.name,
                owner.title(),
                owner.file,
                owner.lines.of("")
            );
            findings.push(Finding::of(object, Severity::Warning, Kind::SharedTarget, said));
        }
    }
    findings
}

/// An object that is written: its namespace, its kind by group and name, its name.
type Written<'a> = (Option<&'a str>, (&'a str, &'a str), &'a str);

fn written<'a>(object: &'a Object, plan: &'a Plan) -> Written<'a> {
    (object.namespace(), kind_of(plan), &plan.target.name)
}

/// Who writes which key of which object first.
type Writers<'a> = BTreeMap<(Written<'a>, &'a str), &'a Object>;

/// Keys that another ExternalSecret puts into the same object: each writes its own over the other's at every refresh. Where two
/// own it, that is said already.
fn merged<'a>(object: &'a Object, plan: &'a Plan, writers: &mut Writers<'a>) -> Vec<Finding> {
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
fn kind_of(plan: &Plan) -> (&str, &str) {
    match &plan.target.manifest {
        Some(of) => (of.api_version.split_once('/').map_or("", |(group, _)| group), &of.kind),
        None => ("", "Secret"),
    }
}

/// The stores of a plan that are not in the set, each once.
fn elsewhere(object: &Object, plan: &Plan, stores: &[&StoreKey]) -> Vec<Finding> {
    let is_here = |wanted: &StoreKey| {
        let same_namespace = |namespace: &Option<String>| {
            namespace.is_none() || object.namespace().is_none() || *namespace == wanted.namespace
        };
        let same = |store: &&&StoreKey| (store.kind, &store.name) == (wanted.kind, &wanted.name);
        stores.iter().filter(same).any(|store| same_namespace(&store.namespace))
    };
    let mut wanted: Vec<_> = plan.sources.iter().map(|source| &source.store).collect();
    wanted.sort();
    wanted.dedup();
    let missing = wanted.into_iter().filter(|store| !is_here(store)).map(|store| {
        let said = format!("{}: no manifest of these defines the {store}", plan.store_field(store));
        Finding::of(object, Severity::Note, Kind::StoreElsewhere, said)
    });
    missing.collect()
}
