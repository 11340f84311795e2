//! From a store's `auth` block to a login with its credentials. If several methods are given, ESO takes the first in the
//! order of this file.

use std::sync::Arc;
use std::time::Duration;

use latchkey_api::provider::vault_auth::{
    VaultAppRole, VaultAuth, VaultCertAuth, VaultJwtAuth, VaultKubernetesAuth, VaultServiceAccountToken,
};
use latchkey_api::provider::{SecretKeySelector, ServiceAccountSelector};

use super::login::{JwtSource, Login, Proof};
use super::session::Credential;
use crate::digest::Digest;
use crate::tls::ClientCertificate;
use crate::{Cluster, Error, ErrorKind, Scope, SecretBytes, credentials};

/// What ESO asks for, and Vault needs it for a moment only.
const SERVICE_ACCOUNT_TOKEN: Duration = Duration::from_secs(600);

/// Where credentials are looked up.
#[derive(Debug, Clone, Copy)]
pub struct Lookup<'a> {
    /// The cluster.
    pub cluster: &'a Arc<dyn Cluster>,
    /// On whose behalf.
    pub scope: &'a Scope,
}

impl Lookup<'_> {
    /// A token or an identifier: without the whitespace around it.
    async fn token(
        self,
        selector: &SecretKeySelector,
        default_key: Option<&str>,
    ) -> Result<SecretBytes, Error> {
        credentials::token(self.cluster.as_ref(), self.scope, selector, default_key).await
    }

    /// A password or a file, as it is.
    pub async fn verbatim(
        self,
        selector: Option<&SecretKeySelector>,
        default_key: Option<&str>,
        field: &str,
    ) -> Result<SecretBytes, Error> {
        let selector = selector.ok_or_else(|| lacks(field))?;
        credentials::secret_key(self.cluster.as_ref(), self.scope, selector, default_key).await
    }

    fn service_account(
        self,
        selector: &ServiceAccountSelector,
        more_audiences: &[String],
        expires: Duration,
    ) -> Result<JwtSource, Error> {
        let ServiceAccountSelector { name, namespace, audiences } = selector;
        Ok(JwtSource::ServiceAccount {
            cluster: self.cluster.clone(),
            namespace: self.scope.credentials_namespace(namespace.as_deref())?.to_owned(),
            name: name.clone(),
            audiences: audiences.iter().chain(more_audiences).cloned().collect(),
            expires,
        })
    }
}

/// The credential of a store, and the client certificate that its login needs, if any.
///
/// # Errors
/// [`ErrorKind::Credentials`], [`ErrorKind::Referent`], [`ErrorKind::ClusterApi`] of the look-ups;
/// [`ErrorKind::InvalidConfig`] for a method that lacks a field; [`ErrorKind::Unsupported`] for `iam` and `gcp`.
pub async fn resolve(
    auth: Option<&VaultAuth>,
    lookup: Lookup<'_>,
) -> Result<(Credential, Option<ClientCertificate>), Error> {
    let Some(auth) = auth else { return Ok((Credential::Nothing, None)) };
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
    let login = if let Some(token) = token_secret_ref {
        return Ok((Credential::Token(lookup.token(token, None).await?), None));
    } else if let Some(app_role) = app_role {
        self::app_role(app_role, lookup).await?
    } else if let Some(kubernetes) = kubernetes {
        self::kubernetes(kubernetes, lookup).await?
    } else if let Some(ldap) = ldap {
        let password = lookup.verbatim(ldap.secret_ref.as_ref(), None, "ldap.secretRef").await?;
        password_login("ldap", "ldap", ldap.path.as_deref(), &ldap.username, password)
    } else if let Some(user) = user_pass {
        let password = lookup.verbatim(user.secret_ref.as_ref(), None, "userPass.secretRef").await?;
        password_login("userPass", "userpass", user.path.as_deref(), &user.username, password)
    } else if let Some(jwt) = jwt {
        self::jwt(jwt, lookup).await?
    } else if let Some(cert) = cert {
        return self::cert(cert, lookup).await;
    } else {
        return Err(without_method(iam.is_some(), gcp.is_some()));
    };
    Ok((Credential::Login(login), None))
}

async fn app_role(auth: &VaultAppRole, lookup: Lookup<'_>) -> Result<Login, Error> {
    let VaultAppRole { path, role_id, role_ref, secret_ref } = auth;
    let role_id = match (role_id.as_deref().filter(|id| !id.is_empty()), role_ref) {
        (Some(id), _) => SecretBytes::from(id.trim()),
        (None, Some(selector)) => lookup.token(selector, None).await?,
        (None, None) => return Err(lacks("appRole.roleId or appRole.roleRef")),
    };
    let secret_id = lookup.token(secret_ref, None).await?;
    Ok(login("appRole", path.as_deref(), "approle", Proof::AppRole { role_id, secret_id }))
}

