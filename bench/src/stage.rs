//! What is measured: a control plane with the chart, AWS Secrets Manager, and latchkey as a process of its own with the
//! rights of the chart's ServiceAccount.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use latchkey_testbed::{
    ControlPlane, ControlPlaneOptions, Launch, Moto, MotoOptions, Process, REGION, free_port, http, wait_for,
};
use serde_json::{Value, json};

use crate::objects::{FOREIGN_STORE, STORE, external_secrets, store};

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

/// Everything that runs; it ends when this is dropped.
pub(crate) struct Stage {
    _latchkey: Process,
    admin_port: u16,
    pub(crate) moto: Moto,
    pub(crate) cluster: ControlPlane,
}

impl Stage {
    pub(crate) fn set(latchkey: &Path) -> Result<Self> {
        println!("Starting a control plane, AWS Secrets Manager and latchkey");
        // The garbage collector looks for new kinds every 30 s only; started after the CRDs it knows them at once.
        let cluster =
            ControlPlane::start(ControlPlaneOptions { controller_manager: false, ..Default::default() })?;
        let moto = Moto::start(MotoOptions::default())?;
        install(&cluster)?;
        cluster.start_controller_manager()?;
        let (process, admin_port) = start(latchkey, &cluster, &moto)?;
        let stage = Self { _latchkey: process, admin_port, moto, cluster };
        stage.wait("latchkey's readiness", || Ok(stage.admin("/readyz").filter(http::Answer::is_success)))?;
        stage.leave_out_the_other_namespaces()?;
        Ok(stage)
    }

    /// A namespace with both stores, whose objects are admitted so.
    pub(crate) fn namespace(&self, name: &str, admitted_by: &str) -> Result<()> {
        let namespace = json!({ "metadata": { "name": name, "labels": { LABEL: admitted_by } } });
        self.cluster.create("/api/v1/namespaces", &namespace)?;
        let account = format!("/api/v1/namespaces/{name}/serviceaccounts/default");
        self.wait("the default ServiceAccount", || Ok(self.cluster.api("GET", &account, &Value::Null).ok()))?;
        let stores = format!("/apis/external-secrets.io/v1/namespaces/{name}/secretstores");
        self.cluster.create(&stores, &store(STORE, ""))?;
        self.cluster.create(&stores, &store(FOREIGN_STORE, "another"))
    }

    /// Waits until so many of a namespace's ExternalSecrets are Ready, so that what follows is measured alone.
    pub(crate) fn settle(&self, namespace: &str, count: usize) -> Result<()> {
        self.wait(&format!("{count} Ready ExternalSecrets in {namespace}"), || {
            let list = self.cluster.api("GET", &external_secrets(namespace), &Value::Null)?;
            let ready = list["items"].as_array().into_iter().flatten().filter(|one| is_ready(one)).count();
            Ok((ready >= count).then_some(()))
        })
    }

    /// The sum of all samples of a metric of latchkey.
    pub(crate) fn metric(&self, name: &str) -> Result<f64> {
        let page = self.admin("/metrics").context("latchkey gives no metrics")?.text();
        let samples = page.lines().filter(|line| line.starts_with(name));
        Ok(samples.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum())
    }

    /// How many reviews of a resource latchkey has answered.
    pub(crate) fn reviews(&self, resource: &str) -> Result<usize> {
        let sample = format!("latchkey_admission_requests_total{{resource=\"{resource}\"");
        Ok(self.metric(&sample)? as usize)
    }

    /// How many calls of AWS Secrets Manager named a key that begins so.
    pub(crate) fn calls(&self, key: &str) -> usize {
        self.moto.proxy().count(|request| {
            let read = request.is_action("GetSecretValue") || request.is_action("BatchGetSecretValue");
            read && String::from_utf8_lossy(&request.body).contains(key)
        })
    }

    pub(crate) fn wait<T>(&self, what: &str, ready: impl FnMut() -> Result<Option<T>>) -> Result<T> {
        wait_for(what, Duration::from_secs(180), ready)
    }

    /// Registers a webhook for the Pods of namespaces with [`ADMIT_ALL`].
    pub(crate) fn register_admit_all(&self, port: u16, ca_bundle: &str) -> Result<()> {
        let configuration = json!({
            "metadata": { "name": "admit-all" },
            "webhooks": [{
                "name": "admit-all.latchkey.dev",
                "clientConfig": { "url": format!("https://127.0.0.1:{port}/"), "caBundle": ca_bundle },
                "rules": [{ "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"] }],
                "namespaceSelector": { "matchLabels": { LABEL: ADMIT_ALL } },
                "failurePolicy": "Fail",
                "sideEffects": "None",
                "reinvocationPolicy": "IfNeeded",
                "timeoutSeconds": 5,
                "admissionReviewVersions": ["v1"],
            }],
        });
        self.cluster.create(WEBHOOKS, &configuration)
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
        Ok(())
    }

    fn admin(&self, path: &str) -> Option<http::Answer> {
        http::Client::plain(self.admin_port).request("GET", path, &[]).ok()
    }
}

fn is_ready(object: &Value) -> bool {
    let conditions = object["status"]["conditions"].as_array();
    conditions.into_iter().flatten().any(|one| one["type"] == "Ready" && one["status"] == "True")
}

fn install(cluster: &ControlPlane) -> Result<()> {
    ensure!(Path::new("manifests/chart").is_dir(), "run this in the repository's folder");
    let install = ["install", "latchkey", "manifests/chart", "--namespace", SYSTEM, "--create-namespace"];
    let mut helm: Command = cluster.helm(install)?;
    let said = helm.output()?;
    ensure!(said.status.success(), "helm install: {}", String::from_utf8_lossy(&said.stderr));
    Ok(())
}

fn start(latchkey: &Path, cluster: &ControlPlane, moto: &Moto) -> Result<(Process, u16)> {
    let latchkey = latchkey.canonicalize().with_context(|| format!("there is no {}", latchkey.display()))?;
    let (webhook, admin) = (free_port(), free_port());
    let token = cluster.service_account_token(SYSTEM, "latchkey", &[])?;
    let launch = Launch::new("latchkey", latchkey, cluster.dir())
        .args(["serve", "--namespace", SYSTEM])
        .args([format!("--webhook-listen=127.0.0.1:{webhook}")])
        .args([format!("--webhook-url=https://127.0.0.1:{webhook}")])
        .args([format!("--admin-listen=127.0.0.1:{admin}")])
        .env("KUBECONFIG", cluster.kubeconfig("latchkey", &token)?)
        .env("AWS_ENDPOINT_URL", moto.endpoint())
        .env("AWS_REGION", REGION)
        .env("AWS_ACCESS_KEY_ID", "testbed")
        .env("AWS_SECRET_ACCESS_KEY", "testbed");
    Ok((Process::spawn(launch)?, admin))
}
