//! Everything that is known to be wrong with an object before a cluster is asked.

use std::collections::BTreeMap;

use latchkey_api::ClusterExternalSecret;
use latchkey_api::external_secret::{CreationPolicy, ExternalSecret, StoreKind};
use latchkey_api::generator;
use latchkey_api::push_secret::{ClusterPushSecret, PUSH_VERSION, PushSecret};
use latchkey_api::store::{ClusterSecretStore, SecretStore, SecretStoreSpec};
use latchkey_api::validation::{
    Ignored, ignored_fields, questionable, validate_external_secret, validate_store,
};
use latchkey_api::{GROUP, OLD_VERSION, VERSION};
use latchkey_provider::is_writable;
use serde::de::DeserializeOwned;

use super::duplicates::{Written, kind_of, merged, twice, written};
use super::finding::{Finding, Kind, Severity};
use super::pushes::{self, Pushing};
use super::schema;
use crate::admission::cluster_external_secret::{OF_ONE, judge, made, wants_none};
use crate::admission::store::bad_patterns;
use crate::admission::{cluster_push_secret, push_secret};
use crate::cli::manifests::Object;
use crate::engine::plan::{Plan, StoreKey, pattern_faults, template_faults};
use crate::engine::render::Faults;
use crate::engine::work;

/// The namespace of an object that names none, as far as its plan needs one.
pub(crate) const NO_NAMESPACE: &str = "default";

/// One object as far as it was understood.
pub(super) enum Known {
    /// An ExternalSecret that can be planned.
    Plan(Box<Plan>),
    /// What makes such ExternalSecrets in many namespaces.
    Fan(Box<Plan>),
    /// A store.
    Store(KnownStore),
    /// A PushSecret, or what makes some.
    Push(Box<Pushing>),
}

/// A store of the set.
pub(super) struct KnownStore {
    /// Which one.
    pub key: StoreKey,
    /// Whether it can be pushed to.
    pub is_writable: bool,
}

/// What is wrong with one object, and what it is. Objects of other groups are nobody's business here, unless they look like ours.
pub(super) fn object(object: &Object) -> (Vec<Finding>, Option<Known>) {
    let version = match object.text("/apiVersion").split_once('/') {
        Some((GROUP, version)) => version,
        Some((generator::GROUP, version)) => return (of_generators(object, version), None),
        Some((group, _)) => return (resembling(object, group), None),
        None => return (Vec::new(), None),
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
        return (findings, faulty(object));
    }
    let (more, known) = work::bounded(|| match kind {
        "ExternalSecret" => typed(object, |object, read| external_secret(object, read, "spec")),
        "ClusterSecretStore" => typed(object, |object, store: ClusterSecretStore| {
            self::store(object, StoreKind::ClusterSecretStore, &store.spec)
        }),
        "ClusterExternalSecret" => {
            typed(object, |object, fan: ClusterExternalSecret| cluster_external_secret(object, &fan))
        }
        "PushSecret" => typed(object, |object, push: PushSecret| {
            let faults = push_secret::faults("spec", &push.spec);
            pushing(object, faults, Pushing { at: "spec", spec: push.spec, is_fan: false })
        }),
        "ClusterPushSecret" => typed(object, |object, fan: ClusterPushSecret| {
            let faults = cluster_push_secret::faults(&fan.spec);
            let none = cluster_push_secret::wants_none(&fan.spec);
            let none = none.map(|said| Finding::of(object, Severity::Warning, Kind::Questionable, said));
            let spec = fan.spec.push_secret_spec;
            let (mut findings, known) =
                pushing(object, faults, Pushing { at: "spec.pushSecretSpec", spec, is_fan: true });
            findings.extend(none);
            (findings, known)
        }),
        _ => typed(object, |object, store: SecretStore| {
            self::store(object, StoreKind::SecretStore, &store.spec)
        }),
    });
    findings.extend(more);
    (findings, known)
}

