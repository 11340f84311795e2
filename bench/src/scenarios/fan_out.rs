//! One ClusterExternalSecret and many namespaces: until each has its Secret, how often the provider is read for it, and how
//! soon a namespace that comes later has its own.

use std::time::{Duration, Instant};

use anyhow::Result;
use latchkey_testbed::wait_for;
use serde_json::{Value, json};

use super::Scale;
use crate::client::{Object, Until, Verb};
use crate::figures::{Figures, Goal};
use crate::objects::{FOREIGN_STORE, cluster_store, external_secret, fan, secret};
use crate::samples::Samples;
use crate::stage::{LABEL, NONE, OURS, Stage, Under, wait};

/// The ClusterExternalSecret, and what it makes.
const NAME: &str = "fan";
/// The remote key that all of them want.
const KEY: &str = "shared";
/// How many namespaces are made later, one after the other.
const LATER: usize = 20;

pub(super) fn measure(under: &Under, scale: Scale, figures: &mut Figures) -> Result<()> {
    let stage = Stage::set(under, scale)?;
    let count = scale.count / 2;
    stage.cluster.create("/apis/external-secrets.io/v1/clustersecretstores", &cluster_store())?;
    stage.remote.put([KEY.to_owned()], r#"{"password":"one"}"#);
    stage.namespace("raw", NONE)?;
    let namespaces: Vec<Object> = (0..count).map(|number| namespace(&format!("fan-{number}"))).collect();
    stage.clients.write(&namespaces, Until::Answered)?;
    stage.latchkey.rest()?;

    let start = Instant::now();
    let written = |number: usize| format!("es-{number}");
    let objects = |number| external_secret("raw", &written(number), FOREIGN_STORE, "k", "12h");
    stage.clients.write(&(0..count).map(objects).collect::<Vec<_>>(), Until::Answered)?;
    let secrets = |number| secret("raw", &written(number));
    stage.clients.write(&(0..count).map(secrets).collect::<Vec<_>>(), Until::Answered)?;
    let raw = start.elapsed().as_secs_f64();

    let start = Instant::now();
    stage
        .cluster
        .create("/apis/external-secrets.io/v1/clusterexternalsecrets", &fan(NAME, KEY, (LABEL, OURS)))?;
    wait("a Secret in every namespace", || Ok((secrets_of_all(&stage)? == count).then_some(())))?;
    let taken = start.elapsed().as_secs_f64();
    let reads = stage.remote.asked().reads;

    figures.add("the same ExternalSecrets and Secrets written raw", "s", raw, Goal::None);
    let what = format!("one ClusterExternalSecret: until {count} namespaces have its Secret");
    figures.add(what, "s", taken, Goal::AtMost(10.0));
    figures.add("the same over writing them raw", "x", taken / raw, Goal::None);
    figures.add("reads of the provider for it", "", reads as f64, Goal::AtMost(1.0));

    stage.latchkey.rest()?;
    let mut later = Samples::default();
    for number in 0..LATER {
        later.push(come_later(&stage, &format!("later-{number}"))?);
    }
    let what = format!("the slowest of {LATER} namespaces that come later: until it has its Secret");
    figures.add(what, "ms", later.percentile(1.0), Goal::AtMost(1000.0));
    Ok(())
}

/// How long it takes from making this namespace until its Secret is there.
fn come_later(stage: &Stage, name: &str) -> Result<Duration> {
    let start = Instant::now();
    stage.clients.write(&[namespace(name)], Until::Answered)?;
    let path = format!("/api/v1/namespaces/{name}/secrets/{NAME}");
    wait_for("the Secret of a new namespace", Duration::from_secs(60), || {
        std::thread::sleep(Duration::from_millis(5));
        Ok(stage.cluster.api("GET", &path, &Value::Null).ok().map(drop))
    })?;
    Ok(start.elapsed())
}

fn namespace(name: &str) -> Object {
    let body = json!({ "metadata": { "name": name, "labels": { LABEL: OURS } } });
    Object { verb: Verb::Create, path: "/api/v1/namespaces".to_owned(), body, secret: None }
}

fn secrets_of_all(stage: &Stage) -> Result<usize> {
    std::thread::sleep(Duration::from_millis(250)); // a long list is work that others wait for
    let path = format!("/api/v1/secrets?fieldSelector=metadata.name%3D{NAME}");
    let list = stage.cluster.api("GET", &path, &Value::Null)?;
    Ok(list["items"].as_array().map_or(0, Vec::len))
}
