//! What is wrong between the objects of a set.

use std::collections::BTreeMap;

use latchkey_api::external_secret::CreationPolicy;

use super::check::{Known, KnownStore, placed};
use super::duplicates::{Written, kind_of, merged, written};
use super::finding::{Finding, Kind, Severity};
use super::pushes;
use crate::cli::manifests::Object;
use crate::engine::plan::{Plan, StoreKey};

/// All of it.
pub(super) fn together(all: &[(&Object, Known)], objects: &[Object]) -> Vec<Finding> {
    let stores: Vec<_> = all
        .iter()
        .filter_map(|(_, known)| match known {
            Known::Store(store) => Some(store),
            Known::Plan(_) | Known::Fan(_) | Known::Push(_) => None,
        })
        .collect();
    let pushes: Vec<_> = all
        .iter()
        .filter_map(|(object, known)| match known {
            Known::Push(pushing) => Some((*object, &**pushing)),
            Known::Plan(_) | Known::Fan(_) | Known::Store(_) => None,
        })
        .collect();
    let mut owners: BTreeMap<Written<'_>, &Object> = BTreeMap::new();
    let mut writers = BTreeMap::new();
    let mut findings = pushes::findings(&pushes, &stores, objects);
    for (object, known) in all {
        let plan = match known {
            Known::Plan(plan) => {
                findings.extend(elsewhere(object, plan, &stores, "spec"));
                findings.extend(merged(object, plan, &mut writers));
                plan
            }
            Known::Fan(plan) => {
                findings.extend(elsewhere(object, plan, &stores, "spec.externalSecretSpec"));
                continue;
            }
            Known::Store(_) | Known::Push(_) => continue,
        };
        if plan.target.creation != CreationPolicy::Owner {
            continue;
        }
        let owner = owners.entry(written(object, plan)).or_insert(object);
        if owner.name() != object.name() {
            let said = format!(
                "spec.target.name: the {} {:?} is owned by {} too ({}:{}); give each its own",
                kind_of(plan).1,
                plan.target.name,
                owner.title(),
                owner.file,
                owner.lines.of("")
            );
            findings.push(Finding::of(object, Severity::Warning, Kind::SharedTarget, said));
        }
    }
    findings
}

/// The stores of a plan that are not in the set, each once.
fn elsewhere(object: &Object, plan: &Plan, stores: &[&KnownStore], at: &str) -> Vec<Finding> {
    let is_here = |wanted: &StoreKey| {
        let same_namespace = |namespace: &Option<String>| {
            namespace.is_none() || object.namespace().is_none() || *namespace == wanted.namespace
        };
        let same = |store: &&&KnownStore| (store.key.kind, &store.key.name) == (wanted.kind, &wanted.name);
        stores.iter().filter(same).any(|store| same_namespace(&store.key.namespace))
    };
    let mut wanted: Vec<_> = plan.sources.iter().map(|source| &source.store).collect();
    wanted.sort();
    wanted.dedup();
    let missing = wanted.into_iter().filter(|store| !is_here(store)).map(|store| {
        let said = format!("{}: no manifest of these defines the {store}", plan.store_field(store));
        Finding::of(object, Severity::Note, Kind::StoreElsewhere, placed(at, said))
    });
    missing.collect()
}
