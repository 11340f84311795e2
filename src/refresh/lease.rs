//! Leader election by a Lease: one replica refreshes.
//!
//! The rules are client-go's: another's lease is over when this replica has seen no renewal for the lease's own duration by
//! its own clock (clocks are never compared), every write carries the resourceVersion it was decided on, and a leader
//! that cannot renew in time stops by itself before another may start.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::api::PostParams;
use kube::core::ObjectMeta;
use kube::{Api, Client};
use tokio::time::Instant;
use tracing::{info, warn};

use crate::failpoint::{self, Step};

/// How a replica takes part.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The Lease's namespace.
    pub namespace: String,
    /// The Lease's name.
    pub name: String,
    /// This replica, unlike any other.
    pub identity: String,
    /// How long the lease is good without being renewed.
    pub duration: Duration,
    /// How often to try to take or renew it.
    pub retry: Duration,
}

/// What to do with the Lease as it is seen now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    /// It is ours: renew it.
    Renew,
    /// Nobody's, given up or over: take it.
    Take,
    /// Another's: wait.
    Wait,
}

/// Whether the other's lease is over by our own clock.
fn decide(spec: &LeaseSpec, identity: &str, unchanged_for: Duration, own_duration: Duration) -> Action {
    let holder = spec.holder_identity.as_deref().unwrap_or_default();
    let seconds = spec.lease_duration_seconds.and_then(|seconds| u64::try_from(seconds).ok());
    let duration = seconds.map_or(own_duration, Duration::from_secs);
    match holder {
        "" => Action::Take,
        holder if holder == identity => Action::Renew,
        _ if unchanged_for > duration => Action::Take,
        _ => Action::Wait,
    }
}

/// A replica's part in the election.
#[derive(Debug)]
pub struct Election {
    api: Api<Lease>,
    candidate: Candidate,
    seen: Option<(String, Instant)>,
    /// When the last attempt that succeeded was begun: whoever waits for the Lease to run out may count from then on.
    renewed: Instant,
}

/// How often it is said that the Lease cannot be had.
const REMINDER: Duration = Duration::from_mins(1);

/// How long giving the Lease up may take; it runs out by itself too.
const PARTING: Duration = Duration::from_secs(3);

impl Election {
    /// Takes part, without having tried yet.
    pub fn new(client: Client, candidate: Candidate) -> Self {
        let api = Api::namespaced(client, &candidate.namespace);
        Self { api, candidate, seen: None, renewed: Instant::now() }
    }

    /// Waits until this replica leads.
    pub async fn acquire(&mut self) {
        let mut said: Option<Instant> = None;
        loop {
            let end = Instant::now() + self.patience();
            match self.attempt_until(end).await {
                Ok(true) => {
                    info!(identity = %self.candidate.identity, lease = %self.candidate.name, "leading: this replica refreshes");
                    return;
                }
                Ok(false) => said = None,
                Err(error) if said.is_none_or(|said| said.elapsed() >= REMINDER) => {
                    warn!(error, lease = %self.candidate.name, "cannot take the lease");
                    said = Some(Instant::now());
                }
                Err(_) => (),
            }
            tokio::time::sleep(self.candidate.retry).await;
        }
    }

    /// How long this replica leads on without a renewal: others wait for the whole duration.
    fn patience(&self) -> Duration {
        self.candidate.duration * 2 / 3
    }

    /// Keeps the lease; returns when it is lost, or may be: no renewal has succeeded for two thirds of its duration.
    pub async fn hold(&mut self) {
        loop {
            tokio::time::sleep(self.candidate.retry).await;
            match self.attempt_until(self.renewed + self.patience()).await {
                Ok(true) => (),
                Ok(false) => {
                    warn!(lease = %self.candidate.name, "another replica has taken the lease");
                    return;
                }
                Err(error) => warn!(error, lease = %self.candidate.name, "cannot renew the lease"),
            }
            if self.renewed.elapsed() >= self.patience() {
                warn!(lease = %self.candidate.name, "the lease could not be renewed in time: this replica refreshes no more");
                return;
            }
        }
    }

    /// Gives the lease up, so that another replica leads at once.
    pub async fn release(&mut self) {
        if tokio::time::timeout(PARTING, self.give_up()).await.is_err() {
            warn!("the API server does not answer: the lease runs out by itself");
        }
    }

    async fn give_up(&self) {
        let Ok(Some(mut lease)) = self.api.get_opt(&self.candidate.name).await else { return };
        let spec = lease.spec.get_or_insert_default();
        if spec.holder_identity.as_deref() != Some(self.candidate.identity.as_str()) {
            return;
        }
        spec.holder_identity = Some(String::new());
        spec.lease_duration_seconds = Some(1);
        if let Err(error) = self.api.replace(&self.candidate.name, &PostParams::default(), &lease).await {
            warn!(%error, "cannot release the lease; it runs out by itself");
        }
    }

    /// One try, which ends in time; why it came to nothing, in words.
    async fn attempt_until(&mut self, end: Instant) -> Result<bool, String> {
        let began = Instant::now();
        match tokio::time::timeout_at(end, self.attempt()).await {
            Ok(Ok(held)) => {
                if held {
                    self.renewed = began;
                }
                Ok(held)
            }
            Ok(Err(error)) => Err(crate::telemetry::chain(&error)),
            Err(_) => Err("the API server does not answer".to_owned()),
        }
    }

