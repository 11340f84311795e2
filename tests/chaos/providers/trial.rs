//! One fault at one store: what becomes of the Secret there is, of those who apply, of the neighbours, and afterwards.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::CANARY;
use super::stage::{Fault, Kind, Stage};
use crate::chaos::{Row, scale};
use crate::support::Said;
use crate::support::manifests::{annotated, pod};

const NO_DATA: &str = "could not get secret data from provider";
const FAILURE_MODE: &str = "latchkey.dev/failure-mode";
/// `timeoutSeconds` of the registration.
const TIMEOUT: Duration = Duration::from_secs(5);
/// kubectl itself may take this long on a busy machine.
const KUBECTL: Duration = Duration::from_secs(5);

/// What the fault tells of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tells {
    /// That it is down: it is left alone.
    Down,
    /// That it is there: it is asked again.
    Up,
    /// Nothing.
    Unknown,
}

/// A fault to be tried.
#[derive(Debug)]
pub struct Case {
    pub test: &'static str,
    pub what: &'static str,
    pub kind: Kind,
    pub fault: Fault,
    pub tells: Tells,
    /// One of these is said at the prompt.
    pub says: &'static [&'static str],
}

/// How long each of some creates took.
struct Creates(Vec<Duration>);

impl Creates {
    fn of(stage: &Stage, prefix: &str, count: usize) -> Self {
        Self((0..count).map(|i| stage.create(&format!("{prefix}{i}"), &format!("n{i}"))).collect())
    }

    fn p99(&self) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort();
        sorted[(sorted.len() * 99).div_ceil(100) - 1]
    }
}

/// Tries it.
pub fn run(case: &Case) {
    let (count, objects) = (scale(8, 30), scale(12, 40));
    let (stage, neighbour) = (Stage::start(case.kind, Some(case.fault)), Stage::start(case.kind, None));
    (0..count).for_each(|i| neighbour.put(&format!("n{i}"), "v"));
    stage.put("app", "before");
    stage.put("new", "new");
    stage.ns.apply(&stage.object("app", "app", "2s").to_string()).silent();
    stage.ns.wait_ready("app", "True", "SecretSynced");
    let before = Creates::of(&neighbour, "before", count).p99();
    let (secret, measured) = (stage.ns.secret("app").expect("a Secret"), stage.measured());

    stage.breaks(case.fault);
    let prompt = is_answered(case, &stage);
    let pod = pod_is_admitted(&stage);
    stage.ns.wait_ready("app", "False", "SecretSyncedError");
    let (_, _, message) = stage.ns.ready("app").expect("a condition");
    assert!(message.starts_with(NO_DATA), "{message}");
    let during = Creates::of(&neighbour, "during", count).p99();
    // Whoever waited for the store that is broken would take all of the time that there is.
    assert!(during < before * 3 + Duration::from_secs(3), "neighbours: {before:?} before, {during:?} now");
    let calls = is_left_alone(case, (&stage, &neighbour), objects);
    let now = stage.measured();
    assert!(now.0 > measured.0 && now.1 > measured.1, "{measured:?} {now:?}");
    is_unchanged(&secret, &stage.ns.secret("app").expect("the Secret stays"));

    stage.mends(case.fault);
    let well = is_well_again(&stage);
    assert!(!stage.ns.world.latchkey.log().contains(CANARY), "a body was logged");
    Row {
        area: "providers",
        fault: case.what,
        test: case.test,
        tried: format!("{} applies, {} creates of neighbours", objects + 3, 2 * count),
        seen: format!(
            "last good Secret stays; answered by latchkey within {prompt:.1?} (timeoutSeconds 5); a Pod within {pod:.1?}; \
             neighbours' p99 {before:.0?} before, {during:.0?} during{calls}"
        ),
        well_after: Some(well),
    }
    .write();
}

