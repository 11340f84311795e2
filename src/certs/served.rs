//! Whether a certificate may take the place of the one that is served.

use std::sync::Arc;

use jiff::Timestamp;

use super::keeper::Loaded;
use super::material::{self, Validity};

/// How a pair that can be read would still fail its clients.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Unfit {
    /// Its time is over.
    #[error("the certificate ended at {0}")]
    Ended(Timestamp),
    /// Its time has not come.
    #[error("the certificate is not valid before {0}")]
    NotYet(Timestamp),
    /// The CA beside it did not sign it.
    #[error("the certificate is not signed by the CA beside it, which is the one to be registered")]
    Untrusted,
}

/// What a client that believes the CA beside it would say of the certificate, its names aside.
pub(super) fn unfit(loaded: &Loaded, now: Timestamp) -> Option<Unfit> {
    let Validity { from, until } = material::valid(&loaded.chain)?;
    if now >= until {
        return Some(Unfit::Ended(until));
    }
    if now < from {
        return Some(Unfit::NotYet(from));
    }
    let bundle = loaded.bundle.as_deref()?;
    (!material::is_trusted(&loaded.chain, bundle, now)).then_some(Unfit::Untrusted)
}

/// The CAs of both, while the one is still served and the other one is to follow.
pub(super) fn both(next: Option<&str>, served: Option<&str>) -> Option<Arc<str>> {
    let served = served.filter(|served| next.is_some_and(|next| !next.contains(served.trim())));
    let bundles = next.into_iter().chain(served);
    next.map(|_| bundles.map(|pem| format!("{}\n", pem.trim_end())).collect::<String>().into())
}
