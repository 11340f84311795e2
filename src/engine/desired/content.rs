//! Data, type and metadata of the Secret, as External Secrets Operator's `mutationFunc` sets them.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use latchkey_api::external_secret::CreationPolicy;
use latchkey_api::secret_type::{BOOTSTRAP_TOKEN, SERVICE_ACCOUNT_TOKEN};

use super::super::error::{Error, ErrorKind};
use super::super::hash;
use super::super::managed_fields::{self, Own};
use super::super::message;
use super::super::pending::{PENDING, Pending};
use super::super::render::Rendered;
use super::Wanted;
use super::ownership::{CREATED_BY, DATA_HASH, MANAGED};

/// Types whose Secrets are credentials of the cluster itself: whoever may write an ExternalSecret must not get at them.
const PRIVILEGED: [&str; 2] = [SERVICE_ACCOUNT_TOKEN, BOOTSTRAP_TOKEN];
/// The type that the API server gives a Secret that names none.
const OPAQUE: &str = "Opaque";

/// `corev1.MaxSecretSize`: the API server adds up the values, not the keys.
const MAX_SECRET_SIZE: usize = 1 << 20;

/// Makes the Secret what is wanted, without a mark.
///
/// # Errors
/// It would be larger than the API server takes.
pub fn set(secret: &mut Secret, wanted: &Wanted<'_>) -> Result<(), Error> {
    let rendered = wanted.rendered;
    // With `target.immutable` an existing Secret keeps what it has, even where it was not immutable before.
    let frozen = rendered.immutable && secret.metadata.uid.is_some();
    wanted.claim().set_owner(&mut secret.metadata);
    remove_mark(&mut secret.metadata, rendered);
    if rendered.immutable {
        secret.immutable = Some(true);
    }
    if !frozen {
        let own = managed_fields::own(&secret.metadata, &rendered.external_secret);
        set_data(secret, rendered, &own);
        set_metadata(&mut secret.metadata, rendered, &own);
    }
    refuse_size(secret, rendered)?;
    set_bookkeeping(secret, wanted);
    Ok(())
}

/// Says at once which key is too large, before megabytes are hashed and sent for nothing.
fn refuse_size(secret: &Secret, rendered: &Rendered) -> Result<(), Error> {
    let sizes = || secret.data.iter().flatten().map(|(key, value)| (key.as_str(), value.0.len()));
    let length = sizes().map(|(_, length)| length).sum();
    match sizes().max_by_key(|(_, length)| *length) {
        Some((key, longest)) if length > MAX_SECRET_SIZE => {
            let is_told = |key: &&str| rendered.data.contains_key(*key) && !rendered.computed.contains(*key);
            let named = Some(key).filter(is_told);
            Err(message::too_large(&rendered.name, length, MAX_SECRET_SIZE, (named, longest)))
        }
        _ => Ok(()),
    }
}

/// `Owner` and `Orphan` hold this ExternalSecret's keys and no other; the merging policies replace its own.
fn set_data(secret: &mut Secret, rendered: &Rendered, own: &Own) {
    let mut data = secret.data.take().unwrap_or_default();
    match rendered.creation {
        CreationPolicy::Merge | CreationPolicy::CreateOrMerge => {
            data.retain(|key, _| !own.data.contains(key))
        }
        CreationPolicy::Owner | CreationPolicy::Orphan | CreationPolicy::None => data.clear(),
    }
    let values = rendered.data.iter();
    data.extend(values.map(|(key, value)| (key.clone(), ByteString(value.expose().to_vec()))));
    secret.data = (!data.is_empty()).then_some(data);
    if let Some(type_) = &rendered.type_ {
        secret.type_ = Some(type_.clone());
    }
}

fn set_metadata(metadata: &mut ObjectMeta, rendered: &Rendered, own: &Own) {
    let labels = metadata.labels.get_or_insert_default();
    labels.retain(|key, _| !own.labels.contains(key));
    labels.extend(rendered.labels.clone());
    let annotations = metadata.annotations.get_or_insert_default();
    annotations.retain(|key, _| !own.annotations.contains(key));
    let given = rendered.annotations.iter().filter(|(key, _)| *key != PENDING);
    annotations.extend(given.map(|(key, value)| (key.clone(), value.clone())));
    if metadata.deletion_timestamp.is_none() && !rendered.finalizers.is_empty() {
        add_missing(metadata.finalizers.get_or_insert_default(), &rendered.finalizers);
    }
}

