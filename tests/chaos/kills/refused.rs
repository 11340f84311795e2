//! What is refused after our answer, while replicas die over it: nothing of it is left 90 seconds later.

use std::time::{Duration, Instant};

use latchkey::failpoint::{Side, Step};
use serde_json::{Value, json};

use super::kept::value;
use super::stage::{Point, Stage, Who};
use super::watch::Watch;
use crate::chaos::{Row, scale};
use crate::protocol::refused::refuse;
use crate::support::Namespace;

/// The promise, from the refusal on.
const PROMISE: Duration = Duration::from_secs(90);

/// What a busy machine may take in addition.
const LENIENCE: Duration = Duration::from_secs(30);

/// The annotation that is left by an admission.
const PENDING: &str = "latchkey.dev/pending";

/// Who dies where over an object that is refused, and who answers.
const DEATHS: [Option<(Step, Side, Who)>; 5] = [
    None,
    Some((Step::SecretWrite, Side::After, Who::Follower)),
    Some((Step::Answer, Side::After, Who::Leader)),
    Some((Step::SecretWrite, Side::After, Who::Leader)),
    Some((Step::Answer, Side::Before, Who::Leader)),
];

/// ExternalSecrets that were refused.
pub struct Refused<'a> {
    ns: Namespace<'a>,
    watch: Watch,
    objects: Vec<Object>,
}

struct Object {
    name: String,
    is_new: bool,
    refused: Instant,
}

impl Object {
    /// When its Secret went, or got the stored value again and lost the mark.
    fn end(&self, watch: &Watch) -> Option<Instant> {
        let (seen, last) = watch.timed(&self.name).pop()?;
        let right = match self.is_new {
            true => last.change == "DELETED",
            false => last.pending().is_none() && value(&last.secret).as_deref() == Some("one"),
        };
        right.then_some(seen)
    }
}

impl<'a> Refused<'a> {
    /// Has new ExternalSecrets and changed ones refused.
    pub fn start(stage: &'a Stage) -> Self {
        let ns = Namespace::with_aws(&stage.world, "refused");
        let watch = Watch::start(&ns);
        ns.put("one", "one");
        ns.put("refused", "refused");
        let deaths = scale(&DEATHS[..3], &DEATHS[..]);
        let kept: Vec<Value> =
            (0..deaths.len()).map(|n| ns.of(&format!("kept-{n}"), "one", json!({}))).collect();
        ns.apply(&json!({ "apiVersion": "v1", "kind": "List", "items": kept }).to_string()).silent();
        (0..deaths.len()).for_each(|n| drop(ns.wait_synced(&format!("kept-{n}"))));
        refuse(&ns, "object.spec.data[0].remoteRef.key.endsWith('one')");
        let mut objects = Vec::new();
        for (n, death) in deaths.iter().enumerate() {
            for (name, is_new) in [(format!("new-{n}"), true), (format!("kept-{n}"), false)] {
                break_off(stage, &ns, &name, *death);
                objects.push(Object { name, is_new, refused: Instant::now() });
            }
        }
        Self { ns, watch, objects }
    }

    /// Waits until nothing is left of them.
    pub fn finish(self) -> Row {
        let Self { ns, watch, objects } = self;
        let mut well_after = Duration::ZERO;
        for object in &objects {
            let limit = (PROMISE + LENIENCE).saturating_sub(object.refused.elapsed());
            let limit = limit.max(Duration::from_secs(1));
            let end = ns.world.wait(&format!("the end of {}", object.name), limit, || object.end(&watch));
            well_after = well_after.max(end.saturating_duration_since(object.refused));
        }
        Row {
            area: "kills",
            fault: "an ExternalSecret is refused by somebody after latchkey, and the replica that wrote for it is killed",
            test: "kills::every_step::whoever_dies_before_or_after_whichever_step_the_end_is_the_same",
            tried: format!("{} objects, all but two with a death", objects.len()),
            seen: "new Secrets gone, changed ones with the stored values again; at the latest seen after"
                .into(),
            well_after: Some(well_after),
        }
    }
}

fn break_off(stage: &Stage, ns: &Namespace<'_>, name: &str, death: Option<(Step, Side, Who)>) {
    stage.recover();
    if let Some((step, side, who)) = death {
        stage.answered_by(Some(who));
        let point = Point { step, side };
        stage.arm(point, &point.object(&ns.name, name));
    }
    ns.apply(&ns.of(name, "refused", json!({})).to_string()).refused();
    assert_eq!(ns.value(name, "value").as_deref(), Some("refused"), "{name} was written before the refusal");
    if death.is_some() {
        assert!(
            stage.wait_death().answered,
            "another replica has died than the one that answered for {name}"
        );
    }
}

/// Makes the mark on a Secret two minutes older, by the hand that wrote it.
pub fn age(ns: &Namespace<'_>, secret: &str) {
    let path = format!("/api/v1/namespaces/{}/secrets/{secret}", ns.name);
    let found = ns.world.get(&path).expect("the Secret");
    let text = found["metadata"]["annotations"][PENDING].as_str().expect("a mark");
    let mut mark: Value = serde_json::from_str(text).expect("JSON");
    let at: jiff::Timestamp = mark["at"].as_str().and_then(|at| at.parse().ok()).expect("a time");
    mark["at"] = json!((at - jiff::SignedDuration::from_mins(2)).to_string());
    let managers = found["metadata"]["managedFields"].as_array().into_iter().flatten();
    let wrote = |fields: &&Value| fields["fieldsV1"].to_string().contains(PENDING);
    let manager = managers.filter(wrote).find_map(|fields| fields["manager"].as_str()).expect("its writer");
    let patch = json!({ "metadata": { "annotations": { PENDING: mark.to_string() } } }).to_string();
    let args = ["patch", "secret", secret, "--type=merge", "--field-manager", manager, "--patch", &patch];
    ns.kubectl(&args).good();
}
