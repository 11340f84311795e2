//! How long the creation of a Pod takes that names a managed Secret: through latchkey, through a webhook that admits
//! everything, and through none.

use anyhow::{Result, ensure};
use base64::Engine as _;

use crate::admit_all::AdmitAll;
use crate::client::{Clients, Object, Until};
use crate::objects::{STORE, external_secret, pod};
use crate::report::Report;
use crate::samples::Samples;
use crate::stage::{ADMIT_ALL, NONE, OURS, Stage};

/// How many Pods of one way are created before the next way has its turn.
const ROUND: usize = 30;

/// Namespace and how its Pods are admitted.
const WAYS: [(&str, &str); 3] = [("pods-none", NONE), ("pods-all", ADMIT_ALL), ("pods", OURS)];

pub(crate) fn measure(stage: &Stage, clients: &Clients, count: usize, report: &mut Report) -> Result<()> {
    println!("Creating {count} Pods in each of {} ways, in turns", WAYS.len());
    let server = AdmitAll::start(clients)?;
    let bundle = base64::prelude::BASE64_STANDARD.encode(&server.ca_pem);
    stage.register_admit_all(server.port, &bundle)?;
    for (namespace, admitted_by) in WAYS {
        stage.namespace(namespace, admitted_by)?;
    }
    stage.moto.put_secret("bench/pods", r#"{"password":"bench"}"#)?;
    let managed = external_secret("pods", "managed", STORE, "bench/pods", "12h");
    clients.create(&[managed], Until::AnsweredWithSecret)?;
    stage.settle("pods", 1)?;
    until_both_are_asked(stage, clients, &server)?;

    let before = (server.answered(), stage.reviews("pods")?);
    let mut samples = [const { Samples::empty() }; WAYS.len()];
    for first in (0..count).step_by(ROUND) {
        for ((namespace, _), samples) in WAYS.iter().zip(&mut samples) {
            let pods: Vec<Object> = (first..(first + ROUND).min(count))
                .map(|number| pod(namespace, &format!("pod-{number}"), "managed"))
                .collect();
            samples.extend(clients.create(&pods, Until::Answered)?);
        }
    }
    ensure!(
        server.answered() - before.0 == count,
        "the webhook that admits everything was not asked each time"
    );
    ensure!(stage.reviews("pods")? - before.1 == count, "latchkey was not asked each time");
    let [none, all, ours] = samples;
    report.latency("create a Pod, no webhook", &none, None);
    report.latency("create a Pod, a webhook that admits everything", &all, Some(("no webhook", &none)));
    report.latency("create a Pod that names a managed Secret, latchkey", &ours, Some(("admit-all", &all)));
    Ok(())
}

/// The API server learns of a registration a moment after it was written.
fn until_both_are_asked(stage: &Stage, clients: &Clients, server: &AdmitAll) -> Result<()> {
    let (all, ours) = (server.answered(), stage.reviews("pods")?);
    let mut number = 0;
    stage.wait("the registration of both webhooks", || {
        number += 1;
        let pods = WAYS.map(|(namespace, _)| pod(namespace, &format!("first-{number}"), "managed"));
        clients.create(&pods, Until::Answered)?;
        Ok((server.answered() > all && stage.reviews("pods")? > ours).then_some(()))
    })
}
