//! The fake store.

use std::sync::Mutex;

use async_trait::async_trait;
use latchkey_api::store::SecretStoreSpec;
use latchkey_provider::observe::Unobserved;
use latchkey_provider::{Connector, EntryRef, ErrorKind, Validation};
use serde_json::{Value, json};

use crate::fixture::{Fixture, Objects, Rules, Store, scope, spec};
use crate::suite::conformance;

#[derive(Default)]
struct Fake {
    lines: Mutex<Vec<Value>>,
}

#[async_trait]
impl Fixture for Fake {
    async fn write(&self, name: &str, object: &Value) {
        let mut lines = self.lines.lock().unwrap();
        let earlier = lines.iter().filter(|line| line["key"] == name).count();
        for line in lines.iter_mut().filter(|line| line["key"] == name && line.get("version").is_none()) {
            line["version"] = json!(format!("v{earlier}"));
        }
        lines.push(json!({ "key": name, "value": object.to_string() }));
    }

    async fn previous_version(&self, _name: &str) -> Option<String> {
        Some("v1".to_owned())
    }

    fn spec(&self, store: Store) -> Option<SecretStoreSpec> {
        (store == Store::Good).then(|| spec(json!({ "fake": { "data": *self.lines.lock().unwrap() } })))
    }

    fn rules(&self) -> Rules {
        Rules { missing_property: ErrorKind::NotFound, literal_dots: false, ..Rules::default() }
    }
}

#[tokio::test]
async fn passes_the_suite() {
    conformance(&Fake::default()).await;
}

async fn validated(result: i32) -> Result<Validation, latchkey_provider::Error> {
    let connector = Connector::new(std::sync::Arc::new(Objects::default()), std::sync::Arc::new(Unobserved));
    let spec = spec(json!({ "fake": { "data": [], "validationResult": result } }));
    connector.connect(&spec, &scope()).await?.provider.validate().await
}

#[tokio::test]
async fn says_of_itself_what_the_store_asks_for() {
    assert_eq!(validated(0).await, Ok(Validation::Ready));
    assert_eq!(validated(1).await, Ok(Validation::Undetermined));
    assert_eq!(validated(2).await.unwrap_err().message, "unable to validate");
    assert_eq!(validated(3).await.unwrap_err().kind, ErrorKind::InvalidConfig);
}

#[tokio::test]
async fn a_version_is_part_of_the_key() {
    let fake = Fake::default();
    fake.write("a", &json!({})).await;
    let connection = fake.connector().connect(&fake.spec(Store::Good).unwrap(), &scope()).await.unwrap();
    let entry = EntryRef { key: "a".to_owned(), version: "v9".to_owned(), metadata: false };
    let answer = connection.provider.fetch(&[entry]).await.remove(0);
    assert_eq!(answer.unwrap_err().kind, ErrorKind::NotFound);
}
