//! CA and certificate are exchanged, twice in a row, while applies go on.

use std::time::{Duration, Instant};

use super::load::{Objects, during, prepare};
use super::made::{Ca, authority, hours};
use super::replica::{Replica, registered};
use super::stage::{flags, folder, mount, put, strict, text};
use crate::chaos::{Row, scale};
use crate::install::cluster::Cluster;
use crate::support::Splitter;

/// latchkey's CA with another beginning and end, by the same key.
fn age(cluster: &Cluster, from: i64, until: i64) -> String {
    let key = text(cluster, "ca.key").expect("its key");
    let aged = authority("latchkey CA", &key, hours(from), hours(until));
    put(cluster, &[("ca.crt", &aged)]);
    aged
}

/// Two thirds of the CA's life pass; latchkey makes another one, and registers both.
fn renew_the_ca(cluster: &Cluster) {
    let old = age(cluster, -24 * 300, 24 * 30);
    cluster.wait("another CA", || text(cluster, "ca.crt").filter(|ca| *ca != old));
    assert_eq!(text(cluster, "previous-ca.crt").as_deref(), Some(old.as_str()), "the one before stays");
    let new = text(cluster, "ca.crt").expect("a CA");
    cluster.wait("both CAs", || {
        registered(cluster).filter(|pem| pem.contains(new.trim()) && pem.contains(old.trim()))
    });
}

/// The ten minutes pass after which every API server is held to know the new CA. How long until all serve by it.
fn renew_the_leaf(cluster: &Cluster, replicas: &[&Replica]) -> Duration {
    let before = text(cluster, "tls.crt").expect("a certificate");
    let settled = age(cluster, -1, 24 * 3650);
    let start = Instant::now();
    cluster.wait("another certificate", || text(cluster, "tls.crt").filter(|leaf| *leaf != before));
    cluster.wait("certificates of the new CA", || {
        replicas.iter().all(|replica| replica.is_trusted_by(&settled)).then_some(())
    });
    start.elapsed()
}

#[test]
fn the_own_ca_is_exchanged_twice_and_a_slow_replica_is_believed() {
    let cluster = strict();
    let (front, way) = (Splitter::start(), Splitter::start());
    let api: u16 = cluster.0.url().rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    way.send_to(&[api]);
    let quick = Replica::start(&cluster, front.port, None, &[]).ready();
    let slow = Replica::start(&cluster, front.port, Some(&way), &[]).ready();
    front.send_to(&[quick.port, slow.port]);
    prepare(&cluster);

    let (both, rounds) = ([&quick, &slow], scale(2, 6));
    let mut longest = Duration::ZERO;
    let asked = during(&cluster, Objects::All, &both, || {
        for _ in 0..rounds {
            renew_the_ca(&cluster);
            longest = longest.max(renew_the_leaf(&cluster, &both));
        }
    });
    Row {
        area: "certificates",
        fault: "latchkey's own CA and certificate are renewed, twice in a row and more",
        test: "certificates::rotations::the_own_ca_is_exchanged_twice_and_a_slow_replica_is_believed",
        tried: format!("{rounds} rotations of two replicas, failurePolicy Fail"),
        seen: asked.none_refused(),
        well_after: Some(longest),
    }
    .write();
    a_slow_replica(&cluster, (&front, &way), (&quick, &slow), api);
}

/// Cut off from the API server it goes on with the certificate of the CA before, and is asked.
fn a_slow_replica(
    cluster: &Cluster,
    (front, way): (&Splitter, &Splitter),
    (quick, slow): (&Replica, &Replica),
    api: u16,
) {
    renew_the_ca(cluster);
    way.send_to(&[]);
    renew_the_leaf(cluster, &[quick]);
    let new = text(cluster, "ca.crt").expect("a CA");
    assert!(!slow.is_trusted_by(&new), "it serves what it had");
    front.send_to(&[slow.port]);
    let before = slow.metric("latchkey_admission_requests_total");
    let asked = during(cluster, Objects::Stores, &[quick, slow], || {
        std::thread::sleep(Duration::from_secs(scale(2, 10)));
    });
    let answered = slow.metric("latchkey_admission_requests_total") - before;
    assert!(answered >= 5.0, "it answered {answered}"); // on a busy machine; ten times as many on one of its own
    way.send_to(&[api]);
    let start = Instant::now();
    cluster.wait("the slow one's new certificate", || slow.is_trusted_by(&new).then_some(()));
    Row {
        area: "certificates",
        fault: "a replica cut off from the API server goes on with the certificate of the CA before",
        test: "certificates::rotations::the_own_ca_is_exchanged_twice_and_a_slow_replica_is_believed",
        tried: "once".to_owned(),
        seen: format!("{}, {answered} reviews answered by it", asked.none_refused()),
        well_after: Some(start.elapsed()),
    }
    .write();
}

#[test]
fn mounted_files_are_exchanged_twice_with_another_ca_each_time() {
    let cluster = strict();
    let (front, folders) = (Splitter::start(), [folder(), folder()]);
    let first = Ca::new("ca-0");
    let pair = first.leaf(-1, 24);
    for folder in &folders {
        mount(folder.path(), "0", &pair, &first.certificate);
    }
    let replicas = folders
        .each_ref()
        .map(|folder| Replica::start(&cluster, front.port, None, &flags(folder.path())))
        .map(Replica::ready);
    front.send_to(&replicas.each_ref().map(|replica| replica.port));
    prepare(&cluster);

    let rounds = scale(2, 6);
    let mut longest = Duration::ZERO;
    let both = replicas.each_ref();
    let asked = during(&cluster, Objects::All, &both, || {
        for round in 1..=rounds {
            let ca = Ca::new(&format!("ca-{round}"));
            let pair = ca.leaf(-1, 24);
            let start = Instant::now();
            for folder in &folders {
                mount(folder.path(), &round.to_string(), &pair, &ca.certificate);
                // The other node's kubelet is later.
                std::thread::sleep(Duration::from_secs(scale(1, 7)));
            }
            cluster.wait("certificates of the new CA", || {
                both.iter().all(|replica| replica.is_trusted_by(&ca.certificate)).then_some(())
            });
            longest = longest.max(start.elapsed());
        }
    });
    Row {
        area: "certificates",
        fault: "mounted files are swapped as a kubelet swaps them, another CA each time, one replica after the other",
        test: "certificates::rotations::mounted_files_are_exchanged_twice_with_another_ca_each_time",
        tried: format!("{rounds} swaps at two replicas, failurePolicy Fail"),
        seen: asked.none_refused(),
        well_after: Some(longest),
    }
    .write();
}
