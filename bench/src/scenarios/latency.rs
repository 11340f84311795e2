//! How long one `kubectl apply` waits: an ExternalSecret with its Secret there in the answer, beside what cannot be saved: the
//! provider's time, and the two writes that the API server takes anyway.

use anyhow::{Result, ensure};

use super::Scale;
use crate::client::{Object, Until};
use crate::figures::{Figures, Goal};
use crate::objects::{FOREIGN_STORE, STORE, external_secret, secret};
use crate::samples::Samples;
use crate::stage::{ADMIT_ALL, NONE, OURS, Stage, Under};

/// How many objects of one way are created before the next way has its turn.
const ROUND: usize = 20;

/// How many there are of each way.
const COUNT: usize = 200;

/// The ways to create ExternalSecrets: namespace, how they are admitted, by which store, until when the clock runs.
const WAYS: [(&str, &str, &str, Until); 5] = [
    ("raw", NONE, FOREIGN_STORE, Until::Answered),
    ("asked", ADMIT_ALL, FOREIGN_STORE, Until::Answered),
    ("distinct", OURS, STORE, Until::AnsweredWithSecret),
    ("shared", OURS, STORE, Until::AnsweredWithSecret),
    ("later", NONE, STORE, Until::SecretSeen),
];

pub(super) fn measure(under: &Under, scale: Scale, figures: &mut Figures) -> Result<()> {
    let stage = Stage::set(under, Scale { clients: 1, ..scale })?;
    let server = stage.admit_all()?;
    for (namespace, admitted_by, ..) in WAYS {
        stage.namespace(namespace, admitted_by)?;
        stage.remote.put((0..COUNT).map(|number| key(namespace, number)), r#"{"password":"bench"}"#);
    }
    let mut samples = [const { Samples::empty() }; WAYS.len()];
    let (mut secrets, mut remote) = (Samples::empty(), Samples::empty());
    for first in (0..COUNT).step_by(ROUND) {
        let numbers = first..first + ROUND;
        for ((namespace, _, store, until), samples) in WAYS.iter().zip(&mut samples) {
            let object = |number: usize| {
                external_secret(namespace, &format!("es-{number}"), store, &key(namespace, number), "12h")
            };
            let objects: Vec<Object> = numbers.clone().map(object).collect();
            samples.extend(stage.clients.write(&objects, *until)?);
            if *store == STORE {
                stage.settle(namespace, first + ROUND)?;
            }
        }
        let made: Vec<Object> = numbers.map(|number| secret("raw", &format!("raw-{number}"))).collect();
        secrets.extend(stage.clients.write(&made, Until::Answered)?);
        remote.extend(stage.remote.measured(&stage.clients, &key("distinct", first), ROUND)?);
    }
    ensure!(server.answered() == COUNT, "the webhook that admits everything was not asked each time");
    let [raw, asked, distinct, shared, later] = samples.map(|samples| samples.percentile(0.5));
    let (writes, wait) = (raw + secrets.percentile(0.5), remote.percentile(0.5));
    figures.add("the provider's time, p50", "ms", wait, Goal::None);
    figures.add("two raw writes, an ExternalSecret and a Secret, p50", "ms", writes, Goal::None);
    let what = "create with Secret, over the provider's time and two raw writes, p50";
    figures.add(what, "x", distinct / (wait + writes), Goal::AtMost(1.3));
    let what = "the two raw writes where a webhook admits everything, over without, p50";
    figures.add(what, "x", (asked + secrets.percentile(0.5)) / writes, Goal::None);
    let what = "create with Secret, over the provider's time and those, p50";
    figures.add(what, "x", distinct / (wait + asked + secrets.percentile(0.5)), Goal::None);
    figures.add(
        "the same of a key that was read a moment ago, over two raw writes, p50",
        "x",
        shared / writes,
        Goal::None,
    );
    let what = "without admission until the refresher's Secret is there, over with admission, p50";
    figures.add(what, "x", later / distinct, Goal::None);
    Ok(())
}

/// All of one namespace share a key, the others have one each.
fn key(namespace: &str, number: usize) -> String {
    format!("{namespace}/{}", if namespace == "shared" { 0 } else { number })
}
