//! HashiCorp Vault: a real server with integrated storage, so that it can be sealed, stopped and started again.

mod auth;
mod config;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::http::Client;
use crate::process::{Launch, Process};
use crate::state::{StateDir, free_port};
use crate::tool::{Tool, binary};
use crate::wait::{START, wait_for};
pub use auth::AppRole;
use config::Tls;

/// How Vault's listener talks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ListenerTls {
    /// Plain HTTP.
    #[default]
    Off,
    /// HTTPS; a client may show a certificate, and the `cert` auth method sees it.
    Server,
    /// HTTPS, and a client without a certificate of [`Vault::ca_pem`]'s authority is refused in the handshake.
    Mutual,
}

#[derive(Debug, Clone, Default)]
pub struct VaultOptions {
    pub tls: ListenerTls,
    /// Kept there after the stop; a temporary folder otherwise.
    pub dir: Option<PathBuf>,
}

/// A Vault that is initialized and unsealed, with KV version 2 at `secret/` and version 1 at `kv1/`.
#[derive(Debug)]
pub struct Vault {
    process: Mutex<Option<Process>>,
    port: u16,
    tls: Option<Tls>,
    client: Client,
    root_token: String,
    unseal_key: String,
    dir: StateDir,
}

impl Vault {
    /// Returns when secrets can be written and read.
    ///
    /// # Errors
    /// When Vault cannot be built, or does not come up (with the tail of its log).
    pub fn start(options: VaultOptions) -> Result<Self> {
        let plugin = binary(Tool::VaultKubernetesPlugin)?.canonicalize()?;
        let VaultOptions { tls, dir } = options;
        let dir = StateDir::new("vault", dir.as_deref())?;
        let port = free_port();
        let tls = Tls::new(tls, dir.path())?;
        config::write(dir.path(), port, tls.as_ref(), plugin.parent().context("a file is in a folder")?)?;
        let client = match &tls {
            None => Client::plain(port),
            Some(tls) => Client::tls(port, &tls.ca_pem, Some((&tls.client.certificate, &tls.client.key)))?,
        };
        let mut process = spawn(dir.path())?;
        wait_until_it_answers(&client, &mut process)?;
        let keys =
            client.json("PUT", "/v1/sys/init", &json!({ "secret_shares": 1, "secret_threshold": 1 }))?;
        let root_token = text(&keys["root_token"])?;
        let vault = Self {
            process: Mutex::new(Some(process)),
            port,
            tls,
            client: client.header("X-Vault-Token", &root_token),
            root_token,
            unseal_key: text(&keys["keys"][0])?,
            dir,
        };
        vault.unseal()?;
        vault.set_up(&plugin).with_context(|| vault.log_tail())?;
        Ok(vault)
    }

    /// `http://127.0.0.1:PORT`, or `https://…`.
    #[must_use]
    pub fn addr(&self) -> String {
        format!("{}://127.0.0.1:{}", if self.tls.is_some() { "https" } else { "http" }, self.port)
    }

    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    #[must_use]
    pub fn root_token(&self) -> &str {
        &self.root_token
    }

    /// The authority of the listener's certificate and of clients' certificates; `None` without TLS.
    #[must_use]
    pub fn ca_pem(&self) -> Option<&str> {
        self.tls.as_ref().map(|tls| tls.ca_pem.as_str())
    }

    /// A client certificate that the listener accepts (common name `latchkey`); `None` without TLS.
    #[must_use]
    pub fn client_pair(&self) -> Option<&crate::Pair> {
        self.tls.as_ref().map(|tls| &tls.client)
    }

    /// The state folder: configuration, data, log, certificates.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Vault's own command line, as root.
    pub fn cli<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Result<Command> {
        let mut command = Command::new(binary(Tool::Vault)?);
        command.args(args).env_remove("VAULT_NAMESPACE").env("HOME", self.dir());
        command.env("VAULT_ADDR", self.addr()).env("VAULT_TOKEN", &self.root_token);
        if self.tls.is_some() {
            command.env("VAULT_CACERT", self.dir().join("ca.pem"));
            command.env("VAULT_CLIENT_CERT", self.dir().join("client.pem"));
            command.env("VAULT_CLIENT_KEY", self.dir().join("client.key"));
        }
        Ok(command)
    }

    /// A request of the HTTP API as root, say `("POST", "sys/mounts/other", …)`; a null body sends none.
    ///
    /// # Errors
    /// For any status but 2xx, with Vault's error body.
    pub fn api(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        self.client.json(method, &format!("/v1/{path}"), body)
    }

