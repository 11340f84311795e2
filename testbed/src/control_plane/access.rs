//! Ways to talk to the control plane, and as whom.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::ControlPlane;
use crate::api_gate::ApiGate;
use crate::state::random_token;
use crate::tool::{Tool, binary};

/// The users of `--token-auth-file`, each with a token of its own: name, token, groups.
#[derive(Debug)]
pub struct Users([(&'static str, String, &'static str); 4]);

impl Users {
    pub(super) fn new() -> Self {
        Self([
            ("admin", random_token(), "system:masters"),
            ("alice", random_token(), ""),
            ("bob", random_token(), ""),
            ("system:kube-controller-manager", random_token(), "system:masters"),
        ])
    }

    pub(super) fn admin(&self) -> &str {
        &self.0[0].1
    }

    pub(super) fn controller_manager(&self) -> &str {
        &self.0[3].1
    }

    fn token(&self, user: &str) -> Option<&str> {
        self.0.iter().find(|(name, ..)| *name == user).map(|(_, token, _)| token.as_str())
    }

    /// Lines of token, name, uid, groups.
    pub(super) fn token_file(&self) -> String {
        self.0.iter().map(|(name, token, groups)| format!("{token},{name},{name},\"{groups}\"\n")).collect()
    }
}

impl ControlPlane {
    /// `https://127.0.0.1:PORT`; also the issuer of ServiceAccount tokens.
    #[must_use]
    pub fn url(&self) -> String {
        self.ports.url()
    }

    /// The authority of the API server's certificate; of client certificates too.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.files.ca_pem
    }

    #[must_use]
    pub fn ca_file(&self) -> &Path {
        &self.files.ca
    }

    /// The PEM that ServiceAccount tokens can be verified with.
    #[must_use]
    pub fn service_account_public_key(&self) -> &Path {
        &self.files.service_account_public_key
    }

    /// Lines of JSON, one per finished request (`audit.k8s.io/v1` Event, level Metadata).
    #[must_use]
    pub fn audit_log(&self) -> PathBuf {
        self.dir().join("audit.log")
    }

    /// Of a user who may do everything.
    #[must_use]
    pub fn admin_kubeconfig(&self) -> PathBuf {
        self.dir().join("admin.kubeconfig")
    }

    pub(super) fn write_admin_kubeconfig(&self) -> Result<()> {
        self.kubeconfig("admin", self.users.admin())?;
        Ok(())
    }

    /// Writes `<name>.kubeconfig` for a bearer token into the state folder.
    pub fn kubeconfig(&self, name: &str, token: &str) -> Result<PathBuf> {
        self.kubeconfig_to(&self.url(), self.ca_file(), name, token)
    }

    /// The same by way of a gate.
    pub fn kubeconfig_through(&self, gate: &ApiGate, name: &str, token: &str) -> Result<PathBuf> {
        self.kubeconfig_to(&gate.url(), gate.ca_file(), name, token)
    }

    fn kubeconfig_to(&self, url: &str, ca: &Path, name: &str, token: &str) -> Result<PathBuf> {
        let path = self.dir().join(format!("{name}.kubeconfig"));
        let ca = ca.display();
        let text = format!(
            "apiVersion: v1
kind: Config
clusters:
  - name: testbed
    cluster: {{ server: \"{url}\", certificate-authority: \"{ca}\" }}
users:
  - name: {name}
    user: {{ token: \"{token}\" }}
contexts:
  - name: testbed
    context: {{ cluster: testbed, user: {name} }}
current-context: testbed
"
        );
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }

    /// The kubeconfig of `admin` (may do everything), `alice` or `bob` (have no rights until a test grants some).
    ///
    /// # Errors
    /// For any other user.
    pub fn user_kubeconfig(&self, user: &str) -> Result<PathBuf> {
        self.kubeconfig(user, self.user_token(user)?)
    }

    /// The bearer token of `admin`, `alice` or `bob`.
    ///
    /// # Errors
    /// For any other user.
    pub fn user_token(&self, user: &str) -> Result<&str> {
        self.users.token(user).with_context(|| format!("there is no user {user}"))
    }

    /// kubectl of the control plane's version, as admin.
    pub fn kubectl<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Result<Command> {
        let mut command = Command::new(binary(Tool::Kubectl)?);
        command.args(args).env("KUBECONFIG", self.admin_kubeconfig());
        command.env("HOME", self.dir()).env("KUBECACHEDIR", self.dir().join("kubectl-cache"));
        Ok(command)
    }

    /// Helm, as admin; its caches and repositories lie in the state folder.
    pub fn helm<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Result<Command> {
        let mut command = Command::new(binary(Tool::Helm)?);
        command.args(args).env("KUBECONFIG", self.admin_kubeconfig()).env("HOME", self.dir());
        for kind in ["CACHE", "CONFIG", "DATA"] {
            command.env(format!("HELM_{kind}_HOME"), self.dir().join("helm").join(kind.to_lowercase()));
        }
        Ok(command)
    }

    /// A request to the API server as admin, say `("GET", "/api/v1/namespaces", &Value::Null)`.
    ///
    /// # Errors
    /// For any status but 2xx, with the `Status` object.
    pub fn api(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        self.client.json(method, path, body)
    }

    /// What the API server answers at a path that is not of JSON, such as `/metrics`.
    pub fn text(&self, path: &str) -> Result<String> {
        let answer = self.client.request("GET", path, &[])?;
        ensure!(answer.is_success(), "GET {path} was answered {}", answer.status);
        Ok(answer.text())
    }

    /// Creates an object at the path of its collection; it may already be there.
    pub fn create(&self, path: &str, object: &Value) -> Result<()> {
        let answer = self.client.request("POST", path, object.to_string().as_bytes())?;
        let done = answer.is_success() || answer.status == 409;
        ensure!(done, "POST {path} was answered {}: {}", answer.status, answer.text());
        Ok(())
    }

    /// A token of a ServiceAccount, valid for an hour; without audiences it is for the API server.
    pub fn service_account_token(&self, namespace: &str, name: &str, audiences: &[&str]) -> Result<String> {
        let path = format!("/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token");
        let request = json!({
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": { "audiences": audiences, "expirationSeconds": 3600 },
        });
        let answer = self.api("POST", &path, &request)?;
        Ok(answer["status"]["token"].as_str().context("the API server made no token")?.to_owned())
    }

    /// Creates a ServiceAccount that may ask for TokenReviews, and returns a token of it.
    pub fn token_reviewer(&self, namespace: &str, name: &str) -> Result<String> {
        let account = json!({ "metadata": { "name": name } });
        self.create(&format!("/api/v1/namespaces/{namespace}/serviceaccounts"), &account)?;
        let binding = json!({
            "metadata": { "name": format!("testbed:{namespace}:{name}") },
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:auth-delegator" },
            "subjects": [{ "kind": "ServiceAccount", "namespace": namespace, "name": name }],
        });
        self.create("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", &binding)?;
        self.service_account_token(namespace, name, &[])
    }
}
