//! What services keep of what generators made is deleted there once it is of no use any more: when another one has taken its
//! place for long enough, or whoever it was made for is gone.

use std::time::Duration;

use jiff::Timestamp;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use kube::{Api, ResourceExt};
use latchkey_api::generator::{GeneratorState, STATE_FINALIZER, STATE_OWNER};
use serde_json::json;

use super::Term;
use super::item::Item;
use super::push::keeps_nothing;
use super::queue::Priority;
use crate::engine::Error;
use crate::engine::generators::states::Written;
use crate::lookup::Key;
use crate::telemetry::chain;

/// How often they are looked through. Their deadlines are minutes apart.
const PAUSE: Duration = Duration::from_secs(20);

/// The same where the cluster has no GeneratorStates.
const LONG_PAUSE: Duration = Duration::from_mins(5);

/// For how long a service is asked that refuses, or whose credentials are gone, while the object is being deleted: it must
/// not hold up its namespace for ever.
const PATIENCE: Duration = Duration::from_mins(10);

impl Term<'_> {
    pub(super) async fn generator_states(&self) {
        let api: Api<GeneratorState> = self.refresher.lookup.in_scope(&self.refresher.client);
        let pause = match api.list(&ListParams::default()).await {
            Ok(all) => {
                for one in &all.items {
                    if is_due(one, Timestamp::now()) {
                        self.clean_up(one).await;
                    } else if self.is_left(one) {
                        self.retire(one).await;
                    }
                }
                PAUSE
            }
            Err(kube::Error::Api(status)) if status.code == 404 => LONG_PAUSE,
            Err(error) => {
                tracing::warn!(error = chain(&error), "cannot look through the GeneratorStates; tried again");
                LONG_PAUSE
            }
        };
        self.queue.add(Item::GeneratorStates, pause, Priority::Routine);
    }

    /// Whether it was made for a PushSecret that pushes something else by now, of which no service keeps anything: no other one
    /// comes that would take its place.
    fn is_left(&self, one: &GeneratorState) -> bool {
        let Some(name) = owner_that_pushes(one) else { return false };
        let namespace = one.namespace().unwrap_or_default();
        let push = self.refresher.lookup.push_secret(&Key::new(namespace.as_str(), name));
        push.is_some_and(|push| {
            self.refresher.engine.sees_to(&namespace)
                && keeps_nothing(&push)
                && !self.is_of_others(&push.spec, &namespace)
        })
    }

    async fn retire(&self, one: &GeneratorState) {
        let owner_key = one.labels().get(STATE_OWNER).cloned().unwrap_or_default();
        let written =
            Written { namespace: one.namespace().unwrap_or_default(), name: one.name_any(), owner_key };
        if let Err(error) = self.refresher.engine.retire(&written).await {
            tracing::warn!(namespace = written.namespace, name = written.name, %error, "cannot say that what a generator made is in use no more; tried again");
        }
    }

    async fn clean_up(&self, one: &GeneratorState) {
        let (namespace, name) = (one.namespace().unwrap_or_default(), one.name_any());
        self.refresher.engine.forget_made(&namespace, &name);
        let revoked = self.refresher.engine.revoke(&namespace, &one.spec.resource, &one.spec.state).await;
        match revoked {
            Ok(()) => tracing::info!(namespace, name, "told a service to delete what a generator made"),
            Err(error) if gives_up(one, &error, Timestamp::now()) => {
                tracing::warn!(namespace, name, %error, "what a generator made stays at the service, which cannot be told to delete it; delete it there by hand");
            }
            Err(error) => {
                return tracing::warn!(namespace, name, %error, "cannot have a service delete what a generator made; tried again");
            }
        }
        if let Err(error) = self.forget_state(&namespace, &name, one).await {
            tracing::warn!(
                namespace,
                name,
                error = chain(&error),
                "cannot delete a GeneratorState; tried again"
            );
        }
    }

    async fn forget_state(
        &self,
        namespace: &str,
        name: &str,
        one: &GeneratorState,
    ) -> Result<(), kube::Error> {
        let api: Api<GeneratorState> = Api::namespaced(self.refresher.client.clone(), namespace);
        if one.metadata.deletion_timestamp.is_none() {
            api.delete(name, &DeleteParams::default()).await?;
        }
        let others: Vec<&String> = one.finalizers().iter().filter(|it| *it != STATE_FINALIZER).collect();
        let patch = json!({ "metadata": { "finalizers": others } });
        match api.patch(name, &PatchParams::default(), &Patch::Merge(patch)).await {
            Ok(_) => Ok(()),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Whether the service is to be told: its time has come, or it is being deleted and waits for that.
fn is_due(one: &GeneratorState, now: Timestamp) -> bool {
    if one.metadata.deletion_timestamp.is_some() {
        return one.finalizers().iter().any(|finalizer| finalizer == STATE_FINALIZER);
    }
    one.spec.garbage_collection_deadline.as_ref().is_some_and(|deadline| deadline.0 <= now)
}

/// The PushSecret that it was made for, unless its time is set already.
fn owner_that_pushes(one: &GeneratorState) -> Option<&str> {
    let is_set = one.spec.garbage_collection_deadline.is_some() || one.metadata.deletion_timestamp.is_some();
    let owner = one.owner_references().iter().find(|owner| owner.kind == "PushSecret");
    owner.filter(|_| !is_set).map(|owner| owner.name.as_str())
}

fn gives_up(one: &GeneratorState, error: &Error, now: Timestamp) -> bool {
    let Some(since) = &one.metadata.deletion_timestamp else { return false };
    let waited = Duration::try_from(now.duration_since(since.0)).unwrap_or_default();
    !error.is_transient() && waited > PATIENCE
}

#[cfg(test)]
mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::{OwnerReference, Time};
    use latchkey_api::generator::GeneratorStateSpec;

    use super::*;
    use crate::engine::ErrorKind;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    fn state(deadline: Option<&str>, deleted: Option<&str>) -> GeneratorState {
        let spec = GeneratorStateSpec {
            garbage_collection_deadline: deadline.map(|text| Time(at(text))),
            ..GeneratorStateSpec::default()
        };
        let mut state = GeneratorState::new("gen", spec);
        state.metadata.deletion_timestamp = deleted.map(|text| Time(at(text)));
        state.metadata.finalizers = Some(vec![STATE_FINALIZER.to_owned()]);
        state
    }

    #[test]
    fn the_service_is_told_when_the_time_has_come_or_the_owner_is_gone() {
        let now = at("2026-08-08T10:00:00Z");
        for (deadline, deleted, due) in [
            (None, None, false),
            (Some("2026-08-08T10:00:01Z"), None, false),
            (Some("2026-08-08T10:00:00Z"), None, true),
            (None, Some("2026-08-08T09:59:00Z"), true),
        ] {
            assert_eq!(is_due(&state(deadline, deleted), now), due, "{deadline:?} {deleted:?}");
        }
        let mut freed = state(None, Some("2026-08-08T09:59:00Z"));
        freed.metadata.finalizers = None;
        assert!(!is_due(&freed, now), "others hold it");
    }

    #[test]
    fn of_a_push_secret_what_is_to_go_already_is_left_alone() {
        let of = |kind: &str, mut state: GeneratorState| {
            let owner =
                OwnerReference { kind: kind.to_owned(), name: "ci".to_owned(), ..OwnerReference::default() };
            state.metadata.owner_references = Some(vec![owner]);
            owner_that_pushes(&state).map(str::to_owned)
        };
        let time = Some("2026-08-08T10:00:00Z");
        assert_eq!(of("PushSecret", state(None, None)).as_deref(), Some("ci"));
        assert_eq!(of("ExternalSecret", state(None, None)), None);
        assert_eq!(of("PushSecret", state(time, None)), None);
        assert_eq!(of("PushSecret", state(None, time)), None);
    }

    #[test]
    fn it_is_given_up_after_a_while_and_never_while_the_service_may_come_back() {
        let (gone, down) = (Error::new(ErrorKind::Generator, "gone"), Error::new(ErrorKind::Cluster, "down"));
        let deleted = state(None, Some("2026-08-08T10:00:00Z"));
        assert!(!gives_up(&deleted, &gone, at("2026-08-08T10:10:00Z")));
        assert!(gives_up(&deleted, &gone, at("2026-08-08T10:10:01Z")));
        assert!(!gives_up(&deleted, &down, at("2026-08-09T10:00:00Z")));
        assert!(!gives_up(&state(Some("2026-08-08T10:00:00Z"), None), &gone, at("2026-08-09T10:00:00Z")));
    }
}
