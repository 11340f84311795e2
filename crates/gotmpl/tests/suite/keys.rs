//! Stores that are written can be read by others; nothing that is read makes a template panic, run on, or tell.

use std::path::{Path, PathBuf};
use std::process::Command;

use latchkey_gotmpl::{ExecErrorKind, Limit, Limits, Options, Template, Value};
use proptest::prelude::*;

use super::world;

fn files() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/keys")
}

fn file(name: &str) -> Vec<u8> {
    std::fs::read(files().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn rendered(text: &str, data: &Value, limits: &Limits<'_>) -> Result<Vec<u8>, ExecErrorKind> {
    let template = Template::parse("t", text, &Options::default(), &world::key_functions());
    let template = template.unwrap_or_else(|error| panic!("{text}: {error}"));
    let output = template.execute(data, limits).map_err(|error| error.kind().clone())?;
    Ok(output.to_vec())
}

fn made(text: &str) -> Vec<u8> {
    let made = rendered(text, &world::data("keys"), &Limits::default());
    made.unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The store that a template makes, in a folder of its own.
fn store(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("store.p12");
    std::fs::write(&path, made(&format!("{{{{{text} | decode64}}}}"))).expect("the store is written");
    (folder, path)
}

/// What a program prints; None if it is not installed.
fn printed(program: &str, arguments: &[&str], folder: &Path) -> Option<String> {
    let output = Command::new(program).args(arguments).current_dir(folder).output().ok()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {errors}");
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The blocks of PEM in a text, without what is between them.
fn blocks(text: &str) -> String {
    let mut inside = false;
    let lines = text.lines().filter(|line| {
        let last = inside && line.starts_with("-----END");
        inside = (inside || line.starts_with("-----BEGIN")) && !last;
        inside || last
    });
    lines.flat_map(|line| [line, "\n"]).collect()
}

const FULL: &str = "fullPemToPkcs12Pass (print (index . \"leaf.crt\") (index . \"between.crt\") (index . \"root.crt\")) \
                    (index . \"rsa.pk1\") \"pässword\"";
const TRUST: &str =
    "pemTruststoreToPKCS12Pass (print (index . \"root.crt\") (index . \"alone.crt\")) \"changeit\"";

fn all(names: &[&str]) -> String {
    names.iter().map(|name| String::from_utf8(file(name)).expect("PEM is text")).collect()
}

#[test]
fn openssl_reads_the_stores() {
    let (folder, path) = store(FULL);
    let path = path.to_str().expect("a path");
    let read = ["pkcs12", "-in", path, "-passin", "pass:pässword", "-nodes"];
    let Some(text) = printed("openssl", &read, folder.path()) else { return };
    assert_eq!(blocks(&text), all(&["leaf.crt", "between.crt", "root.crt", "rsa.pk8"]));

    let (folder, path) = store(TRUST);
    let path = path.to_str().expect("a path");
    let read = ["pkcs12", "-in", path, "-passin", "pass:changeit", "-nokeys"];
    let text = printed("openssl", &read, folder.path()).expect("openssl is there");
    assert_eq!(blocks(&text), all(&["root.crt", "alone.crt"]));
    assert!(text.contains("friendlyName: CN=alone\n"), "{text}");
}

#[test]
fn java_reads_the_stores() {
    let (folder, path) = store(TRUST);
    let path = path.to_str().expect("a path");
    let list = ["-list", "-keystore", path, "-storepass", "changeit", "-J-Duser.language=en"];
    let Some(text) = printed("keytool", &list, folder.path()) else { return };
    assert!(text.contains("contains 2 entries"), "{text}");
    assert_eq!(text.matches("trustedCertEntry").count(), 2, "{text}");

    let (folder, path) = store(&FULL.replace("pässword", "changeit"));
    let path = path.to_str().expect("a path");
    let list = ["-list", "-v", "-keystore", path, "-storepass", "changeit", "-J-Duser.language=en"];
    let text = printed("keytool", &list, folder.path()).expect("keytool is there");
    assert!(text.contains("PrivateKeyEntry") && text.contains("Certificate chain length: 3"), "{text}");
}

#[test]
fn go_reads_the_stores() {
    let oracle = Path::new(env!("CARGO_MANIFEST_DIR")).join("oracle");
    let (_folder, path) = store(FULL);
    let path = path.to_str().expect("a path");
    let run = ["run", ".", "-store", path, "-password", "pässword"];
    let Some(text) = printed("go", &run, &oracle) else { return };
    assert_eq!(text, all(&["rsa.pk8", "leaf.crt", "between.crt", "root.crt"]));
    let (_folder, path) = store(TRUST);
    let path = path.to_str().expect("a path");
    let text = printed("go", &["run", ".", "-store", path, "-password", "changeit"], &oracle);
    assert_eq!(text.expect("go is there"), all(&["root.crt", "alone.crt"]));
}

#[test]
fn certificates_go_by_the_names_that_go_gives_them() {
    for name in ["root", "leaf", "alone", "cycle1"] {
        let text = format!("pemTruststoreToPKCS12 (index . \"{name}.crt\")");
        let (folder, path) = store(&text);
        let path = path.to_str().expect("a path");
        let dump = ["pkcs12", "-in", path, "-passin", "pass:", "-nokeys"];
        let Some(text) = printed("openssl", &dump, folder.path()) else { return };
        let subject = String::from_utf8(file(&format!("{name}.subject"))).expect("text");
        let told = text.lines().find_map(|line| line.trim().strip_prefix("friendlyName: ")).expect("a name");
        // OpenSSL prints these characters as bytes of Latin-1.
        let shown: String = subject.chars().map(|c| if c.is_ascii() { c } else { '\u{fffd}' }).collect();
        assert_eq!(told, shown);
    }
}

#[test]
fn a_store_is_another_one_each_time() {
    assert_ne!(made(&format!("{{{{{FULL}}}}}")), made(&format!("{{{{{FULL}}}}}")));
}

#[test]
fn what_takes_too_long_ends() {
    let small = Limits { steps: 3000, ..Limits::default() };
    let certificates = "{{filterCertChain \"leaf\" .}}";
    let many = Value::str(file("alone.crt").repeat(100));
    assert_eq!(rendered(certificates, &many, &small), Err(ExecErrorKind::Limit(Limit::Steps(3000))));
    // 2048 rounds cost 512 steps for each of three keys; 2^31 rounds are never begun.
    let mut store = file("modern.p12");
    let rounds: Vec<usize> = store
        .windows(4)
        .enumerate()
        .filter(|(_, window)| *window == [2, 2, 8, 0])
        .map(|(at, _)| at)
        .collect();
    assert!(!rounds.is_empty());
    for at in rounds {
        store[at + 2] = 0x7f;
    }
    let small = Limits { steps: 1500, ..Limits::default() };
    assert_eq!(
        rendered("{{pkcs12key .}}", &Value::str(&store), &small),
        Err(ExecErrorKind::Limit(Limit::Steps(1500)))
    );
}

#[test]
fn what_takes_too_much_memory_ends() {
    let small = Limits { memory: 20_000, ..Limits::default() };
    let limit = Err(ExecErrorKind::Limit(Limit::Memory(20_000)));
    let many = Value::str(file("leaf.crt").repeat(20));
    for text in
        ["filterPEM \"CERTIFICATE\" .", "filterCertChain \"leaf\" .", "pemTruststoreToPKCS12 .", "toYaml ."]
    {
        assert_eq!(rendered(&format!("{{{{{text}}}}}"), &many, &small), limit, "{text}");
    }
}

const FUNCTIONS: [&str; 9] = [
    "pkcs12key .",
    "pkcs12cert .",
    "pemTruststoreToPKCS12 .",
    "fullPemToPkcs12 . .",
    "filterPEM \"CERTIFICATE\" .",
    "filterCertChain \"root\" .",
    "certSANs .",
    "jwkPrivateKeyPem .",
    "rsaDecrypt \"RSA-OAEP\" \"\" \"x\" .",
];

#[test]
fn no_error_shows_what_is_wrong() {
    let canary = Value::from("-----BEGIN CANARY-----\nCANARY==\n-----END CANARY-----\nCANARY: {CANARY");
    let json = Value::from("{\"kty\":\"CANARY\",\"d\":\"CANARY\"}");
    for text in
        FUNCTIONS.iter().chain(&["jwkPublicKeyPem .", "rsaDecrypt . . . .", "fromYaml .", "strings ."])
    {
        for data in [&canary, &json] {
            let shown = match rendered(&format!("{{{{{text}}}}}"), data, &Limits::default()) {
                Ok(output) if text.starts_with("filterPEM") || text.starts_with("fromYaml") => {
                    String::from_utf8_lossy(&output).lines().filter(|line| line.contains("Error")).collect()
                }
                Ok(output) => format!("{text} gives {} bytes", output.len()),
                Err(error) => error.to_string(),
            };
            assert!(!shown.contains("CANARY"), "{text}: {shown}");
        }
    }
}

/// A file of which some bytes are others.
fn damaged(names: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let changes = proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6);
    (proptest::sample::select(names), changes).prop_map(|(name, changes)| {
        let mut bytes = file(name);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes
    })
}

fn survives(bytes: &[u8]) {
    let limits = Limits { steps: 20_000, ..Limits::default() };
    for text in FUNCTIONS {
        let _ = rendered(&format!("{{{{{text}}}}}"), &Value::str(bytes), &limits);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn damaged_files_make_no_panic(bytes in damaged(&[
        "open.p12", "modern.p12", "rc2.p12", "des.p12", "newest.p12", "openssl-plain.p12", "leaf.crt", "root.crt", "rsa.pk1",
        "p256.sec1", "ed25519.pk8", "rsa.jwk", "p256.jwk", "ed25519.jwk", "headers.crt",
    ])) {
        survives(&bytes);
    }

    #[test]
    fn no_bytes_make_a_panic(bytes: Vec<u8>) {
        survives(&bytes);
    }

    #[test]
    fn pem_of_any_bytes_makes_no_panic(lines in "(-----BEGIN [AB]-----\n|-----END [AB]-----\n|a:b\n|[A-Za-z0-9+/= \n\r]{0,8}|-{5}|\n){0,12}") {
        survives(lines.as_bytes());
    }
}
