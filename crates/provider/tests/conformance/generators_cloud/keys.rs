//! Tokens that are signed and looked at, and a cluster that gives its ServiceAccount some.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use latchkey_provider::cluster::ServiceAccount;
use latchkey_provider::{Cluster, Error, SecretBytes};
use serde_json::{Value, json};

use crate::fixture::{NAMESPACE, Objects};

/// Whose signature the doubles take.
pub static KEY: LazyLock<Key> = LazyLock::new(Key::new);

/// Somebody else's.
pub static OTHER: LazyLock<Key> = LazyLock::new(Key::new);

/// Who signs the tokens of ServiceAccounts.
pub const ISSUER: &str = "https://cluster.example";

/// The ServiceAccount.
pub const SUBJECT: &str = "system:serviceaccount:team:builder";

/// A key for RS256.
pub struct Key(RsaKeyPair);

impl Key {
    fn new() -> Self {
        Self(RsaKeyPair::generate(KeySize::Rsa2048).unwrap())
    }

    /// The private key as PKCS#8.
    pub fn pem(&self) -> String {
        let der = self.0.as_der().unwrap();
        format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der.as_ref()))
    }

    fn sign(&self, claims: &Value) -> String {
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let signed = format!("{}.{}", encode(&json!({ "alg": "RS256" })), encode(claims));
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// Header and claims of a token that this key has signed, with RS256 and nothing else.
    pub fn verified(&self, token: &str) -> Option<(Value, Value)> {
        let (signed, signature) = token.rsplit_once('.')?;
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, self.0.public_key().as_ref());
        public.verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).ok()?).ok()?;
        let (header, claims) = signed.split_once('.')?;
        let decode = |part| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).ok()?).ok();
        Some((decode(header).filter(|header| header["alg"] == "RS256")?, decode(claims)?))
    }
}

/// Seconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// Whether a service takes a ServiceAccount's token that is to be for this audience.
pub fn trusted(token: &str, audience: &str) -> bool {
    let Some((_, claims)) = KEY.verified(token) else { return false };
    let is_for = claims["aud"].as_array().is_some_and(|all| all.iter().any(|one| one == audience));
    let lives = claims["exp"].as_u64().is_some_and(|exp| exp > now());
    is_for && lives && claims["iss"] == ISSUER && claims["sub"] == SUBJECT
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
        Ok(KEY.sign(&claims).into())
    }

    fn forget(&self, namespace: &str) {
        self.objects.forget(namespace);
    }
}
