//! `latchkey render` and `latchkey verify`: what can be told without a cluster, by the real binary on files.

mod pushed;
mod rendering;
mod sarif;

use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::support::{CANARY, repository};

/// A folder of files.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().expect("a folder"));
        files.iter().for_each(|(name, text)| folder.write(name, text));
        folder
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("written");
    }

    fn run(&self, args: &[&str], input: &str) -> (i32, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_latchkey"));
        command.args(args).env_clear().current_dir(self.0.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("latchkey starts");
        let written = std::io::Write::write_all(&mut child.stdin.take().expect("a pipe"), input.as_bytes());
        let Output { status, stdout, stderr } = child.wait_with_output().expect("it ends");
        written.or_else(|error| if input.is_empty() { Ok(()) } else { Err(error) }).expect("input is taken");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        (status.code().expect("an exit code"), text(stdout), text(stderr))
    }
}

/// The findings of one manifest, as lines, and the exit code.
fn verified(manifest: &str, more: &[&str]) -> (i32, Vec<String>) {
    let folder = Folder::new(&[("m.yaml", manifest)]);
    let (code, out, err) = folder.run(&[&["verify", "-f", "m.yaml"], more].concat(), "");
    assert_eq!(err, "", "{manifest}");
    (code, out.lines().map(str::to_owned).collect())
}

/// An ExternalSecret of the store that stands in front of it; its specification begins on line 9.
fn manifest(spec: &str) -> String {
    format!(
        "{{apiVersion: external-secrets.io/v1, kind: SecretStore, metadata: {{name: s, namespace: shop}}, spec: {{provider: \
         {{kubernetes: {{server: {{caProvider: {{type: ConfigMap, name: ca, key: ca}}}}, auth: {{serviceAccount: {{name: r}}}}}}}}}}}}\n\
         ---\n# a remark\napiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {{name: db, namespace: shop}}\n\
         spec:\n  secretStoreRef: {{name: s}}\n{spec}"
    )
}

/// Entries of `data` for these keys.
const DATA: &str = "  data:\n    - {secretKey: user, remoteRef: {key: db}}\n";

fn finds(spec: &str, finding: &str) {
    let (code, lines) = verified(&manifest(spec), &[]);
    assert_eq!(lines, [finding], "{spec}");
    assert_eq!(code, if finding.contains(": warning: ") { 0 } else { 1 }, "{spec}");
}

#[test]
fn good_manifests_have_no_findings() {
    assert_eq!(verified(&manifest(DATA), &["--strict"]), (0, Vec::new()));
    let pods = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nwhatever: true\n---\napiVersion: apps/v1\nkind: Deployment\n";
    assert_eq!(verified(pods, &["--strict"]), (0, Vec::new()), "other groups are nobody's business here");
    assert_eq!(verified("# nothing\n", &["--strict"]), (0, Vec::new()));
    let (code, out, err) = Folder::new(&[]).run(&["verify", "-f", "."], "");
    assert!(code == 2 && out.is_empty() && err.contains("nothing was looked at"), "{err}");
}

#[test]
fn the_examples_have_no_errors() {
    let examples = repository().join("examples");
    let (code, out, err) = Folder::new(&[]).run(&["verify", "-f", &examples.to_string_lossy()], "");
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
}

#[test]
fn what_the_schema_does_not_take_is_found_with_its_line() {
    let at = "ExternalSecret shop/db: spec";
    let unknown = format!(
        "m.yaml:11: {at}.refreshInterva: is no field that this kind has; remove it, or correct its name"
    );
    finds(&format!("{DATA}  refreshInterva: 1h\n"), &unknown);
    finds("  data: user\n", &format!("m.yaml:9: {at}.data: has to be a list, not a text"));
    finds(
        "  data:\n    - {secretKey: 5, remoteRef: {key: db}}\n",
        &format!(
            "m.yaml:10: {at}.data[0].secretKey: has to be a text, not a number; put it in quotes if it is meant as a text"
        ),
    );
    finds(
        "  data:\n    - secretKey: a\n      remoteRef: {}\n",
        &format!("m.yaml:11: {at}.data[0].remoteRef.key: is missing; set it"),
    );
    finds(
        &format!("{DATA}  refreshPolicy: Always\n"),
        &format!(
            "m.yaml:11: {at}.refreshPolicy: \"Always\" is none of \"CreatedOnce\", \"Periodic\", \"OnChange\""
        ),
    );
}