/// A new ExternalSecret is warned of, or refused where that is wanted, by latchkey and in time.
fn is_answered(case: &Case, stage: &Stage) -> Duration {
    let began = Instant::now();
    let said = stage.ns.apply(&stage.object("new", "new", "1h").to_string()).good();
    let mut longest = began.elapsed();
    let warnings = said.warnings();
    assert!(warnings.len() == 1 && is_said(case, stage, warnings[0]), "{said}");
    let denied = annotated(stage.object("denied", "new", "1h"), FAILURE_MODE, "deny");
    let began = Instant::now();
    let said = stage.ns.apply(&denied.to_string()).refused();
    longest = longest.max(began.elapsed());
    assert!(
        said.err.contains("denied the request: ExternalSecret") && is_said(case, stage, &said.err),
        "{said}"
    );
    assert_eq!(stage.ns.external_secret("denied"), None);
    assert!(longest < TIMEOUT + KUBECTL, "{longest:?}");
    longest
}

/// The store, where it is, and why.
fn is_said(case: &Case, stage: &Stage, text: &str) -> bool {
    let place = match case.kind {
        Kind::Vault | Kind::Kubernetes => stage.proxy().url(),
        Kind::Aws => "AWS Secrets Manager in us-east-1".to_owned(),
    };
    let is_late = text.contains(super::LATE);
    let says = |part: &&&str| text.contains(**part);
    text.contains(&stage.ns.name)
        && (is_late || text.contains(&place))
        && case.says.iter().any(|part| says(&part))
        && !text.contains(CANARY)
}

fn pod_is_admitted(stage: &Stage) -> Duration {
    let began = Instant::now();
    let said: Said = stage.ns.apply(&pod("app", &["app"]).to_string()).good();
    assert!(!said.to_string().contains(CANARY), "{said}");
    assert!(began.elapsed() < TIMEOUT + KUBECTL, "{:?}", began.elapsed());
    began.elapsed()
}

/// Once the store is known to be down, it is hardly called, however many apply.
fn is_left_alone(case: &Case, (stage, neighbour): (&Stage, &Stage), objects: usize) -> String {
    if case.tells != Tells::Down {
        assert!(!stage.is_said_to_be_down(), "it answers");
        return String::new();
    }
    let limit = Duration::from_secs(45);
    stage.ns.world.wait("latchkey_store_down", limit, || stage.is_said_to_be_down().then_some(()));
    let since = Instant::now();
    let (mut own, mut others) = (Duration::ZERO, Duration::ZERO);
    for i in 0..objects {
        own += stage.create(&format!("more{i}"), "new");
        others += neighbour.create(&format!("more{i}"), "n0");
    }
    let calls = stage.calls_since(since).len();
    // The SDK makes up to three requests of a call; everybody's own would be as many as there are applies.
    let each = if case.kind == Kind::Aws { 3 } else { 1 };
    // Whether it is back is asked as time goes by, and on a busy machine more of that does.
    let took = since.elapsed();
    let seconds = usize::try_from(took.as_secs()).expect("few");
    assert!(calls < each * objects / 2 + seconds, "{calls} calls for {objects} applies in {seconds} s");
    // Whoever is not told at once waits for all of the time that there is, four seconds; a machine that is busy is so for others too.
    let most = others * 2 + Duration::from_secs(2) * u32::try_from(objects).expect("few");
    assert!(own < most, "{objects} applies took {own:?}, those of a neighbour {others:?}");
    format!("; {calls} calls for {objects} applies once it was known to be down")
}

fn is_unchanged(before: &Value, after: &Value) {
    assert_eq!(after["data"], before["data"]);
    assert_eq!(after["metadata"]["resourceVersion"], before["metadata"]["resourceVersion"]);
}

/// Without anybody doing anything.
fn is_well_again(stage: &Stage) -> Duration {
    let began = Instant::now();
    stage.put("app", "after");
    stage.ns.world.wait("the value of after", Duration::from_secs(90), || {
        stage.ns.value("app", "value").filter(|value| value == "after")
    });
    stage.ns.wait_ready("app", "True", "SecretSynced");
    let well = began.elapsed();
    stage.ns.world.wait("the end of latchkey_store_down", Duration::from_secs(60), || {
        (!stage.is_said_to_be_down()).then_some(())
    });
    stage.ns.world.wait("the Secret of who applied meanwhile", Duration::from_secs(90), || {
        stage.ns.value("new", "value").filter(|value| value == "new")
    });
    well
}
