//! Look-up of what a store names in the cluster: keys of Secrets, CA certificates, tokens of ServiceAccounts.
//!
//! Namespaces follow [`Scope::credentials_namespace`]; the error texts are ESO's (`runtime/esutils/resolvers`).

use std::collections::BTreeMap;
use std::time::Duration;

use latchkey_api::provider::{CaProvider, CaProviderType, SecretKeySelector};

use crate::{Cluster, Error, ErrorKind, Scope, SecretBytes, tls};

/// How long a token of a ServiceAccount is to live that is exchanged at once: the least that Kubernetes gives.
pub const TOKEN_LIFE: Duration = Duration::from_mins(10);

/// The bytes that a selector names, as they are. `default_key` is what the field means without `key`.
///
/// # Errors
/// [`ErrorKind::Credentials`] if the selector has no name or key, or the Secret or its key is missing; those of
/// [`Scope::credentials_namespace`]; [`ErrorKind::ClusterApi`].
pub async fn secret_key(
    cluster: &dyn Cluster,
    scope: &Scope,
    selector: &SecretKeySelector,
    default_key: Option<&str>,
) -> Result<SecretBytes, Error> {
    let SecretKeySelector { name, key, namespace } = selector;
    let namespace = scope.credentials_namespace(namespace.as_deref())?;
    let name = name.as_deref().filter(|name| !name.is_empty()).ok_or_else(|| unnamed("name"))?;
    let key = key.as_deref().or(default_key).filter(|key| !key.is_empty()).ok_or_else(|| unnamed("key"))?;
    let mut data = secret(cluster, namespace, name).await?;
    data.remove(key).ok_or_else(|| no_key("secret", namespace, name, key))
}

/// As [`secret_key`], without whitespace at both ends: for tokens, passwords and ids, into which editors and
/// `kubectl create secret --from-file` bring a trailing newline that no header can hold.
///
/// # Errors
/// Those of [`secret_key`]; [`ErrorKind::Credentials`] if the bytes are not text or empty.
pub async fn token(
    cluster: &dyn Cluster,
    scope: &Scope,
    selector: &SecretKeySelector,
    default_key: Option<&str>,
) -> Result<SecretBytes, Error> {
    let bytes = secret_key(cluster, scope, selector, default_key).await?;
    let text = bytes.expose_str().map(str::trim).unwrap_or_default();
    if text.is_empty() {
        let (name, key) =
            (selector.name.as_deref().unwrap_or_default(), selector.key.as_deref().or(default_key));
        let message =
            format!("key {:?} of Kubernetes secret {name:?} is empty or not text", key.unwrap_or_default());
        return Err(Error::new(ErrorKind::Credentials, message));
    }
    Ok(SecretBytes::from(text))
}

/// The CA certificates of a store in PEM: `caBundle`, else `caProvider`, else none.
///
/// # Errors
/// [`ErrorKind::InvalidConfig`] if what is named holds no certificate; else those of [`secret_key`].
pub async fn ca(
    cluster: &dyn Cluster,
    scope: &Scope,
    bundle: Option<&[u8]>,
    provider: Option<&CaProvider>,
) -> Result<Option<Vec<u8>>, Error> {
    if let Some(bundle) = bundle.filter(|bundle| !bundle.is_empty()) {
        return tls::ca_pem(bundle).map(Some);
    }
    match provider {
        Some(provider) => tls::ca_pem(ca_bytes(cluster, scope, provider).await?.expose()).map(Some),
        None => Ok(None),
    }
}

async fn ca_bytes(cluster: &dyn Cluster, scope: &Scope, provider: &CaProvider) -> Result<SecretBytes, Error> {
    let CaProvider { type_, name, key, namespace } = provider;
    let namespace = scope.credentials_namespace(namespace.as_deref())?;
    let key = key.as_deref().filter(|key| !key.is_empty()).ok_or_else(|| unnamed("key"))?;
    match type_ {
        CaProviderType::Secret => {
            let mut data = secret(cluster, namespace, name).await?;
            data.remove(key).ok_or_else(|| no_key("secret", namespace, name, key))
        }
        CaProviderType::ConfigMap => {
            let read = cluster.config_map(namespace, name).await;
            let mut data = read.map_err(|error| in_object("config map", namespace, name, error))?;
            data.remove(key).map(SecretBytes::from).ok_or_else(|| no_key("config map", namespace, name, key))
        }
    }
}

/// The data of a Secret, with ESO's sentence if it cannot be had.
async fn secret(
    cluster: &dyn Cluster,
    namespace: &str,
    name: &str,
) -> Result<BTreeMap<String, SecretBytes>, Error> {
    cluster.secret(namespace, name).await.map_err(|error| in_object("secret", namespace, name, error))
}

fn in_object(what: &str, namespace: &str, name: &str, cause: Error) -> Error {
    let message =
        format!("cannot get Kubernetes {what} {name:?} from namespace {namespace:?}: {}", cause.message);
    Error { message, ..cause }
}

/// ESO's sentence, which does not say where it looked; and where.
fn no_key(what: &str, namespace: &str, name: &str, key: &str) -> Error {
    let message = format!(
        "cannot find secret data for key: {key:?} in Kubernetes {what} {name:?} from namespace {namespace:?}"
    );
    Error::new(ErrorKind::Credentials, message)
}

fn unnamed(field: &str) -> Error {
    Error::new(ErrorKind::Credentials, format!("a reference to credentials has no {field}"))
}
