//! A control plane that nothing is installed in.

use std::time::Duration;

use latchkey_testbed::{
    ControlPlane, ControlPlaneOptions, Launch, Moto, MotoOptions, Process, free_port, http, wait_for,
};
use serde_json::{Value, json};

use crate::support::{SYSTEM, Said, repository};

/// Where the registration is.
pub(super) const WEBHOOKS: &str = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";

/// A control plane of a test's own.
pub(super) struct Cluster(pub(super) ControlPlane);

/// A running latchkey; it is killed when this is dropped.
pub(super) struct Running {
    _process: Process,
    admin_port: u16,
}

impl Cluster {
    pub(super) fn new() -> Self {
        // The garbage collector looks for new kinds every 30 s only; started after the CRDs it knows them at once.
        let options = ControlPlaneOptions { controller_manager: false, ..Default::default() };
        Self(ControlPlane::start(options).expect("a control plane"))
    }

    /// Helm, in the repository's folder.
    pub(super) fn helm(&self, args: &[&str]) -> Said {
        let mut command = self.0.helm(args).expect("Helm");
        command.current_dir(repository());
        Said::run(command, "")
    }

    /// `helm install latchkey` of the chart, with more flags.
    pub(super) fn install(&self, more: &[&str]) -> Said {
        let install = ["install", "latchkey", "manifests/chart", "--namespace", SYSTEM, "--create-namespace"];
        self.helm(&[install.as_slice(), more].concat())
    }

    pub(super) fn kubectl(&self, args: &[&str], input: &str) -> Said {
        let mut command = self.0.kubectl(args).expect("kubectl");
        command.current_dir(repository());
        Said::run(command, input)
    }

    pub(super) fn get(&self, path: &str) -> Option<Value> {
        self.0.api("GET", path, &Value::Null).ok()
    }

    /// latchkey outside the cluster with the chart's rights, registered by its Service as in a Pod, or by URL.
    pub(super) fn latchkey(&self, moto: Option<&Moto>) -> Running {
        let (webhook, admin_port) = (free_port(), free_port());
        let token = self.0.service_account_token(SYSTEM, "latchkey", &[]).expect("a token");
        let kubeconfig = self.0.kubeconfig("latchkey", &token).expect("a kubeconfig");
        let mut launch = Launch::new("latchkey", env!("CARGO_BIN_EXE_latchkey"), self.0.dir())
            .args(["serve", "--namespace", SYSTEM])
            .args([format!("--webhook-listen=127.0.0.1:{webhook}")])
            .args([format!("--admin-listen=127.0.0.1:{admin_port}")])
            .env("KUBECONFIG", kubeconfig);
        if let Some(moto) = moto {
            launch = launch
                .args([format!("--webhook-url=https://127.0.0.1:{webhook}")])
                .env("AWS_ENDPOINT_URL", moto.endpoint())
                .env("AWS_REGION", latchkey_testbed::REGION)
                .env("AWS_ACCESS_KEY_ID", "testbed")
                .env("AWS_SECRET_ACCESS_KEY", "testbed");
        }
        let running = Running { _process: Process::spawn(launch).expect("latchkey starts"), admin_port };
        self.wait("latchkey's readiness", || running.is_ready().then_some(()));
        running
    }

    pub(super) fn wait<T>(&self, what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
        wait_for(what, Duration::from_secs(60), || Ok(ready())).unwrap_or_else(|error| {
            panic!(
                "{error}\n{}",
                std::fs::read_to_string(self.0.dir().join("latchkey.log")).unwrap_or_default()
            )
        })
    }

    /// The CA that is registered, the same for each webhook; none if there is none.
    pub(super) fn ca_bundle(&self) -> Option<String> {
        let configuration = self.get(&format!("{WEBHOOKS}/latchkey"))?;
        let webhooks = configuration["webhooks"].as_array()?;
        let mut bundles = webhooks.iter().map(|webhook| webhook["clientConfig"]["caBundle"].as_str());
        let first = bundles.next()??.to_owned();
        bundles.all(|bundle| bundle == Some(&first)).then_some(first)
    }

    /// A remote secret, a store and an ExternalSecret in the namespace `default`; its Secret is there when apply returns.
    pub(super) fn sync_one(&self, moto: &Moto) {
        moto.put_secret("install/one", "value").expect("put");
        let objects = json!({ "apiVersion": "v1", "kind": "List", "items": [
            {
                "apiVersion": "external-secrets.io/v1", "kind": "SecretStore",
                "metadata": { "name": "aws", "namespace": "default" },
                "spec": { "provider": { "aws": { "service": "SecretsManager", "region": latchkey_testbed::REGION } } },
            },
            {
                "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret",
                "metadata": { "name": "one", "namespace": "default" },
                "spec": {
                    "refreshInterval": "1h", "secretStoreRef": { "name": "aws" },
                    "data": [{ "secretKey": "a", "remoteRef": { "key": "install/one" } }],
                },
            },
        ]});
        self.kubectl(&["apply", "-f", "-"], &objects.to_string()).silent();
        let secret = self.get(SECRET).expect("the Secret is there when apply returns");
        assert_eq!(secret["data"], json!({ "a": "dmFsdWU=" }));
        self.wait("SecretSynced", || {
            let object = self.get("/apis/external-secrets.io/v1/namespaces/default/externalsecrets/one")?;
            (object["status"]["conditions"][0]["reason"] == "SecretSynced").then_some(())
        });
    }
}

/// The Secret of [`Cluster::sync_one`].
pub(super) const SECRET: &str = "/api/v1/namespaces/default/secrets/one";

impl Running {
    fn is_ready(&self) -> bool {
        let answer = http::Client::plain(self.admin_port).request("GET", "/readyz", &[]);
        answer.is_ok_and(|answer| answer.is_success())
    }
}

/// AWS Secrets Manager.
pub(super) fn moto() -> Moto {
    Moto::start(MotoOptions::default()).expect("moto")
}
