//! Answers that are too large fill no memory.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use latchkey_testbed::{Breakage, Reply};
use serde_json::{Value, json};

use super::stage::{Kind, Stage};
use super::{LARGE, TOO_LARGE};
use crate::chaos::{Row, scale};
use crate::support::manifests::{list, store, vault};

/// How many stores; each makes eight calls at once.
const STORES: usize = 4;
const MIB: f64 = (1 << 20) as f64;

/// The stage's provider once more, as a SecretStore.
fn own_store(stage: &Stage, name: &str) -> Value {
    let auth = json!({ "tokenSecretRef": { "name": "vault-token", "key": "token" } });
    match stage.kind {
        Kind::Vault => store(name, vault(&stage.proxy().url(), auth)),
        Kind::Aws | Kind::Kubernetes => {
            store(name, json!({ "aws": { "service": "SecretsManager", "region": "us-east-1" } }))
        }
    }
}

/// Creates that many ExternalSecrets at once, each of a value of its own.
fn create_at_once(stage: &Stage, round: usize, count: usize) {
    let path = format!("/apis/external-secrets.io/v1/namespaces/{}/externalsecrets", stage.ns.name);
    std::thread::scope(|scope| {
        for i in 0..count {
            let mut object = stage.object(&format!("app{round}-{i}"), &format!("k{i}"), "1h");
            object["spec"]["secretStoreRef"] =
                json!({ "kind": "SecretStore", "name": format!("s{}", i % STORES) });
            let (path, cluster) = (&path, &stage.ns.world.cluster);
            scope.spawn(move || cluster.create(path, &object).expect("admitted"));
        }
    });
}

#[test]
fn many_answers_of_megabytes_at_once_fill_no_memory() {
    let (count, rounds) = (25, scale(1, 4));
    let stages = [Stage::start(Kind::Vault, None), Stage::start(Kind::Aws, None)];
    let latchkey = &stages[0].ns.world.latchkey;
    for stage in &stages {
        let stores: Vec<Value> = (0..STORES).map(|i| own_store(stage, &format!("s{i}"))).collect();
        stage.ns.apply(&list(&stores)).good();
    }
    stages[0].breaks(super::Fault::Breakage(Breakage::Endless));
    stages[1]
        .answers(Reply::new(200, &json!({ "Name": "app", "SecretString": "x".repeat(LARGE) }).to_string()));

    for stage in &stages {
        let said = stage.ns.apply(&stage.object("said", "k0", "1h").to_string()).good();
        assert!(said.warnings().concat().contains(TOO_LARGE), "{said}");
    }
    let resident = || latchkey.metric("process_resident_memory_bytes");
    let (before, done) = (resident(), AtomicBool::new(false));
    let peak = std::thread::scope(|scope| {
        let sampler = scope.spawn(|| {
            let mut peak = 0.0_f64;
            while !done.load(Ordering::SeqCst) {
                peak = peak.max(resident());
                std::thread::sleep(Duration::from_millis(20));
            }
            peak
        });
        for round in 0..rounds {
            std::thread::scope(|scope| {
                for stage in &stages {
                    scope.spawn(move || create_at_once(stage, round, count));
                }
            });
        }
        done.store(true, Ordering::SeqCst);
        sampler.join().expect("the peak")
    });
    let more = (peak - before) / MIB;
    // Without a limit: 50 answers of 10 MB, and those without end.
    assert!(before > 0.0 && more < 320.0, "{more} MiB more");
    Row {
        area: "providers",
        fault: "50 answers at once of 10 MB, or without end",
        test: "providers::sizes::many_answers_of_megabytes_at_once_fill_no_memory",
        tried: format!("{} reads in {rounds} rounds", 2 * count * rounds),
        seen: format!(
            "{more:.0} MiB more at the peak, {:.0} MiB before; each is told what is wrong",
            before / MIB
        ),
        well_after: None,
    }
    .write();
}
