//! Waits for the API that latchkey serves.

use std::time::Duration;

use kube::Client;
use latchkey_api::VERSION;
use latchkey_api::push_secret::PUSH_VERSION;
use tokio::time::{Instant, sleep};

use super::Context;
use crate::config::Scope;
use crate::telemetry::chain;

/// How often the API server is asked.
const PERIOD: Duration = Duration::from_secs(5);

/// How often it is said what is missing.
const REMINDER: Duration = Duration::from_secs(60);

/// What latchkey cannot do without.
const RESOURCES: [(&str, &str); 6] = [
    (VERSION, "externalsecrets"),
    (VERSION, "secretstores"),
    (VERSION, "clustersecretstores"),
    (VERSION, "clusterexternalsecrets"),
    (PUSH_VERSION, "pushsecrets"),
    (PUSH_VERSION, "clusterpushsecrets"),
];

/// latchkey is ready no sooner than the API server knows ExternalSecrets and stores.
pub(super) fn wait(context: &Context) {
    let (client, installed) = (context.client.clone(), context.readiness.handle("crds"));
    let (leaving, scope) = (context.tasks.leaving(), context.config.scope.clone());
    context.tasks.spawn_finite("the wait for the CRDs", async move {
        if leaving.run_until_cancelled(until_installed(&client, &scope)).await.is_some() {
            installed.ready();
        }
    });
}

async fn until_installed(client: &Client, scope: &Scope) {
    let mut reminded: Option<Instant> = None;
    loop {
        let missing = missing(client, scope).await;
        if missing.as_ref().is_ok_and(Vec::is_empty) {
            return;
        }
        if reminded.is_none_or(|last| last.elapsed() >= REMINDER) {
            remind(missing);
            reminded = Some(Instant::now());
        }
        sleep(PERIOD).await;
    }
}

fn remind(missing: Result<Vec<&str>, kube::Error>) {
    match missing {
        Ok(missing) => tracing::warn!(
            ?missing,
            group = latchkey_api::GROUP,
            "CustomResourceDefinitions are missing; install them with `latchkey crds | kubectl apply --server-side -f -`"
        ),
        Err(error) => {
            tracing::warn!(
                error = chain(&error),
                "cannot tell whether the CustomResourceDefinitions are installed"
            )
        }
    }
}

/// Which of them the API server does not serve.
async fn missing(client: &Client, scope: &Scope) -> Result<Vec<&'static str>, kube::Error> {
    let mut served = Vec::new();
    for version in [VERSION, PUSH_VERSION] {
        match client.list_api_group_resources(&format!("{}/{version}", latchkey_api::GROUP)).await {
            Ok(list) => served.extend(list.resources.into_iter().map(|resource| (version, resource.name))),
            // Of a group that it does not serve the API server says 404 as plain text, without a reason.
            Err(kube::Error::Api(status)) if status.code == 404 => {}
            Err(error) => return Err(error),
        }
    }
    let is_served = |(version, name): (&str, &str)| {
        served.iter().any(|(in_version, is)| *in_version == version && is == name)
    };
    let is_needed = |name: &str| match name {
        "clustersecretstores" => scope.cluster_stores,
        "clusterexternalsecrets" => scope.fans_out(),
        "pushsecrets" => scope.push_secrets,
        "clusterpushsecrets" => scope.fans_pushes_out(),
        _ => true,
    };
    let missing = RESOURCES.into_iter().filter(|one| is_needed(one.1) && !is_served(*one));
    Ok(missing.map(|(_, name)| name).collect())
}
