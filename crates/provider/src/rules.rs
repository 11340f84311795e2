//! By whose rules values are read out of what was fetched, for what stands in for a store that is not there.

use std::collections::BTreeMap;

use latchkey_api::provider::ProviderRef;
use latchkey_api::store::SecretStoreSpec;

#[cfg(feature = "kubernetes")]
use crate::property::raw_map;
use crate::property::{Document, literal_then_path};
use crate::{Entry, EntryRef, Error, ErrorKind, SecretBytes};

/// The rules of AWS, and of a store that is not known.
const TEXT: Document = Document { lookup: literal_then_path, missing: ErrorKind::PropertyNotFound };

/// The rules of a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rules {
    /// An entry is a text.
    Text,
    /// An entry is a text, and a missing property a missing entry.
    #[cfg(feature = "fake")]
    Fake,
    /// An entry is an object, written as Vault's provider writes it.
    #[cfg(feature = "vault")]
    Vault,
    /// An entry has several keys.
    #[cfg(feature = "kubernetes")]
    Kubernetes,
}

impl Rules {
    /// Those of the provider that a store names.
    pub fn of(spec: &SecretStoreSpec) -> Self {
        match spec.provider.kind() {
            #[cfg(feature = "fake")]
            Ok(ProviderRef::Fake(_)) => Self::Fake,
            #[cfg(feature = "vault")]
            Ok(ProviderRef::Vault(_)) => Self::Vault,
            #[cfg(feature = "kubernetes")]
            Ok(ProviderRef::Kubernetes(_)) => Self::Kubernetes,
            Ok(_) | Err(_) => Self::Text,
        }
    }

    /// What such a store would give for an entry that is written down as this text. Where all entries are objects and the
    /// text is none, it stands for what a reference without a property gets.
    pub fn entry(self, text: SecretBytes) -> Entry {
        match self {
            Self::Text => Entry::Value(text),
            #[cfg(feature = "fake")]
            Self::Fake => Entry::Value(text),
            #[cfg(feature = "vault")]
            Self::Vault => {
                Entry::Value(text.expose_str().and_then(crate::vault::value::marshalled).unwrap_or(text))
            }
            #[cfg(feature = "kubernetes")]
            Self::Kubernetes => match text.expose_str().filter(|text| is_object(text)).and_then(raw_map) {
                Some(keys) => Entry::Map(keys),
                None => Entry::Value(text),
            },
        }
    }

    /// As [`Provider::value`](crate::Provider::value).
    ///
    /// # Errors
    /// Those of the provider.
    pub fn value(self, of: &EntryRef, entry: &Entry, property: Option<&str>) -> Result<SecretBytes, Error> {
        match (self, entry) {
            #[cfg(feature = "fake")]
            (Self::Fake, _) => crate::fake::DOCUMENT.value(of, entry, property),
            #[cfg(feature = "vault")]
            (Self::Vault, Entry::Value(json)) if json.expose_str().is_some_and(is_object) => {
                crate::vault::value::value(of, json, property)
            }
            #[cfg(feature = "kubernetes")]
            (Self::Kubernetes, Entry::Map(keys)) => crate::kubernetes::value::value(of, keys, property),
            _ => TEXT.value(of, entry, property),
        }
    }

    /// As [`Provider::map`](crate::Provider::map).
    ///
    /// # Errors
    /// Those of the provider.
    pub fn map(
        self,
        of: &EntryRef,
        entry: &Entry,
        property: Option<&str>,
    ) -> Result<BTreeMap<String, SecretBytes>, Error> {
        match (self, entry) {
            #[cfg(feature = "fake")]
            (Self::Fake, _) => crate::fake::DOCUMENT.map(of, entry, property),
            #[cfg(feature = "vault")]
            (Self::Vault, Entry::Value(json)) if json.expose_str().is_some_and(is_object) => {
                crate::vault::value::map(of, json, property)
            }
            #[cfg(feature = "kubernetes")]
            (Self::Kubernetes, Entry::Map(keys)) => crate::kubernetes::value::map(of, keys, property),
            _ => TEXT.map(of, entry, property),
        }
    }
}

#[cfg(any(feature = "vault", feature = "kubernetes"))]
fn is_object(text: &str) -> bool {
    text.trim_start().starts_with('{') && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

#[cfg(all(test, feature = "fake", feature = "vault", feature = "kubernetes"))]
mod tests {
    use super::*;

    const GIVEN: &str =
        r#"{"tls.crt":"CERT","z":"<","big":12345678901234567,"o":{"z":"<","a":[1, 2],"k.l":"x"}}"#;

    fn value(rules: Rules, property: Option<&str>) -> Result<String, ErrorKind> {
        let (of, entry) = (EntryRef::new("app"), rules.entry(GIVEN.into()));
        let value = rules.value(&of, &entry, property).map_err(|error| error.kind)?;
        Ok(value.expose_str().expect("text").to_owned())
    }

    fn map(rules: Rules, property: Option<&str>) -> Vec<String> {
        let (of, entry) = (EntryRef::new("app"), rules.entry(GIVEN.into()));
        let map = rules.map(&of, &entry, property).expect("an object");
        map.iter().map(|(key, value)| format!("{key}={}", value.expose_str().expect("text"))).collect()
    }

    #[test]
    fn a_key_with_a_dot_is_found_where_the_provider_finds_it() {
        for rules in [Rules::Text, Rules::Vault, Rules::Kubernetes] {
            assert_eq!(value(rules, Some("tls.crt")).as_deref(), Ok("CERT"), "{rules:?}");
        }
        assert_eq!(value(Rules::Fake, Some("tls.crt")), Err(ErrorKind::NotFound));
        assert_eq!(value(Rules::Vault, Some("none")), Err(ErrorKind::PropertyNotFound));
        assert_eq!(value(Rules::Kubernetes, Some("o.a.1")).as_deref(), Ok("2"));
    }

    #[test]
    fn objects_are_written_as_the_provider_writes_them() {
        assert_eq!(value(Rules::Text, None).as_deref(), Ok(GIVEN));
        let vault = r#"{"big":12345678901234567,"o":{"a":[1,2],"k.l":"x","z":"\u003c"},"tls.crt":"CERT","z":"\u003c"}"#;
        assert_eq!(value(Rules::Vault, None).as_deref(), Ok(vault));
        let keys = map(Rules::Vault, None);
        let o = r#"o={"a":[1,2],"k.l":"x","z":"\u003c"}"#;
        assert_eq!(keys, ["big=12345678901234568", o, "tls.crt=CERT", "z=<"]);
        let o = r#"o={"z":"<","a":[1, 2],"k.l":"x"}"#;
        for rules in [Rules::Text, Rules::Fake, Rules::Kubernetes] {
            assert_eq!(map(rules, None), ["big=12345678901234567", o, "tls.crt=CERT", "z=<"], "{rules:?}");
        }
        assert_eq!(map(Rules::Kubernetes, Some("o")), ["a=[1,2]", r#"k.l="x""#, r#"z="<""#]);
    }

    #[test]
    fn a_text_where_all_entries_are_objects_is_what_a_reference_gets() {
        for rules in [Rules::Text, Rules::Fake, Rules::Vault, Rules::Kubernetes] {
            for text in ["plain", "{{ no JSON }}"] {
                let (of, entry) = (EntryRef::new("app"), rules.entry(text.into()));
                assert_eq!(rules.value(&of, &entry, None), Ok(text.into()), "{rules:?}");
                assert!(rules.value(&of, &entry, Some("a")).is_err(), "{rules:?}");
                assert!(rules.map(&of, &entry, None).is_err(), "{rules:?}");
            }
        }
    }
}
