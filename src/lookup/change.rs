//! What the watches tell.

use super::Key;
use crate::engine::plan::StoreKey;

/// Something that a watch saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// An ExternalSecret came, changed (in whatever part) or went.
    ExternalSecret {
        /// Which.
        key: Key,
        /// Whether more than its status changed.
        edited: bool,
        /// Whether it is gone.
        gone: bool,
    },
    /// A store came, was given another specification or went.
    Store {
        /// Which.
        key: StoreKey,
        /// Whether it is gone.
        gone: bool,
    },
    /// A ClusterExternalSecret came, changed or went.
    ClusterExternalSecret {
        /// Its name.
        name: String,
    },
    /// A namespace came, got other labels or went.
    Namespace {
        /// Its name.
        name: String,
    },
    /// A ClusterPushSecret came, changed or went.
    ClusterPushSecret {
        /// Its name.
        name: String,
    },
    /// A PushSecret came, changed (in whatever part) or went.
    PushSecret {
        /// Which.
        key: Key,
        /// Whether more than its status changed.
        edited: bool,
    },
    /// A Secret that a PushSecret pushes came, changed or went.
    Source {
        /// The PushSecret.
        push: Key,
    },
    /// A managed Secret changed by another hand than ours, or went.
    Secret {
        /// Which.
        key: Key,
        /// Whether it is gone.
        gone: bool,
    },
}
