//! A store that is edited while many depend on it.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use super::crowd::Crowd;
use super::stub::Stub;
use super::{POLICY, all_good, creation, stage, wait_all_ready};
use crate::chaos::{Row, scale};
use crate::support::Namespace;

/// How many ExternalSecrets share a key.
const SHARE: usize = 5;

/// How often the store is edited.
const EDITS: usize = 10;

#[test]
fn an_edited_store_has_each_of_its_keys_read_once_more_for_all_who_use_it() {
    let _policy = POLICY.read().unwrap_or_else(PoisonError::into_inner);
    let world = stage();
    let (ns, old, new) = (Namespace::new(world, "edited"), Stub::start(), Stub::start());
    old.store(&ns);
    let count = scale(60, 500);
    let key = |number: usize| format!("{}/{}", ns.name, number / SHARE);
    let sent = |number: usize| creation(&ns, &format!("es-{number}"), &key(number), "1h");
    all_good(&Crowd::new(&world.cluster, 16).send((0..count).map(sent).collect()));
    wait_all_ready(&ns, count, Duration::from_secs(120));
    new.say("moved");

    let started = Instant::now();
    for edit in 0..EDITS {
        // The last one is the new server.
        let slash = if edit % 2 == 0 { "/" } else { "" };
        let server = if edit + 1 == EDITS { new.url() } else { format!("{}{slash}", old.url()) };
        let patch = format!(r#"--patch={{"spec":{{"provider":{{"vault":{{"server":"{server}"}}}}}}}}"#);
        world.kubectl(&["patch", "clustersecretstore", &ns.name, "--type=merge", &patch], "").good();
    }
    let edited = started.elapsed();
    world.wait("the new store's values", Duration::from_secs(120), || {
        std::thread::sleep(Duration::from_millis(300));
        let moved = super::secrets(&ns).iter().filter(|(_, value)| value.starts_with("moved")).count();
        (moved == count).then_some(())
    });
    let (resynced, keys) = (started.elapsed(), count.div_ceil(SHARE));
    let reads = new.reads();
    assert_eq!(reads.len(), keys);
    assert!(new.sum() <= 2 * keys, "{} reads of {keys} keys", new.sum());
    wait_all_ready(&ns, count, Duration::from_secs(60));
    super::keep(Row {
        area: "bursts",
        fault: "a store edited again and again while many depend on it",
        test: "bursts::stores::an_edited_store_has_each_of_its_keys_read_once_more_for_all_who_use_it",
        tried: format!("{EDITS} edits, {count} ExternalSecrets of {keys} keys"),
        seen: format!("all have the new store's values; {} reads of its {keys} keys", new.sum()),
        well_after: Some(resynced.saturating_sub(edited)),
    });
}
