//! How long the creation of a Pod takes that names a Secret: through latchkey, through a webhook that admits everything, and
//! through none.

use anyhow::{Result, ensure};
use base64::Engine as _;

use super::Scale;
use crate::admit_all::AdmitAll;
use crate::client::{Object, Until};
use crate::figures::{Figures, Goal};
use crate::objects::{STORE, external_secret, plain_pod, pod, secret};
use crate::samples::Samples;
use crate::stage::{ADMIT_ALL, NONE, OURS, Stage, Under, wait};

/// How many Pods of one way are created before the next way has its turn.
const ROUND: usize = 50;

/// Namespace, how its Pods are admitted, and the Secret that they name: a managed one, or one that is nobody's.
const WAYS: [(&str, &str, &str); 4] = [
    ("pods-none", NONE, "managed"),
    ("pods-all", ADMIT_ALL, "managed"),
    ("pods-managed", OURS, "managed"),
    ("pods-other", OURS, "other"),
];

pub(super) fn measure(under: &Under, scale: Scale, figures: &mut Figures) -> Result<()> {
    let stage = Stage::set(under, scale)?;
    let server = AdmitAll::start(&stage.clients)?;
    let bundle = base64::prelude::BASE64_STANDARD.encode(&server.ca_pem);
    stage.register_admit_all(server.port, &bundle)?;
    for (namespace, admitted_by, _) in WAYS {
        stage.namespace(namespace, admitted_by)?;
    }
    stage.remote.put(["pods".to_owned()], r#"{"password":"bench"}"#);
    let managed = external_secret("pods-managed", "managed", STORE, "pods", "12h");
    stage.clients.write(&[managed], Until::AnsweredWithSecret)?;
    stage.clients.write(&[secret("pods-other", "other")], Until::Answered)?;
    stage.settle("pods-managed", 1)?;
    until_all_are_asked(&stage, &server)?;

    let count = scale.count / 2;
    let before = (server.answered(), stage.latchkey.reviews("pods")?);
    let mut samples = [const { Samples::empty() }; WAYS.len()];
    for first in (0..count).step_by(ROUND) {
        for ((namespace, _, secret), samples) in WAYS.iter().zip(&mut samples) {
            let pods = (first..(first + ROUND).min(count))
                .map(|number| pod(namespace, &format!("pod-{number}"), secret));
            samples.extend(stage.clients.write(&pods.collect::<Vec<_>>(), Until::Answered)?);
        }
    }
    ensure!(
        server.answered() - before.0 == count,
        "the webhook that admits everything was not asked each time"
    );
    ensure!(stage.latchkey.reviews("pods")? - before.1 == 2 * count, "latchkey was not asked each time");
    let [none, all, managed, other] = samples;
    for (share, name) in [(0.5, "p50"), (0.99, "p99")] {
        let [none, all, managed, other] =
            [&none, &all, &managed, &other].map(|samples| samples.percentile(share));
        figures.add(
            format!("a webhook that admits everything, over none, {name}"),
            "x",
            all / none,
            Goal::None,
        );
        let what = format!("Pods of a fresh Secret, over a webhook that admits everything, {name}");
        figures.add(what, "x", managed / all, Goal::AtMost(1.1));
        let what =
            format!("Pods of a Secret that is not managed, over a webhook that admits everything, {name}");
        figures.add(what, "x", other / all, Goal::AtMost(1.05));
    }
    unasked(&stage, figures)
}

/// Pods that name no Secret at all: the API server does not even ask.
fn unasked(stage: &Stage, figures: &mut Figures) -> Result<()> {
    let before = stage.latchkey.reviews("pods")?;
    let pods: Vec<Object> =
        (0..ROUND).map(|number| plain_pod("pods-other", &format!("plain-{number}"))).collect();
    stage.clients.write(&pods, Until::Answered)?;
    let asked = stage.latchkey.reviews("pods")? - before;
    figures.add("calls for Pods that name no Secret", "", asked as f64, Goal::AtMost(0.0));
    Ok(())
}

/// The API server learns of a registration a moment after it was written.
fn until_all_are_asked(stage: &Stage, server: &AdmitAll) -> Result<()> {
    let (all, ours) = (server.answered(), stage.latchkey.reviews("pods")?);
    let mut number = 0;
    wait("the registration of both webhooks", || {
        number += 1;
        let pods = WAYS.map(|(namespace, _, secret)| pod(namespace, &format!("first-{number}"), secret));
        stage.clients.write(&pods, Until::Answered)?;
        Ok((server.answered() > all && stage.latchkey.reviews("pods")? > ours + 1).then_some(()))
    })
}
