//! The CAs of a registration: ours, and for a while those that another replica may still serve by.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::Value;
use tokio::time::Instant;

/// How long a CA that this replica does not know stays beside its own. Replicas see exchanged files a minute or two apart.
const STAY: Duration = Duration::from_secs(600);

/// More than this many are not kept.
const MAX_OTHERS: usize = 4;

/// Since when CAs have been seen in the registration that are not this replica's.
#[derive(Debug, Default)]
pub(super) struct Others(HashMap<Vec<u8>, Instant>);

impl Others {
    /// What to register: the wanted ones, then those others that are there and not yet to go.
    pub(super) fn beside(&mut self, wanted: &str, configuration: &Value, now: Instant) -> String {
        let wanted_ones = certificates(wanted.as_bytes());
        let present: BTreeSet<Vec<u8>> = registered(configuration);
        self.0.retain(|ca, _| present.contains(ca) && !wanted_ones.contains(ca));
        let mut bundle = wanted.to_owned();
        for ca in present.difference(&wanted_ones).take(MAX_OTHERS) {
            let since = *self.0.entry(ca.clone()).or_insert(now);
            if now.duration_since(since) < STAY {
                bundle.push_str(&pem(ca));
            }
        }
        bundle
    }
}

/// Whether both hold the same CAs, in whatever order. What is no PEM is nothing.
pub(super) fn same(present: &Value, wanted: &str) -> bool {
    let present = present.as_str().and_then(|text| BASE64_STANDARD.decode(text).ok()).unwrap_or_default();
    !wanted.is_empty() && (present == wanted.as_bytes() || is_same(&present, wanted.as_bytes()))
}

fn is_same(present: &[u8], wanted: &[u8]) -> bool {
    let wanted = certificates(wanted);
    !wanted.is_empty() && certificates(present) == wanted
}

/// All that any of the webhooks has.
fn registered(configuration: &Value) -> BTreeSet<Vec<u8>> {
    let webhooks = configuration["webhooks"].as_array().into_iter().flatten();
    let ours =
        webhooks.filter(|webhook| webhook["name"].as_str().is_some_and(|n| n.ends_with(".latchkey.dev")));
    let bundles = ours.filter_map(|webhook| webhook["clientConfig"]["caBundle"].as_str());
    bundles.filter_map(|text| BASE64_STANDARD.decode(text).ok()).flat_map(|pem| certificates(&pem)).collect()
}

fn certificates(pem: &[u8]) -> BTreeSet<Vec<u8>> {
    CertificateDer::pem_slice_iter(pem).flatten().map(|der| der.to_vec()).collect()
}

fn pem(der: &[u8]) -> String {
    let text = BASE64_STANDARD.encode(der);
    let lines = text.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line));
    let lines: String = lines.map(|line| format!("{line}\n")).collect();
    format!("-----BEGIN CERTIFICATE-----\n{lines}-----END CERTIFICATE-----\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A CA, as far as is looked at.
    fn ca(name: &str) -> String {
        pem(name.as_bytes())
    }

    fn of(bundle: &str) -> Value {
        let address = json!({ "caBundle": BASE64_STANDARD.encode(bundle) });
        json!({ "webhooks": [{ "name": "pods.latchkey.dev", "clientConfig": address }] })
    }

    #[test]
    fn another_replicas_ca_stays_for_a_while() {
        let (mut others, start) = (Others::default(), Instant::now());
        let mut present = of(&(ca("old") + &ca("odd")));
        let both = ca("new") + &ca("odd") + &ca("old");
        assert_eq!(others.beside(&ca("new"), &present, start), both);
        present = of(&both);
        assert_eq!(others.beside(&ca("new"), &present, start + STAY / 2), both);
        assert_eq!(others.beside(&ca("new"), &present, start + STAY), ca("new"));
    }

    #[test]
    fn somebody_elses_webhook_and_what_is_no_ca_are_nothing() {
        let mut theirs = of(&ca("theirs"));
        theirs["webhooks"][0]["name"] = json!("theirs.example.com");
        for present in [theirs, of("junk"), json!({}), of("")] {
            assert_eq!(Others::default().beside(&ca("new"), &present, Instant::now()), ca("new"));
        }
    }

    #[test]
    fn the_order_does_not_matter() {
        let (one, other) = (ca("one"), ca("other"));
        let present = json!(BASE64_STANDARD.encode(format!("{one}\n{other}")));
        assert!(same(&present, &format!("{other}{one}")));
        assert!(!same(&present, &one) && !same(&json!(null), &one));
    }
}
