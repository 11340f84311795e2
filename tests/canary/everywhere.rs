//! Every place where the value could have been left.

use std::collections::BTreeSet;

use serde_json::Value;

use super::scene::Scene;
use super::search::Forms;
use crate::support::SYSTEM;

impl Scene {
    /// Searches everything. The names of the targets that hold the value, as they may.
    pub(super) fn search(&self) -> Vec<String> {
        let forms = Forms::of(&self.canary).and("credential", Forms::of(&self.credential));
        // A text may have been cut before its end, but not within what makes it unlike any other.
        let forms = forms.and("value's part", Forms::few(&self.random));
        let echoes = self.echo.echoes();
        self.note_what_was_sent(); // of these echoes, and perhaps of later ones
        let made = self.made.borrow();
        let forms = made.iter().enumerate().fold(forms, |forms, (number, text)| {
            forms.and(&format!("text {number} of generators"), Forms::few(text))
        });
        assert!(echoes.len() > 50, "services have refused, and said why: {}", echoes.len());
        for echo in echoes {
            assert!(forms.found_in(&echo).is_some(), "nobody would notice that this was told: {echo}");
        }
        let cluster = &self.world.cluster;
        let file = |name: &str| std::fs::read_to_string(cluster.dir().join(name)).expect("a log");
        let log = self.world.latchkey.log();
        assert!(log.contains(r#""level":"TRACE""#) || log.contains(r#""level":"DEBUG""#), "it logs little");
        for (place, text) in
            [("the audit log", file("audit.log")), ("the API server's log", file("kube-apiserver.log"))]
        {
            not_in(place, &text, &forms);
        }
        let forms = forms.and("quoted value", Forms::of(&self.quoted));
        for (place, text) in [
            ("the log", log),
            ("the metrics", self.world.latchkey.metrics()),
            ("what was said", self.said.borrow().clone()),
        ] {
            not_in(place, &text, &forms);
        }
        self.search_objects(&forms)
    }

    fn search_objects(&self, forms: &Forms) -> Vec<String> {
        const KINDS: &str = "secrets,externalsecrets,pushsecrets,secretstores,clustersecretstores,pods,configmaps,serviceaccounts,\
                             generatorstates.generators.external-secrets.io,mines.canary.example.com,\
                             leases.coordination.k8s.io,events,events.events.k8s.io,namespaces,\
                             mutatingwebhookconfigurations,customresourcedefinitions";
        let listed =
            self.world.kubectl(&["get", KINDS, "-A", "-o", "json", "--show-managed-fields"], "").good();
        let list: Value = serde_json::from_str(&listed.out).expect("JSON");
        let (mut targets, mut kinds) = (Vec::new(), BTreeSet::new());
        for mut object in list["items"].as_array().expect("a list").clone() {
            let kind = object["kind"].as_str().expect("a kind").to_owned();
            let name = object["metadata"]["name"].as_str().expect("a name").to_owned();
            if kind == "Secret" && forms.found_in(&object["data"].take().to_string()).is_some() {
                targets.push(name.clone());
            }
            // These two are what the value is put into, and no other is.
            for (of, named, field) in [("ConfigMap", "object-moved", "data"), ("Mine", "object-mine", "spec")]
            {
                if (kind.as_str(), name.as_str()) == (of, named) {
                    assert!(forms.found_in(&object[field].take().to_string()).is_some(), "{of} {named}");
                    targets.push(name.clone());
                }
            }
            if kind == "SecretStore" && name == "fake" {
                object["spec"].take();
            }
            assert_eq!(forms.found_in(&object.to_string()), None, "in {kind} {name}");
            kinds.insert(kind);
        }
        for kind in [
            "Secret",
            "ExternalSecret",
            "PushSecret",
            "GeneratorState",
            "ConfigMap",
            "Mine",
            "SecretStore",
            "Pod",
            "Lease",
            "Event",
            "MutatingWebhookConfiguration",
        ] {
            assert!(kinds.contains(kind), "no {kind} was searched");
        }
        assert!(self.world.get(&format!("/api/v1/namespaces/{SYSTEM}/secrets/latchkey-tls")).is_some());
        targets
    }
}

fn not_in(place: &str, text: &str, forms: &Forms) {
    assert!(text.len() > 1_000, "{place} is nearly empty");
    assert_eq!(forms.found_in(text), None, "in {place}");
}
