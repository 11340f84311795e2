//! How requests to AWS are made: one HTTP client and one cache of credentials for all stores.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aws_config::identity::IdentityCache;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{
    Provider as TlsProvider, TlsContext, TrustStore, rustls_provider::CryptoMode,
};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::identity::SharedIdentityCache;
use latchkey_api::duration::GoDuration;
use latchkey_api::store::RetrySettings;
use tokio::sync::Mutex;

use super::{Endpoints, wire};
use crate::guard::{Guard, Names};
use crate::observe::Observer;
use crate::{Cluster, Error, ErrorKind, tls};

/// A store far away is reached in a third of this.
const CONNECT: Duration = Duration::from_secs(2);
/// One attempt. Secrets Manager answers in tens of milliseconds; twice as long as an attempt leaves room for a second.
const ATTEMPT: Duration = Duration::from_secs(5);
/// All attempts of one call: less than what an admission review may take.
pub const OPERATION: Duration = Duration::from_secs(10);
/// ESO's default; as in ESO it counts attempts, the first included.
const ATTEMPTS: u32 = 3;

/// The longest wait before the second attempt, doubled before each further one. The SDK's own of a second would leave
/// nothing of an admission review's time to say what is wrong.
const FIRST_BACKOFF: Duration = Duration::from_millis(200);

/// What all stores at AWS have in common: connections, and the credentials that the environment offers.
#[derive(Debug)]
pub struct Shared {
    pub(crate) endpoints: Endpoints,
    http: SharedHttpClient,
    /// For the environment's own credentials: instances and containers have them at link-local addresses.
    trusted: SharedHttpClient,
    identities: SharedIdentityCache,
    environment: Mutex<HashMap<String, SharedCredentialsProvider>>,
}

impl Shared {
    /// Nothing is read or connected yet.
    pub fn new(endpoints: Endpoints, guard: Guard) -> Self {
        let (http, trusted) = (client(Some(Names(guard))), client(None));
        let http = wire::limited(http);
        let identities = IdentityCache::lazy().load_timeout(OPERATION).build();
        Self { endpoints, http, trusted, identities, environment: Mutex::default() }
    }
}

fn client(names: Option<Names>) -> SharedHttpClient {
    Builder::new().build_with_connector_fn(move |settings, components| {
        let sleep = components.and_then(|components| components.sleep_impl());
        let mut connector = Connector::builder()
            .connector_settings(settings.cloned().unwrap_or_default())
            .proxy_config(ProxyConfig::from_env());
        connector.set_sleep_impl(sleep);
        let connector = connector.tls_provider(TlsProvider::Rustls(CryptoMode::AwsLc)).tls_context(trust());
        match names.clone() {
            Some(names) => connector.build_with_resolver(names),
            None => connector.build(),
        }
    })
}

/// The system's CA certificates. The SDK would panic where there are none.
fn trust() -> TlsContext {
    let store = TrustStore::empty().with_native_roots(tls::system_has_roots());
    TlsContext::builder().with_trust_store(store).build().unwrap_or_default()
}

/// What one store needs to ask AWS.
#[derive(Debug, Clone)]
pub struct Settings {
    pub region: String,
    pub retries: Retries,
    pub shared: Arc<Shared>,
    pub cluster: Arc<dyn Cluster>,
    pub observer: Arc<dyn Observer>,
}

impl Settings {
    /// The SDK's configuration with these credentials.
    pub async fn with(&self, credentials: SharedCredentialsProvider) -> SdkConfig {
        self.loader().credentials_provider(credentials).load().await
    }

    /// The SDK's configuration for calls that are not signed.
    pub async fn unsigned(&self) -> SdkConfig {
        self.loader().no_credentials().load().await
    }

    /// The credentials that the environment offers: variables, files, web identity, container, instance. Found once per
    /// region, which is where a web identity is exchanged.
    pub async fn environment(&self) -> SharedCredentialsProvider {
        let mut known = self.shared.environment.lock().await;
        if let Some(provider) = known.get(&self.region) {
            return provider.clone();
        }
        let config = self.loader().http_client(self.shared.trusted.clone()).load().await;
        let provider =
            config.credentials_provider().unwrap_or_else(|| SharedCredentialsProvider::new(Nobody));
        known.insert(self.region.clone(), provider.clone());
        provider
    }

    fn loader(&self) -> ConfigLoader {
        let Self { region, retries, shared, cluster: _, observer: _ } = self;
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT)
            .operation_attempt_timeout(ATTEMPT)
            .operation_timeout(OPERATION);
        aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new(region.clone()))
            .http_client(shared.http.clone())
            .identity_cache(shared.identities.clone())
            .retry_config(retries.config())
            .timeout_config(timeouts.build())
    }
}

/// A store's `retrySettings`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retries {
    /// Attempts, the first included.
    pub attempts: u32,
    /// The wait between two; a growing one if none. The SDK takes a random part of it.
    pub interval: Option<Duration>,
}

impl Retries {
    /// # Errors
    /// [`ErrorKind::InvalidConfig`] if the interval is no Go duration.
    pub fn of(settings: Option<&RetrySettings>) -> Result<Self, Error> {
        let Some(RetrySettings { max_retries, retry_interval }) = settings else {
            return Ok(Self { attempts: ATTEMPTS, interval: None });
        };
        let attempts = max_retries.map_or(ATTEMPTS, |most| u32::try_from(most).unwrap_or(1).max(1));
        let interval = retry_interval.as_deref().map(parse_interval).transpose()?;
        Ok(Self { attempts, interval: interval.filter(|interval| !interval.is_zero()) })
    }

    fn config(self) -> RetryConfig {
        let config =
            RetryConfig::standard().with_max_attempts(self.attempts).with_initial_backoff(FIRST_BACKOFF);
        match self.interval {
            Some(interval) => config.with_initial_backoff(interval).with_max_backoff(interval),
            None => config,
        }
    }
}

fn parse_interval(text: &str) -> Result<Duration, Error> {
    let invalid = |why: String| Error::new(ErrorKind::InvalidConfig, format!("invalid retryInterval: {why}"));
    let interval = GoDuration::parse(text).map_err(|error| invalid(error.to_string()))?;
    interval.to_std().ok_or_else(|| invalid(format!("{text:?} is negative")))
}

/// For a configuration without credentials, which the SDK does not make here.
#[derive(Debug)]
struct Nobody;

impl ProvideCredentials for Nobody {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::ready(Err(CredentialsError::not_loaded_no_source()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retries(most: Option<i32>, interval: Option<&str>) -> Result<Retries, Error> {
        let settings = RetrySettings { max_retries: most, retry_interval: interval.map(str::to_owned) };
        Retries::of(Some(&settings))
    }

    #[test]
    fn retry_settings_count_attempts() {
        let want = |attempts, interval| Ok(Retries { attempts, interval });
        assert_eq!(Retries::of(None), want(3, None));
        assert_eq!(retries(None, None), want(3, None));
        assert_eq!(retries(Some(5), Some("1.5s")), want(5, Some(Duration::from_millis(1500))));
        assert_eq!(retries(Some(0), Some("0")), want(1, None));
        assert_eq!(retries(Some(-1), None), want(1, None));
        for wrong in ["soon", "-1s"] {
            assert_eq!(retries(None, Some(wrong)).unwrap_err().kind, ErrorKind::InvalidConfig);
        }
    }
}
