//! The files that the components read at their start.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::access::Users;
use crate::pki::{CertificateAuthority, signing_key};

/// One line per finished request: who, what, which object, the answer's code and the annotations of admission.
const AUDIT_POLICY: &str = "\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived, ResponseStarted]
rules:
  - level: Metadata
";

#[derive(Debug)]
pub(super) struct Files {
    pub ca_pem: String,
    pub ca: PathBuf,
    /// Certificate and key.
    pub server: (PathBuf, PathBuf),
    pub tokens: PathBuf,
    pub service_account_key: PathBuf,
    pub service_account_public_key: PathBuf,
    pub audit_policy: PathBuf,
}

impl Files {
    pub(super) fn write(dir: &Path, users: &Users) -> Result<Self> {
        let ca = CertificateAuthority::new("latchkey-testbed cluster CA")?;
        let names = ["127.0.0.1", "localhost", "kubernetes.default.svc", "10.0.0.1"];
        let (key, public) = signing_key()?;
        let write = |name: &str, text: &str| -> Result<PathBuf> {
            let path = dir.join(name);
            std::fs::write(&path, text)?;
            Ok(path)
        };
        Ok(Self {
            ca: write("ca.pem", ca.pem())?,
            server: ca.server(&names)?.write(dir, "server")?,
            tokens: write("tokens.csv", &users.token_file())?,
            service_account_key: write("service-account.key", &key)?,
            service_account_public_key: write("service-account.pub", &public)?,
            audit_policy: write("audit-policy.yaml", AUDIT_POLICY)?,
            ca_pem: ca.pem().to_owned(),
        })
    }
}
