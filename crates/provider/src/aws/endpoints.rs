//! Where AWS's services are, if not where the SDK finds them.

/// Endpoints that stand before the SDK's own (`AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_SECRETS_MANAGER`,
/// `AWS_ENDPOINT_URL_STS`, the shared configuration file, the region's).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Endpoints {
    /// URL of Secrets Manager.
    pub secrets_manager: Option<String>,
    /// URL of the Security Token Service.
    pub sts: Option<String>,
    /// URL of the Elastic Container Registry's API.
    pub ecr: Option<String>,
    /// URL of the public registry's API.
    pub ecr_public: Option<String>,
}

impl Endpoints {
    /// What ESO reads from the environment: `AWS_SECRETSMANAGER_ENDPOINT`, `AWS_STS_ENDPOINT`, `AWS_ECR_ENDPOINT`,
    /// `AWS_ECR_PUBLIC_ENDPOINT`. For the registries, which are asked without the SDK, the SDK's own variables too.
    pub fn from_env() -> Self {
        let either = |own: &str, of_the_sdk: &str| {
            [own, of_the_sdk, "AWS_ENDPOINT_URL"].into_iter().find_map(variable)
        };
        Self {
            secrets_manager: variable("AWS_SECRETSMANAGER_ENDPOINT"),
            sts: variable("AWS_STS_ENDPOINT"),
            ecr: either("AWS_ECR_ENDPOINT", "AWS_ENDPOINT_URL_ECR"),
            ecr_public: either("AWS_ECR_PUBLIC_ENDPOINT", "AWS_ENDPOINT_URL_ECR_PUBLIC"),
        }
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
