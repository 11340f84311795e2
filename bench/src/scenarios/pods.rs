//! How long the creation of a Pod takes that names a Secret: through latchkey, through a webhook that admits everything, and
//! through none.

use anyhow::{Result, ensure};

use super::Scale;
use crate::admit_all::AdmitAll;
use crate::client::{Object, Until};
use crate::figures::{Figures, Goal};
use crate::objects::{STORE, external_secret, plain_pod, pod, secret};
use crate::samples::Samples;
use crate::stage::{ADMIT_ALL, NONE, OURS, Stage, Under, wait};

/// How many Pods of one way are created before the next way has its turn.
const ROUND: usize = 50;

/// What is said of each way.
const SHARES: [(f64, &str); 2] = [(0.5, "p50"), (0.99, "p99")];

/// Namespace, how its Pods are admitted, and the Secret that they name: a managed one, or one that is nobody's.
type Way = (&'static str, &'static str, &'static str);

const WAYS: [Way; 4] = [
    ("pods-none", NONE, "managed"),
    ("pods-all", ADMIT_ALL, "managed"),
    ("pods-managed", OURS, "managed"),
    ("pods-other", OURS, "other"),
];

pub(super) fn measure(under: &Under, scale: Scale, figures: &mut Figures) -> Result<()> {
    let mut stage = Stage::set(under, scale)?;
    let server = stage.admit_all()?;
    for (namespace, admitted_by, _) in WAYS {
        stage.namespace(namespace, admitted_by)?;
    }
    stage.remote.put(["pods".to_owned()], r#"{"password":"bench"}"#);
    let managed = external_secret("pods-managed", "managed", STORE, "pods", "12h");
    stage.clients.write(&[managed], Until::AnsweredWithSecret)?;
    stage.clients.write(&[secret("pods-other", "other")], Until::Answered)?;
    stage.settle("pods-managed", 1)?;
    until_all_are_asked(&stage, &server, "first")?;

    let before = (server.answered(), stage.latchkey.reviews("pods")?);
    let [none, all, managed, other] = in_turns(&stage, scale.count / 2, "pod", WAYS)?;
    ensure!(
        server.answered() - before.0 == scale.count / 2,
        "the webhook that admits everything was not asked each time"
    );
    ensure!(stage.latchkey.reviews("pods")? - before.1 == scale.count, "latchkey was not asked each time");
    for (share, name) in SHARES {
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
    unasked(&stage, figures)?;
    stage.restart(&Under { env: &[("LATCHKEY_ANNOTATE_PODS", "false")], ..under.clone() })?;
    until_all_are_asked(&stage, &server, "restarted")?;
    let [all, managed] = in_turns(&stage, scale.count / 2, "bare", [WAYS[1], WAYS[2]])?;
    for (share, name) in SHARES {
        let ratio = managed.percentile(share) / all.percentile(share);
        figures.add(format!("the first where Pods get no annotation, {name}"), "x", ratio, Goal::AtMost(1.1));
    }
    Ok(())
}

/// So many Pods of each way, so named, in turns.
fn in_turns<const N: usize>(
    stage: &Stage,
    count: usize,
    prefix: &str,
    ways: [Way; N],
) -> Result<[Samples; N]> {
    let mut samples = [const { Samples::empty() }; N];
    for first in (0..count).step_by(ROUND) {
        for ((namespace, _, secret), samples) in ways.iter().zip(&mut samples) {
            let pods = (first..(first + ROUND).min(count))
                .map(|number| pod(namespace, &format!("{prefix}-{number}"), secret));
            samples.extend(stage.clients.write(&pods.collect::<Vec<_>>(), Until::Answered)?);
        }
    }
    Ok(samples)
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
fn until_all_are_asked(stage: &Stage, server: &AdmitAll, prefix: &str) -> Result<()> {
    let (all, ours) = (server.answered(), stage.latchkey.reviews("pods")?);
    let mut number = 0;
    wait("the registration of both webhooks", || {
        number += 1;
        let pods = WAYS.map(|(namespace, _, secret)| pod(namespace, &format!("{prefix}-{number}"), secret));
        stage.clients.write(&pods, Until::Answered)?;
        Ok((server.answered() > all && stage.latchkey.reviews("pods")? > ours + 1).then_some(()))
    })
}
