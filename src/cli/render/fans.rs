//! What ClusterExternalSecrets and ClusterPushSecrets make in the namespaces that the files define.

use std::collections::{BTreeMap, BTreeSet};

use kube::Resource as _;

use super::super::manifests::Object;
use crate::lookup::NamespaceRow;
use crate::refresh::fan_out::fan::Fan;
use crate::refresh::fan_out::plan::{alike, wants};

/// The label that every namespace has.
const NAME: &str = "kubernetes.io/metadata.name";

/// What it makes in each of its namespaces. Where the files have none that it means, one without a namespace stands for all.
pub(super) fn made<F: Fan>(fan: &F, all: &[Object]) -> Vec<F::Child> {
    let found = namespaces(fan, all);
    let found = match found.is_empty() {
        true => vec![None],
        false => found.into_iter().map(Some).collect(),
    };
    let one = |namespace| {
        let mut child = alike(fan);
        child.meta_mut().namespace = namespace;
        child
    };
    found.into_iter().map(one).collect()
}

/// Those of the files that it wants, and those that it names.
fn namespaces(fan: &impl Fan, all: &[Object]) -> BTreeSet<String> {
    let defined =
        all.iter().filter(|object| object.text("/apiVersion") == "v1" && object.kind() == "Namespace");
    let meant = defined.filter(|object| wants(fan, object.name(), &row(object)));
    meant.map(|object| object.name().to_owned()).chain(fan.namespaces().iter().cloned()).collect()
}

fn row(namespace: &Object) -> NamespaceRow {
    let given = namespace.value["metadata"]["labels"].as_object().into_iter().flatten();
    let mut labels: BTreeMap<String, String> =
        given.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect();
    labels.insert(NAME.to_owned(), namespace.name().to_owned());
    NamespaceRow { labels, is_leaving: false }
}
