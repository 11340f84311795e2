//! What a service keeps is made to the end, even if nobody waits for it any more: a review has a deadline, and a token whose
//! making is broken off in the middle would stay without anybody knowing of it.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;
use tokio::sync::oneshot;

use super::{Made, World};
use crate::guard::Guard;
use crate::observe::Observer;
use crate::{Cluster, Error, ErrorKind, Scope};

/// A kind whose service keeps what it has made.
#[async_trait]
pub trait Kept: Clone + Send + Sync + 'static {
    /// Makes it.
    async fn make(&self, world: &World<'_>) -> Result<Made, Error>;

    /// Tells the service that it is of no use any more.
    async fn revoke(&self, state: &Value, world: &World<'_>) -> Result<(), Error>;
}

/// Makes it in a task of its own. If the caller is gone by then it is revoked at once; if that fails, a warning says where it is.
///
/// # Errors
/// Those of [`Kept::make`].
pub async fn make(spec: &impl Kept, world: &World<'_>) -> Result<Made, Error> {
    let (spec, own) = (spec.clone(), Own::of(world));
    let (send, receive) = oneshot::channel();
    tokio::spawn(async move {
        let world = own.world();
        let made = spec.make(&world).await;
        let state = made.as_ref().ok().and_then(|made| made.state.clone());
        let (taken, was_taken) = oneshot::channel();
        let _ = send.send((made, taken)); // who has gone drops `taken`, before this or after
        if let (Err(_), Some(state)) = (was_taken.await, state) {
            withdraw(&spec, &state, &world).await;
        }
    });
    let (made, taken) = receive.await.map_err(|_| {
        Error::new(ErrorKind::Unavailable, "the generator failed by a defect of latchkey; see its log")
    })?;
    let _ = taken.send(()); // the task waits for it, and has no reason to go
    made
}

async fn withdraw(spec: &impl Kept, state: &Value, world: &World<'_>) {
    if let Err(error) = spec.revoke(state, world).await {
        tracing::warn!(%state, %error, "what a generator made for somebody who has gone is left at its service");
    }
}

/// What a [`World`] refers to.
struct Own {
    cluster: Arc<dyn Cluster>,
    scope: Scope,
    observer: Arc<dyn Observer>,
    guard: Guard,
    aws: Arc<crate::aws::Shared>,
    clouds: Arc<super::Endpoints>,
    logins: Arc<super::Logins>,
    trial: super::Trial,
}

impl Own {
    fn of(world: &World<'_>) -> Self {
        let World { cluster, scope, observer, guard, aws, clouds, logins, trial } = world;
        Self {
            cluster: Arc::clone(cluster),
            scope: scope.clone(),
            observer: Arc::clone(observer),
            guard: Guard::clone(guard),
            aws: Arc::clone(aws),
            clouds: Arc::clone(clouds),
            logins: Arc::clone(logins),
            trial: trial.clone(),
        }
    }

    fn world(&self) -> World<'_> {
        let Self { cluster, scope, observer, guard, aws, clouds, logins, trial } = self;
        let (scope, trial) = (scope.clone(), trial.clone());
        World { cluster, scope, observer, guard, aws, clouds, logins, trial }
    }
}
