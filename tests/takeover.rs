//! Where External Secrets Operator has gone: what it left on the objects keeps nobody from deleting them.

use std::time::Duration;

use crate::support::{Namespace, world};

const MANIFEST: &str = "
apiVersion: external-secrets.io/v1
kind: SecretStore
metadata:
  name: fake
spec:
  provider:
    fake:
      data:
        - key: app
          value: value
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: app
  finalizers:
    - example.com/of-somebody-else
    - externalsecrets.external-secrets.io/externalsecret-cleanup
spec:
  secretStoreRef:
    name: fake
  data:
    - secretKey: a
      remoteRef:
        key: app
";

#[test]
fn the_finalizer_that_the_operator_left_goes_with_the_object_and_no_other_does() {
    let ns = Namespace::new(world(), "takeover");
    ns.apply(MANIFEST).good();
    ns.wait_ready("app", "True", "SecretSynced");
    let finalizers =
        |ns: &Namespace<'_>| ns.external_secret("app").map(|object| object["metadata"]["finalizers"].clone());
    assert_eq!(finalizers(&ns).expect("an object").as_array().map(Vec::len), Some(2));

    ns.kubectl(&["delete", "externalsecret", "app", "--wait=false"]).good();
    ns.world.wait("the end of the operator's finalizer", Duration::from_secs(10), || {
        finalizers(&ns).filter(|left| *left == serde_json::json!(["example.com/of-somebody-else"]))
    });
    let nobody = r#"{"metadata":{"finalizers":null}}"#;
    ns.kubectl(&["patch", "externalsecret", "app", "--type=merge", "-p", nobody]).good();
    ns.wait_gone("app", Duration::from_secs(20));
}
