//! What is not done before the ExternalSecret is stored, because a refusal after admission could not undo it.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Secret;

use super::super::managed_fields;
use super::Wanted;
use super::ownership::{CREATED_BY, is_managed, label};

/// Why this takeover of an existing Secret has to wait, if it has to.
///
/// A Secret that is this ExternalSecret's own is written at once. So is one that ExternalSecrets manage and none owns, as
/// long as nothing is lost that somebody else wrote into it.
pub fn takeover(existing: &Secret, updated: &Secret, wanted: &Wanted<'_>) -> Option<String> {
    if !wanted.stage.is_admission() || wanted.claim().holds(&existing.metadata) {
        return None;
    }
    let name = &wanted.rendered.name;
    if !is_managed(&existing.metadata) {
        return Some(format!(
            "Secret {name:?} exists and is not managed yet: it is taken over once this ExternalSecret is stored"
        ));
    }
    if label(&existing.metadata, CREATED_BY).is_some() {
        return Some(format!(
            "Secret {name:?} was made for another ExternalSecret: it is taken over once this one is stored"
        ));
    }
    loses_foreign_data(existing, updated).then(|| {
        format!(
            "Secret {name:?} holds keys that no ExternalSecret wrote and that would be replaced: it is taken over once \
             this ExternalSecret is stored"
        )
    })
}

/// Why a deletion has to wait.
pub fn deletion(name: &str) -> String {
    format!("the store has none of the values: Secret {name:?} is deleted once this ExternalSecret is stored")
}

fn loses_foreign_data(existing: &Secret, updated: &Secret) -> bool {
    let ours = managed_fields::of_all(&existing.metadata).data;
    let none = BTreeMap::new();
    let after = updated.data.as_ref().unwrap_or(&none);
    let mut foreign = existing.data.iter().flatten().filter(|(key, _)| !ours.contains(*key));
    foreign.any(|(key, value)| after.get(key) != Some(value))
}
