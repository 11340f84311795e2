//! The generators that ask somebody else: a service that makes the value, and may have to be told when it is of no use any more.

use serde::Deserialize;
use serde_json::Value;

use super::{
    AcrSpec, CloudsmithSpec, EcrSpec, GcrSpec, GithubSpec, GitlabSpec, GrafanaSpec, QuaySpec, StsSpec,
    VaultDynamicSecretSpec, WebhookSpec,
};

/// A kind of generator that asks a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RemoteKind {
    /// A token for an Azure Container Registry.
    Acr,
    /// A token of Cloudsmith.
    Cloudsmith,
    /// A login for Amazon's registries.
    Ecr,
    /// An access token of Google Cloud.
    Gcr,
    /// A token of an installation of a GitHub App.
    Github,
    /// A deploy token of GitLab.
    Gitlab,
    /// A token of a service account of Grafana.
    Grafana,
    /// A token of a robot account of Quay.
    Quay,
    /// Temporary credentials for AWS.
    Sts,
    /// Whatever a path of Vault makes.
    Vault,
    /// Whatever an HTTP server answers.
    Webhook,
}

impl RemoteKind {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Acr,
        Self::Cloudsmith,
        Self::Ecr,
        Self::Gcr,
        Self::Github,
        Self::Gitlab,
        Self::Grafana,
        Self::Quay,
        Self::Sts,
        Self::Vault,
        Self::Webhook,
    ];

    /// Its name in manifests.
    pub fn name(self) -> &'static str {
        self.names().0
    }

    /// Its name in paths of the API.
    pub fn plural(self) -> &'static str {
        self.names().1
    }

    /// The field of a ClusterGenerator that holds its specification.
    pub fn field(self) -> &'static str {
        self.names().2
    }

    fn names(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Acr => ("ACRAccessToken", "acraccesstokens", "acrAccessTokenSpec"),
            Self::Cloudsmith => {
                ("CloudsmithAccessToken", "cloudsmithaccesstokens", "cloudsmithAccessTokenSpec")
            }
            Self::Ecr => ("ECRAuthorizationToken", "ecrauthorizationtokens", "ecrAuthorizationTokenSpec"),
            Self::Gcr => ("GCRAccessToken", "gcraccesstokens", "gcrAccessTokenSpec"),
            Self::Github => ("GithubAccessToken", "githubaccesstokens", "githubAccessTokenSpec"),
            Self::Gitlab => ("GitlabDeployToken", "gitlabdeploytokens", "gitlabDeployTokenSpec"),
            Self::Grafana => ("Grafana", "grafanas", "grafanaSpec"),
            Self::Quay => ("QuayAccessToken", "quayaccesstokens", "quayAccessTokenSpec"),
            Self::Sts => ("STSSessionToken", "stssessiontokens", "stsSessionTokenSpec"),
            Self::Vault => ("VaultDynamicSecret", "vaultdynamicsecrets", "vaultDynamicSecretSpec"),
            Self::Webhook => ("Webhook", "webhooks", "webhookSpec"),
        }
    }

    /// Whether the service keeps what was made, so that it has to be told when that is of no use any more: by a GeneratorState.
    pub fn is_stateful(self) -> bool {
        match self {
            Self::Gitlab | Self::Grafana => true,
            Self::Acr
            | Self::Cloudsmith
            | Self::Ecr
            | Self::Gcr
            | Self::Github
            | Self::Quay
            | Self::Sts
            | Self::Vault
            | Self::Webhook => false,
        }
    }
}

/// What such a generator says.
#[derive(Debug, Clone, PartialEq)]
pub enum Remote {
    /// A token for an Azure Container Registry.
    Acr(Box<AcrSpec>),
    /// A token of Cloudsmith.
    Cloudsmith(Box<CloudsmithSpec>),
    /// A login for Amazon's registries.
    Ecr(Box<EcrSpec>),
    /// An access token of Google Cloud.
    Gcr(Box<GcrSpec>),
    /// A token of an installation of a GitHub App.
    Github(Box<GithubSpec>),
    /// A deploy token of GitLab.
    Gitlab(Box<GitlabSpec>),
    /// A token of a service account of Grafana.
    Grafana(Box<GrafanaSpec>),
    /// A token of a robot account of Quay.
    Quay(Box<QuaySpec>),
    /// Temporary credentials for AWS.
    Sts(Box<StsSpec>),
    /// Whatever a path of Vault makes.
    Vault(Box<VaultDynamicSecretSpec>),
    /// Whatever an HTTP server answers.
    Webhook(Box<WebhookSpec>),
}

impl Remote {
    /// Reads the specification of a generator of this kind.
    ///
    /// # Errors
    /// A field is missing or of another type.
    pub fn read(kind: RemoteKind, spec: &Value) -> Result<Self, serde_json::Error> {
        Ok(match kind {
            RemoteKind::Acr => Self::Acr(Deserialize::deserialize(spec)?),
            RemoteKind::Cloudsmith => Self::Cloudsmith(Deserialize::deserialize(spec)?),
            RemoteKind::Ecr => Self::Ecr(Deserialize::deserialize(spec)?),
            RemoteKind::Gcr => Self::Gcr(Deserialize::deserialize(spec)?),
            RemoteKind::Github => Self::Github(Deserialize::deserialize(spec)?),
            RemoteKind::Gitlab => Self::Gitlab(Deserialize::deserialize(spec)?),
            RemoteKind::Grafana => Self::Grafana(Deserialize::deserialize(spec)?),
            RemoteKind::Quay => Self::Quay(Deserialize::deserialize(spec)?),
            RemoteKind::Sts => Self::Sts(Deserialize::deserialize(spec)?),
            RemoteKind::Vault => Self::Vault(Deserialize::deserialize(spec)?),
            RemoteKind::Webhook => Self::Webhook(Deserialize::deserialize(spec)?),
        })
    }

    /// Which kind it is.
    pub fn kind(&self) -> RemoteKind {
        match self {
            Self::Acr(_) => RemoteKind::Acr,
            Self::Cloudsmith(_) => RemoteKind::Cloudsmith,
            Self::Ecr(_) => RemoteKind::Ecr,
            Self::Gcr(_) => RemoteKind::Gcr,
            Self::Github(_) => RemoteKind::Github,
            Self::Gitlab(_) => RemoteKind::Gitlab,
            Self::Grafana(_) => RemoteKind::Grafana,
            Self::Quay(_) => RemoteKind::Quay,
            Self::Sts(_) => RemoteKind::Sts,
            Self::Vault(_) => RemoteKind::Vault,
            Self::Webhook(_) => RemoteKind::Webhook,
        }
    }

    /// Which installation it is for; none says, or the kind has no such field.
    pub fn controller(&self) -> &str {
        match self {
            Self::Vault(vault) => vault.controller.as_deref().unwrap_or_default(),
            Self::Acr(_)
            | Self::Cloudsmith(_)
            | Self::Ecr(_)
            | Self::Gcr(_)
            | Self::Github(_)
            | Self::Gitlab(_)
            | Self::Grafana(_)
            | Self::Quay(_)
            | Self::Sts(_)
            | Self::Webhook(_) => "",
        }
    }
}
