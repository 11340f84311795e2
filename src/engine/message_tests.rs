//! Every sentence, beside its text in `message_golden.txt`. Set `UPDATE_GOLDEN=1` to write the file anew.

use std::fmt::Write as _;
use std::time::Duration;

use latchkey_api::duration::GoDuration;
use latchkey_api::external_secret::{
    ConversionStrategy, CreationPolicy, DecodingStrategy, NullBytePolicy, StoreKind,
};
use latchkey_api::generator::GeneratorKind;
use latchkey_api::secret_type::required;
use latchkey_api::validation::Invalid;
use latchkey_provider::{self as provider, EntryRef, ErrorKind as Remote, Listing, Remote as RemoteRef};

use super::*;
use crate::engine::convert::KeyError;
use crate::engine::decode::DecodeError;
use crate::engine::error::Error;
use crate::engine::generate::Refused;
use crate::engine::plan::{Generated, GeneratorKey, Source, SourcePath, StoreKey, Take};
use crate::engine::rewrite::MergeError;

const GOLDEN: &str = include_str!("message_golden.txt");
const LONGEST: usize = 256;

fn namespaced() -> StoreKey {
    StoreKey { kind: StoreKind::SecretStore, namespace: Some("shop".into()), name: "aws".into() }
}

fn cluster_store() -> StoreKey {
    StoreKey { kind: StoreKind::ClusterSecretStore, namespace: None, name: "vault".into() }
}

fn data(property: Option<&str>) -> Source {
    let take = Take::Value {
        secret_key: "password".into(),
        decoding: DecodingStrategy::None,
        null_bytes: NullBytePolicy::Ignore,
    };
    let entry = EntryRef::new("my-app/db");
    Source {
        at: SourcePath::Data(0),
        store: namespaced(),
        entry,
        property: property.map(str::to_owned),
        take,
    }
}

fn extract() -> Source {
    let take = Take::Map {
        conversion: ConversionStrategy::Default,
        rewrite: Vec::new(),
        decoding: DecodingStrategy::None,
        null_bytes: NullBytePolicy::Ignore,
    };
    let entry = EntryRef { version: "v3".into(), metadata: true, ..EntryRef::new("my-app/db") };
    Source { at: SourcePath::Extract(1), store: cluster_store(), entry, property: None, take }
}

fn find() -> Source {
    let take = Take::Found {
        name: None,
        conversion: ConversionStrategy::Default,
        rewrite: Vec::new(),
        decoding: DecodingStrategy::None,
        null_bytes: NullBytePolicy::Ignore,
    };
    let entry = EntryRef::listing(Listing { path: Some("my-app".into()), ..Listing::default() });
    Source { at: SourcePath::Find(0), store: namespaced(), entry, property: None, take }
}

fn failed(kind: Remote, message: &str, code: &str) -> provider::Error {
    let error = provider::Error::new(kind, message);
    if code.is_empty() { error } else { error.with_code(code) }
}

const AWS: &str = "eu-west-1";
const VAULT: &str = "https://vault:8200";

fn remotes() -> Vec<(&'static str, Error)> {
    let aws =
        |kind, message: &str, code: &str| remote(&data(None), AWS, Read::Entry, &failed(kind, message, code));
    let vault = |kind, message: &str, code: &str| {
        remote(&extract(), VAULT, Read::Entry, &failed(kind, message, code))
    };
    let property =
        |kind| remote(&data(Some("pasword")), AWS, Read::Inside, &failed(kind, "no such property", ""));
    vec![
        ("missing key", aws(Remote::NotFound, "no such secret", "ResourceNotFoundException")),
        ("missing version", vault(Remote::NotFound, "no such secret", "HTTP 404")),
        ("missing property", property(Remote::PropertyNotFound)),
        ("missing property of the fake provider", property(Remote::NotFound)),
        ("forbidden", aws(Remote::Forbidden, "reading the secret is denied", "AccessDeniedException")),
        (
            "forbidden, location said",
            vault(Remote::Forbidden, "vault at https://vault:8200 denies reading \"kv/x\"", "HTTP 403"),
        ),
        (
            "unauthenticated",
            aws(Remote::Unauthenticated, "the access key is not known", "UnrecognizedClientException"),
        ),
        (
            "credentials",
            aws(Remote::Credentials, "cannot get Kubernetes secret \"aws-key\" from namespace \"shop\"", ""),
        ),
        ("referent", vault(Remote::Referent, "the credentials' namespace is that of the ExternalSecret", "")),
        ("invalid config", vault(Remote::InvalidConfig, "nothing is mounted at \"kv\"", "HTTP 404")),
        ("invalid request", aws(Remote::InvalidRequest, "the name is malformed", "ValidationException")),
        ("invalid value", vault(Remote::InvalidValue, "the value is not a JSON object", "")),
        ("rate limited", aws(Remote::RateLimited, "too many calls", "ThrottlingException")),
        ("unavailable", vault(Remote::Unavailable, "vault at https://vault:8200 is sealed", "HTTP 503")),
        (
            "endpoint refused",
            vault(Remote::EndpointRefused, "vault at https://vault:8200 is not called: it is link-local", ""),
        ),
        ("cluster api", aws(Remote::ClusterApi, "a token could not be requested", "")),
        ("unsupported", aws(Remote::Unsupported, "parameters are not read by this version", "")),
    ]
}

