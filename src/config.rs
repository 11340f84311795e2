//! What an installation decides: the flags of `latchkey serve`, each also as `LATCHKEY_…` in the environment.

mod delimiters;

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::{ArgAction, Args, ValueEnum};
use latchkey_api::duration::GoDuration;
use latchkey_provider::guard::Allowed;

pub use delimiters::Delimiters;

/// What happens to an object whose sync fails while it is admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ValueEnum)]
pub enum FailureMode {
    /// It is admitted with a warning; the refresher goes on trying.
    Warn,
    /// It is refused with the same text, and nothing is written.
    Deny,
}

/// Whether whoever applies an ExternalSecret must be allowed himself what it makes latchkey do: `create secrets` in its
/// namespace and the verb `use` on the stores that it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ValueEnum)]
pub enum RequesterChecks {
    /// Nobody is asked about.
    Off,
    /// Whoever lacks a right is told so.
    Warn,
    /// Whoever lacks a right is refused, also where the API server cannot be asked.
    Enforce,
}

/// The flags of `latchkey serve`.
#[derive(Debug, Clone, Args)]
pub struct Config {
    /// Where the API server's admission reviews are answered, over TLS.
    #[arg(long, env = "LATCHKEY_WEBHOOK_LISTEN", default_value = "0.0.0.0:10250", value_name = "ADDR")]
    pub webhook_listen: SocketAddr,

    /// How the webhook is registered.
    #[command(flatten)]
    pub registration: Registration,

    /// Whether latchkey creates its MutatingWebhookConfiguration and keeps address and CA in it. Without it something
    /// else has to, such as a chart and cert-manager's CA injector.
    #[arg(long, env = "LATCHKEY_REGISTER", default_value_t = true, action = ArgAction::Set, num_args = 0..=1,
          require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub register: bool,

    /// The webhook's certificate chain in PEM, leaf first, such as cert-manager mounts it; read again when it changes.
    /// Without it latchkey makes its own CA and certificate.
    #[arg(long, env = "LATCHKEY_TLS_CERT_FILE", requires = "tls_key_file", value_name = "FILE")]
    pub tls_cert_file: Option<PathBuf>,

    /// The certificate's private key in PEM: PKCS#8, PKCS#1 or SEC1.
    #[arg(long, env = "LATCHKEY_TLS_KEY_FILE", requires = "tls_cert_file", value_name = "FILE")]
    pub tls_key_file: Option<PathBuf>,

    /// The CA of the certificate in PEM, for the registration. Without it the registered CA is left as it is.
    #[arg(long, env = "LATCHKEY_CA_FILE", requires = "tls_cert_file", value_name = "FILE")]
    pub ca_file: Option<PathBuf>,

    /// Where /livez, /readyz and /metrics are served, in the clear.
    #[arg(long, env = "LATCHKEY_ADMIN_LISTEN", default_value = "0.0.0.0:8080", value_name = "ADDR")]
    pub admin_listen: SocketAddr,

    /// The namespace that holds latchkey's certificate, digest key and Lease.
    #[arg(long, env = "LATCHKEY_NAMESPACE", default_value = "latchkey-system", value_name = "NS")]
    pub namespace: String,

    /// Which part of the cluster latchkey sees to.
    #[command(flatten)]
    pub scope: Scope,

    /// Stores whose spec.controller is neither empty nor this class are left to others.
    #[arg(long, env = "LATCHKEY_CONTROLLER_CLASS", default_value = "default", value_name = "CLASS")]
    pub controller_class: String,

    /// What happens to an object whose sync fails while it is admitted; the namespace label and the annotation
    /// latchkey.dev/failure-mode on the object are stronger.
    #[arg(long, env = "LATCHKEY_FAILURE_MODE", default_value = "warn", value_enum)]
    pub failure_mode: FailureMode,

    /// Whether whoever applies an ExternalSecret must be allowed himself to create Secrets there and to `use` its stores. Costs a
    /// SubjectAccessReview a user and right, kept for seconds.
    #[arg(long, env = "LATCHKEY_REQUESTER_CHECKS", default_value = "off", value_enum)]
    pub requester_checks: RequesterChecks,

    /// Whether a Pod of a managed Secret gets the annotation latchkey.dev/started-with, a digest of what it started with. Without it
    /// the API server has nothing to change in the Pod, and creates it a little faster.
    #[arg(long, env = "LATCHKEY_ANNOTATE_PODS", default_value_t = true, action = ArgAction::Set)]
    pub annotate_pods: bool,

    /// How often a store is validated again where its own refreshInterval does not say.
    #[arg(long, env = "LATCHKEY_STORE_REQUEUE_INTERVAL", default_value = "5m", value_parser = duration, value_name = "DURATION")]
    pub store_requeue_interval: Duration,

