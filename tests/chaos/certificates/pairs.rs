//! Pairs that cannot be served, and pairs in every form that can.

use std::path::Path;
use std::time::{Duration, Instant};

use latchkey_testbed::Pair;

use super::load::{Objects, during, prepare};
use super::made::Ca;
use super::replica::{Replica, registered};
use super::stage::{SECRET, flags, folder, mount, put, strict, text};
use crate::chaos::{Row, scale};
use crate::install::cluster::Cluster;
use crate::support::Splitter;
use serde_json::Value;

const REFUSED: &str = "cannot refresh the webhook's certificate; what was served stays";

/// A replica that serves such files.
fn mounted(cluster: &Cluster, folder: &Path, ca: &Ca) -> Replica {
    mount(folder, "good", &ca.leaf(-1, 24), &ca.certificate);
    let front = Splitter::start();
    let replica = Replica::start(cluster, front.port, None, &flags(folder)).ready();
    front.send_to(&[replica.port]);
    prepare(cluster);
    replica
}

fn says(replica: &Replica, text: &str) -> bool {
    replica.log().lines().any(|line| line.contains(REFUSED) && line.contains(text))
}

#[test]
fn a_bad_pair_in_files_leaves_the_old_one_serving_and_every_good_form_is_served() {
    let (cluster, folder, ca) = (strict(), folder(), Ca::new("ca"));
    let replica = mounted(&cluster, folder.path(), &ca);
    bad_pairs(&cluster, folder.path(), &replica, &ca);
    every_form(&cluster, folder.path(), &replica);
}

fn bad_pairs(cluster: &Cluster, folder: &Path, replica: &Replica, ca: &Ca) {
    let (ends, other) = (replica.metric("latchkey_certificate_expiry_seconds"), Ca::new("other"));
    let good = ca.leaf(-1, 24);
    let bad = [
        ("expired", ca.leaf(-48, -1), "the certificate ended at"),
        ("early", ca.leaf(1, 24), "the certificate is not valid before"),
        ("wrong-key", Pair { key: other.key.clone(), ..good.clone() }, "do not fit together"),
        ("wrong-ca", other.leaf(-1, 24), "not signed by the CA beside it"),
        (
            "no-certificate",
            Pair { certificate: "junk".to_owned(), ..good.clone() },
            "no certificate in the PEM",
        ),
        ("no-key", Pair { key: "junk".to_owned(), ..good }, "no private key in the PEM"),
    ];
    let (count, mut longest) = (bad.len(), Duration::ZERO);
    let asked = during(cluster, Objects::All, &[replica], || {
        for (name, pair, says_so) in bad {
            let start = Instant::now();
            mount(folder, name, &pair, &ca.certificate);
            cluster.wait(name, || says(replica, says_so).then_some(()));
            longest = longest.max(start.elapsed());
            assert_eq!(replica.metric("latchkey_certificate_refresh_failed"), 1.0, "{name}");
            assert_eq!(replica.metric("latchkey_certificate_expiry_seconds"), ends, "{name}");
            assert!(replica.is_trusted_by(&ca.certificate), "{name}");
        }
        mount(folder, "better", &ca.leaf(-1, 48), &ca.certificate);
        cluster.wait("a better pair", || {
            (replica.metric("latchkey_certificate_expiry_seconds") > ends).then_some(())
        });
    });
    assert_eq!(replica.metric("latchkey_certificate_refresh_failed"), 0.0);
    let said = replica.log().lines().filter(|line| line.contains(REFUSED)).count();
    assert!(said <= count * 2, "it says the same {said} times");
    Row {
        area: "certificates",
        fault: "mounted pairs that are expired, not valid yet, of another key, of another CA, garbled",
        test: "certificates::pairs::a_bad_pair_in_files_leaves_the_old_one_serving_and_every_good_form_is_served",
        tried: format!("{count} pairs, one after the other"),
        seen: format!(
            "the old one goes on: {}; log and metric say so within {:.0} s",
            asked.none_refused(),
            longest.as_secs_f64().ceil()
        ),
        well_after: None,
    }
    .write();
}

