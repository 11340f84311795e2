//! A control plane that nothing is installed in.

use std::time::Duration;

use latchkey_testbed::{
    ControlPlane, ControlPlaneOptions, Launch, Moto, MotoOptions, Process, free_port, http, wait_for,
};
use serde_json::{Value, json};

use crate::support::{SYSTEM, Said, repository};

/// Where the registration is.
pub const WEBHOOKS: &str = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";

/// A control plane of a test's own.
pub struct Cluster(pub ControlPlane);

/// A running latchkey; it is killed when this is dropped.
pub struct Running {
    process: Process,
    /// Where its webhook listens.
    pub webhook_port: u16,
    admin_port: u16,
}

impl Cluster {
    pub fn new() -> Self {
        Self::with(&[])
    }

    /// One whose API server has these flags too.
    pub fn with(api_server_flags: &[&str]) -> Self {
        // The garbage collector looks for new kinds every 30 s only; started after the CRDs it knows them at once.
        let api_server_flags = api_server_flags.iter().map(|flag| (*flag).to_owned()).collect();
        let options =
            ControlPlaneOptions { controller_manager: false, api_server_flags, ..Default::default() };
        Self(ControlPlane::start(options).expect("a control plane"))
    }

    /// Helm, in the repository's folder.
    pub fn helm(&self, args: &[&str]) -> Said {
        let mut command = self.0.helm(args).expect("Helm");
        command.current_dir(repository());
        Said::run(command, "")
    }

    /// `helm install latchkey` of the chart, with more flags.
    pub fn install(&self, more: &[&str]) -> Said {
        let install = ["install", "latchkey", "manifests/chart", "--namespace", SYSTEM, "--create-namespace"];
        self.helm(&[install.as_slice(), more].concat())
    }

    pub fn kubectl(&self, args: &[&str], input: &str) -> Said {
        let mut command = self.0.kubectl(args).expect("kubectl");
        command.current_dir(repository());
        Said::run(command, input)
    }

    pub fn get(&self, path: &str) -> Option<Value> {
        self.0.api("GET", path, &Value::Null).ok()
    }

    /// latchkey with the chart's rights, registered by its Service as in a Pod; it cannot be reached so.
    pub fn in_a_pod(&self) -> Running {
        self.start(None, &[])
    }

    /// latchkey with the chart's rights outside the cluster, where the API server reaches it.
    pub fn latchkey(&self, moto: Option<&Moto>, flags: &[String]) -> Running {
        let port = free_port();
        let own =
            [format!("--webhook-url=https://127.0.0.1:{port}"), format!("--webhook-listen=127.0.0.1:{port}")];
        self.start(moto, &[own.as_slice(), flags].concat())
    }

    /// latchkey with the chart's rights and these flags, outside the cluster.
    pub fn start(&self, moto: Option<&Moto>, flags: &[String]) -> Running {
        let running = self.begin(moto, flags);
        self.wait("latchkey's readiness", || running.is_ready().then_some(()));
        running
    }

    /// The same, which need not become ready.
    pub fn begin(&self, moto: Option<&Moto>, flags: &[String]) -> Running {
        let (webhook_port, admin_port) = (port_of(flags).unwrap_or_else(free_port), free_port());
        let token = self.0.service_account_token(SYSTEM, "latchkey", &[]).expect("a token");
        let name = format!("latchkey-{admin_port}");
        let mut launch = Launch::new(&name, env!("CARGO_BIN_EXE_latchkey"), self.0.dir())
            .args(["serve", "--namespace", SYSTEM, &format!("--admin-listen=127.0.0.1:{admin_port}")])
            .args(flags)
            .env("KUBECONFIG", self.0.kubeconfig(&name, &token).expect("a kubeconfig"));
        if port_of(flags).is_none() {
            launch = launch.args([format!("--webhook-listen=127.0.0.1:{webhook_port}")]);
        }
        if let Some(moto) = moto {
            launch = launch
                .env("AWS_ENDPOINT_URL", moto.endpoint())
                .env("AWS_REGION", latchkey_testbed::REGION)
                .env("AWS_ACCESS_KEY_ID", "testbed")
                .env("AWS_SECRET_ACCESS_KEY", "testbed");
        }
        let process = Process::spawn(launch).expect("latchkey starts");
        Running { process, webhook_port, admin_port }
    }

    pub fn wait<T>(&self, what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
        wait_for(what, Duration::from_secs(90), || Ok(ready())).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The CA that is registered, the same for each webhook; none if there is none.
    pub fn ca_bundle(&self) -> Option<String> {
        let configuration = self.get(&format!("{WEBHOOKS}/latchkey"))?;
        let webhooks = configuration["webhooks"].as_array()?;
        let mut bundles = webhooks.iter().map(|webhook| webhook["clientConfig"]["caBundle"].as_str());
        let first = bundles.next()??.to_owned();
        bundles.all(|bundle| bundle == Some(&first)).then_some(first)
    }

    /// A remote secret, a store and an ExternalSecret in the namespace `default`; its Secret is there when apply returns.
    pub fn sync_one(&self, moto: &Moto) {
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
pub const SECRET: &str = "/api/v1/namespaces/default/secrets/one";

impl Running {
    /// Its metrics as text; empty if it does not answer.
    pub fn metrics(&self) -> String {
        let answer = http::Client::plain(self.admin_port).request("GET", "/metrics", &[]);
        answer.map(|answer| answer.text()).unwrap_or_default()
    }

    /// Everything that it has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.process.log()).unwrap_or_default()
    }

    /// Ends it as the kernel would end a process that has no time to say goodbye.
    pub fn kill(&mut self) {
        self.process.crash().expect("a running latchkey");
    }

    /// Tells it to end, as a kubelet does, and waits until it has ended; whether that was in order.
    pub fn terminate(&mut self) -> bool {
        let pid = self.process.pid().expect("a running latchkey").to_string();
        let told = std::process::Command::new("kill").args(["-s", "TERM", &pid]).status().expect("kill");
        assert!(told.success(), "no process {pid}");
        let ended = wait_for("latchkey's end", Duration::from_secs(40), || self.process.exited());
        ended.expect("it ends").success()
    }

    /// Whether it says that it is ready.
    pub fn is_ready(&self) -> bool {
        let answer = http::Client::plain(self.admin_port).request("GET", "/readyz", &[]);
        answer.is_ok_and(|answer| answer.is_success())
    }
}

fn port_of(flags: &[String]) -> Option<u16> {
    flags.iter().find_map(|flag| flag.strip_prefix("--webhook-listen=127.0.0.1:")?.parse().ok())
}

/// AWS Secrets Manager.
pub fn moto() -> Moto {
    Moto::start(MotoOptions::default()).expect("moto")
}
