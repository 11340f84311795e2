//! Specifications that can never work, and targets that must not be written.

use serde_json::{Value, json};

use crate::support::manifests::{cluster_store, external_secret, fake};
use crate::support::{CANARY, Failing, Namespace, world};

const NO_DATA: &str = "could not get secret data from provider";
const NO_UPDATE: &str = "could not update secret";

/// A namespace with a ClusterSecretStore that holds a value `db`.
fn prepared(prefix: &str) -> Namespace<'static> {
    let ns = Namespace::new(world(), prefix);
    ns.apply(&cluster_store(&ns.name, fake(&[("db", CANARY)])).to_string()).good();
    ns
}

/// A spec that works, with these fields in place of its own.
fn spec(change: Value) -> Value {
    let mut spec = json!({ "data": [{ "secretKey": "a", "remoteRef": { "key": "db" } }] });
    for (field, value) in change.as_object().into_iter().flatten() {
        spec[field] = value.clone();
    }
    spec
}

fn is_invalid(prefix: &str, change: Value, says: &str) {
    Failing::new(&prepared(prefix), spec(change), says).warns_or_denies(NO_UPDATE);
}

fn is_not_supported(prefix: &str, change: Value, says: &str) {
    Failing::new(&prepared(prefix), spec(change), says).warns_or_denies(NO_DATA);
}

#[test]
fn a_spec_that_asks_for_nothing() {
    is_invalid(
        "no-data",
        json!({ "data": [] }),
        "either data or dataFrom should be specified; say in one of them what to read",
    );
}

#[test]
fn everything_that_is_wrong_with_a_spec_is_told_at_once() {
    let entry = json!({ "secretKey": "a", "remoteRef": { "key": "db" } });
    is_invalid(
        "all-wrong",
        json!({ "refreshInterval": "soon", "data": [entry, entry], "dataFrom": [{}] }),
        "invalid refreshInterval \"soon\": time: invalid duration \"soon\"; write spec.refreshInterval as \"30s\", \"15m\" or \
         \"24h\"; and either extract, find, or sourceRef must be set to dataFrom; add one to each entry; and duplicate secretKey \
         found: a; remove one of its entries in spec.data, or rename it",
    );
}

fn template(text: &str) -> Value {
    json!({ "target": { "template": { "data": { "url": text } } } })
}

#[test]
fn a_template_that_cannot_be_parsed_is_told_with_its_line_and_column() {
    let at = r#"spec.target.template.data["url"]: template: text:2: "#;
    is_invalid(
        "no-template",
        template("a\n {{ .a"),
        &format!("{at}unclosed action (at column 6); correct the template"),
    );
}

#[test]
fn a_template_that_asks_for_a_key_which_data_does_not_fetch() {
    let says = r#"spec.target.template.data["url"]: template: text:1:3: executing "text" at <.b>: map has no entry for key "b"; correct the template"#;
    is_invalid("unfetched", template("{{ .b }}"), says);
}

#[test]
fn a_template_that_may_ask_for_such_a_key_works_with_a_warning() {
    let ns = prepared("may-be-unfetched");
    let said = ns.external("db", spec(template("{{ if eq .a \"x\" }}{{ .b }}{{ end }}")));
    let says = r#"spec.target.template.data["url"]: template: text:1:21: executing "text" at <.b>: map has no entry for key "b", wherever the template comes to that place; fetch the key, or correct the template"#;
    assert_eq!(said.warnings(), [format!("ExternalSecret {}/db: {says}", ns.name)], "{said}");
    assert_eq!(ns.value("db", "url").as_deref(), Some(""));
}

#[test]
fn deleting_what_is_not_its_own() {
    is_invalid(
        "not-owner",
        json!({ "target": { "creationPolicy": "Merge", "deletionPolicy": "Delete" } }),
        "deletionPolicy=Delete must not be used when the controller doesn't own the secret. \
         Please set creationPolicy=Owner",
    );
}

#[test]
fn a_secret_that_would_give_rights() {
    is_invalid(
        "privileged",
        json!({ "target": { "template": { "type": "bootstrap.kubernetes.io/token" } } }),
        "template.type=\"bootstrap.kubernetes.io/token\" is not allowed; such a Secret would give rights; choose another type",
    );
}

#[test]
fn a_pattern_that_does_not_compile() {
    let rewrite = json!([{ "regexp": { "source": "(", "target": "x" } }]);
    is_invalid(
        "bad-pattern",
        json!({ "dataFrom": [{ "extract": { "key": "db" }, "rewrite": rewrite }] }),
        "spec.dataFrom[0].rewrite[0].regexp.source is no regular expression: unclosed group; \
         correct it (RE2 syntax)",
    );
}