#[test]
fn what_admission_refuses_is_found_in_the_same_words() {
    let at = "ExternalSecret shop/db: ";
    finds(
        "  data: []\n",
        &format!(
            "m.yaml:4: {at}either data or dataFrom should be specified; say in one of them what to read"
        ),
    );
    finds(
        &format!("{DATA}  refreshInterval: 1d\n"),
        &format!(
            "m.yaml:11: {at}spec.refreshInterval: invalid refreshInterval \"1d\": time: unknown unit \"d\" in duration \"1d\"; write spec.refreshInterval as \"30s\", \"15m\" or \"24h\""
        ),
    );
    let entry = DATA.lines().nth(1).expect("an entry");
    finds(
        &format!("{DATA}{entry}\n"),
        &format!(
            "m.yaml:9: {at}spec.data: duplicate secretKey found: user; remove one of its entries in spec.data, or rename it"
        ),
    );
    let elsewhere = "  target: {manifest: {apiVersion: rbac.authorization.k8s.io/v1, kind: Role}}\n";
    finds(
        &format!("{DATA}{elsewhere}"),
        &format!(
            "m.yaml:11: {at}spec.target.manifest: objects of \"rbac.authorization.k8s.io\" decide who may do what and are not \
             written for anybody; write Role by hand"
        ),
    );
    let why = "is no regular expression: unclosed group; correct it (RE2 syntax)";
    finds(
        "  dataFrom:\n    - find: {name: {regexp: 'a('}}\n",
        &format!("m.yaml:10: {at}spec.dataFrom[0].find.name.regexp {why}"),
    );
    finds(
        "  dataFrom:\n    - extract: {key: a}\n      rewrite:\n        - regexp: {source: 'b(', target: c}\n",
        &format!("m.yaml:12: {at}spec.dataFrom[0].rewrite[0].regexp.source {why}"),
    );
}

#[test]
fn templates_are_parsed_and_their_keys_looked_for() {
    let template =
        |text: &str| format!("{DATA}  target:\n    template:\n      data:\n        url: '{text}'\n");
    let at = "ExternalSecret shop/db: spec.target.template.data[\"url\"]: template: text:1";
    finds(
        &template("{{ .user"),
        &format!("m.yaml:14: {at}: unclosed action (at column 8); correct the template"),
    );
    let no_entry = |column: u32, key: &str| {
        format!(
            "{column}: executing \"text\" at <.{key}>: map has no entry for key \"{key}\"; correct the template"
        )
    };
    finds(&template("{{ .usr }}"), &format!("m.yaml:14: {at}:{}", no_entry(3, "usr")));
    let doubt = format!(
        "m.yaml:14: warning: {at}:17: executing \"text\" at <.pass>: map has no entry for key \"pass\", wherever the template comes \
         to that place; fetch the key, or correct the template"
    );
    finds(&template("{{ if .user }}{{ .pass }}{{ end }}"), &doubt);
    let (code, _) = verified(&manifest(&template("{{ if .user }}{{ .pass }}{{ end }}")), &["--strict"]);
    assert_eq!(code, 1, "--strict fails on warnings");
    let from = template("{{ .anything }}").replace(DATA, "  dataFrom: [{extract: {key: db}}]\n");
    assert_eq!(verified(&manifest(&from), &[]), (0, Vec::new()), "only the store knows these keys");
}

