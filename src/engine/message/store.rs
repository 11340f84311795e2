//! Stores, and what they answer.

use std::time::Duration;

use latchkey_provider::{self as provider, ErrorKind as Kind};

use super::listed;
use crate::engine::error::{Error, ErrorKind};
use crate::engine::plan::{Source, SourcePath, StoreKey};

/// The store does not exist, as far as this namespace sees. `field` is what names it.
pub fn store_not_found(store: &StoreKey, field: &str) -> Error {
    let place = match &store.namespace {
        Some(namespace) => format!(" in namespace {namespace:?}"),
        None => String::new(),
    };
    Error::new(ErrorKind::StoreNotFound, format!("{store} not found{place}; create it, or correct {field}"))
        .at(store.clone())
}

/// The store could not be looked up.
pub fn store_unknown(store: &StoreKey, why: &str) -> Error {
    let message =
        format!("{store} could not be looked up: {why}; check that the API server answers latchkey");
    Error::new(ErrorKind::Cluster, message).at(store.clone())
}

/// A ClusterSecretStore's conditions do not admit the namespace.
pub fn store_denied(store: &StoreKey, namespace: &str) -> Error {
    let message = format!(
        "{store} is not allowed from namespace {namespace:?}: denied by spec.conditions; use a store of that namespace, \
         or have the namespace admitted"
    );
    Error::new(ErrorKind::StoreDenied, message).at(store.clone())
}

/// The store's limits do not let the namespace name the key. `allowed` are the patterns that hold for it.
pub fn key_denied(source: &Source, key: &str, namespace: &str, allowed: &[String]) -> Error {
    let Source { at, store, .. } = source;
    let may = match allowed {
        [] => "nor any other".to_owned(),
        patterns => format!("only {}", listed(patterns)),
    };
    let message = format!(
        "{at}: {store} does not let namespace {namespace:?} name the key {key:?}, {may}; correct {}, or have the \
         store's allowed keys extended",
        at.field("key")
    );
    Error::new(ErrorKind::KeyDenied, message).at(store.clone())
}

/// The installation serves no such stores.
pub fn store_not_served(store: &StoreKey) -> Error {
    let message = format!(
        "{store} cannot be used: this installation of latchkey serves no ClusterSecretStores; use a SecretStore of the \
         namespace"
    );
    Error::new(ErrorKind::StoreDenied, message).at(store.clone())
}

/// The store is another controller's.
pub fn store_of_another_class(store: &StoreKey, class: &str) -> Error {
    let message =
        format!("{store} belongs to controller {class:?}; remove its spec.controller, or use another store");
    Error::new(ErrorKind::StoreDenied, message).at(store.clone())
}

/// The store's status says that it does not work.
pub fn store_not_ready(store: &StoreKey, why: &str) -> Error {
    let message = format!("{store} is not ready: {why}; repair the store");
    Error::new(ErrorKind::StoreNotReady, message).at(store.clone())
}

/// The store's credentials or configuration cannot be used, before any entry was asked for.
pub fn store_unusable(store: &StoreKey, cause: &provider::Error) -> Error {
    caused(store, cause, format!("{store} cannot be used: {cause}; {}", remedy(cause.kind, None)))
}

/// Time ran out before the store could be asked: the API server gives the store, and what its credentials are in.
pub fn not_opened(store: &StoreKey) -> Error {
    let message = format!(
        "{store} could not be opened in time: the API server had not answered for it or for its credentials; check that the \
         API server answers latchkey"
    );
    Error::new(ErrorKind::Cluster, message)
}

/// Time ran out before the store had answered.
pub fn too_late(store: &StoreKey) -> Error {
    let message = format!("{store} has not answered in time; check that the store is up and can be reached");
    Error::new(ErrorKind::Deadline, message).at(store.clone())
}

/// The same has just failed.
pub fn backing_off(store: &StoreKey, left: Duration, last: &str) -> Error {
    let seconds = left.as_secs().max(1);
    let message = format!("{store} has just failed and is asked again in {seconds}s: {last}");
    let error = Error::new(ErrorKind::BackingOff, message).at(store.clone());
    Error { retry_after: Some(left), ..error }
}

