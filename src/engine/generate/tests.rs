use std::collections::BTreeSet;

use jiff::Timestamp;
use latchkey_api::generator::GeneratorKind;
use serde_json::{Value, json};

use super::*;

fn generator(kind: &str, spec: Value) -> Generator {
    let kind = GeneratorKind::named(kind).expect("a kind");
    Generator::read(kind, &spec).expect("a specification")
}

fn made(kind: &str, spec: Value) -> Result<Data, Refused> {
    make(&generator(kind, spec), None, Timestamp::UNIX_EPOCH)
}

fn text(data: &Data, key: &str) -> String {
    data.get(key).and_then(SecretBytes::expose_str).expect("a text").to_owned()
}

fn password(spec: Value) -> String {
    text(&made("Password", spec).expect("made"), "password")
}

#[test]
fn a_password_has_24_characters_a_quarter_digits_a_quarter_symbols_and_none_twice() {
    let password = password(json!({}));
    let count = |is: fn(char) -> bool| password.chars().filter(|c| is(*c)).count();
    assert_eq!((count(|_| true), count(|c| c.is_ascii_digit())), (24, 6));
    assert_eq!(count(|c| c.is_ascii_punctuation()), 6);
    assert_eq!(password.chars().collect::<BTreeSet<_>>().len(), 24);
}

#[test]
fn a_password_is_another_each_time_and_for_each_key() {
    let spec = json!({ "secretKeys": ["a", "b"] });
    let (one, other) = (made("Password", spec.clone()).expect("made"), made("Password", spec).expect("made"));
    let all: BTreeSet<_> =
        [&one, &other].iter().flat_map(|data| ["a", "b"].map(|key| text(data, key))).collect();
    assert_eq!((all.len(), one.len()), (4, 2));
}

#[test]
fn every_field_of_a_password_is_heeded() {
    let plain =
        password(json!({ "length": 200, "digits": 0, "symbols": 0, "noUpper": true, "allowRepeat": true }));
    assert!(plain.len() == 200 && plain.chars().all(|c| c.is_ascii_lowercase()), "{}", plain.len());
    let dashes = password(
        json!({ "length": 8, "digits": 0, "symbols": 8, "symbolCharacters": "-_", "allowRepeat": true }),
    );
    assert!(dashes.chars().all(|c| matches!(c, '-' | '_')));
    assert_eq!(password(json!({ "length": 0 })).len(), 24);
    for (encoding, length) in [("hex", 48), ("base64", 32), ("base64url", 32), ("base32", 40), ("raw", 24)] {
        assert_eq!(password(json!({ "encoding": encoding })).len(), length, "{encoding}");
    }
}

#[test]
fn a_password_that_cannot_be_is_refused_by_field() {
    for (spec, field) in [
        (json!({ "length": 4, "digits": 3, "symbols": 3 }), "length"),
        (json!({ "length": 40, "digits": 11 }), "digits"),
        (json!({ "symbols": -1 }), "symbols"),
        (json!({ "symbols": 3, "symbolCharacters": "--" }), "symbols"),
        (json!({ "length": 80, "digits": 0, "symbols": 0 }), "length"),
        (json!({ "length": 100_000, "allowRepeat": true }), "length"),
        (json!({ "secretKeys": ["a", "a"] }), "secretKeys"),
        (json!({ "secretKeys": [""] }), "secretKeys"),
    ] {
        let refused = made("Password", spec.clone()).expect_err("refused");
        assert_eq!(refused.field, Some(field), "{spec}: {refused}");
    }
}

#[test]
fn a_uuid_is_of_version_4() {
    let uuid = text(&made("UUID", Value::Null).expect("made"), "uuid");
    let parts: Vec<_> = uuid.split('-').map(str::len).collect();
    assert_eq!(parts, [8, 4, 4, 4, 12]);
    assert_eq!(uuid.as_bytes()[14], b'4');
    assert!(matches!(uuid.as_bytes()[19], b'8' | b'9' | b'a' | b'b'));
}