fn stores() -> Vec<(&'static str, Error)> {
    let down = failed(Remote::Credentials, "cannot find secret data for key: \"token\"", "");
    vec![
        ("store not found", store_not_found(&namespaced(), "spec.secretStoreRef")),
        ("cluster store not found", store_not_found(&cluster_store(), "spec.data[0].sourceRef.storeRef")),
        ("store unknown", store_unknown(&namespaced(), "the API server does not answer")),
        ("store denied", store_denied(&cluster_store(), "shop")),
        ("key denied", key_denied(&data(None), "my-app/db", "shop", &["shop/*".to_owned()])),
        ("key denied, and every other", key_denied(&extract(), "my-app/db", "shop", &[])),
        ("store not served", store_not_served(&cluster_store())),
        ("store of another class", store_of_another_class(&namespaced(), "other")),
        ("store not ready", store_not_ready(&namespaced(), "unable to validate store")),
        ("store unusable", store_unusable(&cluster_store(), &down)),
        ("not opened", not_opened(&cluster_store())),
        ("too late", too_late(&cluster_store())),
        ("backing off", backing_off(&cluster_store(), Duration::from_secs(7), "vault is sealed; unseal it")),
        ("not read", not_read(&data(None))),
    ]
}

fn generators() -> Vec<(&'static str, Error)> {
    let own = GeneratorKey {
        kind: Some(GeneratorKind::Password),
        namespace: Some("shop".into()),
        name: "strong".into(),
    };
    let cluster = GeneratorKey { kind: None, namespace: None, name: "strong".into() };
    let entry = Generated { index: 1, key: own.clone(), rewrite: Vec::new() };
    let refused = |field| Refused { field, why: "it cannot be made".into() };
    vec![
        ("generator of another kind", generator_kind("spec.dataFrom[0].sourceRef.generatorRef", "Other")),
        ("cluster generator of another kind", generator_unsupported(&cluster, "Other")),
        ("generator not found", generator_not_found(&own, "spec.dataFrom[1].sourceRef.generatorRef")),
        (
            "cluster generator not found",
            generator_not_found(&cluster, "spec.dataFrom[1].sourceRef.generatorRef"),
        ),
        ("generator unknown", generator_unknown(&own, "the API server does not answer")),
        ("cluster generator not served", generator_not_served(&cluster)),
        ("generator of another class", generator_of_another_class(&own, "other")),
        ("generator malformed", generator_malformed(&own)),
        ("cluster generator without its specification", generator_lacks_spec(&cluster, GeneratorKind::Uuid)),
        ("generator refuses", generator_refuses(&own, &refused(Some("length")))),
        ("generator without randomness", generator_refuses(&own, &refused(None))),
        ("generator without its seed", generator_lacks_seed(&own, "totp", "seed")),
        ("generator too late", generator_too_late(&own)),
        ("generator failed", generator_defect(&own)),
        (
            "service is down",
            generator_failed(&own, &provider::Error::new(Remote::Unavailable, "cannot reach GitLab")),
        ),
        (
            "service refuses",
            generator_failed(&own, &provider::Error::new(Remote::Forbidden, "GitLab does not permit it")),
        ),
        (
            "service without credentials",
            generator_failed(
                &own,
                &provider::Error::new(Remote::Credentials, "cannot get Kubernetes secret \"t\""),
            ),
        ),
        (
            "service with a bad specification",
            generator_failed(&own, &provider::Error::new(Remote::InvalidConfig, "url is no address")),
        ),
        ("generated key", generated_keys(&entry, &KeyError::Character('/', "a/b".into()))),
        ("generated values merged", generated_merging(&entry, 0, &MergeError::NotAnObject("base".into()))),
    ]
}

