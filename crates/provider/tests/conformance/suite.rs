//! The claims.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use latchkey_provider::{Connection, Entry, EntryRef, Error, ErrorKind, SecretBytes, Validation};
use serde_json::{Value, json};

use crate::fixture::{Fixture, Store, scope};

/// Part of every value written. No error may hold it.
pub const CANARY: &str = "c4n4ry";

/// A call that takes longer than this holds up an admission review.
const IN_TIME: Duration = Duration::from_secs(12);

/// Bytes that are neither UTF-8 nor free of zeroes.
const BINARY: &[u8] = &[0, 0xff, 0xfe, b'c', b'4', b'n', b'4', b'r', b'y', 0, b'\n'];

/// Writes what the claims need, connects, and checks one claim after the other.
pub async fn conformance(fixture: &dyn Fixture) {
    fixture.write("db", &document("first")).await;
    fixture.write("db", &document("second")).await;
    fixture.write("other", &json!({ "user": format!("other-{CANARY}") })).await;
    let binary = fixture.write_binary("binary", BINARY).await;
    let store = Bench::new(fixture, Store::Good).await.expect("every provider has a store that works");

    store.is_ready().await;
    store.connects_once().await;
    store.reads_a_whole_value().await;
    store.reads_properties().await;
    store.reads_a_version().await;
    store.misses_a_secret().await;
    store.misses_a_property().await;
    store.reads_binary(binary).await;
    store.reads_several().await;
    store.flattens().await;
    store.flattens_a_property().await;
    wrong_credentials(fixture).await;
    unreachable_server(fixture).await;
}

fn document(which: &str) -> Value {
    json!({
        "user": format!("{which}-{CANARY}"),
        "port": 5432,
        "on": true,
        "db": { "host": format!("host-{CANARY}"), "ports": [1, 2] },
        "dotted.key": format!("dotted-{CANARY}"),
        "empty": "",
    })
}

struct Bench<'a> {
    fixture: &'a dyn Fixture,
    connection: Connection,
}

impl<'a> Bench<'a> {
    async fn new(fixture: &'a dyn Fixture, store: Store) -> Option<Self> {
        let spec = fixture.spec(store)?;
        let connection = fixture.connector().connect(&spec, &scope()).await.unwrap();
        Some(Self { fixture, connection })
    }

    fn entry(&self, name: &str, version: &str) -> EntryRef {
        EntryRef { version: version.to_owned(), ..EntryRef::new(self.fixture.key(name)) }
    }

    async fn fetch(&self, entries: &[EntryRef]) -> Vec<Result<Entry, Error>> {
        let answers = self.connection.provider.fetch(entries).await;
        assert_eq!(answers.len(), entries.len(), "one answer for each entry");
        answers.into_iter().map(checked).collect()
    }

    async fn fetch_one(&self, entry: &EntryRef) -> Result<Entry, Error> {
        self.fetch(std::slice::from_ref(entry)).await.remove(0)
    }

    async fn value(&self, name: &str, property: Option<&str>) -> Result<SecretBytes, Error> {
        let reference = self.entry(name, "");
        let entry = self.fetch_one(&reference).await?;
        checked(self.connection.provider.value(&reference, &entry, property))
    }

    async fn text(&self, name: &str, property: &str) -> String {
        let value = self.value(name, Some(property)).await;
        String::from_utf8(value.unwrap_or_else(|error| panic!("{property}: {error}")).expose().to_vec())
            .unwrap()
    }

    async fn map(&self, name: &str, property: Option<&str>) -> Result<BTreeMap<String, SecretBytes>, Error> {
        let reference = self.entry(name, "");
        let entry = self.fetch_one(&reference).await?;
        checked(self.connection.provider.map(&reference, &entry, property))
    }

    async fn is_ready(&self) {
        assert_eq!(checked(self.connection.provider.validate().await), Ok(Validation::Ready));
        assert!(!self.connection.provider.location().is_empty());
    }

    async fn connects_once(&self) {
        let connector = self.fixture.connector();
        let spec = self.fixture.spec(Store::Good).unwrap();
        let (one, two) = tokio::join!(async { connector.connect(&spec, &scope()).await }, async {
            connector.connect(&spec, &scope()).await
        });
        let (one, two) = (one.unwrap(), two.unwrap());
        assert_eq!(one.identity, two.identity);
        assert!(Arc::ptr_eq(&one.provider, &two.provider), "the same store is the same connection");
        if let Some(other) = self.fixture.spec(Store::WrongCredentials) {
            let other = connector.connect(&other, &scope()).await.unwrap();
            assert_ne!(one.identity, other.identity, "other credentials see other values");
        }
    }

    async fn reads_a_whole_value(&self) {
        let whole = self.value("other", None).await.unwrap();
        let whole: Value = serde_json::from_slice(whole.expose()).unwrap();
        assert_eq!(whole, json!({ "user": format!("other-{CANARY}") }));
    }

    async fn reads_properties(&self) {
        for (property, want) in [
            ("user", format!("second-{CANARY}")),
            ("port", "5432".to_owned()),
            ("on", "true".to_owned()),
            ("empty", String::new()),
            ("db.host", format!("host-{CANARY}")),
            ("db.ports.1", "2".to_owned()),
        ] {
            assert_eq!(self.text("db", property).await, want, "{property}");
        }
        let dotted = if self.fixture.rules().literal_dots { "dotted.key" } else { r"dotted\.key" };
        assert_eq!(self.text("db", dotted).await, format!("dotted-{CANARY}"));
    }

