//! What ClusterExternalSecrets and ClusterPushSecrets make in the namespaces that the files define.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use latchkey_api::external_secret::ExternalSecret;
use latchkey_api::{ClusterExternalSecret, ClusterPushSecret, PushSecret};

use super::super::manifests::Object;
use crate::engine::resolve::selects;

/// The label that every namespace has.
const NAME: &str = "kubernetes.io/metadata.name";

type Pairs = BTreeMap<String, String>;

/// The namespaces of the files that any of the selectors means, and those that are named. Where that is none, one without a name
/// stands for all.
fn namespaces(all: &[Object], selectors: &[&LabelSelector], named: &[String]) -> Vec<Option<String>> {
    let of_kind =
        all.iter().filter(|object| object.text("/apiVersion") == "v1" && object.kind() == "Namespace");
    let meant = of_kind.filter(|object| {
        let labels = labels(object);
        selectors.iter().any(|selector| selects(selector, &labels))
    });
    let mut found: Vec<String> = meant.map(|object| object.name().to_owned()).chain(named.to_vec()).collect();
    found.sort();
    found.dedup();
    match found.is_empty() {
        true => vec![None],
        false => found.into_iter().map(Some).collect(),
    }
}

fn labels(namespace: &Object) -> Pairs {
    let given = namespace.value["metadata"]["labels"].as_object().into_iter().flatten();
    let mut labels: Pairs =
        given.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect();
    labels.insert(NAME.to_owned(), namespace.name().to_owned());
    labels
}

fn metadata(
    fan: &ObjectMeta,
    name: Option<&String>,
    namespace: Option<String>,
    given: (Pairs, Pairs),
) -> ObjectMeta {
    let name = name.filter(|name| !name.is_empty()).or(fan.name.as_ref());
    let some = |pairs: Pairs| Some(pairs).filter(|pairs| !pairs.is_empty());
    ObjectMeta {
        name: name.cloned(),
        namespace,
        labels: some(given.0),
        annotations: some(given.1),
        ..ObjectMeta::default()
    }
}

/// The ExternalSecrets of one.
pub(super) fn external_secrets(fan: &ClusterExternalSecret, all: &[Object]) -> Vec<ExternalSecret> {
    let spec = &fan.spec;
    let selectors: Vec<_> = spec.namespace_selector.iter().chain(&spec.namespace_selectors).collect();
    let given = spec.external_secret_metadata.clone().unwrap_or_default();
    let one = |namespace| {
        let given = (given.labels.clone(), given.annotations.clone());
        let mut made = ExternalSecret::new("", spec.external_secret_spec.clone());
        made.metadata = metadata(&fan.metadata, spec.external_secret_name.as_ref(), namespace, given);
        made
    };
    namespaces(all, &selectors, &spec.namespaces).into_iter().map(one).collect()
}

/// The PushSecrets of one.
pub(super) fn push_secrets(fan: &ClusterPushSecret, all: &[Object]) -> Vec<PushSecret> {
    let spec = &fan.spec;
    let selectors: Vec<_> = spec.namespace_selectors.iter().collect();
    let given = spec.push_secret_metadata.clone().unwrap_or_default();
    let one = |namespace| {
        let given = (given.labels.clone(), given.annotations.clone());
        let mut made = PushSecret::new("", spec.push_secret_spec.clone());
        made.metadata = metadata(&fan.metadata, spec.push_secret_name.as_ref(), namespace, given);
        made
    };
    namespaces(all, &selectors, &[]).into_iter().map(one).collect()
}
