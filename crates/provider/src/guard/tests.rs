//! Addresses in all their spellings.

use super::*;

fn guard(rules: &[&str]) -> Guard {
    let allowed = rules.iter().map(|rule| rule.parse().expect(rule)).collect();
    let listeners = vec!["0.0.0.0:8080".parse().expect("it"), "127.0.0.1:10250".parse().expect("it")];
    let service = "10.96.7.7".parse().ok();
    Guard::new(allowed, Own::new(listeners).behind("latchkey", "latchkey-system", service))
}

fn checked(guard: &Guard, url: &str) -> Option<Why> {
    guard.check_url(&Url::parse(url).expect(url)).err().map(|refused| refused.why)
}

#[test]
fn refuses_what_no_store_can_mean_however_it_is_written() {
    for (url, why) in [
        ("http://169.254.169.254", Why::LinkLocal),
        ("http://169.254.170.2:80/v2", Why::LinkLocal),
        ("http://2852039166", Why::LinkLocal),
        ("http://0xa9fea9fe", Why::LinkLocal),
        ("http://0251.0376.0251.0376", Why::LinkLocal),
        ("http://169.254.43518", Why::LinkLocal),
        ("http://169.254.169.254.", Why::LinkLocal),
        ("http://１６９.254.169.254", Why::LinkLocal),
        ("http://%31%36%39.254.169.254", Why::LinkLocal),
        ("http://[::ffff:169.254.169.254]", Why::LinkLocal),
        ("http://[::ffff:a9fe:a9fe]", Why::LinkLocal),
        ("http://[::169.254.169.254]", Why::LinkLocal),
        ("http://[64:ff9b::169.254.169.254]", Why::LinkLocal),
        ("http://[2002:a9fe:a9fe::1]", Why::LinkLocal),
        ("http://[fe80::1]:8200", Why::LinkLocal),
        ("http://[fd00:ec2::254]", Why::Metadata),
        ("http://[fd00:ec2::23]", Why::Metadata),
        ("http://[fd20:ce::254]", Why::Metadata),
        ("http://[fd00:c1::a9fe:a9fe]", Why::Metadata),
        ("http://100.100.100.200", Why::Metadata),
        ("http://168.63.129.16:32526", Why::Metadata),
        ("http://metadata.google.internal", Why::LinkLocal),
        ("http://Metadata.Google.Internal./computeMetadata", Why::LinkLocal),
        ("http://0.0.0.0:8200", Why::Unspecified),
        ("http://0", Why::Unspecified),
        ("http://[::]:8200", Why::Unspecified),
        ("http://[::ffff:0.0.0.0]:8200", Why::Unspecified),
        ("http://224.0.0.1", Why::Multicast),
        ("http://255.255.255.255", Why::Multicast),
        ("http://[ff02::1]", Why::Multicast),
        ("http://127.0.0.1:8080", Why::Own),
        ("http://127.9.9.9:8080", Why::Own),
        ("http://127.1:8080", Why::Own),
        ("http://[::ffff:127.0.0.1]:8080", Why::Own),
        ("http://[::1]:8080", Why::Own),
        ("https://127.0.0.1:10250", Why::Own),
        ("http://10.96.7.7:8080", Why::Own),
        ("https://10.96.7.7", Why::Own),
        ("https://latchkey.latchkey-system", Why::Own),
        ("https://latchkey.latchkey-system.svc:8080", Why::Own),
        ("https://LATCHKEY.latchkey-system.svc.cluster.local.", Why::Own),
    ] {
        assert_eq!(checked(&guard(&[]), url), Some(why), "{url}");
    }
}

#[test]
fn takes_the_rest() {
    for url in [
        "http://127.0.0.1:8200",
        "http://127.0.0.2:10250",
        "http://[::1]:8200",
        "http://localhost:8080", // for the resolver
        "https://vault.vault.svc:8200",
        "https://latchkey.latchkey-system-2.svc",
        "https://10.96.7.8:8080",
        "https://192.168.0.1:8080",
        "https://[fd00::1]:8200",
        "https://168.63.129.17",
    ] {
        assert_eq!(checked(&guard(&[]), url), None, "{url}");
    }
}

#[test]
fn the_operator_may_allow_any_of_them() {
    for (rule, url) in [
        ("169.254.0.0/16", "http://169.254.1.1:8200"),
        ("169.254.169.254:80", "http://metadata.google.internal"),
        ("169.254.169.254", "http://[::ffff:169.254.169.254]"),
        ("127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("10.96.7.7:443", "https://latchkey.latchkey-system.svc"),
        ("fe80::/10", "http://[fe80::1]:8200"),
    ] {
        assert_eq!(checked(&guard(&[rule]), url), None, "{rule} {url}");
    }
    for (rule, url) in [
        ("169.254.1.1:8200", "http://169.254.1.1:80"),
        ("169.254.1.1", "http://169.254.1.2"),
        ("127.0.0.1:8080", "http://127.0.0.2:8080"),
        ("127.0.0.0/8", "http://[::1]:8080"),
    ] {
        assert!(checked(&guard(&[rule]), url).is_some(), "{rule} {url}");
    }
}

#[test]
fn says_which_address_why_and_what_allows_it() {
    let said = |url: &str| {
        let refused = guard(&[]).check_url(&Url::parse(url).expect(url)).expect_err(url);
        refused.error("vault at http://v").to_string()
    };
    assert_eq!(
        said("http://0xa9fea9fe:8200"),
        "vault at http://v is not called: 169.254.169.254 is a link-local address, where clouds keep their machines' \
         credentials; latchkey calls it for a store only with --allow-endpoints=169.254.169.254:8200"
    );
    assert!(said("http://[fe80::1]").contains("--allow-endpoints=[fe80::1]:80"));
    assert!(said("http://metadata.goog").contains("metadata.goog (169.254.169.254) is a link-local"));
    assert!(said("http://127.0.0.1:8080").contains("127.0.0.1:8080 is an address of latchkey's own"));
}

#[tokio::test]
async fn a_name_is_checked_by_what_it_resolves_to() {
    let refused = |host: &'static str, port| async move {
        let error = guard(&[]).resolve(host, port).await.expect_err(host);
        Refused::among(&error).expect("refused").why
    };
    assert_eq!(refused("localhost", 8080).await, Why::Own);
    assert_eq!(refused("2852039166", 80).await, Why::LinkLocal);
    assert_eq!(refused("0xa9fea9fe", 80).await, Why::LinkLocal);
    assert_eq!(refused("0", 8200).await, Why::Unspecified);
    assert!(guard(&[]).resolve("localhost", 8200).await.is_ok());
    assert!(guard(&["127.0.0.0/8", "::1"]).resolve("localhost", 8080).await.is_ok());
    let unknown = guard(&[]).resolve("no-such-host.invalid", 80).await.expect_err("no address");
    assert!(Refused::among(&unknown).is_none());
}
