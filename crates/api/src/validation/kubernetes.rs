//! What is wrong with a store in Kubernetes.

use super::scope::Scope;
use super::store::{InvalidStore, settings};
use crate::provider::{CaProvider, Kubernetes, SecretKeySelector};
use crate::store::StoreKind;

/// Whether the server's certificate is checked against those of the system alone.
pub(super) fn trusts_the_system(block: &Kubernetes) -> bool {
    let server = block.server.as_ref();
    let own = server.is_some_and(|server| server.ca_bundle.is_some() || server.ca_provider.is_some());
    block.auth_ref.is_none() && !own
}

pub(super) fn kubernetes(scope: Scope<'_>, block: &Kubernetes) -> Result<(), InvalidStore> {
    let authority = block.server.as_ref().and_then(|server| server.ca_provider.as_ref());
    authority.map_or(Ok(()), |authority| certificate_authority(scope, authority))?;
    let Some(auth) = &block.auth else { return Ok(()) };
    if let Some(cert) = &auth.cert {
        complete("ClientCert", cert.client_cert.as_ref())?;
        scope.absolute("", cert.client_cert.as_ref().and_then(|cert| cert.namespace.as_deref()))?;
    }
    if let Some(token) = &auth.token {
        complete("BearerToken", token.bearer_token.as_ref())?;
        scope.absolute("", token.bearer_token.as_ref().and_then(|token| token.namespace.as_deref()))?;
    }
    scope.service_account("", auth.service_account.as_ref())
}

fn certificate_authority(scope: Scope<'_>, authority: &CaProvider) -> Result<(), InvalidStore> {
    match (scope.kind, &authority.namespace) {
        (StoreKind::ClusterSecretStore, None) => {
            Err(settings("CAProvider.namespace must not be empty with ClusterSecretStore"))
        }
        (StoreKind::SecretStore, Some(_)) => {
            Err(settings("CAProvider.namespace must be empty with SecretStore"))
        }
        (StoreKind::ClusterSecretStore, Some(_)) | (StoreKind::SecretStore, None) => Ok(()),
    }
}

fn complete(field: &str, selector: Option<&SecretKeySelector>) -> Result<(), InvalidStore> {
    let given = |part: fn(&SecretKeySelector) -> &Option<String>| {
        selector.and_then(|selector| part(selector).as_deref()).is_some_and(|text| !text.is_empty())
    };
    if !given(|selector| &selector.name) {
        return Err(settings(format!("{field}.Name cannot be empty")));
    }
    if !given(|selector| &selector.key) {
        return Err(settings(format!("{field}.Key cannot be empty")));
    }
    Ok(())
}