fn specs() -> Vec<(&'static str, Error)> {
    let why = GoDuration::parse("soon").expect_err("no duration");
    vec![
        ("invalid spec", invalid_spec(&[Invalid::NoData, Invalid::DuplicateKey("a".into())])),
        ("missing field", missing_field("metadata.name")),
        ("no store", no_store("spec.data[0]")),
        ("unnamed store", unnamed_store("spec.data[0]")),
        ("privileged type", privileged_type("kubernetes.io/service-account-token")),
        ("keys of the type", lacks_keys("kubernetes.io/tls", required("kubernetes.io/tls"))),
        ("invalid interval", invalid_interval("soon", &why)),
        ("invalid pattern", invalid_pattern("spec.dataFrom[0].rewrite[0].regexp.source", "unclosed group")),
        ("merge without into", merge_without_into("spec.dataFrom[0].rewrite[0]")),
        (
            "unsupported field",
            unsupported("spec.dataFrom[0].find", "name the entries by extract or spec.data"),
        ),
    ]
}

fn values() -> Vec<(&'static str, Error)> {
    let base64 = DecodeError::NotEncoded(DecodingStrategy::Base64URL);
    let many: Vec<String> = (0..8).map(|number| format!("p{number}")).collect();
    vec![
        ("not base64", decoding(&data(None), "password", base64)),
        ("null bytes", decoding(&extract(), "ca.der", DecodeError::NullByte)),
        ("collision", keys(&extract(), &KeyError::Collision("a_b".into()))),
        ("invalid key", keys(&extract(), &KeyError::Character('/', "a/b".into()))),
        ("long key", keys(&extract(), &KeyError::TooLong(300))),
        ("missing priority", merging(&extract(), 2, &MergeError::MissingPriority("base".into()))),
        ("no object to merge", merging(&extract(), 0, &MergeError::NotAnObject("base".into()))),
        ("number to merge", merging(&extract(), 0, &MergeError::Number("base".into()))),
        ("rewrite too large", merging(&extract(), 1, &MergeError::TooLarge)),
        ("merge conflict", merging(&extract(), 0, &MergeError::Conflicts(many))),
        ("found value not base64", decoding(&find(), "a", DecodeError::NotEncoded(DecodingStrategy::Base64))),
        ("found key", keys(&find(), &KeyError::Character('/', "a/b".into()))),
        ("found values merged", merging(&find(), 0, &MergeError::NotAnObject("base".into()))),
    ]
}

fn pushes() -> Vec<(&'static str, Error)> {
    let whole = RemoteRef { key: "shop/db".into(), property: None };
    let property = RemoteRef { property: Some("password".into()), ..whole.clone() };
    let foreign = failed(Remote::NotManaged, "secret not managed by external-secrets", "");
    let denied = failed(Remote::Forbidden, "vault at https://vault:8200 denies writing \"kv/x\"", "HTTP 403");
    vec![
        ("store that is only read", store_read_only(&namespaced(), "Fake")),
        ("no such store", no_such_store("spec.secretStoreRefs[1]")),
        ("no secret key", no_secret_key("spec.data[0]", "password")),
        ("no source", no_source("db")),
        ("source unnamed", source_unnamed()),
        ("source selector", source_selector("the operator")),
        ("reversed alike", reversed_alike("spec.data[0]", "a/b")),
        ("rewritten alike", rewritten_alike("spec.dataTo[0].rewrite", 1)),
        ("not rewritten", not_rewritten("spec.dataTo[0].rewrite", 0)),
        ("pushed twice", pushed_twice(&property)),
        ("metadata", push_metadata("spec.data[0]")),
        ("push denied", push_denied(&cluster_store(), &whole, "shop")),
        ("not managed", not_pushed(&cluster_store(), &property, &foreign)),
        ("push forbidden", not_pushed(&cluster_store(), &whole, &denied)),
        ("not withdrawn", not_withdrawn(&cluster_store(), &whole, &denied)),
    ]
}

