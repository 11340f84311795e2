//! A cluster double whose ServiceAccount tokens are real ones, and an observer that remembers.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use latchkey_provider::cluster::ServiceAccount;
use latchkey_provider::observe::Observer;
use latchkey_provider::{Cluster, Error, ErrorKind, SecretBytes};
use latchkey_testbed::{CertificateAuthority, ControlPlane, ControlPlaneOptions};
use serde_json::json;

use crate::fixture::{NAMESPACE, Objects};

/// One control plane for all tests of this binary, with [`NAMESPACE`] in it. It trusts clients of [`client_authority`].
pub fn control_plane() -> &'static ControlPlane {
    static PLANE: OnceLock<ControlPlane> = OnceLock::new();
    PLANE.get_or_init(|| {
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("conformance-client-ca.pem");
        std::fs::write(&file, client_authority().pem()).unwrap();
        let flags = vec![format!("--client-ca-file={}", file.display())];
        let options = ControlPlaneOptions { api_server_flags: flags, ..ControlPlaneOptions::default() };
        let plane = ControlPlane::start(options).unwrap();
        plane.create("/api/v1/namespaces", &json!({ "metadata": { "name": NAMESPACE } })).unwrap();
        plane
    })
}

/// Whoever shows a certificate of this authority is whom it names.
pub fn client_authority() -> &'static CertificateAuthority {
    static AUTHORITY: OnceLock<CertificateAuthority> = OnceLock::new();
    AUTHORITY.get_or_init(|| CertificateAuthority::new("conformance clients").unwrap())
}

/// Creates a ServiceAccount in [`NAMESPACE`].
pub fn service_account(name: &str) {
    let path = format!("/api/v1/namespaces/{NAMESPACE}/serviceaccounts");
    control_plane().create(&path, &json!({ "metadata": { "name": name } })).unwrap();
}

/// Secrets from a map, tokens from the control plane; what is asked for and forgotten is noted in the map.
#[derive(Debug, Default)]
pub struct Live(pub Objects);

#[async_trait]
impl Cluster for Live {
    async fn secret(&self, namespace: &str, name: &str) -> Result<BTreeMap<String, SecretBytes>, Error> {
        self.0.secret(namespace, name).await
    }

    async fn secret_labels(&self, namespace: &str, name: &str) -> Result<BTreeMap<String, String>, Error> {
        self.0.secret_labels(namespace, name).await
    }

    async fn config_map(&self, namespace: &str, name: &str) -> Result<BTreeMap<String, String>, Error> {
        self.0.config_map(namespace, name).await
    }

    async fn service_account(&self, namespace: &str, name: &str) -> Result<ServiceAccount, Error> {
        self.0.service_account(namespace, name).await
    }

    async fn service_account_token(
        &self,
        namespace: &str,
        name: &str,
        audiences: &[String],
        _expires: Duration,
    ) -> Result<SecretBytes, Error> {
        self.0.tokens.lock().unwrap().push(audiences.to_vec());
        let audiences: Vec<&str> = audiences.iter().map(String::as_str).collect();
        let token = control_plane().service_account_token(namespace, name, &audiences);
        token.map(SecretBytes::from).map_err(|error| Error::new(ErrorKind::Credentials, error.to_string()))
    }

    fn forget(&self, namespace: &str) {
        self.0.forget(namespace);
    }
}

/// Everything that this thread logs, at every level, until [`Log::end`].
pub struct Log {
    lines: Arc<Mutex<Vec<u8>>>,
    guard: tracing::subscriber::DefaultGuard,
}

impl Log {
    pub fn start() -> Self {
        let lines = Arc::<Mutex<Vec<u8>>>::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(move || Lines(writer.clone()))
            .finish();
        Self { lines, guard: tracing::subscriber::set_default(subscriber) }
    }

    /// Fails if one of these texts is in it.
    pub fn end(self, secrets: &[&str]) {
        let Self { lines, guard } = self;
        drop(guard);
        let log = String::from_utf8_lossy(&lines.lock().unwrap()).into_owned();
        assert!(log.contains("TRACE"), "something was logged");
        for secret in secrets {
            let found: Vec<_> = log.lines().filter(|line| line.contains(secret)).collect();
            assert!(found.is_empty(), "{found:#?}");
        }
    }
}

struct Lines(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Remembers the calls.
#[derive(Debug, Default)]
pub struct Calls(Mutex<Vec<(&'static str, bool)>>);

impl Observer for Calls {
    fn call(&self, _provider: &'static str, call: &'static str, success: bool, _took: Duration) {
        self.0.lock().unwrap().push((call, success));
    }
}

impl Calls {
    /// New ones.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// How many calls of this name there were.
    pub fn made(&self, name: &str) -> usize {
        self.0.lock().unwrap().iter().filter(|(call, _)| *call == name).count()
    }

    /// How many calls of this name succeeded.
    pub fn succeeded(&self, name: &str) -> usize {
        self.0.lock().unwrap().iter().filter(|call| **call == (name, true)).count()
    }
}
