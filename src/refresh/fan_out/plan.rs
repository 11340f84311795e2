//! What a ClusterExternalSecret makes of the namespaces that there are. Pure.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::{Resource, ResourceExt};
use latchkey_api::ClusterExternalSecret;
use latchkey_api::cluster_external_secret::{
    ClusterExternalSecretCondition, ClusterExternalSecretStatus, FailedNamespace,
};
use latchkey_api::external_secret::ExternalSecret;

use crate::engine::resolve::selects;
use crate::lookup::{Key, NamespaceRow};

/// The annotation of a ClusterExternalSecret that is handed on to its ExternalSecrets, to force a sync of all.
const FORCE_SYNC: &str = "external-secrets.io/force-sync";

/// ESO's reason where the name is taken.
pub(super) const TAKEN: &str = "external secret already exists in namespace";

/// The name of its ExternalSecrets.
pub(super) fn name(fan: &ClusterExternalSecret) -> String {
    let own = fan.spec.external_secret_name.clone().filter(|name| !name.is_empty());
    own.unwrap_or_else(|| fan.name_any())
}

/// Whether a namespace gets one: by any of its selectors, or by name.
pub(super) fn wants(fan: &ClusterExternalSecret, namespace: &str, row: &NamespaceRow) -> bool {
    let mut selectors = fan.spec.namespace_selector.iter().chain(&fan.spec.namespace_selectors);
    !row.is_leaving
        && (fan.spec.namespaces.iter().any(|name| name == namespace)
            || selectors.any(|selector| selects(selector, &row.labels)))
}

/// The ExternalSecret as it should be in a namespace.
pub(super) fn wanted(fan: &ClusterExternalSecret, namespace: &str) -> ExternalSecret {
    let mut object = ExternalSecret::new(&name(fan), fan.spec.external_secret_spec.clone());
    let given = fan.spec.external_secret_metadata.clone().unwrap_or_default();
    let mut annotations = given.annotations;
    if let Some(value) = fan.annotations().get(FORCE_SYNC) {
        annotations.insert(FORCE_SYNC.to_owned(), value.clone());
    }
    object.metadata.namespace = Some(namespace.to_owned());
    object.metadata.labels = some(given.labels);
    object.metadata.annotations = some(annotations);
    object.metadata.owner_references = Some(vec![owner(fan)]);
    object
}

fn some(map: BTreeMap<String, String>) -> Option<BTreeMap<String, String>> {
    (!map.is_empty()).then_some(map)
}

fn owner(fan: &ClusterExternalSecret) -> OwnerReference {
    OwnerReference {
        api_version: ClusterExternalSecret::api_version(&()).into_owned(),
        kind: ClusterExternalSecret::kind(&()).into_owned(),
        name: fan.name_any(),
        uid: fan.uid().unwrap_or_default(),
        controller: Some(true),
        block_owner_deletion: Some(true),
    }
}

/// What has to be done in a namespace.
#[derive(Debug, PartialEq)]
pub(super) enum Step {
    /// It is as it should be.
    Nothing,
    /// There is none.
    Create(Box<ExternalSecret>),
    /// Its specification, labels or annotations are others.
    Replace(Box<ExternalSecret>),
    /// Somebody else's has the name.
    Taken,
}

/// What has to be done where there is this one.
pub(super) fn step(fan: &ClusterExternalSecret, namespace: &str, present: Option<&ExternalSecret>) -> Step {
    let wanted = wanted(fan, namespace);
    let Some(present) = present else { return Step::Create(Box::new(wanted)) };
    if !is_owned(fan, present) {
        return Step::Taken;
    }
    let same = |map: &Option<BTreeMap<String, String>>, other: &Option<BTreeMap<String, String>>| {
        map.iter().flatten().eq(other.iter().flatten())
    };
    let (is, should) = (&present.metadata, &wanted.metadata);
    if present.spec == wanted.spec
        && same(&is.labels, &should.labels)
        && same(&is.annotations, &should.annotations)
    {
        return Step::Nothing;
    }
    let mut next = wanted;
    next.metadata.resource_version.clone_from(&is.resource_version);
    next.metadata.finalizers.clone_from(&is.finalizers);
    Step::Replace(Box::new(next))
}

/// Whether this ClusterExternalSecret has made an ExternalSecret.
pub(super) fn is_owned(fan: &ClusterExternalSecret, object: &ExternalSecret) -> bool {
    let owners = object.metadata.owner_references.iter().flatten();
    let uid = fan.metadata.uid.as_deref();
    owners.into_iter().any(|owner| owner.controller == Some(true) && Some(owner.uid.as_str()) == uid)
}

/// The status where these namespaces have one, and these do not.
pub(super) fn status(
    fan: &ClusterExternalSecret,
    mut provisioned: Vec<String>,
    mut failed: Vec<FailedNamespace>,
) -> ClusterExternalSecretStatus {
    provisioned.sort_unstable();
    failed.sort_unstable_by(|one, other| one.namespace.cmp(&other.namespace));
    let (ready, message) = match failed.is_empty() {
        true => ("True", None),
        false => ("False", Some("one or more namespaces failed".to_owned())),
    };
    ClusterExternalSecretStatus {
        external_secret_name: Some(name(fan)),
        failed_namespaces: failed,
        provisioned_namespaces: provisioned,
        conditions: vec![ClusterExternalSecretCondition {
            type_: "Ready".to_owned(),
            status: ready.to_owned(),
            message,
        }],
    }
}

/// Those of a ClusterExternalSecret's ExternalSecrets that are to go: in a namespace that gets none any more, or of a name
/// that they no longer have.
pub(super) fn left_over(made: Vec<Key>, name: &str, wanted: &[String]) -> Vec<Key> {
    let is_wanted =
        |key: &Key| key.name() == name && wanted.iter().any(|namespace| namespace == key.namespace());
    made.into_iter().filter(|key| !is_wanted(key)).collect()
}
