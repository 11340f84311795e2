//! Resident memory of latchkey with none, some and many ExternalSecrets.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::client::{Clients, Object, Until};
use crate::objects::{STORE, external_secret};
use crate::report::Report;
use crate::stage::{OURS, Stage};

const NAMESPACE: &str = "memory";

/// As often as `count` that many there are at the end.
const MANY: usize = 5;

pub(crate) fn measure(stage: &Stage, clients: &Clients, count: usize, report: &mut Report) -> Result<()> {
    println!("Creating {} ExternalSecrets to look at memory", MANY * count);
    stage.namespace(NAMESPACE, OURS)?;
    stage.moto.put_secret("bench/memory", r#"{"password":"bench"}"#)?;
    let empty = resident(stage)?;
    report.memory(0, empty, None);
    for (first, last) in [(0, count), (count, MANY * count)] {
        clients.create(&objects(first, last), Until::AnsweredWithSecret)?;
        stage.settle(NAMESPACE, last)?;
        report.memory(last, resident(stage)?, Some(empty));
    }
    Ok(())
}

fn objects(first: usize, last: usize) -> Vec<Object> {
    let object = |number| external_secret(NAMESPACE, &format!("es-{number}"), STORE, "bench/memory", "12h");
    (first..last).map(object).collect()
}

/// Bytes, once they no longer fall: freed memory is given back a second after it is free.
fn resident(stage: &Stage) -> Result<f64> {
    let (mut least, mut since) = (f64::MAX, Instant::now());
    stage.wait("memory that no longer falls", || {
        let now = stage.metric("process_resident_memory_bytes")?;
        if now < least * 0.99 {
            (least, since) = (now, Instant::now());
        }
        Ok((since.elapsed() > Duration::from_secs(4)).then_some(now))
    })
}
