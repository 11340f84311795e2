//! What generators ask services for: tokens, temporary credentials, whatever a server makes.
//!
//! One file per kind of generator, each a function from its specification to [`Made`]; [`http`] sends what they ask. Nothing
//! is remembered here but [`Logins`], and nothing is asked twice: who asks decides how often.

mod acr;
mod cloudsmith;
mod ecr;
mod endpoints;
mod gcr;
mod github;
mod gitlab;
mod grafana;
mod http;
mod jwt;
mod kept;
mod logins;
mod oauth;
mod parts;
mod quay;
mod service_account;
mod sts;
mod trial;
mod vault;
mod webhook;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use latchkey_api::generator::Remote;
use serde_json::Value;

pub use self::endpoints::Endpoints;
pub use self::logins::Logins;
use self::trial::Trial;
pub use crate::made::Made;

use crate::guard::Guard;
use crate::observe::Observer;
use crate::{Cluster, Connector, Error, ErrorKind, Scope};

/// On whose behalf a service is asked, and by what.
struct World<'a> {
    /// Credentials come from there.
    cluster: &'a Arc<dyn Cluster>,
    /// The namespace of whoever names the generator: that of its credentials, of a ClusterGenerator's too.
    scope: Scope,
    /// Is told of each request.
    observer: &'a Arc<dyn Observer>,
    /// Which addresses may be called.
    guard: &'a Guard,
    /// What all clients of AWS share.
    aws: &'a Arc<crate::aws::Shared>,
    /// Where the clouds' services are.
    clouds: &'a Arc<Endpoints>,
    /// Logins to Vault.
    logins: &'a Arc<Logins>,
    /// Whether anything is sent at all.
    trial: Trial,
}

impl Connector {
    fn world(&self, namespace: &str) -> World<'_> {
        let scope = Scope::of_generator(namespace);
        let (cluster, observer, guard, aws) = (&self.cluster, &self.observer, &self.guard, &self.aws);
        let (clouds, logins, trial) = (&self.clouds, &self.logins, Trial::default());
        World { cluster, scope, observer, guard, aws, clouds, logins, trial }
    }

    /// Has a service make a value, with credentials of this namespace.
    ///
    /// # Errors
    /// The generator's fields do not go together, its credentials are not there, or the service does not make it.
    pub async fn generate(&self, generator: &Remote, namespace: &str) -> Result<Made, Error> {
        make(generator, &self.world(namespace)).await
    }

    /// Whether a service could be asked for it: all is looked at that does not take the service.
    ///
    /// # Errors
    /// As [`Connector::generate`], but for those of the service.
    pub async fn try_generator(&self, generator: &Remote, namespace: &str) -> Result<(), Error> {
        let world = World { trial: Trial::begin(), ..self.world(namespace) };
        match make(generator, &world).await {
            Err(error) if !world.trial.has_ended() => Err(error),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Tells the service that what it made is of no use any more. What it does not know any more is no error.
    ///
    /// # Errors
    /// As [`Connector::generate`]; [`ErrorKind::InvalidRequest`] if `state` is none that this kind leaves.
    pub async fn revoke(&self, generator: &Remote, state: &Value, namespace: &str) -> Result<(), Error> {
        let world = self.world(namespace);
        match generator {
            Remote::Gitlab(spec) => gitlab::revoke(spec, state, &world).await,
            Remote::Grafana(spec) => grafana::revoke(spec, state, &world).await,
            Remote::Acr(_)
            | Remote::Cloudsmith(_)
            | Remote::Ecr(_)
            | Remote::Gcr(_)
            | Remote::Github(_)
            | Remote::Quay(_)
            | Remote::Sts(_)
            | Remote::Vault(_)
            | Remote::Webhook(_) => Ok(()),
        }
    }
}

async fn make(generator: &Remote, world: &World<'_>) -> Result<Made, Error> {
    match generator {
        Remote::Acr(spec) => acr::make(spec, world).await,
        Remote::Cloudsmith(spec) => cloudsmith::make(spec, world).await,
        Remote::Ecr(spec) => ecr::make(spec, world).await,
        Remote::Gcr(spec) => gcr::make(spec, world).await,
        Remote::Github(spec) => github::make(spec, world).await,
        Remote::Gitlab(spec) => gitlab::make(spec, world).await,
        Remote::Grafana(spec) => grafana::make(spec, world).await,
        Remote::Quay(spec) => quay::make(spec, world).await,
        Remote::Sts(spec) => sts::make(spec, world).await,
        Remote::Vault(spec) => vault::make(spec, world).await,
        Remote::Webhook(spec) => webhook::make(spec, world).await,
    }
}

/// A generator's specification that cannot work as it is; the message begins with the field below `spec`.
fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidConfig, message)
}

/// An answer that is not of the form that the service's documentation gives.
fn unreadable(place: &str) -> Error {
    Error::new(ErrorKind::InvalidValue, format!("{place} gave an answer that cannot be read"))
}