/// What a faulty object is to the others of the set: a store is there all the same.
fn faulty(object: &Object) -> Option<Known> {
    let (kind, namespace) = match object.kind() {
        "SecretStore" => (StoreKind::SecretStore, object.namespace().map(str::to_owned)),
        "ClusterSecretStore" => (StoreKind::ClusterSecretStore, None),
        _ => return None,
    };
    let key = StoreKey { kind, namespace, name: object.name().to_owned() };
    Some(Known::Store(KnownStore { key, is_writable: true }))
}

/// What the schema finds wrong with a generator.
fn of_generators(object: &Object, version: &str) -> Vec<Finding> {
    let found = |kind, said| Finding::of(object, Severity::Error, kind, said);
    let (kind, group) = (object.kind(), generator::GROUP);
    let Some(faults) = schema::check(kind, &object.value) else {
        let said =
            format!("kind: {kind:?} is no generator that latchkey serves; correct it, or remove the object");
        return vec![found(Kind::Unserved, said)];
    };
    if version != generator::VERSION {
        let said = format!(
            "apiVersion: latchkey does not serve {version:?} of this kind; write {group}/{}",
            generator::VERSION
        );
        return vec![found(Kind::Unserved, said)];
    }
    faults.into_iter().map(|(kind, field, message)| found(kind, format!("{field}: {message}"))).collect()
}

