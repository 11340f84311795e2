//! AWS Secrets Manager.
//!
//! [`resolve`] reads what a store names, [`Resolved::connect`] makes the client; the login happens at its first call.
//! The rules are those of ESO's `providers/v1/aws`.

mod batch;
mod client;
pub(crate) mod config;
mod endpoints;
#[cfg(feature = "generators")]
pub(crate) mod entry;
pub(crate) mod failure;
mod list;
mod login;
mod property_path;
mod push;
mod push_spec;
mod secrets_manager;
pub(crate) mod sts;
mod wire;
mod write;

use std::sync::Arc;

use latchkey_api::provider::Aws;
use latchkey_api::provider::aws::{AwsSecretsManager, AwsService};
use latchkey_api::store::RetrySettings;

pub use self::config::Shared;
use self::config::{Retries, Settings};
pub use self::endpoints::Endpoints;
use self::login::Login;
use self::secrets_manager::SecretsManager;
use crate::connect::Identity;
use crate::digest::Digest;
use crate::observe::Observer;
use crate::{Cluster, Error, ErrorKind, Provider, Scope};

/// How many entries one call reads.
pub fn largest_batch(block: &Aws) -> usize {
    match block.service {
        AwsService::SecretsManager => batch::MOST,
        AwsService::ParameterStore | AwsService::CertificateManager => 1,
    }
}

/// A store's configuration, checked, with its credentials.
#[derive(Debug)]
pub struct Resolved {
    settings: Settings,
    block: Aws,
    scope: Scope,
    login: Login,
}

/// Looks up the credentials that the store names, and checks the rest.
///
/// # Errors
/// [`ErrorKind::Unsupported`] for other services than Secrets Manager; [`ErrorKind::InvalidConfig`],
/// [`ErrorKind::Credentials`], [`ErrorKind::Referent`], [`ErrorKind::ClusterApi`].
pub async fn resolve(
    block: &Aws,
    retries: Option<&RetrySettings>,
    scope: &Scope,
    cluster: &Arc<dyn Cluster>,
    observer: &Arc<dyn Observer>,
    shared: &Arc<Shared>,
) -> Result<Resolved, Error> {
    supported(block.service)?;
    let settings = Settings {
        region: region(&block.region)?,
        retries: Retries::of(retries)?,
        shared: shared.clone(),
        cluster: cluster.clone(),
        observer: observer.clone(),
    };
    let login = Login::resolve(block, scope, cluster.as_ref()).await?;
    Ok(Resolved { settings, block: block.clone(), scope: scope.clone(), login })
}

impl Resolved {
    /// What decides which values the connection sees, how it asks for them, and how it deletes them.
    pub fn identity(&self) -> Identity {
        let Self { settings, block, scope: _, login } = self;
        let digest = Digest::new("aws")
            .part("region", &settings.region)
            .maybe("prefix", block.prefix.as_ref())
            .part("retries", settings.retries.attempts.to_be_bytes())
            .maybe("interval", settings.retries.interval.map(|interval| interval.as_nanos().to_be_bytes()));
        let AwsSecretsManager { force_delete_without_recovery: force, recovery_window_in_days: days } =
            block.secrets_manager.clone().unwrap_or_default();
        let digest = digest
            .maybe("force", force.map(|force| [u8::from(force)]))
            .maybe("window", days.map(i64::to_be_bytes));
        login.digest(digest).identity()
    }

    /// A client. It makes no request yet.
    ///
    /// # Errors
    /// None.
    pub fn connect(self) -> Result<Arc<dyn Provider>, Error> {
        let Self { settings, block, scope, login } = self;
        Ok(Arc::new(SecretsManager::new(settings, block, scope, login)))
    }
}

fn supported(service: AwsService) -> Result<(), Error> {
    let other = match service {
        AwsService::SecretsManager => return Ok(()),
        AwsService::ParameterStore => "ParameterStore",
        AwsService::CertificateManager => "CertificateManager",
    };
    let message = format!("AWS service {other:?} is not supported by this version; \"SecretsManager\" is");
    Err(Error::new(ErrorKind::Unsupported, message))
}

/// The region, which becomes part of a host name.
pub(crate) fn region(name: &str) -> Result<String, Error> {
    let letters = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if name.is_empty() || name.len() > 63 || !name.bytes().all(letters) {
        return Err(Error::new(ErrorKind::InvalidConfig, format!("region not found: {name:?}")));
    }
    Ok(name.to_owned())
}