#[test]
fn objects_that_are_not_secrets_are_checked_by_rules_of_their_own() {
    let of = |kind: &str, template: &str| {
        format!("{DATA}  target:\n    manifest: {{apiVersion: v1, kind: {kind}}}\n    template:\n{template}")
    };
    let from = |target: &str, text: &str| {
        of(
            "ConfigMap",
            &format!("      templateFrom:\n        - target: {target}\n          literal: '{text}'\n"),
        )
    };
    for good in [
        from("spec.servers[0].database", "user: {{ .user }}"),
        from("Labels", "user: {{ .user }}"),
        of("ConfigMap", "      data: {user: '{{ .user }}'}\n"),
        format!("{DATA}  target: {{manifest: {{apiVersion: example.com/v1, kind: AppConfig}}}}\n"),
    ] {
        assert_eq!(verified(&manifest(&good), &["--strict"]), (0, Vec::new()), "{good}");
    }
    let at = "ExternalSecret shop/db: spec.target";
    let template = format!("{at}.template.templateFrom[0]");
    finds(
        &from("metadata.ownerReferences", "a: b"),
        &format!(
            "m.yaml:15: {template}.target: \"metadata.ownerReferences\": this field is not a template\'s to write; use \
             \"Labels\", \"Annotations\" or another field"
        ),
    );
    finds(
        &from("spec..x", "a: b"),
        &format!(
            "m.yaml:15: {template}.target: \"spec..x\": it has an empty segment; write a path such as \"spec.a[0].b\""
        ),
    );
    finds(
        &from("spec", "a: {{ .usr }}"),
        &format!(
            "m.yaml:16: {template}.literal: template: text:1:6: executing \"text\" at <.usr>: map has no entry for key \
             \"usr\"; correct the template"
        ),
    );
    finds(
        &of("Secret", "      data: {user: '{{ .user }}'}\n"),
        &format!("m.yaml:12: {at}.manifest: a Secret is what is written without it; remove it"),
    );
    // A path is a target of such objects alone.
    let secret = from("spec.a", "a: b").replace("    manifest: {apiVersion: v1, kind: ConfigMap}\n", "");
    let (code, lines) = verified(&manifest(&secret), &[]);
    let both = lines.len() == 2 && lines.iter().all(|line| line.contains("templateFrom"));
    assert!(code == 1 && both, "ESO's sentence and where it stands: {lines:?}");
}

#[test]
fn a_name_is_shared_by_objects_of_one_kind_alone() {
    let object = |name: &str, target: &str| {
        manifest(&format!("{DATA}  target: {target}\n")).replace("{name: db, ", &format!("{{name: {name}, "))
    };
    let map = "{name: app, manifest: {apiVersion: v1, kind: ConfigMap}}";
    let own = "{name: app, manifest: {apiVersion: example.com/v1, kind: AppConfig}}";
    let together = |second: &str| {
        let folder = Folder::new(&[("a.yaml", &object("one", map)), ("b.yaml", &object("two", second))]);
        folder.run(&["verify", "-f", "."], "")
    };
    for other in ["{name: app}", own] {
        assert_eq!(together(other), (0, String::new(), String::new()), "{other}");
    }
    let says = "./b.yaml:11: warning: ExternalSecret shop/two: spec.target.name: the ConfigMap \"app\" is owned by \
                ExternalSecret shop/one too (./a.yaml:4); give each its own\n";
    assert_eq!(together(map), (0, says.to_owned(), String::new()));
}

#[test]
fn stores_are_checked_too() {
    let store = |spec: &str| {
        format!(
            "apiVersion: external-secrets.io/v1\nkind: ClusterSecretStore\nmetadata: {{name: s}}\nspec:\n{spec}"
        )
    };
    let (code, lines) = verified(
        &store(
            "  provider: {fake: {data: [{key: a, value: canary}]}}\n  conditions:\n    - namespaceRegexes: ['team-(']\n",
        ),
        &[],
    );
    assert_eq!(code, 1);
    assert_eq!(
        lines,
        [
            "m.yaml:1: ClusterSecretStore s: failed to compile 0th namespace regex in 0th condition: unclosed group",
            "m.yaml:1: warning: ClusterSecretStore s: store s isn't currently maintained. Please plan and prepare accordingly.",
        ]
    );
    let (code, lines) = verified(&store("  provider: {}\n"), &[]);
    let says = "m.yaml:5: ClusterSecretStore s: spec.provider: has 0 fields, and needs 1 at least";
    assert_eq!((code, lines), (1, vec![says.to_owned()]));
    let own = store(
        "  provider: {vault: {server: 'https://v', auth: {tokenSecretRef: {name: t, key: k, namespace: other}}}}\n",
    );
    let own = own.replace("kind: Cluster", "kind: ").replace("{name: s}", "{name: s, namespace: shop}");
    let (code, lines) = verified(&own, &[]);
    let says = "namespace should either be empty or match the namespace of the SecretStore for a namespaced SecretStore";
    assert!(code == 1 && lines.len() == 1 && lines[0].ends_with(says), "{lines:?}");
}

