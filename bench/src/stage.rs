//! What is measured: a control plane with the chart, a provider, and latchkey as a process of its own with the rights of the
//! chart's ServiceAccount.

mod latchkey;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use latchkey_testbed::{ControlPlane, ControlPlaneOptions, wait_for};
use serde_json::{Value, json};

use crate::admit_all::AdmitAll;
use crate::client::Clients;
use crate::objects::{FOREIGN_STORE, STORE, external_secrets, store};
use crate::remote::Remote;
use crate::scenarios::Scale;
pub(crate) use latchkey::Latchkey;

const SYSTEM: &str = "latchkey-system";
const WEBHOOKS: &str = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";

/// The label that says how objects of a namespace are admitted.
pub(crate) const LABEL: &str = "latchkey-bench";
/// By latchkey's webhook.
pub(crate) const OURS: &str = "latchkey";
/// By no webhook.
pub(crate) const NONE: &str = "none";
/// By one that admits everything.
pub(crate) const ADMIT_ALL: &str = "admit-all";

/// The API server learns of a registration a moment after it was written.
const REGISTERED: Duration = Duration::from_secs(2);

/// What is measured, and how closely it is looked at.
#[derive(Debug, Clone)]
pub(crate) struct Under {
    /// latchkey.
    pub(crate) binary: PathBuf,
    /// Where it is written in which functions it was, if that is looked at.
    pub(crate) profile: Option<PathBuf>,
    /// More environment for it.
    pub(crate) env: &'static [(&'static str, &'static str)],
}

/// Everything that runs; it ends when this is dropped.
pub(crate) struct Stage {
    pub(crate) latchkey: Latchkey,
    pub(crate) clients: Clients,
    pub(crate) remote: Remote,
    pub(crate) cluster: ControlPlane,
}

impl Stage {
    pub(crate) fn set(under: &Under, scale: Scale) -> Result<Self> {
        // The garbage collector looks for new kinds every 30 s only; started after the CRDs it knows them at once.
        let cluster =
            ControlPlane::start(ControlPlaneOptions { controller_manager: false, ..Default::default() })?;
        install(&cluster)?;
        cluster.start_controller_manager()?;
        let clients = Clients::new(&cluster, scale.clients)?;
        let remote = Remote::start(&clients, scale.latency)?;
        let latchkey = Latchkey::start(under, &cluster, &remote)?;
        latchkey.wait_ready()?;
        let stage = Self { latchkey, clients, remote, cluster };
        stage.leave_out_the_other_namespaces()?;
        Ok(stage)
    }

    /// Ends latchkey and starts it again; how long it takes until it is ready.
    pub(crate) fn restart(&mut self, under: &Under) -> Result<Duration> {
        self.latchkey.stop();
        self.latchkey = Latchkey::start(under, &self.cluster, &self.remote)?;
        self.latchkey.wait_ready()
    }

    /// A namespace with both stores, whose objects are admitted so.
    pub(crate) fn namespace(&self, name: &str, admitted_by: &str) -> Result<()> {
        let namespace = json!({ "metadata": { "name": name, "labels": { LABEL: admitted_by } } });
        self.cluster.create("/api/v1/namespaces", &namespace)?;
        let account = format!("/api/v1/namespaces/{name}/serviceaccounts/default");
        wait("the default ServiceAccount", || Ok(self.cluster.api("GET", &account, &Value::Null).ok()))?;
        let stores = format!("/apis/external-secrets.io/v1/namespaces/{name}/secretstores");
        self.cluster.create(&stores, &store(STORE, ""))?;
        self.cluster.create(&stores, &store(FOREIGN_STORE, "another"))
    }

    /// Waits until so many of a namespace's ExternalSecrets are Ready, as they are stored; how long that took.
    pub(crate) fn settle(&self, namespace: &str, count: usize) -> Result<Duration> {
        let start = Instant::now();
        let mut pause = Duration::from_millis(200);
        wait(&format!("{count} Ready ExternalSecrets in {namespace}"), || {
            std::thread::sleep(pause);
            let asked = Instant::now();
            let list = self.cluster.api("GET", &external_secrets(namespace), &Value::Null)?;
            pause = pause.max(4 * asked.elapsed()); // a long list is work that others wait for
            let ready = list["items"].as_array().into_iter().flatten().filter(|one| is_ready(one)).count();
            Ok((ready >= count).then_some(()))
        })?;
        Ok(start.elapsed())
    }

