//! External Secrets Operator's digests and names, to the byte: what it wrote stays valid here, and the other way round.
//!
//! Source: its `ObjectHash` (`hex(sha3-224(fmt.Sprintf("%+v", obj)))`), `fqdnFor` and `GetResourceVersion`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use k8s_openapi::ByteString;
use sha3::{Digest, Sha3_224};
use zeroize::Zeroizing;

use super::go_format::{self, Sink};

const MANAGER_PREFIX: &str = "externalsecrets.external-secrets.io/";
/// Longer names are hashed. The API server would take 128 bytes; the operator's own limit is this one.
const MANAGER_LIMIT: usize = 63;

/// SHA3-224's rate: pieces are a byte or two, the digest works by the block.
const BLOCK: usize = 144;

/// A digest that is fed with small pieces.
struct Pieces {
    hasher: Sha3_224,
    waiting: Zeroizing<[u8; BLOCK]>,
    length: usize,
}

impl Pieces {
    fn new() -> Self {
        Self { hasher: Sha3_224::new(), waiting: Zeroizing::new([0; BLOCK]), length: 0 }
    }

    fn finish(&mut self) -> String {
        self.hasher.update(&self.waiting[..self.length]);
        hex(self.hasher.finalize_reset())
    }
}

impl Sink for Pieces {
    fn piece(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.length == BLOCK {
                self.hasher.update(self.waiting.as_slice());
                self.length = 0;
            }
            let (now, later) = bytes.split_at(bytes.len().min(BLOCK - self.length));
            self.waiting[self.length..self.length + now.len()].copy_from_slice(now);
            self.length += now.len();
            bytes = later;
        }
    }
}

/// The annotation `reconcile.external-secrets.io/data-hash`: of the whole data of a Secret, not of own keys alone.
pub fn data_hash(data: &BTreeMap<String, ByteString>) -> String {
    let mut hasher = Pieces::new();
    go_format::bytes_map(&mut hasher, data.iter().map(|(key, value)| (key.as_str(), value.0.as_slice())));
    hasher.finish()
}

/// The annotation `data-hash` of an object that is no Secret: of its `spec`, else of its `data`.
pub fn content(value: &serde_json::Value) -> String {
    let mut hasher = Pieces::new();
    printed(&mut hasher, value);
    hasher.finish()
}

/// As Go's `%+v` prints what it has read of JSON; maps by their keys in order.
fn printed(to: &mut Pieces, value: &serde_json::Value) {
    use serde_json::Value;
    match value {
        Value::Null => to.piece(b"<nil>"),
        Value::Bool(is) => to.piece(is.to_string().as_bytes()),
        Value::Number(number) => to.piece(number.to_string().as_bytes()),
        Value::String(text) => to.piece(text.as_bytes()),
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                to.piece(if index == 0 { b"[" } else { b" " });
                printed(to, value);
            }
            to.piece(if list.is_empty() { b"[]" } else { b"]" });
        }
        Value::Object(map) => {
            to.piece(b"map[");
            let sorted: BTreeMap<_, _> = map.iter().collect();
            for (index, (key, value)) in sorted.into_iter().enumerate() {
                to.piece(if index == 0 { b"" } else { b" " });
                to.piece(key.as_bytes());
                to.piece(b":");
                printed(to, value);
            }
            to.piece(b"]");
        }
    }
}

/// The label `reconcile.external-secrets.io/created-by`.
pub fn created_by(namespace: &str, external_secret: &str) -> String {
    let mut hasher = Pieces::new();
    go_format::string(&mut hasher, namespace);
    go_format::string(&mut hasher, "/");
    go_format::string(&mut hasher, external_secret);
    hasher.finish()
}

/// `status.syncedResourceVersion`: the generation, and a digest of annotations and labels.
pub fn resource_version(
    generation: i64,
    annotations: &BTreeMap<String, String>,
    labels: &BTreeMap<String, String>,
) -> String {
    let mut hasher = Pieces::new();
    go_format::metadata(&mut hasher, annotations, labels);
    format!("{generation}-{}", hasher.finish())
}

/// The field manager under which an ExternalSecret's Secret is written.
pub fn field_manager(external_secret: &str) -> String {
    let plain = plain_field_manager(external_secret);
    if plain.len() <= MANAGER_LIMIT {
        return plain;
    }
    let digest = digest(external_secret.as_bytes());
    format!("{MANAGER_PREFIX}sha3/{digest}")
}

