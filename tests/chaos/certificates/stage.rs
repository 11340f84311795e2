//! A control plane that refuses what latchkey does not answer, the Secret of latchkey's CA, and mounted files.

use std::os::unix::fs::symlink;
use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use latchkey_testbed::Pair;
use serde_json::{Map, Value, json};

use crate::install::cluster::Cluster;

/// The Secret of latchkey's own CA and certificate.
pub const SECRET: &str = "/api/v1/namespaces/latchkey-system/secrets/latchkey-tls";

const FILES: [&str; 3] = ["tls.crt", "tls.key", "ca.crt"];

/// A control plane with the chart, on which an object is refused if latchkey does not answer.
pub fn strict() -> Cluster {
    let cluster = Cluster::new();
    cluster.install(&["--set", "webhook.failurePolicy=Fail"]).good();
    cluster.0.start_controller_manager().expect("controllers");
    cluster
}

/// One of the Secret's texts.
pub fn text(cluster: &Cluster, key: &str) -> Option<String> {
    let secret = cluster.get(SECRET)?;
    let bytes = BASE64_STANDARD.decode(secret["data"][key].as_str()?).ok()?;
    String::from_utf8(bytes).ok()
}

/// Writes some of the Secret's texts; another's write in between is waited out.
pub fn put(cluster: &Cluster, data: &[(&str, &str)]) {
    let data: Map<String, Value> =
        data.iter().map(|(key, text)| ((*key).to_owned(), json!(BASE64_STANDARD.encode(text)))).collect();
    cluster.wait("a write of the Secret", || {
        let mut secret = cluster.get(SECRET)?;
        secret["data"].as_object_mut()?.extend(data.clone());
        cluster.0.api("PUT", SECRET, &secret).ok()
    });
}

/// A folder as a kubelet makes it: the files are links into `..data`, which is a link that is exchanged.
pub fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for file in FILES {
        symlink(Path::new("..data").join(file), folder.path().join(file)).expect("a link");
    }
    folder
}

/// The flags that name its files.
pub fn flags(folder: &Path) -> Vec<String> {
    let flags = ["--tls-cert-file=", "--tls-key-file=", "--ca-file="].into_iter().zip(FILES);
    flags.map(|(flag, file)| format!("{flag}{}", folder.join(file).display())).collect()
}

/// The files of a new version, behind the link that is then exchanged.
pub fn mount(folder: &Path, version: &str, pair: &Pair, ca: &str) {
    let mounted = folder.join(version);
    std::fs::create_dir(&mounted).expect("a folder");
    for (file, text) in FILES.into_iter().zip([&pair.certificate, &pair.key, ca]) {
        std::fs::write(mounted.join(file), text).expect("written");
    }
    symlink(version, folder.join("..new")).expect("a link");
    std::fs::rename(folder.join("..new"), folder.join("..data")).expect("renamed");
}
