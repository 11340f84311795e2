use std::collections::BTreeMap;

use async_trait::async_trait;
use latchkey_api::external_secret::{CreationPolicy, RefreshPolicy, StoreKind};
use latchkey_provider::property::{missing as no_property, raw_map};
use latchkey_provider::{EntryRef, ErrorKind as Remote, SecretBytes, Validation};

use super::*;
use crate::engine::ErrorKind;
use crate::engine::generators::Made;

use crate::engine::plan::{RefreshPlan, StoreKey, TargetPlan};

/// Takes JSON objects apart.
#[derive(Debug)]
struct Json;

#[async_trait]
impl Provider for Json {
    fn name(&self) -> &'static str {
        "Json"
    }

    fn location(&self) -> String {
        "eu-west-1".to_owned()
    }

    async fn fetch(&self, _entries: &[EntryRef]) -> Vec<Result<Entry, provider::Error>> {
        Vec::new()
    }

    fn value(
        &self,
        of: &EntryRef,
        entry: &Entry,
        property: Option<&str>,
    ) -> Result<SecretBytes, provider::Error> {
        match (entry, property) {
            (Entry::Value(value), None) => Ok(value.clone()),
            (_, Some(property)) => {
                self.map(of, entry, None)?.remove(property).ok_or_else(|| no_property(of, property))
            }
            (Entry::Map(_) | Entry::List(_), None) => {
                Err(provider::Error::new(Remote::InvalidValue, "no value"))
            }
        }
    }

    fn map(
        &self,
        _of: &EntryRef,
        entry: &Entry,
        _property: Option<&str>,
    ) -> Result<BTreeMap<String, SecretBytes>, provider::Error> {
        match entry {
            Entry::Value(value) => Ok(value.expose_str().and_then(raw_map).expect("a JSON object")),
            Entry::Map(map) => Ok(map.clone()),
            Entry::List(_) => Err(provider::Error::new(Remote::InvalidValue, "a list")),
        }
    }

    async fn validate(&self) -> Result<Validation, provider::Error> {
        Ok(Validation::Ready)
    }
}

fn source(at: SourcePath, key: &str, property: Option<&str>, take: Take) -> Source {
    let store = StoreKey { kind: StoreKind::SecretStore, namespace: Some("shop".into()), name: "aws".into() };
    let entry = EntryRef::new(key.to_owned());
    Source { at, store, entry, property: property.map(str::to_owned), take }
}

fn value(index: usize, key: &str, property: Option<&str>, secret_key: &str) -> Source {
    value_as(index, key, property, secret_key, DecodingStrategy::None, NullBytePolicy::Ignore)
}

fn value_as(
    index: usize,
    key: &str,
    property: Option<&str>,
    secret_key: &str,
    decoding: DecodingStrategy,
    null_bytes: NullBytePolicy,
) -> Source {
    let take = Take::Value { secret_key: secret_key.to_owned(), decoding, null_bytes };
    source(SourcePath::Data(index), key, property, take)
}

fn set(index: usize, key: &str, rewrite: Vec<Rewriting>) -> Source {
    let take = Take::Map {
        conversion: ConversionStrategy::Default,
        rewrite,
        decoding: DecodingStrategy::None,
        null_bytes: NullBytePolicy::Ignore,
    };
    source(SourcePath::Extract(index), key, None, take)
}

fn plan(deletion: DeletionPolicy, sources: Vec<Source>) -> Plan {
    let target = TargetPlan {
        name: "db".into(),
        creation: CreationPolicy::Owner,
        deletion,
        immutable: false,
        manifest: None,
        template: None,
        fault: None,
        labels: BTreeMap::new(),
        annotations: BTreeMap::new(),
    };
    let refresh = RefreshPlan { policy: RefreshPolicy::Periodic, interval: Default::default() };
    Plan {
        namespace: "shop".into(),
        name: "db".into(),
        store: None,
        sources,
        generated: vec![],
        doubts: vec![],
        target,
        refresh,
    }
}

/// The store's content; what is not in it does not exist.
fn selected(plan: &Plan, content: &[(&str, &str)]) -> Result<Selected, Error> {
    let gone = provider::Error::new(Remote::NotFound, "there is no such secret");
    let entries: BTreeMap<_, _> =
        content.iter().map(|(key, value)| (*key, Entry::Value((*value).into()))).collect();
    select(plan, &Made::new(), |source| {
        Some(Fetched { provider: &Json, entry: entries.get(source.entry.key.as_str()).ok_or(&gone) })
    })
}