    /// How many ExternalSecrets are synced at once while they are admitted, and for how many Pods; a quarter of that for
    /// dry runs. What would have to wait too long for a place is admitted, and synced in the background.
    #[arg(long, env = "LATCHKEY_ADMISSION_CONCURRENT", default_value = "64", value_name = "N")]
    pub admission_concurrent: NonZeroUsize,

    /// Addresses that a store may name though none may otherwise: link-local ones, those of a cloud's metadata, and
    /// latchkey's own. Addresses or networks, each with a port if only that one is meant.
    #[arg(long, env = "LATCHKEY_ALLOW_ENDPOINTS", value_delimiter = ',', value_name = "CIDR[:PORT]")]
    pub allow_endpoints: Vec<Allowed>,

    /// How long a service keeps what a generator made, such as a deploy token, once another one has taken its place: for
    /// whoever uses the former one still.
    #[arg(long, env = "LATCHKEY_GENERATOR_GC_GRACE_PERIOD", default_value = "2m", value_parser = duration, value_name = "DURATION")]
    pub generator_gc_grace_period: Duration,

    /// Whether ExternalSecrets may write objects that are not Secrets (spec.target.manifest). Such objects are not protected as Secrets
    /// are; latchkey needs rights to write them.
    #[arg(long, env = "LATCHKEY_UNSAFE_ALLOW_GENERIC_TARGETS", default_value_t = false, action = ArgAction::Set, num_args = 0..=1,
          require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub unsafe_allow_generic_targets: bool,

    /// How templates are written.
    #[command(flatten)]
    pub delimiters: Delimiters,

    /// How many syncs of the refresher run at once.
    #[arg(long, env = "LATCHKEY_CONCURRENT", default_value_t = 16, value_name = "N")]
    pub concurrent: usize,

    /// How long a leader's Lease is good without being renewed.
    #[arg(long, env = "LATCHKEY_LEASE_DURATION", default_value = "15s", value_parser = duration, value_name = "DURATION")]
    pub lease_duration: Duration,

    /// How often a replica tries to take or renew the Lease.
    #[arg(long, env = "LATCHKEY_LEASE_RETRY_PERIOD", default_value = "2s", value_parser = duration, value_name = "DURATION")]
    pub lease_retry_period: Duration,

    /// How long to go on serving after SIGTERM before connections are drained.
    #[arg(long, env = "LATCHKEY_SHUTDOWN_DELAY", default_value = "5s", value_parser = duration, value_name = "DURATION")]
    pub shutdown_delay: Duration,

    /// Let the kernel write core dumps, and debuggers attach, if the node does. Both hold the values of secrets.
    #[arg(long, env = "LATCHKEY_CORE_DUMPS")]
    pub core_dumps: bool,

    /// What is logged, as a level or a tracing filter.
    #[arg(long, env = "LATCHKEY_LOG", default_value = "info", value_parser = crate::telemetry::filter, value_name = "FILTER")]
    pub log: String,
}

/// Which part of the cluster latchkey sees to.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Scope {
    /// The one namespace whose ExternalSecrets, stores and Pods are seen to; all others are left alone. Without it
    /// latchkey sees to the whole cluster.
    #[arg(long, env = "LATCHKEY_SCOPED_NAMESPACE", value_parser = NonEmptyStringValueParser::new(), value_name = "NS")]
    pub scoped_namespace: Option<String>,

    /// Whether ClusterSecretStores are served. They take rights beyond any one namespace.
    #[arg(long, env = "LATCHKEY_CLUSTER_STORES", default_value_t = true, action = ArgAction::Set, num_args = 0..=1,
          require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub cluster_stores: bool,

    /// Whether ClusterExternalSecrets are served. They take the right to write ExternalSecrets everywhere; with
    /// --scoped-namespace they are not served.
    #[arg(long, env = "LATCHKEY_CLUSTER_EXTERNAL_SECRETS", default_value_t = true, action = ArgAction::Set, num_args = 0..=1,
          require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub cluster_external_secrets: bool,

    /// Whether PushSecrets are served. Once there is one, the metadata of all Secrets are watched.
    #[arg(long, env = "LATCHKEY_PUSH_SECRETS", default_value_t = true, action = ArgAction::Set, num_args = 0..=1,
          require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub push_secrets: bool,

    /// Whether ClusterPushSecrets are served. They take the right to write PushSecrets everywhere; with --scoped-namespace or
    /// without --push-secrets they are not served.
    #[arg(long, env = "LATCHKEY_CLUSTER_PUSH_SECRETS", default_value_t = true, action = ArgAction::Set, num_args = 0..=1,
          require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub cluster_push_secrets: bool,
}

