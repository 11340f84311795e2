//! Where the clouds' services are, if not where everybody finds them.

use url::Url;

use super::http::address;
use crate::Error;

/// The variable of [`Endpoints::azure_authority`], as Azure's SDKs read it.
pub const AZURE_AUTHORITY: &str = "AZURE_AUTHORITY_HOST";

/// That of [`Endpoints::azure_metadata`], as they do.
pub const AZURE_METADATA: &str = "AZURE_POD_IDENTITY_AUTHORITY_HOST";

/// That of [`Endpoints::azure_registry`].
pub const AZURE_REGISTRY: &str = "LATCHKEY_ACR_ENDPOINT";

/// That of [`Endpoints::google_sts`], as gcloud reads it.
pub const GOOGLE_STS: &str = "CLOUDSDK_API_ENDPOINT_OVERRIDES_STS";

/// That of [`Endpoints::google_iam_credentials`], as gcloud reads it.
pub const GOOGLE_IAM_CREDENTIALS: &str = "CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS";

/// That of [`Endpoints::google_metadata`], as Google's libraries read it.
pub const GOOGLE_METADATA: &str = "GCE_METADATA_HOST";

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
    /// What the environment says, by the names that the clouds' own tools read, where there are any.
    pub fn from_env() -> Self {
        Self {
            azure_authority: variable(AZURE_AUTHORITY),
            azure_metadata: variable(AZURE_METADATA),
            azure_registry: variable(AZURE_REGISTRY),
            google_sts: variable(GOOGLE_STS),
            google_iam_credentials: variable(GOOGLE_IAM_CREDENTIALS),
            google_metadata: variable(GOOGLE_METADATA),
        }
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The address of a service: what was set instead of it by this variable, or its own.
///
/// # Errors
/// What was set is no address.
pub fn server(instead: Option<&String>, variable: &str, own: &str) -> Result<Url, Error> {
    address(&format!("{variable} in latchkey's environment"), instead.map_or(own, String::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_stands_before_the_services_own() {
        let of = |instead: Option<&str>| {
            server(instead.map(str::to_owned).as_ref(), GOOGLE_STS, "https://sts.googleapis.com")
        };
        assert_eq!(of(None).unwrap().as_str(), "https://sts.googleapis.com/");
        assert_eq!(of(Some("http://sts.internal:8080")).unwrap().as_str(), "http://sts.internal:8080/");
        let error = of(Some("sts.internal")).unwrap_err();
        assert!(
            error.message.starts_with("CLOUDSDK_API_ENDPOINT_OVERRIDES_STS in latchkey's environment is no ")
        );
    }
}
