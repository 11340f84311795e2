//! Everything that is known to be wrong with an object before a cluster is asked.

use latchkey_api::ClusterExternalSecret;
use latchkey_api::external_secret::{ExternalSecret, StoreKind};
use latchkey_api::push_secret::{ClusterPushSecret, PushSecret};
use latchkey_api::store::{ClusterSecretStore, SecretStore, SecretStoreSpec};
use latchkey_api::validation::{
    Ignored, ignored_fields, questionable, validate_external_secret, validate_store,
};
use latchkey_provider::is_writable;
use serde::de::DeserializeOwned;

use super::duplicates::twice;
use super::finding::{Finding, Kind, Severity};
use super::pushes::Pushing;
use super::served::{self, Served};
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
    let (kind, mut findings) = match served::check(object) {
        Served::No(findings) => return (findings, None),
        Served::Kind(kind, findings) => (kind, findings),
    };
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
    let kind = match object.kind() {
        "SecretStore" => StoreKind::SecretStore,
        "ClusterSecretStore" => StoreKind::ClusterSecretStore,
        _ => return None,
    };
    Some(Known::Store(KnownStore { key: store_key(object, kind), is_writable: true }))
}

fn store_key(object: &Object, kind: StoreKind) -> StoreKey {
    let namespace = match kind {
        StoreKind::SecretStore => object.namespace().map(str::to_owned),
        StoreKind::ClusterSecretStore => None,
    };
    StoreKey { kind, namespace, name: object.name().to_owned() }
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
    let doubts = questionable(&read.spec).map(str::to_owned);
    findings.extend(doubts.map(|said| found(Severity::Warning, Kind::Questionable, said)));
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
    let known = KnownStore { key: store_key(object, kind), is_writable: is_writable(spec) };
    (findings, Some(Known::Store(known)))
}

fn ignored(object: &Object, spec: &impl Ignored, at: &str) -> Vec<Finding> {
    let found = |field: &&str| {
        let said = placed(at, format!("{field}: has no effect; remove it"));
        Finding::of(object, Severity::Warning, Kind::Questionable, said)
    };
    ignored_fields(spec).iter().map(found).collect()
}