    /// One try; true if this replica holds the lease now. A write that somebody else was faster with is no error.
    async fn attempt(&mut self) -> Result<bool, kube::Error> {
        let Some(lease) = self.api.get_opt(&self.candidate.name).await? else {
            let lease = Lease { metadata: self.metadata(), spec: Some(self.spec(None)) };
            return won(self.step(self.api.create(&PostParams::default(), &lease)).await);
        };
        let unchanged_for = self.observe(&lease);
        let spec = lease.spec.clone().unwrap_or_default();
        match decide(&spec, &self.candidate.identity, unchanged_for, self.candidate.duration) {
            Action::Wait => Ok(false),
            Action::Renew | Action::Take => {
                let next = Lease { metadata: lease.metadata, spec: Some(self.spec(Some(spec))) };
                won(self.step(self.api.replace(&self.candidate.name, &PostParams::default(), &next)).await)
            }
        }
    }

    fn step<F: Future>(&self, write: F) -> impl Future<Output = F::Output> {
        failpoint::around(Step::Lease, &self.candidate.namespace, &self.candidate.name, write)
    }

    /// For how long the Lease has been as it is, as far as this replica has seen.
    fn observe(&mut self, lease: &Lease) -> Duration {
        let version = lease.metadata.resource_version.clone().unwrap_or_default();
        match &self.seen {
            Some((seen, since)) if *seen == version => since.elapsed(),
            _ => {
                self.seen = Some((version, Instant::now()));
                Duration::ZERO
            }
        }
    }

    fn metadata(&self) -> ObjectMeta {
        ObjectMeta { name: Some(self.candidate.name.clone()), ..ObjectMeta::default() }
    }

    fn spec(&self, before: Option<LeaseSpec>) -> LeaseSpec {
        let before = before.unwrap_or_default();
        let now = MicroTime(jiff::Timestamp::now());
        let kept = before.holder_identity.as_deref() == Some(self.candidate.identity.as_str());
        let transitions = before.lease_transitions.unwrap_or_default();
        LeaseSpec {
            holder_identity: Some(self.candidate.identity.clone()),
            lease_duration_seconds: i32::try_from(self.candidate.duration.as_secs().max(1)).ok(),
            acquire_time: before.acquire_time.filter(|_| kept).or_else(|| Some(now.clone())),
            renew_time: Some(now),
            lease_transitions: Some(if kept { transitions } else { transitions.saturating_add(1) }),
            ..LeaseSpec::default()
        }
    }
}

fn won(written: Result<Lease, kube::Error>) -> Result<bool, kube::Error> {
    match written {
        Ok(_) => Ok(true),
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use http::{Request, Response};
    use kube::client::Body;
    use serde_json::json;

    use super::*;

    const DURATION: Duration = Duration::from_secs(15);

    fn held_by(holder: &str) -> LeaseSpec {
        LeaseSpec {
            holder_identity: Some(holder.into()),
            lease_duration_seconds: Some(15),
            ..LeaseSpec::default()
        }
    }

    #[test]
    fn ones_own_lease_is_renewed() {
        assert_eq!(decide(&held_by("me"), "me", Duration::from_secs(100), DURATION), Action::Renew);
    }

    #[test]
    fn anothers_lease_is_left_until_it_has_not_been_renewed_for_its_duration() {
        assert_eq!(decide(&held_by("other"), "me", DURATION, DURATION), Action::Wait);
        let over = DURATION + Duration::from_millis(1);
        assert_eq!(decide(&held_by("other"), "me", over, DURATION), Action::Take);
    }

    #[test]
    fn a_lease_given_up_is_taken_at_once() {
        assert_eq!(decide(&held_by(""), "me", Duration::ZERO, DURATION), Action::Take);
        assert_eq!(decide(&LeaseSpec::default(), "me", Duration::ZERO, DURATION), Action::Take);
    }

    /// An API server whose Lease is always this replica's, and whose answers take a second; it hangs once it is told to.
    fn client(hangs: Arc<AtomicBool>) -> Client {
        let answer = move |_: Request<Body>| {
            let hangs = Arc::clone(&hangs);
            async move {
                if hangs.load(Ordering::SeqCst) {
                    std::future::pending::<()>().await;
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
                let metadata = json!({ "name": "latchkey", "resourceVersion": "1" });
                let lease = json!({ "metadata": metadata, "spec": { "holderIdentity": "me", "leaseDurationSeconds": 15 } });
                Ok::<_, tower::BoxError>(Response::new(Body::from(lease.to_string().into_bytes())))
            }
        };
        Client::new(tower::service_fn(answer), "a")
    }

    #[tokio::test(start_paused = true)]
    async fn a_leader_that_is_not_answered_stops_well_before_another_may_start() {
        let (namespace, name, identity) = ("a".into(), "latchkey".into(), "me".into());
        let retry = Duration::from_secs(2);
        let candidate = Candidate { namespace, name, identity, duration: DURATION, retry };
        let hangs = Arc::new(AtomicBool::new(false));
        let mut election = Election::new(client(Arc::clone(&hangs)), candidate);
        let asked = Instant::now();
        election.acquire().await;
        assert!(asked.elapsed() >= Duration::from_secs(2), "its answers take their time");
        hangs.store(true, Ordering::SeqCst);
        election.hold().await;
        assert_eq!(asked.elapsed(), DURATION * 2 / 3, "counted from when it asked, not from the answer");
        let parting = Instant::now();
        election.release().await;
        assert_eq!(parting.elapsed(), PARTING);
    }
}
