//! From a remote key to the request that Vault is asked by.
//!
//! The rules are ESO's `buildPath`, to the letter, since the same manifests must find the same secrets; so is its gap: a
//! secret whose own path begins with the mount's name is out of reach while `path` is set.

use latchkey_api::provider::vault::VaultKvVersion as KvVersion;
use vaultrs::api::kv1::requests::{GetSecretRequest, ListSecretRequest};
use vaultrs::api::kv2::requests::{ListSecretsRequest, ReadSecretMetadataRequest, ReadSecretRequest};

use super::request::Request;
use crate::{Error, ErrorKind};

/// The request for a secret's data, in this version of the secret (empty: the latest; version 1 engines have no others).
///
/// # Errors
/// [`ErrorKind::InvalidRequest`] for a key that leaves its mount and for a version that is no number.
pub fn data(mount: Option<&str>, kv: KvVersion, key: &str, version: &str) -> Result<Request, Error> {
    match (mount, kv) {
        (Some(mount), KvVersion::V1) => plain(mount, inside(mount, kv, key)),
        (None, KvVersion::V1) => whole(key),
        (Some(mount), KvVersion::V2) => versioned(mount, inside(mount, kv, key), version),
        (None, KvVersion::V2) => {
            let (mount, path) = key.split_once("/data/").unwrap_or_else(|| halves(key));
            versioned(mount, path, version)
        }
    }
}

/// The request for a secret's metadata.
///
/// # Errors
/// [`ErrorKind::InvalidRequest`] for version 1, which has none, and for a key that does not show where its mount ends.
pub fn metadata(mount: Option<&str>, kv: KvVersion, key: &str) -> Result<Request, Error> {
    let (mount, path) = match (mount, kv) {
        (_, KvVersion::V1) => return Err(invalid("a kv version 1 store of Vault has no metadata to fetch")),
        (Some(mount), KvVersion::V2) => (mount, inside(mount, kv, key)),
        (None, KvVersion::V2) if !key.contains("data") => {
            return Err(invalid(format!(
                "{key:?} is no path of a kv version 2 secret: it needs `<mount>/data/…`, or the store a `path`"
            )));
        }
        (None, KvVersion::V2) => match key.split_once("/data/") {
            Some(place) => place,
            None => return whole(key), // `<mount>/metadata/…` already, or what ESO takes for it
        },
    };
    Request::of(&ReadSecretMetadataRequest { mount: mount.to_owned(), path: path.to_owned() })
}

/// The request for the names in a folder: secrets, and folders with a slash behind. Without a mount the folder begins with its own,
/// of a version 2 engine as `<mount>/data/…`.
///
/// # Errors
/// [`ErrorKind::InvalidRequest`] for a folder that leaves its mount, and where it does not show where its mount ends.
pub fn list(mount: Option<&str>, kv: KvVersion, folder: &str) -> Result<Request, Error> {
    let (mount, path) = match (mount, kv) {
        (Some(mount), _) => (mount, inside(mount, kv, folder)),
        (None, KvVersion::V1) => halves(folder),
        (None, KvVersion::V2) => folder.split_once("/data/").ok_or_else(|| {
            invalid(format!("find.path {folder:?} does not show where its mount ends: write `<mount>/data/…`, or give the store a `path`"))
        })?,
    };
    let (mount, path) = (mount.to_owned(), path.to_owned());
    match kv {
        KvVersion::V1 => Request::of(&ListSecretRequest { mount, path }),
        KvVersion::V2 => Request::of(&ListSecretsRequest { mount, path }),
    }
}

/// The path of a key for limits on keys: within the store's mount; with the mount where each key begins with its own. A
/// key that is no path stays as it is, since it is never read.
pub fn resolved(mount: Option<&str>, kv: KvVersion, key: &str) -> String {
    let path = match (mount, kv) {
        (Some(mount), _) => inside(mount, kv, key).to_owned(),
        (None, KvVersion::V1) => key.to_owned(),
        (None, KvVersion::V2) => key.replacen("/data/", "/", 1),
    };
    segments(&path).map_or_else(|_| key.to_owned(), |segments| segments.join("/"))
}

fn versioned(mount: &str, path: &str, version: &str) -> Result<Request, Error> {
    let number = || {
        version.parse().map_err(|_| {
            invalid(format!("vault has no version {version:?} of a secret: its versions are numbers"))
        })
    };
    let version = (!version.is_empty()).then(number).transpose()?;
    Request::of(&ReadSecretRequest { mount: mount.to_owned(), path: path.to_owned(), version })
}

fn plain(mount: &str, path: &str) -> Result<Request, Error> {
    Request::of(&GetSecretRequest { mount: mount.to_owned(), path: path.to_owned() })
}

/// The request for a key that is the path already.
fn whole(key: &str) -> Result<Request, Error> {
    let (mount, path) = halves(key);
    plain(mount, path)
}

fn halves(key: &str) -> (&str, &str) {
    key.split_once('/').unwrap_or((key, ""))
}

