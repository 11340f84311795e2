//! The ways to log in, once their credentials are at hand.
//!
//! The requests are vaultrs' where it has them. `kubernetes` logs in as `jwt` does, and `ldap`, which vaultrs lacks, as
//! `userpass`.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use vaultrs::api::auth::approle::requests::LoginWithApproleRequest;
use vaultrs::api::auth::oidc::requests::JWTLoginRequest;
use vaultrs::api::auth::userpass::requests::LoginRequest as UserPassLoginRequest;

use super::request::{CertLogin, Request};
use crate::{Cluster, Error, ErrorKind, SecretBytes};

/// Where a Pod finds the token of its own ServiceAccount.
const POD_TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/// A login with everything it needs.
#[derive(Debug)]
pub struct Login {
    /// Its name in the store: `appRole`.
    pub method: &'static str,
    /// Where the method is mounted, below `auth/`.
    pub mount: String,
    /// What is shown.
    pub proof: Proof,
}

/// What is shown to Vault.
#[derive(Debug)]
pub enum Proof {
    /// Role id and secret id of an AppRole.
    AppRole {
        /// The role id.
        role_id: SecretBytes,
        /// The secret id.
        secret_id: SecretBytes,
    },
    /// A JWT for a role: the methods `kubernetes` and `jwt`.
    Jwt {
        /// The role; none is the mount's default.
        role: Option<String>,
        /// Where the JWT comes from.
        source: JwtSource,
    },
    /// Name and password: the methods `userpass` and `ldap`.
    Password {
        /// The name.
        username: String,
        /// The password.
        password: SecretBytes,
    },
    /// The client certificate of the TLS connection.
    Certificate {
        /// The role; none is any that matches.
        role: Option<String>,
    },
}

/// Where the JWT of a login comes from.
pub enum JwtSource {
    /// A Secret.
    Fixed(SecretBytes),
    /// The token of the Pod that this runs in, read anew for each login since the kubelet renews it.
    Pod,
    /// A token of a ServiceAccount, requested anew for each login.
    ServiceAccount {
        /// Who is asked.
        cluster: Arc<dyn Cluster>,
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// The token's audiences.
        audiences: Vec<String>,
        /// How long it should last.
        expires: Duration,
    },
}

impl fmt::Debug for JwtSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(_) => f.write_str("Fixed"),
            Self::Pod => f.write_str("Pod"),
            Self::ServiceAccount { namespace, name, .. } => write!(f, "ServiceAccount({namespace}/{name})"),
        }
    }
}

impl JwtSource {
    async fn jwt(&self) -> Result<SecretBytes, Error> {
        match self {
            Self::Fixed(jwt) => Ok(jwt.clone()),
            Self::Pod => tokio::fs::read(POD_TOKEN).await.map(SecretBytes::from).map_err(|error| {
                let text = format!("cannot read the pod's own ServiceAccount token: {}", error.kind());
                Error::new(ErrorKind::Credentials, text)
            }),
            Self::ServiceAccount { cluster, namespace, name, audiences, expires } => {
                cluster.service_account_token(namespace, name, audiences, *expires).await
            }
        }
    }
}

impl Login {
    /// Whether Vault locks it after a few wrong tries (its "user lockout": approle, ldap, userpass).
    pub fn may_be_locked(&self) -> bool {
        match self.proof {
            Proof::AppRole { .. } | Proof::Password { .. } => true,
            Proof::Jwt { .. } | Proof::Certificate { .. } => false,
        }
    }

    /// The request. A ServiceAccount's token is requested here.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidRequest`] if the mount or the user's name makes no path; [`ErrorKind::Credentials`] and
    /// [`ErrorKind::ClusterApi`] of the token, or if a credential is not text.
    pub async fn request(&self) -> Result<Request, Error> {
        let mount = self.mount.clone();
        match &self.proof {
            Proof::AppRole { role_id, secret_id } => Request::of(&LoginWithApproleRequest {
                mount,
                role_id: text("role id", role_id)?.to_owned(),
                secret_id: text("secret id", secret_id)?.to_owned(),
            }),
            Proof::Jwt { role, source } => {
                let jwt = source.jwt().await?;
                let (role, jwt) = (role.as_deref().map(str::trim), text("JWT", &jwt)?);
                Request::of(&JWTLoginRequest { mount, jwt: jwt.to_owned(), role: role.map(str::to_owned) })
            }
            Proof::Password { username, password } => Request::of(&UserPassLoginRequest {
                mount,
                username: username.clone(),
                password: as_text("password", password)?.to_owned(),
            }),
            Proof::Certificate { role } => Request::of(&CertLogin { mount, name: role.clone() }),
        }
    }

    /// Lets the cluster's memory of the credentials go, before a login that follows a refusal.
    pub fn forget(&self) {
        if let Proof::Jwt { source: JwtSource::ServiceAccount { cluster, namespace, .. }, .. } = &self.proof {
            cluster.forget(namespace);
        }
    }
}

/// An identifier without the line break that often ends a file.
fn text<'a>(what: &str, bytes: &'a SecretBytes) -> Result<&'a str, Error> {
    as_text(what, bytes).map(str::trim)
}

fn as_text<'a>(what: &str, bytes: &'a SecretBytes) -> Result<&'a str, Error> {
    bytes
        .expose_str()
        .ok_or_else(|| Error::new(ErrorKind::Credentials, format!("the {what} for vault is not text")))
}
