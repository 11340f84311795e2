//! What of a template can be checked before there are values.

use std::collections::BTreeSet;

use latchkey_api::external_secret::{Template, TemplateFrom, TemplateMetadata};

use super::{from, template};
use crate::engine::error::Error;

/// The keys that the values will have; none where only the store knows them.
pub type Keys<'a> = Option<&'a BTreeSet<&'a str>>;

/// What is wrong with the template texts of a specification.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Texts that cannot be parsed, targets that no Secret has.
    pub broken: Vec<Error>,
    /// What fails whatever the values are: keys that are always asked for and never fetched.
    pub unfetched: Vec<Error>,
    /// What fails if the values are such that a condition of the template holds: keys that are never fetched.
    pub doubts: Vec<Error>,
}

impl Faults {
    /// Notes what is wrong with one text that stands at this field.
    pub(super) fn text(&mut self, at: &str, text: &str, keys: Keys<'_>) {
        match template::unknown_keys(text, keys) {
            Err(why) => self.broken.push(template::said(at, &why)),
            Ok(unknown) => {
                for (why, certain) in unknown {
                    match certain {
                        true => self.unfetched.push(template::said(at, &why)),
                        false => self.doubts.push(template::doubted(at, &why)),
                    }
                }
            }
        }
    }
}

/// Looks through every template text of the specification, in the order in which they are rendered.
pub fn faults(of: Option<&Template>, keys: Keys<'_>) -> Faults {
    faults_but(of, keys, |_| false)
}

/// The same, where the targets of some sources are no Secret's.
pub fn faults_but(
    of: Option<&Template>,
    keys: Keys<'_>,
    elsewhere: impl Fn(&TemplateFrom) -> bool,
) -> Faults {
    let mut faults = Faults::default();
    let Some(Template { type_: _, engine_version: _, merge_policy: _, metadata, data, template_from }) = of
    else {
        return faults;
    };
    for (index, source) in template_from.iter().enumerate() {
        from::check(&mut faults, index, source, keys, &elsewhere);
    }
    for (key, text) in data.iter().flatten() {
        faults.text(&format!("spec.target.template.data[{key:?}]"), text, keys);
    }
    if let Some(TemplateMetadata { labels, annotations, finalizers: _ }) = metadata {
        for (name, texts) in [("labels", labels), ("annotations", annotations)] {
            for (key, text) in texts {
                faults.text(&format!("spec.target.template.metadata.{name}[{key:?}]"), text, keys);
            }
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn said(template: Value) -> (Vec<String>, Vec<String>) {
        let template: Template = serde_json::from_value(template).expect("a template");
        let Faults { mut broken, unfetched, doubts } =
            faults(Some(&template), Some(&BTreeSet::from(["user"])));
        broken.extend(unfetched);
        let texts = |all: Vec<Error>| all.into_iter().map(|error| error.message).collect();
        (texts(broken), texts(doubts))
    }

    #[test]
    fn every_text_is_looked_at_and_each_fault_is_told_with_its_place() {
        let (errors, doubts) = said(json!({
            "data": {"a": "{{ .user }}", "b": "one\n  {{ .usr }}", "c": "{{ if .user }}{{ .pass }}{{ end }}"},
            "metadata": {"labels": {"l": "{{ .user"}, "annotations": {"n": "{{ env \"HOME\" }}"}},
            "templateFrom": [{"literal": "k: {{ .key }}"}, {"literal": "", "target": "spec"}],
        }));
        let want = [
            r#"spec.target.template.templateFrom[1].target "spec" is nothing that a Secret has; set Data, Labels or Annotations"#,
            r#"spec.target.template.metadata.labels["l"]: template: text:1: unclosed action (at column 8); correct the template"#,
            r#"spec.target.template.metadata.annotations["n"]: the template function "env" is not supported by this version of latchkey; use the functions of External Secrets Operator"#,
            r#"spec.target.template.templateFrom[0].literal: template: text:1:6: executing "text" at <.key>: map has no entry for key "key"; correct the template"#,
            r#"spec.target.template.data["b"]: template: text:2:5: executing "text" at <.usr>: map has no entry for key "usr"; correct the template"#,
        ];
        assert_eq!(errors, want);
        assert_eq!(
            doubts,
            [
                r#"spec.target.template.data["c"]: template: text:1:17: executing "text" at <.pass>: map has no entry for key "pass", wherever the template comes to that place; fetch the key, or correct the template"#
            ]
        );
    }

    #[test]
    fn where_only_the_store_knows_the_keys_none_is_unknown() {
        let template = json!({"data": {"a": "{{ .anything }}"}});
        let template: Template = serde_json::from_value(template).expect("a template");
        assert_eq!(faults(Some(&template), None), Faults::default());
    }
}
