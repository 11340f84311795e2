//! What the template of a PushSecret makes of its source. Pure.

use latchkey_api::external_secret::Template;

use super::Source;
use crate::engine::Error;
use crate::engine::render::{self, Objects, Parts};

/// The source with what the template makes of it laid over it. Its keys stay, whatever `mergePolicy` says: with ESO the source
/// itself is what the template writes to. Its type goes: a template without one makes a Secret that has none in particular.
///
/// # Errors
/// A template that fails.
pub(super) fn templated(template: &Template, source: Source, objects: &Objects) -> Result<Source, Error> {
    let Source { data, mut metadata } = source;
    let mut all = data.clone();
    let Parts { type_, labels, annotations, finalizers: _, data, computed: _ } =
        render::templated(template, data, objects)?;
    all.extend(data);
    metadata.labels.extend(labels);
    metadata.annotations.extend(annotations);
    metadata.type_ = type_;
    Ok(Source { data: all, metadata })
}

#[cfg(test)]
mod tests {
    use latchkey_provider::{SecretBytes, SourceMetadata};
    use serde_json::{Value, json};

    use super::*;

    fn source() -> Source {
        let pairs = [("user", "u"), ("password", "p")];
        let data = pairs.iter().map(|(key, value)| ((*key).to_owned(), SecretBytes::from(*value))).collect();
        let metadata = SourceMetadata { type_: Some("team/type".into()), ..SourceMetadata::default() };
        Source { data, metadata }
    }

    fn made(template: Value) -> Source {
        let template = serde_json::from_value(template).expect("a template");
        templated(&template, source(), &Objects::new()).expect("made")
    }

    #[test]
    fn what_is_made_is_laid_over_the_keys_of_the_source_whatever_the_merge_policy() {
        for policy in [None, Some("Replace"), Some("Merge")] {
            let data = json!({ "dsn": "{{ .user }}:{{ .password }}", "user": "{{ .user | upper }}" });
            let made = made(json!({ "data": data, "mergePolicy": policy }));
            let texts: Vec<_> = made
                .data
                .iter()
                .map(|(key, value)| (key.as_str(), value.expose_str().expect("text")))
                .collect();
            assert_eq!(texts, [("dsn", "u:p"), ("password", "p"), ("user", "U")], "{policy:?}");
        }
    }

    #[test]
    fn template_from_is_laid_over_them_too_and_the_type_is_the_templates() {
        let from = json!([{ "literal": "made: '{{ .user }}'" }]);
        let over = made(json!({ "templateFrom": from, "type": "other/type" }));
        let keys: Vec<_> = over.data.keys().map(String::as_str).collect();
        assert_eq!(
            (keys, over.metadata.type_.as_deref()),
            (vec!["made", "password", "user"], Some("other/type"))
        );
        assert_eq!(made(json!({})).metadata.type_, None);
    }
}