    async fn reads_a_version(&self) {
        let Some(version) = self.fixture.previous_version("db").await else { return };
        let reference = self.entry("db", &version);
        let entry = self.fetch_one(&reference).await.unwrap();
        let user = self.connection.provider.value(&reference, &entry, Some("user")).unwrap();
        assert_eq!(user.expose_str(), Some(format!("first-{CANARY}").as_str()));
    }

    async fn misses_a_secret(&self) {
        let error = self.fetch_one(&self.entry("nobody", "")).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
        assert!(error.message.contains("nobody"), "the error names the key: {error}");
    }

    async fn misses_a_property(&self) {
        for property in ["nobody", "db.nobody", "user.nobody"] {
            let error = self.value("db", Some(property)).await.unwrap_err();
            assert_eq!(error.kind, self.fixture.rules().missing_property, "{property}: {error}");
            assert!(error.message.contains("nobody"), "the error names the property: {error}");
        }
    }

    async fn reads_binary(&self, property: Option<Option<String>>) {
        let Some(property) = property else { return };
        let value = self.value("binary", property.as_deref()).await.unwrap();
        assert_eq!(value.expose(), BINARY);
        let error = self.map("binary", property.as_deref()).await;
        assert!(error.is_err() || property.is_some(), "bytes are no object");
    }

    async fn reads_several(&self) {
        let names = ["other", "nobody", "db", "other", "db"];
        let entries: Vec<_> = names.iter().map(|name| self.entry(name, "")).collect();
        let answers = self.fetch(&entries).await;
        for (at, name) in names.iter().enumerate() {
            let user = answers[at].as_ref().map(|entry| {
                self.connection.provider.value(&entries[at], entry, Some("user")).unwrap().expose().to_vec()
            });
            match *name {
                "nobody" => assert_eq!(user.unwrap_err().kind, ErrorKind::NotFound),
                "db" => assert_eq!(user.unwrap(), format!("second-{CANARY}").into_bytes()),
                name => assert_eq!(user.unwrap(), format!("{name}-{CANARY}").into_bytes()),
            }
        }
        assert!(self.fetch(&[]).await.is_empty());
    }

    async fn flattens(&self) {
        let map = self.map("db", None).await.unwrap();
        let keys: Vec<_> = map.keys().map(String::as_str).collect();
        assert_eq!(keys, ["db", "dotted.key", "empty", "on", "port", "user"]);
        assert_eq!(map["user"].expose_str(), Some(format!("second-{CANARY}").as_str()));
        assert_eq!(map["port"].expose_str(), Some("5432"));
        assert_eq!(map["on"].expose_str(), Some("true"));
        assert_eq!(map["empty"].expose_str(), Some(""));
        let object: Value = serde_json::from_slice(map["db"].expose()).unwrap();
        assert_eq!(object, json!({ "host": format!("host-{CANARY}"), "ports": [1, 2] }));
        if self.fixture.rules().marshals_again {
            let text = format!(r#"{{"host":"host-{CANARY}","ports":[1,2]}}"#);
            assert_eq!(map["db"].expose_str(), Some(text.as_str()));
        }
    }

    async fn flattens_a_property(&self) {
        let map = self.map("db", Some("db")).await.unwrap();
        assert_eq!(map.keys().collect::<Vec<_>>(), ["host", "ports"]);
        let error = self.map("db", Some("user")).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidValue, "{error}");
        let error = self.map("db", Some("nobody")).await.unwrap_err();
        assert_eq!(error.kind, self.fixture.rules().missing_property, "{error}");
    }
}

async fn wrong_credentials(fixture: &dyn Fixture) {
    let Some(store) = Bench::new(fixture, Store::WrongCredentials).await else { return };
    let error = store.fetch_one(&store.entry("db", "")).await.unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Unauthenticated | ErrorKind::Forbidden), "{error:?}");
    let entries = [store.entry("db", ""), store.entry("other", "")];
    for answer in store.fetch(&entries).await {
        let error = answer.unwrap_err();
        assert!(matches!(error.kind, ErrorKind::Unauthenticated | ErrorKind::Forbidden), "{error:?}");
    }
}

async fn unreachable_server(fixture: &dyn Fixture) {
    let Some(store) = Bench::new(fixture, Store::Unreachable).await else { return };
    let since = Instant::now();
    let error = store.fetch_one(&store.entry("db", "")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable, "{error:?}");
    assert!(error.kind.is_transient());
    assert!(since.elapsed() < IN_TIME, "took {:?}", since.elapsed());
}

/// The same answer, after a look at what its error says.
fn checked<T>(answer: Result<T, Error>) -> Result<T, Error> {
    if let Err(error) = &answer {
        assert!(!format!("{error} {error:?}").contains(CANARY), "an error holds a value: {error}");
        assert!(
            error.message.starts_with(|first: char| !first.is_uppercase()),
            "a lowercase sentence: {error}"
        );
        assert!(!error.message.ends_with('.'), "no full stop: {error}");
    }
    answer
}
