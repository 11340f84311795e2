//! A store that asks to be left alone for a while is, by everybody.

use std::time::{Duration, Instant};

use latchkey_testbed::Reply;

use super::stage::{Kind, Stage};
use crate::chaos::{Row, scale};
use crate::support::manifests::pod;

/// Calls that were under way when the first answer came.
const UNDER_WAY: Duration = Duration::from_millis(500);

fn is_obeyed(test: &'static str, what: &'static str, kind: Kind, reply: &Reply) {
    let seconds = scale(6, 10);
    let asked = Duration::from_secs(seconds);
    let stage = Stage::start(kind, None);
    stage.put("app", "before");
    stage.ns.apply(&stage.object("app", "app", "1s").to_string()).silent();
    stage.ns.wait_ready("app", "True", "SecretSynced");
    let since = Instant::now();
    stage.answers(reply.clone().header("retry-after", &seconds.to_string()));
    let world = stage.ns.world;
    let first = world.wait("a call", Duration::from_secs(20), || stage.calls_since(since).first().copied());

    let mut asks = 0;
    while first.elapsed() < asked.saturating_sub(Duration::from_secs(2)) {
        stage.create(&format!("new{asks}"), "app");
        assert_eq!(stage.ns.force_sync("app").good().warnings().len(), 1, "not even a person is let through");
        stage.ns.apply(&pod(&format!("pod{asks}"), &["app"]).to_string()).good();
        asks += 1;
    }
    let next = world.wait("a call after the time is over", asked * 3 + Duration::from_secs(30), || {
        stage.calls_since(first + UNDER_WAY).first().copied()
    });
    let gap = next - first;
    assert!(gap + Duration::from_millis(100) >= asked, "called again after {gap:?}");

    let under_way = stage.calls_since(since).len() - stage.calls_since(first + UNDER_WAY).len();
    stage.mends_answers();
    let began = Instant::now();
    stage.put("app", "after");
    world.wait("the value of after", asked + Duration::from_secs(60), || {
        stage.ns.value("app", "value").filter(|value| value == "after")
    });
    Row {
        area: "providers",
        fault: what,
        test,
        tried: format!("Retry-After: {seconds}; {asks} times an apply, a forced sync and a Pod meanwhile"),
        seen: format!("{under_way} calls at once, the next after {:.1} s", gap.as_secs_f64()),
        well_after: Some(began.elapsed()),
    }
    .write();
}

#[test]
fn vault_says_when() {
    let (test, what) = ("providers::asked::vault_says_when", "Vault answers 429 with Retry-After");
    is_obeyed(test, what, Kind::Vault, &Reply::new(429, r#"{"errors":["rate limit quota exceeded"]}"#));
}

#[test]
fn vault_says_when_it_will_be_back() {
    let test = "providers::asked::vault_says_when_it_will_be_back";
    let reply = Reply::new(503, r#"{"errors":[]}"#);
    is_obeyed(test, "Vault answers 503 with Retry-After", Kind::Vault, &reply);
}

#[test]
fn aws_says_when() {
    let (test, what) = ("providers::asked::aws_says_when", "AWS throttles with Retry-After");
    is_obeyed(test, what, Kind::Aws, &Reply::aws_error(400, "ThrottlingException", "Rate exceeded"));
}
