//! What an object that makes one of a kind in each namespace makes of the namespaces that there are. Pure.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::{Resource as _, ResourceExt};
use latchkey_api::cluster_external_secret::{
    ClusterExternalSecretCondition, ClusterExternalSecretStatus, FailedNamespace,
};
use latchkey_api::push_secret::{ClusterPushSecretStatus, PushSecretCondition};
use latchkey_api::{ClusterExternalSecret, ClusterPushSecret};

use super::fan::Fan;

use crate::lookup::{Key, NamespaceRow};

/// The annotation that is handed on to what is made, to force a sync of all.
const FORCE_SYNC: &str = "external-secrets.io/force-sync";

/// ESO's message where one namespace has none.
const FAILED: &str = "one or more namespaces failed";

/// The name of what is made.
pub(super) fn name(fan: &impl Fan) -> String {
    let own = fan.child_name().filter(|name| !name.is_empty());
    own.map_or_else(|| fan.name_any(), str::to_owned)
}

/// Whether a namespace gets one: by any of the selectors, or by name.
pub(crate) fn wants(fan: &impl Fan, namespace: &str, row: &NamespaceRow) -> bool {
    !row.is_leaving
        && (fan.namespaces().iter().any(|name| name == namespace) || fan.selectors().selects(&row.labels))
}

/// What is wrong with the first of its selectors that is none: which namespaces are meant is not known then.
pub(super) fn unclear(fan: &impl Fan) -> Option<String> {
    fan.selectors().faults().next().map(|(field, why)| format!("{field}: {why}"))
}

/// The object as it is in every namespace, before it belongs to one.
pub(crate) fn alike<F: Fan>(fan: &F) -> F::Child {
    let mut object = fan.child(&name(fan));
    let (labels, mut annotations) = fan.given();
    if let Some(value) = fan.annotations().get(FORCE_SYNC) {
        annotations.insert(FORCE_SYNC.to_owned(), value.clone());
    }
    let metadata = object.meta_mut();
    metadata.labels = some(labels);
    metadata.annotations = some(annotations);
    object
}

/// The object as it should be in a namespace.
pub(super) fn wanted<F: Fan>(fan: &F, namespace: &str) -> F::Child {
    let mut object = alike(fan);
    let metadata = object.meta_mut();
    metadata.namespace = Some(namespace.to_owned());
    metadata.owner_references = Some(vec![owner(fan)]);
    object
}

fn some(map: BTreeMap<String, String>) -> Option<BTreeMap<String, String>> {
    (!map.is_empty()).then_some(map)
}

fn owner<F: Fan>(fan: &F) -> OwnerReference {
    OwnerReference {
        api_version: F::api_version(&()).into_owned(),
        kind: F::kind(&()).into_owned(),
        name: fan.name_any(),
        uid: fan.uid().unwrap_or_default(),
        controller: Some(true),
        block_owner_deletion: Some(true),
    }
}

/// What has to be done in a namespace.
#[derive(Debug, PartialEq)]
pub(super) enum Step<C> {
    /// It is as it should be.
    Nothing,
    /// There is none.
    Create(Box<C>),
    /// Its specification, labels or annotations are others.
    Replace(Box<C>),
    /// Somebody else's has the name.
    Taken,
}

/// What has to be done where there is this one.
pub(super) fn step<F: Fan>(fan: &F, namespace: &str, present: Option<&F::Child>) -> Step<F::Child> {
    let wanted = wanted(fan, namespace);
    let Some(present) = present else { return Step::Create(Box::new(wanted)) };
    if !is_owned(fan, present.meta()) {
        return Step::Taken;
    }
    let same = |map: &Option<BTreeMap<String, String>>, other: &Option<BTreeMap<String, String>>| {
        map.iter().flatten().eq(other.iter().flatten())
    };
    let (is, should) = (present.meta(), wanted.meta());
    if fan.is_like(present) && same(&is.labels, &should.labels) && same(&is.annotations, &should.annotations)
    {
        return Step::Nothing;
    }
    let mut next = wanted;
    next.meta_mut().resource_version.clone_from(&is.resource_version);
    next.meta_mut().finalizers.clone_from(&is.finalizers);
    Step::Replace(Box::new(next))
}

/// Whether an object is one that this one has made.
pub(super) fn is_owned(fan: &impl Fan, object: &ObjectMeta) -> bool {
    let owners = object.owner_references.iter().flatten();
    let uid = fan.meta().uid.as_deref();
    owners.into_iter().any(|owner| owner.controller == Some(true) && Some(owner.uid.as_str()) == uid)
}

/// The status where these namespaces have one, and these do not.
pub(super) fn status(
    fan: &ClusterExternalSecret,
    provisioned: Vec<String>,
    failed: Vec<FailedNamespace>,
) -> ClusterExternalSecretStatus {
    let (status, message) = ready(&failed);
    ClusterExternalSecretStatus {
        external_secret_name: Some(name(fan)),
        failed_namespaces: failed,
        provisioned_namespaces: provisioned,
        conditions: vec![ClusterExternalSecretCondition { type_: "Ready".to_owned(), status, message }],
    }
}

/// The same of a ClusterPushSecret.
pub(super) fn push_status(
    fan: &ClusterPushSecret,
    provisioned: Vec<String>,
    failed: Vec<FailedNamespace>,
) -> ClusterPushSecretStatus {
    let (status, message) = ready(&failed);
    let condition = PushSecretCondition {
        type_: "Ready".to_owned(),
        status,
        reason: None,
        message,
        last_transition_time: None,
    };
    ClusterPushSecretStatus {
        push_secret_name: Some(name(fan)),
        failed_namespaces: failed,
        provisioned_namespaces: provisioned,
        conditions: vec![condition],
    }
}

fn ready(failed: &[FailedNamespace]) -> (String, Option<String>) {
    match failed.is_empty() {
        true => ("True".to_owned(), None),
        false => ("False".to_owned(), Some(FAILED.to_owned())),
    }
}

/// Those of what has been made that are to go: in a namespace that gets none any more, or of a name that they no longer have.
pub(super) fn left_over(made: Vec<Key>, name: &str, wanted: &[String]) -> Vec<Key> {
    let is_wanted =
        |key: &Key| key.name() == name && wanted.iter().any(|namespace| namespace == key.namespace());
    made.into_iter().filter(|key| !is_wanted(key)).collect()
}
