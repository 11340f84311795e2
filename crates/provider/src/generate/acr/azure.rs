//! The clouds of Azure: where they give tokens, for whom, and how their registries are called.

use latchkey_api::generator::AzureEnvironment;
use url::Url;

use crate::generate::endpoints::{AZURE_AUTHORITY, AZURE_REGISTRY, Endpoints, server};
use crate::generate::invalid;
use crate::{Error, ErrorKind};

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Azure {
    authority: &'static str,
    /// Whom a token is for that registries take: the cloud's resource manager.
    pub audience: &'static str,
    /// How the names of its registries end.
    pub suffix: &'static str,
    public: bool,
}

impl Azure {
    /// The one that a generator names. The addresses are those of Azure's SDKs.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] for an own one: the generator has no field that says where it is.
    pub fn of(environment: Option<AzureEnvironment>) -> Result<Self, Error> {
        let (authority, audience, suffix) = match environment.unwrap_or_default() {
            AzureEnvironment::PublicCloud => {
                ("https://login.microsoftonline.com", "https://management.azure.com/", ".azurecr.io")
            }
            AzureEnvironment::USGovernmentCloud => {
                ("https://login.microsoftonline.us", "https://management.usgovcloudapi.net/", ".azurecr.us")
            }
            AzureEnvironment::ChinaCloud => {
                ("https://login.chinacloudapi.cn", "https://management.chinacloudapi.cn/", ".azurecr.cn")
            }
            AzureEnvironment::GermanCloud => {
                ("https://login.microsoftonline.de", "https://management.microsoftazure.de/", ".azurecr.de")
            }
            AzureEnvironment::AzureStackCloud => return Err(stack()),
        };
        let public = environment.unwrap_or_default() == AzureEnvironment::PublicCloud;
        Ok(Self { authority, audience, suffix, public })
    }

    /// Who gives tokens.
    ///
    /// # Errors
    /// What was set instead is no address.
    pub fn authority(&self, endpoints: &Endpoints) -> Result<Url, Error> {
        server(endpoints.azure_authority.as_ref().filter(|_| self.public), AZURE_AUTHORITY, self.authority)
    }
}

fn stack() -> Error {
    let message = "environmentType AzureStackCloud is not supported: no field says where such a cloud is";
    Error::new(ErrorKind::Unsupported, message)
}

/// The address of the registry of this name.
///
/// # Errors
/// It is no name of a host.
pub fn registry(name: &str, endpoints: &Endpoints) -> Result<Url, Error> {
    let not_a_host = || {
        invalid("registry is not the name of a host, such as example.azurecr.io, without https:// or a path")
    };
    let named = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':');
    if !name.bytes().all(named) {
        return Err(not_a_host());
    }
    let own = Url::parse(&format!("https://{name}")).map_err(|_| not_a_host())?;
    server(endpoints.azure_registry.as_ref(), AZURE_REGISTRY, own.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cloud_has_its_own_addresses() {
        for (environment, authority, audience) in [
            (None, "https://login.microsoftonline.com/", "https://management.azure.com/"),
            (
                Some(AzureEnvironment::USGovernmentCloud),
                "https://login.microsoftonline.us/",
                "https://management.usgovcloudapi.net/",
            ),
            (
                Some(AzureEnvironment::ChinaCloud),
                "https://login.chinacloudapi.cn/",
                "https://management.chinacloudapi.cn/",
            ),
            (
                Some(AzureEnvironment::GermanCloud),
                "https://login.microsoftonline.de/",
                "https://management.microsoftazure.de/",
            ),
        ] {
            let azure = Azure::of(environment).unwrap();
            assert_eq!(azure.authority(&Endpoints::default()).unwrap().as_str(), authority);
            assert_eq!(azure.audience, audience);
        }
        let error = Azure::of(Some(AzureEnvironment::AzureStackCloud)).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unsupported);
    }

    #[test]
    fn another_authority_stands_for_the_public_clouds_alone() {
        let instead = Some("https://login.example".to_owned());
        let endpoints = Endpoints { azure_authority: instead, ..Endpoints::default() };
        let of = |environment| Azure::of(environment).unwrap().authority(&endpoints).unwrap().to_string();
        assert_eq!(of(Some(AzureEnvironment::PublicCloud)), "https://login.example/");
        assert_eq!(of(Some(AzureEnvironment::ChinaCloud)), "https://login.chinacloudapi.cn/");
    }

    #[test]
    fn a_registry_is_a_host() {
        let none = Endpoints::default();
        for (name, address) in [
            ("example.azurecr.io", "https://example.azurecr.io/"),
            ("registry.example:8443", "https://registry.example:8443/"),
        ] {
            assert_eq!(registry(name, &none).unwrap().as_str(), address);
        }
        for name in
            ["", "https://example.azurecr.io", "a/b", "a@b", "a?b", "a#b", "a\\b", "a b", "a\tb", ":1"]
        {
            let error = registry(name, &none).unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidConfig, "{name}");
            assert!(error.message.starts_with("registry "), "{error}");
        }
    }
}
