//! Which kinds of objects an ExternalSecret may write.

use latchkey_api::external_secret::ManifestRef;

use crate::engine::error::{Error, ErrorKind};

/// External Secrets Operator's sentence.
pub const DISABLED: &str = "generic targets are disabled. Enable with --unsafe-allow-generic-targets flag";

/// What would give whoever writes an ExternalSecret rights that he does not have, through the rights of latchkey.
const PRIVILEGED: [&str; 5] = [
    "rbac.authorization.k8s.io",
    "admissionregistration.k8s.io",
    "apiregistration.k8s.io",
    "certificates.k8s.io",
    "external-secrets.io",
];

/// The refusal where the installation does not allow them.
pub fn disabled() -> Error {
    Error::new(ErrorKind::GenericTarget, DISABLED)
}

/// Refuses a kind that cannot be named, or must not be written.
///
/// # Errors
/// What is wrong with it.
pub fn check(of: &ManifestRef) -> Result<(), Error> {
    let refused = |why: &str| Error::new(ErrorKind::GenericTarget, format!("spec.target.manifest: {why}"));
    let ManifestRef { api_version, kind } = of;
    if !is_api_version(api_version) {
        return Err(refused(&format!("{api_version:?} is no apiVersion; write VERSION or GROUP/VERSION")));
    }
    if api_version == "v1" && kind == "Secret" {
        return Err(refused("a Secret is what is written without it; remove it"));
    }
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    if PRIVILEGED.iter().any(|privileged| group == *privileged || group.ends_with(&format!(".{privileged}")))
    {
        return Err(refused(&format!(
            "objects of {group:?} decide who may do what and are not written for anybody; write {kind} by hand"
        )));
    }
    Ok(())
}

/// It becomes part of a URL.
fn is_api_version(text: &str) -> bool {
    let is_name = |part: &str| {
        let bytes = part.as_bytes();
        let plain = bytes.iter().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.'));
        plain && bytes.first().is_some_and(u8::is_ascii_alphanumeric) && !part.contains("..")
    };
    match text.split_once('/') {
        Some((group, version)) => is_name(group) && is_name(version) && !version.contains('.'),
        None => text == "v1",
    }
}
