//! Read-your-writes against a cluster of Vault: the newest replication states seen, to be sent with each request.
//!
//! Vault answers with `X-Vault-Index`, base64 of `v1:<cluster>:<local index>:<replicated index>:<signature>`; a node that
//! gets one back serves the request only once it has caught up (else 412). The merge rule is that of Vault's own client.

use std::sync::Mutex;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// One replication state.
#[derive(Debug, Clone, PartialEq, Eq)]
struct State {
    header: String,
    cluster: String,
    local: u64,
    replicated: u64,
}

impl State {
    fn parse(header: &str) -> Option<Self> {
        let text = String::from_utf8(STANDARD.decode(header).ok()?).ok()?;
        let mut parts = text.split(':');
        if parts.next()? != "v1" {
            return None;
        }
        let cluster = parts.next()?.to_owned();
        let local = parts.next()?.parse().ok()?;
        let replicated = parts.next()?.parse().ok()?;
        Some(Self { header: header.to_owned(), cluster, local, replicated })
    }

    /// Whether whoever has reached `self` has reached `other` too. States of another cluster are obsolete.
    fn covers(&self, other: &Self) -> bool {
        self.cluster != other.cluster || (self.local >= other.local && self.replicated >= other.replicated)
    }
}

/// The states that the next request must not be older than; at most two, of which neither covers the other.
#[derive(Debug, Default)]
pub struct Seen(Mutex<Vec<State>>);

impl Seen {
    /// Takes in the header of an answer; one that cannot be read is left out.
    pub fn record(&self, header: &str) {
        let Some(new) = State::parse(header) else { return };
        let mut states = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if states.iter().any(|old| old.cluster == new.cluster && old.covers(&new)) {
            return;
        }
        states.retain(|old| !new.covers(old));
        states.push(new);
    }

    /// The headers to send.
    pub fn headers(&self) -> Vec<String> {
        let states = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        states.iter().map(|state| state.header.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(cluster: &str, local: u64, replicated: u64) -> String {
        STANDARD.encode(format!("v1:{cluster}:{local}:{replicated}:signature"))
    }

    #[test]
    fn keeps_the_newest_state_and_both_where_neither_is_newer() {
        let seen = Seen::default();
        for (local, replicated) in [(5, 5), (4, 4), (6, 5)] {
            seen.record(&header("a", local, replicated));
        }
        assert_eq!(seen.headers(), [header("a", 6, 5)]);
        seen.record(&header("a", 5, 9));
        assert_eq!(seen.headers(), [header("a", 6, 5), header("a", 5, 9)]);
        seen.record(&header("a", 7, 9));
        assert_eq!(seen.headers(), [header("a", 7, 9)]);
    }

    #[test]
    fn forgets_another_cluster_and_what_it_cannot_read() {
        let seen = Seen::default();
        seen.record(&header("a", 9, 9));
        seen.record("???");
        seen.record(&header("b", 1, 1));
        assert_eq!(seen.headers(), [header("b", 1, 1)]);
    }
}
