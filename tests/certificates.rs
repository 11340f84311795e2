//! The webhook's certificate and its CA: kept, renewed and exchanged while requests go on.

mod admitted;
mod mounted;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use latchkey_testbed::http;
use serde_json::{Value, json};

use crate::install::cluster::{Cluster, Running, WEBHOOKS};
use admitted::Admitted;

const SECRET: &str = "/api/v1/namespaces/latchkey-system/secrets/latchkey-tls";

/// A control plane with the chart, on which an object is refused if latchkey does not answer.
fn strict() -> Cluster {
    let cluster = Cluster::new();
    cluster.install(&["--set", "webhook.failurePolicy=Fail"]).good();
    cluster.0.start_controller_manager().expect("controllers");
    cluster
}

/// One of the Secret's texts.
fn text(cluster: &Cluster, key: &str) -> Option<String> {
    let secret = cluster.get(SECRET)?;
    let bytes = BASE64_STANDARD.decode(secret["data"][key].as_str()?).ok()?;
    String::from_utf8(bytes).ok()
}

fn put(cluster: &Cluster, data: &[(&str, &str)]) {
    let data: serde_json::Map<String, Value> =
        data.iter().map(|(key, text)| ((*key).to_owned(), json!(BASE64_STANDARD.encode(text)))).collect();
    let mut secret = cluster.get(SECRET).expect("the Secret");
    secret["data"].as_object_mut().expect("data").extend(data);
    cluster.0.api("PUT", SECRET, &secret).expect("written");
}

/// Whether the webhook's certificate is one that whoever trusts the registered CA believes.
fn is_trusted(cluster: &Cluster, running: &Running) -> bool {
    let Some(bundle) = cluster.ca_bundle() else { return false };
    let bundle = String::from_utf8(BASE64_STANDARD.decode(bundle).expect("base64")).expect("PEM");
    let client = http::Client::tls(running.webhook_port, &bundle, None).expect("a client");
    client.request("GET", "/", &[]).is_ok()
}

#[test]
fn the_ca_is_put_back_into_the_registration() {
    let cluster = strict();
    let _running = cluster.latchkey(None, &[]);
    let admitted = Admitted::prepare(&cluster);
    admitted.try_one().expect("admitted");
    let bundle = cluster.ca_bundle().expect("a CA");

    let path = format!("{WEBHOOKS}/latchkey");
    let mut configuration = cluster.get(&path).expect("a registration");
    for webhook in configuration["webhooks"].as_array_mut().expect("webhooks") {
        webhook["clientConfig"].as_object_mut().expect("an address").remove("caBundle");
    }
    cluster.0.api("PUT", &path, &configuration).expect("written");
    cluster.wait("the CA", || cluster.ca_bundle().filter(|there| *there == bundle));
    cluster.wait("admission", || admitted.try_one().ok());
}

#[test]
fn a_lost_or_garbled_secret_is_made_anew() {
    let cluster = strict();
    let running = cluster.latchkey(None, &[]);
    let admitted = Admitted::prepare(&cluster);
    let first = text(&cluster, "tls.crt").expect("a certificate");

    cluster.0.api("DELETE", SECRET, &Value::Null).expect("deleted");
    let second = cluster.wait("another certificate", || text(&cluster, "tls.crt").filter(|it| *it != first));
    cluster.wait("trust in it", || is_trusted(&cluster, &running).then_some(()));
    cluster.wait("admission", || admitted.try_one().ok());

    // Only the key is lost: the CA goes on, and nothing is refused meanwhile.
    admitted.go_on_while(|| {
        put(&cluster, &[("tls.key", "junk")]);
        cluster.wait("a third certificate", || text(&cluster, "tls.crt").filter(|it| *it != second));
    });
    assert!(is_trusted(&cluster, &running));

    put(&cluster, &[("ca.crt", "junk"), ("ca.key", "junk"), ("tls.crt", "junk"), ("tls.key", "junk")]);
    cluster.wait("a new CA", || text(&cluster, "ca.crt").filter(|it| it.contains("BEGIN CERTIFICATE")));
    cluster.wait("trust in it", || is_trusted(&cluster, &running).then_some(()));
    cluster.wait("admission", || admitted.try_one().ok());
}

#[test]
fn a_certificate_that_grows_old_is_renewed_while_requests_go_on() {
    let cluster = strict();
    let running = cluster.latchkey(None, &[]);
    let admitted = Admitted::prepare(&cluster);
    let ca = (text(&cluster, "ca.crt").expect("a CA"), text(&cluster, "ca.key").expect("its key"));
    let (old, key) = nearly_over(&ca.0, &ca.1);
    admitted.go_on_while(|| {
        put(&cluster, &[("tls.crt", &old), ("tls.key", &key)]);
        cluster.wait("a new certificate", || text(&cluster, "tls.crt").filter(|it| *it != old));
    });
    assert_eq!(text(&cluster, "ca.crt"), Some(ca.0), "the CA stays");
    assert!(is_trusted(&cluster, &running));
}

/// A certificate for 127.0.0.1 of this CA that has lived for more than two thirds of its life.
fn nearly_over(ca: &str, key: &str) -> (String, String) {
    use rcgen::{CertificateParams, Issuer, KeyPair};
    let issuer = Issuer::from_ca_cert_pem(ca, KeyPair::from_pem(key).expect("a key")).expect("a CA");
    let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("a name");
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = std::time::SystemTime::now()
        .checked_add(std::time::Duration::from_secs(3600))
        .expect("a time")
        .into();
    let own = KeyPair::generate().expect("a key");
    (params.signed_by(&own, &issuer).expect("a certificate").pem(), own.serialize_pem())
}

#[test]
fn replicas_that_start_together_share_one_ca() {
    let cluster = strict();
    let (one, other) = std::thread::scope(|scope| {
        let one = scope.spawn(|| cluster.latchkey(None, &[]));
        let other = cluster.latchkey(None, &[]);
        (one.join().expect("a replica"), other)
    });
    cluster
        .wait("trust in both", || (is_trusted(&cluster, &one) && is_trusted(&cluster, &other)).then_some(()));
}