/// The key without the mount, should it repeat it; with the mount also goes a `data/` of version 2.
fn inside<'a>(mount: &str, version: KvVersion, key: &'a str) -> &'a str {
    let Some(rest) = key.strip_prefix(mount).and_then(|rest| rest.strip_prefix('/')) else { return key };
    match version {
        KvVersion::V1 => rest,
        KvVersion::V2 => rest.strip_prefix("data/").unwrap_or(rest),
    }
}

/// Splits a path as Vault's own client cleans it: empty segments and `.` fall away. `..` is refused, since it would
/// leave the mount that the store's owner has chosen.
///
/// # Errors
/// [`ErrorKind::InvalidRequest`] for `..`, for control characters and for a path without any segment.
pub fn segments(path: &str) -> Result<Vec<String>, Error> {
    if path.chars().any(char::is_control) {
        return Err(invalid(format!("the key {path:?} holds a control character")));
    }
    let segments: Vec<_> =
        path.split('/').filter(|part| !matches!(*part, "" | ".")).map(str::to_owned).collect();
    if segments.is_empty() || segments.iter().any(|part| part == "..") {
        return Err(invalid(format!("the key {path:?} is no path inside a mount of Vault")));
    }
    Ok(segments)
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidRequest, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data_path(mount: Option<&str>, version: KvVersion, key: &str) -> String {
        data(mount, version, key, "").expect("a valid key").path()
    }

    #[test]
    fn puts_the_key_under_mount_and_data() {
        for (mount, version, key, path) in [
            (Some("secret/path"), KvVersion::V2, "foo", "secret/path/data/foo"),
            (Some("secret/path"), KvVersion::V1, "foo", "secret/path/foo"),
            (Some("secret/path"), KvVersion::V2, "secret/path/foo", "secret/path/data/foo"),
            (Some("secret/path"), KvVersion::V2, "secret/path/data/foo", "secret/path/data/foo"),
            (Some("secret/path"), KvVersion::V1, "secret/path/foo", "secret/path/foo"),
            (Some("secret/path"), KvVersion::V1, "secret/path/data/foo", "secret/path/data/foo"),
            (Some("secret"), KvVersion::V2, "data/foo", "secret/data/data/foo"),
            (Some("secret"), KvVersion::V2, "secretive/foo", "secret/data/secretive/foo"),
            (None, KvVersion::V2, "secret/path/foo", "secret/data/path/foo"),
            (None, KvVersion::V2, "secret/path/data/foo", "secret/path/data/foo"),
            (None, KvVersion::V2, "secret", "secret/data"),
            (None, KvVersion::V1, "secret/path/foo", "secret/path/foo"),
        ] {
            assert_eq!(data_path(mount, version, key), path, "{mount:?} {version:?} {key}");
        }
    }

    #[test]
    fn cleans_what_vaults_client_cleans() {
        assert_eq!(data_path(Some("secret/"), KvVersion::V2, "/a//./b/"), "secret/data/a/b");
    }

    #[test]
    fn every_spelling_of_a_key_resolves_to_the_same_path() {
        let within = |key| resolved(Some("kv/x"), KvVersion::V2, key);
        for key in ["a/b", "/a//b/", "./a/./b", "kv/x/a/b", "kv/x/data/a/b", "kv/x//a/b"] {
            assert_eq!(within(key), "a/b", "{key}");
        }
        assert_eq!(resolved(Some("kv"), KvVersion::V1, "kv/data/a"), "data/a");
        for key in ["kv/a/b", "kv/data/a/b", "kv/data//a/b"] {
            assert_eq!(resolved(None, KvVersion::V2, key), "kv/a/b", "{key}");
        }
        assert_eq!(resolved(None, KvVersion::V1, "kv/data/a"), "kv/data/a");
        assert_eq!(within("a/../b"), "a/../b");
    }

    #[test]
    fn refuses_a_key_that_leaves_its_mount() {
        for key in ["../sys/mounts", "a/../../sys", "a\nb"] {
            let refused = data(Some("secret"), KvVersion::V2, key, "").err();
            assert_eq!(refused.map(|error| error.kind), Some(ErrorKind::InvalidRequest), "{key}");
        }
    }

    #[test]
    fn a_version_is_a_number() {
        let read = |version| data(Some("secret"), KvVersion::V2, "a", version).map(drop);
        assert_eq!((read(""), read("0"), read("7")), (Ok(()), Ok(()), Ok(())));
        assert!(read("latest").is_err_and(|error| error.message.contains("\"latest\"")));
    }

    #[test]
    fn metadata_follows_the_data() {
        let path = |mount, key| metadata(mount, KvVersion::V2, key).map(|request| request.path());
        assert_eq!(path(Some("secret"), "foo").as_deref(), Ok("secret/metadata/foo"));
        assert_eq!(path(Some("secret"), "secret/data/foo").as_deref(), Ok("secret/metadata/foo"));
        assert_eq!(path(None, "secret/data/foo").as_deref(), Ok("secret/metadata/foo"));
        assert_eq!(path(None, "secret/foo").map_err(|e| e.kind), Err(ErrorKind::InvalidRequest));
        assert_eq!(path(None, "secret/metadata/foo").as_deref(), Ok("secret/metadata/foo"));
        let v1 = metadata(Some("secret"), KvVersion::V1, "foo");
        assert_eq!(v1.err().map(|e| e.kind), Some(ErrorKind::InvalidRequest));
    }
}
