//! Replicas that find nothing and start at the same moment.

use std::time::{Duration, Instant};

use super::replica::{Replica, registered};
use super::stage::{SECRET, strict, text};
use crate::chaos::{Row, scale};
use crate::install::cluster::{Cluster, WEBHOOKS};
use crate::support::Splitter;
use serde_json::Value;

/// As if latchkey had never run here: no Secret, no CA in the registration.
fn forget(cluster: &Cluster) {
    let _ = cluster.0.api("DELETE", SECRET, &Value::Null); // the first time there is none
    let path = format!("{WEBHOOKS}/latchkey");
    let mut configuration = cluster.get(&path).expect("a registration");
    for webhook in configuration["webhooks"].as_array_mut().expect("webhooks") {
        webhook["clientConfig"].as_object_mut().expect("an address").remove("caBundle");
    }
    cluster.0.api("PUT", &path, &configuration).expect("written");
}

#[test]
fn replicas_that_start_together_for_the_first_time_share_one_ca() {
    let (cluster, times) = (strict(), scale(2, 20));
    let mut longest = Duration::ZERO;
    for _ in 0..times {
        forget(&cluster);
        let front = Splitter::start();
        let start = Instant::now();
        let replicas = [(); 2].map(|()| Replica::start(&cluster, front.port, None, &[])).map(Replica::ready);
        let bundle = cluster.wait("the registration of a CA", || registered(&cluster));
        let trusted = || replicas.iter().all(|replica| replica.is_trusted_by(&bundle));
        cluster.wait("trust in both", || trusted().then_some(()));
        longest = longest.max(start.elapsed());
        assert_eq!(bundle.matches("BEGIN CERTIFICATE").count(), 1, "one CA is registered");
        assert_eq!(text(&cluster, "ca.crt").map(|ca| ca.trim().to_owned()), Some(bundle.trim().to_owned()));
    }
    Row {
        area: "certificates",
        fault: "two replicas start at once where latchkey never ran",
        test: "certificates::starts::replicas_that_start_together_for_the_first_time_share_one_ca",
        tried: format!("{times} times"),
        seen: "one CA in the Secret and in the registration; both serve certificates of it".to_owned(),
        well_after: Some(longest),
    }
    .write();
}