impl Scope {
    /// Whether ClusterExternalSecrets are served.
    pub fn fans_out(&self) -> bool {
        self.cluster_external_secrets && self.scoped_namespace.is_none()
    }

    /// Whether ClusterPushSecrets are served.
    pub fn fans_pushes_out(&self) -> bool {
        self.push_secrets && self.cluster_push_secrets && self.scoped_namespace.is_none()
    }
}

impl Default for Scope {
    fn default() -> Self {
        Self {
            scoped_namespace: None,
            cluster_stores: true,
            cluster_external_secrets: true,
            push_secrets: true,
            cluster_push_secrets: true,
        }
    }
}

/// How the API server is told of the webhook.
#[derive(Debug, Clone, Args)]
pub struct Registration {
    /// The URL under which the API server reaches the webhook when latchkey runs outside the cluster, such as
    /// https://127.0.0.1:10250. Without it latchkey registers its Service.
    #[arg(long, env = "LATCHKEY_WEBHOOK_URL", value_parser = https_url, value_name = "URL")]
    pub webhook_url: Option<String>,

    /// The Service in front of the webhook, in latchkey's namespace.
    #[arg(long, env = "LATCHKEY_SERVICE_NAME", default_value = "latchkey", value_name = "NAME")]
    pub service_name: String,

    /// The MutatingWebhookConfiguration that latchkey keeps its CA in.
    #[arg(long, env = "LATCHKEY_WEBHOOK_NAME", default_value = "latchkey", value_name = "NAME")]
    pub webhook_name: String,

    /// How long the API server waits for an answer: whole seconds, 1s to 30s. Said when the webhook is registered first.
    #[arg(long, env = "LATCHKEY_WEBHOOK_TIMEOUT", default_value = "5s", value_parser = webhook_timeout, value_name = "DURATION")]
    pub webhook_timeout: Duration,

    /// What the API server does with an ExternalSecret or a store while no latchkey answers. Pods are never held up.
    /// Said when the webhook is registered first.
    #[arg(
        long,
        env = "LATCHKEY_FAILURE_POLICY",
        default_value = "Ignore",
        value_enum,
        ignore_case = true,
        value_name = "POLICY"
    )]
    pub failure_policy: FailurePolicy,
}

/// What the API server does with a request while no webhook answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ValueEnum)]
#[value(rename_all = "PascalCase")]
pub enum FailurePolicy {
    /// It goes on; the refresher syncs once latchkey is back.
    Ignore,
    /// It refuses the request.
    Fail,
}

impl FailurePolicy {
    /// As the registration writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ignore => "Ignore",
            Self::Fail => "Fail",
        }
    }
}

/// Reads a duration as Go writes it: `90s`, `1h30m`.
fn duration(text: &str) -> Result<Duration, String> {
    GoDuration::parse(text)
        .map_err(|error| error.to_string())
        .and_then(|parsed| parsed.to_std().ok_or_else(|| format!("{text:?} is negative")))
}

/// Reads how long the API server waits, as it can be registered.
fn webhook_timeout(text: &str) -> Result<Duration, String> {
    let read = duration(text)?;
    match read.as_secs() {
        1..=30 if read.subsec_nanos() == 0 => Ok(read),
        _ => Err("the API server takes whole seconds from 1s to 30s".into()),
    }
}

/// Reads the URL that a webhook can be registered with; a slash at its end is dropped, as paths are added.
fn https_url(text: &str) -> Result<String, String> {
    let url: http::Uri = text.parse().map_err(|error| format!("{error}"))?;
    if url.scheme_str() != Some("https") {
        return Err("the API server calls https:// URLs only".into());
    }
    if url.query().is_some() || url.authority().is_none_or(|authority| authority.as_str().contains('@')) {
        return Err("it must be https://HOST[:PORT][/PATH], without user, query or fragment".into());
    }
    Ok(text.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webhook_url_is_https_and_loses_its_last_slash() {
        assert_eq!(https_url("https://127.0.0.1:10250/").as_deref(), Ok("https://127.0.0.1:10250"));
        assert_eq!(https_url("https://[::1]:8443/a/b").as_deref(), Ok("https://[::1]:8443/a/b"));
        for wrong in ["http://a", "a:443", "https://u:p@a", "https://a/?x=1", "https://"] {
            assert!(https_url(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_webhook_timeout_is_one_that_the_api_server_takes() {
        assert_eq!(webhook_timeout("30s"), Ok(Duration::from_secs(30)));
        for wrong in ["0s", "31s", "1500ms", "-1s", "5"] {
            assert!(webhook_timeout(wrong).is_err(), "{wrong}");
        }
    }
}