/// An entry that nobody read.
pub fn not_read(source: &Source) -> Error {
    let message =
        format!("{}: {} was not read inside latchkey; please report this defect", source.at, source.entry);
    Error::new(ErrorKind::Unsupported, message).at(source.store.clone())
}

/// Where a failed reading was on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// The entry was fetched.
    Entry,
    /// The entry is there, and something was looked for in it.
    Inside,
}

/// What a store, or the look into what it gave, failed with at one entry.
pub fn remote(source: &Source, location: &str, read: Read, cause: &provider::Error) -> Error {
    let at = source.at;
    let what = match (cause.kind, read, &source.property) {
        (Kind::PropertyNotFound, _, Some(property)) | (Kind::NotFound, Read::Inside, Some(property)) => {
            let field = at.field("property");
            let place = place(source, location, cause);
            format!("{place} has no property {property:?}; correct {field}, or add it there")
        }
        (Kind::NotFound, ..) => {
            format!("{}; {}", missing(source, location, cause), remedy(cause.kind, Some(at)))
        }
        _ => format!("{}: {cause}; {}", place(source, location, cause), remedy(cause.kind, Some(at))),
    };
    caused(&source.store, cause, format!("{at}: {what}"))
}

fn missing(source: &Source, location: &str, cause: &provider::Error) -> String {
    let code = cause.code.as_ref().map(|code| format!(" ({code})")).unwrap_or_default();
    let Source { entry, store, .. } = source;
    format!("secret {entry} does not exist in {store}{}{code}", at_location(location, ""))
}

/// The entry and its store; where the store is, unless the cause says so.
fn place(source: &Source, location: &str, cause: &provider::Error) -> String {
    format!("{}{}", named(source), at_location(location, &cause.message))
}

/// The entry and its store.
pub(super) fn named(source: &Source) -> String {
    let Source { entry, store, .. } = source;
    let what = if entry.listing.is_some() { "" } else { "secret " };
    format!("{what}{entry} of {store}")
}

fn at_location(location: &str, said: &str) -> String {
    if location.is_empty() || said.contains(location) { String::new() } else { format!(" at {location}") }
}

/// What to do about it.
fn remedy(kind: Kind, at: Option<SourcePath>) -> String {
    let key = match at {
        None => "the reference".to_owned(),
        Some(at @ SourcePath::Find(_)) => at.to_string(),
        Some(at) => at.field("key"),
    };
    match kind {
        Kind::NotFound => format!("create it there, or correct {key}"),
        Kind::PropertyNotFound | Kind::InvalidValue => {
            "correct the remote value, or what is asked of it".to_owned()
        }
        Kind::Forbidden => format!("allow the store's credentials to read it, or correct {key}"),
        Kind::Unauthenticated | Kind::Credentials => {
            "correct the credentials that the store names".to_owned()
        }
        Kind::Referent => "name a namespace in the store's credentials".to_owned(),
        Kind::InvalidConfig => "correct the store's spec".to_owned(),
        Kind::InvalidRequest => format!("correct {}", key.trim_end_matches(".key")),
        Kind::RateLimited => "ask less often, or have the store's limit raised".to_owned(),
        Kind::Unavailable => "check that the store is up and can be reached".to_owned(),
        Kind::NotManaged => "choose another name there, or delete what has it".to_owned(),
        Kind::EndpointRefused => "correct the store's spec, or have the operator allow it".to_owned(),
        Kind::ClusterApi => "check that the API server answers latchkey".to_owned(),
        Kind::Unsupported => "use another way, or another version of latchkey".to_owned(),
    }
}

fn caused(store: &StoreKey, cause: &provider::Error, message: String) -> Error {
    let error = Error::new(ErrorKind::Provider(cause.kind), message).at(store.clone());
    Error { retry_after: cause.retry_after, ..error }
}
