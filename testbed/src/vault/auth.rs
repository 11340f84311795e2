//! Auth methods, set up as an operator would.

use anyhow::Result;
use serde_json::{Value, json};

use super::{Vault, text};
use crate::ControlPlane;

/// What logs in at `auth/approle/login`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppRole {
    pub role_id: String,
    pub secret_id: String,
}

impl Vault {
    /// Enables `auth/kubernetes` (the plugin), with a reviewer: the ServiceAccount `kube-system/vault-reviewer`, which is
    /// created and may ask for TokenReviews.
    pub fn enable_kubernetes_auth(&self, cluster: &ControlPlane) -> Result<()> {
        let reviewer = cluster.token_reviewer("kube-system", "vault-reviewer")?;
        self.api("POST", "sys/auth/kubernetes", &json!({ "type": "kubernetes" }))?;
        let config = json!({
            "kubernetes_host": cluster.url(),
            "kubernetes_ca_cert": cluster.ca_pem(),
            "token_reviewer_jwt": reviewer,
            "disable_local_ca_jwt": true,
        });
        self.api("POST", "auth/kubernetes/config", &config)?;
        Ok(())
    }

    /// A role of `auth/kubernetes` for one ServiceAccount; its tokens get `policies`. `audience` is what the
    /// ServiceAccount's token must be made for, `None` for the API server's own.
    pub fn kubernetes_role(
        &self,
        role: &str,
        (namespace, service_account): (&str, &str),
        audience: Option<&str>,
        policies: &[&str],
    ) -> Result<()> {
        let mut body = json!({
            "bound_service_account_names": [service_account],
            "bound_service_account_namespaces": [namespace],
            "token_policies": policies,
        });
        if let Some(audience) = audience {
            body["audience"] = json!(audience);
        }
        self.api("POST", &format!("auth/kubernetes/role/{role}"), &body)?;
        Ok(())
    }

    /// Enables `auth/jwt`, which finds the cluster's keys by OIDC discovery.
    pub fn enable_jwt_auth(&self, cluster: &ControlPlane) -> Result<()> {
        self.api("POST", "sys/auth/jwt", &json!({ "type": "jwt" }))?;
        let config = json!({
            "oidc_discovery_url": cluster.url(),
            "oidc_discovery_ca_pem": cluster.ca_pem(),
            "bound_issuer": cluster.url(),
        });
        self.api("POST", "auth/jwt/config", &config)?;
        Ok(())
    }

    /// A role of `auth/jwt` for one ServiceAccount, whose tokens must be made for `audience`.
    pub fn jwt_role(
        &self,
        role: &str,
        (namespace, service_account): (&str, &str),
        audience: &str,
        policies: &[&str],
    ) -> Result<()> {
        let body = json!({
            "role_type": "jwt",
            "user_claim": "sub",
            "bound_audiences": [audience],
            "bound_subject": format!("system:serviceaccount:{namespace}:{service_account}"),
            "token_policies": policies,
        });
        self.api("POST", &format!("auth/jwt/role/{role}"), &body)?;
        Ok(())
    }

    /// Enables `auth/approle` if it is not, and makes a role whose tokens get `policies`.
    pub fn enable_approle(&self, role: &str, policies: &[&str]) -> Result<AppRole> {
        let enabled = || anyhow::Ok(self.api("GET", "sys/auth", &Value::Null)?.get("approle/").is_some());
        if !enabled()? {
            let made = self.api("POST", "sys/auth/approle", &json!({ "type": "approle" }));
            anyhow::ensure!(made.is_ok() || enabled()?, "AppRole cannot be enabled: {made:?}"); // two may do it at once
        }
        let path = format!("auth/approle/role/{role}");
        self.api("POST", &path, &json!({ "token_policies": policies }))?;
        let role_id = self.api("GET", &format!("{path}/role-id"), &Value::Null)?;
        let secret_id = self.api("POST", &format!("{path}/secret-id"), &json!({}))?;
        Ok(AppRole {
            role_id: text(&role_id["data"]["role_id"])?,
            secret_id: text(&secret_id["data"]["secret_id"])?,
        })
    }

    /// A token with these policies, which lives `ttl` (say `1h`) and can be renewed.
    pub fn token(&self, policies: &[&str], ttl: &str) -> Result<String> {
        let answer = self.api("POST", "auth/token/create", &json!({ "policies": policies, "ttl": ttl }))?;
        text(&answer["auth"]["client_token"])
    }
}
