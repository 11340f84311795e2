//! `provider.kubernetes`: Secrets of another namespace or another cluster.

use super::{CaProvider, SecretKeySelector, ServiceAccountSelector};
use crate::patterns::LABEL;
use k8s_openapi::ByteString;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A store in Kubernetes.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Kubernetes {
    /// The API server. Default: that of this cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<KubernetesServer>,

    /// How to log in; exactly one method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth: Option<KubernetesAuth>,

    /// A kubeconfig, kept in a Secret. It stands for server and auth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_ref: Option<SecretKeySelector>,

    /// Namespace of the Secrets that are read. Default: default.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = LABEL), length(min = 1, max = 63), extend("default" = "default"))]
    pub remote_namespace: Option<String>,
}

impl Kubernetes {
    /// The namespace that is meant: an absent one is `default`.
    pub fn remote_namespace(&self) -> &str {
        self.remote_namespace.as_deref().unwrap_or("default")
    }
}

/// The API server.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KubernetesServer {
    /// Its address. Default: kubernetes.default.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "kubernetes.default"))]
    pub url: Option<String>,

    /// PEM certificates, base64-encoded, that the server's must be signed by. Default: those of the system.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<crate::overrides::Base64>")]
    pub ca_bundle: Option<ByteString>,

    /// PEM certificates in a Secret or ConfigMap that the server's must be signed by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_provider: Option<CaProvider>,
}

/// How to log in; exactly one method.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("minProperties" = 1, "maxProperties" = 1))]
pub struct KubernetesAuth {
    /// A client certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cert: Option<KubernetesCertAuth>,

    /// A token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<KubernetesTokenAuth>,

    /// A ServiceAccount for which a token is requested; it lasts 3600 seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account: Option<ServiceAccountSelector>,
}

/// A client certificate.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KubernetesCertAuth {
    /// The certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_cert: Option<SecretKeySelector>,

    /// The private key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_key: Option<SecretKeySelector>,
}

/// A token.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KubernetesTokenAuth {
    /// The token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bearer_token: Option<SecretKeySelector>,
}