    /// Writes the keys of `data` as `vault kv put` does: `secret/…` is version 2, `kv1/…` version 1.
    pub fn put(&self, path: &str, data: &Value) -> Result<()> {
        match path.strip_prefix("secret/") {
            Some(rest) => self.api("POST", &format!("secret/data/{rest}"), &json!({ "data": data }))?,
            None => self.api("POST", path, data)?,
        };
        Ok(())
    }

    /// Removes the entry with all its versions.
    pub fn delete(&self, path: &str) -> Result<()> {
        let path =
            path.strip_prefix("secret/").map_or(path.to_owned(), |rest| format!("secret/metadata/{rest}"));
        self.api("DELETE", &path, &Value::Null)?;
        Ok(())
    }

    /// Creates or replaces an ACL policy, written in HCL.
    pub fn policy(&self, name: &str, hcl: &str) -> Result<()> {
        self.api("PUT", &format!("sys/policies/acl/{name}"), &json!({ "policy": hcl }))?;
        Ok(())
    }

    /// From now on every request but unsealing is answered 503.
    pub fn seal(&self) -> Result<()> {
        self.api("PUT", "sys/seal", &Value::Null)?;
        Ok(())
    }

    /// Returns when requests are served again.
    pub fn unseal(&self) -> Result<()> {
        self.api("PUT", "sys/unseal", &json!({ "key": self.unseal_key }))?;
        wait_for("Vault's becoming active", START, || {
            let health = self.client.request("GET", "/v1/sys/health", &[])?;
            Ok((health.status == 200).then_some(()))
        })
        .with_context(|| self.log_tail())
    }

    /// Nobody listens on the port any more. The data stays for [`Self::start_again`].
    pub fn stop(&self) {
        *self.process() = None;
    }

    /// Starts the stopped server on the same port with the same data, and unseals it. One that runs is stopped first.
    pub fn start_again(&self) -> Result<()> {
        self.start_again_sealed()?;
        self.unseal()
    }

    /// As [`Self::start_again`], but leaves it sealed, as every start of a Vault does.
    pub fn start_again_sealed(&self) -> Result<()> {
        self.stop();
        let mut process = spawn(self.dir())?;
        wait_until_it_answers(&self.client, &mut process)?;
        *self.process() = Some(process);
        Ok(())
    }

    fn set_up(&self, plugin: &Path) -> Result<()> {
        let program = std::fs::read(plugin)?;
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &program);
        let command = plugin.file_name().and_then(OsStr::to_str).context("the plugin has a name")?;
        let entry = json!({ "sha256": crate::state::hex(digest.as_ref()), "command": command });
        self.api("PUT", "sys/plugins/catalog/auth/kubernetes", &entry)?;
        self.api("POST", "sys/mounts/kv1", &json!({ "type": "kv", "options": { "version": "1" } }))?;
        self.api("POST", "sys/mounts/secret", &json!({ "type": "kv", "options": { "version": "2" } }))?;
        // A new mount of version 2 is refused for a moment while it lays out its storage.
        wait_for("the secrets engine's readiness", START, || {
            Ok(self.api("GET", "secret/config", &Value::Null).ok())
        })?;
        Ok(())
    }

    fn process(&self) -> MutexGuard<'_, Option<Process>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn log_tail(&self) -> String {
        crate::process::tail(&self.dir().join("vault.log"), 25)
    }
}

fn spawn(dir: &Path) -> Result<Process> {
    let args = [OsStr::new("server"), OsStr::new("-config"), dir.join(config::FILE).as_os_str()]
        .map(OsStr::to_owned);
    Process::spawn(Launch::new("vault", binary(Tool::Vault)?, dir).args(args).grace(Duration::from_secs(3)))
}

/// Sealed or not.
fn wait_until_it_answers(client: &Client, process: &mut Process) -> Result<()> {
    wait_for("the start of Vault", START, || {
        process.check_alive()?;
        Ok(client
            .request("GET", "/v1/sys/seal-status", &[])
            .ok()
            .filter(crate::http::Answer::is_success)
            .map(drop))
    })
    .with_context(|| process.log_tail())
}

/// A string of an answer.
fn text(value: &Value) -> Result<String> {
    Ok(value.as_str().context("Vault's answer lacks a string that it should have")?.to_owned())
}
