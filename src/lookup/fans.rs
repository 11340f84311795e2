//! When a ClusterExternalSecret was heard of in the version that it has: what it makes then is one wish of that moment, in however
//! many namespaces, and a value that was read since is new enough for all of them.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use latchkey_api::cluster_external_secret::ClusterExternalSecret;
use latchkey_api::external_secret::ExternalSecret;
use tokio::time::Instant;

use super::{Lookup, rows};

/// For so long what is made belongs to that wish: many namespaces take a while. What comes later is a wish of its own.
const WISH: Duration = Duration::from_secs(30);

/// The moments, by uid.
#[derive(Debug, Default)]
pub(super) struct Heard(Mutex<HashMap<String, Instant>>);

impl Heard {
    /// The watch has told of it, or that it is gone.
    pub(super) fn of(&self, before: Option<&ClusterExternalSecret>, now: Option<&ClusterExternalSecret>) {
        let wish = |object: &ClusterExternalSecret| {
            let ObjectMeta { uid, generation, annotations, .. } = object.metadata.clone();
            (uid, generation, annotations) // `force-sync` is an annotation
        };
        let (before, now) = (before.map(wish), now.map(wish));
        if before == now {
            return;
        }
        let uid = |wish: Option<_>| wish.and_then(|(uid, _, _)| uid);
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        uid(before).and_then(|gone| heard.remove(&gone));
        uid(now).map(|uid| heard.insert(uid, Instant::now()));
    }

    fn since(&self, uid: &str) -> Option<Instant> {
        let heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heard.get(uid).copied().filter(|at| at.elapsed() < WISH)
    }
}

impl Lookup {
    /// Since when a value that was read counts as read for this ExternalSecret: it is one of those that a ClusterExternalSecret,
    /// which was made or changed at that moment, makes.
    pub fn wished_since(&self, object: &ExternalSecret) -> Option<Instant> {
        self.heard.since(&rows::fan(object)?)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fan(uid: &str, generation: i64) -> ClusterExternalSecret {
        serde_json::from_value(json!({
            "apiVersion": "external-secrets.io/v1", "kind": "ClusterExternalSecret",
            "metadata": { "name": "fan", "uid": uid, "generation": generation },
            "spec": { "externalSecretSpec": {} },
        }))
        .expect("a ClusterExternalSecret")
    }

    #[tokio::test(start_paused = true)]
    async fn a_version_is_a_wish_of_the_moment_that_it_was_heard_of_in() {
        let (heard, began) = (Heard::default(), Instant::now());
        heard.of(None, Some(&fan("a", 1)));
        tokio::time::advance(WISH / 2).await;
        heard.of(Some(&fan("a", 1)), Some(&fan("a", 1))); // its status was written
        assert_eq!(heard.since("a"), Some(began));
        heard.of(Some(&fan("a", 1)), Some(&fan("a", 2)));
        assert_eq!(heard.since("a"), Some(began + WISH / 2));
        tokio::time::advance(WISH / 4).await;
        let mut forced = fan("a", 2);
        forced.metadata.annotations = Some([("force-sync".to_owned(), "1".to_owned())].into());
        heard.of(Some(&fan("a", 2)), Some(&forced));
        assert_eq!(heard.since("a"), Some(began + WISH / 2 + WISH / 4));
        tokio::time::advance(WISH).await;
        assert_eq!(heard.since("a"), None, "what comes so much later is a wish of its own");
    }

    #[tokio::test(start_paused = true)]
    async fn of_what_is_gone_nothing_is_kept() {
        let heard = Heard::default();
        heard.of(None, Some(&fan("a", 1)));
        heard.of(Some(&fan("a", 1)), Some(&fan("b", 1))); // deleted and made again while nobody looked
        assert_eq!((heard.since("a"), heard.since("b")), (None, Some(Instant::now())));
        heard.of(Some(&fan("b", 1)), None);
        assert!(heard.0.lock().expect("it").is_empty());
    }
}
