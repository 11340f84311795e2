//! What is asked of the core, by whichever caller.

use std::sync::Arc;
use std::time::Duration;

use latchkey_api::external_secret::ExternalSecret;
use latchkey_provider::EntryRef;
use tokio::time::Instant;

use super::generators::Known;
use super::plan::StoreKey;

/// How far a sync may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effects {
    /// Write the Secret.
    Apply,
    /// Prove everything, write nothing.
    DryRun,
}

/// Where in its life the ExternalSecret is; it decides how the target may be marked and owned (facts F1 to F3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Being admitted for the first time: it has no uid and may never be stored.
    Create,
    /// An update is being admitted: the uid is known, the new version may never be stored.
    Update,
    /// It is stored.
    Stored,
}

impl Stage {
    /// Whether the version at hand may yet be refused by somebody after us.
    pub fn is_admission(self) -> bool {
        match self {
            Self::Create | Self::Update => true,
            Self::Stored => false,
        }
    }
}

/// One sync of one ExternalSecret.
#[derive(Debug, Clone)]
pub struct Job {
    /// The object as it is stored or would be.
    pub external_secret: Arc<ExternalSecret>,
    /// Where in its life it is.
    pub stage: Stage,
    /// Whether to write.
    pub effects: Effects,
    /// How old a remote value may be. Zero: read it now.
    pub max_age: Duration,
    /// A remote value that was read since then counts as read for this sync, whatever its age: many were wished for at once.
    pub since: Option<Instant>,
    /// Which share of the remote budget it uses.
    pub lane: Lane,
    /// The `resourceVersion` of the stored object that it is to replace; none of what is new or stored.
    pub over: Option<String>,
    /// Other entries that come due at the same time.
    pub beside: Option<Beside>,
    /// Whether generators make new values in place of those that the Secret holds; else those stay if they are all there.
    pub renew: bool,
    /// Its generators, as far as they have been read already.
    pub generators: Known,
}

/// Entries of a store that are read by the same calls, if the store is called anyway: whoever is next finds them in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beside {
    /// The store.
    pub store: StoreKey,
    /// The entries.
    pub entries: Vec<EntryRef>,
}

/// Admission never waits behind a refresh: each lane has its own concurrency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lane {
    /// Somebody waits at a prompt.
    Admission,
    /// Nobody waits.
    Refresh,
    /// Diffs of GitOps tools.
    DryRun,
}

/// The moment at which an answer must have been given. Made once, from the review's `?timeout=` less a margin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline(Instant);

impl Deadline {
    /// The moment `after` from now.
    pub fn after(after: Duration) -> Self {
        Self(Instant::now() + after)
    }

    /// The time that is left; zero when it is over.
    pub fn left(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// The moment itself.
    pub fn instant(self) -> Instant {
        self.0
    }
}