#[test]
fn a_name_to_find_that_is_no_pattern() {
    is_invalid(
        "bad-find",
        json!({ "dataFrom": [{ "find": { "name": { "regexp": "db(" } } }] }),
        "spec.dataFrom[0].find.name.regexp is no regular expression: unclosed group; correct it (RE2 syntax)",
    );
}

#[test]
fn a_generator_of_a_kind_that_is_not_served() {
    const KIND: &str = "BeyondtrustWorkloadCredentialsDynamicSecret";
    is_not_supported(
        "generator",
        json!({ "dataFrom": [{ "sourceRef": { "generatorRef": { "kind": KIND, "name": "p" } } }] }),
        "spec.dataFrom[0].sourceRef.generatorRef: the generator BeyondtrustWorkloadCredentialsDynamicSecret is not \
         supported by this version of latchkey; use one of the kinds that docs/generators.md lists, or read a store",
    );
}

#[test]
fn a_template_with_a_function_that_there_is_not() {
    is_not_supported(
        "template",
        json!({ "target": { "template": { "data": { "a": "{{ env .a }}" } } } }),
        "spec.target.template.data[\"a\"]: the template function \"env\" is not supported by this version of latchkey; \
         use the functions of External Secrets Operator",
    );
}

#[test]
fn a_secret_of_another_external_secret() {
    let ns = prepared("owned");
    let mut other = spec(json!({ "target": { "name": "app" } }));
    other["data"][0]["secretKey"] = json!("theirs");
    ns.apply(&external_secret("first", &ns.name, other).to_string()).silent();
    ns.wait_ready("first", "True", "SecretSynced");
    let says = "Secret \"app\" is owned by another ExternalSecret, \"first\"; \
                choose another spec.target.name, or delete that ExternalSecret";
    Failing::new(&ns, spec(json!({})), says).warns_or_denies("target is owned by another ExternalSecret");
}

/// Makes the Secret `app` before anybody else does.
fn with_secret(ns: &Namespace<'_>, change: Value) {
    let mut secret =
        json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "app" }, "data": {} });
    for (field, value) in change.as_object().into_iter().flatten() {
        secret[field] = value.clone();
    }
    ns.apply(&secret.to_string()).good();
}

#[test]
fn a_secret_of_another_owner() {
    let ns = prepared("foreign");
    let account =
        ns.world.get(&format!("/api/v1/namespaces/{}/serviceaccounts/default", ns.name)).expect("it");
    let owner = json!({
        "apiVersion": "v1", "kind": "ServiceAccount", "name": "default",
        "uid": account["metadata"]["uid"], "controller": true,
    });
    with_secret(&ns, json!({ "metadata": { "name": "app", "ownerReferences": [owner] } }));
    let says = "Secret \"app\" is owned by ServiceAccount \"default\"; \
                choose another spec.target.name, or set spec.target.creationPolicy to Merge";
    Failing::new(&ns, spec(json!({})), says).warns_or_denies("failed to take ownership of target secret");
}

#[test]
fn an_immutable_secret_with_other_data() {
    let ns = prepared("immutable");
    with_secret(&ns, json!({ "immutable": true, "stringData": { "a": "other" } }));
    let says = "Secret \"app\" is immutable and its data would change; delete it to have it made anew, \
                or set spec.target.immutable to keep it as it is";
    Failing::new(&ns, spec(json!({})), says).warns_or_denies("could not update secret, target is immutable");
}

#[test]
fn a_secret_that_the_api_server_does_not_take() {
    let template = json!({ "type": "kubernetes.io/tls", "templateFrom": [{ "literal": "a: plain" }] });
    let says = "the API server refuses Secret \"app\": data[tls.crt] (FieldValueRequired), \
                data[tls.key] (FieldValueRequired); correct spec.target.template";
    is_invalid("refused", json!({ "target": { "template": template } }), says);
}

#[test]
fn a_type_whose_keys_nothing_makes() {
    let template = json!({ "type": "kubernetes.io/basic-auth", "data": { "a": "plain" } });
    let says = "spec.target.template.type: a Secret of type \"kubernetes.io/basic-auth\" needs \"username\" or \"password\" among its keys, \
                and nothing here makes that; fetch or render it, or choose another type";
    is_invalid("keys-of-type", json!({ "target": { "template": template } }), says);
}
