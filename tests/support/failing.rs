//! An ExternalSecret that cannot be synced: what is said of it, by whatever way it comes, and that nothing comes of it.

use serde_json::Value;

use super::manifests::{annotated, external_secret};
use super::{Namespace, Said};

const FAILURE_MODE: &str = "latchkey.dev/failure-mode";

/// What every value begins with that must not be seen anywhere.
pub const CANARY: &str = "cAnArY";

/// An ExternalSecret `app` that fails.
pub struct Failing<'a> {
    ns: &'a Namespace<'a>,
    object: Value,
    text: String,
    secret: Option<Value>,
}

impl<'a> Failing<'a> {
    /// One with this spec, which reads the ClusterSecretStore that has the namespace's name unless it says otherwise. The
    /// whole of what is said at the prompt is `ExternalSecret NAMESPACE/app: ` and this.
    pub fn new(ns: &'a Namespace<'a>, spec: Value, says: &str) -> Self {
        let object = external_secret("app", &ns.name, spec);
        let text = format!("ExternalSecret {}/app: {says}", ns.name);
        Self { ns, object, text, secret: ns.secret("app") }
    }

    /// It is admitted with one warning, or refused with the same text where that is wanted; a dry run says the same, and
    /// nothing is written but the warned one's own status and event.
    pub fn warns_or_denies(&self, condition: &str) {
        self.warns(self.dry_run(self.object.clone()));
        self.denies(self.dry_run(self.with_mode("deny")));
        self.denies(self.apply(self.with_mode("deny")));
        self.nothing_came_of_it();

        let label = format!("{FAILURE_MODE}=deny");
        self.ns.world.kubectl(&["label", "namespace", &self.ns.name, &label], "").good();
        self.denies(self.dry_run(self.object.clone()));
        self.denies(self.apply(self.object.clone()));
        self.warns(self.dry_run(self.with_mode("warn"))); // the narrower wins
        self.nothing_came_of_it();

        self.warns(self.apply(self.with_mode("warn")));
        self.is_stored_and_not_ready(condition);
    }

    /// It is admitted with one warning even where failures are refused.
    pub fn only_ever_warns(&self, condition: &str) {
        self.warns(self.dry_run(self.with_mode("deny")));
        self.nothing_came_of_it();
        self.warns(self.apply(self.with_mode("deny")));
        self.is_stored_and_not_ready(condition);
    }

    fn with_mode(&self, mode: &str) -> Value {
        annotated(self.object.clone(), FAILURE_MODE, mode)
    }

    fn apply(&self, object: Value) -> Said {
        self.ns.apply(&object.to_string())
    }

    fn dry_run(&self, object: Value) -> Said {
        self.ns.dry_run(&object.to_string())
    }

    #[track_caller]
    fn warns(&self, said: Said) {
        let said = said.good();
        assert_eq!(said.warnings(), [&self.text], "{said}");
        assert!(!said.to_string().contains(CANARY), "{said}");
    }

    #[track_caller]
    fn denies(&self, said: Said) {
        let said = said.refused();
        let expected =
            format!("admission webhook \"externalsecrets.latchkey.dev\" denied the request: {}", self.text);
        assert!(said.err.trim_end().ends_with(&expected), "got {said}instead of {expected}");
        assert!(said.warnings().is_empty() && !said.to_string().contains(CANARY), "{said}");
    }

    #[track_caller]
    fn nothing_came_of_it(&self) {
        assert_eq!(self.ns.secret("app"), self.secret);
        assert_eq!(self.ns.external_secret("app"), None);
        assert_eq!(self.ns.events("app"), []);
    }

    fn is_stored_and_not_ready(&self, condition: &str) {
        self.ns.wait_ready("app", "False", "SecretSyncedError");
        assert_eq!(self.ns.ready("app").map(|(.., message)| message).as_deref(), Some(condition));
        let why = self.text.split_once(": ").map_or("", |(_, why)| why);
        self.ns.wait_event("app", "UpdateFailed", why);
        assert!(!why.contains(CANARY) && !self.ns.world.latchkey.log().contains(CANARY));
        assert_eq!(self.ns.secret("app"), self.secret);
    }
}