#[test]
fn push_secrets_are_checked_too() {
    let push = |version: &str, data: &str| {
        format!(
            "apiVersion: external-secrets.io/{version}\nkind: PushSecret\nmetadata: {{name: p, namespace: shop}}\nspec:\n  \
             secretStoreRefs: [{{name: vault}}]\n  selector: {{secret: {{name: app}}}}\n{data}"
        )
    };
    let good = "  data:\n    - match: {secretKey: a, remoteRef: {remoteKey: app, property: a}}\n";
    let note = "m.yaml:5: note: PushSecret shop/p: spec.secretStoreRefs[0]: no manifest of these defines the SecretStore \"vault\"";
    assert_eq!(verified(&push("v1alpha1", good), &[]), (0, vec![note.to_owned()]));
    let metadata = format!("{good}      metadata: {{secretPushFormat: string}}\n");
    let (code, lines) = verified(&push("v1alpha1", &metadata), &[]);
    let says = "m.yaml:9: PushSecret shop/p: spec.data[0].metadata.apiVersion has to be \
                \"kubernetes.external-secrets.io/v1alpha1\"; write it so, and the provider's settings into spec";
    assert!(code == 1 && lines.len() == 4 && lines[1] == says, "{lines:?}");
    let (code, lines) = verified(&push("v1", good), &[]);
    let says = "m.yaml:1: PushSecret shop/p: apiVersion: latchkey does not serve \"v1\" of this kind; write \
                external-secrets.io/v1alpha1";
    assert_eq!((code, lines), (1, vec![says.to_owned()]));
}

#[test]
fn push_secrets_are_held_against_the_rest_of_the_set() {
    let store = |kind: &str, name: &str, provider: &str| {
        format!(
            "---\napiVersion: external-secrets.io/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec: {{provider: {provider}}}\n"
        )
    };
    let push = |name: &str, store: &str, key: &str| {
        format!(
            "---\napiVersion: external-secrets.io/v1alpha1\nkind: PushSecret\nmetadata: {{name: {name}, namespace: shop}}\nspec:\n  \
             secretStoreRefs: [{{name: {store}, kind: ClusterSecretStore}}]\n  selector: {{secret: {{name: app}}}}\n  \
             data:\n    - match: {{secretKey: {key}, remoteRef: {{remoteKey: app, property: a}}}}\n"
        )
    };
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: app, namespace: shop}\nstringData: {a: b}\n";
    let vault = "{vault: {server: 'https://vault.example.com', auth: {tokenSecretRef: {name: t, namespace: shop, key: token}}}}";
    let fake = "{fake: {data: [{key: a, value: b}]}}";
    let stores =
        [store("ClusterSecretStore", "vault", vault), store("ClusterSecretStore", "fake", fake)].concat();
    let (code, lines) = verified(&[secret, &stores, &push("good", "vault", "a")].concat(), &[]);
    assert!(code == 0 && lines.iter().all(|line| !line.contains("PushSecret")), "{lines:?}");
    let bad = [
        push("one", "vault", "b"),
        push("two", "vault", "a"),
        push("three", "fake", "a"),
        push("four", "none", "a"),
    ];
    let (code, lines) = verified(&[secret, &stores, &bad.concat()].concat(), &[]);
    let of_pushes: Vec<_> =
        lines.iter().filter_map(|line| Some(line.split_once("PushSecret shop/")?.1)).collect();
    let says = [
        "one: spec.data[0].match.secretKey: the Secret \"app\" (m.yaml:1) has no key \"b\"; add it, or correct the name",
        "two: spec.data[0].match.remoteRef: property \"a\" of secret \"app\" of ClusterSecretStore \"vault\" is pushed by \
         PushSecret shop/one too (m.yaml:16); give each its own",
        "three: spec.secretStoreRefs[0]: ClusterSecretStore \"fake\" cannot be pushed to: stores of this kind are only read; name \
         a store of Vault, Kubernetes or AWS Secrets Manager in spec.secretStoreRefs",
        "four: spec.secretStoreRefs[0]: no manifest of these defines the ClusterSecretStore \"none\"",
    ];
    assert_eq!((code, of_pushes), (1, says.to_vec()), "{lines:?}");
}

