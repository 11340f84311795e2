//! Stores that lead to latchkey itself, or to where clouds keep their machines' credentials.

use std::net::SocketAddr;

use latchkey_testbed::{Proxy, Reply, Rule, free_port};
use serde_json::{Value, json};

use crate::chaos::Row;
use crate::support::manifests::{external_secret, one, store, vault};
use crate::support::{Namespace, Said, world};

fn at(server: &str) -> Value {
    store("app", vault(server, json!({ "tokenSecretRef": { "name": "token", "key": "token" } })))
}

/// Applies an ExternalSecret that reads the SecretStore `app`.
fn reads(ns: &Namespace<'_>, name: &str) -> Said {
    let mut object = external_secret(name, "", one("a", "b"));
    object["spec"]["secretStoreRef"] = json!({ "name": "app" });
    ns.apply(&object.to_string()).good()
}

/// The one warning says that this is not called, and what the operator may do about it.
#[track_caller]
fn is_not_called(said: &Said, place: &str, why: &str) {
    let [warning] = said.warnings()[..] else { panic!("not one warning: {said}") };
    for part in [place, "is not called", why, "--allow-endpoints=", "correct the store's spec"] {
        assert!(warning.contains(part), "{part:?} is not in {warning}");
    }
}

#[test]
fn a_store_that_shows_such_an_address_is_refused_when_it_is_applied() {
    let ns = Namespace::new(world(), "hostile-shown");
    let (admin, webhook) = (ns.world.latchkey.admin_port, ns.world.latchkey.webhook_port);
    let hosts = [
        "169.254.169.254".to_owned(),
        "2852039166".to_owned(),
        "[::ffff:a9fe:a9fe]".to_owned(),
        "metadata.google.internal".to_owned(),
        "0.0.0.0:8200".to_owned(),
        format!("127.0.0.1:{admin}"),
        format!("[::ffff:127.0.0.1]:{webhook}"),
    ];
    for host in &hosts {
        let kubernetes =
            store("app", json!({ "kubernetes": { "server": { "url": format!("http://{host}") } } }));
        for (object, field) in [
            (at(&format!("http://{host}")), "spec.provider.vault.server"),
            (kubernetes, "spec.provider.kubernetes.server.url"),
        ] {
            let said = ns.apply(&object.to_string()).refused();
            let place = format!("SecretStore {}/app: {field} is not called: ", ns.name);
            assert!(said.err.contains(&place) && said.err.contains("--allow-endpoints="), "{said}");
        }
    }
    Row {
        area: "hostile",
        fault: "a store names a link-local, metadata or own address",
        test: "hostile::endpoints::a_store_that_shows_such_an_address_is_refused_when_it_is_applied",
        tried: format!("{} spellings, Vault and Kubernetes", hosts.len()),
        seen: "each refused at the prompt, with the flag that allows it".to_owned(),
        well_after: None,
    }
    .write();
}

#[test]
fn a_name_or_a_redirect_to_such_an_address_is_not_followed() {
    let ns = Namespace::new(world(), "hostile-led");
    let token = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "token" }, "stringData": { "token": "t" } });
    ns.apply(&token.to_string()).good();
    let admin = ns.world.latchkey.admin_port;

    let by_name = format!("http://localhost:{admin}");
    ns.apply(&at(&by_name).to_string()).good();
    is_not_called(&reads(&ns, "named"), &by_name, "latchkey's own");

    let server = Proxy::start(SocketAddr::from(([127, 0, 0, 1], free_port()))).expect("a proxy");
    let targets = [
        format!("http://127.0.0.1:{admin}/v1/secret/data/a"),
        format!("http://localhost:{admin}/v1/secret/data/a"),
        "http://169.254.169.254/latest/meta-data/iam".to_owned(),
    ];
    for (number, to) in targets.iter().enumerate() {
        ns.kubectl(&["delete", "secretstore", "app"]).good();
        server.behave();
        server.add_rule(Rule::new(|_| true, Reply::new(307, "").header("location", to)));
        ns.apply(&at(&format!("{}/{number}", server.url())).to_string()).good(); // another store each time
        is_not_called(&reads(&ns, &format!("led-{number}")), &server.url(), "redirects to");
    }
    Row {
        area: "hostile",
        fault: "a store's host name resolves to latchkey's own address, or its server redirects there",
        test: "hostile::endpoints::a_name_or_a_redirect_to_such_an_address_is_not_followed",
        tried: format!("1 name, {} redirects", targets.len()),
        seen: "none connected; each said at the prompt, with the address and the flag that allows it"
            .to_owned(),
        well_after: None,
    }
    .write();
}
