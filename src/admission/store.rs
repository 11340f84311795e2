//! Admission of SecretStores and ClusterSecretStores: what can never work is refused, as ESO's webhook does.

use latchkey_api::external_secret::StoreKind;
use latchkey_api::store::{ClusterSecretStore, SecretStore, SecretStoreSpec};
use latchkey_api::validation::{StoreValidation, ignored_fields, validate_store};

use super::Admission;
use super::request::{Request, Response, Unreadable};
use crate::engine::plan::StoreKey;

/// The store of a request.
///
/// # Errors
/// The object is no store.
fn read(request: &Request) -> Result<(StoreKind, SecretStoreSpec), Unreadable> {
    match request.kind.as_str() {
        "ClusterSecretStore" => {
            let store: ClusterSecretStore = request.object("ClusterSecretStore")?;
            Ok((StoreKind::ClusterSecretStore, store.spec))
        }
        _ => {
            let store: SecretStore = request.object("SecretStore")?;
            Ok((StoreKind::SecretStore, store.spec))
        }
    }
}

/// The answer, by the specification alone.
fn judge(object: &str, name: &str, validation: &StoreValidation, ignored: &[&str]) -> Response {
    if !validation.errors.is_empty() {
        let texts: Vec<String> = validation.errors.iter().map(ToString::to_string).collect();
        return Response::denied(format!("{object}: {}", texts.join("; "))).audited("outcome", "denied");
    }
    let mut response = Response::admitted("valid").audited("outcome", "valid");
    for warning in &validation.warnings {
        response = response.warned(format!("{object}: {}", warning.message(name)));
    }
    for field in ignored {
        response = response
            .warned(format!("{object}: {field} has no effect; it is accepted for old manifests only"));
    }
    response
}

impl Admission {
    /// Admits a store that could work.
    pub fn store(&self, request: &Request) -> Response {
        if request.is_being_deleted() {
            return Response::admitted("deleting");
        }
        let (kind, spec) = match read(request) {
            Ok(read) => read,
            Err(error) => return Response::admitted("unreadable").warned(error.to_string()),
        };
        if !self.engine.is_of_class(&spec) {
            return Response::admitted("other_class");
        }
        let namespace = (kind == StoreKind::SecretStore).then_some(request.namespace.as_str());
        let object = match namespace {
            Some(namespace) => format!("{kind} {namespace}/{}", request.name),
            None => format!("{kind} {}", request.name),
        };
        let response =
            judge(&object, &request.name, &validate_store(kind, namespace, &spec), &ignored_fields(&spec));
        if response.denied.is_none() && !request.dry_run {
            let key = StoreKey { kind, namespace: namespace.map(str::to_owned), name: request.name.clone() };
            self.lookup.admitted(key);
        }
        response
    }
}
