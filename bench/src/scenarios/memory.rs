//! Resident memory with nothing, some, many and very many ExternalSecrets, and after all were rotated again and again.

use anyhow::Result;

use super::Scale;
use crate::client::{Object, Until};
use crate::figures::{Figures, Goal};
use crate::objects::{STORE, external_secret, forced};
use crate::stage::{OURS, Stage, Under};

const NAMESPACE: &str = "memory";

/// How often all are rotated.
const ROTATIONS: usize = 10;

pub(super) fn measure(under: &Under, scale: Scale, figures: &mut Figures) -> Result<()> {
    let stage = Stage::set(under, scale)?;
    stage.namespace(NAMESPACE, OURS)?;
    figures.add("resident memory, idle", "MiB", stage.latchkey.resident()?, Goal::AtMost(30.0));
    let few = scale.count;
    grow(&stage, 0, few)?;
    let what = format!("resident memory with {few} ExternalSecrets");
    figures.add(what, "MiB", stage.latchkey.resident()?, Goal::AtMost(60.0));
    for round in 0..ROTATIONS {
        stage.remote.put((0..few).map(key), &value(&format!("round {round}")));
        let all: Vec<Object> = (0..few).map(|number| forced(NAMESPACE, &name(number), round)).collect();
        stage.clients.write(&all, Until::Answered)?;
    }
    stage.settle(NAMESPACE, few)?;
    let what = format!("the same after {ROTATIONS} forced rotations");
    figures.add(what, "MiB", stage.latchkey.resident()?, Goal::AtMost(60.0));
    let many = 5 * few;
    grow(&stage, few, many)?;
    let what = format!("resident memory with {many} ExternalSecrets");
    figures.add(what, "MiB", stage.latchkey.resident()?, Goal::AtMost(150.0));
    Ok(())
}

/// The same with very many.
pub(super) fn measure_large(under: &Under, scale: Scale, figures: &mut Figures) -> Result<()> {
    let stage = Stage::set(under, scale)?;
    stage.namespace(NAMESPACE, OURS)?;
    let many = 25 * scale.count;
    grow(&stage, 0, many)?;
    let what = format!("resident memory with {many} ExternalSecrets");
    figures.add(what, "MiB", stage.latchkey.resident()?, Goal::AtMost(500.0));
    Ok(())
}

fn grow(stage: &Stage, first: usize, last: usize) -> Result<()> {
    stage.remote.put((first..last).map(key), &value("bench"));
    let object = |number| external_secret(NAMESPACE, &name(number), STORE, &key(number), "12h");
    let objects: Vec<Object> = (first..last).map(object).collect();
    stage.clients.write(&objects, Until::Answered)?;
    stage.settle(NAMESPACE, last).map(drop)
}

fn name(number: usize) -> String {
    format!("es-{number}")
}

fn key(number: usize) -> String {
    format!("memory/{number}")
}

fn value(password: &str) -> String {
    format!(r#"{{"password":"{password}"}}"#)
}