async fn kubernetes(auth: &VaultKubernetesAuth, lookup: Lookup<'_>) -> Result<Login, Error> {
    let VaultKubernetesAuth { mount_path, role, service_account_ref, secret_ref } = auth;
    let source = match (service_account_ref, secret_ref) {
        (Some(account), _) => lookup.service_account(account, &[], SERVICE_ACCOUNT_TOKEN)?,
        (None, Some(selector)) => JwtSource::Fixed(lookup.token(selector, Some("token")).await?),
        (None, None) => JwtSource::Pod,
    };
    let proof = Proof::Jwt { role: Some(role.clone()), source };
    Ok(login("kubernetes", mount_path.as_deref(), "kubernetes", proof))
}

async fn jwt(auth: &VaultJwtAuth, lookup: Lookup<'_>) -> Result<Login, Error> {
    let VaultJwtAuth { path, role, secret_ref, kubernetes_service_account_token } = auth;
    let source = match (secret_ref, kubernetes_service_account_token) {
        (Some(selector), _) => JwtSource::Fixed(lookup.token(selector, None).await?),
        (None, Some(token)) => requested_jwt(token, lookup)?,
        (None, None) => return Err(lacks("jwt.secretRef or jwt.kubernetesServiceAccountToken")),
    };
    Ok(login("jwt", path.as_deref(), "jwt", Proof::Jwt { role: role.clone(), source }))
}

fn requested_jwt(token: &VaultServiceAccountToken, lookup: Lookup<'_>) -> Result<JwtSource, Error> {
    let VaultServiceAccountToken { service_account_ref, audiences, expiration_seconds } = token;
    let default = ["vault".to_owned()];
    let expires = match expiration_seconds {
        Some(seconds) => Duration::from_secs(u64::try_from(*seconds).unwrap_or_default()),
        None => SERVICE_ACCOUNT_TOKEN,
    };
    lookup.service_account(service_account_ref, audiences.as_deref().unwrap_or(&default), expires)
}

async fn cert(
    auth: &VaultCertAuth,
    lookup: Lookup<'_>,
) -> Result<(Credential, Option<ClientCertificate>), Error> {
    let VaultCertAuth { path, vault_role, client_cert, secret_ref } = auth;
    let chain = lookup.verbatim(client_cert.as_ref(), None, "cert.clientCert").await?;
    let key = lookup.verbatim(secret_ref.as_ref(), None, "cert.secretRef").await?;
    let role = vault_role.clone().filter(|role| !role.is_empty());
    let login = login("cert", path.as_deref(), "cert", Proof::Certificate { role });
    Ok((Credential::Login(login), Some(ClientCertificate { chain, key })))
}

fn password_login(
    method: &'static str,
    default_mount: &str,
    mount: Option<&str>,
    username: &str,
    password: SecretBytes,
) -> Login {
    login(method, mount, default_mount, Proof::Password { username: username.trim().to_owned(), password })
}

fn login(method: &'static str, mount: Option<&str>, default_mount: &str, proof: Proof) -> Login {
    let mount = mount.filter(|mount| !mount.is_empty()).unwrap_or(default_mount);
    Login { method, mount: mount.trim_matches('/').to_owned(), proof }
}

fn without_method(iam: bool, gcp: bool) -> Error {
    match (iam, gcp) {
        (true, _) => unsupported("iam"),
        (false, true) => unsupported("gcp"),
        (false, false) => {
            Error::new(ErrorKind::InvalidConfig, "the vault store's auth names no method to log in by")
        }
    }
}

fn unsupported(method: &str) -> Error {
    let text = format!(
        "login to vault by {method} is not supported: use kubernetes, jwt, appRole, cert, userPass, ldap or tokenSecretRef"
    );
    Error::new(ErrorKind::Unsupported, text)
}

fn lacks(field: &str) -> Error {
    Error::new(ErrorKind::InvalidConfig, format!("the vault store's auth lacks {field}"))
}

/// Takes a credential into a digest: by content, or by whose token is requested.
pub fn digest(credential: &Credential, digest: Digest) -> Digest {
    match credential {
        Credential::Nothing => digest,
        Credential::Token(token) => digest.part("token", token.expose()),
        Credential::Login(Login { method, mount, proof }) => {
            digest_proof(proof, digest.part("method", method).part("mount", mount))
        }
    }
}

fn digest_proof(proof: &Proof, digest: Digest) -> Digest {
    match proof {
        Proof::AppRole { role_id, secret_id } => {
            digest.part("role id", role_id.expose()).part("secret id", secret_id.expose())
        }
        Proof::Jwt { role, source } => digest_source(source, digest.maybe("role", role.as_ref())),
        Proof::Password { username, password } => {
            digest.part("user", username).part("password", password.expose())
        }
        Proof::Certificate { role } => digest.maybe("role", role.as_ref()),
    }
}

fn digest_source(source: &JwtSource, digest: Digest) -> Digest {
    match source {
        JwtSource::Fixed(jwt) => digest.part("jwt", jwt.expose()),
        JwtSource::Pod => digest.part("pod", ""),
        JwtSource::ServiceAccount { cluster: _, namespace, name, audiences, expires } => {
            let account = digest.part("namespace", namespace).part("name", name);
            let account =
                audiences.iter().fold(account, |digest, audience| digest.part("audience", audience));
            account.part("expires", expires.as_secs().to_be_bytes())
        }
    }
}
