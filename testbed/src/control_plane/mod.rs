//! A Kubernetes control plane: etcd, kube-apiserver and kube-controller-manager. No kubelet and no scheduler: Pods are
//! admitted and stay Pending.

mod access;
mod faults;
mod files;
mod flags;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::http::Client;
use crate::process::{Launch, Process};
use crate::state::{StateDir, free_port};
use crate::tool::{Tool, binary};
use crate::wait::{START, wait_for};
use access::Users;
use files::Files;
use flags::Ports;

/// What differs from the cluster that most tests want.
#[derive(Debug, Clone)]
pub struct ControlPlaneOptions {
    /// Off: no garbage collection, no ServiceAccounts but `default/default`; see
    /// [`ControlPlane::start_controller_manager`].
    pub controller_manager: bool,
    /// Appended to kube-apiserver's flags.
    pub api_server_flags: Vec<String>,
    /// Appended to kube-controller-manager's flags.
    pub controller_manager_flags: Vec<String>,
    /// Kept there after the stop; a temporary folder otherwise.
    pub dir: Option<PathBuf>,
}

impl Default for ControlPlaneOptions {
    fn default() -> Self {
        Self {
            controller_manager: true,
            api_server_flags: Vec::new(),
            controller_manager_flags: Vec::new(),
            dir: None,
        }
    }
}

/// A running control plane.
#[derive(Debug)]
pub struct ControlPlane {
    // Fields are dropped in this order: who depends on another goes first.
    controller_manager: Mutex<Option<Process>>,
    api_server: Mutex<Option<Process>>,
    etcd: Mutex<Option<Process>>,
    options: ControlPlaneOptions,
    /// Bytes; 0 is etcd's own default.
    etcd_quota: AtomicU64,
    ports: Ports,
    files: Files,
    users: Users,
    client: Client,
    dir: StateDir,
}

impl ControlPlane {
    /// Returns when Pods can be created in the namespace `default`.
    ///
    /// # Errors
    /// When a component cannot be built, or does not come up (with the tail of its log).
    pub fn start(options: ControlPlaneOptions) -> Result<Self> {
        // Building may take minutes, which must not pass while a half started control plane waits.
        for tool in [Tool::Etcd, Tool::KubeApiserver, Tool::KubeControllerManager, Tool::Kubectl] {
            binary(tool)?;
        }
        let dir = StateDir::new("control-plane", options.dir.as_deref())?;
        let ports = Ports { api_server: free_port(), etcd: free_port(), etcd_peer: free_port() };
        let users = Users::new();
        let files = Files::write(dir.path(), &users)?;
        let client = Client::tls(ports.api_server, &files.ca_pem, None)?
            .header("Authorization", &format!("Bearer {}", users.admin()))
            .header("Content-Type", "application/json");
        let cluster = Self {
            controller_manager: Mutex::default(),
            api_server: Mutex::default(),
            etcd: Mutex::default(),
            options,
            etcd_quota: AtomicU64::new(0),
            ports,
            files,
            users,
            client,
            dir,
        };
        cluster.bring_up()?;
        Ok(cluster)
    }

    fn bring_up(&self) -> Result<()> {
        self.write_admin_kubeconfig()?;
        self.start_etcd()?;
        self.start_api_server()?;
        if self.options.controller_manager {
            self.start_controller_manager()?;
        }
        self.open_discovery()?;
        self.wait_for_default_service_account()
    }

    /// Starts a stopped etcd with everything it had; returns when it answers.
    ///
    /// # Errors
    /// When it does not come up (with the tail of its log).
    pub fn start_etcd(&self) -> Result<()> {
        let launch = Launch::new("etcd", binary(Tool::Etcd)?, self.dir());
        let quota = self.etcd_quota.load(Ordering::SeqCst);
        let launch = launch.args(flags::etcd(&self.ports, self.dir(), quota)).grace(GRACE);
        let mut process = Process::spawn(launch)?;
        let client = Client::plain(self.ports.etcd);
        // The API server, started earlier, would sleep for a second after its first try.
        wait_for("the start of etcd", START, || {
            process.check_alive()?;
            Ok(client.request("GET", "/health", &[]).ok().filter(crate::http::Answer::is_success).map(drop))
        })
        .with_context(|| process.log_tail())?;
        *lock(&self.etcd) = Some(process);
        Ok(())
    }

