//! A cluster that gives its ServiceAccounts tokens, and how the doubles look at those.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use latchkey_provider::cluster::ServiceAccount;
use latchkey_provider::{Cluster, Error, ErrorKind, SecretBytes};
use serde_json::{Value, json};

use crate::fixture::NAMESPACE;
pub use crate::rs256::{KEY, Key, OTHER, now};

/// Who signs the tokens of ServiceAccounts, in the claim `iss`.
pub const ISSUER: &str = "https://cluster.example";

/// A cluster with one ServiceAccount, `builder`, that gets tokens for the audiences that are asked for.
#[derive(Debug, Default)]
pub struct Accounts {
    /// What else the claims say.
    pub claims: Value,
    /// The namespaces whose credentials were to be forgotten.
    pub forgotten: Arc<Mutex<Vec<String>>>,
}

impl Accounts {
    /// Tokens that are as they should be.
    pub fn good() -> Arc<dyn Cluster> {
        Self::with(json!({}))
    }

    /// Tokens that have these claims instead.
    pub fn with(claims: Value) -> Arc<dyn Cluster> {
        Arc::new(Self { claims, ..Self::default() })
    }
}

#[async_trait]
impl Cluster for Accounts {
    async fn secret(&self, _: &str, name: &str) -> Result<BTreeMap<String, SecretBytes>, Error> {
        Err(Error::new(ErrorKind::Credentials, format!("secrets {name:?} not found")))
    }

    async fn config_map(&self, _: &str, name: &str) -> Result<BTreeMap<String, String>, Error> {
        Err(Error::new(ErrorKind::Credentials, format!("configmaps {name:?} not found")))
    }

    async fn service_account(&self, _: &str, _: &str) -> Result<ServiceAccount, Error> {
        Ok(ServiceAccount::default())
    }

    async fn service_account_token(
        &self,
        namespace: &str,
        name: &str,
        audiences: &[String],
        expires: Duration,
    ) -> Result<SecretBytes, Error> {
        if (namespace, name) != (NAMESPACE, "builder") {
            return Err(Error::new(ErrorKind::Credentials, format!("serviceaccounts {name:?} not found")));
        }
        let mut claims = json!({
            "iss": ISSUER, "sub": format!("system:serviceaccount:{namespace}:{name}"), "aud": audiences,
            "iat": now(), "exp": now() + expires.as_secs(), "jti": "c4n4ry",
        });
        for (claim, value) in self.claims.as_object().into_iter().flatten() {
            claims[claim] = value.clone();
        }
        Ok(KEY.sign(&json!({ "alg": "RS256", "kid": "1" }), &claims).into())
    }

    fn forget(&self, namespace: &str) {
        self.forgotten.lock().unwrap().push(namespace.to_owned());
    }
}

/// What a service checks of a ServiceAccount's token before it looks at whose it is.
pub fn trusted(token: &str, audience: &str) -> Result<Value, &'static str> {
    let claims = KEY.verified(token).ok_or("not signed by the issuer")?;
    let is_for = claims["aud"].as_array().is_some_and(|for_| for_.iter().any(|one| one == audience));
    match () {
        () if claims["iss"] != ISSUER => Err("of another issuer"),
        () if !is_for => Err("for another audience"),
        () if claims["exp"].as_u64().is_none_or(|exp| exp <= now()) => Err("expired"),
        () => Ok(claims),
    }
}
