//! Credentials from the Security Token Service.

use std::time::{Instant, SystemTime};

use aws_config::SdkConfig;
use aws_credential_types::Credentials as Key;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_sdk_sts::Client;
use aws_sdk_sts::types::{Credentials, Tag};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::config::Settings;
use super::failure;
use super::login::{Role, ServiceAccount};
use super::secrets_manager::NAME;
use super::wire::LeaveAlone;
use crate::credentials::TOKEN_LIFE;
use crate::refused_login::RefusedLogin;
use crate::{Error, ErrorKind};

/// ESO's, since trust policies may ask for it.
const WEB_IDENTITY_SESSION: &str = "external-secrets-provider-aws";
/// ESO's is a different one each time, so no policy can ask for it.
const ROLE_SESSION: &str = "latchkey";

/// Exchanges a token of a ServiceAccount for the credentials of its role. Asks for a new token each time.
#[derive(Debug)]
pub struct WebIdentity {
    settings: Settings,
    sts: Client,
    account: ServiceAccount,
    refused: RefusedLogin,
}

impl WebIdentity {
    /// `config` is for unsigned calls.
    pub fn new(settings: &Settings, config: &SdkConfig, account: ServiceAccount) -> Self {
        Self {
            settings: settings.clone(),
            sts: client(settings, config),
            account,
            refused: RefusedLogin::default(),
        }
    }

    async fn credentials(&self) -> Result<Key, Error> {
        let ServiceAccount { namespace, name, role, audiences } = &self.account;
        let token =
            self.settings.cluster.service_account_token(namespace, name, audiences, TOKEN_LIFE).await?;
        let began = Instant::now();
        let asked = self
            .sts
            .assume_role_with_web_identity()
            .role_arn(role)
            .role_session_name(WEB_IDENTITY_SESSION)
            .web_identity_token(token.expose_str().unwrap_or_default())
            .send()
            .await;
        self.settings.observer.call(NAME, "AssumeRoleWithWebIdentity", asked.is_ok(), began.elapsed());
        let doing = format!("cannot assume role {role:?} as service account {namespace}/{name}");
        let answer = asked.map_err(|error| refusal(&error, &doing, &self.settings))?;
        key(answer.credentials, &doing)
    }
}

/// Assumes a role with the credentials of `config`.
#[derive(Debug)]
pub struct AssumeRole {
    settings: Settings,
    sts: Client,
    role: Role,
    refused: RefusedLogin,
}

impl AssumeRole {
    /// `config` holds the credentials that the role is assumed with.
    pub fn new(settings: &Settings, config: &SdkConfig, role: Role) -> Self {
        Self {
            settings: settings.clone(),
            sts: client(settings, config),
            role,
            refused: RefusedLogin::default(),
        }
    }

    async fn credentials(&self) -> Result<Key, Error> {
        let Role { arn, external_id, tags, transitive } = &self.role;
        let doing = format!("cannot assume role {arn:?}");
        let began = Instant::now();
        let asked = self
            .sts
            .assume_role()
            .role_arn(arn)
            .role_session_name(ROLE_SESSION)
            .set_external_id(external_id.clone())
            .set_tags(given(tags.iter().map(tag).collect::<Result<_, _>>()?))
            .set_transitive_tag_keys(given(transitive.clone()))
            .send()
            .await;
        self.settings.observer.call(NAME, "AssumeRole", asked.is_ok(), began.elapsed());
        let answer = asked.map_err(|error| refusal(&error, &doing, &self.settings))?;
        key(answer.credentials, &doing)
    }
}

impl ProvideCredentials for WebIdentity {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(unless_refused(&self.refused, self.credentials()))
    }
}

impl ProvideCredentials for AssumeRole {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(unless_refused(&self.refused, self.credentials()))
    }
}

/// Logs in, unless that has been refused a moment ago.
async fn unless_refused(
    refused: &RefusedLogin,
    login: impl Future<Output = Result<Key, Error>>,
) -> Result<Key, CredentialsError> {
    let outcome = match refused.lately() {
        Some(error) => Err(error),
        None => refused.note(login.await),
    };
    outcome.map_err(CredentialsError::provider_error)
}

/// A client with the configuration's credentials.
pub fn client(settings: &Settings, config: &SdkConfig) -> Client {
    let mut config = aws_sdk_sts::config::Builder::from(config);
    if let Some(url) = &settings.shared.endpoints.sts {
        config.set_endpoint_url(Some(url.clone()));
    }
    Client::from_conf(config.retry_classifier(LeaveAlone).build())
}

/// What STS cannot make sense of is the store's: a role or a tag, not a reference to a secret.
pub fn refusal<E>(error: &SdkError<E, HttpResponse>, doing: &str, settings: &Settings) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let error = failure::of_sdk(error, doing, &format!("AWS STS in {}", settings.region));
    match error.kind {
        ErrorKind::InvalidRequest => Error { kind: ErrorKind::InvalidConfig, ..error },
        ErrorKind::NotFound
        | ErrorKind::PropertyNotFound
        | ErrorKind::Forbidden
        | ErrorKind::Unauthenticated
        | ErrorKind::Credentials
        | ErrorKind::Referent
        | ErrorKind::InvalidConfig
        | ErrorKind::InvalidValue
        | ErrorKind::RateLimited
        | ErrorKind::Unavailable
        | ErrorKind::EndpointRefused
        | ErrorKind::ClusterApi
        | ErrorKind::NotManaged
        | ErrorKind::Unsupported => error,
    }
}

fn given<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

fn tag((key, value): &(String, String)) -> Result<Tag, Error> {
    let built = Tag::builder().key(key).value(value).build();
    built.map_err(|_| Error::new(ErrorKind::InvalidConfig, format!("session tag {key:?} cannot be given")))
}

fn key(credentials: Option<Credentials>, doing: &str) -> Result<Key, Error> {
    let Credentials { access_key_id, secret_access_key, session_token, expiration, .. } = credentials
        .ok_or_else(|| Error::new(ErrorKind::Unavailable, format!("{doing}: AWS STS gave no credentials")))?;
    let expires = SystemTime::try_from(expiration).ok();
    Ok(Key::new(access_key_id, secret_access_key, Some(session_token), expires, "sts"))
}