/// The first is of another CA, so that the API server connects anew.
fn every_form(cluster: &Cluster, folder: &Path, replica: &Replica) {
    let ca = Ca::new("another");
    let forms =
        [("chain", ca.chain()), ("sec1", ca.sec1()), ("pkcs1", ca.pkcs1()), ("pkcs8", ca.leaf(-1, 36))];
    let mut longest = Duration::ZERO;
    let asked = during(cluster, Objects::All, &[replica], || {
        for (form, pair) in &forms {
            let start = Instant::now();
            mount(folder, form, pair, &ca.certificate);
            cluster.wait(form, || replica.serves(&pair.certificate, &ca.certificate).then_some(()));
            longest = longest.max(start.elapsed());
        }
    });
    Row {
        area: "certificates",
        fault: "mounted pairs as PKCS#8, PKCS#1, SEC1, and as a chain with an intermediate",
        test: "certificates::pairs::a_bad_pair_in_files_leaves_the_old_one_serving_and_every_good_form_is_served",
        tried: format!("{} forms, the first with another CA", forms.len()),
        seen: format!("each is served; {}", asked.none_refused()),
        well_after: Some(longest),
    }
    .write();
}

#[test]
fn a_spoilt_secret_is_made_again_while_the_old_certificate_goes_on() {
    let cluster = strict();
    let front = Splitter::start();
    let replicas = [(); 2].map(|()| Replica::start(&cluster, front.port, None, &[])).map(Replica::ready);
    front.send_to(&replicas.each_ref().map(|replica| replica.port));
    prepare(&cluster);
    let rounds = scale(1, 3);
    let mut longest = Duration::ZERO;
    let both = replicas.each_ref();
    let asked = during(&cluster, Objects::All, &both, || {
        for _ in 0..rounds {
            for spoil in [grow_old, expire, exchange, garble, garble_all, delete] {
                let start = Instant::now();
                let before = (text(&cluster, "tls.crt"), spoil(&cluster)).0.expect("a certificate");
                is_whole_again(&cluster, &both, &before);
                longest = longest.max(start.elapsed());
            }
        }
    });
    let log: String = replicas.iter().map(Replica::log).collect();
    for found in
        ["a certificate that ended at", "no usable certificate", "no usable CA", "\"found\":\"nothing\""]
    {
        assert!(log.contains(found), "no word of {found}");
    }
    Row {
        area: "certificates",
        fault: "the Secret latchkey-tls with a pair that is old, expired, of another key, garbled; garbled whole; deleted",
        test: "certificates::pairs::a_spoilt_secret_is_made_again_while_the_old_certificate_goes_on",
        tried: format!("{rounds} times each, two replicas, failurePolicy Fail"),
        seen: format!("made again, and said; {}", asked.none_refused()),
        well_after: Some(longest),
    }
    .write();
}

/// Another certificate is stored, and both replicas serve it to whoever believes what is registered.
fn is_whole_again(cluster: &Cluster, replicas: &[&Replica], before: &str) {
    cluster.wait("another certificate at each replica", || {
        let now = text(cluster, "tls.crt").filter(|now| now != before && now.contains("BEGIN"))?;
        let cas = registered(cluster)?;
        replicas.iter().all(|replica| replica.serves(&now, &cas)).then_some(())
    });
}

fn grow_old(cluster: &Cluster) {
    put_leaf(cluster, -24 * 40, 24);
}

fn expire(cluster: &Cluster) {
    put_leaf(cluster, -48, -1);
}

fn put_leaf(cluster: &Cluster, from: i64, until: i64) {
    let [certificate, key] = ["ca.crt", "ca.key"].map(|name| text(cluster, name).expect("a CA"));
    let pair = Ca { certificate, key }.leaf(from, until);
    put(cluster, &[("tls.crt", &pair.certificate), ("tls.key", &pair.key)]);
}

fn exchange(cluster: &Cluster) {
    put(cluster, &[("tls.key", &Ca::new("other").key)]);
}

fn garble(cluster: &Cluster) {
    put(cluster, &[("tls.crt", "junk"), ("tls.key", "junk")]);
}

fn garble_all(cluster: &Cluster) {
    put(cluster, &["ca.crt", "ca.key", "tls.crt", "tls.key"].map(|key| (key, "junk")));
}

fn delete(cluster: &Cluster) {
    cluster.0.api("DELETE", SECRET, &Value::Null).expect("deleted");
}
