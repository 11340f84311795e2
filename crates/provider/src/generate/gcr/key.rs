//! The key of a service account: it signs an assertion, for which there is a token (RFC 7523 section 2.1).

use latchkey_api::provider::vault_auth::VaultGcpSecretRef;
use serde::Deserialize;
use serde_json::json;

use super::{Access, SCOPE, google};
use crate::generate::http::address;
use crate::generate::oauth::{Service, Token, now};
use crate::generate::parts::{at, given};
use crate::generate::{World, invalid, jwt};
use crate::{Error, ErrorKind, SecretBytes, credentials};

const FIELD: &str = "auth.secretRef.secretAccessKeySecretRef";

/// Where keys are exchanged that do not say.
const TOKEN_URI: &str = "https://oauth2.googleapis.com/token";

const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// How long an assertion is good, in seconds. Google takes an hour at most.
const LIFE: u64 = 600;

/// What Google writes into the file.
#[derive(Deserialize)]
struct Key {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    client_email: String,
    #[serde(default)]
    private_key: String,
    private_key_id: Option<String>,
    token_uri: Option<String>,
}

/// A token for the service account of this key.
///
/// # Errors
/// The key is not there or is none; Google refuses.
pub async fn access(reference: &VaultGcpSecretRef, world: &World<'_>) -> Result<Access, Error> {
    let selector = reference.secret_access_key_secret_ref.as_ref();
    let selector = selector.ok_or_else(|| invalid(format!("{FIELD} is missing")))?;
    let in_field = |error| at(FIELD, error);
    let json = credentials::secret_key(world.cluster.as_ref(), &world.scope, selector, None).await;
    let key = read(&json.map_err(in_field)?).map_err(in_field)?;
    let uri = given(&key.token_uri).unwrap_or(TOKEN_URI).to_owned();
    let server = address("token_uri of the key", &uri).map_err(in_field)?;
    let assertion = assertion(key, &uri).map_err(in_field)?;
    let form = [("grant_type", GRANT), ("assertion", assertion.expose_str().unwrap_or_default())];
    let service = Service::new(world, google::NAMES, FIELD, &server)?;
    let token: Token = service.post(("GetToken", google::DOING), server, &form).await?;
    google::access(token, &service)
}

fn read(json: &SecretBytes) -> Result<Key, Error> {
    let unfit = |why: &str| Error::new(ErrorKind::Credentials, format!("the key {why}"));
    let key: Key = serde_json::from_slice(json.expose())
        .map_err(|_| unfit("is not the JSON that Google Cloud gives for a service account"))?;
    if key.kind != "service_account" {
        return Err(unfit("is of another \"type\" than \"service_account\", and only those are supported"));
    }
    if key.client_email.is_empty() || key.private_key.is_empty() {
        return Err(unfit("has no \"client_email\" or no \"private_key\""));
    }
    Ok(key)
}

fn assertion(key: Key, audience: &str) -> Result<SecretBytes, Error> {
    let Key { client_email, private_key, private_key_id, kind: _, token_uri: _ } = key;
    let now = now();
    let claims =
        json!({ "iss": client_email, "scope": SCOPE, "aud": audience, "iat": now, "exp": now + LIFE });
    jwt::rs256(&claims, private_key_id.as_deref(), &private_key.into())
}