#[test]
fn what_is_made_for_many_namespaces_is_checked_like_one() {
    let fan = |kind: &str, version: &str, field: &str, spec: &str| {
        format!(
            "apiVersion: external-secrets.io/{version}\nkind: {kind}\nmetadata: {{name: all}}\nspec:\n  namespaceSelectors: [{{}}]\n  \
             {field}:\n{spec}"
        )
    };
    let secrets = |spec: &str| fan("ClusterExternalSecret", "v1", "externalSecretSpec", spec);
    let data = "    secretStoreRef: {name: s}\n    data: [{secretKey: user, remoteRef: {key: db}}]\n";
    let note = "m.yaml:7: note: ClusterExternalSecret all: spec.externalSecretSpec.secretStoreRef: no manifest of these defines \
                the SecretStore \"s\"";
    assert_eq!(verified(&secrets(data), &[]), (0, vec![note.to_owned()]));
    let template = "    target: {template: {data: {a: '{{ .usr }}', b: '{{ .user'}}}\n";
    let (code, lines) = verified(&secrets(&format!("{data}{template}")), &[]);
    let all = lines.join("\n");
    assert!(code == 1 && all.contains("spec.externalSecretSpec.target.template.data[\"b\"]"), "{all}");
    assert!(
        all.contains("spec.externalSecretSpec.target.template.data[\"a\"]"),
        "each fault, not the first: {all}"
    );

    let push = "    secretStoreRefs: [{name: own}]\n    selector: {secret: {name: app}}\n    refreshInterval: soon\n    \
                data: [{match: {secretKey: a, remoteRef: {remoteKey: app}}}]\n";
    let (code, lines) = verified(&fan("ClusterPushSecret", "v1alpha1", "pushSecretSpec", push), &[]);
    let begins = [
        "m.yaml:7: note: ClusterPushSecret all: spec.pushSecretSpec.secretStoreRefs[0]: no manifest of these defines the SecretStore",
        "m.yaml:9: ClusterPushSecret all: spec.pushSecretSpec.refreshInterval \"soon\" is no duration",
    ];
    assert!(code == 1 && lines.len() == begins.len(), "{lines:?}");
    for (line, begin) in lines.iter().zip(begins) {
        assert!(line.starts_with(begin), "{line}");
    }
}

#[test]
fn kinds_and_versions_of_the_group_that_nobody_serves_are_found() {
    let (code, lines) =
        verified("apiVersion: external-secrets.io/v1\nkind: SecretSync\nmetadata: {name: p}\n", &[]);
    let says = "m.yaml:2: SecretSync p: kind: latchkey does not serve \"SecretSync\": nobody here acts on it; remove it";
    assert_eq!((code, lines), (1, vec![says.to_owned()]));
    let (code, lines) =
        verified("apiVersion: external-secrets.io/v1\nkind: UUID\nmetadata: {name: p}\n", &[]);
    let says = "m.yaml:1: UUID p: apiVersion: \"UUID\" is of another group; write generators.external-secrets.io/v1alpha1";
    assert_eq!((code, lines), (1, vec![says.to_owned()]));
    let old = manifest(DATA)
        .replace("apiVersion: external-secrets.io/v1\n", "apiVersion: external-secrets.io/v1alpha1\n");
    let (code, lines) = verified(&old, &[]);
    let says = "m.yaml:4: ExternalSecret shop/db: apiVersion: latchkey does not serve \"v1alpha1\" of this kind; write \
                external-secrets.io/v1";
    assert_eq!((code, lines), (1, vec![says.to_owned()]));
}

#[test]
fn references_within_the_set_are_followed() {
    let elsewhere = manifest(DATA).replace("secretStoreRef: {name: s}", "secretStoreRef: {name: other}");
    let note = "m.yaml:8: note: ExternalSecret shop/db: spec.secretStoreRef: no manifest of these defines the SecretStore \
                \"other\"";
    assert_eq!(verified(&elsewhere, &[]), (0, vec![note.to_owned()]));
    assert_eq!(verified(&elsewhere, &["--strict"]).0, 1);
    let folder = Folder::new(&[("a/one.yaml", &manifest(DATA))]);
    folder.write("b/two.json", &json!({
        "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": {"name": "other", "namespace": "shop"},
        "spec": {"secretStoreRef": {"name": "s"}, "target": {"name": "db"}, "data": [{"secretKey": "a", "remoteRef": {"key": "b"}}]},
    }).to_string());
    folder.write("b/notes.txt", "no: [manifest");
    let (code, out, _) = folder.run(&["verify", "-f", "a", "-f", "b"], "");
    let says = "b/two.json:1: warning: ExternalSecret shop/other: spec.target.name: the Secret \"db\" is owned by \
                ExternalSecret shop/db too (a/one.yaml:4); give each its own\n";
    assert_eq!((code, out.as_str()), (0, says));
}