fn targets() -> Vec<(&'static str, Error)> {
    vec![
        ("key of the Secret", target_key("db", &KeyError::Impossible("..".into()))),
        ("owned by another", owned_by_another("db", "db-old")),
        ("foreign owner", foreign_owner("db", "Certificate", "db-tls")),
        ("immutable", immutable("db")),
        ("too large", too_large("db", 1_200_000, 1_048_576, (Some("dump"), 900_000))),
        ("too large, by a rendered key", too_large("db", 1_200_000, 1_048_576, (None, 900_000))),
        ("another type", other_type("db", "Opaque", "kubernetes.io/tls")),
        ("not owner", not_owner("db", CreationPolicy::Orphan)),
        ("not its own", not_its_own("db")),
        ("cluster", cluster("Secret \"db\" could not be read", "the API server does not answer")),
        (
            "template failed",
            template_failed("spec.target.template.data[\"url\"]", "map has no entry for key \"usr\""),
        ),
        (
            "template may fail",
            template_may_fail("spec.target.template.data[\"url\"]", "map has no entry for key \"usr\""),
        ),
        (
            "template is no map",
            template_map("spec.target.template.templateFrom[0].literal", "line 2 cannot be read"),
        ),
        (
            "template value not decoded",
            template_not_text("spec.target.template.templateFrom[0]", DecodingStrategy::Base64),
        ),
        (
            "rendered key",
            rendered_key("spec.target.template.templateFrom[0]", &KeyError::Character('/', "p/w".into())),
        ),
        ("long rendered key", rendered_key("spec.target.template.templateFrom[0]", &KeyError::TooLong(300))),
        (
            "impossible rendered key",
            rendered_key("spec.target.template.templateFrom[0].literal", &KeyError::Impossible("..".into())),
        ),
        ("template target", template_target("spec.target.template.templateFrom[0]", "spec")),
        (
            "template object missing",
            template_object_missing("spec.target.template.templateFrom[0].configMap", "ConfigMap \"cm\""),
        ),
        (
            "template hidden",
            template_hidden(
                "spec.target.template.templateFrom[0].secret Secret \"s\" key \"conf\"",
                &Error::new(crate::engine::ErrorKind::Template, "no word of this"),
            ),
        ),
    ]
}

fn all() -> Vec<(&'static str, Error)> {
    [specs(), generators(), stores(), remotes(), values(), pushes(), targets()].concat()
}

#[test]
fn the_sentences_are_those_of_the_golden_file() {
    let mut text = String::new();
    for (name, error) in all() {
        let condition = error.condition();
        let _ = writeln!(text, "# {name} -> {:?}, {condition}\n{error}\n", error.kind); // writing to a String cannot fail
    }
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/src/engine/message_golden.txt"), &text)
            .expect("written");
        return;
    }
    assert_eq!(text, GOLDEN);
}

#[test]
fn each_sentence_is_one_line_with_a_remedy() {
    for (name, error) in all() {
        let text = &error.message;
        assert!(text.len() <= LONGEST, "{name} has {} characters: {text}", text.len());
        assert!(!text.contains('\n') && !text.ends_with('.'), "{name}: {text}");
        assert!(text.contains("; "), "{name} has no remedy: {text}");
        let first = text.split_once(' ').map_or("", |(first, _)| first);
        let object = ["SecretStore", "ClusterSecretStore", "Secret"].contains(&first);
        assert!(object || first.starts_with(char::is_lowercase), "{name}: {text}");
    }
}

#[test]
fn what_the_store_says_about_waiting_is_kept() {
    let limited = failed(Remote::RateLimited, "too many calls", "").with_retry_after(Duration::from_secs(9));
    let error = remote(&data(None), AWS, Read::Entry, &limited);
    assert_eq!((error.retry_after, error.store.clone()), (Some(Duration::from_secs(9)), Some(namespaced())));
    assert!(error.is_transient() && error.is_retried());
}
