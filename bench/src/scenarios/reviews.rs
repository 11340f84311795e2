//! Admission alone: reviews straight to the port, of Pods whose Secret is there and fresh, so that nothing but memory is asked.

use std::time::Duration;

use anyhow::{Result, ensure};
use latchkey::registration::{PATH_EXTERNAL_SECRETS, PATH_PODS};

use super::Scale;
use crate::admit_all::AdmitAll;
use crate::client::Until;
use crate::direct::{Direct, creation, update};
use crate::figures::{Figures, Goal};
use crate::objects::{STORE, external_secret, external_secrets, pod};
use crate::samples::Samples;
use crate::stage::{OURS, Stage, Under};

/// How many different reviews are sent again and again.
const DIFFERENT: usize = 50;

/// How many are sent to see how many go.
const FLOOD: usize = 60_000;

/// How often latchkey and a server that admits everything have their turns.
const TURNS: usize = 5;

/// How many at once.
const AT_ONCE: usize = 32;

pub(super) fn measure(under: &Under, scale: Scale, figures: &mut Figures) -> Result<()> {
    let stage = Stage::set(under, scale)?;
    let pods = pods(&stage, "reviews")?;
    let each = flood(&stage, &pods, "pods")?;
    figures.add(
        "Pods of a fresh Secret: reviews a second and core",
        "",
        each.round(),
        Goal::AtLeast(15_000.0),
    );
    let server = AdmitAll::start(&stage.clients)?;
    let all = stage.clients.wait(pods.to_admit_all(&server))?;
    let [ours, all] = in_turns(&stage, [&pods, &all], each / 2.0, Duration::from_secs(2))?;
    figures.add("…p50 at half of that", "ms", ours.percentile(0.5), Goal::None);
    figures.add("…p99 at half of that", "ms", ours.percentile(0.99), Goal::AtMost(2.0));
    let ratio = ours.percentile(0.99) / all.percentile(0.99);
    figures.add("…the same over a server of the benchmark's that admits everything", "x", ratio, Goal::None);

    let path = format!("{}/es-0", external_secrets("reviews"));
    let stored = stage.cluster.api("GET", &path, &serde_json::Value::Null)?;
    let same = [update(&stored, &stored)];
    let unchanged = stage.clients.wait(Direct::connect(&stage, PATH_EXTERNAL_SECRETS, &same))?;
    let each = flood(&stage, &unchanged, "externalsecrets")?;
    figures.add("unchanged ExternalSecrets: reviews a second and core", "", each.round(), Goal::None);
    Ok(())
}

/// Reviews of Pods, each of which names one of the ExternalSecrets' Secrets.
pub(super) fn pods(stage: &Stage, namespace: &str) -> Result<Direct> {
    stage.namespace(namespace, OURS)?;
    stage.remote.put(["reviews".to_owned()], r#"{"password":"bench"}"#);
    let object = |number| external_secret(namespace, &format!("es-{number}"), STORE, "reviews", "12h");
    let objects: Vec<_> = (0..DIFFERENT).map(object).collect();
    stage.clients.write(&objects, Until::AnsweredWithSecret)?;
    stage.settle(namespace, DIFFERENT)?;
    let reviews = (0..DIFFERENT).map(|number| {
        let pod = pod(namespace, &format!("pod-{number}"), &format!("es-{number}"));
        creation(&stage.cluster, &pod.path, &pod.body)
    });
    let reviews = reviews.collect::<Result<Vec<_>>>()?;
    stage.clients.wait(Direct::connect(stage, PATH_PODS, &reviews))
}

/// Sends both, so many a second, in turns that take so long each.
pub(super) fn in_turns(stage: &Stage, both: [&Direct; 2], rate: f64, turn: Duration) -> Result<[Samples; 2]> {
    let mut samples = [const { Samples::empty() }; 2];
    for _ in 0..TURNS {
        for (reviews, samples) in both.iter().zip(&mut samples) {
            samples.extend(stage.clients.wait(reviews.paced(rate, turn))?);
        }
    }
    Ok(samples)
}

/// How many reviews go for each second of a core that latchkey uses.
fn flood(stage: &Stage, reviews: &Direct, resource: &str) -> Result<f64> {
    stage.clients.wait(reviews.flood(FLOOD / 10, AT_ONCE))?; // until everything is warm
    let (before, cpu) = (stage.latchkey.reviews(resource)?, stage.latchkey.cpu()?);
    stage.clients.wait(reviews.flood(FLOOD, AT_ONCE))?;
    let cpu = stage.latchkey.cpu()? - cpu;
    ensure!(stage.latchkey.reviews(resource)? - before == FLOOD, "not every review was counted");
    Ok(FLOOD as f64 / cpu)
}
