//! From an ExternalSecret to its plan. What parses here works, as far as the specification decides it.

use std::time::Duration;

use latchkey_api::duration::GoDuration;
use latchkey_api::external_secret::{
    CreationPolicy, DataEntry, DataFromEntry, ExternalSecretSpec, Find, RemoteRef, SourceRef, StoreKind,
    StoreRef,
};
use latchkey_api::{ExternalSecret, validation};

use super::{Plan, RefreshPlan, Source, SourcePath, StoreKey, Take, TargetPlan, generated, types};
use crate::engine::error::Error;
use crate::engine::render::{self, Faults};
use crate::engine::rewrite::Rewriting;
use crate::engine::{manifest, message, recurrence, regexp};

/// The interval of an ExternalSecret that names none: the CRD's default.
const DEFAULT_INTERVAL: Duration = Duration::from_secs(3600);

impl TryFrom<&ExternalSecret> for Plan {
    type Error = Error;

    fn try_from(object: &ExternalSecret) -> Result<Self, Error> {
        let spec = &object.spec;
        let invalid = validation::validate_external_secret(spec);
        if !invalid.is_empty() {
            return Err(message::invalid_spec(&invalid));
        }
        let manifest = spec.target.as_ref().and_then(|target| target.manifest.as_ref());
        manifest.map_or(Ok(()), manifest::check)?;
        let Faults { broken, unfetched, mut doubts } = template_faults(spec);
        let fault = broken.into_iter().chain(unfetched).chain(types::fault(spec)).next();
        let target = TargetPlan { fault, ..target(object)? };
        match &target.fault {
            Some(fault) if target.keeps_what_is_there() => doubts.insert(0, fault.clone()),
            Some(fault) => return Err(fault.clone()),
            None => {}
        }
        let namespace = named(object.metadata.namespace.as_ref(), "metadata.namespace")?;
        let stores = Stores { namespace: &namespace, default: spec.secret_store_ref.as_ref() };
        Ok(Self {
            name: named(object.metadata.name.as_ref(), "metadata.name")?,
            store: stores.default(),
            sources: sources(spec, &stores)?,
            generated: generated::all(spec, &namespace)?,
            doubts,
            target,
            refresh: refresh(spec)?,
            namespace,
        })
    }
}

/// What is wrong with the templates of a specification, before anything is read. Which keys they may name is known where
/// all are of `data`, and asked of nobody where no Secret is written.
pub fn template_faults(spec: &ExternalSecretSpec) -> Faults {
    let keys = spec.data.iter().map(|entry| entry.secret_key.as_str()).collect();
    let known = spec.data_from.is_empty() && spec.creation_policy() != CreationPolicy::None;
    let template = spec.target.as_ref().and_then(|target| target.template.as_ref());
    let keys = known.then_some(&keys);
    match spec.target.as_ref().and_then(|target| target.manifest.as_ref()) {
        Some(_) => manifest::faults(template, keys),
        None => render::faults(template, keys),
    }
}

/// The regular expressions of a specification that are none, each with its place.
pub fn pattern_faults(spec: &ExternalSecretSpec) -> Vec<Error> {
    let entries = spec.data_from.iter().enumerate();
    let patterns = entries.flat_map(|(index, entry)| {
        let name = entry.find.as_ref().and_then(|find| find.name.as_ref()?.regexp.as_deref());
        let name = name.map(|text| (format!("{}.name.regexp", SourcePath::Find(index)), text));
        let rewrites = entry.rewrite.iter().enumerate().filter_map(move |(step, rewrite)| {
            let regexp = rewrite.regexp.as_ref().filter(|_| rewrite.merge.is_none())?;
            Some((format!("spec.dataFrom[{index}].rewrite[{step}].regexp.source"), regexp.source.as_str()))
        });
        name.into_iter().chain(rewrites)
    });
    let fault =
        |(at, text): (String, &str)| Some(message::invalid_pattern(&at, &regexp::compile(text).err()?));
    patterns.filter_map(fault).collect()
}

fn named(name: Option<&String>, field: &str) -> Result<String, Error> {
    name.filter(|name| !name.is_empty()).cloned().ok_or_else(|| message::missing_field(field))
}

/// Which store an entry reads: its own `sourceRef.storeRef`, else that of the whole ExternalSecret.
struct Stores<'a> {
    namespace: &'a str,
    default: Option<&'a StoreRef>,
}

impl Stores<'_> {
    fn default(&self) -> Option<StoreKey> {
        self.default.and_then(|store| self.key(store))
    }

    fn of(&self, at: SourcePath, own: Option<&SourceRef>) -> Result<StoreKey, Error> {
        match own.and_then(|own| own.store_ref.as_ref()) {
            Some(store) => self.key(store).ok_or_else(|| message::unnamed_store(&at.entry())),
            None => self.default().ok_or_else(|| match own.is_some_and(|own| own.generator_ref.is_some()) {
                true => message::generator_in_data(&at.entry()),
                false => message::no_store(&at.entry()),
            }),
        }
    }

    fn key(&self, store: &StoreRef) -> Option<StoreKey> {
        let name = store.name.clone().filter(|name| !name.is_empty())?;
        let namespace = match store.kind() {
            StoreKind::SecretStore => Some(self.namespace.to_owned()),
            StoreKind::ClusterSecretStore => None,
        };
        Some(StoreKey { kind: store.kind(), namespace, name })
    }
}

