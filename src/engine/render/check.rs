//! What of a template can be checked before there are values.

use std::collections::BTreeMap;

use latchkey_api::external_secret::{Template, TemplateMetadata};

use super::{from, template};
use crate::engine::error::Error;

/// Checks every template text of the specification.
///
/// # Errors
/// The first that cannot be executed.
pub fn check(of: Option<&Template>) -> Result<(), Error> {
    let Some(Template { type_: _, engine_version: _, merge_policy: _, metadata, data, template_from }) = of
    else {
        return Ok(());
    };
    texts("spec.target.template.data", data.iter().flatten())?;
    if let Some(TemplateMetadata { labels, annotations, finalizers: _ }) = metadata {
        texts("spec.target.template.metadata.labels", labels)?;
        texts("spec.target.template.metadata.annotations", annotations)?;
    }
    template_from.iter().enumerate().try_for_each(|(index, source)| from::check(index, source))
}

fn texts<'a>(
    field: &str,
    texts: impl IntoIterator<Item = <&'a BTreeMap<String, String> as IntoIterator>::Item>,
) -> Result<(), Error> {
    texts.into_iter().try_for_each(|(key, text)| {
        template::check(text).map_err(|why| template::said(&format!("{field}[{key:?}]"), &why))
    })
}
