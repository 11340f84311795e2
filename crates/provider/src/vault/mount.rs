//! What Vault tells about a mount, against what the store says of it.

use std::collections::BTreeMap;

use latchkey_api::provider::vault::VaultKvVersion;
use serde::Deserialize;

use crate::{Error, ErrorKind};

#[derive(Deserialize)]
struct Body {
    data: Mount,
}

#[derive(Deserialize)]
struct Mount {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    options: Option<BTreeMap<String, String>>,
}

/// Compares an answer of `sys/internal/ui/mounts/<mount>` with the store.
///
/// # Errors
/// [`ErrorKind::InvalidConfig`] if the mount is not a key-value engine or of the other version.
pub fn check(body: &[u8], mount: &str, wanted: VaultKvVersion) -> Result<(), Error> {
    let Ok(Body { data: Mount { kind, options } }) = serde_json::from_slice(body) else { return Ok(()) };
    if kind != "kv" && kind != "generic" {
        return Err(wrong(format!("vault mount path {mount:?} is not a kv secret engine, got {kind:?}")));
    }
    let is_v2 = options.is_some_and(|options| options.get("version").is_some_and(|version| version == "2"));
    let name = |v2| if v2 { "v2" } else { "v1" };
    let wants_v2 = wanted == VaultKvVersion::V2;
    if is_v2 == wants_v2 {
        return Ok(());
    }
    let (has, wants) = (name(is_v2), name(wants_v2));
    Err(wrong(format!(
        "vault mount path {mount:?} uses kv version {has} but store is configured for kv version {wants}"
    )))
}

fn wrong(message: String) -> Error {
    Error::new(ErrorKind::InvalidConfig, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_another_engine_and_another_version() {
        let check = |data: &str, version| {
            check(format!(r#"{{"data":{data}}}"#).as_bytes(), "secret", version)
                .map_err(|error| error.message)
        };
        let (v1, v2) = (VaultKvVersion::V1, VaultKvVersion::V2);
        assert_eq!(check(r#"{"type":"kv","options":{"version":"2"}}"#, v2), Ok(()));
        assert_eq!(check(r#"{"type":"kv","options":null}"#, v1), Ok(()));
        assert!(
            check(r#"{"type":"kv","options":{"version":"1"}}"#, v2)
                .is_err_and(|text| text.contains("version v1"))
        );
        assert!(check(r#"{"type":"pki"}"#, v2).is_err_and(|text| text.contains("\"pki\"")));
        assert_eq!(check(r#""unreadable""#, v2), Ok(()));
    }
}
