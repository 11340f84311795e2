//! A replica of latchkey outside the cluster, with the rights of the chart's ServiceAccount.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use latchkey_testbed::{ApiGate, ControlPlane, Launch, Moto, Process, REGION, free_port, http, wait_for};

use super::SYSTEM;

/// What differs from the replica that most tests want.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// More flags of `latchkey serve`.
    pub flags: Vec<String>,
    /// Where it listens, instead of a free port.
    pub webhook_port: Option<u16>,
    /// The URL that it registers, instead of its own.
    pub webhook_url: Option<String>,
    /// More environment.
    pub env: Vec<(String, String)>,
    /// The gate through which it asks the API server, instead of asking it itself.
    pub gate: Option<Arc<ApiGate>>,
}

/// A running replica; it is killed when this is dropped.
pub struct Latchkey {
    process: Process,
    /// Where its webhook listens.
    pub webhook_port: u16,
    /// Where its metrics are.
    pub admin_port: u16,
    dir: PathBuf,
    name: String,
}

impl Latchkey {
    /// Starts a replica; [`Latchkey::wait_ready`] waits for it.
    pub fn start(cluster: &ControlPlane, moto: &Moto, options: Options) -> Self {
        let Options { flags, webhook_port, webhook_url, env, gate } = options;
        let (webhook_port, admin_port) = (webhook_port.unwrap_or_else(free_port), free_port());
        let webhook_url = webhook_url.unwrap_or_else(|| format!("https://127.0.0.1:{webhook_port}"));
        let name = format!("latchkey-{webhook_port}");
        let token = cluster.service_account_token(SYSTEM, "latchkey", &[]).expect("a token");
        let kubeconfig = match &gate {
            Some(gate) => cluster.kubeconfig_through(gate, &name, &token),
            None => cluster.kubeconfig(&name, &token),
        };
        let dir = cluster.dir().to_path_buf();
        let log = (!flags.iter().any(|flag| flag.starts_with("--log=")))
            .then(|| "--log=info,latchkey=trace".to_owned());
        let mut launch = Launch::new(&name, env!("CARGO_BIN_EXE_latchkey"), &dir)
            .args(["serve", "--namespace", SYSTEM])
            .args([format!("--webhook-listen=127.0.0.1:{webhook_port}")])
            .args([format!("--webhook-url={webhook_url}")])
            .args([format!("--admin-listen=127.0.0.1:{admin_port}")])
            .args(log)
            .args(flags)
            .env("KUBECONFIG", kubeconfig.expect("a kubeconfig"))
            .env("LATCHKEY_GENERATOR_GC_GRACE_PERIOD", "2s")
            .env("AWS_ENDPOINT_URL", moto.endpoint())
            .env("AWS_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", "testbed")
            .env("AWS_SECRET_ACCESS_KEY", "testbed");
        for (variable, value) in env {
            launch = launch.env(&variable, value);
        }
        let process = Process::spawn(launch).expect("latchkey starts");
        Self { process, webhook_port, admin_port, dir, name }
    }

    /// Waits until it says that it is ready.
    pub fn wait_ready(&self) {
        wait_for("latchkey's readiness", Duration::from_secs(60), || {
            Ok(self.admin("/readyz").filter(|answer| answer.is_success()))
        })
        .unwrap_or_else(|error| panic!("{error}\n{}", self.log()));
    }

    /// An answer of the admin address, if it answers.
    pub fn admin(&self, path: &str) -> Option<http::Answer> {
        http::Client::plain(self.admin_port).request("GET", path, &[]).ok()
    }

    /// Its metrics as text.
    pub fn metrics(&self) -> String {
        self.admin("/metrics").expect("metrics").text()
    }

    /// The sum of all samples whose line starts with this.
    pub fn metric(&self, prefix: &str) -> f64 {
        let metrics = self.metrics();
        let samples = metrics.lines().filter(|line| line.starts_with(prefix));
        samples.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
    }

    /// Everything that it has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.dir.join(format!("{}.log", self.name))).unwrap_or_default()
    }

    /// Ends it as the kernel would end a process that has no time to say goodbye.
    pub fn kill(&mut self) {
        self.process.crash().expect("a running replica");
    }

    /// Tells it to end, as a kubelet does.
    pub fn terminate(&self) {
        self.signal("TERM");
    }

    /// Sends it a signal.
    pub fn signal(&self, name: &str) {
        let pid = self.pid().to_string();
        let status = std::process::Command::new("kill").args(["-s", name, &pid]).status().expect("kill");
        assert!(status.success(), "no process {pid}");
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.process.pid().expect("a running replica")
    }

    /// How it has ended, if it has.
    pub fn exited(&mut self) -> Option<std::process::ExitStatus> {
        self.process.exited().expect("its status")
    }

    /// Whether it holds the Lease, by its own account; not if it does not answer.
    pub fn leads(&self) -> bool {
        self.admin("/metrics")
            .is_some_and(|metrics| metrics.text().lines().any(|line| line == "latchkey_leader 1"))
    }
}
