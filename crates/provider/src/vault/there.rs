//! What is there before something is pushed: from Vault's answers to data, mark and version.

use std::collections::BTreeMap;

use latchkey_api::provider::vault::VaultKvVersion as KvVersion;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::http::Answer;
use crate::push::{EXTERNAL_SECRETS, MANAGED_BY, Members};
use crate::{Error, ErrorKind, Remote};

/// Where the mark is: a field of version 2's metadata, a key among version 1's data.
pub const CUSTOM_METADATA: &str = "custom_metadata";

/// A secret as it is.
#[derive(Default)]
pub struct There {
    /// The members, without the mark; none if there is none or its latest version is deleted.
    pub data: Option<Members>,
    /// The custom metadata.
    pub custom: BTreeMap<String, String>,
    /// The number of the latest version, deleted or not; 0 if there never was one.
    pub version: u64,
}

impl There {
    /// Whether it has ESO's mark.
    pub fn is_managed(&self) -> bool {
        self.custom.get(MANAGED_BY).is_some_and(|by| by == EXTERNAL_SECRETS)
    }
}

#[derive(Deserialize)]
struct Body<T> {
    data: T,
}

#[derive(Deserialize)]
struct Versioned<'a> {
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct Metadata {
    custom_metadata: Option<BTreeMap<String, String>>,
    #[serde(default)]
    current_version: u64,
}

/// What the answers say. `place` is for messages.
///
/// # Errors
/// [`ErrorKind::InvalidValue`] if they are not of the engine's form.
pub fn of(data: &Answer, metadata: Option<&Answer>, version: KvVersion, place: &str) -> Result<There, Error> {
    let data = match (data, version) {
        (Answer::Missing, _) => None,
        (Answer::Found(body), KvVersion::V1) => {
            parse::<Body<Option<&RawValue>>>(body.expose(), place)?.data.map(|raw| members(raw, place))
        }
        (Answer::Found(body), KvVersion::V2) => {
            let body: Body<Versioned<'_>> = parse(body.expose(), place)?;
            body.data.data.map(|raw| members(raw, place))
        }
    };
    let mut data = data.transpose()?;
    let Metadata { custom_metadata, current_version } = match (metadata, version) {
        (Some(Answer::Found(body)), _) => parse::<Body<Metadata>>(body.expose(), place)?.data,
        (None, KvVersion::V1) => {
            Metadata { custom_metadata: data.as_mut().and_then(mark), current_version: 0 }
        }
        (Some(Answer::Missing), _) | (None, KvVersion::V2) => Metadata::default(),
    };
    Ok(There { data, custom: custom_metadata.unwrap_or_default(), version: current_version })
}

/// Takes version 1's mark out of its data.
fn mark(data: &mut Members) -> Option<BTreeMap<String, String>> {
    let mark = serde_json::from_str(data.get(CUSTOM_METADATA)?).ok();
    data.remove(CUSTOM_METADATA);
    mark
}

/// Whether something may be pushed there: not in place of version 1's mark.
///
/// # Errors
/// [`ErrorKind::InvalidRequest`].
pub fn writable(remote: &Remote, version: KvVersion) -> Result<(), Error> {
    if version == KvVersion::V1 && remote.part() == Some(CUSTOM_METADATA) {
        let text =
            format!("{remote} cannot be written: in kv version 1 of vault it says who manages the secret");
        return Err(Error::new(ErrorKind::InvalidRequest, text));
    }
    Ok(())
}

fn parse<'a, T: Deserialize<'a>>(body: &'a [u8], place: &str) -> Result<T, Error> {
    serde_json::from_slice(body).map_err(|_| odd(place))
}

fn members(raw: &RawValue, place: &str) -> Result<Members, Error> {
    Members::parse(raw.get()).ok_or_else(|| odd(place))
}

fn odd(place: &str) -> Error {
    let text = format!("what there is at {place} is not of the form of the kv version that the store names");
    Error::new(ErrorKind::InvalidValue, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there(data: &str, metadata: Option<&str>, version: KvVersion) -> Result<There, Error> {
        let metadata = metadata.map(|body| Answer::Found(body.into()));
        of(&Answer::Found(data.into()), metadata.as_ref(), version, "\"app\"")
    }

    #[test]
    fn version_2_tells_mark_and_version_apart_from_the_data() {
        let data = r#"{"data":{"data":{"n":1.50},"metadata":{"version":7}}}"#;
        let metadata =
            r#"{"data":{"current_version":7,"custom_metadata":{"managed-by":"external-secrets"}}}"#;
        let found = there(data, Some(metadata), KvVersion::V2).unwrap();
        assert!(found.is_managed() && found.version == 7);
        assert_eq!(found.data.map(|data| data.json().to_string()).as_deref(), Some(r#"{"n":1.50}"#));
        let metadata = r#"{"data":{"current_version":8,"custom_metadata":null}}"#;
        let deleted = there(r#"{"data":{"data":null}}"#, Some(metadata), KvVersion::V2).unwrap();
        assert!(deleted.data.is_none() && !deleted.is_managed() && deleted.version == 8);
    }

    #[test]
    fn version_1_has_the_mark_among_the_data() {
        let data = r#"{"data":{"a":"1","custom_metadata":{"managed-by":"external-secrets"}}}"#;
        let found = there(data, None, KvVersion::V1).unwrap();
        assert!(found.is_managed());
        assert_eq!(found.data.map(|data| data.json().to_string()).as_deref(), Some(r#"{"a":"1"}"#));
        assert!(!there(r#"{"data":{"a":"1"}}"#, None, KvVersion::V1).unwrap().is_managed());
    }

    #[test]
    fn another_form_is_told_without_what_is_there() {
        for data in [r#"{"data":"c4n4ry"}"#, r#"{"data":{"data":"c4n4ry"}}"#, "c4n4ry"] {
            let error = there(data, Some(r#"{"data":{}}"#), KvVersion::V2).map(drop).unwrap_err();
            assert!(error.kind == ErrorKind::InvalidValue && !error.message.contains("c4n4ry"), "{error}");
        }
    }
}
