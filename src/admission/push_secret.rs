//! Admission of PushSecrets: what can never be pushed is refused. Nothing is changed in them, no store is asked, and nothing is
//! pushed before they are stored.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use latchkey_api::external_secret::StoreKind;
use latchkey_api::push_secret::{DataTo, PushSecret, PushSecretSpec};
use latchkey_api::validation::validate_push_secret;

use super::Admission;
use super::push_stores::PushStores;
use super::request::{Request, Response};
use super::requester::{having_made, reading, secrets_in, using_all};
use crate::engine::render::{self, Faults};
use crate::engine::rewrite::Rewriting;
use crate::engine::{Deadline, Error, message, regexp, selector, work};
use crate::lookup::Action;

/// Where templates say that they stand; in a PushSecret there is no target.
const TEMPLATE_OF_TARGET: &str = "spec.target.template";

/// Everything that is known to be wrong with a specification that stands at this field, in sentences.
pub(crate) fn faults(at: &str, spec: &PushSecretSpec) -> Vec<String> {
    let mut faults: Vec<String> = validate_push_secret(at, spec).iter().map(ToString::to_string).collect();
    let bad = selectors(at, spec).filter_map(|(field, selector)| {
        let why = selector::fault(selector)?;
        Some(format!("{field} is no label selector: {why}"))
    });
    faults.extend(bad);
    faults.extend(patterns(at, spec).iter().map(ToString::to_string));
    faults.extend(templates(at, spec));
    faults
}

/// Every label selector, with its field.
fn selectors<'a>(at: &'a str, spec: &'a PushSecretSpec) -> impl Iterator<Item = (String, &'a LabelSelector)> {
    let stores = spec.secret_store_refs.iter().enumerate().filter_map(move |(index, store)| {
        let field = format!("{at}.secretStoreRefs[{index}].labelSelector");
        Some((field, store.label_selector.as_ref()?))
    });
    let secret = spec.selector.secret.as_ref().and_then(|secret| secret.selector.as_ref());
    let secret = secret.map(|selector| (format!("{at}.selector.secret.selector"), selector));
    let data_to = spec.data_to.iter().enumerate().filter_map(move |(index, entry)| {
        let field = format!("{at}.dataTo[{index}].storeRef.labelSelector");
        Some((field, entry.store_ref.as_ref()?.label_selector.as_ref()?))
    });
    stores.chain(secret).chain(data_to)
}

/// Patterns that are none, and transforms that cannot be parsed: of each list the first.
fn patterns(at: &str, spec: &PushSecretSpec) -> Vec<Error> {
    let of = |(index, entry): (usize, &DataTo)| {
        let pattern = entry.match_.as_ref().and_then(|of| of.regexp.as_deref()).unwrap_or_default();
        let field = format!("{at}.dataTo[{index}].match.regexp");
        let pattern = regexp::compile(pattern).err().map(|why| message::invalid_pattern(&field, &why));
        // What merges is said to be wrong already; that a merge is incomplete as well is of no use.
        let steps = entry.rewrite.iter().all(|step| step.merge.is_none()).then_some(&*entry.rewrite);
        let field = format!("{at}.dataTo[{index}].rewrite");
        let rewrite = Rewriting::parse_all(&field, steps.unwrap_or_default()).err();
        pattern.into_iter().chain(rewrite)
    };
    spec.data_to.iter().enumerate().flat_map(of).collect()
}

/// Template texts that cannot be parsed. Which keys they may name only the Secret knows.
fn templates(at: &str, spec: &PushSecretSpec) -> Vec<String> {
    let Faults { broken, unfetched, doubts: _ } = render::faults(spec.template.as_ref(), None);
    let placed = |error: Error| match error.message.strip_prefix(TEMPLATE_OF_TARGET) {
        Some(rest) => format!("{at}.template{rest}"),
        None => error.message,
    };
    broken.into_iter().chain(unfetched).map(placed).collect()
}

/// What it makes latchkey do that its author must be allowed himself, in its namespace or in all: read what is pushed, and use
/// the stores. Whoever leaves it to labels which Secrets or stores these are must be allowed all of them.
pub(super) fn actions(spec: &PushSecretSpec, namespace: Option<&str>) -> Vec<Action> {
    let source = spec.selector.secret.as_ref().map(|secret| match (&secret.selector, &secret.name) {
        (None, Some(name)) => reading(namespace, name.clone()),
        (Some(_), _) | (None, None) => {
            Action { verb: "list", name: None, ..reading(namespace, String::new()) }
        }
    });
    let templates = secrets_in(spec.template.as_ref()).map(|name| reading(namespace, name));
    let stores = spec.secret_store_refs.iter().filter_map(|store| {
        let of = match store.kind() {
            StoreKind::SecretStore => Some(namespace?.to_owned()), // in all namespaces each has its own
            StoreKind::ClusterSecretStore => None,
        };
        let name = store.name.clone().filter(|_| store.label_selector.is_none());
        Some(Action { name, ..using_all(store.kind(), of) })
    });
    let made = spec.selector.generator_ref.as_ref().and_then(|named| having_made(named, namespace));
    source.into_iter().chain(templates).chain(stores).chain(made).collect()
}

/// The answer, by what is wrong with the specification.
pub(super) fn judged(object: &str, faults: &[String]) -> Response {
    match faults {
        [] => Response::admitted("valid").audited("outcome", "valid"),
        faults => {
            Response::denied(format!("{object}: {}", faults.join("; and "))).audited("outcome", "denied")
        }
    }
}

impl Admission {
    /// Admits a PushSecret that could work, if its author may read what is pushed and use the stores.
    pub async fn push_secret(&self, request: &Request, deadline: Deadline) -> Response {
        if request.is_being_deleted() {
            return Response::admitted("deleting");
        }
        if !self.engine.sees_to(&request.namespace) {
            return Response::admitted("out_of_scope");
        }
        let spec = match request.object::<PushSecret>("PushSecret") {
            Ok(object) => object.spec,
            Err(error) => return Response::admitted("unreadable").warned(error.to_string()),
        };
        let namespace = Some(request.namespace.as_str());
        let doubts = match self.push_stores("spec", &spec, namespace, deadline).await {
            PushStores::Others => return Response::admitted("other_class"),
            PushStores::Ours { doubts } => doubts,
        };
        let name = if request.name.is_empty() { "(unnamed)" } else { &request.name };
        let object = format!("PushSecret {}/{name}", request.namespace);
        let unmet = self.unmet_of(request, deadline, || actions(&spec, namespace)).await;
        self.answered(&object, unmet, || {
            judged(&object, &work::bounded(|| faults("spec", &spec))).remarked(&object, doubts)
        })
    }
}

#[cfg(test)]
#[path = "push_secret_tests.rs"]
mod tests;