/// A group that is nearly one of ours is a slip: the API server would know no such kind.
fn resembling(object: &Object, group: &str) -> Vec<Finding> {
    let plain = |group: &str| group.replace(['-', '.', 's'], "");
    let alike = [GROUP, generator::GROUP].into_iter().find(|ours| plain(ours) == plain(group));
    let said =
        alike.map(|ours| format!("apiVersion: {group:?} is no group that latchkey serves; write {ours:?}"));
    said.map(|said| Finding::of(object, Severity::Warning, Kind::Unserved, said)).into_iter().collect()
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
fn pushing(object: &Object, said: Vec<String>, of: Pushing) -> Checked {
    let found = |said| Finding::of(object, Severity::Error, Kind::InvalidSpec, said);
    (said.into_iter().map(found).collect(), Some(Known::Push(Box::new(of))))
}

/// What it says of namespaces, and what each of its ExternalSecrets would be found wrong for.
fn cluster_external_secret(object: &Object, fan: &ClusterExternalSecret) -> Checked {
    let at = "spec.externalSecretSpec";
    let (mut findings, known) = external_secret(object, made(object.name(), &fan.spec), at);
    if let Err(error) = judge(object.name(), &fan.spec) {
        let of_all = Finding::of(object, Severity::Error, Kind::of(&error), error.to_string());
        let is_of_one = of_all.message.starts_with(OF_ONE) && !findings.is_empty();
        findings.extend((!is_of_one).then_some(of_all));
    }
    let none = wants_none(&fan.spec);
    findings.extend(none.map(|said| Finding::of(object, Severity::Warning, Kind::Questionable, said)));
    let known = known.map(|known| match known {
        Known::Plan(plan) => Known::Fan(plan),
        other @ (Known::Fan(_) | Known::Store(_) | Known::Push(_)) => other,
    });
    (findings, known)
}

/// The sentence of a field of `spec`, where the specification stands at another one.
pub(super) fn placed(at: &str, said: String) -> String {
    match said.strip_prefix("spec") {
        Some(rest) if rest.starts_with(['.', ' ', ':', '[']) => format!("{at}{rest}"),
        Some(_) | None => said,
    }
}

fn external_secret(object: &Object, mut read: ExternalSecret, at: &str) -> Checked {
    let found = |severity, kind, said: String| Finding::of(object, severity, kind, placed(at, said));
    let mut findings = Vec::new();
    let invalid = validate_external_secret(&read.spec);
    findings.extend(invalid.iter().map(|invalid| {
        let said = match invalid.field() {
            "spec" => invalid.advice(),
            field => format!("{field}: {}", invalid.advice()),
        };
        found(Severity::Error, Kind::InvalidSpec, said)
    }));
    let Faults { broken, unfetched, doubts } = template_faults(&read.spec);
    findings.extend(broken.iter().map(|error| found(Severity::Error, Kind::of(error), error.to_string())));
    findings
        .extend(unfetched.iter().map(|error| found(Severity::Error, Kind::UnfetchedKey, error.to_string())));
    findings
        .extend(doubts.iter().map(|error| found(Severity::Warning, Kind::UnfetchedKey, error.to_string())));
    let patterns = pattern_faults(&read.spec);
    findings.extend(patterns.iter().map(|error| found(Severity::Error, Kind::Pattern, error.to_string())));
    findings.extend(ignored(object, &read.spec, at));
    let doubt = questionable(&read.spec).map(str::to_owned);
    findings.extend(doubt.map(|said| found(Severity::Warning, Kind::Questionable, said)));
    findings.extend(twice(object, &read.spec, at));
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
    let findings = patterns.chain(errors).chain(warnings).chain(ignored(object, spec, "spec")).collect();
    let key =
        StoreKey { kind, namespace: object.namespace().map(str::to_owned), name: object.name().to_owned() };
    (findings, Some(Known::Store(KnownStore { key, is_writable: is_writable(spec) })))
}

fn ignored(object: &Object, spec: &impl Ignored, at: &str) -> Vec<Finding> {
    let found = |field: &&str| {
        let said = placed(at, format!("{field}: has no effect; remove it"));
        Finding::of(object, Severity::Warning, Kind::Questionable, said)
    };
    ignored_fields(spec).iter().map(found).collect()
}

/// What is wrong between the objects of a set.
pub(super) fn together(all: &[(&Object, Known)], objects: &[Object]) -> Vec<Finding> {
    let stores: Vec<_> = all
        .iter()
        .filter_map(|(_, known)| match known {
            Known::Store(store) => Some(store),
            Known::Plan(_) | Known::Fan(_) | Known::Push(_) => None,
        })
        .collect();
    let pushes: Vec<_> = all
        .iter()
        .filter_map(|(object, known)| match known {
            Known::Push(pushing) => Some((*object, &**pushing)),
            Known::Plan(_) | Known::Fan(_) | Known::Store(_) => None,
        })
        .collect();
    let mut owners: BTreeMap<Written<'_>, &Object> = BTreeMap::new();
    let mut writers = BTreeMap::new();
    let mut findings = pushes::findings(&pushes, &stores, objects);
    for (object, known) in all {
        let plan = match known {
            Known::Plan(plan) => {
                findings.extend(elsewhere(object, plan, &stores, "spec"));
                findings.extend(merged(object, plan, &mut writers));
                plan
            }
            Known::Fan(plan) => {
                findings.extend(elsewhere(object, plan, &stores, "spec.externalSecretSpec"));
                continue;
            }
            Known::Store(_) | Known::Push(_) => continue,
        };
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

/// The stores of a plan that are not in the set, each once.
fn elsewhere(object: &Object, plan: &Plan, stores: &[&KnownStore], at: &str) -> Vec<Finding> {
    let is_here = |wanted: &StoreKey| {
        let same_namespace = |namespace: &Option<String>| {
            namespace.is_none() || object.namespace().is_none() || *namespace == wanted.namespace
        };
        let same = |store: &&&KnownStore| (store.key.kind, &store.key.name) == (wanted.kind, &wanted.name);
        stores.iter().filter(same).any(|store| same_namespace(&store.key.namespace))
    };
    let mut wanted: Vec<_> = plan.sources.iter().map(|source| &source.store).collect();
    wanted.sort();
    wanted.dedup();
    let missing = wanted.into_iter().filter(|store| !is_here(store)).map(|store| {
        let said = format!("{}: no manifest of these defines the {store}", plan.store_field(store));
        Finding::of(object, Severity::Note, Kind::StoreElsewhere, placed(at, said))
    });
    missing.collect()
}
