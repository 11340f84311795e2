//! 429 with Retry-After.

use std::time::{Duration, Instant};

use latchkey_testbed::{Asked, Fault};
use serde_json::json;

use super::stage::{Gated, LIMIT, Objects, Stage, names, rate, stage};
use crate::chaos::{Row, scale};
use crate::support::Namespace;

const AFTER: Duration = Duration::from_secs(1);

/// What is refused, and how often in a row.
const REFUSED: [(&str, usize); 6] = [
    ("get secrets", 1),
    ("create secrets", 1),
    ("patch secrets", 1),
    ("patch externalsecrets/status", 2),
    ("create events", 2),
    ("update leases", 2),
];

/// What comes so soon after a refusal was on its way before that was heard.
const ON_ITS_WAY: Duration = Duration::from_millis(300);

/// The shortest time between a refusal and a request of its kind that was made knowing of it.
fn shortest(asked: &[Asked], kind: &str) -> Option<Duration> {
    let of_kind: Vec<&Asked> = asked.iter().filter(|asked| asked.is(kind)).collect();
    let refused = of_kind.iter().enumerate().filter(|(_, asked)| asked.status == Some(429));
    let gaps = refused
        .flat_map(|(place, refused)| of_kind[place..].iter().map(|next| next.at.duration_since(refused.at)));
    gaps.filter(|gap| *gap > ON_ITS_WAY).min()
}

#[test]
fn nothing_is_asked_again_before_its_time() {
    let stage = stage();
    let [only] = stage.gated::<1>(&[]);
    each_kind(&stage, &only);
    a_crowd(&stage, &only);
}

fn each_kind(stage: &Stage, only: &Gated) {
    let ns = Namespace::with_aws(&stage.world, "refused");
    let rounds = scale(1, 5);
    let mut least = Duration::MAX;
    for round in 0..rounds {
        only.gate.forget();
        for (kind, times) in REFUSED {
            only.gate.next(times, move |asked| asked.is(kind), Fault::Refuse(429, 1));
        }
        ns.put("db", "one");
        let name = format!("db-{round}");
        ns.apply(&ns.of(&name, "db", json!({})).to_string()).silent();
        assert_eq!(ns.value(&name, "value").as_deref(), Some("one"), "there when apply returns all the same");
        ns.wait_synced(&name);
        ns.wait_event(&name, "Created", "secret created");
        let count = |kind: &str| only.gate.count(|asked| asked.is(kind) && asked.status == Some(429));
        stage.world.wait("all refusals", LIMIT, || {
            REFUSED.iter().all(|(kind, times)| count(kind) == *times).then_some(())
        });
        // The next Lease is written after its retry period anyway: that it comes says that the replica still leads.
        stage.world.wait("what follows", LIMIT, || {
            let asked = only.gate.asked();
            REFUSED
                .iter()
                .all(|(kind, _)| {
                    asked
                        .iter()
                        .rev()
                        .find(|asked| asked.is(kind))
                        .is_some_and(|last| last.status != Some(429))
                })
                .then_some(())
        });
        let asked = only.gate.asked();
        for (kind, _) in REFUSED {
            let gap = shortest(&asked, kind).expect("asked again");
            assert!(gap >= AFTER, "{kind} after {gap:?}");
            least = least.min(gap);
        }
    }
    assert!(only.latchkey.leads());
    Row {
        area: "api_server",
        fault: "429 with Retry-After: 1 to reads, writes, adoptions, statuses, events and the Lease at once",
        test: "api_server::refusals::nothing_is_asked_again_before_its_time",
        tried: format!("{} refusals", rounds * REFUSED.iter().map(|(_, times)| times).sum::<usize>()),
        seen: format!(
            "each obeyed, the shortest pause was {:.2} s; every apply had its Secret without a warning",
            least.as_secs_f64()
        ),
        well_after: None,
    }
    .write();
}

/// Many that are refused do not come back together.
fn a_crowd(stage: &Stage, only: &Gated) {
    let ns = Namespace::with_aws(&stage.world, "crowd");
    let is_status = |asked: &Asked| asked.is("patch externalsecrets/status");
    only.gate.on(is_status, Fault::Refuse(429, 1));
    let count = scale(30, 200);
    only.gate.forget();
    let objects = Objects::apply(&ns, names("db", count), "1h");
    stage.world.wait("a refusal", LIMIT, || (only.gate.count(is_status) > 0).then_some(()));
    std::thread::sleep(AFTER * 2); // those that were on their way
    let a_second = rate(&only.gate, scale(Duration::from_secs(3), Duration::from_secs(10)), is_status);
    assert!(a_second <= 1.2, "{a_second} statuses a second though each is refused for a second");
    let reads = objects.names.iter().map(|name| ns.reads(name)).sum::<usize>();
    only.gate.behave();
    let start = Instant::now();
    objects.well("one");
    let well_after = start.elapsed();
    let again = objects.names.iter().map(|name| ns.reads(name)).sum::<usize>() - reads;
    assert!(
        again <= count / 5,
        "{again} of {count} were read once more only because their status was not taken"
    );
    Row {
        area: "api_server",
        fault: "every status refused with 429 for a while",
        test: "api_server::refusals::nothing_is_asked_again_before_its_time",
        tried: format!("{count} ExternalSecrets"),
        seen: format!("{a_second:.1} statuses tried a second; {again} values read once more because of it"),
        well_after: Some(well_after),
    }
    .write();
}