#[test]
fn a_key_that_is_written_twice_is_found_whatever_the_policies() {
    let entry = DATA.lines().nth(1).expect("an entry");
    for policy in ["Delete", "Merge"] {
        finds(
            &format!("{DATA}{entry}\n  target: {{deletionPolicy: {policy}}}\n"),
            "m.yaml:11: warning: ExternalSecret shop/db: spec.data[1].secretKey: \"user\" is that of spec.data[0] too, and the \
             last one is taken; remove the other",
        );
    }
    let object = |name: &str, key: &str, policy: &str| {
        let data = DATA.replace("user", key);
        let target = format!("  target: {{name: app, creationPolicy: {policy}}}\n");
        manifest(&format!("{data}{target}")).replace("{name: db, ", &format!("{{name: {name}, "))
    };
    let together = |second: &str| {
        let folder = Folder::new(&[("a.yaml", &object("one", "user", "Merge")), ("b.yaml", second)]);
        folder.run(&["verify", "-f", "."], "")
    };
    for other in [object("two", "other", "Merge"), object("two", "user", "None")] {
        assert_eq!(together(&other), (0, String::new(), String::new()), "{other}");
    }
    for policy in ["Merge", "CreateOrMerge"] {
        let says = "./b.yaml:11: warning: ExternalSecret shop/two: spec.target.name: ExternalSecret shop/one puts a key \"user\" \
                    into the Secret \"app\" too (./a.yaml:4); give each its own\n";
        let templated = object("two", "other", policy).replace(
            &format!("creationPolicy: {policy}"),
            &format!("creationPolicy: {policy}, template: {{data: {{user: '{{{{ .other }}}}'}}}}"),
        );
        for second in [object("two", "user", policy), templated] {
            assert_eq!(together(&second), (0, says.to_owned(), String::new()), "{second}");
        }
    }
}

#[test]
fn lists_and_standard_input_are_read() {
    let list = "apiVersion: v1\nkind: List\nitems:\n  - apiVersion: external-secrets.io/v1\n    kind: ExternalSecret\n    \
                metadata: {name: db}\n    spec: {data: []}\n";
    let (code, out, _) = Folder::new(&[]).run(&["verify", "-f", "-"], list);
    assert_eq!(
        (code, out.as_str()),
        (
            1,
            "-:4: ExternalSecret db: either data or dataFrom should be specified; say in one of them what to read\n"
        )
    );
}

#[test]
fn what_cannot_be_read_ends_with_two_and_is_not_quoted() {
    let (code, lines) = verified(&format!("a: 1\n---\nb: '{CANARY}\n"), &[]);
    assert_eq!((code, lines), (2, vec!["m.yaml:3: this is no YAML; correct it".to_owned()]));
    let (code, lines) = verified("a: 1\nb: 2\na: 3\n", &[]);
    assert_eq!((code, lines), (2, vec!["m.yaml:3: a key stands twice in one map; correct it".to_owned()]));
    let (code, out, err) = Folder::new(&[]).run(&["verify", "-f", "nowhere"], "");
    assert!(code == 2 && out.is_empty() && err.contains("\"nowhere\" cannot be read"), "{err}");
}

#[test]
fn findings_are_json() {
    let folder = Folder::new(&[("a b/m.yaml", &manifest("  data: user\n"))]);
    let (code, out, _) = folder.run(&["verify", "-f", ".", "--output", "json"], "");
    let findings: Value = serde_json::from_str(&out).expect("JSON");
    let message = "has to be a list, not a text";
    let want = json!([{
        "file": "./a b/m.yaml", "line": 9, "severity": "error", "kind": "wrong-type",
        "object": "ExternalSecret shop/db", "field": "spec.data", "message": message,
    }]);
    assert_eq!((code, findings), (1, want));
}

#[test]
fn templates_are_checked_with_the_delimiters_that_are_asked_for() {
    let of = manifest(
        "  data: [{secretKey: user, remoteRef: {key: db}}]\n  target: {template: {data: {k: '[[ .usr ]]'}}}\n",
    );
    let names = |more: &[&str]| verified(&of, more).1.iter().any(|line| line.contains("\"usr\""));
    assert!(!names(&[]));
    assert!(names(&["--template-left-delimiter=[[", "--template-right-delimiter=]]"]));
}
