//! Tokens for an Azure Container Registry.
//!
//! A registry exchanges an access token of Azure for a refresh token of its own, with all that the identity may do there, and
//! that for an access token of a scope (<https://github.com/Azure/acr/blob/main/docs/AAD-OAuth.md>).

mod azure;
mod login;

use latchkey_api::generator::AcrSpec;
use serde::Deserialize;
use url::Url;

use self::azure::Azure;
use self::login::Login;
use super::oauth::{Service, filled};
use super::parts::{below, given};
use super::{Made, World};
use crate::{Error, SecretBytes};

/// Whom registries know those by who come with a token.
const USER: &str = "00000000-0000-0000-0000-000000000000";

/// Makes one.
///
/// # Errors
/// See [`Connector::generate`](crate::Connector::generate).
pub async fn make(spec: &AcrSpec, world: &World<'_>) -> Result<Made, Error> {
    let azure = Azure::of(spec.environment_type)?;
    let server = azure::registry(&spec.registry, world.clouds)?;
    let service = Service::new(world, ("the registry", "ACR"), "registry", &server)?;
    let login = login::login(spec, azure, world).await?;
    let registry = Registry { service, server, name: &spec.registry };
    let mut token = registry.exchange(&login).await?;
    if let Some(scope) = given(&spec.scope) {
        token = registry.narrow(&token, scope).await?;
    }
    Ok(Made::of([("username", USER.into()), ("password", token)]))
}

struct Registry<'a> {
    service: Service<'a>,
    server: Url,
    name: &'a str,
}

#[derive(Deserialize)]
struct Refresh {
    #[serde(deserialize_with = "filled")]
    refresh_token: SecretBytes,
}

#[derive(Deserialize)]
struct Access {
    #[serde(deserialize_with = "filled")]
    access_token: SecretBytes,
}

impl Registry<'_> {
    /// A refresh token for an access token of Azure.
    async fn exchange(&self, login: &Login) -> Result<SecretBytes, Error> {
        let token = login.token.expose_str().unwrap_or_default();
        let mut form = vec![("grant_type", "access_token"), ("service", self.name), ("access_token", token)];
        form.extend(login.tenant.as_deref().map(|tenant| ("tenant", tenant)));
        let names = ("Exchange", "cannot get a refresh token");
        let url = below(&self.server, &["oauth2", "exchange"]);
        let Refresh { refresh_token } = self.service.post(names, url, &form).await?;
        Ok(refresh_token)
    }

    /// An access token that is good for the scope alone.
    async fn narrow(&self, refresh: &SecretBytes, scope: &str) -> Result<SecretBytes, Error> {
        let token = refresh.expose_str().unwrap_or_default();
        let form = [
            ("grant_type", "refresh_token"),
            ("service", self.name),
            ("scope", scope),
            ("refresh_token", token),
        ];
        let names = ("Token", "cannot get an access token of the scope");
        let url = below(&self.server, &["oauth2", "token"]);
        let Access { access_token } = self.service.post(names, url, &form).await?;
        Ok(access_token)
    }
}