fn pairs(selected: &Selected) -> Vec<String> {
    selected.data.iter().map(|(key, value)| format!("{key}={}", value.expose_str().unwrap_or("?"))).collect()
}

#[test]
fn later_sources_overwrite_earlier_ones() {
    let plan = plan(
        DeletionPolicy::Retain,
        vec![
            set(0, "one", vec![]),
            set(1, "two", vec![]),
            value(0, "one", Some("c"), "a"),
            value(1, "raw", None, "z"),
        ],
    );
    let selected =
        selected(&plan, &[("one", r#"{"a":1,"b":2,"c":3}"#), ("two", r#"{"b":4}"#), ("raw", "text")]);
    assert_eq!(pairs(&selected.expect("selected")), ["a=3", "b=4", "c=3", "z=text"]);
}

#[test]
fn names_are_converted_unless_they_are_rewritten() {
    let keys = r#"{"a/b":1,"":2}"#;
    let plain = plan(DeletionPolicy::Retain, vec![set(0, "one", vec![])]);
    assert_eq!(pairs(&selected(&plain, &[("one", keys)]).expect("selected")), ["a_b=1"]);
    let nothing = Rewriting::Regexp { source: regex::Regex::new("x").expect("valid"), target: "y".into() };
    let rewritten = plan(DeletionPolicy::Retain, vec![set(0, "one", vec![nothing])]);
    let error = selected(&rewritten, &[("one", keys)]).expect_err("an invalid key");
    assert_eq!(error.kind, ErrorKind::Value);
    assert!(
        error.message.contains("\"a/b\"") && error.message.starts_with("spec.dataFrom[0].extract"),
        "{error}"
    );
}

#[test]
fn a_missing_entry_fails_under_retain_alone() {
    let sources = || vec![set(0, "gone", vec![]), value(0, "gone", None, "a"), value(1, "here", None, "b")];
    let error = selected(&plan(DeletionPolicy::Retain, sources()), &[("here", "x")]).expect_err("missing");
    assert_eq!(error.kind, ErrorKind::Provider(Remote::NotFound));
    for policy in [DeletionPolicy::Delete, DeletionPolicy::Merge] {
        let selected = selected(&plan(policy, sources()), &[("here", "x")]).expect("skipped");
        assert_eq!(pairs(&selected), ["b=x"]);
        let entry = |in_data| MissingEntry { index: 0, key: "gone".into(), in_data };
        assert_eq!(selected.missing, [entry(false), entry(true)]);
    }
}

#[test]
fn a_missing_property_always_fails() {
    for policy in [DeletionPolicy::Retain, DeletionPolicy::Delete, DeletionPolicy::Merge] {
        let plan = plan(policy, vec![value(0, "one", Some("pasword"), "a")]);
        let error = selected(&plan, &[("one", r#"{"password":"hunter2"}"#)]).expect_err("no such property");
        assert_eq!(error.kind, ErrorKind::Provider(Remote::PropertyNotFound));
        assert!(error.message.contains("\"pasword\"") && !error.message.contains("hunter2"), "{error}");
    }
}

#[test]
fn values_are_decoded_and_looked_through() {
    let decoding = |decoding, null_bytes| {
        plan(DeletionPolicy::Retain, vec![value_as(0, "one", None, "a", decoding, null_bytes)])
    };
    let decoded = selected(&decoding(DecodingStrategy::Base64, NullBytePolicy::Fail), &[("one", "Zm9v")]);
    assert_eq!(pairs(&decoded.expect("decoded")), ["a=foo"]);
    for (strategy, value) in [(DecodingStrategy::Base64, "hunter2"), (DecodingStrategy::None, "hunter2\0")] {
        let error =
            selected(&decoding(strategy, NullBytePolicy::Fail), &[("one", value)]).expect_err("unusable");
        assert!(error.kind == ErrorKind::Value && !error.message.contains("hunter2"), "{error}");
    }
}

#[test]
fn an_entry_that_nobody_read_is_an_error() {
    let plan = plan(DeletionPolicy::Retain, vec![value(0, "one", None, "a")]);
    assert_eq!(select(&plan, &Made::new(), |_| None).expect_err("a defect").kind, ErrorKind::Unsupported);
}
