//! A replica among others: behind an address that they share, with a way to the API server that can be cut.

use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use latchkey_testbed::{Launch, Process, free_port, http, wait_for};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::install::cluster::Cluster;
use crate::support::{SYSTEM, Splitter};

/// A running replica; it is killed when this is dropped.
pub struct Replica {
    _process: Process,
    /// Where its webhook listens.
    pub port: u16,
    admin_port: u16,
    log: PathBuf,
}

impl Replica {
    /// Starts one that registers the address of `front`; its way to the API server is `api`, if there is one.
    pub fn start(cluster: &Cluster, front: u16, api: Option<&Splitter>, flags: &[String]) -> Self {
        let (port, admin_port) = (free_port(), free_port());
        let name = format!("latchkey-{port}");
        let token = cluster.0.service_account_token(SYSTEM, "latchkey", &[]).expect("a token");
        let kubeconfig = cluster.0.kubeconfig(&name, &token).expect("a kubeconfig");
        if let Some(api) = api {
            let text = std::fs::read_to_string(&kubeconfig).expect("a kubeconfig");
            let text = text.replace(&cluster.0.url(), &format!("https://127.0.0.1:{}", api.port));
            std::fs::write(&kubeconfig, text).expect("written");
        }
        let launch = Launch::new(&name, env!("CARGO_BIN_EXE_latchkey"), cluster.0.dir())
            .args(["serve", "--namespace", SYSTEM, "--log=info,latchkey=debug"])
            .args([
                format!("--webhook-listen=127.0.0.1:{port}"),
                format!("--admin-listen=127.0.0.1:{admin_port}"),
            ])
            .args([format!("--webhook-url=https://127.0.0.1:{front}")])
            .args(flags)
            .env("KUBECONFIG", kubeconfig);
        let process = Process::spawn(launch).expect("latchkey starts");
        let log = process.log().to_path_buf();
        Self { _process: process, port, admin_port, log }
    }

    /// Waits until it is ready.
    pub fn ready(self) -> Self {
        let admin = http::Client::plain(self.admin_port);
        wait_for("latchkey's readiness", Duration::from_secs(60), || {
            let answer = admin.request("GET", "/readyz", &[]).ok();
            Ok(answer.filter(http::Answer::is_success))
        })
        .unwrap_or_else(|error| panic!("{error}\n{}", self.log()));
        self
    }

    /// The value of a metric without labels, or the sum of those whose line begins so.
    pub fn metric(&self, prefix: &str) -> f64 {
        let page =
            http::Client::plain(self.admin_port).request("GET", "/metrics", &[]).expect("metrics").text();
        let samples = page.lines().filter(|line| line.starts_with(prefix));
        samples.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
    }

    /// Everything that it has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Whether who believes these CAs alone believes its certificate.
    pub fn is_trusted_by(&self, pem: &str) -> bool {
        let client = http::Client::tls(self.port, pem, None).expect("a client");
        client.request("GET", "/", &[]).is_ok()
    }

    /// Whether it serves the first certificate of this chain to who believes these CAs.
    pub fn serves(&self, chain: &str, cas: &str) -> bool {
        let wanted = CertificateDer::from_pem_slice(chain.as_bytes()).expect("a certificate");
        let client = http::Client::tls(self.port, cas, None).expect("a client");
        client.certificate().is_some_and(|served| served == *wanted)
    }
}

/// The CAs that are registered, as PEM; none if the webhooks differ.
pub fn registered(cluster: &Cluster) -> Option<String> {
    let bundle = BASE64_STANDARD.decode(cluster.ca_bundle()?).expect("base64");
    Some(String::from_utf8(bundle).expect("PEM"))
}
