//! Syncs for Pods: Pods that come at the same time and name the same stale Secret wait for one sync together.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt;
use futures::future::{BoxFuture, Shared, WeakShared};
use latchkey_api::external_secret::ExternalSecret;

use super::places::{Lane, Patience};
use super::request::Request;
use super::{Admission, busy};
use crate::engine::generators::Known;
use crate::engine::{Deadline, Job, Outcome, Stage, due};
use crate::lookup::{Key, stores_of};

/// Why a Pod's Secret was not synced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missed {
    /// There was no place for it; the text says so.
    Busy(String),
    /// It failed; the text says of what.
    Failed(String),
}

type Syncing = BoxFuture<'static, Result<Outcome, Missed>>;

/// Which syncs are the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Which {
    key: Key,
    version: Option<String>,
    dry_run: bool,
    patience: Patience,
}

/// The syncs that are under way. One ends when the last Pod that waits for it goes away.
#[derive(Debug, Default)]
pub struct Joint {
    under_way: Mutex<HashMap<Which, WeakShared<Syncing>>>,
}

impl Joint {
    fn join(&self, which: Which, make: impl FnOnce() -> Syncing) -> Shared<Syncing> {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(syncing) = under_way.get(&which).and_then(WeakShared::upgrade) {
            return syncing;
        }
        under_way.retain(|_, syncing| syncing.upgrade().is_some());
        let syncing = make().shared();
        under_way.extend(syncing.downgrade().map(|weak| (which, weak)));
        syncing
    }
}

impl Admission {
    /// Syncs what a Pod names, together with others that name it. Where the Pod could not start without it and failures
    /// are refused (`insists`), a place is waited for as long as there is time.
    pub(super) async fn sync_for_pod(
        &self,
        request: &Request,
        object: &Arc<ExternalSecret>,
        deadline: Deadline,
        insists: impl AsyncFnOnce() -> bool,
    ) -> Result<Outcome, Missed> {
        let (lane, patience) = match request.dry_run {
            true => (Lane::DryRuns, Patience::Fifth),
            false => (Lane::Pods, Patience::Half),
        };
        match self.joined(request, object, deadline, (lane, patience)).await {
            Err(Missed::Busy(_)) if !request.dry_run && insists().await => {
                self.joined(request, object, deadline, (lane, Patience::Most)).await
            }
            done => done,
        }
    }

    async fn joined(
        &self,
        request: &Request,
        object: &Arc<ExternalSecret>,
        deadline: Deadline,
        (lane, patience): (Lane, Patience),
    ) -> Result<Outcome, Missed> {
        let name = object.metadata.name.clone().unwrap_or_default();
        let key = Key::new(&request.namespace, name);
        let version = object.metadata.resource_version.clone();
        let which = Which { key: key.clone(), version, dry_run: request.dry_run, patience };
        let make = || self.syncing(key, job(request, object), deadline, (lane, patience));
        self.joint.join(which, make).await
    }

    fn syncing(&self, key: Key, job: Job, deadline: Deadline, (lane, patience): (Lane, Patience)) -> Syncing {
        let (engine, lookup) = (self.engine.clone(), Arc::clone(&self.lookup));
        let (places, failures) = (Arc::clone(&self.places), Arc::clone(&self.failures));
        let dry_run = lane == Lane::DryRuns;
        let store = stores_of(&job.external_secret).into_iter().next();
        async move {
            let place = places.enter(lane, store, deadline, patience).await;
            let _place = place.map_err(|_| Missed::Busy(busy::of_pod(&key, dry_run)))?;
            match engine.sync(job, deadline).await {
                Ok(outcome) => {
                    failures.forget(&key);
                    if let Some(state) = outcome.secret.as_ref().filter(|_| !dry_run) {
                        lookup.note(key.namespace(), state);
                    }
                    Ok(outcome)
                }
                Err(error) => {
                    let text = format!("ExternalSecret {key}: {error}");
                    if !dry_run {
                        failures.remember(&key, &text); // what a dry run is told may be old already
                    }
                    Err(Missed::Failed(text))
                }
            }
        }
        .boxed()
    }
}

fn job(request: &Request, object: &Arc<ExternalSecret>) -> Job {
    let (effects, lane) = request.reach();
    Job {
        external_secret: Arc::clone(object),
        stage: Stage::Stored,
        effects,
        max_age: due::interval(object),
        since: None,
        lane,
        over: None,
        beside: None,
        renew: false,
        generators: Known::default(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    fn which(version: &str) -> Which {
        let (key, version) = (Key::new("a", "b"), Some(version.to_owned()));
        Which { key, version, dry_run: false, patience: Patience::Half }
    }

    fn slow(made: &Arc<AtomicUsize>) -> Syncing {
        made.fetch_add(1, Ordering::Relaxed);
        async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Err(Missed::Failed("it".into()))
        }
        .boxed()
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_come_meanwhile_share_one_sync_and_later_ones_have_their_own() {
        let (joint, made) = (Joint::default(), Arc::new(AtomicUsize::new(0)));
        let both = [(); 2].map(|()| joint.join(which("1"), || slow(&made)));
        let other = joint.join(which("2"), || slow(&made));
        assert_eq!(futures::future::join_all(both).await.len(), 2);
        assert!(other.await.is_err());
        assert_eq!(made.load(Ordering::Relaxed), 2);
        assert!(joint.join(which("1"), || slow(&made)).await.is_err());
        assert_eq!(made.load(Ordering::Relaxed), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn it_goes_on_for_the_others_when_the_first_goes_away() {
        let (joint, made) = (Joint::default(), Arc::new(AtomicUsize::new(0)));
        let mut first = joint.join(which("1"), || slow(&made));
        assert!(futures::poll!(&mut first).is_pending());
        let second = joint.join(which("1"), || slow(&made));
        drop(first);
        assert!(second.await.is_err());
        assert_eq!(made.load(Ordering::Relaxed), 1);
        drop(joint.join(which("3"), || slow(&made)));
        assert_eq!(joint.under_way.lock().expect("it").len(), 1, "what is over is forgotten");
    }
}