#[test]
fn a_fake_gives_what_is_written_in_it() {
    let data = made("Fake", json!({ "data": { "a": "1", "b": "" } })).expect("made");
    assert_eq!((text(&data, "a"), text(&data, "b")), ("1".into(), String::new()));
}

/// The cases of RFC 6238, appendix B.
#[test]
fn one_time_passwords_are_those_of_the_rfc() {
    let seed = |length: usize| {
        let seed: Vec<u8> = b"1234567890".iter().copied().cycle().take(length).collect();
        SecretBytes::from(data_encoding::BASE32.encode(&seed).to_lowercase())
    };
    for (algorithm, length, code) in
        [("sha1", 20, "94287082"), ("sha256", 32, "46119246"), ("sha512", 64, "90693936")]
    {
        let spec =
            json!({ "secret": {}, "length": 8, "algorithm": algorithm, "when": "1970-01-01T00:00:59Z" });
        let data = make(&generator("MFA", spec), Some(&seed(length)), Timestamp::UNIX_EPOCH).expect("made");
        assert_eq!((text(&data, "token").as_str(), text(&data, "timeLeft").as_str()), (code, "1"));
    }
    let now = Timestamp::from_second(1_111_111_109).expect("a time");
    let data = make(&generator("MFA", json!({ "secret": {} })), Some(&seed(20)), now).expect("made");
    assert_eq!((text(&data, "token").as_str(), text(&data, "timeLeft").as_str()), ("081804", "1"));
}

#[test]
fn a_one_time_password_that_cannot_be_is_refused_by_field_and_the_seed_is_not_said() {
    for (spec, seed, field) in [
        (json!({ "secret": {} }), Some("not base32!"), "secret"),
        (json!({ "secret": {} }), Some(""), "secret"),
        (json!({ "secret": {} }), None, "secret"),
        (json!({ "secret": {}, "algorithm": "md5" }), Some("MFRGG"), "algorithm"),
        (json!({ "secret": {}, "length": 11 }), Some("MFRGG"), "length"),
        (json!({ "secret": {}, "when": "noon" }), Some("MFRGG"), "when"),
    ] {
        let seed = seed.map(SecretBytes::from);
        let refused =
            make(&generator("MFA", spec), seed.as_ref(), Timestamp::UNIX_EPOCH).expect_err("refused");
        assert_eq!(refused.field, Some(field), "{refused}");
        assert!(!refused.why.contains("not base32!"), "{refused}");
    }
}

#[test]
fn ssh_keys_are_of_the_kind_and_size_that_is_asked_for() {
    for (spec, kind, least) in [
        (json!({ "keyType": "ed25519", "comment": "me@here" }), "ssh-ed25519 ", 300),
        (json!({ "keyType": "ecdsa" }), "ecdsa-sha2-nistp256 ", 400),
        (json!({ "keyType": "ecdsa", "keySize": 521 }), "ecdsa-sha2-nistp521 ", 600),
        (json!({}), "ssh-rsa ", 1_500),
        (json!({ "keySize": 8192 }), "ssh-rsa ", 6_000),
    ] {
        let data = made("SSHKey", spec.clone()).expect("made");
        let (private, public) = (text(&data, "privateKey"), text(&data, "publicKey"));
        assert!(public.starts_with(kind) && public.ends_with('\n'), "{spec}");
        assert_eq!(public.trim_end().ends_with(" me@here"), spec.get("comment").is_some());
        assert!(
            private.starts_with("-----BEGIN OPENSSH PRIVATE KEY-----\n") && private.len() > least,
            "{spec}"
        );
        assert!(private.lines().all(|line| line.len() <= 64));
    }
    assert_eq!(made("SSHKey", json!({ "keySize": 1024 })).expect_err("refused").field, Some("keySize"));
    assert_eq!(made("SSHKey", json!({ "comment": "a\nb" })).expect_err("refused").field, Some("comment"));
}
