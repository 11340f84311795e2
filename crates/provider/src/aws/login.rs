//! With which credentials AWS is asked: ESO's order and rules (`providers/v1/aws/auth`).

use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use latchkey_api::provider::aws::{Aws, AwsJwt, AwsSecretRef, AwsSessionTagsPolicy, AwsTag};
use latchkey_api::provider::{SecretKeySelector, ServiceAccountSelector};
use tokio::time::timeout;

use super::config::{OPERATION, Settings};
use super::failure;
use super::sts::{AssumeRole, WebIdentity};
use crate::digest::Digest;
use crate::{Cluster, Error, ErrorKind, Scope, SecretBytes, credentials};

const ROLE_ANNOTATION: &str = "eks.amazonaws.com/role-arn";
const AUDIENCE_ANNOTATION: &str = "eks.amazonaws.com/audience";
const DEFAULT_AUDIENCE: &str = "sts.amazonaws.com";

/// The first credentials and the roles that are assumed with them, one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    source: Source,
    roles: Vec<Role>,
}

/// Where the first credentials come from.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    /// An access key out of a Secret.
    Keys { namespace: String, id: SecretBytes, secret: SecretBytes, session: Option<SecretBytes> },
    /// The token of a ServiceAccount, exchanged for the role that it is annotated with.
    ServiceAccount(ServiceAccount),
    /// Whatever the SDK finds.
    Environment,
}

/// A ServiceAccount that stands for a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceAccount {
    pub namespace: String,
    pub name: String,
    pub role: String,
    pub audiences: Vec<String>,
}

/// A role to be assumed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Role {
    pub arn: String,
    pub external_id: Option<String>,
    pub tags: Vec<(String, String)>,
    pub transitive: Vec<String>,
}

impl Login {
    /// Reads what the store's block names: `auth.jwt.serviceAccountRef`, else `auth.secretRef`, else the environment. A
    /// `jwt` that names no ServiceAccount, as old manifests have it, says nothing.
    ///
    /// # Errors
    /// Those of [`credentials`]; [`ErrorKind::Credentials`] if the ServiceAccount is for no role.
    pub async fn resolve(block: &Aws, scope: &Scope, cluster: &dyn Cluster) -> Result<Self, Error> {
        let auth = block.auth.clone().unwrap_or_default();
        let account =
            auth.jwt.as_ref().and_then(|AwsJwt { service_account_ref, service_account_token: _ }| {
                service_account_ref.as_ref()
            });
        let source = match (account, &auth.secret_ref) {
            (Some(account), _) => Source::ServiceAccount(service_account(account, scope, cluster).await?),
            (None, Some(reference)) => keys(reference, scope, cluster).await?,
            (None, None) => Source::Environment,
        };
        Ok(Self { source, roles: roles(block, scope) })
    }

    /// The namespace that the credentials are read from, if any are.
    pub fn namespace(&self) -> Option<&str> {
        match &self.source {
            Source::Keys { namespace, .. } => Some(namespace),
            Source::ServiceAccount(account) => Some(&account.namespace),
            Source::Environment => None,
        }
    }

    /// Whether logging in anew with the same login can give other credentials.
    pub fn renews(&self) -> bool {
        !self.roles.is_empty() || !matches!(self.source, Source::Keys { .. })
    }

    /// The login as part of an identity.
    pub fn digest(&self, digest: Digest) -> Digest {
        let digest = match &self.source {
            Source::Keys { namespace: _, id, secret, session } => digest
                .part("id", id.expose())
                .part("secret", secret.expose())
                .maybe("session", session.as_ref().map(SecretBytes::expose)),
            Source::ServiceAccount(ServiceAccount { namespace, name, role, audiences }) => {
                let digest =
                    digest.part("namespace", namespace).part("name", name).part("account's role", role);
                audiences.iter().fold(digest, |digest, audience| digest.part("audience", audience))
            }
            Source::Environment => digest.part("environment", ""),
        };
        self.roles.iter().fold(digest, |digest, role| role.digest(digest))
    }

    /// The chain of credentials; each link logs in when it is first used and again before it expires.
    pub async fn provider(&self, settings: &Settings) -> SharedCredentialsProvider {
        let mut provider = self.source.provider(settings).await;
        for role in &self.roles {
            let config = settings.with(provider).await;
            provider = SharedCredentialsProvider::new(AssumeRole::new(settings, &config, role.clone()));
        }
        provider
    }
}

/// What such a chain gives now.
///
/// # Errors
/// It cannot be had, or not in time.
pub async fn had(credentials: &SharedCredentialsProvider) -> Result<Credentials, Error> {
    let slow = |_| Error::new(ErrorKind::Unavailable, "the credentials for AWS did not come in time");
    let had = timeout(OPERATION, credentials.provide_credentials()).await.map_err(slow)?;
    had.map_err(|error| {
        let other = || Error::new(ErrorKind::Credentials, "the credentials for AWS cannot be had");
        failure::of_credentials(&error).unwrap_or_else(other)
    })
}

