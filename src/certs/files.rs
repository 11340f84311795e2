//! A certificate that somebody else makes and mounts: cert-manager, a chart.

use std::path::{Path, PathBuf};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::Error;
use super::keeper::Loaded;
use crate::config::Config;

/// The files of `--tls-cert-file`, `--tls-key-file` and `--ca-file`.
#[derive(Debug, Clone)]
pub struct Files {
    certificate: PathBuf,
    key: PathBuf,
    ca: Option<PathBuf>,
}

impl Files {
    /// Those that the configuration names, if it does.
    pub fn of(config: &Config) -> Option<Self> {
        let (certificate, key) = config.tls_cert_file.clone().zip(config.tls_key_file.clone())?;
        Some(Self { certificate, key, ca: config.ca_file.clone() })
    }

    /// What they hold now.
    pub(super) async fn load(&self) -> Result<Loaded, Error> {
        let Self { certificate, key, ca } = self;
        let bundle = match ca {
            Some(path) => Some(certificates("--ca-file", path).await?),
            None => None,
        };
        Ok(Loaded {
            origin: format!("{} and {}", certificate.display(), key.display()),
            chain: read("--tls-cert-file", certificate).await?,
            key: read("--tls-key-file", key).await?,
            bundle,
        })
    }
}

async fn read(flag: &'static str, path: &Path) -> Result<Vec<u8>, Error> {
    tokio::fs::read(path).await.map_err(|source| Error::File { flag, path: path.to_owned(), source })
}

/// The file as text, if there is a certificate in it: an empty CA would undo the registration.
async fn certificates(flag: &'static str, path: &Path) -> Result<String, Error> {
    let pem = read(flag, path).await?;
    let none = || Error::NoCertificate { flag, path: path.to_owned() };
    CertificateDer::from_pem_slice(&pem).map_err(|_| none())?;
    String::from_utf8(pem).map_err(|_| none())
}
