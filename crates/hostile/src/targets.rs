//! What fuzzers call with bytes of their own. Each must come back, without a panic.

use std::sync::LazyLock;

use latchkey::engine::convert::Data;
use latchkey::engine::{regexp, render};
use latchkey_api::duration::GoDuration;
use latchkey_provider::guard::Allowed;
use latchkey_provider::property;
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

use crate::{Bench, CANARY, Kind, Random, mutate, objects};

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().enable_all().build().expect("a runtime"));
static BENCH: LazyLock<Bench> = LazyLock::new(|| RUNTIME.block_on(Bench::start()));

/// A function that takes whatever a fuzzer makes.
pub type Target = fn(&[u8]);

/// All of them by name: those of `fuzz/fuzz_targets`, and the folders of the corpus.
pub const ALL: [(&str, Target); 8] = [
    ("review_bytes", review_bytes),
    ("external_secret", external_secret),
    ("store", store),
    ("pod", pod),
    ("template", template),
    ("property", property_path),
    ("regexp", pattern),
    ("text", text),
];

/// Bytes as a review.
pub fn review_bytes(bytes: &[u8]) {
    let (kind, rest) = match bytes.split_first() {
        Some((first, rest)) => (Kind::ALL[usize::from(*first) % Kind::ALL.len()], rest),
        None => (Kind::Pod, bytes),
    };
    admit(kind, rest);
}

/// An ExternalSecret: the bytes are the object in JSON, or say how a good one is spoilt.
pub fn external_secret(bytes: &[u8]) {
    object(Kind::ExternalSecret, bytes);
}

/// A store, likewise.
pub fn store(bytes: &[u8]) {
    object(Kind::Store, bytes);
}

/// A Pod, likewise.
pub fn pod(bytes: &[u8]) {
    object(Kind::Pod, bytes);
}

fn object(kind: Kind, bytes: &[u8]) {
    let object = serde_json::from_slice::<Value>(bytes).ok().filter(Value::is_object);
    let object = object.unwrap_or_else(|| {
        let mut random = Random::of(bytes);
        let mut object = kind.good(&mut random);
        mutate::mutate(&mut random, &mut object, 6);
        object
    });
    admit(kind, objects::created(&object).to_string().as_bytes());
}

fn admit(kind: Kind, review: &[u8]) {
    let answer = RUNTIME.block_on(BENCH.send(kind, review));
    if let Some(fault) = answer.fault(review) {
        panic!("{fault}\n{}", String::from_utf8_lossy(review));
    }
}

/// A template over two values. What is wrong with it is said without them.
pub fn template(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let values = [("password", CANARY), ("user", "u")];
    let values: Data = values.iter().map(|(key, value)| ((*key).to_owned(), (*value).into())).collect();
    if let Err(error) = render::execute(&text, &values) {
        let said = format!("{error:?}");
        assert!(!said.contains(CANARY) || text.contains(CANARY), "{said}");
    }
}

/// A property path and, behind the first line break, the document that it is looked up in.
pub fn property_path(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let sample = r#"{"a":{"b":[1,{"c":"x"},null]},"a.b":1.50,"list":[{"n":1},{"n":2}],"text":"{\"a\":1}"}"#;
    let (path, document) = text.split_once('\n').unwrap_or((&text, sample));
    for lookup in [property::lookup, property::literal_then_path, property::path_then_literal] {
        let _found = lookup(document, path);
    }
    for numbers in [property::Numbers::Verbatim, property::Numbers::Float64] {
        let _values = (property::any_map(document, numbers), property::any_value(document, numbers));
    }
    let _members =
        (property::raw_map(document), property::raw_members(document), property::unquote(document));
}

/// A pattern and, behind the first line break, what it is held against.
pub fn pattern(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (pattern, held) = text.split_once('\n').unwrap_or((&text, "team-a"));
    if let Ok(regex) = regexp::compile(pattern) {
        let _matches = (regex.is_match(held), regex.replace_all(held, held));
    }
}

/// What is parsed from a text by itself: durations, rules of the guard, URLs, YAML in a template, patterns of keys.
pub fn text(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(duration) = GoDuration::parse(&text) {
        let _shown = (duration.to_string(), duration.to_std());
    }
    if let Ok(rule) = text.parse::<Allowed>() {
        assert_eq!(rule.to_string().parse::<Allowed>(), Ok(rule));
    }
    for url in
        [json!({ "vault": { "server": text } }), json!({ "kubernetes": { "server": { "url": text } } })]
    {
        let spec = serde_json::from_value(json!({ "provider": url })).expect("a store");
        let _told = BENCH.connector.check(&spec);
    }
    let yaml = json!({ "templateFrom": [{ "literal": text, "target": "Data" }] });
    let mut object = Kind::ExternalSecret.good(&mut Random::new(1));
    object["spec"]["target"]["template"] = yaml;
    admit(Kind::ExternalSecret, objects::created(&object).to_string().as_bytes());
}
