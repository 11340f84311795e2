//! Many specifications of one kind, through what admission does with them.

use latchkey::engine::convert::Data;
use latchkey::engine::render::{Objects, templated};
use latchkey_api::push_secret::PushSecretSpec;
use serde_json::{Value, json};

use super::{Subject, user_of};
use crate::run::{Report, send, watched};
use crate::{Bench, CANARY, Random, objects};

/// Sends so many objects of this kind, from this seed on, to a stand of its own: they are read, validated, planned, and, with
/// values that must not be told, selected, rewritten and rendered. Counts panics of the whole process.
pub fn run(subject: &Subject, seed: u64, count: usize) -> Report {
    watched(async {
        let bench = Bench::start().await;
        let mut report = Report::default();
        for seed in (seed..).take(count) {
            one(&bench, subject, seed, &mut report).await;
        }
        report
    })
}

async fn one(bench: &Bench, subject: &Subject, seed: u64, report: &mut Report) {
    let random = &mut Random::new(seed);
    let mut object = subject.object(random);
    if let Some(told) = pushed(&object) {
        report.fault(seed, &subject.kind, &told);
    }
    if subject.is_generator() {
        let name = format!("made-{seed}"); // each another one: what was read a moment ago is not read again
        object["metadata"]["name"] = json!(name);
        bench.makes(object);
        object = user_of(subject, &name);
    }
    let mut review = objects::created(&object);
    review["request"]["dryRun"] = json!(random.once_in(4));
    if !subject.is_generator() && random.once_in(4) {
        review["request"]["operation"] = json!("UPDATE");
        review["request"]["oldObject"] = subject.object(random);
    }
    let bytes = review.to_string().into_bytes();
    send(bench, subject.path(), &bytes, (seed, &subject.kind), report).await;
}

/// What a PushSecret's template tells of a value that it must not tell, if it does: templates of PushSecrets are rendered when
/// they are pushed, not when they are admitted.
fn pushed(object: &Value) -> Option<String> {
    if object["kind"] != "PushSecret" {
        return None;
    }
    let template = serde_json::from_value::<PushSecretSpec>(object["spec"].clone()).ok()?.template?;
    let values: Data = ["password", "value"].iter().map(|key| ((*key).to_owned(), CANARY.into())).collect();
    let error = templated(&template, values, &Objects::default()).err()?.to_string();
    error.contains(CANARY).then(|| format!("a value is in it: {error}"))
}