impl Source {
    async fn provider(&self, settings: &Settings) -> SharedCredentialsProvider {
        match self {
            Self::Keys { namespace: _, id, secret, session } => {
                let text = |bytes: &SecretBytes| bytes.expose_str().unwrap_or_default().to_owned();
                let session = session.as_ref().map(text);
                SharedCredentialsProvider::new(Credentials::new(
                    text(id),
                    text(secret),
                    session,
                    None,
                    "secretRef",
                ))
            }
            Self::ServiceAccount(account) => {
                let config = settings.unsigned().await;
                SharedCredentialsProvider::new(WebIdentity::new(settings, &config, account.clone()))
            }
            Self::Environment => settings.environment().await,
        }
    }
}

impl Role {
    fn digest(&self, digest: Digest) -> Digest {
        let Self { arn, external_id, tags, transitive } = self;
        let digest = digest.part("role", arn).maybe("external id", external_id.as_ref());
        let digest =
            tags.iter().fold(digest, |digest, (key, value)| digest.part("tag", key).part("is", value));
        transitive.iter().fold(digest, |digest, key| digest.part("transitive", key))
    }
}

async fn service_account(
    account: &ServiceAccountSelector,
    scope: &Scope,
    cluster: &dyn Cluster,
) -> Result<ServiceAccount, Error> {
    let ServiceAccountSelector { name, namespace, audiences } = account;
    let namespace = scope.credentials_namespace(namespace.as_deref())?;
    let annotations = cluster.service_account(namespace, name).await?.annotations;
    let annotation = |key: &str| annotations.get(key).filter(|value| !value.is_empty()).cloned();
    let role = annotation(ROLE_ANNOTATION).ok_or_else(|| {
        let message = format!(
            "an IAM role must be associated with service account {name} (namespace: {namespace}): \
             it has no annotation {ROLE_ANNOTATION}"
        );
        Error::new(ErrorKind::Credentials, message)
    })?;
    let first = annotation(AUDIENCE_ANNOTATION).unwrap_or_else(|| DEFAULT_AUDIENCE.to_owned());
    let audiences = [first].into_iter().chain(audiences.iter().cloned()).collect();
    Ok(ServiceAccount { namespace: namespace.to_owned(), name: name.clone(), role, audiences })
}

async fn keys(reference: &AwsSecretRef, scope: &Scope, cluster: &dyn Cluster) -> Result<Source, Error> {
    let AwsSecretRef { access_key_id_secret_ref, secret_access_key_secret_ref, session_token_secret_ref } =
        reference;
    let secret = key("SecretAccessKey", secret_access_key_secret_ref.as_ref(), scope, cluster).await?;
    let id = key("accessKeyID", access_key_id_secret_ref.as_ref(), scope, cluster).await?;
    let session = match session_token_secret_ref {
        Some(selector) => Some(key("SessionToken", Some(selector), scope, cluster).await?),
        None => None,
    };
    let selector = secret_access_key_secret_ref.as_ref().and_then(|selector| selector.namespace.as_deref());
    let namespace = scope.credentials_namespace(selector)?.to_owned();
    Ok(Source::Keys { namespace, id, secret, session })
}

async fn key(
    what: &str,
    selector: Option<&SecretKeySelector>,
    scope: &Scope,
    cluster: &dyn Cluster,
) -> Result<SecretBytes, Error> {
    let selector = selector.ok_or_else(|| {
        Error::new(ErrorKind::InvalidConfig, format!("auth.secretRef names no secret for the {what}"))
    })?;
    let read = credentials::token(cluster, scope, selector, None).await;
    read.map_err(|error| Error {
        message: format!("could not fetch {what} secret: {}", error.message),
        ..error
    })
}

/// `additionalRoles` as they are, then `role` with the external id and the session tags.
fn roles(block: &Aws, scope: &Scope) -> Vec<Role> {
    let plain = |arn: &String| Role { arn: arn.clone(), ..Role::default() };
    let last = block.role.as_ref().filter(|arn| !arn.is_empty()).map(|arn| {
        let tags = tags(block, scope);
        let transitive = if tags.is_empty() { Vec::new() } else { block.transitive_tag_keys.clone() };
        let external_id = block.external_id.clone().filter(|id| !id.is_empty());
        Role { arn: arn.clone(), external_id, tags, transitive }
    });
    block.additional_roles.iter().map(plain).chain(last).collect()
}

/// `sessionTags`, then by `sessionTagsPolicy` who asks and the store's custom tags. Custom tags without key or value
/// are left out, and none stands for one of the three; a tag that is given twice is given once, the first of the two.
fn tags(block: &Aws, scope: &Scope) -> Vec<(String, String)> {
    let mut tags: Vec<(String, String)> = Vec::new();
    let mut add = |key: &str, value: &str| {
        let known = tags.iter().any(|(given, _)| given.eq_ignore_ascii_case(key)); // AWS compares them so
        if !known && !key.is_empty() {
            tags.push((key.to_owned(), value.to_owned()));
        }
    };
    let policy = block.session_tags_policy.unwrap_or_default();
    if policy != AwsSessionTagsPolicy::None {
        let namespace = scope.namespace.as_deref().or(scope.store_namespace.as_deref());
        if let Some(namespace) = namespace {
            add("esoNamespace", namespace);
        }
        add("esoStoreName", &scope.store);
        add("esoStoreKind", scope.kind.as_str());
    }
    for AwsTag { key, value } in &block.session_tags {
        add(key, value);
    }
    if policy == AwsSessionTagsPolicy::Custom {
        let filled = block.custom_session_tags.iter().filter(|(_, value)| !value.is_empty());
        filled.for_each(|(key, value)| add(key, value));
    }
    tags
}
