//! Admission of SecretStores and ClusterSecretStores: what can never work is refused, as ESO's webhook does.

use latchkey_api::external_secret::StoreKind;
use latchkey_api::store::{ALLOWED_KEYS, ClusterSecretStore, SecretStore, SecretStoreSpec};
use latchkey_api::validation::{StoreValidation, ignored_fields, validate_store};

use super::Admission;
use super::request::{Request, Response, Unreadable};
use crate::engine::plan::StoreKey;
use crate::engine::{key_limits, regexp, work};

/// The store of a request.
///
/// # Errors
/// The object is no store.
fn read(request: &Request) -> Result<(StoreKind, SecretStoreSpec), Unreadable> {
    match request.kind.as_str() {
        "ClusterSecretStore" => {
            let store: ClusterSecretStore = request.object("ClusterSecretStore")?;
            Ok((StoreKind::ClusterSecretStore, store.spec))
        }
        _ => {
            let store: SecretStore = request.object("SecretStore")?;
            Ok((StoreKind::SecretStore, store.spec))
        }
    }
}

/// Patterns of namespaces that are none, in ESO's words. They would admit nobody, without a word.
pub fn bad_patterns(spec: &SecretStoreSpec) -> Vec<String> {
    let conditions = spec
        .conditions
        .iter()
        .enumerate()
        .map(|(place, condition)| (format!("namespace regex in {place}th condition"), condition));
    let rules = spec
        .allowed_keys
        .iter()
        .enumerate()
        .map(|(place, rule)| (format!("namespace regex in {place}th rule of allowedKeys"), &rule.of));
    let patterns = conditions.chain(rules).flat_map(|(place, condition)| {
        let patterns = condition.namespace_regexes.iter().enumerate();
        patterns.map(move |(index, pattern)| (index, pattern, place.clone()))
    });
    let bad = patterns.filter_map(|(index, pattern, place)| {
        let why = regexp::compile(pattern).err()?;
        Some(format!("failed to compile {index}th {place}: {why}"))
    });
    bad.collect()
}

/// What is said of an annotation that allows nothing.
fn allows_nothing(request: &Request, object: &str) -> Option<String> {
    let annotation = request.annotation(ALLOWED_KEYS)?;
    let none = key_limits::patterns(annotation, &request.namespace).is_empty();
    none.then(|| {
        format!(
            "{object}: the annotation {ALLOWED_KEYS} holds no pattern: nothing can be read from this store"
        )
    })
}

/// The answer, by the specification alone.
fn judge(object: &str, name: &str, spec: &SecretStoreSpec, validation: &StoreValidation) -> Response {
    let mut texts = work::bounded(|| bad_patterns(spec));
    texts.extend(validation.errors.iter().map(ToString::to_string));
    if !texts.is_empty() {
        return Response::denied(format!("{object}: {}", texts.join("; "))).audited("outcome", "denied");
    }
    let mut response = Response::admitted("valid").audited("outcome", "valid");
    for warning in &validation.warnings {
        response = response.warned(format!("{object}: {}", warning.message(name)));
    }
    response.ignoring(object, &ignored_fields(spec))
}

impl Admission {
    /// Admits a store that could work.
    pub fn store(&self, request: &Request) -> Response {
        if request.is_being_deleted() {
            return Response::admitted("deleting");
        }
        let (kind, spec) = match read(request) {
            Ok(read) => read,
            Err(error) => return Response::admitted("unreadable").warned(error.to_string()),
        };
        let namespace = (kind == StoreKind::SecretStore).then_some(request.namespace.as_str());
        if !self.engine.serves(kind) || namespace.is_some_and(|namespace| !self.engine.sees_to(namespace)) {
            return Response::admitted("out_of_scope");
        }
        if !self.engine.is_of_class(&spec) {
            return Response::admitted("other_class");
        }
        let object = match namespace {
            Some(namespace) => format!("{kind} {namespace}/{}", request.name),
            None => format!("{kind} {}", request.name),
        };
        if let Err(error) = self.engine.check_store(&spec) {
            return Response::denied(format!("{object}: {error}")).audited("outcome", "denied");
        }
        let mut response = judge(&object, &request.name, &spec, &validate_store(kind, namespace, &spec));
        response.warnings.extend(allows_nothing(request, &object).filter(|_| response.denied.is_none()));
        if response.denied.is_none() && !request.dry_run {
            let key = StoreKey { kind, namespace: namespace.map(str::to_owned), name: request.name.clone() };
            self.lookup.admitted(key);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_condition_whose_pattern_is_none_is_refused() {
        let spec = json!({
            "provider": {"fake": {"data": []}},
            "conditions": [{"namespaces": ["a"]}, {"namespaceRegexes": ["^team-", "team-("]}],
        });
        let spec: SecretStoreSpec = serde_json::from_value(spec).expect("a store");
        let validation = validate_store(StoreKind::ClusterSecretStore, None, &spec);
        let denied = judge("ClusterSecretStore s", "s", &spec, &validation).denied;
        let text =
            "ClusterSecretStore s: failed to compile 1th namespace regex in 1th condition: unclosed group";
        assert_eq!(denied.as_deref(), Some(text));
    }
}