    /// Starts a stopped API server on the same port, with everything it had; returns when it is ready.
    pub fn start_api_server(&self) -> Result<()> {
        let args = flags::api_server(&self.ports, &self.files, self.dir(), &self.options.api_server_flags);
        let launch =
            Launch::new("kube-apiserver", binary(Tool::KubeApiserver)?, self.dir()).args(args).grace(GRACE);
        let mut process = Process::spawn(launch)?;
        wait_for("the API server's readiness", START, || {
            process.check_alive()?;
            let answer = self.client.request("GET", "/readyz", &[]);
            Ok(answer.ok().filter(crate::http::Answer::is_success).map(drop))
        })
        .with_context(|| process.log_tail())?;
        *lock(&self.api_server) = Some(process);
        Ok(())
    }

    /// An outage: nobody listens on the API server's port any more.
    pub fn stop_api_server(&self) {
        *lock(&self.api_server) = None;
    }

    /// Starts the controllers (garbage collection among them), which must not be running.
    pub fn start_controller_manager(&self) -> Result<()> {
        let kubeconfig = self.kubeconfig("controller-manager", self.users.controller_manager())?;
        let args =
            flags::controller_manager(&self.files, &kubeconfig, &self.options.controller_manager_flags);
        let program = binary(Tool::KubeControllerManager)?;
        let launch = Launch::new("kube-controller-manager", program, self.dir()).args(args).grace(GRACE);
        *lock(&self.controller_manager) = Some(Process::spawn(launch)?);
        Ok(())
    }

    /// From here on nothing is garbage-collected and no ServiceAccount is made for a new namespace.
    pub fn stop_controller_manager(&self) {
        *lock(&self.controller_manager) = None;
    }

    /// Stops all components; what dropping does too.
    pub fn stop(self) {}

    /// The state folder: keys, data, logs.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Lets everyone read the issuer's discovery documents, as a provider that trusts this cluster's tokens has to.
    fn open_discovery(&self) -> Result<()> {
        let binding = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": { "name": "testbed:issuer-discovery" },
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole",
                         "name": "system:service-account-issuer-discovery" },
            "subjects": [{ "apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:unauthenticated" }],
        });
        self.create("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", &binding)
    }

    fn wait_for_default_service_account(&self) -> Result<()> {
        const ACCOUNTS: &str = "/api/v1/namespaces/default/serviceaccounts";
        if !self.options.controller_manager {
            wait_for("the namespace default", START, || {
                Ok(self.api("GET", "/api/v1/namespaces/default", &Value::Null).ok())
            })?;
            return self.create(ACCOUNTS, &json!({ "metadata": { "name": "default" } }));
        }
        wait_for("the creation of ServiceAccount default", START, || {
            if let Some(process) = lock(&self.controller_manager).as_mut() {
                process.check_alive()?;
            }
            Ok(self.api("GET", &format!("{ACCOUNTS}/default"), &Value::Null).ok())
        })?;
        Ok(())
    }
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        // All at once; waiting happens as the fields are dropped.
        for component in [&self.controller_manager, &self.api_server, &self.etcd] {
            if let Some(process) = lock(component).as_mut() {
                process.let_go();
            }
        }
    }
}

/// How long a component may take to end by itself. Its state is thrown away, or made to survive a crash.
const GRACE: Duration = Duration::from_millis(500);

fn lock(component: &Mutex<Option<Process>>) -> MutexGuard<'_, Option<Process>> {
    component.lock().unwrap_or_else(PoisonError::into_inner)
}
