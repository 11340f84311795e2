//! Secrets that would give whoever writes an ExternalSecret more rights than he has.

use super::Invalid;
use crate::external_secret::{ExternalSecretSpec, ManifestRef, Template, TemplateFrom};
use crate::secret_type::{BOOTSTRAP_TOKEN, SERVICE_ACCOUNT_TOKEN};

const SERVICE_ACCOUNT_NAME: &str = "kubernetes.io/service-account.name";
const TARGETS: [&str; 4] = ["", "Data", "Annotations", "Labels"];

/// What a template must not do. To be asked again before a Secret is written, since a webhook may have been away.
pub fn validate_template(spec: &ExternalSecretSpec) -> Vec<Invalid> {
    let Some(target) = &spec.target else { return Vec::new() };
    let Some(template) = &target.template else { return Vec::new() };
    let mut invalid = Vec::from_iter(privileged(template));
    if target.manifest.as_ref().is_none_or(is_secret) {
        invalid.extend(template.template_from.iter().filter_map(outside_of_a_secret));
    }
    invalid
}

fn privileged(template: &Template) -> Option<Invalid> {
    match template.type_.as_deref() {
        Some(SERVICE_ACCOUNT_TOKEN) => {
            let metadata = template.metadata.as_ref();
            if metadata.is_some_and(|metadata| metadata.annotations.contains_key(SERVICE_ACCOUNT_NAME)) {
                return Some(Invalid::ServiceAccountToken);
            }
            let renders_annotations = template.template_from.iter().any(writes_annotations);
            renders_annotations.then_some(Invalid::ServiceAccountTokenAnnotations)
        }
        Some(BOOTSTRAP_TOKEN) => Some(Invalid::BootstrapToken),
        _ => None,
    }
}

fn writes_annotations(from: &TemplateFrom) -> bool {
    from.target.as_deref().is_some_and(|target| target.eq_ignore_ascii_case("Annotations"))
}

fn is_secret(manifest: &ManifestRef) -> bool {
    manifest.api_version == "v1" && manifest.kind == "Secret"
}

/// Any other target is a path into the object, by which its type or its owner could be set.
fn outside_of_a_secret(from: &TemplateFrom) -> Option<Invalid> {
    let target = from.target.as_deref()?;
    let known = TARGETS.iter().any(|known| known.eq_ignore_ascii_case(target));
    (!known).then(|| Invalid::TemplateTarget(target.to_owned()))
}