/// The field manager of versions of the operator that did not hash long names yet.
pub fn plain_field_manager(external_secret: &str) -> String {
    format!("{MANAGER_PREFIX}{external_secret}")
}

/// Whether this field manager is that of some ExternalSecret.
pub fn is_field_manager(manager: &str) -> bool {
    manager.starts_with(MANAGER_PREFIX)
}

/// sha3-224 in lower-case hexadecimal.
pub fn digest(bytes: &[u8]) -> String {
    hex(Sha3_224::digest(bytes))
}

fn hex(digest: impl AsRef<[u8]>) -> String {
    let digest = digest.as_ref();
    digest.iter().fold(String::with_capacity(2 * digest.len()), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    // The digests in these tables were computed with Go's fmt and crypto/sha3.

    fn data(entries: &[(&str, &[u8])]) -> BTreeMap<String, ByteString> {
        entries.iter().map(|(key, value)| ((*key).to_owned(), ByteString(value.to_vec()))).collect()
    }

    fn strings(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
        entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn data_hashes_are_those_of_go() {
        let all: Vec<u8> = (0..=255).collect();
        let pem = b"-----BEGIN CERTIFICATE-----\n".as_slice();
        for (entries, digest) in [
            (data(&[]), "74a974446e359fb3e6baff9bd0058950e6edd0f040888d9989b0a11b"),
            (data(&[("foo", b"bar")]), "f2a604b87eb0cf673761e8cfea850f901fe73a3d1b2f338802107f36"),
            (data(&[("foo", b"")]), "faa9d0c33d7a92d3756343ca3f17664ca678d604c2fd200a30971238"),
            (
                data(&[("b", b"2"), ("a", b"1"), ("B", b"3"), ("a.b", b"4"), ("a-b", b"5"), ("_", b"6")]),
                "8d4ccbe47f4b7086f4940245115bd706c2fb15092634e4ba4f40e2e1",
            ),
            // Printed, this is longer than a block, and no multiple of it.
            (data(&[("long", &[b'x'; 5_000])]), "da4cfb14219f23de0b18da917a7081f36ca5f7e560d58a2321071fc9"),
            (data(&[("all", &all)]), "c33a3f546d72a4d45480a5d13964ecbe1a05f3414aea7e91309e6d17"),
            (
                data(&[("tls.crt", pem), ("tls.key", b"\xff\x00\xc3\xa9")]),
                "91b1284321978578800a224605e34ccf588caef0c0bbecd6bd45e78e",
            ),
        ] {
            assert_eq!(data_hash(&entries), digest, "{:?}", entries.keys());
        }
    }

    #[test]
    fn created_by_is_the_digest_of_namespace_and_name() {
        assert_eq!(created_by("default", "app"), "681d4a0ad0265d19b46750f5b00fc5b34b830c155fc5af351e695744");
        assert_eq!(
            created_by("team-a", "database-credentials"),
            "50e8ffd3e2ad6b824123cc269a55b550f5c51267d52d45f5cd98482e"
        );
    }

    #[test]
    fn synced_versions_are_those_of_go() {
        let applied = [("b", "c"), ("kubectl.kubernetes.io/last-applied-configuration", "{\"a\":1}\n")];
        for (annotations, labels, digest) in [
            (strings(&[]), strings(&[]), "f47fe3c0b255b6dd8047cdffa772587bb829efe7a1cb70febeda2eb2"),
            (
                strings(&[("a", "b")]),
                strings(&[]),
                "bf2e191ffa050d7e5617bad52426046fb9b3f137ba45f6c09b8f320b",
            ),
            (
                strings(&[]),
                strings(&[("x", "y z"), ("a", "")]),
                "1f0802f4e4cc017069b827764e9980f4f271d29d96edd9470205b289",
            ),
            (
                strings(&applied),
                strings(&[("app", "db")]),
                "8104e24eef98071bdb79d2d69552c792cc3d6a865b49db367f2b0685",
            ),
        ] {
            assert_eq!(resource_version(3, &annotations, &labels), format!("3-{digest}"));
        }
    }

    #[test]
    fn names_over_27_bytes_are_hashed_in_the_field_manager() {
        assert_eq!(
            field_manager("abcdefghijklmnopqrstuvwxyza"),
            "externalsecrets.external-secrets.io/abcdefghijklmnopqrstuvwxyza"
        );
        assert_eq!(
            field_manager("abcdefghijklmnopqrstuvwxyzab"),
            "externalsecrets.external-secrets.io/sha3/149749c13c835187932b0e32b9378dbbe2585c27e07d012d68d38212"
        );
    }
}
