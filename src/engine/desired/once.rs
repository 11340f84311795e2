//! Values that are made, rather than read, are made once: a repeated review, a refused one, a repair of the Secret or an
//! ExternalSecret made again write no other ones over those that the Secret holds.

use k8s_openapi::api::core::v1::Secret;
use latchkey_provider::SecretBytes;

use super::super::managed_fields;
use super::super::pending::Pending;
use super::Wanted;
use crate::engine::render::Rendered;

/// The same with the made values that the Secret holds already; none if they are to be others, or are not all there as this
/// ExternalSecret wrote them.
///
/// Who wrote a key is the API server's own record: a key that somebody else has changed since is not ours. All are kept or
/// none, as a pair of keys is of no use in halves.
pub fn kept(existing: &Secret, wanted: &Wanted<'_>) -> Option<Rendered> {
    let rendered = wanted.rendered;
    if rendered.made.is_empty() || rendered.renew || is_of_another_version(existing, wanted) {
        return None;
    }
    let own = managed_fields::own(&existing.metadata, &rendered.external_secret).data;
    let held = existing.data.as_ref()?;
    let mut data = rendered.data.clone();
    for key in &rendered.made {
        let value = held.get(key).filter(|_| own.contains(key))?;
        data.insert(key.clone(), SecretBytes::new(value.0.clone()));
    }
    Some(Rendered { data, ..rendered.clone() })
}

/// Whether admission wrote it for a version that was refused, or is not this one: nobody has to live with that.
fn is_of_another_version(existing: &Secret, wanted: &Wanted<'_>) -> bool {
    let mark = Pending::of(&existing.metadata);
    let own = mark.filter(|mark| mark.external_secret == wanted.rendered.external_secret);
    own.is_some_and(|mark| !mark.is_of(wanted.external_secret))
}

/// Why made values have to wait until the ExternalSecret is stored, if they have to: after a refusal the older ones could not
/// be given back.
pub fn deferred(existing: &Secret, updated: &Secret, wanted: &Wanted<'_>) -> Option<String> {
    let Rendered { made, name, .. } = wanted.rendered;
    let mut held = existing.data.iter().flatten().filter(|(key, _)| made.contains(*key));
    let after = |key| updated.data.as_ref().and_then(|data| data.get(key));
    let replaces = held.any(|(key, value)| after(key) != Some(value));
    (wanted.stage.is_admission() && replaces).then(|| {
        format!(
            "Secret {name:?} holds generated values: new ones are written once this ExternalSecret is stored"
        )
    })
}

#[cfg(test)]
#[path = "once_tests.rs"]
mod tests;