fn add_missing(finalizers: &mut Vec<String>, wanted: &[String]) {
    for finalizer in wanted {
        if !finalizers.contains(finalizer) {
            finalizers.push(finalizer.clone());
        }
    }
}

fn set_bookkeeping(secret: &mut Secret, wanted: &Wanted<'_>) {
    let labels = secret.metadata.labels.get_or_insert_default();
    if wanted.rendered.creation == CreationPolicy::Owner {
        labels.insert(CREATED_BY.to_owned(), wanted.claim().created_by());
    } else {
        labels.remove(CREATED_BY);
    }
    labels.insert(MANAGED.to_owned(), "true".to_owned());
    let digest = hash::data_hash(secret.data.as_ref().unwrap_or(&BTreeMap::new()));
    secret.metadata.annotations.get_or_insert_default().insert(DATA_HASH.to_owned(), digest);
}

/// Removes the pending mark, save that of another ExternalSecret that merges into the same Secret.
fn remove_mark(metadata: &mut ObjectMeta, rendered: &Rendered) {
    let merges = match rendered.creation {
        CreationPolicy::Merge | CreationPolicy::CreateOrMerge => true,
        CreationPolicy::Owner | CreationPolicy::Orphan | CreationPolicy::None => false,
    };
    let of_another =
        Pending::of(metadata).is_some_and(|mark| mark.external_secret != rendered.external_secret);
    if !(merges && of_another) {
        metadata.annotations.as_mut().and_then(|annotations| annotations.remove(PENDING));
    }
}

/// Refuses to write a Secret of a privileged type, and to make one.
pub fn refuse_privileged(existing: &Secret, rendered: &Rendered) -> Result<(), Error> {
    let privileged = |type_: &Option<String>| {
        type_.as_deref().filter(|type_| PRIVILEGED.contains(type_)).map(str::to_owned)
    };
    if let Some(type_) = privileged(&rendered.type_) {
        return Err(message::privileged_type(&type_));
    }
    match privileged(&existing.type_) {
        Some(type_) => {
            let name = &rendered.name;
            let message = format!(
                "Secret {name:?} is of type {type_:?}, which no ExternalSecret may write; choose another spec.target.name"
            );
            Err(Error::new(ErrorKind::WriteRefused, message))
        }
        None => Ok(()),
    }
}

/// Says at once, and in plain words, what the API server would refuse: the type of a Secret cannot change.
pub fn refuse_type_change(existing: &Secret, rendered: &Rendered) -> Result<(), Error> {
    let Some(wanted) = rendered.type_.as_deref().filter(|_| !rendered.immutable) else { return Ok(()) };
    let is = existing.type_.as_deref().filter(|type_| !type_.is_empty()).unwrap_or(OPAQUE);
    if is == wanted {
        return Ok(());
    }
    Err(message::other_type(&rendered.name, is, wanted))
}

/// Refuses to change the data of a Secret that is immutable.
pub fn refuse_immutable(existing: &Secret, updated: &Secret) -> Result<(), Error> {
    if existing.immutable != Some(true) || same_map(existing.data.as_ref(), updated.data.as_ref()) {
        return Ok(());
    }
    Err(message::immutable(existing.metadata.name.as_deref().unwrap_or_default()))
}

/// Whether both are the same but for marks; absent and empty are equal, as in `equality.Semantic.DeepEqual`.
pub fn is_same(one: &Secret, other: &Secret) -> bool {
    let (a, b) = (&one.metadata, &other.metadata);
    same_map(one.data.as_ref(), other.data.as_ref())
        && one.type_ == other.type_
        && one.immutable == other.immutable
        && same_map(a.labels.as_ref(), b.labels.as_ref())
        && unmarked(a).eq(unmarked(b))
        && a.owner_references.iter().flatten().eq(b.owner_references.iter().flatten())
        && a.finalizers.iter().flatten().eq(b.finalizers.iter().flatten())
}

fn unmarked(metadata: &ObjectMeta) -> impl Iterator<Item = (&String, &String)> {
    metadata.annotations.iter().flatten().filter(|(key, _)| *key != PENDING)
}

fn same_map<V: PartialEq>(one: Option<&BTreeMap<String, V>>, other: Option<&BTreeMap<String, V>>) -> bool {
    one.into_iter().flatten().eq(other.into_iter().flatten())
}
