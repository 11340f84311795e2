//! Dry runs in floods beside applies in earnest.

use std::sync::PoisonError;
use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use super::crowd::{Answer, Crowd, Sent, figures, quantile};
use super::stub::Stub;
use super::{POLICY, all_good, collection, creation, object, secrets, stage};
use crate::chaos::{Row, scale};
use crate::support::Namespace;

/// Applies in earnest, one client after the other's answer.
fn applies(ns: &Namespace<'_>, crowd: &Crowd, name: &str, count: usize) -> Vec<Answer> {
    let one = |number: usize| {
        creation(ns, &format!("{name}-{number}"), &format!("{}/{name}-{number}", ns.name), "1h")
    };
    let answers = crowd.send((0..count).map(one).collect());
    all_good(&answers);
    answers
}

#[test]
fn a_flood_of_dry_runs_holds_no_apply_up_and_writes_nothing() {
    let _policy = POLICY.read().unwrap_or_else(PoisonError::into_inner);
    let world = stage();
    let (ns, stub) = (Namespace::new(world, "dry-flood"), Stub::start());
    stub.store(&ns);
    let (count, clients) = (scale(40, 600), scale(16, 64));
    let crowd = Crowd::new(&world.cluster, 4);
    let alone = applies(&ns, &crowd, "alone", count);

    // The API server alone under as many dry runs: what it takes by itself is not latchkey's.
    let config_maps = format!("/api/v1/namespaces/{}/configmaps?dryRun=All", ns.name);
    let plain = Crowd::new(&world.cluster, clients).flood(move |number| {
        let body = json!({ "metadata": { "name": format!("plain-{number}") }, "data": { "a": "b" } });
        Sent::create(&config_maps, body)
    });
    let beside_plain = applies(&ns, &crowd, "plain", count);
    all_good(&plain.end());

    let path = format!("{}?dryRun=All", collection(&ns));
    let template = object(&ns, "dry", &format!("{}/dry", ns.name), "1h");
    let flood = Crowd::new(&world.cluster, clients).flood(move |number| {
        let mut body = template.clone();
        body["metadata"]["name"] = json!(format!("dry-{number}"));
        body["spec"]["data"][0]["remoteRef"]["key"] = json!(format!("dry/{}", number % 100));
        Sent { method: Method::POST, path: path.clone(), body, then: None }
    });
    let beside = applies(&ns, &crowd, "beside", count);
    let dry = flood.end();
    all_good(&dry);

    assert!(beside.iter().chain(&beside_plain).chain(&alone).all(|answer| answer.there && !answer.is_shed()));
    assert!(secrets(&ns).iter().all(|(name, _)| !name.starts_with("dry-")), "a dry run writes nothing");
    let says_so = |answer: &&Answer| {
        answer.warnings.iter().any(|text| text.contains("this dry run was not tried, and proves nothing"))
    };
    let shed = dry.iter().filter(says_so).count();
    let ratio = |of: &[Answer]| quantile(of, 0.99).as_secs_f64() / quantile(&alone, 0.99).as_secs_f64();
    assert!(quantile(&beside, 1.0) < Duration::from_secs(5));
    super::keep(Row {
        area: "bursts",
        fault: "a flood of dry runs beside applies in earnest",
        test: "bursts::dry_runs::a_flood_of_dry_runs_holds_no_apply_up_and_writes_nothing",
        tried: format!("{} dry runs from {clients} clients beside {count} applies from 4", dry.len()),
        seen: format!(
            "every apply had its Secret at return, none waited for the background; applies alone {}; beside the flood {} \
             (p99 × {:.1}; beside as many clients' dry runs of ConfigMaps, which are the API server's alone, × {:.1}); \
             {shed} dry runs were told that they prove nothing; nothing was written",
            figures(&alone),
            figures(&beside),
            ratio(&beside),
            ratio(&beside_plain),
        ),
        well_after: None,
    });
}