/// `dataFrom` first: `data` is written over it. An entry that names a store and nothing else gives nothing; one that names a
/// generator is none of these.
fn sources(spec: &ExternalSecretSpec, stores: &Stores<'_>) -> Result<Vec<Source>, Error> {
    let sets =
        spec.data_from.iter().enumerate().filter_map(|(index, entry)| set(index, entry, stores).transpose());
    let values = spec.data.iter().enumerate().map(|(index, entry)| value(index, entry, stores));
    sets.chain(values).collect()
}

fn set(index: usize, entry: &DataFromEntry, stores: &Stores<'_>) -> Result<Option<Source>, Error> {
    if let Some(find) = &entry.find {
        return found(index, entry, find, stores).map(Some);
    }
    let Some(extract) = &entry.extract else { return Ok(None) };
    let at = SourcePath::Extract(index);
    let take = Take::Map {
        conversion: extract.conversion_strategy.unwrap_or_default(),
        rewrite: Rewriting::parse_all(&format!("spec.dataFrom[{index}].rewrite"), &entry.rewrite)?,
        decoding: extract.decoding_strategy.unwrap_or_default(),
        null_bytes: extract.null_byte_policy.unwrap_or_default(),
    };
    let store = stores.of(at, entry.source_ref.as_ref())?;
    Ok(Some(source(at, store, extract, take)))
}

fn found(index: usize, entry: &DataFromEntry, find: &Find, stores: &Stores<'_>) -> Result<Source, Error> {
    let at = SourcePath::Find(index);
    let pattern = find.name.as_ref().and_then(|name| name.regexp.as_deref());
    let invalid = |why: String| message::invalid_pattern(&format!("{at}.name.regexp"), &why);
    let take = Take::Found {
        name: pattern.map(regexp::compile).transpose().map_err(invalid)?,
        conversion: find.conversion_strategy.unwrap_or_default(),
        rewrite: Rewriting::parse_all(&format!("spec.dataFrom[{index}].rewrite"), &entry.rewrite)?,
        decoding: find.decoding_strategy.unwrap_or_default(),
        null_bytes: find.null_byte_policy.unwrap_or_default(),
    };
    let store = stores.of(at, entry.source_ref.as_ref())?;
    Ok(Source { at, store, entry: recurrence::listing(find), property: None, take })
}

fn value(index: usize, entry: &DataEntry, stores: &Stores<'_>) -> Result<Source, Error> {
    let at = SourcePath::Data(index);
    let take = Take::Value {
        secret_key: entry.secret_key.clone(),
        decoding: entry.remote_ref.decoding_strategy.unwrap_or_default(),
        null_bytes: entry.remote_ref.null_byte_policy.unwrap_or_default(),
    };
    let store = stores.of(at, entry.source_ref.as_ref())?;
    Ok(source(at, store, &entry.remote_ref, take))
}

fn source(at: SourcePath, store: StoreKey, of: &RemoteRef, take: Take) -> Source {
    let property = of.property.clone().filter(|property| !property.is_empty());
    Source { at, store, entry: recurrence::entry(of), property, take }
}

fn target(object: &ExternalSecret) -> Result<TargetPlan, Error> {
    let name = named(object.metadata.name.as_ref(), "metadata.name")?;
    let target = object.spec.target.as_ref();
    let own_name = target.and_then(|target| target.name.clone()).filter(|name| !name.is_empty());
    Ok(TargetPlan {
        name: own_name.unwrap_or(name),
        creation: object.spec.creation_policy(),
        deletion: object.spec.deletion_policy(),
        immutable: target.and_then(|target| target.immutable).unwrap_or_default(),
        manifest: target.and_then(|target| target.manifest.clone()),
        template: target.and_then(|target| target.template.clone()),
        fault: None,
        labels: object.metadata.labels.clone().unwrap_or_default(),
        annotations: object.metadata.annotations.clone().unwrap_or_default(),
    })
}

fn refresh(spec: &ExternalSecretSpec) -> Result<RefreshPlan, Error> {
    let interval = match spec.refresh_interval.as_deref() {
        None => DEFAULT_INTERVAL,
        Some(text) => interval(text)?,
    };
    Ok(RefreshPlan { policy: spec.refresh_policy(), interval })
}

/// A Go duration; one below zero counts as zero.
fn interval(text: &str) -> Result<Duration, Error> {
    let duration = GoDuration::parse(text).map_err(|error| message::invalid_interval(text, &error))?;
    Ok(duration.to_std().unwrap_or_default())
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
