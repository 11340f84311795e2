//! The webhook's certificate and who vouches for it, and the key of latchkey's digests.
//!
//! Without files of somebody else's latchkey is its own CA: CA and certificate are in one Secret that all replicas share.
//! [`plan`] says what to renew, [`issue`] makes it, [`keeper`] has it served and hands out the CA for the registration.

mod digest;
mod files;
mod issue;
mod keeper;
mod material;
mod own;
mod plan;
mod secrets;
mod served;

use std::path::PathBuf;

pub use digest::DigestKey;
pub use files::Files;
pub use issue::Names;
pub use keeper::{CaBundle, Certificates};
pub use own::Own;
pub use served::Unfit;

use crate::http::tls::PairError;

/// There is no certificate to serve, or none of the kind that was asked for.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read.
    #[error("cannot read {path} of {flag}", path = .path.display())]
    File {
        /// The flag that names it.
        flag: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file holds no certificate.
    #[error("{path} of {flag} holds no certificate in PEM form", path = .path.display())]
    NoCertificate {
        /// The flag that names it.
        flag: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// The pair cannot be served.
    #[error("the pair of {origin} cannot be served")]
    Pair {
        /// Where it is from.
        origin: String,
        /// Why.
        source: PairError,
    },
    /// The pair can be read, and its clients would refuse it; what is served is better.
    #[error("the pair of {origin} is of no use")]
    Unfit {
        /// Where it is from.
        origin: String,
        /// Why.
        source: Unfit,
    },
    /// The Secret cannot be read or written.
    #[error("cannot {verb} Secret {namespace}/{name}")]
    Secret {
        /// What was tried.
        verb: &'static str,
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// Why.
        source: Box<kube::Error>,
    },
    /// The Secret changes faster than it can be written.
    #[error("Secret {namespace}/{name} was changed by others each time that it was written")]
    Contended {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// The Secret is there and does not hold what it should.
    #[error("Secret {namespace}/{name} has no usable key {key:?}: delete it, and latchkey makes a new one")]
    Malformed {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// The key that is missing or wrong.
        key: &'static str,
    },
    /// The namespace is not there and cannot be made.
    #[error(
        "namespace {namespace:?} does not exist and latchkey may not create it: run `kubectl create namespace \
         {namespace}`, or name another one with --namespace"
    )]
    Namespace {
        /// The namespace.
        namespace: String,
        /// Why it cannot be made.
        source: Box<kube::Error>,
    },
    /// No certificate could be made.
    #[error("cannot make a certificate")]
    Issue(#[from] rcgen::Error),
    /// The system has no random numbers.
    #[error("the system gives no random numbers")]
    Random,
}
