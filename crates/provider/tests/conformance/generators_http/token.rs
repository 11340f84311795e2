//! Tokens as JSON: how the tests sign them and how the doubles look at them; and a cluster that gives its ServiceAccounts some.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex};
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
use latchkey_provider::{Cluster, Error, ErrorKind, SecretBytes};
use serde_json::{Value, json};

use crate::fixture::NAMESPACE;

/// Who signs in these tests.
pub static KEY: LazyLock<Key> = LazyLock::new(Key::new);

/// Somebody else.
pub static OTHER: LazyLock<Key> = LazyLock::new(Key::new);

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

    /// A token with this header.
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let signed = format!("{}.{}", encode(header), encode(claims));
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// The claims of a token that this key has signed, with RS256 and nothing else.
    pub fn verified(&self, token: &str) -> Option<Value> {
        let (signed, signature) = token.rsplit_once('.')?;
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, self.0.public_key().as_ref());
        public.verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).ok()?).ok()?;
        let (header, claims) = signed.split_once('.')?;
        let decode = |part| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).ok()?).ok();
        decode(header).filter(|header| header["alg"] == "RS256")?;
        decode(claims)
    }
}

/// Seconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

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
