//! Certificates that are not to be believed. Vault's are tried through all of latchkey in the table; all stores at AWS share
//! one address, so what is done there is tried on the provider itself.

use latchkey_testbed::{CertificateAuthority, Pair};

const HERE: [&str; 2] = ["127.0.0.1", "localhost"];

pub fn good(authority: &CertificateAuthority) -> Pair {
    authority.server(&HERE).expect("a certificate")
}

pub fn expired(authority: &CertificateAuthority) -> Pair {
    authority.expired_server(&HERE).expect("a certificate")
}

pub fn other_name(authority: &CertificateAuthority) -> Pair {
    authority.server(&["vault.elsewhere.example"]).expect("a certificate")
}

pub fn stranger(_: &CertificateAuthority) -> Pair {
    good(&CertificateAuthority::new("a stranger's").expect("an authority"))
}

#[cfg(test)]
mod aws {
    use std::collections::BTreeMap;
    use std::net::SocketAddr;
    use std::process::Command;
    use std::sync::Arc;
    use std::time::Duration;

    use async_trait::async_trait;
    use latchkey_api::store::{SecretStoreSpec, StoreKind};
    use latchkey_provider::aws::Endpoints;
    use latchkey_provider::cluster::ServiceAccount;
    use latchkey_provider::observe::Unobserved;
    use latchkey_provider::{Cluster, Connector, EntryRef, Error, ErrorKind, Scope, SecretBytes};
    use latchkey_testbed::{CertificateAuthority, Pair, Proxy};
    use serde_json::json;

    use crate::chaos::Row;
    use crate::support::world;

    const ADDRESS: &str = "LATCHKEY_TEST_AWS";
    const SAYS: &str = "LATCHKEY_TEST_SAYS";

    /// Nothing is known of a cluster: the credentials are those of the environment.
    #[derive(Debug)]
    struct Nothing;

    fn nothing<T>() -> Result<T, Error> {
        Err(Error::new(ErrorKind::Credentials, "there is nothing"))
    }

    #[async_trait]
    impl Cluster for Nothing {
        async fn secret(&self, _: &str, _: &str) -> Result<BTreeMap<String, SecretBytes>, Error> {
            nothing()
        }

        async fn secret_labels(&self, _: &str, _: &str) -> Result<BTreeMap<String, String>, Error> {
            nothing()
        }

        async fn config_map(&self, _: &str, _: &str) -> Result<BTreeMap<String, String>, Error> {
            nothing()
        }

        async fn service_account(&self, _: &str, _: &str) -> Result<ServiceAccount, Error> {
            nothing()
        }

        async fn service_account_token(
            &self,
            _: &str,
            _: &str,
            _: &[String],
            _: Duration,
        ) -> Result<SecretBytes, Error> {
            nothing()
        }

        fn forget(&self, _: &str) {}
    }

    /// Reads `tls` at that address, in a process that trusts this authority alone.
    fn reads(proxy: &Proxy, authority: &CertificateAuthority, says: &str) {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), authority.pem()).expect("written");
        let output = Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", "chaos::providers::tls::aws::child", "--ignored", "--nocapture"])
            .env("SSL_CERT_FILE", file.path())
            .env_remove("SSL_CERT_DIR")
            .env(ADDRESS, proxy.url())
            .env(SAYS, says)
            .env("AWS_ACCESS_KEY_ID", "testbed")
            .env("AWS_SECRET_ACCESS_KEY", "testbed")
            .output()
            .expect("it runs");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && said.contains("1 passed"),
            "{said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    #[test]
    fn a_certificate_of_aws_that_is_not_to_be_believed_is_not() {
        let world = world();
        world.moto.put_secret("tls", "value").expect("put");
        let port = world.moto.proxy().addr().port();
        let authority = CertificateAuthority::new("aws's").expect("an authority");
        let upstream = SocketAddr::from(([127, 0, 0, 1], port));
        let proxy = Proxy::start_tls(upstream, &super::good(&authority)).expect("a proxy");
        reads(&proxy, &authority, "");
        type Made = fn(&CertificateAuthority) -> Pair;
        let cases: [(Made, &str); 3] = [
            (super::stranger, "an authority that is not known here"),
            (super::expired, "its certificate has expired"),
            (super::other_name, "is for another host name"),
        ];
        for (pair, says) in cases {
            proxy.present(&pair(&authority)).expect("presented");
            proxy.forget();
            reads(&proxy, &authority, says);
            assert!(proxy.received().is_empty(), "nothing was sent to whoever it is");
        }
        Row {
            area: "providers",
            fault: "AWS's certificate is of another authority, expired, or for another host",
            test: "providers::tls::a_certificate_of_aws_that_is_not_to_be_believed_is_not",
            tried: "each, on the provider by itself".to_owned(),
            seen: "no request is sent; the cause is told".to_owned(),
            well_after: None,
        }
        .write();
    }

    #[tokio::test(flavor = "multi_thread")]
    #[ignore = "run by a_certificate_of_aws_that_is_not_to_be_believed_is_not, with an environment of its own"]
    async fn child() {
        let url = std::env::var(ADDRESS).expect("an address");
        let says = std::env::var(SAYS).expect("what is said");
        let endpoints =
            Endpoints { secrets_manager: Some(url.clone()), sts: Some(url), ..Endpoints::default() };
        let connector = Connector::new(Arc::new(Nothing), Arc::new(Unobserved)).with_aws_endpoints(endpoints);
        let provider =
            json!({ "provider": { "aws": { "service": "SecretsManager", "region": "us-east-1" } } });
        let spec: SecretStoreSpec = serde_json::from_value(provider).expect("a store");
        let scope = Scope {
            kind: StoreKind::ClusterSecretStore,
            store: "aws".to_owned(),
            store_namespace: None,
            namespace: Some("team".to_owned()),
        };
        let connection = connector.connect(&spec, &scope).await.expect("a connection");
        let entry = EntryRef::new("tls".to_owned());
        let answer = connection.provider.fetch(&[entry]).await.remove(0);
        match answer {
            Ok(_) => assert_eq!(says, "", "it was believed"),
            Err(error) => {
                assert_eq!(error.kind, ErrorKind::Unavailable, "{error}");
                assert!(!says.is_empty() && error.message.contains(&says), "{error}");
            }
        }
    }
}
