//! The fake store.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use latchkey_api::store::SecretStoreSpec;
use latchkey_provider::observe::Unobserved;
use latchkey_provider::{Cluster, Connector, Entry, EntryRef, ErrorKind, Listing, Validation};
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
    let connector = Connector::new(Arc::new(Objects::default()), Arc::new(Unobserved));
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
    let entry = EntryRef { version: "v9".to_owned(), ..EntryRef::new("a") };
    let answer = connection.provider.fetch(&[entry]).await.remove(0);
    assert_eq!(answer.unwrap_err().kind, ErrorKind::NotFound);
}

#[tokio::test]
async fn keys_are_found_in_their_newest_version() {
    let spec = spec(json!({ "fake": { "data": [
        { "key": "a", "value": "old", "version": "v1" },
        { "key": "a", "value": "new", "version": "v2" },
        { "key": "b", "value": "1" },
    ] } }));
    let objects: Arc<dyn Cluster> = Arc::new(Objects::default());
    let connector = Connector::new(objects, Arc::new(Unobserved));
    let provider = connector.connect(&spec, &scope()).await.unwrap().provider;
    let list = async |by_name| {
        let listing = Listing { by_name, ..Default::default() };
        provider.fetch(&[EntryRef::listing(listing)]).await.remove(0)
    };
    let Ok(Entry::List(found)) = list(true).await else { panic!("no list") };
    let found: Vec<_> = found.iter().map(|found| (found.key.as_str(), found.version.as_str())).collect();
    assert_eq!(found, [("a", "v2"), ("b", "")]);
    assert_eq!(list(false).await.unwrap_err().kind, ErrorKind::InvalidRequest);
}
