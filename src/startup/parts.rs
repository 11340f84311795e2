//! The parts of the service, and how they hang together.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use kube::Client;
use latchkey_provider::Connector;

use super::Context;
use crate::admission::{Admission, Places};
use crate::config::Scope;
use crate::engine::apply::SecretWriter;
use crate::engine::generators::books::Books;
use crate::engine::{Engine, Settings};
use crate::http::{Readiness, review};
use crate::lookup::{Credentials, Filled, Lookup};
use crate::refresh::{self, Candidate, Refresher};

/// Starts the background parts and gives the routes that answer the API server's reviews.
pub fn start(context: &Context) -> Router {
    let Context { config, client, metrics, readiness, digest_key, background, .. } = context;
    let lookup = Lookup::new(client.clone(), config.scope.clone(), filled(readiness));
    let writer = |client: &Client| SecretWriter::new(client.clone()).knowing(lookup.clone());
    let engine = engine(context, &lookup, writer(client));
    let tasks = &background.tasks;
    tasks.spawn_daemon("the watches", Arc::clone(&lookup).run(background.client.clone()));
    tasks.spawn_daemon("the core's housekeeping", engine.clone().housekeeping());
    let settings = refresh::Settings {
        concurrent: config.concurrent,
        store_requeue_interval: config.store_requeue_interval,
        candidate: candidate(context),
    };
    let refresher = Refresher::new(
        engine.clone(),
        writer(&background.client),
        Arc::clone(&lookup),
        Arc::clone(metrics),
        background.client.clone(),
        settings,
    );
    tasks.spawn("the refresher", Arc::new(refresher).run(tasks.leaving()));
    let places = Places::new(config.admission_concurrent);
    let admission = Admission::new(engine, lookup, digest_key.clone(), config.failure_mode, places)
        .checking(config.requester_checks)
        .annotating_pods(config.annotate_pods);
    review::router(Arc::new(admission), Arc::clone(metrics))
}

fn engine(context: &Context, lookup: &Arc<Lookup>, writer: SecretWriter) -> Engine {
    let credentials = Arc::new(Credentials::new(context.client.clone()));
    let connector =
        Connector::new(credentials.clone(), context.metrics.clone()).with_guard(context.guard.clone());
    let Scope { scoped_namespace, cluster_stores, .. } = context.config.scope.clone();
    let settings = Settings {
        controller_class: context.config.controller_class.clone(),
        scoped_namespace,
        cluster_stores,
        generator_gc_grace_period: context.config.generator_gc_grace_period,
        generic_targets: context.config.unsafe_allow_generic_targets,
        ..Settings::default()
    };
    Engine::new(lookup.clone(), connector, credentials, writer, settings, context.metrics.clone())
        .keeping(Arc::new(Books::new(context.client.clone())))
}

/// One handle for each watch: ready once its first list is in memory.
fn filled(readiness: &Readiness) -> Filled {
    let handles = Lookup::WATCHES.map(|what| (what, readiness.handle(what)));
    let waiting = Mutex::new(HashMap::from(handles));
    Box::new(move |what| {
        if let Some(handle) = waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(what) {
            handle.ready();
        }
    })
}

/// A restarted replica is another one: what it held before is not its own.
fn candidate(context: &Context) -> Candidate {
    let host = std::env::var("HOSTNAME").unwrap_or_else(|_| "latchkey".to_owned());
    Candidate {
        namespace: context.config.namespace.clone(),
        name: "latchkey".to_owned(),
        identity: format!("{host}_{:08x}", rand::random::<u32>()),
        duration: context.config.lease_duration,
        retry: context.config.lease_retry_period,
    }
}
