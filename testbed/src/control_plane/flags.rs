//! The components' command lines.

use std::path::Path;

use super::files::Files;

#[derive(Debug)]
pub(super) struct Ports {
    pub api_server: u16,
    pub etcd: u16,
    pub etcd_peer: u16,
}

impl Ports {
    pub(super) fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.api_server)
    }
}

/// Controllers that a test can see the work of. All others (nodes, volumes, clouds, …) have nothing to do without a kubelet.
const CONTROLLERS: [&str; 14] = [
    "garbage-collector-controller",
    "namespace-controller",
    "serviceaccount-controller",
    "serviceaccount-token-controller",
    "root-ca-certificate-publisher-controller",
    "resourcequota-controller",
    "clusterrole-aggregation-controller",
    "validatingadmissionpolicy-status-controller",
    "deployment-controller",
    "replicaset-controller",
    "statefulset-controller",
    "daemonset-controller",
    "job-controller",
    "cronjob-controller",
];

pub(super) fn etcd(ports: &Ports, dir: &Path, quota: u64) -> Vec<String> {
    let client = format!("http://127.0.0.1:{}", ports.etcd);
    let peer = format!("http://127.0.0.1:{}", ports.etcd_peer);
    let mut flags = vec![
        "--name=testbed".to_owned(),
        format!("--data-dir={}", dir.join("etcd").display()),
        format!("--listen-client-urls={client}"),
        format!("--advertise-client-urls={client}"),
        format!("--listen-peer-urls={peer}"),
        format!("--initial-advertise-peer-urls={peer}"),
        format!("--initial-cluster=testbed={peer}"),
        // Tests crash processes, never the machine.
        "--unsafe-no-fsync=true".to_owned(),
        "--log-level=warn".to_owned(),
    ];
    flags.extend((quota > 0).then(|| format!("--quota-backend-bytes={quota}")));
    flags
}

pub(super) fn api_server(ports: &Ports, files: &Files, dir: &Path, more: &[String]) -> Vec<String> {
    let url = ports.url();
    let mut flags = vec![
        format!("--etcd-servers=http://127.0.0.1:{}", ports.etcd),
        "--bind-address=127.0.0.1".to_owned(),
        format!("--secure-port={}", ports.api_server),
        // A loopback address cannot be an endpoint of the Service `kubernetes`.
        "--endpoint-reconciler-type=none".to_owned(),
        "--service-cluster-ip-range=10.0.0.0/24".to_owned(),
        format!("--tls-cert-file={}", files.server.0.display()),
        format!("--tls-private-key-file={}", files.server.1.display()),
        format!("--client-ca-file={}", files.ca.display()),
        format!("--token-auth-file={}", files.tokens.display()),
        "--authorization-mode=RBAC".to_owned(),
        format!("--service-account-issuer={url}"),
        // By default it names an address of the host on which this server does not listen.
        format!("--service-account-jwks-uri={url}/openid/v1/jwks"),
        format!("--service-account-signing-key-file={}", files.service_account_key.display()),
        format!("--service-account-key-file={}", files.service_account_public_key.display()),
        format!("--audit-policy-file={}", files.audit_policy.display()),
        format!("--audit-log-path={}", dir.join("audit.log").display()),
        "--allow-privileged=true".to_owned(),
        "--profiling=false".to_owned(),
    ];
    flags.extend_from_slice(more);
    flags
}

pub(super) fn controller_manager(files: &Files, kubeconfig: &Path, more: &[String]) -> Vec<String> {
    let mut flags = vec![
        format!("--kubeconfig={}", kubeconfig.display()),
        format!("--controllers={}", CONTROLLERS.join(",")),
        format!("--service-account-private-key-file={}", files.service_account_key.display()),
        format!("--root-ca-file={}", files.ca.display()),
        "--leader-elect=false".to_owned(),
        "--secure-port=0".to_owned(),
        "--profiling=false".to_owned(),
        // Staggered starts spare a large cluster and would cost a test seconds.
        "--controller-start-interval=0s".to_owned(),
        // The default of 20 requests a second would make garbage collection slow in a test that creates much at once.
        "--kube-api-qps=500".to_owned(),
        "--kube-api-burst=1000".to_owned(),
    ];
    flags.extend_from_slice(more);
    flags
}
