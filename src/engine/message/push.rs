//! PushSecrets: what is pushed, and what stores say to it.

use latchkey_provider::{self as provider, ErrorKind as Kind, Remote};

use crate::engine::error::{Error, ErrorKind};
use crate::engine::plan::StoreKey;

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidSpec, message)
}

/// The store can only be read.
pub fn store_read_only(store: &StoreKey, provider: &str) -> Error {
    let message = format!(
        "{store} cannot be pushed to: stores of {provider} are only read; name a store of Vault, Kubernetes or AWS Secrets \
         Manager in spec.secretStoreRefs"
    );
    Error::new(ErrorKind::Unsupported, message).at(store.clone())
}

/// No store is like that.
pub fn no_such_store(at: &str) -> Error {
    let message = format!("{at}: no store has these labels; correct the selector, or label a store");
    Error::new(ErrorKind::StoreNotFound, message)
}

/// The Secret has no such key. It begins as ESO's does.
pub fn no_secret_key(at: &str, key: &str) -> Error {
    let message =
        format!("secret key {key} does not exist; add it to what is pushed, or correct {at}.match.secretKey");
    Error::new(ErrorKind::Value, message)
}

/// Two keys become the same by the conversion.
pub fn reversed_alike(at: &str, name: &str) -> Error {
    let message = format!("{at}: two keys become {name:?} by conversionStrategy ReverseUnicode; rename one");
    Error::new(ErrorKind::Value, message)
}

/// Two keys become the same by a rewrite.
pub fn rewritten_alike(at: &str, step: usize) -> Error {
    let message = format!("{at}[{step}]: two keys become the same name; make the rewrite tell them apart");
    Error::new(ErrorKind::Value, message)
}

/// A rewrite that cannot be done.
pub fn not_rewritten(at: &str, step: usize) -> Error {
    Error::new(ErrorKind::Value, format!("{at}[{step}] cannot be done with these keys; correct it"))
}

/// Two entries go to the same place.
pub fn pushed_twice(remote: &Remote) -> Error {
    invalid(format!("two entries go to {remote}; give one of them another remoteKey or property"))
}

/// Metadata that are not of the kind.
pub fn push_metadata(at: &str) -> Error {
    let (version, kind) =
        (latchkey_api::push_secret::METADATA_API_VERSION, latchkey_api::push_secret::METADATA_KIND);
    invalid(format!("{at}.metadata is no {kind}; write apiVersion: {version}, kind: {kind} and a spec"))
}

/// The source is not there. ESO's sentence, and which.
pub fn no_source(name: &str) -> Error {
    let message = format!(
        "could not get source secret: Secret {name:?} not found; create it, or correct spec.selector.secret"
    );
    Error::new(ErrorKind::Value, message)
}

/// Nothing says which Secrets are the source.
pub fn source_unnamed() -> Error {
    invalid(
        "could not get source secret: spec.selector.secret has no name and no selector; add one".to_owned(),
    )
}

/// The labels of the source are no selector.
pub fn source_selector(why: &str) -> Error {
    invalid(format!(
        "could not get source secret: spec.selector.secret.selector is no label selector: {why}; correct it"
    ))
}

/// The store's limits do not let the namespace name the key.
pub fn push_denied(store: &StoreKey, remote: &Remote, namespace: &str) -> Error {
    let message = format!(
        "{store} does not let namespace {namespace:?} name {remote}; correct remoteRef.remoteKey, or have the store's \
         allowed keys extended"
    );
    Error::new(ErrorKind::KeyDenied, message).at(store.clone())
}

/// A store did not take what was pushed.
pub fn not_pushed(store: &StoreKey, remote: &Remote, cause: &provider::Error) -> Error {
    failed("could not write", store, remote, cause)
}

/// A store did not let go of what was pushed.
pub fn not_withdrawn(store: &StoreKey, remote: &Remote, cause: &provider::Error) -> Error {
    failed("could not delete", store, remote, cause)
}

fn failed(doing: &str, store: &StoreKey, remote: &Remote, cause: &provider::Error) -> Error {
    let message = format!("{doing} {remote} in {store}: {cause}; {}", remedy(cause.kind));
    let error = Error::new(ErrorKind::Provider(cause.kind), message).at(store.clone());
    Error { retry_after: cause.retry_after, ..error }
}

fn remedy(kind: Kind) -> &'static str {
    match kind {
        Kind::NotManaged => "choose another name there, or delete what has it",
        Kind::Forbidden => "allow the store's credentials to write it",
        Kind::Unauthenticated | Kind::Credentials => "correct the credentials that the store names",
        Kind::NotFound | Kind::PropertyNotFound | Kind::InvalidRequest => "correct remoteRef",
        Kind::InvalidValue => "correct the value, or push it as a property",
        Kind::Referent => "name a namespace in the store's credentials",
        Kind::InvalidConfig => "correct the metadata or the store's spec",
        Kind::RateLimited => "push less often, or have the store's limit raised",
        Kind::Unavailable => "check that the store is up and can be reached",
        Kind::EndpointRefused => "correct the store's spec, or have the operator allow it",
        Kind::ClusterApi => "check that the API server answers latchkey",
        Kind::Unsupported => "use another way, or another version of latchkey",
    }
}
