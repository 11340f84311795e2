//! Where AWS's services are, if not where the SDK finds them.

/// Endpoints that stand before the SDK's own (`AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_SECRETS_MANAGER`,
/// `AWS_ENDPOINT_URL_STS`, the shared configuration file, the region's).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Endpoints {
    /// URL of Secrets Manager.
    pub secrets_manager: Option<String>,
    /// URL of the Security Token Service.
    pub sts: Option<String>,
}

impl Endpoints {
    /// What ESO reads from the environment: `AWS_SECRETSMANAGER_ENDPOINT`, `AWS_STS_ENDPOINT`.
    pub fn from_env() -> Self {
        Self { secrets_manager: variable("AWS_SECRETSMANAGER_ENDPOINT"), sts: variable("AWS_STS_ENDPOINT") }
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
