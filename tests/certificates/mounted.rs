//! A certificate of somebody else's, as a kubelet mounts it.

use std::os::unix::fs::symlink;
use std::path::Path;

use latchkey_testbed::{CertificateAuthority, Pair};

use super::{Admitted, is_trusted, strict};

const FILES: [&str; 3] = ["tls.crt", "tls.key", "ca.crt"];

/// The files of a new version, behind the link that is then exchanged.
fn mount(folder: &Path, version: &str, pair: &Pair, ca: &str) {
    let mounted = folder.join(version);
    std::fs::create_dir(&mounted).expect("a folder");
    for (file, text) in FILES.into_iter().zip([&pair.certificate, &pair.key, ca]) {
        std::fs::write(mounted.join(file), text).expect("written");
    }
    symlink(version, folder.join("..new")).expect("a link");
    std::fs::rename(folder.join("..new"), folder.join("..data")).expect("renamed");
}

/// When the certificate that is served ends, in Unix time.
fn not_after(metrics: &str) -> Option<String> {
    metrics.lines().find_map(|line| Some(line.strip_prefix("latchkey_tls_not_after_seconds ")?.to_owned()))
}

#[test]
fn follows_two_exchanges_and_outlives_a_bad_one() {
    let folder = tempfile::tempdir().expect("a folder");
    for file in FILES {
        symlink(Path::new("..data").join(file), folder.path().join(file)).expect("a link");
    }
    let authority = || CertificateAuthority::new("mounted").expect("a CA");
    let pair = |ca: &CertificateAuthority| ca.server(&["127.0.0.1"]).expect("a certificate");
    let first = authority();
    mount(folder.path(), "1", &pair(&first), first.pem());

    let cluster = strict();
    let flags = ["--tls-cert-file=", "--tls-key-file=", "--ca-file="].into_iter().zip(FILES);
    let flags: Vec<String> =
        flags.map(|(flag, file)| format!("{flag}{}", folder.path().join(file).display())).collect();
    let running = cluster.latchkey(None, &flags);
    let admitted = Admitted::prepare(&cluster);
    assert!(cluster.get(super::SECRET).is_none(), "it makes no certificate of its own");

    // Each time another CA: that the registered one is trusted shows that both were exchanged.
    for version in ["2", "3"] {
        let (before, next) = (cluster.ca_bundle(), authority());
        mount(folder.path(), version, &pair(&next), next.pem());
        cluster.wait("the new CA", || cluster.ca_bundle().filter(|there| Some(there) != before.as_ref()));
        cluster.wait("trust in it", || is_trusted(&cluster, &running).then_some(()));
        cluster.wait("admission", || admitted.try_one().ok());
    }

    let (served, bundle) = (not_after(&running.metrics()), cluster.ca_bundle());
    assert!(served.is_some());
    let bad = Pair { certificate: "junk".to_owned(), key: "junk".to_owned() };
    mount(folder.path(), "4", &bad, "junk");
    cluster.wait("that it says so", || {
        running.log().contains("cannot refresh the webhook's certificate").then_some(())
    });
    admitted.try_one().expect("what was served stays");
    assert_eq!((not_after(&running.metrics()), cluster.ca_bundle()), (served, bundle));
}
