//! The credentials that stores name, read when needed and remembered for seconds.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::{ConfigMap, Secret, ServiceAccount as Account};
use kube::{Api, Client};
use latchkey_provider::cluster::ServiceAccount;
use latchkey_provider::{Cluster, Error, ErrorKind, SecretBytes};
use moka::future::Cache;

use super::{Key, SHORT};

type Data = Arc<BTreeMap<String, SecretBytes>>;

/// A ServiceAccount's token, until two thirds of its life are over.
#[derive(Debug, Clone)]
struct Token {
    token: SecretBytes,
    good_until: Instant,
}

/// Which token: namespace, ServiceAccount, audiences, seconds asked for.
type TokenKey = (Key, Vec<String>, u64);

/// Read access to credentials over the Kubernetes API.
pub struct Credentials {
    client: Client,
    secrets: Cache<Key, Data>,
    tokens: Cache<TokenKey, Token>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(..)")
    }
}

impl Credentials {
    /// Over this client.
    pub fn new(client: Client) -> Self {
        let secrets =
            Cache::builder().time_to_live(SHORT).max_capacity(1_000).support_invalidation_closures();
        let tokens = Cache::builder()
            .time_to_idle(Duration::from_mins(30))
            .max_capacity(1_000)
            .support_invalidation_closures();
        Self { client, secrets: secrets.build(), tokens: tokens.build() }
    }

    async fn read_secret(&self, namespace: &str, name: &str) -> Result<Data, Error> {
        let api: Api<Secret> = Api::namespaced(self.client.clone(), namespace);
        let secret = api.get(name).await.map_err(|error| why(&error))?;
        let data = secret.data.unwrap_or_default();
        Ok(Arc::new(data.into_iter().map(|(key, value)| (key, SecretBytes::new(value.0))).collect()))
    }

    async fn request_token(
        &self,
        namespace: &str,
        name: &str,
        audiences: &[String],
        expires: Duration,
    ) -> Result<Token, Error> {
        let request = TokenRequest {
            spec: Some(TokenRequestSpec {
                audiences: (!audiences.is_empty()).then(|| audiences.to_vec()),
                expiration_seconds: i64::try_from(expires.as_secs()).ok(),
                bound_object_ref: None,
            }),
            ..TokenRequest::default()
        };
        let api: Api<Account> = Api::namespaced(self.client.clone(), namespace);
        let what = format!("a token of service account {name:?} in namespace {namespace:?}");
        let asked = Instant::now();
        let answer = api
            .create_token_request(name, &Default::default(), &request)
            .await
            .map_err(|error| cannot_get(&what, &error))?;
        let status = answer.status.unwrap_or_default();
        let (Some(token), Some(expires)) = (status.token, status.expiration_timestamp) else {
            return Err(Error::new(
                ErrorKind::ClusterApi,
                format!("cannot get {what}: no token in the answer"),
            ));
        };
        let life = Duration::try_from(jiff::Timestamp::now().duration_until(expires.0)).unwrap_or_default();
        Ok(Token { token: SecretBytes::from(token), good_until: asked + life * 2 / 3 })
    }
}

#[async_trait]
impl Cluster for Credentials {
    async fn secret(&self, namespace: &str, name: &str) -> Result<BTreeMap<String, SecretBytes>, Error> {
        let key = Key::new(namespace, name);
        let read = self.secrets.try_get_with(key, self.read_secret(namespace, name)).await;
        read.map(|data| data.as_ref().clone()).map_err(|error| error.as_ref().clone())
    }

    async fn secret_labels(&self, namespace: &str, name: &str) -> Result<BTreeMap<String, String>, Error> {
        let api: Api<Secret> = Api::namespaced(self.client.clone(), namespace);
        let object = api.get_metadata(name).await.map_err(|error| why(&error))?;
        Ok(object.metadata.labels.unwrap_or_default())
    }

    async fn config_map(&self, namespace: &str, name: &str) -> Result<BTreeMap<String, String>, Error> {
        let api: Api<ConfigMap> = Api::namespaced(self.client.clone(), namespace);
        let object = api.get(name).await.map_err(|error| why(&error))?;
        Ok(object.data.unwrap_or_default())
    }

    async fn service_account(&self, namespace: &str, name: &str) -> Result<ServiceAccount, Error> {
        let api: Api<Account> = Api::namespaced(self.client.clone(), namespace);
        let what = format!("service account {name:?} from namespace {namespace:?}");
        let object = api.get_metadata(name).await.map_err(|error| cannot_get(&what, &error))?;
        Ok(ServiceAccount { annotations: object.metadata.annotations.unwrap_or_default() })
    }

    async fn service_account_token(
        &self,
        namespace: &str,
        name: &str,
        audiences: &[String],
        expires: Duration,
    ) -> Result<SecretBytes, Error> {
        let key = (Key::new(namespace, name), audiences.to_vec(), expires.as_secs());
        if let Some(known) = self.tokens.get(&key).await.filter(|token| token.good_until > Instant::now()) {
            return Ok(known.token);
        }
        let token = self.request_token(namespace, name, audiences, expires).await?;
        self.tokens.insert(key, token.clone()).await;
        Ok(token.token)
    }

    fn forget(&self, namespace: &str) {
        let (secrets, tokens) = (namespace.to_owned(), namespace.to_owned());
        // Both calls fail only where the cache was built without closures.
        let _ = self.secrets.invalidate_entries_if(move |key, _| key.namespace() == secrets);
        let _ = self.tokens.invalidate_entries_if(move |key, _| key.0.namespace() == tokens);
    }
}

fn cannot_get(what: &str, error: &kube::Error) -> Error {
    let why = why(error);
    Error { message: format!("cannot get {what}: {}", why.message), ..why }
}

/// Only why: whoever asked for a Secret or ConfigMap says which.
fn why(error: &kube::Error) -> Error {
    let named = matches!(error, kube::Error::Api(status) if status.code == 404 || status.code == 403);
    let kind = if named { ErrorKind::Credentials } else { ErrorKind::ClusterApi };
    Error::new(kind, reason(error))
}

/// Why the API server gave no answer, in few words that hold no object.
pub(super) fn reason(error: &kube::Error) -> String {
    let kube::Error::Api(status) = error else { return "the API server does not answer".to_owned() };
    match status.code {
        404 => "not found".to_owned(),
        403 => "latchkey is not permitted to".to_owned(),
        code => format!("the API server answers {code} {}", status.reason),
    }
}
