//! Where the clouds' services are, if not where everybody finds them.

use url::Url;

use super::http::address;
use crate::Error;

/// Addresses that stand before the well-known ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Endpoints {
    /// Who gives tokens in Azure's public cloud.
    pub azure_authority: Option<String>,
    /// The metadata of a machine of Azure.
    pub azure_metadata: Option<String>,
    /// Every registry of Azure: what is asked still names the generator's own.
    pub azure_registry: Option<String>,
    /// Google's Security Token Service.
    pub google_sts: Option<String>,
    /// Google's service of service accounts' credentials.
    pub google_iam_credentials: Option<String>,
    /// The metadata of a machine of Google's, host and port.
    pub google_metadata: Option<String>,
}

impl Endpoints {
    /// What the environment says, by the names that the clouds' own tools read: `AZURE_AUTHORITY_HOST`,
    /// `AZURE_POD_IDENTITY_AUTHORITY_HOST`, `CLOUDSDK_API_ENDPOINT_OVERRIDES_STS`,
    /// `CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS`, `GCE_METADATA_HOST`; and `LATCHKEY_ACR_ENDPOINT`.
    pub fn from_env() -> Self {
        Self {
            azure_authority: variable("AZURE_AUTHORITY_HOST"),
            azure_metadata: variable("AZURE_POD_IDENTITY_AUTHORITY_HOST"),
            azure_registry: variable("LATCHKEY_ACR_ENDPOINT"),
            google_sts: variable("CLOUDSDK_API_ENDPOINT_OVERRIDES_STS"),
            google_iam_credentials: variable("CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS"),
            google_metadata: variable("GCE_METADATA_HOST"),
        }
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The address of a service: what was set instead of it, or its own.
///
/// # Errors
/// What was set is no address.
pub fn server(instead: Option<&String>, own: &str) -> Result<Url, Error> {
    match instead {
        Some(text) => address("the address that latchkey's environment sets", text),
        None => address("the address", own),
    }
}
