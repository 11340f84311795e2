//! How long latchkey takes from its start until it is ready, with nothing and with many ExternalSecrets.

use anyhow::Result;

use super::Scale;
use crate::client::{Object, Until};
use crate::figures::{Figures, Goal};
use crate::objects::{FOREIGN_STORE, external_secret};
use crate::stage::{NONE, Stage, Under};

pub(super) fn measure(under: &Under, scale: Scale, figures: &mut Figures) -> Result<()> {
    let size = std::fs::metadata(&under.binary)?.len() as f64 / f64::from(1 << 20);
    figures.add("size of the binary", "MiB", size, Goal::AtMost(35.0));
    let mut stage = Stage::set(under, scale)?;
    let empty = stage.restart(under)?.as_secs_f64();
    figures.add("ready after its start, with nothing", "s", empty, Goal::AtMost(1.0));
    let many = 5 * scale.count;
    stage.namespace("many", NONE)?;
    let object = |number| external_secret("many", &format!("es-{number}"), FOREIGN_STORE, "k", "12h");
    let objects: Vec<Object> = (0..many).map(object).collect();
    stage.clients.write(&objects, Until::Answered)?;
    let full = stage.restart(under)?.as_secs_f64();
    figures.add(format!("ready after its start, with {many} ExternalSecrets"), "s", full, Goal::AtMost(5.0));
    Ok(())
}
