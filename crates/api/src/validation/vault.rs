//! What is wrong with a store in Vault.

use super::scope::Scope;
use super::store::{InvalidStore, settings};
use crate::provider::Vault;
use crate::provider::vault::VaultKvVersion;
use crate::provider::vault_auth::{VaultAppRole, VaultAuth, VaultIamAuth, VaultJwtAuth};

pub(super) fn vault(scope: Scope<'_>, block: &Vault) -> Result<(), InvalidStore> {
    block.auth.as_ref().map_or(Ok(()), |auth| login(scope, auth))?;
    client_tls(scope, block)?;
    let check_and_set = block.check_and_set.as_ref().and_then(|settings| settings.required) == Some(true);
    if check_and_set && block.version() == VaultKvVersion::V1 {
        return Err(settings("checkAndSet is not supported with Vault KV version v1"));
    }
    Ok(())
}

fn login(scope: Scope<'_>, auth: &VaultAuth) -> Result<(), InvalidStore> {
    // Destructured whole, so that a new way to log in does not compile until its references are checked.
    let VaultAuth {
        namespace: _,
        token_secret_ref,
        app_role,
        kubernetes,
        ldap,
        user_pass,
        jwt,
        cert,
        iam,
        gcp,
    } = auth;
    app_role.as_ref().map_or(Ok(()), |role| by_app_role(scope, role))?;
    if let Some(cert) = cert {
        scope.secret("Auth.Cert.ClientCert", cert.client_cert.as_ref())?;
        scope.secret("Auth.Cert.SecretRef", cert.secret_ref.as_ref())?;
    }
    jwt.as_ref().map_or(Ok(()), |jwt| by_jwt(scope, jwt))?;
    if let Some(kubernetes) = kubernetes {
        scope
            .service_account("Auth.Kubernetes.ServiceAccountRef", kubernetes.service_account_ref.as_ref())?;
        scope.secret("Auth.Kubernetes.SecretRef", kubernetes.secret_ref.as_ref())?;
    }
    scope.secret("Auth.Ldap.SecretRef", ldap.as_ref().and_then(|ldap| ldap.secret_ref.as_ref()))?;
    scope.secret("Auth.UserPass.SecretRef", user_pass.as_ref().and_then(|user| user.secret_ref.as_ref()))?;
    scope.secret("Auth.TokenSecretRef", token_secret_ref.as_ref())?;
    iam.as_ref().map_or(Ok(()), |iam| by_iam(scope, iam))?;
    if let Some(gcp) = gcp {
        // The operator does not check these; reading the Secret of another namespace is refused here all the same.
        let key = gcp.secret_ref.as_ref().and_then(|keys| keys.secret_access_key_secret_ref.as_ref());
        scope.secret("Auth.Gcp.SecretRef", key)?;
        let identity = gcp.workload_identity.as_ref().map(|identity| &identity.service_account_ref);
        scope.service_account("Auth.Gcp.WorkloadIdentity.ServiceAccountRef", identity)?;
        scope.service_account("Auth.Gcp.ServiceAccountRef", gcp.service_account_ref.as_ref())?;
    }
    Ok(())
}

fn by_app_role(scope: Scope<'_>, role: &VaultAppRole) -> Result<(), InvalidStore> {
    scope.secret("Auth.AppRole.SecretRef", Some(&role.secret_ref))?;
    if role.role_id.as_deref().is_some_and(|id| !id.is_empty()) {
        return Ok(());
    }
    match &role.role_ref {
        Some(reference) => scope.secret("Auth.AppRole.RoleRef", Some(reference)),
        None => Err(settings("invalid Auth.AppRole: neither `roleId` nor `roleRef` was supplied")),
    }
}

fn by_jwt(scope: Scope<'_>, jwt: &VaultJwtAuth) -> Result<(), InvalidStore> {
    match (&jwt.secret_ref, &jwt.kubernetes_service_account_token) {
        (Some(secret), _) => scope.secret("Auth.Jwt.SecretRef", Some(secret)),
        (None, Some(token)) => {
            let field = "Auth.Jwt.KubernetesServiceAccountToken.ServiceAccountRef";
            scope.service_account(field, Some(&token.service_account_ref))
        }
        (None, None) => Err(settings(
            "neither `secretRef` nor `kubernetesServiceAccountToken` was supplied as token source for jwt authentication",
        )),
    }
}

/// The operator names the token's field here too.
fn by_iam(scope: Scope<'_>, iam: &VaultIamAuth) -> Result<(), InvalidStore> {
    let field = "Auth.TokenSecretRef";
    let account = iam.jwt.as_ref().and_then(|jwt| jwt.service_account_ref.as_ref());
    scope.service_account(field, account)?;
    let Some(keys) = &iam.secret_ref else { return Ok(()) };
    scope.secret(field, keys.access_key_id_secret_ref.as_ref())?;
    scope.secret(field, keys.secret_access_key_secret_ref.as_ref())?;
    scope.secret(field, keys.session_token_secret_ref.as_ref())
}

fn client_tls(scope: Scope<'_>, block: &Vault) -> Result<(), InvalidStore> {
    let Some(tls) = &block.tls else { return Ok(()) };
    match (&tls.cert_secret_ref, &tls.key_secret_ref) {
        (Some(cert), Some(key)) => {
            scope.secret("ClientTLS.ClientCert", Some(cert))?;
            scope.secret("ClientTLS.SecretRef", Some(key))
        }
        (None, None) => Ok(()),
        (Some(_), None) | (None, Some(_)) => Err(settings(
            "when provided, both ClientTLS.ClientCert and ClientTLS.SecretRef should be provided",
        )),
    }
}