    /// How many Secrets of a namespace have this value under `password`.
    pub(crate) fn secrets(&self, namespace: &str, value: &str) -> Result<usize> {
        let encoded = BASE64_STANDARD.encode(value);
        let path = format!("/api/v1/namespaces/{namespace}/secrets");
        let list = self.cluster.api("GET", &path, &Value::Null)?;
        let items = list["items"].as_array().into_iter().flatten();
        Ok(items.filter(|item| item["data"]["password"] == encoded.as_str()).count())
    }

    /// Seconds of one core that the API server has used.
    pub(crate) fn api_server_cpu(&self) -> Result<f64> {
        let metrics = self.cluster.text("/metrics")?;
        let line = metrics.lines().find_map(|line| line.strip_prefix("process_cpu_seconds_total "));
        Ok(line.context("the API server does not say how long it has worked")?.parse()?)
    }

    /// A webhook that admits everything, for the Pods and ExternalSecrets of namespaces with [`ADMIT_ALL`].
    pub(crate) fn admit_all(&self) -> Result<AdmitAll> {
        let server = AdmitAll::start(&self.clients)?;
        let rule = |group: &str, version: &str, resource: &str| json!({ "apiGroups": [group], "apiVersions": [version], "resources": [resource], "operations": ["CREATE"] });
        let configuration = json!({
            "metadata": { "name": "admit-all" },
            "webhooks": [{
                "name": "admit-all.latchkey.dev",
                "clientConfig": { "url": format!("https://127.0.0.1:{}/", server.port),
                    "caBundle": BASE64_STANDARD.encode(&server.ca_pem),
                },
                "rules": [rule("", "v1", "pods"), rule("external-secrets.io", "v1", "externalsecrets")],
                "namespaceSelector": { "matchLabels": { LABEL: ADMIT_ALL } },
                "failurePolicy": "Fail",
                "sideEffects": "None",
                "reinvocationPolicy": "IfNeeded",
                "timeoutSeconds": 5,
                "admissionReviewVersions": ["v1"],
            }],
        });
        self.cluster.create(WEBHOOKS, &configuration)?;
        std::thread::sleep(REGISTERED);
        Ok(server)
    }

    /// The CA that latchkey's certificate is of, in PEM.
    pub(crate) fn ca_pem(&self) -> Result<String> {
        let configuration = self.cluster.api("GET", &format!("{WEBHOOKS}/latchkey"), &Value::Null)?;
        let bundle =
            configuration["webhooks"][0]["clientConfig"]["caBundle"].as_str().context("no caBundle")?;
        Ok(String::from_utf8(BASE64_STANDARD.decode(bundle)?)?)
    }

    /// latchkey keeps address and CA of its registration and leaves the rest to whoever installed it.
    fn leave_out_the_other_namespaces(&self) -> Result<()> {
        let path = format!("{WEBHOOKS}/latchkey");
        let mut configuration = self.cluster.api("GET", &path, &Value::Null)?;
        for webhook in configuration["webhooks"].as_array_mut().context("no webhooks are registered")? {
            webhook["namespaceSelector"] = json!({ "matchExpressions": [
                { "key": LABEL, "operator": "In", "values": [OURS] },
            ]});
        }
        self.cluster.api("PUT", &path, &configuration)?;
        std::thread::sleep(REGISTERED);
        Ok(())
    }
}

/// Waits as long as anything here may take.
pub(crate) fn wait<T>(what: &str, ready: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    wait_for(what, Duration::from_secs(180), ready)
}

/// Ready, and as it is stored: a status of the version before does not count.
fn is_ready(object: &Value) -> bool {
    let generation = object["metadata"]["generation"].as_i64().unwrap_or_default();
    let synced = object["status"]["syncedResourceVersion"].as_str().unwrap_or_default();
    let conditions = object["status"]["conditions"].as_array();
    synced.starts_with(&format!("{generation}-"))
        && conditions.into_iter().flatten().any(|one| one["type"] == "Ready" && one["status"] == "True")
}

fn install(cluster: &ControlPlane) -> Result<()> {
    ensure!(Path::new("manifests/chart").is_dir(), "run this in the repository's folder");
    let install = ["install", "latchkey", "manifests/chart", "--namespace", SYSTEM, "--create-namespace"];
    let mut helm: Command = cluster.helm(install)?;
    let said = helm.output()?;
    ensure!(said.status.success(), "helm install: {}", String::from_utf8_lossy(&said.stderr));
    Ok(())
}
