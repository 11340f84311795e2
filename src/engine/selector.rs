//! Label selectors, by Kubernetes' rules.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::core::{Selector, SelectorExt};
use latchkey_api::cluster_external_secret::ClusterExternalSecretSpec;
use latchkey_api::push_secret::ClusterPushSecretSpec;

/// The operators of a requirement, and whether they take values.
const OPERATORS: [(&str, bool); 4] =
    [("In", true), ("NotIn", true), ("Exists", false), ("DoesNotExist", false)];

/// Whether a selector matches these labels. An empty one matches all, one that is not valid none.
pub fn selects(selector: &LabelSelector, labels: &BTreeMap<String, String>) -> bool {
    let lacks_values = selector.match_expressions.iter().flatten().any(|requirement| {
        matches!(requirement.operator.as_str(), "In" | "NotIn")
            && requirement.values.as_ref().is_none_or(|values| values.is_empty())
    });
    !lacks_values && Selector::try_from(selector.clone()).is_ok_and(|selector| selector.matches(labels))
}

/// Why it is no selector, if it is none.
pub fn fault(selector: &LabelSelector) -> Option<String> {
    for requirement in selector.match_expressions.iter().flatten() {
        let (key, operator) = (&requirement.key, requirement.operator.as_str());
        let values = requirement.values.as_ref().is_some_and(|values| !values.is_empty());
        match OPERATORS.iter().find(|(name, _)| *name == operator) {
            None => {
                return Some(format!(
                    "{key:?} has operator {operator:?}, which is none of In, NotIn, Exists and DoesNotExist; correct it"
                ));
            }
            Some((_, true)) if !values => {
                return Some(format!(
                    "{key:?} with operator {operator:?} has no values; list them, or write Exists"
                ));
            }
            Some((_, false)) if values => {
                return Some(format!(
                    "{key:?} with operator {operator:?} takes no values; remove them, or write In or NotIn"
                ));
            }
            Some(_) => (),
        }
    }
    Selector::try_from(selector.clone()).err().map(|error| error.to_string())
}

/// The namespaces that something is made in, by their labels: those of any selector.
#[derive(Debug, Clone, Copy)]
pub struct Selectors<'a> {
    /// The deprecated `namespaceSelector`.
    one: Option<&'a LabelSelector>,
    /// `namespaceSelectors`
    many: &'a [LabelSelector],
}

impl<'a> From<&'a ClusterExternalSecretSpec> for Selectors<'a> {
    fn from(spec: &'a ClusterExternalSecretSpec) -> Self {
        Self { one: spec.namespace_selector.as_ref(), many: &spec.namespace_selectors }
    }
}

impl<'a> From<&'a ClusterPushSecretSpec> for Selectors<'a> {
    fn from(spec: &'a ClusterPushSecretSpec) -> Self {
        Self { one: None, many: &spec.namespace_selectors }
    }
}

impl<'a> Selectors<'a> {
    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.one.is_none() && self.many.is_empty()
    }

    /// Whether a namespace with these labels is meant.
    pub fn selects(self, labels: &BTreeMap<String, String>) -> bool {
        self.one.into_iter().chain(self.many).any(|selector| selects(selector, labels))
    }

    /// The fields of those that are no selectors, and why they are none.
    pub fn faults(self) -> impl Iterator<Item = (String, String)> + 'a {
        let one = self.one.into_iter().map(|selector| ("spec.namespaceSelector".to_owned(), selector));
        let many = self.many.iter().enumerate();
        let many = many.map(|(index, selector)| (format!("spec.namespaceSelectors[{index}]"), selector));
        one.chain(many).filter_map(|(field, selector)| Some((field, fault(selector)?)))
    }
}

/// A word on what makes such objects in namespaces and means none at all, whatever there may come.
pub fn no_namespace(child: &str, means_some: bool) -> Option<String> {
    (!means_some).then(|| {
        format!(
            "spec selects no namespace, so there will be no {child} anywhere; set spec.namespaceSelectors (an empty one, {{}}, selects all)"
        )
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn with(requirement: Value) -> LabelSelector {
        serde_json::from_value(json!({ "matchExpressions": [requirement] })).expect("a selector")
    }

    #[test]
    fn what_is_no_selector_says_why_and_matches_nothing() {
        for (requirement, why) in [
            (json!({ "key": "a", "operator": "Inn", "values": ["b"] }), "is none of In, NotIn"),
            (json!({ "key": "a", "operator": "in", "values": ["b"] }), "is none of In, NotIn"),
            (json!({ "key": "a", "operator": "In" }), "has no values"),
            (json!({ "key": "a", "operator": "NotIn", "values": [] }), "has no values"),
            (json!({ "key": "a", "operator": "Exists", "values": ["b"] }), "takes no values"),
        ] {
            let selector = with(requirement.clone());
            let said = fault(&selector).unwrap_or_default();
            assert!(said.contains(why), "{requirement}: {said}");
        }
        let absent = with(json!({ "key": "a", "operator": "NotIn" }));
        assert!(!selects(&absent, &BTreeMap::new()), "that would be every namespace");
    }

    #[test]
    fn what_is_one_has_no_fault() {
        for requirement in [
            json!({ "key": "a", "operator": "NotIn", "values": ["b"] }),
            json!({ "key": "a", "operator": "DoesNotExist" }),
        ] {
            let selector = with(requirement);
            assert_eq!(fault(&selector), None);
            assert!(selects(&selector, &BTreeMap::new()));
        }
        assert_eq!(fault(&LabelSelector::default()), None);
    }
}
