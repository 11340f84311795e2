//! A cluster that gives its ServiceAccount signed tokens, and how the doubles of services look at those.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use latchkey_provider::cluster::ServiceAccount;
use latchkey_provider::{Cluster, Error, SecretBytes};
use serde_json::{Value, json};

use crate::fixture::{NAMESPACE, Objects};
use crate::rs256::{KEY, now};

/// Who signs the tokens of ServiceAccounts.
pub const ISSUER: &str = "https://cluster.example";

/// The ServiceAccount.
pub const SUBJECT: &str = "system:serviceaccount:team:builder";

/// What a service checks of a ServiceAccount's token, which is to be for this audience, before it looks at whose it is.
pub fn trusted(token: &str, audience: &str) -> Result<Value, &'static str> {
    let claims = KEY.verified(token).ok_or("not signed by the issuer")?;
    let is_for = claims["aud"].as_array().is_some_and(|all| all.iter().any(|one| one == audience));
    match () {
        () if claims["iss"] != ISSUER => Err("of another issuer"),
        () if !is_for => Err("for another audience"),
        () if claims["exp"].as_u64().is_none_or(|exp| exp <= now()) => Err("expired"),
        () => Ok(claims),
    }
}

/// The same, and whether it is the ServiceAccount's.
pub fn is_subjects(token: &str, audience: &str) -> bool {
    trusted(token, audience).is_ok_and(|claims| claims["sub"] == SUBJECT)
}

/// A cluster whose one ServiceAccount, `builder`, gets signed tokens.
#[derive(Debug, Default)]
pub struct Accounts {
    /// Its Secrets, ConfigMaps and the ServiceAccount's annotations.
    pub objects: Objects,
    /// What the tokens' claims say instead.
    pub claims: Value,
}

impl Accounts {
    /// The ServiceAccount has these annotations.
    pub fn with(annotations: &[(&str, &str)]) -> Self {
        let annotations = annotations.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let account = (annotations.collect(), String::new());
        let name = (NAMESPACE.to_owned(), "builder".to_owned());
        let objects = Objects { service_accounts: BTreeMap::from([(name, account)]), ..Objects::default() };
        Self { objects, claims: Value::Null }
    }

    /// The ServiceAccount has no annotations, and its tokens are as they should be.
    pub fn good() -> Arc<dyn Cluster> {
        Arc::new(Self::with(&[]))
    }

    /// The same, whose tokens say that instead.
    pub fn claiming_to(claims: Value) -> Arc<dyn Cluster> {
        Arc::new(Self::with(&[]).claiming(claims))
    }

    /// Its tokens say that instead.
    pub fn claiming(self, claims: Value) -> Self {
        Self { claims, ..self }
    }
}

#[async_trait]
impl Cluster for Accounts {
    async fn secret(&self, namespace: &str, name: &str) -> Result<BTreeMap<String, SecretBytes>, Error> {
        self.objects.secret(namespace, name).await
    }

    async fn secret_labels(&self, namespace: &str, name: &str) -> Result<BTreeMap<String, String>, Error> {
        self.objects.secret_labels(namespace, name).await
    }

    async fn config_map(&self, namespace: &str, name: &str) -> Result<BTreeMap<String, String>, Error> {
        self.objects.config_map(namespace, name).await
    }

    async fn service_account(&self, namespace: &str, name: &str) -> Result<ServiceAccount, Error> {
        self.objects.service_account(namespace, name).await
    }

    async fn service_account_token(
        &self,
        namespace: &str,
        name: &str,
        audiences: &[String],
        expires: Duration,
    ) -> Result<SecretBytes, Error> {
        self.objects.service_account_token(namespace, name, audiences, expires).await?;
        let mut claims = json!({
            "iss": ISSUER, "sub": format!("system:serviceaccount:{namespace}:{name}"), "aud": audiences,
            "iat": now(), "exp": now() + expires.as_secs(), "jti": "c4n4ry",
        });
        for (claim, value) in self.claims.as_object().into_iter().flatten() {
            claims[claim] = value.clone();
        }
        Ok(KEY.sign(&json!({ "alg": "RS256" }), &claims).into())
    }

    fn forget(&self, namespace: &str) {
        self.objects.forget(namespace);
    }
}
