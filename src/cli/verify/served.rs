//! Whether an object is of a kind and version that latchkey serves, and what its schema finds wrong with it.

use latchkey_api::generator;
use latchkey_api::push_secret::PUSH_VERSION;
use latchkey_api::{GROUP, OLD_VERSION, VERSION};

use super::finding::{Finding, Kind, Severity};
use super::schema;
use crate::cli::manifests::Object;

/// What an object is by its `apiVersion` and `kind`.
pub(super) enum Served<'a> {
    /// One to look into further: its kind, and what is wrong by the schema.
    Kind(&'a str, Vec<Finding>),
    /// Nothing to look into: another's, one of no kind that is served, or a generator, whose schema says it all.
    No(Vec<Finding>),
}

/// Looks at the object's group, version and kind, and at its fields by their schema.
pub(super) fn check(object: &Object) -> Served<'_> {
    let kind = object.kind();
    let (group, version) = match object.text("/apiVersion").split_once('/') {
        Some((group @ (GROUP | generator::GROUP), version)) => (group, version),
        Some((group, _)) => return Served::No(resembling(object, group)),
        None => return Served::No(Vec::new()),
    };
    let Some(faults) = schema::check(group, kind, &object.value) else {
        return Served::No(vec![unserved(object, unknown(group, kind))]);
    };
    let versions: &[&str] = match (group, kind) {
        (generator::GROUP, _) => &[generator::VERSION],
        (_, "PushSecret" | "ClusterPushSecret") => &[PUSH_VERSION],
        _ => &[VERSION, OLD_VERSION],
    };
    if !versions.contains(&version) {
        let newest = versions.first().copied().unwrap_or_default();
        let said =
            format!("apiVersion: latchkey does not serve {version:?} of this kind; write {group}/{newest}");
        return Served::No(vec![unserved(object, said)]);
    }
    let fault =
        |(kind, field, message)| Finding::of(object, Severity::Error, kind, format!("{field}: {message}"));
    let findings = faults.into_iter().map(fault).collect();
    match group {
        generator::GROUP => Served::No(findings),
        _ => Served::Kind(kind, findings),
    }
}

fn unserved(object: &Object, said: String) -> Finding {
    Finding::of(object, Severity::Error, Kind::Unserved, said)
}

fn unknown(group: &str, kind: &str) -> String {
    let (other, version) = match group {
        generator::GROUP => (GROUP, VERSION),
        _ => (generator::GROUP, generator::VERSION),
    };
    if schema::has(other, kind) {
        return format!("apiVersion: {kind:?} is of another group; write {other}/{version}");
    }
    match group {
        generator::GROUP => {
            format!("kind: {kind:?} is no generator that latchkey serves; correct it, or remove the object")
        }
        _ => format!("kind: latchkey does not serve {kind:?}: nobody here acts on it; remove it"),
    }
}

/// A group that is nearly one of ours is a slip: the API server would know no such kind.
fn resembling(object: &Object, group: &str) -> Vec<Finding> {
    let plain = |group: &str| group.replace(['-', '.', 's'], "");
    let alike = [GROUP, generator::GROUP].into_iter().find(|ours| plain(ours) == plain(group));
    let said =
        alike.map(|ours| format!("apiVersion: {group:?} is no group that latchkey serves; write {ours:?}"));
    said.map(|said| Finding::of(object, Severity::Warning, Kind::Unserved, said)).into_iter().collect()
}
